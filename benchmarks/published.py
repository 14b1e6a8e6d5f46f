"""The published procedure, plainly: what the speed of the estimators is compared with.

Written from its description (arXiv 2504.01005 and what is known of the code): for each (S, V), S of
the solutions are drawn 25 times per problem without replacement, a solution's score is the mean of
its *first* V verdicts, and a tie goes to the answer or solution drawn first. Answers are compared
as integers here, so that the time is that of the estimation alone.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

DRAWS = 25

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """One problem with N solutions and M verdicts each.

    Attributes:
        answers: (N,) answer, -1 for none.
        correct: (N,) whether the solution is right.
        scores: (N, M) verdict scores, nan where unparsed.
    """

    answers: npt.NDArray[np.int64]
    correct: npt.NDArray[np.bool_]
    scores: F64


def success_at(
    problems: list[Problem], strategy: str, solutions: int, verifications: int, seed: int = 0
) -> tuple[float, float]:
    """Mean success over problems at one (S, V), and its Monte-Carlo standard error."""
    rng = np.random.default_rng(seed)
    pick = _best_of_n if strategy == "best_of_n" else _vote
    means, variances = [], []
    for problem in problems:
        scores = np.ones(problem.answers.size)
        if strategy != "self_consistency":
            scores = np.nan_to_num(np.nanmean(problem.scores[:, :verifications], axis=1))
            scores[problem.answers < 0] = 0.0
        outcomes = np.array(
            [
                pick(problem, scores, rng.choice(scores.size, solutions, replace=False))
                for _ in range(DRAWS)
            ]
        )
        means.append(outcomes.mean())
        variances.append(outcomes.var(ddof=1) / DRAWS)
    return float(np.mean(means)), float(np.sqrt(np.sum(variances)) / len(problems))


def _best_of_n(problem: Problem, scores: F64, chosen: npt.NDArray[np.int64]) -> float:
    return float(problem.correct[chosen[scores[chosen].argmax()]])


def _vote(problem: Problem, scores: F64, chosen: npt.NDArray[np.int64]) -> float:
    totals: dict[int, float] = {}
    for j in chosen:
        answer = int(problem.answers[j])
        if answer >= 0:
            totals[answer] = totals.get(answer, 0.0) + float(scores[j])
    if not totals:
        return 0.0
    winner = max(totals, key=totals.__getitem__)
    return float(problem.correct[problem.answers == winner].any())

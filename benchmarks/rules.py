"""Time of rules, built-in and of the user's own, beside weighted voting.

`python benchmarks/rules.py [--problems P] [--grid powers|fine|dense] [RULE ...]`. Problems have 256
solutions and 32 verdicts of each; precision is that of 128 of them. Times are processor seconds,
scaled to 128 problems, after the first problem has compiled everything. The user's own rule is
filtered voting (the better half votes), written plainly, for many draws at once, and for Numba.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from svlaw.analysis.kernels.problem_sample import SCORE_UNIT, ProblemSample, dense_classes
from svlaw.analysis.strategies.own_rule import OwnRule, batched
from svlaw.analysis.strategies.rules.calibration import cross_fit, fold_of
from svlaw.analysis.strategies.rules.rule_catalogue import RULES
from svlaw.analysis.success.estimators import Options, estimate
from svlaw.analysis.success.own_rule_estimator import estimate_own_rule
from svlaw.analysis.success.rule_estimator import count_sample_scores, estimate_rule

N, M, PROBLEMS = 256, 32, 128
GRIDS = {
    "powers": (2 ** np.arange(9), 2 ** np.arange(6)),
    "fine": (
        np.unique(np.round(2 ** np.arange(0, 8.01, 0.125)).astype(np.int64)),
        np.unique(np.round(2 ** np.arange(0, 5.01, 0.125)).astype(np.int64)),
    ),
    "dense": (np.arange(1, N + 1), np.arange(1, M + 1)),
}
Work = Callable[[ProblemSample], Any]


def better_half(answers: Any, scores: Any) -> Any:
    """The better half of the solutions with an answer votes."""
    voting = np.where(answers >= 0, scores, -1.0)
    weights = np.zeros(answers.size)
    weights[np.argsort(-voting)[: ((answers >= 0).sum() + 1) // 2]] = 1.0
    return weights


@batched
def better_halves(answers: Any, scores: Any) -> Any:
    """The same for many draws at once."""
    voting = np.where(answers >= 0, scores, -1.0)
    places = np.argsort(np.argsort(-voting, axis=1), axis=1)
    kept = ((answers >= 0).sum(axis=1) + 1) // 2
    return (places < kept[:, None]).astype(float)


@numba.njit
def better_half_compiled(answers: Any, scores: Any) -> Any:
    """The same for Numba."""
    weights, order = np.zeros(answers.size), np.empty(answers.size, np.int64)
    voting = 0
    for i in range(answers.size):
        if answers[i] >= 0:
            place = voting
            while place > 0 and scores[order[place - 1]] < scores[i]:
                order[place] = order[place - 1]
                place -= 1
            order[place] = i
            voting += 1
    weights[order[: (voting + 1) // 2]] = 1.0
    return weights


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", type=int, default=16)
    parser.add_argument("--grid", choices=GRIDS, default="powers")
    parser.add_argument("rules", nargs="*", help="rules, or 'own'; all of them when none is named")
    arguments = parser.parse_args()
    samples = [_problem(i) for i in range(arguments.problems)]
    S, V = GRIDS[arguments.grid]
    wanted = arguments.rules or [*RULES, "own"]
    work: dict[str, Work] = {"weighted_vote": _weighted_vote(S, V)}
    work |= {name: _rule(name, samples, S, V) for name in RULES if name in wanted}
    if "own" in wanted:
        for function in (better_half, better_halves, better_half_compiled):
            work[f"own: {function.__name__}"] = _own(function, S, V)
    print(f"| {'strategy':32} | seconds for {PROBLEMS} problems | times weighted_vote |")
    print("|---|---|---|")
    least = 0.0
    for name, done in work.items():
        done(samples[0])
        begun = time.process_time()
        for sample in samples:
            done(sample)
        seconds = (time.process_time() - begun) / len(samples) * PROBLEMS
        least = least or seconds
        print(f"| {name:32} | {seconds:.1f} | {seconds / least:.1f} |", flush=True)


def _weighted_vote(S: Any, V: Any) -> Work:
    return lambda sample: estimate("weighted_vote", sample, S, V, Options(), PROBLEMS)


def _rule(name: str, samples: list[ProblemSample], S: Any, V: Any) -> Work:
    options, setting = Options(), RULES[name].at()
    if not setting.rule.needs_calibration:
        return lambda sample: estimate_rule([setting], sample, S, V, options, PROBLEMS)
    counted = [(x.problem_id, count_sample_scores(x, V, options)) for x in samples]
    learnt = cross_fit(counted, 5, "monotone", options.seed)
    return lambda sample: estimate_rule(
        [setting], sample, S, V, options, PROBLEMS, [learnt[fold_of(sample.problem_id, 5, 0)]]
    )


def _own(function: Any, S: Any, V: Any) -> Work:
    rule = OwnRule(getattr(function, "__name__", "own"), function)
    return lambda sample: estimate_own_rule(rule, sample, S, V, Options(), PROBLEMS)


def _problem(number: int) -> ProblemSample:
    rng = np.random.default_rng([7, number])
    correct = rng.random(N) < rng.beta(0.9, 0.9)
    classes = np.where(correct, 0, np.minimum(rng.geometric(0.35, N), 12)).astype(np.int32)
    classes[rng.random(N) < 0.03] = -1
    correct &= classes >= 0
    chance = np.where(correct, rng.beta(6, 2, N), rng.beta(2, 4, N))
    scores = (rng.random((N, M)) < chance[:, None]) * SCORE_UNIT
    return ProblemSample(
        f"p{number}",
        dense_classes(classes),
        correct,
        classes < 0,
        np.arange(0, N * M + 1, M),
        scores.ravel().astype(np.int32),
    )


if __name__ == "__main__":
    main()

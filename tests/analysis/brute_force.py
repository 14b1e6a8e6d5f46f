"""Estimators straight from their definitions: every subset is enumerated, in exact fractions.

Written for this purpose only: it shares no code, no array layout and no formula with the package.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product

ZERO, ONE = Fraction(0), Fraction(1)


@dataclass(frozen=True)
class Solution:
    """One solution.

    `answer` is None for no vote, `gave_none` tells that an answer was due; `verdicts` are scores,
    None for an unparsed one.
    """

    answer: str | None
    is_correct: bool
    gave_none: bool = False
    verdicts: tuple[Fraction | None, ...] = ()


Problem = Sequence[Solution]


@dataclass(frozen=True)
class Policy:
    """What unparsed verdicts and missing answers count as."""

    unparsed: str = "ignore"
    missing_answer: str = "zero"


def _mean(values: Sequence[Fraction]) -> Fraction:
    return sum(values, ZERO) / len(values)


def _share_right(problem: Problem, answer: str) -> Fraction:
    return _mean([Fraction(s.is_correct) for s in problem if s.answer == answer])


def _deep_enough(problem: Problem, verifications: int) -> list[Solution]:
    return [s for s in problem if len(s.verdicts) >= verifications]


def coverage(problem: Problem, solutions: int) -> Fraction | None:
    """Share of the subsets of S solutions that hold a right one."""
    if solutions > len(problem):
        return None
    return _mean(
        [Fraction(any(s.is_correct for s in drawn)) for drawn in combinations(problem, solutions)]
    )


def self_consistency(problem: Problem, solutions: int) -> Fraction | None:
    """Mean, over the subsets of S solutions, of the share of the plurality winner that is right."""
    if solutions > len(problem):
        return None
    outcomes = []
    for drawn in combinations(problem, solutions):
        votes = Counter(s.answer for s in drawn if s.answer is not None)
        outcomes.append(_elect(problem, {a: Fraction(n) for a, n in votes.items()}))
    return _mean(outcomes)


def _elect(problem: Problem, totals: dict[str, Fraction]) -> Fraction:
    """Expected correctness when ties are broken by lot; 0 when nobody voted."""
    if not totals:
        return ZERO
    most = max(totals.values())
    return _mean([_share_right(problem, a) for a, total in totals.items() if total == most])


def score(solution: Solution, drawn: Sequence[Fraction | None], policy: Policy) -> Fraction:
    """A solution's score given the verdicts drawn for it."""
    if solution.gave_none and policy.missing_answer == "zero":
        return ZERO
    if policy.unparsed == "no":
        return _mean([v if v is not None else ZERO for v in drawn])
    parsed = [v for v in drawn if v is not None]
    return _mean(parsed) if parsed else ZERO


def _scores(solution: Solution, verifications: int, policy: Policy) -> dict[Fraction, Fraction]:
    """Every score that some V of a solution's verdicts give, with its chance."""
    draws = list(combinations(solution.verdicts, verifications))
    counted = Counter(score(solution, drawn, policy) for drawn in draws)
    return {value: Fraction(n, len(draws)) for value, n in counted.items()}


def _over_draws(
    problem: Problem,
    solutions: int,
    verifications: int,
    policy: Policy,
    outcome: Callable[[Sequence[Solution], Sequence[Fraction]], Fraction],
) -> Fraction | None:
    usable = _deep_enough(problem, verifications)
    if solutions > len(usable):
        return None
    scores = [list(_scores(s, verifications, policy).items()) for s in usable]
    total, subsets = ZERO, 0
    for chosen in combinations(range(len(usable)), solutions):
        subsets += 1
        drawn = [usable[j] for j in chosen]
        for scored in product(*(scores[j] for j in chosen)):
            chance = ONE
            for _, p in scored:
                chance *= p
            total += chance * outcome(drawn, [value for value, _ in scored])
    return total / subsets


def best_of_n(
    problem: Problem, solutions: int, verifications: int, policy: Policy
) -> Fraction | None:
    """Mean, over subsets of solutions and of their verdicts, of the best-scored one's rightness."""

    def outcome(drawn: Sequence[Solution], scores: Sequence[Fraction]) -> Fraction:
        best = max(scores)
        return _mean(
            [Fraction(s.is_correct) for s, x in zip(drawn, scores, strict=True) if x == best]
        )

    return _over_draws(problem, solutions, verifications, policy, outcome)


def weighted_vote(
    problem: Problem, solutions: int, verifications: int, policy: Policy
) -> Fraction | None:
    """The same for the answer with the largest sum of scores."""

    def outcome(drawn: Sequence[Solution], scores: Sequence[Fraction]) -> Fraction:
        totals: dict[str, Fraction] = {}
        for s, x in zip(drawn, scores, strict=True):
            if s.answer is not None:
                totals[s.answer] = totals.get(s.answer, ZERO) + x
        return _elect(problem, totals)

    return _over_draws(problem, solutions, verifications, policy, outcome)


def _over_calls(
    problem: Problem,
    solutions: int,
    verifications: int,
    policy: Policy,
    outcome: Callable[[Sequence[Solution], Sequence[Fraction]], Fraction],
) -> Fraction | None:
    """Mean over subsets of solutions and of shared calls; verdict k of a solution is call k's."""
    usable = [s for s in problem if s.verdicts]
    n_calls = max((len(s.verdicts) for s in usable), default=0)
    if solutions > len(usable) or verifications > n_calls:
        return None
    outcomes = []
    for calls in combinations(range(n_calls), verifications):
        for drawn in combinations(usable, solutions):
            scores = [score(s, [s.verdicts[k] for k in calls], policy) for s in drawn]
            outcomes.append(outcome(drawn, scores))
    return _mean(outcomes)


def best_of_n_by_calls(
    problem: Problem, solutions: int, verifications: int, policy: Policy
) -> Fraction | None:
    """Best-of-N where the same V calls judge all S solutions."""

    def outcome(drawn: Sequence[Solution], scores: Sequence[Fraction]) -> Fraction:
        best = max(scores)
        return _mean(
            [Fraction(s.is_correct) for s, x in zip(drawn, scores, strict=True) if x == best]
        )

    return _over_calls(problem, solutions, verifications, policy, outcome)


def weighted_vote_by_calls(
    problem: Problem, solutions: int, verifications: int, policy: Policy
) -> Fraction | None:
    """Weighted voting where the same V calls judge all S solutions."""

    def outcome(drawn: Sequence[Solution], scores: Sequence[Fraction]) -> Fraction:
        totals: dict[str, Fraction] = {}
        for s, x in zip(drawn, scores, strict=True):
            if s.answer is not None:
                totals[s.answer] = totals.get(s.answer, ZERO) + x
        return _elect(problem, totals)

    return _over_calls(problem, solutions, verifications, policy, outcome)

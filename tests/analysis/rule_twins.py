"""Rules straight from their definitions, on the drawn solutions of one subset.

Written for this purpose only: plain dictionaries, ties by enumeration, resamples one by one. Values
are floats, and those that agree to nine digits are equal; chances stay exact fractions.
"""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import combinations, product
from typing import Any

Voter = tuple[str, Fraction]
Values = dict[str, float]


def filtered_vote(voters: Sequence[Voter], verifications: int, settings: Any) -> list[Values]:
    """One table of values for each equally likely choice of equal scores at the cut."""
    keep, n = settings["keep"], len(voters)
    exact = Fraction(str(keep)) * n if isinstance(keep, float) else Fraction(min(keep, n))
    k = max(1, math.ceil(exact))
    cut = sorted((score for _, score in voters), reverse=True)[k - 1]
    above = [voter for voter in voters if voter[1] > cut]
    at = [voter for voter in voters if voter[1] == cut]
    tables = []
    for chosen in combinations(at, k - len(above)):
        table: Values = {}
        for answer, score in [*above, *chosen]:
            weight = float(score) if settings["weighted"] == "yes" else 1.0
            table[answer] = table.get(answer, 0.0) + weight
        tables.append(table)
    return tables


def rank_vote(voters: Sequence[Voter], verifications: int, settings: Any) -> list[Values]:
    n = len(voters)

    def weight(score: Fraction) -> float:
        better = sum(other > score for _, other in voters)
        equal = sum(other == score for _, other in voters)
        ranks = range(better + 1, better + equal + 1)
        return sum(float(n - r + 1) ** settings["power"] for r in ranks) / equal

    return [_summed(voters, weight)]


def softmax_vote(voters: Sequence[Voter], verifications: int, settings: Any) -> list[Values]:
    return [_summed(voters, lambda x: math.exp((float(x) - 1) / settings["temperature"]))]


def logit_vote(voters: Sequence[Voter], verifications: int, settings: Any) -> list[Values]:
    def weight(score: Fraction) -> float:
        x = min(max(float(score), settings["clip"]), 1 - settings["clip"])
        return _logit(x) - _logit(settings["threshold"])

    return [_summed(voters, weight)]


def best_of_majority(voters: Sequence[Voter], verifications: int, settings: Any) -> list[Values]:
    means = _means(voters)
    gate = Fraction(str(settings["alpha"])) * len(voters)
    gated = {a: mean for a, mean in means.items() if _count(voters, a) >= gate}
    return [gated or means]


def majority_of_the_bests(
    voters: Sequence[Voter], verifications: int, settings: Any
) -> list[Values]:
    n = len(voters)
    m = math.isqrt(n) if settings["resample"] == "sqrt" else settings["resample"]
    table = {answer: Fraction(0) for answer, _ in voters}
    for resample in product(voters, repeat=min(m, n)):
        best = max(score for _, score in resample)
        winners = [answer for answer, score in resample if score == best]
        for answer in winners:
            table[answer] += Fraction(1, len(winners))
    return [{answer: float(total) / n ** min(m, n) for answer, total in table.items()}]


def pessimistic(voters: Sequence[Voter], verifications: int, settings: Any) -> list[Values]:
    all_verdicts = len(voters) * verifications
    return [
        {
            a: mean
            - settings["alpha"] * math.log(all_verdicts) / (_count(voters, a) * verifications + 1)
            for a, mean in _means(voters).items()
        }
    ]


def calibrated_vote(
    ratio: Callable[[float], float], chance: Callable[[float], float]
) -> Callable[[Sequence[Voter], int, Any], list[Values]]:
    """The rule with a ratio and a chance given as functions of the score."""

    def values(voters: Sequence[Voter], verifications: int, settings: Any) -> list[Values]:
        m = len({answer for answer, _ in voters})
        if m == 1:
            return [{voters[0][0]: 0.0}]
        q = sum(chance(float(score)) for _, score in voters) / len(voters)
        offset = math.log(q / (1 - q)) + math.log(m - 1)
        return [_summed(voters, lambda x: ratio(float(x)) + offset)]

    return values


def elect(tables: list[Values], share: Callable[[str], Fraction]) -> Fraction:
    """Mean, over the tables, of the share of the answer with the largest value."""
    total = Fraction(0)
    for table in tables:
        most = max(table.values())
        slack = 1e-9 * max(1.0, *(abs(value) for value in table.values()))
        winners = [answer for answer, value in table.items() if value >= most - slack]
        total += sum((share(answer) for answer in winners), Fraction(0)) / len(winners)
    return total / len(tables)


def _summed(voters: Sequence[Voter], weight: Callable[[Fraction], float]) -> Values:
    table: Values = {}
    for answer, score in voters:
        table[answer] = table.get(answer, 0.0) + weight(score)
    return table


def _means(voters: Sequence[Voter]) -> Values:
    return {
        a: float(sum((x for b, x in voters if b == a), Fraction(0))) / _count(voters, a)
        for a, _ in voters
    }


def _count(voters: Sequence[Voter], answer: str) -> int:
    return sum(other == answer for other, _ in voters)


def _logit(x: float) -> float:
    return math.log(x / (1 - x))

"""Advice: which method to believe."""

from dataclasses import replace

import pytest

from svlaw.fit.laws.advice import advise
from svlaw.fit.laws.allocation_law import AllocationLaw

LAW = AllocationLaw(
    "envelope", "best_of_n", "solutions", 0.5, 0.4, 0.6, 1.0, 0.9, 1.1, 1.0, 0.0, 50, 0.0, "ok", ""
)


def pair(method: str, a: float | None = 0.5, b: float | None = 0.5, **changes) -> list:
    law = replace(LAW, method=method, **changes)
    return [
        replace(law, exponent=a),
        replace(law, quantity="verifications", exponent=b),
    ]


def test_the_most_trusted_method_that_is_ok() -> None:
    (advice,) = advise(pair("envelope") + pair("isobudget") + pair("surface"))
    assert (advice.strategy, advice.method, advice.agree) == ("best_of_n", "isobudget", True)
    assert "the others lie within its intervals" in advice.words


@pytest.mark.parametrize("status", ["unclear", "unstable", "boundary", "too_few_budgets"])
def test_doubtful_methods_give_way(status: str) -> None:
    laws = pair("envelope") + pair("isobudget", status=status) + pair("surface")
    (advice,) = advise(laws)
    assert advice.method == "envelope"


def test_one_doubtful_law_of_a_pair_is_enough() -> None:
    isobudget = pair("isobudget")
    isobudget[1] = replace(isobudget[1], status="constant")
    assert advise(pair("envelope") + isobudget)[0].method == "envelope"


def test_a_censored_law_is_better_than_none() -> None:
    laws = pair("envelope", status="boundary") + pair("surface", status="poor_fit")
    (advice,) = advise(laws)
    assert advice.method == "envelope"
    assert "censored" in advice.words


def test_no_law_to_quote() -> None:
    (advice,) = advise(pair("envelope", None, None, status="too_few_budgets"))
    assert (advice.method, advice.agree) == (None, None)
    assert "no method" in advice.words


def test_disagreement_names_the_range() -> None:
    (advice,) = advise(pair("isobudget") + pair("envelope", a=0.61) + pair("surface", a=0.48))
    assert advice.agree is False
    assert "a runs from 0.48 to 0.61" in advice.words
    assert "quote the range" in advice.words


def test_a_law_that_cannot_be_quoted_has_no_say() -> None:
    (advice,) = advise(pair("isobudget") + pair("envelope", a=-0.7, status="unstable"))
    assert advice.agree is None
    assert "-0.7" not in advice.words
    (advice,) = advise(
        pair("isobudget") + pair("envelope", a=0.61) + pair("surface", a=-0.7, status="floor")
    )
    assert "a runs from 0.50 to 0.61" in advice.words


def test_without_intervals_there_is_no_agreement() -> None:
    laws = pair("isobudget", conf_low=None, conf_high=None) + pair("envelope", a=0.9)
    assert advise(laws)[0].agree is None


def test_each_strategy_has_its_own() -> None:
    laws = pair("envelope") + pair("envelope", strategy="weighted_vote", status="constant")
    assert [(x.strategy, x.method) for x in advise(laws)] == [
        ("best_of_n", "envelope"),
        ("weighted_vote", None),
    ]

"""Strategies as texts: names, settings, and one line for what is wrong."""

import pytest

from svlaw.analysis.strategies.policies.families import FAMILIES
from svlaw.analysis.strategies.specs import parse_spec, parse_specs, strategy_names
from svlaw.analysis.strategies.strategy_list import list_strategies
from svlaw.data.errors import BadInputError


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("self_consistency", "self_consistency"),
        ("adaptive_vote", "adaptive_vote"),
        ("adaptive_vote:most=64:lead=3", "adaptive_vote:lead=3:most=64"),
        (" adaptive_vote:threshold=.950", "adaptive_vote:threshold=0.95"),
        ("early_stopping: window = 04", "early_stopping:window=4"),
        ("verify_distinct:by=score:solutions=8", "verify_distinct:solutions=8:by=score"),
        ("verify_if_split:agreement=1", "verify_if_split:agreement=1"),
        ("accept_first:threshold=0.5:most=9", "accept_first:threshold=0.5:most=9"),
    ],
)
def test_canonical_text(text: str, canonical: str) -> None:
    assert parse_spec(text).text == canonical
    assert parse_spec(canonical) == parse_spec(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("adaptive", "unknown strategy 'adaptive'; use coverage"),
        ("self_consistency:most=3", "self_consistency has no settings"),
        ("adaptive_vote:led=3", "there is no setting 'led'; use lead, threshold, most"),
        ("adaptive_vote:lead", "write settings as NAME=VALUE"),
        ("adaptive_vote:lead=", "write settings as NAME=VALUE"),
        ("adaptive_vote:lead=3:lead=4", "lead is given twice"),
        ("adaptive_vote:lead=3:threshold=0.9", "give lead or threshold, not both"),
        ("adaptive_vote:lead=0", "lead = '0': use a whole number from 1"),
        ("adaptive_vote:lead=2.5", "lead = '2.5': use a whole number from 1"),
        ("adaptive_vote:threshold=0.5", "threshold = '0.5': use a number above 0.5 and below 1"),
        ("adaptive_vote:threshold=nan", "threshold = 'nan'"),
        ("verify_if_split:agreement=0", "agreement = '0'"),
        ("verify_distinct:by=luck", "by = 'luck': use votes or score"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(text: str, words: str) -> None:
    with pytest.raises(BadInputError) as caught:
        parse_spec(text)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_several_settings_of_one_strategy_stay_together() -> None:
    texts = ["adaptive_vote:lead=3", "coverage", "adaptive_vote:threshold=0.9"]
    found = parse_specs(texts)
    assert list(found) == ["adaptive_vote", "coverage"]
    assert [spec.text for spec in found["adaptive_vote"]] == [texts[0], texts[2]]


def test_ladders_keep_to_what_the_pool_has() -> None:
    settings = FAMILIES["adaptive_vote"].expand({}, 5, 0, 0)
    assert [one["lead"] for one in settings] == [1, 2, 3, 4, 5]
    assert {one["most"] for one in settings} == {5}
    settings = FAMILIES["verify_distinct"].expand({}, 9, 3, 2)
    pairs = [(one["solutions"], one["verifications"]) for one in settings]
    assert pairs == [(s, v) for s in (2, 4, 8) for v in (1, 2)]
    settings = FAMILIES["accept_first"].expand({"verifications": 3}, 99, 3, 2)
    assert {one["most"] for one in settings} == {64}
    assert {one["verifications"] for one in settings} == {3}


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("adaptive_vote", {"most": 10}, "most = 10 is larger than the pool holds (at most 9"),
        ("verify_distinct", {"solutions": 10}, "solutions = 10 is larger than the pool holds"),
        ("halving", {"verifications": 4}, "verifications = 4 is larger than the pool holds"),
        ("adaptive_vote", {"lead": 10}, "a lead above most = 9 is never reached"),
        ("early_stopping", {"window": 10}, "a window above most = 9 is never full"),
    ],
)
def test_more_than_the_pool_has(name: str, given: dict[str, int], words: str) -> None:
    with pytest.raises(BadInputError) as caught:
        FAMILIES[name].expand(given, 9, 3, 3)
    assert words in str(caught.value)


def test_the_list_has_every_strategy_with_a_source() -> None:
    found = list_strategies()
    assert [one["name"] for one in found] == list(strategy_names())
    assert all(one["summary"] and one["source"] and one["needs"] for one in found)
    assert all(
        "most" in [s["name"] for s in one["settings"]] for one in found if one["kind"] == "policy"
    )

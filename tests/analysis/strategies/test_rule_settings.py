"""Texts of rules and settings: parsing, the one canonical text, and what is refused."""

import pytest

from svlaw.analysis.strategies.rules.rule_catalogue import RULES, parse_rule
from svlaw.data.errors import BadInputError


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("filtered_vote", "filtered_vote:keep=0.5"),
        ("filtered_vote:keep=.50", "filtered_vote:keep=0.5"),
        ("filtered_vote:keep=1", "filtered_vote:keep=1"),
        ("filtered_vote:keep=1.", "filtered_vote:keep=1.0"),
        ("filtered_vote:keep=0.00001", "filtered_vote:keep=0.00001"),
        ("filtered_vote: weighted = yes :keep=8", "filtered_vote:keep=8:weighted=yes"),
        ("filtered_vote:weighted=no", "filtered_vote:keep=0.5"),
        ("rank_vote:power=2.0", "rank_vote:power=2"),
        ("softmax_vote:temperature=inf", "softmax_vote:temperature=inf"),
        ("logit_vote:clip=1e-2", "logit_vote:threshold=0.5"),
        ("majority_of_the_bests:resample=4", "majority_of_the_bests:resample=4"),
        ("majority_of_the_bests", "majority_of_the_bests:resample=sqrt"),
        ("calibrated_vote:folds=10", "calibrated_vote:fit=monotone:folds=10"),
    ],
)
def test_one_text_for_one_setting(text: str, name: str) -> None:
    setting = parse_rule(text)
    assert setting.name == name
    assert parse_rule(name) == setting
    assert hash(parse_rule(name)) == hash(setting)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("filtered", "unknown rule 'filtered'; use filtered_vote, rank_vote"),
        ("filtered_vote:keep=1.5", r"keep is 1\.5; use a share above 0 and up to 1 with a point"),
        ("filtered_vote:keep=0", "keep is 0; use a share"),
        ("filtered_vote:keep=0.0", r"keep is 0\.0; use a share"),
        ("filtered_vote:keep=half", "keep is half; use a share"),
        ("filtered_vote:best=2", "has no setting best; its settings: keep, weighted"),
        ("filtered_vote:keep", "'keep' is no setting; write name=value"),
        ("filtered_vote:keep=1:keep=2", "keep is given twice"),
        ("filtered_vote:weighted=maybe", "weighted is maybe; use no or yes"),
        ("rank_vote:power=-1", "power is -1; use a number from 0 to 100"),
        ("rank_vote:power=nan", "power is nan; use"),
        ("softmax_vote:temperature=0", "temperature is 0; use a number above 0"),
        ("logit_vote:threshold=1", "threshold is 1; use a number between 0 and 1"),
        ("pessimistic:alpha=inf", "alpha is inf; use a number from 0"),
        ("majority_of_the_bests:resample=0", "resample is 0; use sqrt or a whole number from 1"),
        ("calibrated_vote:folds=1", "folds is 1; use a whole number from 2 to 100"),
        ("calibrated_vote:fit=spline", "fit is spline; use monotone, logistic or kde"),
    ],
)
def test_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(BadInputError, match=message) as caught:
        parse_rule(text)
    assert "\n" not in str(caught.value)


def test_settings_from_python() -> None:
    assert RULES["filtered_vote"].at(keep=0.25).text == "keep=0.25"
    with pytest.raises(BadInputError, match="keep is True"):
        RULES["filtered_vote"].at(keep=True)
    with pytest.raises(BadInputError, match=r"folds is 2\.5"):
        RULES["calibrated_vote"].at(folds=2.5)


def test_every_rule_says_what_it_is() -> None:
    for name, rule in RULES.items():
        assert name == rule.name
        assert "arXiv" in rule.source
        assert rule.description
        assert rule.formula
        assert "\n" not in rule.description + rule.formula

"""Verdicts in the forms that judges write them, and texts that only look like verdicts."""

import json
from pathlib import Path

import pytest

from svlaw.data.errors import BadInputError
from svlaw.data.verdicts.patterns import read_by_pattern, value_pattern
from svlaw.data.verdicts.readings import parse_verdict


def test_verdicts_of_public_judges_and_their_like(reference: Path) -> None:
    lines = (reference / "verdict_cases.jsonl").read_text("utf-8").splitlines()
    cases = [json.loads(line) for line in lines]
    assert len(cases) >= 200
    wrong = [case for case in cases if parse_verdict(case["text"]) != case["verdict"]]
    assert wrong == []


MAP = {"A": "yes", "C": "yes", "B": "no", "I": "no"}


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ('{"verdict": "A"}', "yes"),
        ('{"verdict": "B", "why": "A is not it"}', "no"),
        ("```json\n{'grade': 'c'}\n```", "yes"),
        ("GRADE: C", "yes"),
        ("GRADE: I", "no"),
        ("A: the answers agree.\n\nGrade: **B**", "no"),
        ("[[A]]", "yes"),
        (r"\boxed{\text{B}}", "no"),
        ("<verdict>A</verdict>", "yes"),
        ("The two agree.\nA", "yes"),
        ("Verdict: correct", "yes"),
        ("A better answer would be 4", None),
        ("Grade: D", None),
        ("I think so", None),
    ],
)
def test_letters_with_a_mapping(text: str, verdict: str | None) -> None:
    assert read_by_pattern([text], value_pattern(MAP)) == [verdict]


@pytest.mark.parametrize("values", [{"A": "maybe"}, {" ": "yes"}])
def test_a_mapping_says_yes_or_no(values: dict[str, str]) -> None:
    with pytest.raises(BadInputError, match="VALUE=yes or VALUE=no"):
        value_pattern(values)

"""The grader against a table of answer pairs whose verdicts were decided by hand."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from svlaw.data.grading.grader import grade_answers

pytestmark = pytest.mark.slow

DOCS = Path(__file__).parents[3] / "docs" / "grading.md"


@pytest.fixture(scope="module")
def pairs() -> list[dict[str, Any]]:
    """The pairs; an answer may be repeated `times` times and end on a `tail`."""
    rows = json.loads((Path(__file__).parents[2] / "reference" / "answer_pairs.json").read_text())
    for row in rows:
        row["answer"] = row["answer"] * row.pop("times", 1) + row.pop("tail", "")
    return rows


@pytest.fixture(scope="module")
def misses(pairs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The pairs on which the grader and the table differ."""
    frame = pl.DataFrame(
        {
            "problem_id": [f"p{place}" for place in range(len(pairs))],
            "answer": [pair["answer"] for pair in pairs],
            "reference_answer": [pair["reference"] for pair in pairs],
            "kind": [pair["kind"] for pair in pairs],
        }
    )
    verdicts = grade_answers(frame, time_limit=60, workers=2)["is_correct"]
    return [
        pair
        for pair, is_correct in zip(pairs, verdicts, strict=True)
        if is_correct != (pair["verdict"] == "correct")
    ]


def test_the_table_is_large_and_holds_both_verdicts(pairs: list[dict[str, Any]]) -> None:
    assert len(pairs) >= 150
    assert len({pair["group"] for pair in pairs}) >= 20
    assert {pair["verdict"] for pair in pairs} == {"correct", "wrong"}
    wrong = sum(pair["verdict"] == "wrong" for pair in pairs)
    assert wrong >= 0.3 * len(pairs)
    assert any(len(pair["answer"]) >= 2000 for pair in pairs)
    keys = [(pair["answer"], pair["reference"], pair["kind"]) for pair in pairs]
    assert len(set(keys)) == len(keys)


def test_the_grader_agrees_with_the_table(
    pairs: list[dict[str, Any]], misses: list[dict[str, Any]]
) -> None:
    assert len(misses) <= 0.02 * len(pairs), misses


def test_every_miss_is_listed_in_the_docs(misses: list[dict[str, Any]]) -> None:
    docs = DOCS.read_text("utf-8")
    for miss in misses:
        shown = miss["answer"] if len(miss["answer"]) < 80 else miss["answer"][:9]
        assert f"`{shown}" in docs, miss
        assert f"`{miss['reference']}`" in docs, miss

"""Tables of raw texts and reference answers: from files to a frontier without `is_correct`."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from svlaw.analysis.compare.frontier import frontier
from svlaw.analysis.cost import RelativeCost
from svlaw.analysis.success.success_table import success_table
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.grading.pool_grading import grade_pool
from svlaw.data.importers.flat_tables import import_tables, import_verdicts
from svlaw.data.pool import open_pool
from svlaw.data.verdicts.pool_parsing import parse_pool

PROBLEMS = pl.DataFrame({"problem_id": ["p", "q"], "reference_answer": ["1/2", "7"]})
SOLUTIONS = pl.DataFrame(
    {
        "problem_id": ["p", "p", "q", "q"],
        "solution_id": [0, 1, 0, 1],
        "text": ["so \\boxed{0.5}", "so \\boxed{3}", "I give up", "so \\boxed{7}"],
        "output_tokens": [10, 20, 30, 40],
    }
)
VERIFICATIONS = SOLUTIONS.select(
    "problem_id",
    "solution_id",
    verification_id=0,
    text=pl.Series(
        [f"Is the answer correct (Yes/No)? {word}" for word in ("Yes", "No", "", "Yes")]
    ),
)


def write(frame: pl.DataFrame, path: Path) -> Path:
    """Write rows as the path's ending says."""
    if path.suffix == ".parquet":
        frame.write_parquet(path)
    elif path.suffix == ".csv":
        frame.write_csv(path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in frame.to_dicts()))
    return path


def run(tmp_path: Path, suffix: str = ".parquet", **frames: Any) -> Any:
    """Import the tables above, or others in their place; None leaves one out."""
    held = {"problems": PROBLEMS, "solutions": SOLUTIONS, "verifications": VERIFICATIONS} | frames
    paths = {
        name: write(frame, tmp_path / f"{name}{suffix}")
        for name, frame in held.items()
        if frame is not None
    }
    return import_tables(tmp_path / "pool", **paths)


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_from_raw_texts_to_a_frontier(tmp_path: Path, suffix: str) -> None:
    pool = run(tmp_path, suffix)
    assert pool.verifiers == ("verifier",)
    assert not pool.has("answers")
    assert not pool.has("verdicts", "verifier")
    with pytest.raises(NotInPoolError, match="grade its solutions first"):
        success_table(pool)
    grade_pool(pool, workers=1)
    answers = pool.scan("answers").collect().sort("problem_id", "solution_id")
    assert answers["is_correct"].to_list() == [True, False, False, True]
    assert answers["status"].to_list() == ["graded", "graded", "no_answer", "graded"]
    assert answers["output_tokens"].to_list() == [10, 20, 30, 40]
    with pytest.raises(NotInPoolError, match=r"holds no verdicts .* \('svlaw parse'\)"):
        success_table(pool)
    parse_pool(pool)
    rows = frontier(success_table(pool), RelativeCost(1.0), resamples=0)
    assert set(rows["strategy"]) >= {"self_consistency", "best_of_n"}


def test_from_answers_that_nobody_has_judged(tmp_path: Path) -> None:
    files = {
        "problems": write(PROBLEMS, tmp_path / "problems.csv"),
        "solutions": write(
            SOLUTIONS.drop("text").with_columns(answer=pl.Series(["0.5", "3", "", "14/2"])),
            tmp_path / "solutions.csv",
        ),
    }
    pool = import_tables(tmp_path / "pool", **files, renames={"answer": "text"})
    grade_pool(pool, extractor="whole", workers=1)
    answers = pool.scan("answers").collect().sort("problem_id", "solution_id")
    assert answers["answer"].to_list() == ["0.5", "3", None, "14/2"]
    assert answers["is_correct"].to_list() == [True, False, False, True]


def test_verifications_may_hold_probabilities_alone(tmp_path: Path) -> None:
    likely = VERIFICATIONS.drop("text").with_columns(p_yes=0.75, p_no=0.25)
    pool = run(tmp_path, verifications=likely)
    grade_pool(pool, workers=1)
    parse_pool(pool, score="p_yes")
    assert pool.scan("verdicts", "verifier").collect()["score"].to_list() == [0.75] * 4


def test_verifications_of_solutions_yet_to_be_graded(tmp_path: Path) -> None:
    pool = run(tmp_path, verifications=None)
    grown = import_verdicts(pool, write(VERIFICATIONS, tmp_path / "more.csv"), verifier="late")
    assert grown.has("verifications", "late")
    assert not grown.has("verdicts", "late")


def test_answers_that_grading_makes_anew_are_named(tmp_path: Path) -> None:
    pool = run(tmp_path, solutions=SOLUTIONS.with_columns(answer=pl.lit("3")))
    assert pool.metadata["ignored_columns"] == ["answer"]


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ({"solutions": SOLUTIONS.drop("text")}, "'is_correct' is missing.*'text'.*'svlaw grade'"),
        ({"problems": None}, "solutions.parquet: holds no 'reference_answer'"),
        (
            {"problems": PROBLEMS.drop("reference_answer")},
            "problems.parquet: problem 'p' has no ref",
        ),
        (
            {"problems": PROBLEMS.with_columns(reference_answer=pl.lit(" "))},
            "problem 'p' has no ref",
        ),
        ({"problems": PROBLEMS.head(1)}, "unknown problem .problem_id 'q'"),
        (
            {"problems": PROBLEMS.with_columns(reference_answer=pl.Series(["1", None]))},
            "problem 'q' has no reference_answer",
        ),
        ({"problems": PROBLEMS.with_columns(kind=pl.lit("code"))}, "problem 'p' is of kind 'code'"),
        ({"verifications": VERIFICATIONS.drop("text")}, "'score' or 'verdict'.*'svlaw parse'"),
    ],
)
def test_what_could_never_be_graded_is_refused(tmp_path: Path, frames: Any, message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        run(tmp_path, **frames)
    assert not (tmp_path / "pool").exists()


def test_a_problem_without_solutions_needs_no_reference(tmp_path: Path) -> None:
    more = pl.concat([PROBLEMS, pl.DataFrame({"problem_id": ["r"], "reference_answer": [None]})])
    assert open_pool(run(tmp_path, problems=more).path).has("solutions")

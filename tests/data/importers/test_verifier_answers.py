"""A verifier's own answers: read, judged, kept with its verdicts, exported and read back."""

import polars as pl
import pytest

from svlaw.analysis.exports.pool_export import export_pool
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.importers.flat_tables import import_tables, import_verdicts

SOLUTIONS = pl.DataFrame(
    {
        "problem_id": ["p", "p", "q", "q"],
        "solution_id": [0, 1, 0, 1],
        "answer": ["A", "B", "C", "D"],
        "is_correct": [True, False, False, False],
    }
)
VERDICTS = pl.DataFrame(
    {
        "problem_id": ["p", "p", "q", "q"],
        "solution_id": [0, 0, 1, 1],
        "verification_id": [0, 1, 0, 1],
        "verdict": ["yes", "no", "no", "no"],
    }
)
PROBLEMS = pl.DataFrame({"problem_id": ["p", "q"], "reference_answer": ["A", "E"]})
OWN = pl.DataFrame(
    {
        "problem_id": ["q", "p", "p", "q"],
        "verification_id": [0, 1, 0, 1],
        "answer": ["E", "B", "A", None],
        "output_tokens": [30, 20, 10, 40],
    }
)


def _write(frame, tmp_path, name):
    path = tmp_path / f"{name}.parquet"
    frame.write_parquet(path)
    return path


def _import(tmp_path, own=OWN, problems=PROBLEMS, verdicts=VERDICTS, **options):
    return import_tables(
        tmp_path / "pool",
        _write(SOLUTIONS, tmp_path, "solutions"),
        problems=_write(problems, tmp_path, "problems"),
        verifications=_write(verdicts, tmp_path, "verdicts"),
        verifier_answers=None if own is None else _write(own, tmp_path, "own"),
        verifier="judge",
        shared_calls=True,
        **options,
    )


def _held(pool, verifier="judge"):
    return pool.scan("verifier_answers", verifier).collect()


def test_answers_are_judged_by_what_is_known_to_be_right(tmp_path):
    held = _held(_import(tmp_path))
    assert held["problem_id"].to_list() == ["p", "p", "q", "q"]
    assert held["answer"].to_list() == ["A", "B", "E", None]
    assert held["is_correct"].to_list() == [True, False, True, False]
    assert held["answer_class"].to_list() == [0, 1, 0, None]
    assert held["status"].to_list() == ["graded", "graded", "graded", "no_answer"]
    assert held["output_tokens"].to_list() == [10, 20, 30, 40]


def test_a_column_of_correctness_wins(tmp_path):
    held = _held(_import(tmp_path, OWN.with_columns(correct=pl.lit(False))))
    assert held["is_correct"].to_list() == [False] * 4


def test_answers_of_solutions_tell_where_there_is_no_reference(tmp_path):
    problems = PROBLEMS.select("problem_id")
    held = _held(_import(tmp_path, OWN.filter(pl.col("problem_id") == "p"), problems))
    assert held["is_correct"].to_list() == [True, False]


def test_answers_without_numbers_are_numbered(tmp_path):
    pool = _import(tmp_path, OWN.sort("problem_id", "verification_id").drop("verification_id"))
    assert _held(pool)["verification_id"].to_list() == [0, 1, 0, 1]
    assert "numbered in order of appearance" in " ".join(pool.metadata["remarks"])


@pytest.mark.parametrize(
    ("own", "message"),
    [
        (OWN.drop("answer"), "needs a column 'answer'"),
        (OWN.with_columns(problem_id=pl.lit("x")), "has no right answer that is known"),
        (
            OWN.with_columns(problem_id=pl.lit("x"), is_correct=pl.lit(True)),
            "row 1: problem_id 'x' is no problem of the pool",
        ),
        (OWN.with_columns(verification_id=pl.lit(0)), "duplicate key"),
        (OWN.with_columns(verifier=pl.lit("other")), "there are no verdicts of 'other'"),
    ],
)
def test_bad_answers_are_refused_and_nothing_is_written(tmp_path, own, message):
    with pytest.raises(BadInputError, match=message):
        _import(tmp_path, own)
    assert not (tmp_path / "pool").exists()


def test_without_any_right_answer_that_is_known(tmp_path):
    problems = PROBLEMS.select("problem_id")
    with pytest.raises(BadInputError, match=r"'q' has no right answer that is known"):
        _import(tmp_path, OWN.head(1), problems)


def test_answers_are_added_to_a_verifier_of_the_pool(tmp_path):
    pool = _import(tmp_path, None)
    own = _write(OWN, tmp_path, "own")
    grown = import_verdicts(pool, verifier="judge", verifier_answers=own)
    assert _held(grown).equals(_held(_import(tmp_path / "pool", own=OWN)))
    with pytest.raises(BadInputError, match="in the pool already"):
        import_verdicts(grown, verifier="judge", verifier_answers=own)
    with pytest.raises(NotInPoolError, match="no verifier 'other'"):
        import_verdicts(grown, verifier="other", verifier_answers=own)
    with pytest.raises(BadInputError, match="give --verifications"):
        import_verdicts(grown, verifier="judge")


def test_an_export_reads_back(tmp_path):
    pool = _import(tmp_path)
    folder = export_pool(pool, tmp_path / "export")
    again = import_tables(
        tmp_path / "again",
        folder / "answers.parquet",
        problems=folder / "problems.parquet",
        verifications=folder / "verdicts.parquet",
        verifier_answers=folder / "verifier_answers.parquet",
    )
    assert _held(again).equals(_held(pool))
    assert "--verifier-answers verifier_answers.parquet" in (folder / "README.md").read_text()

import polars as pl
import pytest

from svlaw.data.check import check_pool
from svlaw.data.examples import open_example
from svlaw.data.pool import create_pool, open_pool

ANSWERS = pl.DataFrame(
    {
        "problem_id": ["p", "p", "q", "q"],
        "solution_id": [0, 1, 0, 1],
        "answer_class": [0, 0, None, 0],
        "is_correct": [True, False, False, False],
        "status": ["graded", "graded", "no_answer", "truncated"],
    }
)


def verdicts(**columns):
    base = {
        "problem_id": ["p", "p", "q"],
        "solution_id": [0, 1, 0],
        "verification_id": [0, 0, 0],
        "verdict": ["yes", "no", None],
        "score": [1.0, 0.0, None],
        "status": ["graded", "graded", "unparsed"],
    }
    return pl.DataFrame({**base, **columns})


def make(path, frame):
    with create_pool(path, {}) as writer:
        writer.add("answers", ANSWERS)
        writer.add("verdicts", frame, verifier="v")
    return open_pool(path)


def found(pool):
    return {check.subject: (check.level, check.message) for check in check_pool(pool)}


def test_what_a_pool_holds(tmp_path):
    checks = found(make(tmp_path / "pool", verdicts()))
    assert checks["solutions"] == ("ok", "2 per problem, 4 in all")
    assert checks["accuracy"] == ("ok", "0.250")
    assert checks["problems never solved"] == ("note", "1 of 2 (50.0%)")
    assert checks["solutions without an answer"] == ("note", "1 of 4 (25.0%)")
    assert checks["answer classes that mix right and wrong"] == ("note", "1 of 2 (50.0%)")
    assert checks["truncated solutions"] == ("note", "1 of 4 (25.0%)")
    assert checks["unparsed verdicts (v)"] == ("note", "1 of 3 (33.3%)")
    assert checks["true positive rate (v)"] == ("ok", "1.000")
    assert checks["false positive rate (v)"] == ("ok", "0.000")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"solution_id": [0, 1, 9]}, "1 belong to no solution"),
        ({"score": [1.0, 2.0, None]}, r"1 scores lie outside \[0, 1\]"),
    ],
)
def test_unsound_verdicts_are_errors(tmp_path, change, message):
    checks = check_pool(make(tmp_path / "pool", verdicts(**change)))
    (error,) = [check for check in checks if check.level == "error"]
    assert error.message.startswith(message.replace("\\", ""))


def test_a_key_in_two_parts_is_an_error(tmp_path):
    pool = make(tmp_path / "pool", verdicts())
    (part,) = pool.parts("answers")
    part.with_name("part-000001-copy.parquet").write_bytes(part.read_bytes())
    assert found(pool)["answers keys"][0] == "error"


def test_published_rates_of_the_real_pools():
    exams = found(open_example("exams_gpt35_by_gpt4"))
    assert exams["true positive rate (gpt4_resolve)"] == ("ok", "0.918")
    assert exams["false positive rate (gpt4_resolve)"] == ("ok", "0.204")
    humaneval = found(open_example("humaneval_codegen16b"))
    assert humaneval["answer classes that mix right and wrong"][1].startswith("38 of")
    assert humaneval["verdicts (generated_tests)"][1].startswith("ragged, 1 to 299")
    published = found(open_example("singhi2025_fig1"))
    assert published["best_of_n"] == ("ok", "54 points, S up to 256, V up to 32")

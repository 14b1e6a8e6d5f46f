"""The findings of a check, each with its verdict."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from svlaw.analysis.checks.findings import is_sound
from svlaw.analysis.checks.pool_check import check_pool
from svlaw.analysis.checks.solution_checks import SUPPORT, most_held
from svlaw.analysis.cost import measure_lambda
from svlaw.analysis.success.grid import choose_grid
from svlaw.analysis.success.sample_reader import SampleReader
from svlaw.data.examples import list_examples, open_example
from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_writer import append, create_pool
from svlaw.data.verdicts.pool_parsing import parse_pool

ANSWERS = pl.DataFrame(
    {
        "problem_id": ["p", "p", "q", "q"],
        "solution_id": [0, 1, 0, 1],
        "answer_class": [0, 0, None, 0],
        "is_correct": [True, False, False, False],
        "status": ["graded", "graded", "no_answer", "truncated"],
    }
)
TYPES = {"solution_id": pl.Int32, "verification_id": pl.Int32, "seed": pl.Int64}


def verdicts(**columns: Any) -> pl.DataFrame:
    base = {
        "problem_id": ["p", "p", "q"],
        "solution_id": [0, 1, 0],
        "verification_id": [0, 0, 0],
        "verdict": ["yes", "no", None],
        "score": [1.0, 0.0, None],
        "status": ["graded", "graded", "unparsed"],
    }
    return pl.DataFrame({**base, **columns})


def solutions(**columns: Any) -> pl.DataFrame:
    base = {
        "problem_id": ["p", "p", "q", "q"],
        "solution_id": [0, 1, 0, 1],
        "text": ["a", "b", "a", "c"],
        "seed": [1, 2, 1, 2],
        "finish_reason": ["stop", "stop", "stop", "length"],
    }
    return pl.DataFrame({**base, **columns}, schema_overrides={"text": pl.String, **TYPES})


def verifications(**columns: Any) -> pl.DataFrame:
    base = {
        "problem_id": ["p", "p", "q"],
        "solution_id": [0, 1, 0],
        "verification_id": [0, 0, 0],
        "text": ["Yes", "No", "?"],
    }
    return pl.DataFrame({**base, **columns}, schema_overrides={"text": pl.String, **TYPES})


def make(path: Path, **tables: pl.DataFrame) -> Pool:
    with create_pool(path, {}) as writer:
        for name, frame in {"answers": ANSWERS, **tables}.items():
            verifier = "v" if name in ("verdicts", "verifications") else None
            writer.add(name, frame, verifier=verifier)
    return open_pool(path)


def found(pool: Pool) -> dict[str, tuple[str, str]]:
    checks = check_pool(pool)
    assert len({check.subject for check in checks}) == len(checks)
    return {check.subject: (check.level, check.message) for check in checks}


def errors(pool: Pool) -> list[tuple[str, str]]:
    return [(c.subject, c.message) for c in check_pool(pool) if c.level == "error"]


def test_what_a_pool_holds(tmp_path: Path) -> None:
    checks = found(make(tmp_path / "pool", verdicts=verdicts()))
    assert checks["answers keys"] == ("ok", "4 rows, every key once")
    assert checks["verdicts keys (v)"] == ("ok", "3 rows, every key once")
    assert checks["problems"] == ("ok", "2 in all")
    assert checks["solutions"] == ("ok", "2 per problem, 4 in all")
    assert checks["largest S"] == ("ok", "2 in every problem")
    assert checks["accuracy"][1].startswith("0.250 [")
    assert checks["problems never solved"] == ("note", "1 of 2 (50.0%)")
    assert checks["solutions without an answer"] == ("note", "1 of 4 (25.0%)")
    assert checks["answer classes that mix right and wrong"] == ("note", "1 of 2 (50.0%)")
    assert checks["truncated solutions"] == ("note", "1 of 4 (25.0%) flagged")
    assert checks["verdicts (v)"] == ("ok", "1 per verified solution, 3 in all")
    assert checks["verified solutions (v)"] == ("ok", "3 of 4 (75.0%)")
    assert checks["accuracy of verified solutions (v)"][1].startswith("0.250 against 0.250")
    assert checks["largest S and V (v)"] == ("ok", "S = 1 with V = 1 in every problem")
    assert checks["unparsed verdicts (v)"] == ("note", "1 of 3 (33.3%)")
    assert checks["truncated verifications (v)"][0] == "ok"
    assert checks["true positive rate (v)"][1].startswith("1.000 (a single problem")
    assert checks["false positive rate (v)"][1].startswith("0.000 (a single problem")
    assert checks["correlation of verdicts (v)"][0] == "note"
    assert checks["lambda (v)"][0] == "note"


@pytest.mark.parametrize(
    ("change", "subject", "message"),
    [
        ({"solution_id": [0, 1, 9]}, "verdicts (v)", "1 belong to no solution"),
        ({"problem_id": ["p", "p", "r"]}, "verdicts (v)", "1 belong to no solution"),
        ({"score": [1.0, 2.0, None]}, "verdicts values (v)", "1 scores lie outside [0, 1]"),
        ({"score": [-0.1, 2.0, None]}, "verdicts values (v)", "2 scores lie outside [0, 1]"),
        ({"score": [1.0, float("nan"), 0.5]}, "verdicts values (v)", "1 scores are not a number"),
    ],
)
def test_unsound_verdicts_are_errors(
    tmp_path: Path, change: dict[str, Any], subject: str, message: str
) -> None:
    pool = make(tmp_path / "pool", verdicts=verdicts(**change))
    ((where, words),) = errors(pool)
    assert where == subject
    assert words.startswith(message)
    assert not is_sound(check_pool(pool))


@pytest.mark.parametrize("table", ["answers", "verdicts", "problems", "solutions", "verifications"])
def test_a_key_in_two_parts_is_an_error(tmp_path: Path, table: str) -> None:
    pool = make(
        tmp_path / "pool",
        verdicts=verdicts(),
        problems=pl.DataFrame({"problem_id": ["p", "q"]}),
        solutions=solutions(),
        verifications=verifications(),
    )
    assert is_sound(check_pool(pool))
    verifier = "v" if table in ("verdicts", "verifications") else None
    (part,) = pool.parts(table, verifier)
    pl.read_parquet(part).tail(1).write_parquet(part.with_name("part-000001-copy.parquet"))
    (error, *further) = errors(pool)
    name = f"{table} keys (v)" if verifier else f"{table} keys"
    assert error == (name, "1 rows repeat a key; import the pool again")
    # The copied row also repeats its seed and text.
    assert [subject for subject, _ in further] == (["solution seeds"] * (table == "solutions"))


def overwrite(pool: Pool, table: str, *expressions: pl.Expr) -> None:
    """Change a part behind svlaw's back."""
    (part,) = pool.parts(table)
    pl.read_parquet(part).with_columns(expressions).write_parquet(
        part.rename(part.with_name("part-000000.parquet"))
    )


def test_values_that_another_program_wrote_are_errors(tmp_path: Path) -> None:
    pool = make(tmp_path / "pool")
    odd = pl.when(pl.col("solution_id") == 0).then(pl.lit("odd")).otherwise(pl.col("status"))
    right = pl.when(pl.col("solution_id") == 0).then(pl.col("is_correct")).alias("is_correct")
    overwrite(pool, "answers", odd.alias("status"), right)
    assert errors(pool) == [
        ("answers values", "2 rows have no is_correct; import the pool again"),
        ("answers values", "2 rows have an unknown status; import the pool again"),
    ]


def test_answers_of_unknown_problems_are_errors(tmp_path: Path) -> None:
    pool = make(tmp_path / "pool", problems=pl.DataFrame({"problem_id": ["p", "z"]}))
    checks = found(pool)
    assert checks["answers"][0] == "error"
    assert checks["answers"][1].startswith("2 belong to no problem")
    assert checks["problems"] == ("note", "2 in all, 1 have no solution")


def test_text_that_belongs_to_nothing_is_a_note(tmp_path: Path) -> None:
    """It is never analysed, so the figures stand."""
    pool = make(
        tmp_path / "pool",
        verdicts=verdicts(),
        verifications=verifications(solution_id=[0, 1, 9]),
        solutions=solutions(),
    )
    assert found(pool)["verifications (v)"] == (
        "note",
        "1 belong to no solution; they are not analysed",
    )
    assert is_sound(check_pool(pool))


def test_repeated_texts(tmp_path: Path) -> None:
    """Repeats count within a problem, and within a solution; blank ones are counted apart."""
    pool = make(
        tmp_path / "pool",
        solutions=solutions(text=["a", "a", "a", " \n"], seed=[1, 2, 1, 2]),
        verdicts=verdicts(solution_id=[0, 0, 0], verification_id=[0, 1, 0]),
        verifications=verifications(
            solution_id=[0, 0, 0], verification_id=[0, 1, 0], text=["Yes", "Yes", "Yes"]
        ),
    )
    checks = found(pool)
    assert checks["duplicate solution texts"] == (
        "note",
        "1 of 4 (25.0%) repeat another of their problem",
    )
    assert checks["blank solution texts"] == ("note", "1 of 4 (25.0%)")
    assert checks["duplicate verification texts (v)"] == (
        "note",
        "1 of 3 (33.3%) repeat another of their solution",
    )
    assert "blank verification texts (v)" not in checks
    assert "solutions without text" not in checks
    silent = make(
        tmp_path / "silent",
        solutions=solutions(
            text=["a", None, None, None], finish_reason=["stop", "refused", "refused", "too_long"]
        ),
    )
    assert found(silent)["solutions without text"] == (
        "note",
        "3 of 4 (75.0%) refused: 2, too_long: 1",
    )
    apart = make(tmp_path / "apart", solutions=solutions())
    assert found(apart)["duplicate solution texts"][0] == "ok"


def test_repeats_are_found_across_parts(tmp_path: Path) -> None:
    frame = solutions(text=["a", "b", "c", "d"])
    pool = make(tmp_path / "pool", solutions=frame.head(2))
    more = solutions(text=["b", "b", "c", "b"], solution_id=[2, 3, 2, 3], seed=[3, 4, 5, 6])
    pool = append(pool, "solutions", more)
    assert found(pool)["duplicate solution texts"][1].startswith("2 of 6 (33.3%)")


LONG = "word " * 400


def test_texts_that_differ_at_their_end_are_different(tmp_path: Path) -> None:
    texts = [LONG + "x", LONG + "y", LONG + "x", LONG + "x"]
    pool = make(tmp_path / "pool", solutions=solutions(text=texts))
    assert found(pool)["duplicate solution texts"][1].startswith("1 of 4")


@pytest.mark.parametrize(
    ("seed", "text", "level", "words"),
    [
        ([1, 2, 1, 2], ["a", "b", "a", "c"], "ok", "4, none twice within a problem"),
        ([7, 7, 1, 2], ["a", "b", "a", "c"], "note", "1 of 4 (25.0%) repeat another of their"),
        ([7, 7, 7, 7], ["a", "a", "a", "c"], "note", "2 of 4 (50.0%) repeat"),
        ([7, 7, 1, 2], ["a", "a", "a", "c"], "error", "1 of 4 (25.0%) repeat"),
        ([7, 7, 7, 7], ["a", "a", "b", "b"], "error", "2 of 4 (50.0%) repeat"),
        ([7, 7, 7, 7], [None] * 4, "note", "2 of 4 (50.0%) repeat another of their problem, 0"),
        ([None, None, 3, 3], ["a", "a", "b", "b"], "error", "1 of 2 (50.0%) repeat"),
        ([None] * 4, ["a", "a", "a", "a"], "note", "not stored"),
    ],
)
def test_repeated_seeds(tmp_path: Path, seed: Any, text: Any, level: str, words: str) -> None:
    """A seed that always brings its text back is the same draw; else it is a label."""
    pool = make(tmp_path / "pool", solutions=solutions(seed=seed, text=text))
    check = found(pool)["solution seeds"]
    assert check[0] == level
    assert check[1].startswith(words)


def test_seeds_of_verifications_repeat_within_a_solution(tmp_path: Path) -> None:
    frame = {
        "problem_id": ["p"] * 4,
        "solution_id": [0, 0, 1, 1],
        "verification_id": [0, 1, 0, 1],
        "text": ["Yes", "No", "Yes", "No"],
        "seed": [1, 2, 1, 2],
    }
    pool = make(tmp_path / "a", verifications=verifications(**frame))
    assert found(pool)["verification seeds (v)"][0] == "ok"
    frame |= {"seed": [1, 1, 1, 2], "text": ["Yes", "Yes", "Yes", "No"]}
    pool = make(tmp_path / "b", verifications=verifications(**frame))
    assert found(pool)["verification seeds (v)"][0] == "error"


def test_truncation_by_finish_reason(tmp_path: Path) -> None:
    pool = make(
        tmp_path / "pool",
        solutions=solutions(finish_reason=["length", "stop", "stop", "length"]),
        verifications=verifications(finish_reason=["length", "stop", "length"]),
    )
    parse_pool(pool)
    checks = found(pool)
    assert checks["truncated solutions"] == (
        "note",
        "2 of 4 (50.0%) reached the length limit, 1 flagged",
    )
    assert checks["truncated verifications (v)"] == (
        "note",
        "2 of 3 (66.7%) reached the length limit, 1 of them without a verdict",
    )
    assert checks["unparsed verdicts (v)"] == ("note", "1 of 3 (33.3%)")


def test_answers_that_timed_out(tmp_path: Path) -> None:
    frame = ANSWERS.with_columns(status=pl.Series(["timeout", "graded", "no_answer", "graded"]))
    with create_pool(tmp_path / "pool", {}) as writer:
        writer.add("answers", frame)
    checks = found(open_pool(tmp_path / "pool"))
    assert checks["answers that ran out of grading time"] == ("note", "1 of 4 (25.0%)")


def test_stored_text_that_was_never_graded_or_parsed(tmp_path: Path) -> None:
    pool = make(tmp_path / "pool", verifications=verifications(), solutions=solutions())
    checks = found(pool)
    assert checks["verification texts (v)"] == ("note", "3 stored, 0 verdicts; run 'svlaw parse'")
    assert "verdicts (v)" not in checks
    more = solutions(solution_id=[2, 3, 2, 3], text=["d", "e", "f", "g"], seed=[3, 4, 3, 4])
    checks = found(append(pool, "solutions", more))
    assert checks["solution texts"] == ("note", "8 stored, 4 answers; run 'svlaw grade'")


def many(rng: np.random.Generator, tpr: float, fpr: float, size: float) -> dict[str, pl.DataFrame]:
    """A pool of 40 problems x 20 solutions x 10 verdicts; `size` sets their correlation."""
    P, N, V = 40, 20, 10
    right = rng.random((P, N)) < rng.beta(1, 1, (P, 1))
    rate = np.where(right, tpr, fpr)
    chance = rng.beta(size * rate, size * (1 - rate))
    yes = rng.random((P, N, V)) < chance[:, :, None]
    problem = np.repeat([f"p{i:02d}" for i in range(P)], N)
    solution = np.tile(np.arange(N, dtype=np.int32), P)
    answers = pl.DataFrame(
        {
            "problem_id": problem,
            "solution_id": solution,
            "answer_class": pl.Series((~right).ravel().astype(np.int32)),
            "is_correct": right.ravel(),
            "status": ["graded"] * (P * N),
            "output_tokens": pl.Series([200] * (P * N), dtype=pl.Int32),
        }
    )
    verdict = pl.DataFrame(
        {
            "problem_id": problem.repeat(V),
            "solution_id": solution.repeat(V),
            "verification_id": np.tile(np.arange(V, dtype=np.int32), P * N),
            "verdict": np.where(yes.ravel(), "yes", "no"),
            "score": yes.ravel().astype(float),
            "status": ["graded"] * (P * N * V),
            "output_tokens": pl.Series([500] * (P * N * V), dtype=pl.Int32),
        }
    )
    return {"answers": answers, "verdicts": verdict}


def bounds(message: str) -> tuple[float, float]:
    low, high = message[message.index("[") + 1 : message.index("]")].split(",")
    return float(low), float(high)


def test_the_quality_of_a_verifier(tmp_path: Path) -> None:
    pool = make(tmp_path / "pool", **many(np.random.default_rng(0), 0.8, 0.3, 4.0))
    checks = found(pool)
    for subject, truth in (("true positive rate (v)", 0.8), ("false positive rate (v)", 0.3)):
        low, high = bounds(checks[subject][1])
        assert low <= truth <= high
        assert 0.02 < high - low < 0.15
    level, message = checks["better than chance (v)"]
    low, high = bounds(message)
    assert level == "ok"
    assert low <= 0.5 <= high
    words = checks["correlation of verdicts (v)"][1]
    # A Beta law of size 4 gives a correlation of 1 / (1 + 4) given correctness.
    parts = [float(part.split()[0]) for part in words.split("(")[1].split(",")]
    assert parts == pytest.approx([0.2, 0.2], abs=0.04)
    assert float(words.split()[0]) > 0.3
    assert checks["lambda (v)"] == ("ok", "2.5 [2.5, 2.5], measured in tokens")
    assert checks["mean length of solutions"] == ("ok", "200.0 tokens")
    assert checks["mean length of verifications (v)"] == ("ok", "500.0 tokens")
    assert checks["largest S and V (v)"] == ("ok", "S = 20 with V = 10 in every problem")


def test_a_verifier_no_better_than_chance_is_a_note(tmp_path: Path) -> None:
    pool = make(tmp_path / "pool", **many(np.random.default_rng(1), 0.5, 0.5, 4.0))
    level, message = found(pool)["better than chance (v)"]
    assert level == "note"
    assert message.endswith("no better than chance")
    assert is_sound(check_pool(pool))
    slight = found(make(tmp_path / "slight", **many(np.random.default_rng(1), 0.52, 0.5, 4.0)))
    level, message = slight["better than chance (v)"]
    low, high = bounds(message)
    assert low < 0 < low + high  # above 0, but not for sure
    assert level == "note"
    worse = make(tmp_path / "worse", **many(np.random.default_rng(1), 0.3, 0.7, 4.0))
    assert found(worse)["better than chance (v)"][0] == "note"


def test_verdicts_that_always_agree_are_a_note(tmp_path: Path) -> None:
    pool = make(tmp_path / "pool", **many(np.random.default_rng(2), 0.8, 0.3, 0.02))
    level, message = found(pool)["correlation of verdicts (v)"]
    assert level == "note"
    assert message.endswith("say little new")


def test_rates_of_scores_without_verdicts(tmp_path: Path) -> None:
    tables = many(np.random.default_rng(3), 0.8, 0.3, 4.0)
    with_words = found(make(tmp_path / "a", **tables))
    nothing = pl.lit(None, pl.String).alias("verdict")
    tables["verdicts"] = tables["verdicts"].with_columns(nothing)
    without = found(make(tmp_path / "b", **tables))
    subject = "true positive rate (v)"
    assert without[subject] == with_words[subject]


def test_lengths_and_lambda_are_those_of_the_analysis(tmp_path: Path) -> None:
    for name in ("exams_gpt35_by_gpt4", "humaneval_codegen16b"):
        pool = open_example(name)
        (verifier,) = pool.verifiers
        level, message = found(pool)[f"lambda ({verifier})"]
        try:
            measured = measure_lambda(pool)
        except Exception:
            assert level == "note"
        else:
            assert message.startswith(f"{measured.ratio:.3g} [")
            assert message.endswith(f"], measured in {measured.unit}")
    frame = solutions().with_columns(prompt_tokens=pl.Series([10, 20, 30, 50], dtype=pl.Int32))
    pool = make(tmp_path / "pool", solutions=frame)
    assert found(pool)["mean length of solutions"] == ("ok", "27.5 tokens of prompt")


def test_reach_is_that_of_the_grid(tmp_path: Path) -> None:
    """Ragged: the default grid's largest S and V, before they are cut to powers of two."""
    rng = np.random.default_rng(4)
    tables = many(rng, 0.8, 0.3, 4.0)
    keep = pl.struct("problem_id").hash(5) % 20
    tables["answers"] = tables["answers"].filter(pl.col("solution_id") <= keep)
    depth = (pl.struct("problem_id", "solution_id").hash(6) % 11).cast(pl.Int32)
    ragged = tables["verdicts"].filter(pl.col("verification_id") < depth)
    key = ["problem_id", "solution_id"]
    tables["verdicts"] = ragged.join(tables["answers"].select(key), on=key, how="semi")
    pool = make(tmp_path / "pool", **tables)
    holdings = SampleReader(pool, "v").holdings()
    for strategies, subject in (
        (["self_consistency"], "largest S"),
        (["best_of_n"], "largest S and V (v)"),
    ):
        grid = choose_grid(holdings, strategies, solutions="all", verifications="all")
        S, V = (int(values.max()) for values in grid.axes(strategies[0]))
        words = found(pool)[subject][1].rsplit(", ", 1)[1]
        expected = f"{S} in 80%" if V == 0 else f"S = {S} with V = {V} in 80%"
        assert words.startswith(expected)
    assert SUPPORT == 0.8


@pytest.mark.parametrize(
    ("counts", "most"),
    [
        ([], (0, 0)),
        ([5], (5, 5)),
        ([1, 2, 3, 4, 5], (1, 2)),
        ([0, 4, 4, 4, 4], (0, 4)),
        ([0, 0, 4, 4, 4], (0, 0)),
        ([3] * 8 + [1, 1], (1, 3)),
    ],
)
def test_what_most_problems_hold(counts: list[int], most: tuple[int, int]) -> None:
    assert most_held(counts) == most


def test_problems_without_solutions_or_verdicts(tmp_path: Path) -> None:
    problems = pl.DataFrame({"problem_id": ["a", "p", "q"]})
    checks = found(make(tmp_path / "pool", problems=problems, verdicts=verdicts()))
    assert checks["problems"] == ("note", "3 in all, 1 have no solution")
    assert checks["largest S"] == ("note", "none in every problem (1 have no solution)")
    assert checks["problems never solved"] == ("note", "2 of 3 (66.7%)")
    assert checks["largest S and V (v)"] == ("note", "none in every problem (1 have no verdict)")


@pytest.mark.parametrize("example", [example.name for example in list_examples()])
def test_examples_are_sound(example: str) -> None:
    assert is_sound(check_pool(open_example(example)))


def test_published_rates_of_the_real_pools() -> None:
    exams = found(open_example("exams_gpt35_by_gpt4"))
    assert exams["true positive rate (gpt4_resolve)"][1].startswith("0.918 [")
    assert exams["false positive rate (gpt4_resolve)"][1].startswith("0.204 [")
    assert exams["solution texts"][0] == "note"
    humaneval = found(open_example("humaneval_codegen16b"))
    assert humaneval["answer classes that mix right and wrong"][1].startswith("38 of")
    assert humaneval["verdicts (generated_tests)"][1].startswith("ragged, 1 to 299")
    assert "(9 have no verdict)" in humaneval["largest S and V (generated_tests)"][1]
    published = found(open_example("singhi2025_fig1"))
    assert published["best_of_n"] == ("ok", "54 points, S up to 256, V up to 32")
    assert published["per-problem data"][0] == "note"


def test_a_published_table_outside_its_range_is_an_error(tmp_path: Path) -> None:
    with create_pool(tmp_path / "pool", {}) as writer:
        writer.add(
            "success",
            pl.DataFrame(
                {
                    "strategy": ["coverage", "coverage"],
                    "solutions": [1, 2],
                    "verifications": [0, 0],
                    "success": [0.5, 55.0],
                }
            ),
        )
    assert errors(open_pool(tmp_path / "pool")) == [
        ("success values", "1 success lie outside [0, 1]; import the pool again")
    ]


def empty(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.clear()


@pytest.mark.parametrize(
    "tables",
    [
        {"answers": empty(ANSWERS)},
        {"answers": empty(ANSWERS), "verdicts": empty(verdicts())},
        {"verdicts": empty(verdicts()), "verifications": empty(verifications())},
        {"solutions": empty(solutions())},
        {"solutions": solutions(text=[None] * 4, seed=[None] * 4, finish_reason=[None] * 4)},
        {"verdicts": verdicts(verdict=[None] * 3, score=[None] * 3, status=["unparsed"] * 3)},
        {"problems": pl.DataFrame({"problem_id": ["z"]}), "verdicts": verdicts()},
        {"verdicts": verdicts(solution_id=[7, 8, 9])},
        {"answers": ANSWERS.with_columns(answer_class=pl.lit(None, pl.Int32))},
        {"answers": ANSWERS.with_columns(is_correct=True), "verdicts": verdicts()},
        {"answers": ANSWERS.head(1), "verdicts": verdicts().head(1)},
    ],
)
def test_odd_pools_never_stop_the_check(tmp_path: Path, tables: dict[str, pl.DataFrame]) -> None:
    pool = make(tmp_path / "pool", **tables)
    for check in check_pool(pool):
        assert check.message
        assert "nan" not in check.message
        assert "None" not in check.message


def test_an_empty_pool_is_an_error(tmp_path: Path) -> None:
    pool = make(tmp_path / "pool", answers=empty(ANSWERS))
    assert errors(pool) == [("problems", "none; import some")]


def test_progress_is_told(tmp_path: Path) -> None:
    reported: list[tuple[int, int]] = []
    pool = make(tmp_path / "pool", verdicts=verdicts())
    check_pool(pool, progress=lambda done, total: reported.append((done, total)))
    assert reported == [(1, 3), (2, 3), (3, 3)]


def test_the_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    tables = many(np.random.default_rng(6), 0.8, 0.3, 4.0)
    first = check_pool(make(tmp_path / "a", **tables))
    turned = {name: frame.reverse() for name, frame in tables.items()}
    pool = make(tmp_path / "b", **{n: f.head(f.height // 2) for n, f in turned.items()})
    for name, frame in turned.items():
        rest = frame.tail(frame.height - frame.height // 2)
        append(pool, name, rest, verifier="v" if name == "verdicts" else None)
    assert check_pool(open_pool(pool.path)) == first

"""From a pool's tables to arrays, whole and in batches."""

import re
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from svlaw.analysis.kernels.problem_sample import NO_CLASS, SCORE_UNIT, UNPARSED, ProblemSample
from svlaw.analysis.success.sample_reader import SampleReader, load_samples
from svlaw.analysis.success.success_table import success_table
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.examples import open_example
from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_writer import append, create_pool

SIZES = (1, 7, 10**9)
"""Batches of one problem each, of a few, and of all."""


def _assert_equal(found: ProblemSample, wanted: ProblemSample) -> None:
    for name in ("problem_id", "classes", "correct", "missing", "offsets", "scores"):
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name), err_msg=name)


def _read(reader: SampleReader, kept: np.ndarray | None = None) -> list[ProblemSample]:
    kept = np.ones(len(reader.problem_ids), np.bool_) if kept is None else kept
    return [sample for batch in reader.batches(kept) for sample in batch]


def _scatter(make_pool, answers: pl.DataFrame, verdicts: pl.DataFrame) -> Pool:
    """The pool with rows of every problem in several parts."""
    answers, verdicts = (f.sample(fraction=1, shuffle=True, seed=3) for f in (answers, verdicts))
    pool = make_pool(answers[:25], v=verdicts[30:])
    pool = append(pool, "answers", answers[25:])
    pool = append(pool, "verdicts", verdicts[:10], verifier="v")
    return append(pool, "verdicts", verdicts[10:30], verifier="v")


def _repeat_part(pool: Pool, table: str, verifier: str | None = None) -> None:
    """Give a table its rows twice, as a copied file would."""
    (part,) = pool.parts(table, verifier)
    part.with_name("part-000001-copy.parquet").write_bytes(part.read_bytes())


def test_a_pool_gives_each_problems_arrays(problems, make_pool) -> None:
    held = problems.many(0, 30)
    answers, verdicts = problems.frames(held)
    samples = load_samples(make_pool(answers, v=verdicts), "v")
    assert len(samples) == 30
    for i, (found, problem) in enumerate(zip(samples, held, strict=True)):
        _assert_equal(found, problems.sample(problem, f"p{i:02d}"))


@pytest.mark.parametrize("batch_rows", SIZES)
@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("scattered", [False, True])
def test_batches_and_order_of_rows_do_not_matter(
    scattered: bool, shuffled: bool, batch_rows: int, problems, make_pool, shuffle_parts
) -> None:
    held = problems.many(1, 12)
    answers, verdicts = problems.frames(held)
    pool = _scatter(make_pool, answers, verdicts) if scattered else make_pool(answers, v=verdicts)
    if shuffled:
        shuffle_parts(pool, 4)
    reader = SampleReader(pool, "v", batch_rows=batch_rows)
    samples = _read(reader)
    assert [s.problem_id for s in samples] == list(reader.problem_ids)
    for i, (found, problem) in enumerate(zip(samples, held, strict=True)):
        _assert_equal(found, problems.sample(problem, f"p{i:02d}"))


def test_batches_hold_no_more_rows_than_wanted(problems, make_pool) -> None:
    answers, verdicts = problems.frames(problems.many(6, 40))
    reader = SampleReader(make_pool(answers, v=verdicts), "v", batch_rows=30)
    kept = np.ones(40, np.bool_)
    sizes = [[s.n_solutions + s.scores.size for s in batch] for batch in reader.batches(kept)]
    assert sum(map(len, sizes)) == 40
    assert 5 < len(sizes) < 40
    assert all(sum(batch) <= 30 or len(batch) == 1 for batch in sizes)
    assert all(sum(a) + b[0] > 30 for a, b in pairwise(sizes))


@pytest.mark.parametrize("only_verified", [False, True])
@pytest.mark.parametrize("batch_rows", SIZES)
@pytest.mark.parametrize("verifier", ["v", None])
def test_holdings_are_what_the_samples_hold(
    verifier, batch_rows: int, only_verified: bool, problems, make_pool
) -> None:
    answers, verdicts = problems.frames(problems.many(7, 9))
    ids = sorted({*answers["problem_id"], "a", "p005", "z"})
    pool = make_pool(answers, problems=ids, v=verdicts)
    reader = SampleReader(pool, verifier, only_verified=only_verified, batch_rows=batch_rows)
    holdings, samples = reader.holdings(), _read(reader)
    assert [s.problem_id for s in samples] == ids
    for holding, sample in zip(holdings, samples, strict=True):
        assert holding.n_solutions == sample.n_solutions == holding.depths.size
        assert sorted(holding.depths) == sorted(sample.n_verdicts)
        assert not only_verified or (sample.n_verdicts > 0).all()


@pytest.mark.parametrize("batch_rows", SIZES)
def test_only_verified_leaves_out_the_others(batch_rows: int, problems, make_pool) -> None:
    held = problems.many(8, 20)
    answers, verdicts = problems.frames(held)
    pool = make_pool(answers, v=verdicts)
    reader = SampleReader(pool, "v", only_verified=True, batch_rows=batch_rows)
    for i, (found, problem) in enumerate(zip(_read(reader), held, strict=True)):
        verified = [s for s in problem if s.verdicts]
        _assert_equal(found, problems.sample(verified, f"p{i:02d}"))


@pytest.mark.parametrize("asked_first", [False, True])
@pytest.mark.parametrize("batch_rows", SIZES)
def test_only_the_kept_problems_come(
    batch_rows: int, asked_first: bool, problems, make_pool
) -> None:
    held = problems.many(9, 20)
    answers, verdicts = problems.frames(held)
    reader = SampleReader(make_pool(answers, v=verdicts), "v", batch_rows=batch_rows)
    if asked_first:
        reader.holdings()
    kept = np.isin(np.arange(20), [0, 3, 4, 11, 19])
    samples = _read(reader, kept)
    assert [s.problem_id for s in samples] == ["p00", "p03", "p04", "p11", "p19"]
    for found, i in zip(samples, np.flatnonzero(kept), strict=True):
        _assert_equal(found, problems.sample(held[i], f"p{i:02d}"))
    assert _read(reader, np.zeros(20, np.bool_)) == []


def test_a_batch_of_none_that_are_kept_is_not_read(problems, make_pool) -> None:
    answers, verdicts = problems.frames(problems.many(9, 20))
    pool = make_pool(answers, v=verdicts)
    reader = SampleReader(pool, "v", batch_rows=1)
    for part in (*pool.parts("answers"), *pool.parts("verdicts", "v")):
        part.unlink()
    assert _read(reader, np.zeros(20, np.bool_)) == []


def test_ids_need_not_be_dense(make_pool) -> None:
    answers = pl.DataFrame(
        {
            "problem_id": ["é", "b", "é", "b", "Z"],
            "solution_id": [7, 3, 2, 9, 0],
            "answer": ["x", "y", None, "z", "x"],
            "answer_class": [5, 3, None, 8, 4],
            "is_correct": [True, False, False, True, True],
            "status": ["graded", "graded", "no_answer", "graded", "graded"],
        }
    )
    verdicts = pl.DataFrame(
        {
            "problem_id": ["b", "é", "b"],
            "solution_id": [9, 2, 9],
            "verification_id": [40, 1, 4],
            "score": [0.25, 1.0, None],
            "status": ["graded", "graded", "unparsed"],
        }
    )
    samples = load_samples(make_pool(answers, v=verdicts), "v")
    assert [s.problem_id for s in samples] == ["Z", "b", "é"]
    z, b, e = samples
    assert z.classes.tolist() == [0]
    assert z.offsets.tolist() == [0, 0]
    assert b.classes.tolist() == [0, 1]
    assert b.correct.tolist() == [False, True]
    assert b.offsets.tolist() == [0, 0, 2]
    assert b.scores.tolist() == [UNPARSED, SCORE_UNIT // 4]
    assert e.classes.tolist() == [NO_CLASS, 0]
    assert e.missing.tolist() == [True, False]
    assert e.scores.tolist() == [SCORE_UNIT]


@pytest.mark.parametrize("batch_rows", SIZES)
def test_any_text_may_be_a_problem_id(batch_rows: int, problems, make_pool, shuffle_parts) -> None:
    """Batches are runs of ids in their order; Polars and Python must agree on it."""
    ids = ["", "-1", "10", "9", "A/b c", "a\nb", "p", "p p", "é", "z", "￿", "𝔸"]
    held = problems.many(10, len(ids))
    named = pl.col("problem_id").replace_strict({f"p{i:02d}": x for i, x in enumerate(ids)})
    answers, verdicts = (f.with_columns(named) for f in problems.frames(held))
    pool = make_pool(answers, v=verdicts)
    shuffle_parts(pool, 5)
    reader = SampleReader(pool, "v", batch_rows=batch_rows)
    assert list(reader.problem_ids) == sorted(ids)
    found = {s.problem_id: s for s in _read(reader)}
    for name, problem in zip(ids, held, strict=True):
        _assert_equal(found[name], problems.sample(problem, name))


@pytest.mark.parametrize(
    ("status", "answer_class", "missing"),
    [
        ("graded", 0, False),
        ("graded", None, False),  # graded without an answer to read: it did answer
        ("no_answer", None, True),
        ("truncated", None, True),
        ("timeout", None, True),
        ("truncated", 0, False),  # cut off, but an answer could be read
    ],
)
def test_what_counts_as_missing(status, answer_class, missing, make_pool) -> None:
    answers = pl.DataFrame(
        {
            "problem_id": ["p"],
            "solution_id": [0],
            "answer_class": [answer_class],
            "is_correct": [True],
            "status": [status],
        },
        schema_overrides={"answer_class": pl.Int32},
    )
    (sample,) = load_samples(make_pool(answers))
    assert sample.missing.tolist() == [missing]
    assert sample.classes.tolist() == [NO_CLASS if answer_class is None else 0]


@pytest.mark.parametrize("batch_rows", SIZES)
def test_problems_without_solutions_are_empty(batch_rows: int, problems, make_pool) -> None:
    answers, verdicts = problems.frames(problems.many(2, 2))
    pool = make_pool(answers, problems=["a", "p00", "p005", "p01"], v=verdicts)
    samples = _read(SampleReader(pool, "v", batch_rows=batch_rows))
    assert [s.problem_id for s in samples] == ["a", "p00", "p005", "p01"]
    assert [s.n_solutions > 0 for s in samples] == [False, True, False, True]
    assert samples[0].shares.size == 0
    _assert_equal(samples[3], load_samples(make_pool(answers, v=verdicts), "v")[1])


def test_without_a_verifier_there_are_no_verdicts(problems, make_pool) -> None:
    answers, verdicts = problems.frames(problems.many(3, 5))
    for sample in load_samples(make_pool(answers, v=verdicts)):
        assert sample.scores.size == 0
        assert sample.n_verdicts.sum() == 0
        assert sample.n_verdicts.size == sample.n_solutions


def test_verifiers_are_told_apart(problems, make_pool) -> None:
    answers, verdicts = problems.frames(problems.many(11, 8))
    few = verdicts.filter(pl.col("verification_id") == 0)
    pool = make_pool(answers, v=verdicts, w=few)
    for name, frame in (("v", verdicts), ("w", few)):
        alone = load_samples(make_pool(answers, v=frame), "v")
        for found, wanted in zip(load_samples(pool, name), alone, strict=True):
            _assert_equal(found, wanted)


def test_what_a_pool_does_not_hold(problems, make_pool) -> None:
    answers, verdicts = problems.frames(problems.many(4, 5))
    with pytest.raises(NotInPoolError, match="verifier 'other'"):
        load_samples(make_pool(answers, v=verdicts), "other")
    with pytest.raises(NotInPoolError, match="holds no answers"):
        load_samples(open_example("singhi2025_fig1"))


def _without_a_verified_solution(answers: pl.DataFrame, verdicts: pl.DataFrame) -> pl.DataFrame:
    return answers.join(verdicts[:1], on=["problem_id", "solution_id"], how="anti")


def _refusal(pool: Pool, verifier: str | None, batch_rows: int) -> str:
    with pytest.raises(BadInputError) as error:
        _read(SampleReader(pool, verifier, batch_rows=batch_rows))
    assert "\n" not in str(error.value)
    assert str(pool.path) in str(error.value)
    with pytest.raises(BadInputError, match=re.escape(str(error.value))):
        SampleReader(pool, verifier, batch_rows=batch_rows).holdings()
    return str(error.value)


@pytest.mark.parametrize("batch_rows", SIZES)
def test_a_verdict_of_no_solution_is_an_error(batch_rows: int, problems, make_pool) -> None:
    answers, verdicts = problems.frames(problems.many(12, 10))
    pool = make_pool(_without_a_verified_solution(answers, verdicts), v=verdicts)
    assert "some verdicts belong to no solution" in _refusal(pool, "v", batch_rows)


@pytest.mark.parametrize("stranger", ["a", "p03x", "z"])
@pytest.mark.parametrize("batch_rows", [1, 7, 10**9])
def test_a_verdict_of_no_problem_is_an_error(
    stranger: str, batch_rows: int, problems, make_pool
) -> None:
    answers, verdicts = problems.frames(problems.many(12, 10))
    extra = verdicts[:1].with_columns(pl.lit(stranger).alias("problem_id"))
    pool = make_pool(answers, v=pl.concat([verdicts, extra]))
    assert "belong to no solution" in _refusal(pool, "v", batch_rows)


@pytest.mark.parametrize("batch_rows", SIZES)
def test_a_repeated_solution_is_an_error(batch_rows: int, problems, make_pool) -> None:
    answers, verdicts = problems.frames(problems.many(13, 10))
    pool = make_pool(answers, v=verdicts)
    _repeat_part(pool, "answers")
    assert "keys repeat" in _refusal(pool, "v", batch_rows)


@pytest.mark.parametrize("batch_rows", SIZES)
def test_a_repeated_solution_is_an_error_without_a_verifier(
    batch_rows: int, problems, make_pool
) -> None:
    pool = make_pool(problems.frames(problems.many(13, 10))[0])
    _repeat_part(pool, "answers")
    assert "repeat" in _refusal(pool, None, batch_rows)


@pytest.mark.parametrize("batch_rows", SIZES)
def test_a_repeated_verdict_is_an_error(batch_rows: int, problems, make_pool) -> None:
    answers, verdicts = problems.frames(problems.many(13, 10))
    pool = make_pool(answers, v=verdicts)
    _repeat_part(pool, "verdicts", "v")
    with pytest.raises(BadInputError, match=r"keys repeat in verdicts \(problem_id 'p00'"):
        _read(SampleReader(pool, "v", batch_rows=batch_rows))


@pytest.mark.parametrize("batch_rows", [1, 7, 10**9])
def test_solutions_of_no_listed_problem_do_not_disturb_the_others(
    batch_rows: int, problems, make_pool
) -> None:
    """Answers appended to a pool may be of a problem that its table of problems lacks."""
    held = problems.many(14, 6)
    answers, verdicts = problems.frames(held)
    pool = make_pool(answers, problems=["p00", "p02", "p03", "p04", "p05"], v=verdicts)
    for found in _read(SampleReader(pool, "v", batch_rows=batch_rows)):
        i = int(found.problem_id[1:])
        _assert_equal(found, problems.sample(held[i], found.problem_id))


@pytest.mark.parametrize("batch_rows", SIZES)
@pytest.mark.parametrize(("table", "verifier"), [("answers", None), ("verdicts", "v")])
def test_a_damaged_part_is_one_line(
    table: str, verifier: str | None, batch_rows: int, problems, make_pool
) -> None:
    answers, verdicts = problems.frames(problems.many(15, 10))
    pool = make_pool(answers, v=verdicts)
    (part,) = pool.parts(table, verifier)
    part = part.rename(part.with_name("part-000000.parquet"))  # whose name tells no digest
    whole = part.read_bytes()
    for damaged in (b"", b"nothing of the kind", whole[: len(whole) // 2], whole[:-1]):
        part.write_bytes(damaged)
        message = _refusal(pool, "v", batch_rows)
        assert f"a part of '{table}' is damaged" in message
        assert message.endswith("import the pool again")


def test_a_part_damaged_between_batches_is_one_line(problems, make_pool) -> None:
    answers, verdicts = problems.frames(problems.many(15, 10))
    pool = make_pool(answers, v=verdicts)
    reader = SampleReader(pool, "v", batch_rows=1)
    reader.holdings()
    batches = reader.batches(np.ones(10, np.bool_))
    next(batches)
    (part,) = pool.parts("verdicts", "v")
    part.write_bytes(part.read_bytes()[:100])
    with pytest.raises(BadInputError, match=rf"{part.name}: damaged|'verdicts' is damaged"):
        next(batches)


@pytest.mark.parametrize("batch_rows", SIZES)
def test_reading_errors_end_an_analysis(batch_rows: int, problems, make_pool) -> None:
    answers, verdicts = problems.frames(problems.many(16, 10))
    pool = make_pool(_without_a_verified_solution(answers, verdicts), v=verdicts)
    with pytest.raises(BadInputError, match="belong to no solution"):
        success_table(pool, solutions=[1], verifications=[1], batch_rows=batch_rows)
    assert not (pool.path / "success_tables").exists()


def test_humaneval_is_what_its_notice_says() -> None:
    pool = open_example("humaneval_codegen16b")
    samples = load_samples(pool, pool.resolve_verifier())
    assert len(samples) == 164
    assert {s.n_solutions for s in samples} == {100}
    assert sum(s.scores.size > 0 for s in samples) == 155
    assert sum(s.scores.size for s in samples) == 912_400
    assert max(s.n_verdicts.max() for s in samples) == 299
    assert sum(int((s.correct & s.missing).sum()) for s in samples) == 244
    mixed = [
        np.bincount(s.classes[s.classes >= 0], minlength=s.shares.size)[
            (s.shares > 0) & (s.shares < 1)
        ]
        for s in samples
    ]
    assert sum(m.size for m in mixed) == 38
    assert sum(int(m.sum()) for m in mixed) == 1242


def test_a_score_that_is_not_a_number_is_an_unparsed_verdict(
    problems, brute_force, make_pool
) -> None:
    problem = [brute_force.Solution("A", True, False, (1, 0))]
    answers, verdicts = problems.frames([problem])
    verdicts = verdicts.with_columns(pl.Series("score", [float("nan"), 0.0]))
    (sample,) = load_samples(make_pool(answers, v=verdicts), "v")
    assert sample.scores.tolist() == [UNPARSED, 0]


def test_shared_calls_are_numbered_within_their_problem(tmp_path) -> None:
    """Call ids differ from problem to problem; one solution lacks a call and one lacks all."""
    answers = pl.DataFrame(
        {
            "problem_id": ["p", "p", "p", "q"],
            "solution_id": pl.Series([0, 1, 2, 0], dtype=pl.Int32),
            "is_correct": [True, False, False, True],
            "status": ["graded"] * 4,
        }
    )
    verdicts = pl.DataFrame(
        {
            "problem_id": ["p", "p", "p", "q"],
            "solution_id": pl.Series([0, 0, 1, 0], dtype=pl.Int32),
            "verification_id": pl.Series([7, 9, 9, 2], dtype=pl.Int32),
            "score": [1.0, 0.0, None, 1.0],
            "status": ["graded", "graded", "unparsed", "graded"],
        }
    )
    with create_pool(tmp_path / "pool", {}) as writer:
        writer.add("answers", answers)
        writer.add("verdicts", verdicts, verifier="tests")
        writer.share_calls("tests")
    pool = open_pool(tmp_path / "pool")
    for batch_rows in (1, 100):
        reader = SampleReader(pool, "tests", batch_rows=batch_rows)
        p, q = reader.holdings()
        assert (sorted(p.depths.tolist()), q.depths.tolist()) == ([0, 2, 2], [1])
        p, q = (s for batch in reader.batches(np.ones(2, np.bool_)) for s in batch)
        assert (p.calls.tolist(), p.n_calls) == ([0, 1, 1], 2)
        assert (q.calls.tolist(), q.n_calls) == ([0], 1)
        assert p.depths.tolist() == [2, 2, 0]
    assert load_samples(open_pool(pool.path))[0].calls is None

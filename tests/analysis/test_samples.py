"""From a pool's tables to arrays."""

import numpy as np
import polars as pl
import pytest

from svlaw.analysis.reader import load_samples
from svlaw.analysis.samples import NO_CLASS, SCORE_UNIT, UNPARSED, ProblemSample
from svlaw.data.errors import NotInPoolError
from svlaw.data.examples import open_example
from svlaw.data.pool import append


def _assert_equal(found: ProblemSample, wanted: ProblemSample) -> None:
    for name in ("problem_id", "classes", "correct", "missing", "offsets", "scores"):
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name), err_msg=name)


def test_a_pool_gives_each_problems_arrays(problems, make_pool) -> None:
    held = problems.many(0, 30)
    answers, verdicts = problems.frames(held)
    samples = load_samples(make_pool(answers, v=verdicts), "v")
    assert len(samples) == 30
    for i, (found, problem) in enumerate(zip(samples, held, strict=True)):
        _assert_equal(found, problems.sample(problem, f"p{i:02d}"))


def test_order_of_rows_and_parts_does_not_matter(problems, make_pool) -> None:
    answers, verdicts = problems.frames(problems.many(1, 20))
    plain = load_samples(make_pool(answers, v=verdicts), "v")
    answers, verdicts = (f.sample(fraction=1, shuffle=True, seed=3) for f in (answers, verdicts))
    pool = make_pool(answers[:25], v=verdicts[30:])
    pool = append(pool, "answers", answers[25:])
    pool = append(pool, "verdicts", verdicts[:30], verifier="v")
    for found, wanted in zip(load_samples(pool, "v"), plain, strict=True):
        _assert_equal(found, wanted)


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


def test_problems_without_solutions_are_empty(problems, make_pool) -> None:
    answers, verdicts = problems.frames(problems.many(2, 2))
    pool = make_pool(answers, problems=["a", "p00", "p005", "p01"], v=verdicts)
    samples = load_samples(pool, "v")
    assert [s.problem_id for s in samples] == ["a", "p00", "p005", "p01"]
    assert [s.n_solutions > 0 for s in samples] == [False, True, False, True]
    assert samples[0].shares.size == 0
    _assert_equal(samples[3], load_samples(make_pool(answers, v=verdicts), "v")[1])


def test_counts_and_shares(problems, brute_force) -> None:
    solution = brute_force.Solution
    sample = problems.sample(
        [
            solution("A", True, False, (1, None)),
            solution("A", False, False, (1,)),
            solution("B", False),
            solution(None, True, True, (0, 0, 0)),
        ]
    )
    assert sample.n_solutions == 4
    assert sample.n_verdicts.tolist() == [2, 1, 0, 3]
    assert [sample.n_verified(v) for v in (1, 2, 3, 4)] == [3, 2, 1, 0]
    assert sample.shares.tolist() == [0.5, 0.0]


def test_without_a_verifier_there_are_no_verdicts(problems, make_pool) -> None:
    answers, verdicts = problems.frames(problems.many(3, 5))
    for sample in load_samples(make_pool(answers, v=verdicts)):
        assert sample.scores.size == 0
        assert sample.n_verdicts.sum() == 0
        assert sample.n_verdicts.size == sample.n_solutions


def test_what_a_pool_does_not_hold(problems, make_pool) -> None:
    answers, verdicts = problems.frames(problems.many(4, 5))
    with pytest.raises(NotInPoolError, match="verifier 'other'"):
        load_samples(make_pool(answers, v=verdicts), "other")
    with pytest.raises(NotInPoolError, match="holds no answers"):
        load_samples(open_example("singhi2025_fig1"))


def test_humaneval_is_what_its_notice_says() -> None:
    samples = _load("humaneval_codegen16b")
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


def _load(name: str) -> list[ProblemSample]:
    pool = open_example(name)
    return load_samples(pool, pool.resolve_verifier())

"""What must not change a single bit of a success table, on random ragged pools."""

import numpy as np
import polars as pl
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from svlaw.analysis.kernels.problem_sample import ProblemSample
from svlaw.analysis.success.estimators import Options, estimate
from svlaw.analysis.success.success_table import SuccessTable, success_table
from svlaw.data.pool import Pool
from svlaw.data.pool_writer import append

few = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    # Every example makes pools of its own.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

kinds = st.fixed_dictionaries(
    {
        "most_solutions": st.integers(2, 9),
        "most_verdicts": st.integers(1, 6),
        "binary": st.booleans(),
        "ragged": st.booleans(),
    }
)
options = st.builds(
    Options,
    unparsed=st.sampled_from(["ignore", "no"]),
    missing_answer=st.sampled_from(["zero", "keep"]),
    population=st.sampled_from(["all", "verified"]),
    tolerance=st.sampled_from([0.01, 0.03]),
    seed=st.integers(0, 10**6),
)
values = st.sampled_from([None, "all"])
seeds = st.integers(0, 10**6)


@st.composite
def analyses(draw) -> tuple[dict, dict]:
    """What to hand to `problems.many` and to `success_table`."""
    made = {"seed": draw(seeds), "count": draw(st.integers(2, 7)), **draw(kinds)}
    grid = {"solutions": draw(values), "verifications": draw(values), "options": draw(options)}
    return made, grid


def frames_of(problems, made: dict) -> tuple[pl.DataFrame, pl.DataFrame]:
    answers, verdicts = problems.frames(problems.many(**made))
    assume(verdicts.height > 0)
    return answers, verdicts


def table_of(pool: Pool, grid: dict, **how) -> SuccessTable:
    return success_table(pool, **grid, reuse=False, **how)


def assert_same_bytes(first: SuccessTable, second: SuccessTable) -> None:
    assert first.points.equals(second.points)
    assert first.problem_ids == second.problem_ids
    assert first.n_set_aside == second.n_set_aside
    assert first.success.tobytes() == second.success.tobytes()
    assert first.variance.tobytes() == second.variance.tobytes()


@few
@given(analyses(), st.integers(1, 4), st.sampled_from([1, 7, 20, 10**9]))
def test_threads_and_batches(problems, make_pool, analysis, threads, batch_rows) -> None:
    made, grid = analysis
    answers, verdicts = frames_of(problems, made)
    pool = make_pool(answers, v=verdicts)
    plain = table_of(pool, grid, threads=1)
    assert_same_bytes(plain, table_of(pool, grid, threads=threads, batch_rows=batch_rows))


@few
@given(analyses(), seeds, st.sampled_from([1, 7, 10**9]), st.data())
def test_order_of_rows_and_parts(
    problems, make_pool, shuffle_parts, analysis, seed, batch_rows, data
) -> None:
    made, grid = analysis
    answers, verdicts = frames_of(problems, made)
    plain = table_of(make_pool(answers, v=verdicts), grid, threads=2)
    answers, verdicts = (f.sample(fraction=1, shuffle=True, seed=seed) for f in (answers, verdicts))
    cut_answers = data.draw(st.integers(1, answers.height))
    cut_verdicts = data.draw(st.integers(1, verdicts.height))
    pool = make_pool(answers[:cut_answers], v=verdicts[:cut_verdicts])
    if cut_answers < answers.height:
        pool = append(pool, "answers", answers[cut_answers:])
    if cut_verdicts < verdicts.height:
        pool = append(pool, "verdicts", verdicts[cut_verdicts:], verifier="v")
    shuffle_parts(pool, seed)
    assert_same_bytes(plain, table_of(pool, grid, threads=2, batch_rows=batch_rows))


@few
@given(analyses(), st.permutations(range(4)), st.integers(0, 1000), st.integers(1, 50))
def test_names_and_numbers_of_answers(problems, make_pool, analysis, order, offset, stride) -> None:
    made, grid = analysis
    answers, verdicts = frames_of(problems, made)
    renumbered = pl.col("answer_class").replace_strict(
        {a: offset + stride * b for a, b in enumerate(order)}, return_dtype=pl.Int32
    )
    renamed = pl.col("answer").replace_strict(
        {a: f"\\frac{{{b}}}" for a, b in zip("ABCD", order, strict=True)}
    )
    assert_same_bytes(
        table_of(make_pool(answers, v=verdicts), grid, threads=2),
        table_of(make_pool(answers.with_columns(renumbered, renamed), v=verdicts), grid, threads=2),
    )


@few
@given(analyses(), st.integers(1, 10**6))
def test_gaps_between_ids(problems, make_pool, analysis, step) -> None:
    made, grid = analysis
    answers, verdicts = frames_of(problems, made)
    solution = pl.col("solution_id") * min(step, 10**6) + 5
    verification = pl.col("verification_id") * 3 + 2
    assert_same_bytes(
        table_of(make_pool(answers, v=verdicts), grid, threads=2),
        table_of(
            make_pool(
                answers.with_columns(solution), v=verdicts.with_columns(solution, verification)
            ),
            grid,
            threads=2,
        ),
    )


@few
@given(analyses())
def test_order_of_strategies(problems, make_pool, analysis) -> None:
    made, grid = analysis
    answers, verdicts = frames_of(problems, made)
    pool = make_pool(answers, v=verdicts)
    together = table_of(pool, grid, threads=2)
    backwards = table_of(pool, grid | {"strategies": together.strategies[::-1]}, threads=2)
    for name in together.strategies:
        assert_same_bytes(together.select(name), backwards.select(name))


@few
@given(analyses(), st.integers(2, 5))
def test_other_problems(problems, make_pool, analysis, keep) -> None:
    """A problem's figures depend on the number of the others alone."""
    made, grid = analysis
    answers, verdicts = frames_of(problems, made)
    options = grid["options"]
    table = table_of(make_pool(answers, v=verdicts), grid, threads=2)
    held = problems.many(**made)
    for strategy in table.strategies:
        chosen = table.select(strategy)
        S, V = (
            np.unique(chosen.points[axis]).astype(np.int64)
            for axis in ("solutions", "verifications")
        )
        for i, name in enumerate(table.problem_ids[:keep]):
            problem = held[int(name[1:])]
            if options.population == "verified":
                problem = [s for s in problem if s.verdicts]
            sample = problems.sample(problem, name)
            found = estimate(strategy, sample, S, V, options, table.n_problems)
            assert found.success.tobytes() == chosen.success[:, i].tobytes()
            assert found.variance.tobytes() == chosen.variance[:, i].tobytes()


def test_numbers_of_many_mixed_answers_of_equal_size() -> None:
    """Sums of three shares depend on their order in the last bit."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        classes = np.repeat(np.arange(5, dtype=np.int32), 5)
        correct = rng.random(25) < 0.5
        found = [
            estimate(
                "self_consistency",
                ProblemSample(
                    "p",
                    numbered[classes],
                    correct,
                    np.zeros(25, np.bool_),
                    np.zeros(26, np.int64),
                    np.empty(0, np.int32),
                ),
                np.array([1, 2, 4, 8]),
                np.array([0]),
                Options(),
                1,
            ).success.tobytes()
            for numbered in (np.arange(5, dtype=np.int32), rng.permutation(5).astype(np.int32))
        ]
        assert found[0] == found[1]

"""The success table: from pools to figures, and what must not change them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from svlaw.analysis.success.estimators import Options, estimate
from svlaw.analysis.success.pool_strategies import default_strategies
from svlaw.analysis.success.success_table import SuccessTable, success_table
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.examples import open_example
from svlaw.data.importers.flat_tables import import_tables
from svlaw.data.pool import Pool
from svlaw.data.schema import STRATEGIES, VERIFIED

QUICK = Options(tolerance=0.01)


@pytest.fixture
def held(problems) -> list:
    """Twelve problems of at least three solutions with at least two verdicts each, and more."""
    rng = np.random.default_rng(0)
    found = []
    while len(found) < 12:
        problem = problems.random(rng, most_solutions=8)
        if sum(len(s.verdicts) >= 2 for s in problem) >= 3:
            found.append(problem)
    return found


@pytest.fixture
def pool(held, problems, make_pool) -> Pool:
    answers, verdicts = problems.frames(held)
    return make_pool(answers, v=verdicts)


def at(table: SuccessTable, strategy: str, solutions: int, verifications: int = 0) -> int:
    return table.points.drop("setting").rows().index((strategy, solutions, verifications))


def assert_same_bytes(first: SuccessTable, second: SuccessTable) -> None:
    assert first.points.equals(second.points)
    assert first.problem_ids == second.problem_ids
    assert first.success.tobytes() == second.success.tobytes()
    assert first.variance.tobytes() == second.variance.tobytes()


def test_one_row_per_point_one_column_per_problem(pool, held, problems) -> None:
    S, V = [1, 2, 3], [1, 2]
    table = success_table(pool, solutions=S, verifications=V, options=QUICK)
    assert table.strategies == STRATEGIES
    assert table.points.schema == {
        "strategy": pl.String,
        "solutions": pl.Int32,
        "verifications": pl.Int32,
        "setting": pl.String,
    }
    assert table.points.drop("setting").rows() == [
        *((name, s, 0) for name in STRATEGIES[:2] for s in S),
        *((name, s, v) for name in VERIFIED for v in V for s in S),
    ]
    assert table.problem_ids == tuple(f"p{i:02d}" for i in range(12))
    assert table.success.shape == table.variance.shape == (18, 12)
    for i, problem in enumerate(held):
        sample, column = problems.sample(problem, f"p{i:02d}"), []
        for name in STRATEGIES:
            depths = np.array(V if name in VERIFIED else [0])
            column.append(estimate(name, sample, np.array(S), depths, QUICK, 12).success.ravel())
        np.testing.assert_array_equal(table.success[:, i], np.concatenate(column))


def test_means_equal_enumeration(pool, held, brute_force) -> None:
    """Through the whole chain, from Parquet to the mean over problems."""
    table = success_table(pool, solutions=[1, 2, 3], verifications=[1, 2])
    policy = brute_force.Policy()
    for (name, s, v), mean, error in zip(
        table.points.drop("setting").rows(), table.mean(), table.mc_error(), strict=True
    ):
        twin = getattr(brute_force, name)
        exact = np.mean([float(twin(p, s, v, policy) if v else twin(p, s)) for p in held])
        assert abs(mean - exact) <= 4 * error + 1e-12
        assert error <= 0.001


def test_shuffled_rows_change_no_bit(pool, held, problems, make_pool) -> None:
    grid = {"solutions": [1, 2, 3], "verifications": [1, 2], "options": QUICK}
    answers, verdicts = (f.sample(fraction=1, shuffle=True, seed=1) for f in problems.frames(held))
    assert_same_bytes(
        success_table(pool, **grid), success_table(make_pool(answers, v=verdicts), **grid)
    )


def test_renamed_answers_change_no_bit(held, problems, tmp_path: Path) -> None:
    answers, verdicts = problems.frames(held)
    verdicts.drop("status").write_csv(tmp_path / "verdicts.csv")
    names = {"A": "zebra", "B": "0777", "C": "b", "D": "\\frac{1}{2}"}
    tables = []
    for label, frame in (
        ("plain", answers),
        ("renamed", answers.with_columns(pl.col("answer").replace_strict(names))),
    ):
        file = tmp_path / f"{label}.csv"
        frame.drop("answer_class", "status").write_csv(file)
        made = import_tables(tmp_path / label, file, verifications=tmp_path / "verdicts.csv")
        tables.append(success_table(made, solutions=[1, 3], verifications=[1, 2], options=QUICK))
    assert_same_bytes(*tables)


def test_threads_change_no_bit(pool) -> None:
    grid = {"solutions": [1, 2, 3], "verifications": [1, 2], "options": QUICK}
    one = success_table(pool, **grid, threads=1)
    for threads in (2, 5, None):
        assert_same_bytes(one, success_table(pool, **grid, threads=threads))


def test_seeds(pool) -> None:
    grid = {"solutions": [2, 3], "verifications": [1, 2]}
    first, again, other = (
        success_table(pool, **grid, options=Options(seed=s, tolerance=0.003)) for s in (7, 7, 8)
    )
    assert_same_bytes(first, again)
    drawn = first.variance.sum(axis=1) > 0
    assert drawn[4:].all()
    assert (first.mean() != other.mean())[drawn].all()
    error = np.hypot(first.mc_error(), other.mc_error())
    assert (np.abs(first.mean() - other.mean()) <= 4 * error + 1e-12).all()


def test_other_strategies_change_no_bit(pool) -> None:
    grid = {"solutions": [1, 2, 3], "verifications": [1, 2], "options": QUICK}
    together = success_table(pool, **grid)
    for name in STRATEGIES:
        assert_same_bytes(together.select(name), success_table(pool, [name], **grid))
    backwards = success_table(pool, STRATEGIES[::-1], **grid)
    assert backwards.strategies == STRATEGIES[::-1]
    for name in STRATEGIES:
        assert_same_bytes(together.select(name), backwards.select(name))


def test_a_point_nobody_supports_is_null(problems, brute_force, make_pool) -> None:
    solution = brute_force.Solution
    problem = [solution("A", True, False, (1, 0)), solution("B", False, False, (1, 1))] * 2
    problem += [solution("A", True)] * 4
    answers, verdicts = problems.frames([problem] * 3)
    pool = make_pool(answers, v=verdicts)
    table = success_table(pool, ["self_consistency", "best_of_n"], [4, 8], [2])
    assert table.n_problems == 3
    missing = np.isnan(table.mean())
    assert missing.tolist() == [False, False, False, True]
    assert np.isnan(table.mc_error()).tolist() == missing.tolist()


def test_problems_that_cannot_support_the_grid_are_set_aside(pool, held) -> None:
    n = max(len(p) for p in held)
    table = success_table(pool, ["coverage"], [n])
    able = [i for i, p in enumerate(held) if len(p) >= n]
    assert table.problem_ids == tuple(f"p{i:02d}" for i in able)
    assert table.n_set_aside == 12 - len(able) > 0


def test_progress_counts_problems(pool) -> None:
    calls = []
    success_table(pool, ["coverage"], [1], progress=lambda *call: calls.append(call))
    assert calls == [(i, 12) for i in range(1, 13)]


def test_verifiers_are_told_apart(held, problems, make_pool) -> None:
    answers, verdicts = problems.frames(held)
    flipped = verdicts.with_columns((1 - pl.col("score")).alias("score"))
    pool = make_pool(answers, v=verdicts, w=flipped)
    grid = {"solutions": [3], "verifications": [1], "options": QUICK}
    with pytest.raises(BadInputError, match="name a verifier"):
        success_table(pool, **grid)
    with pytest.raises(NotInPoolError, match="no verifier 'x'"):
        success_table(pool, **grid, verifier="x")
    v, w = (success_table(pool, **grid, verifier=name) for name in ("v", "w"))
    assert (v.verifier, w.verifier) == ("v", "w")
    assert_same_bytes(v, success_table(make_pool(answers, v=verdicts), **grid))
    assert (v.mean()[2:] != w.mean()[2:]).all()
    assert success_table(pool, ["coverage"], [1]).verifier is None


def test_default_strategies(held, problems, make_pool) -> None:
    answers, verdicts = problems.frames(held)
    silent = answers.with_columns(pl.lit(None, pl.Int32).alias("answer_class"))
    assert default_strategies(make_pool(answers, v=verdicts)) == STRATEGIES
    assert default_strategies(make_pool(answers)) == ("coverage", "self_consistency")
    assert default_strategies(make_pool(silent, v=verdicts)) == ("coverage", "best_of_n")
    assert default_strategies(make_pool(silent)) == ("coverage",)
    assert default_strategies(open_example("singhi2025_fig1")) == ("self_consistency", "best_of_n")


def test_what_cannot_be_asked(pool, held, problems, make_pool) -> None:
    with pytest.raises(BadInputError, match="unknown strategy 'majority'"):
        success_table(pool, ["majority"])
    answers, _ = problems.frames(held)
    with pytest.raises(NotInPoolError, match="holds nothing for best_of_n"):
        success_table(make_pool(answers), ["best_of_n"])
    with pytest.raises(BadInputError, match="S = 99"):
        success_table(pool, solutions=[99])
    with pytest.raises(BadInputError, match="V = 0"):
        success_table(pool, verifications=[0])


def test_select_and_errors_of_means(tables) -> None:
    table = tables.of({("coverage", 1, 0): [0.2, 0.4], ("best_of_n", 1, 1): [0.5, 1.0]})
    table.variance[:] = [[0.01, 0.03], [0.0, 0.0]]
    assert table.mean() == pytest.approx([0.3, 0.75])
    assert table.mc_error() == pytest.approx([0.1, 0.0])
    chosen = table.select("best_of_n")
    assert chosen.strategies == ("best_of_n",)
    assert chosen.success.tolist() == [[0.5, 1.0]]
    assert chosen.problem_ids == table.problem_ids
    with pytest.raises(NotInPoolError, match="no figures for weighted_vote"):
        table.select("weighted_vote")


def test_a_published_table_is_returned_as_it_is(published, reference) -> None:
    assert not published.has_problems
    assert published.n_problems == 0
    assert published.options is None
    assert published.points.height == 15 + 9 * 6
    assert published.points["strategy"].to_list() == sorted(
        published.points["strategy"], key=STRATEGIES.index
    )
    figures = json.loads((reference / "singhi2025_fig1.json").read_text())["success"]
    for name, s, v, success in figures:
        assert published.mean()[at(published, name, s, v)] == success


def test_part_of_a_published_table(published) -> None:
    pool = open_example("singhi2025_fig1")
    table = success_table(pool, solutions=[1, 4], verifications=[2])
    assert table.points.drop("setting").rows() == [
        ("self_consistency", 1, 0),
        ("self_consistency", 4, 0),
        ("best_of_n", 1, 2),
        ("best_of_n", 4, 2),
    ]
    assert table.mean()[3] == published.mean()[at(published, "best_of_n", 4, 2)]
    with pytest.raises(BadInputError, match="no solutions = 3"):
        success_table(pool, solutions=[3])
    with pytest.raises(BadInputError, match="no verifications = 64"):
        success_table(pool, verifications=[64])
    with pytest.raises(NotInPoolError, match="holds nothing for coverage"):
        success_table(pool, ["coverage"])


def test_all_of_a_published_table(published) -> None:
    pool = open_example("singhi2025_fig1")
    assert_same_bytes(published, success_table(pool, solutions="all", verifications="all"))
    assert success_table(pool, solutions=[4], verifications="all").points.drop(
        "setting"
    ).rows() == [row for row in published.points.drop("setting").rows() if row[1] == 4]


def test_other_words_of_a_published_table_are_refused() -> None:
    with pytest.raises(BadInputError, match="use whole numbers, 'fine' or 'all'"):
        success_table(open_example("singhi2025_fig1"), solutions="every")


@pytest.mark.slow
def test_exams(exams, reference) -> None:
    known = json.loads((reference / "pools.json").read_text())
    for name, s, v, success in known["exams_gpt35_by_gpt4"]:
        assert exams.mean()[at(exams, name, s, v)] == pytest.approx(
            success, abs=known["tolerance"]
        ), (name, s, v)
    assert (exams.n_problems, exams.n_set_aside) == (99, 0)
    assert exams.mc_error().max() <= 0.001


@pytest.mark.slow
def test_humaneval_on_its_grid(humaneval) -> None:
    assert (humaneval.n_problems, humaneval.n_set_aside) == (143, 21)
    assert humaneval.mc_error().max() <= 0.001
    best = [humaneval.mean()[at(humaneval, "best_of_n", s, 8)] for s in (1, 2, 4, 8, 16, 32, 64)]
    assert np.argmax(best) == 3  # weak tests: best-of-N rises and then falls
    assert (np.diff(humaneval.select("coverage").mean()) > 0).all()


def test_humaneval_over_all_its_problems(reference) -> None:
    known = json.loads((reference / "pools.json").read_text())
    pool = open_example("humaneval_codegen16b")
    for name, s, _, success in known["humaneval_codegen16b"]:
        table = success_table(pool, [name], [s])
        assert table.n_problems == 164
        tolerance = 0.0005 if name == "coverage" else 0.001
        assert table.mean()[0] == pytest.approx(success, abs=tolerance)


def test_population_verified_gives_every_strategy_the_same_solutions(make_pool: Any) -> None:
    answers = pl.DataFrame(
        {
            "problem_id": ["p"] * 4,
            "solution_id": [0, 1, 2, 3],
            "answer_class": [0, 1, 0, 1],
            "is_correct": [True, False, True, False],
            "status": ["graded"] * 4,
        }
    )
    verdicts = pl.DataFrame(
        {
            "problem_id": ["p"] * 3,
            "solution_id": [0, 1, 2],
            "verification_id": [0, 0, 0],
            "verdict": ["yes"] * 3,
            "score": [1.0] * 3,
            "status": ["graded"] * 3,
        }
    )
    pool = make_pool(answers, v=verdicts)
    first = {"solutions": [1], "verifications": [1]}
    everything = success_table(pool, **first)
    assert everything.mean() == pytest.approx([1 / 2, 1 / 2, 2 / 3, 2 / 3])
    matched = success_table(pool, **first, options=Options(population="verified"))
    assert matched.mean() == pytest.approx([2 / 3] * 4)

"""Families of problems as the units of intervals, resamples and folds."""

import numpy as np
import polars as pl
import pytest

from svlaw.analysis.compare.crossfit import cross_fit, divisions
from svlaw.analysis.compare.crossover import crossover
from svlaw.analysis.compare.curves import curves
from svlaw.analysis.compare.frontier import frontier
from svlaw.analysis.compare.problem_families import in_families
from svlaw.analysis.cost import RelativeCost
from svlaw.analysis.intervals.difference_intervals import difference_intervals
from svlaw.analysis.intervals.resampling import resample
from svlaw.analysis.intervals.success_intervals import success_intervals
from svlaw.analysis.success.success_table import success_table
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.examples import open_example
from svlaw.data.pool import open_pool
from svlaw.data.pool_writer import create_pool

COST = RelativeCost(1.0)
FAMILIES, SIZE = 30, 4


def _correlated(rng: np.random.Generator, pools: int, families: int, size: int) -> np.ndarray:
    """(pools, problems) success of mean 0.6, correlation 0.5 within a family."""
    shared = rng.random((pools, families, 1)) < 0.5
    common = rng.beta(1.2, 0.8, (pools, families, 1))
    own = rng.beta(1.2, 0.8, (pools, families, size))
    found: np.ndarray = np.where(shared, common, own).reshape(pools, -1)
    return found


def test_success_of_families_is_held() -> None:
    """30 families of 4 at correlation 0.5: with problems as units 80% are held."""
    success = _correlated(np.random.default_rng(0), 4000, FAMILIES, SIZE)
    clusters = np.repeat(np.arange(FAMILIES), SIZE)
    held = []
    for units in (clusters, None):
        low, high = success_intervals(success, units)
        held.append(float(np.mean((low <= 0.6) & (high >= 0.6))))
    assert 0.93 <= held[0] <= 0.98
    assert held[1] < 0.88


def test_differences_of_families_are_held() -> None:
    rng = np.random.default_rng(1)
    moved = rng.random((4000, FAMILIES, 1)) < 0.3
    d = (moved * rng.uniform(0, 0.6, (4000, FAMILIES, SIZE))).reshape(4000, -1)
    low, high = difference_intervals(d, np.repeat(np.arange(FAMILIES), SIZE))
    assert 0.93 <= np.mean((low <= 0.09) & (high >= 0.09)) <= 0.995
    low, high = difference_intervals(d)
    assert np.mean((low <= 0.09) & (high >= 0.09)) < 0.85


def test_budgets_of_families_are_held(tables) -> None:
    """The resampled lead of one point over another, by whole families."""
    rng, inside, count = np.random.default_rng(2), 0, 150
    for pool in range(count):
        success = _correlated(rng, 1, FAMILIES, SIZE)[0]
        table = tables.of({("coverage", 1, 0): success})
        table = table.with_clusters(np.repeat(np.arange(FAMILIES), SIZE))
        drawn = resample(table, 200, pool)
        ends = drawn.intervals(table.mean(), drawn.means(table))
        inside += bool(ends[0][0] <= 0.6 <= ends[1][0])
    assert 0.88 <= inside / count <= 0.99


def test_families_of_one_change_nothing_but_the_names(tables) -> None:
    rng = np.random.default_rng(3)
    table = tables.of(
        {("self_consistency", 2, 0): rng.random(25), ("best_of_n", 1, 1): rng.random(25)}
    )
    alone = table.with_clusters([f"p{i}" for i in range(25)])
    assert frontier(alone, COST, resamples=100).equals(frontier(table, COST, resamples=100))
    assert curves(alone, COST).equals(curves(table, COST))
    assert crossover(alone, COST, resamples=100) == crossover(table, COST, resamples=100)


def test_equal_problems_of_a_family_count_once(tables) -> None:
    rng = np.random.default_rng(4)
    values = rng.random(20)
    one = tables.of({("coverage", 1, 0): values})
    four = tables.of({("coverage", 1, 0): np.repeat(values, 4)})
    families = four.with_clusters(np.repeat(np.arange(20), 4))
    for name in ("conf_low", "conf_high"):
        assert curves(families, COST)[name][0] == pytest.approx(curves(one, COST)[name][0])
    again, once = resample(families, 100, 0), resample(one, 100, 0)
    np.testing.assert_allclose(again.means(families), once.means(one))
    ends = (
        drawn.intervals(t.mean(), drawn.means(t)) for drawn, t in ((again, families), (once, one))
    )
    np.testing.assert_allclose(*ends)


def test_folds_never_part_a_family() -> None:
    clusters = np.random.default_rng(0).permutation(np.repeat(np.arange(12), 5))
    for folds in divisions(60, 1, clusters):
        for family in range(12):
            assert len(set(folds[clusters == family])) == 1
    assert cross_fit(np.zeros((2, 60)), np.array([2]), 0, clusters % 9) is None
    assert cross_fit(np.zeros((2, 60)), np.array([2]), 0, clusters) is not None


def test_parts_of_a_table_keep_their_families(tables) -> None:
    table = tables.of({("coverage", 1, 0): np.arange(6) / 6})
    families = table.with_clusters(["a", "b", "b", "c", "c", "a"])
    assert families.clusters.tolist() == [0, 1, 1, 2, 2, 0]
    assert families.n_units == 3
    part = families.restrict(np.array([False, True, True, True, True, False]))
    assert (part.clusters.tolist(), part.n_units) == ([0, 0, 1, 1], 2)
    assert table.n_units == 6
    with pytest.raises(BadInputError, match="2 families for 6 problems"):
        table.with_clusters([1, 2])


def test_a_single_family_has_no_intervals(tables) -> None:
    rng = np.random.default_rng(5)
    table = tables.of({("self_consistency", 1, 0): rng.random(12)}).with_clusters([0] * 12)
    row = frontier(table, COST).row(0, named=True)
    assert (row["conf_low"], row["gain_low"]) == (None, None)
    assert curves(table, COST)["conf_low"][0] == 0


def test_families_by_a_column() -> None:
    pool = open_example("exams_gpt35_by_gpt4")
    table = success_table(pool, ["coverage"], [1])
    exams = pool.read("problems", ("problem_id", "reference_answer"))
    found = in_families(pool, table, "reference_answer")
    assert 1 < found.n_units < found.n_problems
    assert found.n_units == exams["reference_answer"].n_unique()
    of = dict(exams.iter_rows())
    pairs = {(of[name], int(c)) for name, c in zip(found.problem_ids, found.clusters, strict=True)}
    assert len(pairs) == found.n_units
    with pytest.raises(NotInPoolError, match="no column 'town'"):
        in_families(pool, table, "town")


def test_a_problem_without_a_family_stands_alone(tmp_path) -> None:
    names = ["a", "b", "c", "d"]
    answers = {
        "problem_id": names,
        "solution_id": [0] * 4,
        "is_correct": [True] * 4,
        "answer_class": ["1"] * 4,
        "status": ["graded"] * 4,
    }
    with create_pool(tmp_path / "pool", {"source": "test"}) as writer:
        items = [1, 1, None, None]
        writer.add("problems", pl.DataFrame({"problem_id": names, "item": items}))
        writer.add("answers", pl.DataFrame(answers))
    pool = open_pool(tmp_path / "pool")
    assert in_families(pool, success_table(pool, ["coverage"], [1]), "item").n_units == 3

"""Differences between two pools against plain NumPy on what the pools hold."""

from dataclasses import replace
from math import comb

import numpy as np
import polars as pl
import pytest

from svlaw.analysis.compare.pool_differences import PoolDifferences, pool_differences
from svlaw.analysis.cost import RelativeCost
from svlaw.analysis.intervals.difference_intervals import difference_intervals, too_few_differ
from svlaw.analysis.success.success_table import SuccessTable, success_table
from svlaw.analysis.token_costs import token_cost
from svlaw.data.errors import BadInputError
from svlaw.data.examples import open_example
from svlaw.data.pool import Pool
from svlaw.fit.simulation.population import SETTINGS
from svlaw.fit.simulation.simulator import simulate_pool

COST = RelativeCost(1.0)


@pytest.fixture(scope="module")
def pools(tmp_path_factory: pytest.TempPathFactory) -> tuple[Pool, Pool]:
    """A has 24 problems with 16 solutions each, B the first 15 of them with 8."""
    folder = tmp_path_factory.mktemp("two")
    a = simulate_pool(
        folder / "a", SETTINGS["typical"], problems=24, solutions=16, verifications=4, seed=1
    )
    b = simulate_pool(
        folder / "b", SETTINGS["hard"], problems=15, solutions=8, verifications=2, seed=2
    )
    return a, b


@pytest.fixture(scope="module")
def tables(pools: tuple[Pool, Pool]) -> tuple[SuccessTable, SuccessTable]:
    return success_table(pools[0]), success_table(pools[1])


@pytest.fixture(scope="module")
def found(tables: tuple[SuccessTable, SuccessTable]) -> PoolDifferences:
    return pool_differences(*tables, COST, COST)


def coverage_of(pool: Pool, ids: list[str], S: int) -> np.ndarray:
    """(P,) chance that S of a problem's solutions, without replacement, hold a right one."""
    answers = pool.read("answers", ("problem_id", "is_correct"))
    held = {name: part["is_correct"].to_numpy() for (name,), part in answers.group_by("problem_id")}
    return np.array(
        [1 - comb(int((~held[name]).sum()), S) / comb(held[name].size, S) for name in ids]
    )


def test_equal_points_against_numpy(pools: tuple[Pool, Pool], found: PoolDifferences) -> None:
    ids = sorted(set(pools[1].read("answers", ("problem_id",))["problem_id"]))
    rows = found.rows.filter(compared="point", strategy="coverage")
    assert rows["solutions_a"].to_list() == [1, 2, 4, 8]
    assert rows["solutions_b"].to_list() == [1, 2, 4, 8]
    for row in rows.to_dicts():
        a, b = (coverage_of(pool, ids, row["solutions_a"]) for pool in pools)
        assert row["success_a"] == pytest.approx(a.mean(), abs=1e-9)
        assert row["success_b"] == pytest.approx(b.mean(), abs=1e-9)
        assert row["difference"] == pytest.approx((b - a).mean(), abs=1e-9)
        (low,), (high,) = difference_intervals((b - a)[None, :])
        assert row["difference_low"] == pytest.approx(low, abs=1e-9)
        assert row["difference_high"] == pytest.approx(high, abs=1e-9)
        assert row["few_differ"] == too_few_differ((b - a)[None, :])[0]
        assert row["cost_a"] == row["cost_b"] == row["solutions_a"]
    assert (found.n_problems, found.n_only_a, found.n_only_b) == (15, 9, 0)


def test_equal_budgets_against_numpy(
    tables: tuple[SuccessTable, SuccessTable], found: PoolDifferences
) -> None:
    """The best affordable common point of each pool, over the common problems."""
    a, b = tables
    both = [name for name in a.problem_ids if name in b.problem_ids]
    success = {}
    for letter, table in zip("ab", tables, strict=True):
        places = [table.problem_ids.index(name) for name in both]
        for row, key in enumerate(table.points.rows()):
            success[letter, *key[:3]] = table.success[row, places]
    rows = found.rows.filter(compared="budget").to_dicts()
    assert {row["strategy"] for row in rows} == set(a.strategies)
    for row in rows:
        common = {
            (s, v)
            for letter, name, s, v in success
            if letter == "b" and name == row["strategy"] and s * (1 + v) <= row["budget"]
        }
        best = {}
        for letter in "ab":
            values = [success[letter, row["strategy"], s, v] for s, v in sorted(common)]
            best[letter] = max(value.mean() for value in values)
            assert row[f"success_{letter}"] == pytest.approx(best[letter], abs=1e-12)
            point = row[f"solutions_{letter}"], row[f"verifications_{letter}"]
            assert success[letter, row["strategy"], *point].mean() == row[f"success_{letter}"]
            assert row[f"cost_{letter}"] == point[0] * (1 + point[1]) <= row["budget"]
        assert row["difference"] == pytest.approx(best["b"] - best["a"], abs=1e-12)
        assert row["difference_low"] <= row["difference"] <= row["difference_high"]
    budgets = {
        name: part["budget"].to_list()
        for (name,), part in found.rows.filter(compared="budget").group_by("strategy")
    }
    assert budgets["self_consistency"] == [1, 2, 4, 8]
    assert budgets["best_of_n"] == [2, 4, 8, 16]  # B's largest point costs 24, 32 has room to spare


def test_budgets_in_tokens(pools: tuple[Pool, Pool], tables: tuple[SuccessTable, ...]) -> None:
    costs = [token_cost(pool) for pool in pools]
    longer = replace(costs[1], tokens=replace(costs[1].tokens, solution=3000.0))
    rows = pool_differences(*tables, costs[0], longer).rows.filter(strategy="self_consistency")
    each = pools[0].read("answers", ("output_tokens",))["output_tokens"].mean()
    points = rows.filter(compared="point")
    S = points["solutions_a"].to_numpy()
    assert points["cost_a"].to_numpy() == pytest.approx(S * each)
    assert points["cost_b"].to_numpy() == pytest.approx(S * 3000.0)
    at = rows.filter(compared="budget")
    assert at["budget"][0] == 3000.0
    assert at["solutions_b"][0] == 1
    assert at["solutions_a"][0] > 1
    assert at["budget"][-1] <= 8 * each * 2**0.25


def test_the_same_pool_twice(tables: tuple[SuccessTable, ...]) -> None:
    found = pool_differences(tables[0], tables[0], COST, COST)
    assert not found.rows["difference"].to_numpy().any()
    assert found.rows["few_differ"].all()
    low, high = (found.rows[f"difference_{end}"].to_numpy() for end in ("low", "high"))
    assert np.all((low < 0) & (high > 0))
    assert (found.n_problems, found.n_only_a, found.n_only_b) == (24, 0, 0)


def test_the_order_of_problems_and_of_pools(
    tables: tuple[SuccessTable, SuccessTable], found: PoolDifferences
) -> None:
    a, b = tables
    order = np.random.default_rng(0).permutation(b.n_problems)
    shuffled = replace(
        b,
        success=b.success[:, order],
        variance=b.variance[:, order],
        problem_ids=tuple(b.problem_ids[place] for place in order),
    )
    again = pool_differences(a, shuffled, COST, COST).rows
    names = ("difference", "difference_low", "difference_high")
    for name in names:
        assert again[name].to_numpy() == pytest.approx(found.rows[name].to_numpy(), abs=1e-12)
    turned = pool_differences(b, a, COST, COST)
    assert (turned.n_only_a, turned.n_only_b) == (0, 9)
    point = pl.col("compared") == "point"
    keys = ["strategy", "solutions_a", "verifications_a"]
    one, other = found.rows.filter(point).sort(keys), turned.rows.filter(point).sort(keys)
    assert other["difference"].to_numpy() == pytest.approx(-one["difference"].to_numpy())
    assert other["difference_low"].to_numpy() == pytest.approx(-one["difference_high"].to_numpy())


def test_families_are_those_of_a(tables: tuple[SuccessTable, SuccessTable]) -> None:
    a, b = tables
    families = [number // 3 for number in range(a.n_problems)]
    found = pool_differences(a.with_clusters(families), b, COST, COST)
    assert found.n_units == 5
    row = found.rows.filter(compared="point", strategy="coverage", solutions_a=4).row(0, named=True)
    places = [a.problem_ids.index(name) for name in b.problem_ids]
    pairs = b.success[_coverage(b, 4)] - a.success[_coverage(a, 4)][places]
    (low,), (high,) = difference_intervals(
        pairs[None, :], np.array([families[place] for place in places])
    )
    assert (row["difference_low"], row["difference_high"]) == pytest.approx((low, high))


def _coverage(table: SuccessTable, S: int) -> int:
    return table.points.rows().index(("coverage", S, 0, ""))


def test_policies_by_their_settings(pools: tuple[Pool, Pool]) -> None:
    names = ["adaptive_vote:most=8"]
    tables = [success_table(pool, names) for pool in pools]
    rows = pool_differences(*tables, COST, COST).rows
    points = rows.filter(compared="point")
    assert points.height > 0
    assert points["setting_a"].to_list() == points["setting_b"].to_list()
    assert points["solutions_a"].null_count() == points.height
    both = np.array([name in tables[1].problem_ids for name in tables[0].problem_ids])
    assert points["cost_a"].to_list() == tables[0].restrict(both).costs(COST).tolist()


def test_bad_inputs(pools: tuple[Pool, Pool], tables: tuple[SuccessTable, ...]) -> None:
    a, b = tables
    strangers = replace(b, problem_ids=tuple(f"other {name}" for name in b.problem_ids))
    with pytest.raises(BadInputError, match="no problem_id is in both pools: A has '"):
        pool_differences(a, strangers, COST, COST)
    with pytest.raises(BadInputError, match="no point of a strategy in common: A has coverage"):
        pool_differences(a["coverage"], b["best_of_n"], COST, COST)
    with pytest.raises(BadInputError, match="A costs solutions and B tokens"):
        pool_differences(a, b, COST, token_cost(pools[1]))
    published = success_table(open_example("singhi2025_fig1"))
    with pytest.raises(BadInputError, match="B is a published table"):
        pool_differences(a, published, COST, COST)

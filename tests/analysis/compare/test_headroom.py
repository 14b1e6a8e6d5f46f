"""Headroom: the best division of a budget, against all divisions, and without rewarding noise."""

import itertools
import json

import numpy as np
import pytest

from svlaw.analysis.compare.headroom import divide, headroom
from svlaw.analysis.cost import RelativeCost
from svlaw.analysis.success.success_table import success_table
from svlaw.data.errors import NotInPoolError
from svlaw.data.examples import open_example
from svlaw.fit.simulation.population import SETTINGS
from svlaw.fit.simulation.simulator import simulate_pool


def test_no_division_of_points_is_better() -> None:
    """All assignments of points to problems; mixing two of them can only do better."""
    rng = np.random.default_rng(3)
    for _ in range(40):
        costs = np.sort(rng.integers(1, 9, (4, 1)), axis=0) * np.ones((4, 4))
        success = np.sort(rng.random((4, 4)), axis=0)
        budget = float(rng.uniform(costs.min(), costs.max()))
        low, high, share = divide(success, costs, budget)
        columns = np.arange(4)
        value = (1 - share) * success[low, columns] + share * success[high, columns]
        spent = (1 - share) * costs[low, columns] + share * costs[high, columns]
        assert spent.mean() <= budget * (1 + 1e-9)
        best = max(
            success[list(points), columns].mean()
            for points in itertools.product(range(4), repeat=4)
            if costs[list(points), columns].mean() <= budget + 1e-12
        )
        assert value.mean() >= best - 1e-9


def test_a_budget_for_everything_is_not_spent_where_it_does_not_help() -> None:
    success = np.array([[0.2, 1.0], [0.9, 1.0]])
    costs = np.array([[1.0, 1.0], [8.0, 8.0]])
    low, high, share = divide(success, costs, 100.0)
    assert low.tolist() == high.tolist() == [1, 0]
    assert share == 0


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    path = tmp_path_factory.mktemp("headroom") / "pool"
    setting = SETTINGS["typical"]
    return simulate_pool(path, setting, problems=40, solutions=16, verifications=2, seed=4)


def test_the_division_beats_the_fixed_point_where_problems_differ(pool) -> None:
    table = success_table(pool, ["self_consistency", "coverage"])
    found = headroom(pool, table, RelativeCost(1.0))
    assert found.columns == [
        *("budget", "fixed", "divided", "headroom", "headroom_low", "headroom_high"),
    ]
    assert found["budget"].to_list() == [1, 2, 4, 8]
    assert found["headroom"][0] == 0  # one solution each is all that the budget buys
    assert found["headroom"][1] > 0
    assert (found["headroom"] >= -0.05).all()  # eight solutions tell curves badly
    assert (found["headroom_low"] <= found["headroom"]).all()
    again = headroom(pool, table, RelativeCost(1.0))
    assert again.equals(found)


def test_noise_is_not_rewarded() -> None:
    """Chosen and scored on the same noise a division gains; on noise of its own it does not."""
    rng = np.random.default_rng(5)
    costs = np.array([1.0, 2.0, 4.0])[:, None] * np.ones((3, 2000))
    truth = np.full((3, 2000), 0.5)
    seen, other = (truth + 0.1 * rng.standard_normal(truth.shape) for _ in range(2))
    low, high, share = divide(seen, costs, 2.0)
    columns = np.arange(2000)
    rewarded, honest = (
        ((1 - share) * of[low, columns] + share * of[high, columns]).mean() for of in (seen, other)
    )
    assert rewarded > 0.54
    assert honest == pytest.approx(0.5, abs=0.01)


def test_the_command_shows_it(svlaw, pool) -> None:
    options = ("--lambda", "1", "--solutions", "1,2,4", "--resamples", "40", "--headroom")
    code, out, _ = svlaw("frontier", pool.path, *options)
    assert code == 0
    assert "any division" in out
    code, out, _ = svlaw("frontier", pool.path, *options, "--json")
    rows = json.loads(out)["headroom"]
    assert {"budget", "fixed", "divided", "headroom"} <= set(rows[0])
    published = open_example("singhi2025_fig1")
    code, _, complaints = svlaw("frontier", published.path, "--lambda", "2", "--headroom")
    assert code == 2
    assert "a published table has no solutions to divide" in complaints
    with pytest.raises(NotInPoolError):
        headroom(published, success_table(published), RelativeCost(2.0))

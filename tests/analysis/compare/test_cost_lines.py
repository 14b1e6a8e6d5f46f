"""Lines of fixed V and the interpolation along them."""

import numpy as np
import pytest

from svlaw.analysis.compare.cost_lines import lines_of
from svlaw.analysis.cost import RelativeCost
from svlaw.data.errors import NotInPoolError

COST = RelativeCost(2.0)


def test_lines_are_sorted_whatever_the_order_of_points(tables) -> None:
    table = tables.of(
        {
            ("best_of_n", 4, 2): 0.6,
            ("best_of_n", 8, 1): 0.5,
            ("self_consistency", 2, 0): 0.3,
            ("best_of_n", 1, 2): 0.4,
            ("best_of_n", 2, 1): 0.2,
        }
    )
    lines = lines_of(table, COST, ["best_of_n", "self_consistency"])
    assert [(x.strategy, x.verifications) for x in lines] == [
        ("best_of_n", 1),
        ("best_of_n", 2),
        ("self_consistency", 0),
    ]
    assert lines[0].solutions.tolist() == [2, 8]
    assert lines[0].costs.tolist() == [6, 24]
    assert lines[0].rows.tolist() == [4, 1]
    assert lines[1].rows.tolist() == [3, 0]


def test_points_without_a_result_are_left_out(tables) -> None:
    table = tables.of(
        {
            ("best_of_n", 1, 1): [0.1, 0.2],
            ("best_of_n", 2, 1): [np.nan, np.nan],
            ("best_of_n", 4, 1): [0.3, 0.4],
            ("best_of_n", 1, 2): [np.nan, np.nan],
        }
    )
    (line,) = lines_of(table, COST, ["best_of_n"])
    assert line.solutions.tolist() == [1, 4]


def test_a_strategy_without_figures(tables) -> None:
    table = tables.of({("best_of_n", 1, 1): 0.5, ("weighted_vote", 1, 1): np.nan})
    for name in ("self_consistency", "weighted_vote"):
        with pytest.raises(NotInPoolError, match=f"no figures for {name}"):
            lines_of(table, COST, [name])


def test_linear_in_log_cost(tables) -> None:
    table = tables.of({("best_of_n", s, 1): y for s, y in ((1, 0.2), (4, 0.6), (8, 0.5))})
    (line,) = lines_of(table, COST, ["best_of_n"])
    budgets = np.array([2.9, 3, 6, 12, 12 * 2**0.5, 24, 24.1])
    found = line.success_at(budgets, table.mean()[:, None])
    assert found.shape == (7, 1)
    assert found[:, 0].tolist() == pytest.approx([-np.inf, 0.2, 0.4, 0.6, 0.55, 0.5, -np.inf])
    assert line.covers(budgets).tolist() == [False, *[True] * 5, False]


def test_every_resample_is_interpolated_alike(tables) -> None:
    rng = np.random.default_rng(0)
    table = tables.of({("best_of_n", s, 1): 0.0 for s in (1, 3, 9, 30)})
    (line,) = lines_of(table, COST, ["best_of_n"])
    means = rng.random((4, 50))
    budgets = np.geomspace(3, 90, 37)
    found = line.success_at(budgets, means)
    for b in range(50):
        wanted = np.interp(np.log(budgets), np.log(line.costs), means[:, b])
        np.testing.assert_allclose(found[:, b], wanted, rtol=0, atol=1e-12)


def test_a_line_of_one_point(tables) -> None:
    table = tables.of({("best_of_n", 2, 1): 0.4})
    (line,) = lines_of(table, COST, ["best_of_n"])
    found = line.success_at(np.array([5.0, 6.0, 7.0]), table.mean())
    assert found.tolist() == [-np.inf, 0.4, -np.inf]


def test_rounding_does_not_cut_a_line_off(tables) -> None:
    table = tables.of({("best_of_n", 1, 3): 0.1, ("best_of_n", 3, 3): 0.2})
    (line,) = lines_of(table, RelativeCost(0.1), ["best_of_n"])
    budgets = np.array([1.3, 3.9]) * (1 + np.array([-1, 1]) * 1e-12)
    assert line.success_at(budgets, table.mean()).tolist() == pytest.approx([0.1, 0.2])

"""Iso-budget parabolas against NumPy's polyfit, known vertices, and lines without an optimum."""

import numpy as np
import pytest

from svlaw.analysis.compare.cost_lines import lines_of
from svlaw.analysis.cost import RelativeCost
from svlaw.fit.laws.isobudget import LEAST_POINTS, WINDOW, isobudget
from svlaw.fit.laws.optima import Optima

COST = RelativeCost(1.0)
S_GRID, V_GRID = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64), (1, 2, 3, 4, 6, 8, 12, 16)


def _found(tables, success, cost=COST, S=S_GRID, V=V_GRID) -> Optima:
    """The optima of a surface success(log S, log unit cost)."""
    points = {("best_of_n", s, v): success(np.log(s), np.log(cost(1.0, v))) for v in V for s in S}
    table = tables.of({point: np.atleast_1d(y) for point, y in points.items()})
    return isobudget(lines_of(table, cost, ["best_of_n"]), table.success, cost)


def test_vertex_of_an_exact_parabola(tables) -> None:
    """With success -(x - w - d)^2 + rise along a budget, S / unit = e^d: the vertex is known.

    Curves are linear between points, so a fine grid in S is used.
    """
    S = np.geomspace(100, 6400, 400).round()
    shift = 5.0
    found = _found(
        tables, lambda x, u: 0.5 + 0.05 * (x + u) - 0.02 * (x - u - shift) ** 2, S=S.tolist()
    )
    used = found.used[:, 0]
    assert used.sum() > 30
    budgets, solutions = found.budgets[used], found.solutions[used, 0]
    np.testing.assert_allclose(solutions, np.exp((np.log(budgets) + shift) / 2), rtol=0.01)
    np.testing.assert_allclose(COST(solutions, found.verifications[used, 0]), budgets)
    np.testing.assert_allclose(found.success[used, 0], 0.5 + 0.05 * np.log(budgets), atol=1e-3)
    assert not found.at_boundary[used].any()


@pytest.mark.parametrize("ratio", [0.2, 1.0, 3.0])
def test_equals_weighted_polyfit_budget_by_budget(ratio: float, tables) -> None:
    cost = RelativeCost(ratio)
    rng = np.random.default_rng(3)
    points = {
        ("best_of_n", s, v): 0.4
        + 0.08 * np.log(s)
        + 0.06 * np.log(v)
        - 0.012 * np.log(s) ** 2
        - 0.01 * np.log(v) ** 2
        + 0.01 * rng.standard_normal(7)
        for v in V_GRID
        for s in S_GRID
    }
    table = tables.of(points)
    found = isobudget(lines_of(table, cost, ["best_of_n"]), table.success, cost)
    seen = 0
    for i, budget in enumerate(found.budgets):
        for b in range(7):
            x, y = [], []
            for v in reversed(V_GRID):
                s = budget / (1 + ratio * v)
                if S_GRID[0] * (1 - 1e-9) <= s <= S_GRID[-1] * (1 + 1e-9):
                    x.append(np.log(s))
                    y.append(
                        np.interp(
                            np.log(s),
                            np.log(S_GRID),
                            [points["best_of_n", each, v][b] for each in S_GRID],
                        )
                    )
            if len(x) < LEAST_POINTS:
                assert not found.considered[i, b]
                continue
            x, y = np.array(x), np.array(y)
            near = np.abs(x - x[y.argmax()]) <= np.log(WINDOW)
            ends = np.r_[x[0], (x[1:] + x[:-1]) / 2, x[-1]]
            gamma, beta, _ = np.polyfit(x[near], y[near], 2, w=np.sqrt(np.diff(ends)[near]))
            vertex = -beta / (2 * gamma)
            inside = gamma < 0 and x[0] <= vertex <= x[-1]
            assert np.isfinite(found.success[i, b]) == inside
            if inside:
                seen += 1
                assert found.solutions[i, b] == pytest.approx(np.exp(vertex), rel=1e-6)
    assert seen > 50


def test_denser_values_at_one_end_do_not_pull_the_vertex(tables) -> None:
    def skewed(x: float, u: float) -> float:
        d = x - u - 5
        return 0.5 + 0.05 * (x + u) - 0.01 * d**2 - 0.001 * d**3

    S = np.geomspace(100, 6400, 300).round().tolist()
    even = _found(tables, skewed, S=S, V=np.unique(np.geomspace(1, 64, 40).round()).tolist())
    dense = _found(tables, skewed, S=S, V=range(1, 65))
    both = even.used[:, 0] & dense.used[:, 0]
    assert both.sum() > 30
    np.testing.assert_allclose(even.solutions[both], dense.solutions[both], rtol=0.02)


def test_convex_lines_have_no_optimum(tables) -> None:
    found = _found(tables, lambda x, u: 0.5 + 0.01 * (x + u) + 0.01 * (x - u) ** 2)
    assert not found.used.any()
    assert found.flags["not concave"] > 20
    assert found.clear_share == 0


def test_a_vertex_beyond_the_largest_verifications_is_a_boundary(tables) -> None:
    found = _found(tables, lambda x, u: 0.3 + 0.1 * u + 0.01 * x - 0.005 * u**2)
    beyond = found.at_boundary[:, 0]
    assert beyond.sum() > 10
    assert not (found.used & found.at_boundary).any()
    assert (found.considered[:, 0] == (found.used[:, 0] | beyond)).all()
    assert found.flags["vertex outside the data"] >= beyond.sum()


def test_a_vertex_below_one_verification_is_no_boundary(tables) -> None:
    """No V below 1 can be bought, so nothing more need be generated."""
    found = _found(tables, lambda x, u: 0.3 + 0.1 * x - 0.005 * x**2 - 0.03 * u)
    assert found.flags["vertex outside the data"] > 20
    free = found.budgets < 64  # below that the largest S cuts nothing off
    assert not found.at_boundary[free].any()


def test_budgets_that_buy_nothing_are_not_used(tables) -> None:
    found = _found(tables, lambda x, u: 0.9 - 0.05 * (x + u) - 0.02 * (x - u) ** 2)
    assert found.used.sum() == 1
    assert found.flags["no better than a smaller budget"] > 20


def test_three_values_of_v_are_too_few(tables) -> None:
    found = _found(tables, lambda x, u: 0.5 + 0.05 * (x + u) - 0.02 * (x - u) ** 2, V=(1, 4, 16))
    assert not found.considered.any()
    assert list(found.flags) == [f"fewer than {LEAST_POINTS} values of V at this budget"]
    assert found.clear_share == 0

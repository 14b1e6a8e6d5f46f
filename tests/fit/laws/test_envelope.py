"""The envelope against a plain search budget by budget."""

from math import log

import numpy as np
import pytest

from svlaw.analysis.compare.cost_lines import lines_of
from svlaw.analysis.cost import RelativeCost
from svlaw.fit.laws.envelope import envelope
from svlaw.fit.laws.optima import PER_DOUBLING


def _random_points(rng: np.random.Generator, n: int) -> dict[tuple[str, int, int], np.ndarray]:
    points = {}
    for v in (1, 2, 3, 8):
        for s in 2 ** np.arange(rng.integers(0, 3), rng.integers(4, 8)):
            level = 0.3 + 0.05 * np.log2(s) + 0.04 * np.log2(v)
            points["best_of_n", int(s), v] = level + 0.1 * rng.random(n)
    return points


def _plain(points: dict, ratio: float, budgets: np.ndarray) -> list[tuple]:
    """(S, V, success, used, at_boundary) at each budget, None where nothing is affordable."""
    deepest = max(v for _, _, v in points)
    widest = max(s for _, s, _ in points)
    rows, before = [], -np.inf
    for budget in budgets:
        best = None
        for depth in sorted({v for _, _, v in points}):
            S = budget / (1 + ratio * depth)
            held = sorted(s for _, s, v in points if v == depth)
            if not held[0] * (1 - 1e-9) <= S <= held[-1] * (1 + 1e-9):
                continue
            y = float(
                np.interp(
                    log(S), np.log(held), [points["best_of_n", s, depth].item() for s in held]
                )
            )
            if best is None or y > best[2]:
                best = (S, depth, y)
        if best is None:
            rows.append(None)
            continue
        S, depth, y = best
        at_boundary = depth == deepest or S / widest >= 1 - 1e-9
        rows.append((S, depth, y, y > before, at_boundary))
        before = max(before, y)
    return rows


@pytest.mark.parametrize("seed", range(10))
def test_equals_a_plain_search(seed: int, tables) -> None:
    rng = np.random.default_rng(seed)
    ratio = float(rng.choice([0.2, 1.0, 2.0]))
    points = _random_points(rng, 1)
    table = tables.of(points)
    lines = lines_of(table, RelativeCost(ratio), ["best_of_n"])
    found = envelope(lines, table.mean()[:, None], RelativeCost(ratio))
    rows = _plain(points, ratio, found.budgets)
    for i, row in enumerate(rows):
        if row is None:
            assert not found.used[i, 0]
            continue
        S, depth, y, used, at_boundary = row
        assert found.success[i, 0] == pytest.approx(y, abs=1e-9)
        assert found.used[i, 0] == used
        if used:
            assert found.solutions[i, 0] == pytest.approx(S)
            assert found.verifications[i, 0] == depth
            assert found.at_boundary[i, 0] == at_boundary


def test_eight_budgets_per_doubling(published) -> None:
    lines = lines_of(published, RelativeCost(2.0), ["best_of_n"])
    found = envelope(lines, published.mean()[:, None], RelativeCost(2.0))
    assert found.budgets[0] == 3
    assert 16640 / 2 ** (1 / 8) < found.budgets[-1] <= 16640
    np.testing.assert_allclose(found.budgets[PER_DOUBLING:] / found.budgets[:-PER_DOUBLING], 2)
    spent = found.solutions * (1 + 2 * found.verifications)
    np.testing.assert_allclose(spent, np.broadcast_to(found.budgets[:, None], spent.shape))


def test_the_largest_budget_is_kept_where_it_falls_on_the_grid(tables) -> None:
    table = tables.of({("best_of_n", s, 1): y for s, y in ((1, 0.1), (2, 0.2), (8, 0.3))})
    cost = RelativeCost(0.1)
    found = envelope(lines_of(table, cost, ["best_of_n"]), table.mean()[:, None], cost)
    assert found.budgets.size == 25
    assert found.budgets[-1] == pytest.approx(8.8)
    assert found.success[-1, 0] == pytest.approx(0.3)
    assert found.used.all()


def test_budgets_that_buy_nothing_more_are_not_used(tables) -> None:
    table = tables.of(
        {("best_of_n", s, 1): y for s, y in ((1, 0.1), (2, 0.4), (4, 0.4), (8, 0.3), (16, 0.5))}
    )
    cost = RelativeCost(1.0)
    found = envelope(lines_of(table, cost, ["best_of_n"]), table.mean()[:, None], cost)
    used = found.used[:, 0].tolist()
    assert used[:9] == [True] * 9  # up to cost 4
    assert not any(used[9:25])  # level, then falling, to cost 16
    assert used[25:29] == [False] * 4  # .3 to .5 from 16 to 32: level with .4 half-way
    assert used[29:] == [True] * 4


def test_resamples_are_found_one_by_one(tables) -> None:
    rng = np.random.default_rng(0)
    table = tables.of(_random_points(rng, 5))
    lines = lines_of(table, RelativeCost(2.0), ["best_of_n"])
    means = rng.random((table.points.height, 30))
    together = envelope(lines, means, RelativeCost(2.0))
    for b in range(30):
        alone = envelope(lines, means[:, [b]], RelativeCost(2.0))
        for name in ("solutions", "verifications", "success", "used", "at_boundary"):
            np.testing.assert_array_equal(getattr(together, name)[:, [b]], getattr(alone, name))


def test_shared_calls_leave_the_rest_of_a_budget_to_solutions(tables) -> None:
    """Lambda 2: V calls cost 2 V whatever S, so S is the budget less that."""
    points = {("best_of_n", s, v): 1 - 1 / (s * v + 1) for s in (1, 4, 16, 64) for v in (1, 2, 4)}
    table = tables.of(points)
    cost = RelativeCost(2.0, calls="shared")
    lines = lines_of(table, cost, ["best_of_n"])
    found = envelope(lines, table.mean()[:, None], cost)
    assert (found.budgets[0], lines[-1].costs[-1]) == (3, 72)
    spent = found.solutions + 2 * found.verifications
    np.testing.assert_allclose(spent, np.broadcast_to(found.budgets[:, None], spent.shape))

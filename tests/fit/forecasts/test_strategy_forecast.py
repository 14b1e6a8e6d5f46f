"""Forecasts of strategies: known surfaces, what backtests hold back, refusals."""

import numpy as np
import pytest

from svlaw.analysis.cost import RelativeCost
from svlaw.analysis.intervals.resampling import Resamples, resample
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.fit.forecasts.strategy_forecast import forecast_strategy, largest_cost
from svlaw.fit.surfaces.forms import expit
from svlaw.fit.surfaces.surface_fits import form_named

COST = RelativeCost(1.0)
CEILING = np.array([-0.6, 0.6, -1.0, 0.2, 0.1, 0.4])
TURNING = np.array([-0.6, 0.8, 0.0, 0.0, 0.3, 0.1, 0.0])


def surface(name: str, theta: np.ndarray, S, V) -> np.ndarray:
    return form_named(name).success(theta, np.asarray(S, float), np.asarray(V, float))


def verified(
    tables, name: str, theta: np.ndarray, most_s: int = 64, most_v: int = 32, n: int = 0
) -> SuccessTable:
    """Best-of-N on powers of two; with n problems whose logits are shifted alike everywhere."""
    points = {}
    shift = np.random.default_rng(0).normal(0, 0.8, n) if n else 0.0
    for s in 2 ** np.arange(12):
        for v in 2 ** np.arange(12):
            if s <= most_s and v <= most_v:
                success = surface(name, theta, s, v)
                points["best_of_n", int(s), int(v)] = (
                    expit(np.log(success / (1 - success)) + shift) if n else float(success)
                )
    return tables.of(points)


def votes(tables, most: int = 64, n: int = 0) -> SuccessTable:
    values = np.unique(np.rint(2.0 ** (np.arange(0, 8 * np.log2(most) + 1) / 8))).astype(int)
    shift = np.random.default_rng(1).normal(0, 0.05, n) if n else 0.0
    return tables.of(
        {
            ("self_consistency", int(s), 0): 0.6 - 0.2 * np.exp(-0.4 * (s**0.6 - 4**0.6)) + shift
            for s in values
        }
    )


def test_a_known_surface_is_continued(tables) -> None:
    table = verified(tables, "ceiling", CEILING)
    largest = 64 * 33
    assert largest_cost(table, COST, "best_of_n") == largest
    found = forecast_strategy(table, COST, "best_of_n", [4 * largest, 16 * largest])
    truth = surface("ceiling", CEILING, found.solutions, found.verifications)
    np.testing.assert_allclose(found.success, truth, atol=0.004)
    assert (found.costs <= found.budgets).all()
    assert (found.costs > 0.97 * found.budgets).all()
    assert np.isnan(found.conf_low).all()
    for test in found.backtests:
        assert test.rms < 0.005
        assert test.held is None
    # No other whole S and V within the budget is better by the surface.
    for i, budget in enumerate(found.budgets):
        V = np.arange(1, 2000)
        S = np.floor(budget / (1 + V))
        best = found.model.predict(S[S >= 1], V[S >= 1].astype(float)).max()
        assert found.success[i] == pytest.approx(best, abs=1e-4)


def test_a_turning_point_is_not_passed(tables) -> None:
    """More solutions mislead, more so with more verifications: no budget helps."""
    table = verified(tables, "overoptimisation", TURNING)
    best = table.points.row(int(np.argmax(table.mean())), named=True)
    assert 8 <= best["solutions"] < 64
    assert best["verifications"] == 1
    for budget in (4 * 64 * 33, 1e7):
        found = forecast_strategy(table, COST, "best_of_n", [budget])
        assert 8 <= found.solutions[0] < 64
        assert found.verifications[0] == 1
        assert found.success[0] == pytest.approx(table.mean().max(), abs=0.005)
        assert found.backtests[0].held_back.startswith("cost ")


def test_a_backtest_holds_back_as_much_as_is_extrapolated(tables) -> None:
    table = verified(tables, "ceiling", CEILING)
    found = forecast_strategy(table, COST, "best_of_n", [4 * 64 * 33])
    S, V = int(found.solutions[0]), int(found.verifications[0])
    words = []
    if S > 64:
        words.append(f"S {64 * 64 / S:,.0f} to 64")
    if V > 32:
        words.append(f"V {32 * 32 / V:,.0f} to 32")
    assert found.backtests[0].held_back == ", ".join(words)
    assert found.backtests[0].reaches


def test_a_backtest_that_reaches_less_far_says_so(tables) -> None:
    table = verified(tables, "ceiling", CEILING, 16, 32)
    found = forecast_strategy(table, COST, "best_of_n", [1e7])
    assert not found.backtests[0].reaches
    assert found.backtests[0].held_back.startswith("S 8 to 16")


def test_a_backtest_sees_what_it_was_not_fitted_to(tables) -> None:
    """Success at large S that nothing at small S foretells."""
    table = verified(tables, "ceiling", CEILING)
    far = (table.points["solutions"] >= 32).to_numpy()
    success = table.success.copy()
    success[far] += 0.1
    changed = SuccessTable(table.points, success, table.variance, (), 0, None)
    near, off = (
        forecast_strategy(t, COST, "best_of_n", [8 * 64 * 33]).backtests[0]
        for t in (table, changed)
    )
    assert near.rms < 0.01
    assert off.error < -0.05


def test_self_consistency_follows_its_curve(tables) -> None:
    found = forecast_strategy(votes(tables), COST, "self_consistency", [256, 1000.5])
    assert found.solutions.tolist() == [256, 1000]
    assert found.verifications.tolist() == [0, 0]
    assert found.costs.tolist() == [256, 1000]
    np.testing.assert_allclose(found.success, 0.6, atol=0.004)
    assert [test.held_back for test in found.backtests] == ["S 16 to 64", "S 8 to 64"]
    assert [test.reaches for test in found.backtests] == [True, False]
    assert found.backtests[0].rms < 0.01
    assert found.model.parameters["limit"] == pytest.approx(0.6, abs=0.005)


@pytest.mark.parametrize("strategy", ["self_consistency", "best_of_n"])
def test_intervals(strategy: str, tables) -> None:
    """Problems that differ by a shift alone: the interval is about that of their mean."""
    votes_only = strategy == "self_consistency"
    table = votes(tables, n=80) if votes_only else verified(tables, "ceiling", CEILING, n=80)
    drawn = resample(table, 80, 0)
    budget = 4 * largest_cost(table, COST, strategy)
    found = forecast_strategy(table, COST, strategy, [budget], drawn)
    assert found.conf_low[0] < found.success[0] < found.conf_high[0]
    last = table.success[-1]
    expected = 2 * 1.96 * last.std() / np.sqrt(80)
    assert found.conf_high[0] - found.conf_low[0] == pytest.approx(expected, rel=0.6)
    assert found.backtests[0].held == 1
    again = forecast_strategy(table, COST, strategy, [budget], drawn)
    np.testing.assert_array_equal(found.conf_low, again.conf_low)
    assert isinstance(drawn, Resamples)


def test_refusals(tables) -> None:
    small = verified(tables, "ceiling", CEILING, 2, 32)
    with pytest.raises(NotInPoolError, match="at least three values of S"):
        forecast_strategy(small, COST, "best_of_n", [1e4])
    with pytest.raises(NotInPoolError, match=r"none is given without a test.*and verifications"):
        forecast_strategy(verified(tables, "ceiling", CEILING, 8, 32), COST, "best_of_n", [1e4])
    with pytest.raises(NotInPoolError, match="at least 5 values of S from 4 on"):
        forecast_strategy(votes(tables, 7), COST, "self_consistency", [1e4])
    with pytest.raises(NotInPoolError, match="none is given without a test: generate more sol"):
        forecast_strategy(votes(tables, 12), COST, "self_consistency", [1e4])
    with pytest.raises(NotInPoolError, match="no figures for weighted_vote"):
        forecast_strategy(small, COST, "weighted_vote", [1e4])


@pytest.mark.parametrize("budget", [64, 10, -1, float("nan"), 1e13])
def test_bad_budgets(budget: float, tables) -> None:
    with pytest.raises(BadInputError, match="use one beyond the 64 that self_consistency was"):
        forecast_strategy(votes(tables), COST, "self_consistency", [budget])


def test_the_published_figure(published) -> None:
    """Held back points of the paper's grid are foreseen within a point."""
    cost = RelativeCost(2.0)
    for strategy in ("best_of_n", "self_consistency"):
        largest = largest_cost(published, cost, strategy)
        found = forecast_strategy(published, cost, strategy, [4 * largest, 16 * largest])
        for test in found.backtests:
            assert test.rms < 0.01

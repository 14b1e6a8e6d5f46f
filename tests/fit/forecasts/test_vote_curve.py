"""The curve of self-consistency: recovery, and a plain least-squares fit beside it."""

import numpy as np
import pytest
from scipy.optimize import curve_fit

from svlaw.fit.forecasts.vote_curve import fit_vote_curve
from svlaw.fit.simulation.plurality import self_consistency
from svlaw.fit.simulation.population import SETTINGS

S = np.array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 16, 19, 23, 27, 32], float)


def stretched(S: np.ndarray, limit: float, way: float, rate: float, power: float) -> np.ndarray:
    return limit - way * np.exp(-rate * (S**power - 4**power))


@pytest.mark.parametrize(
    ("limit", "way", "rate", "power"),
    [(0.6, 0.2, 0.4, 0.5), (0.6, 0.2, 0.05, 1.0), (0.3, -0.1, 2.0, 0.3)],
)
def test_recovers_a_curve(limit: float, way: float, rate: float, power: float) -> None:
    curve = fit_vote_curve(S, stretched(S, limit, way, rate, power)[:, None])
    assert curve is not None
    assert curve.first == 4
    far = np.array([32.0, 100, 1000])
    expected = stretched(far, limit, way, rate, power)
    np.testing.assert_allclose(curve.predict(far)[:, 0], expected, atol=0.004)
    assert curve.limit[0] == pytest.approx(limit, abs=0.006)


def test_no_worse_than_scipys_least_squares() -> None:
    rng = np.random.default_rng(0)
    used = S >= 4
    y = stretched(S, 0.6, 0.2, 0.4, 0.5) + 0.003 * rng.standard_normal(S.size)
    found = fit_vote_curve(S, y[:, None])
    assert found is not None
    values, _ = curve_fit(stretched, S[used], y[used], (0.6, 0.2, 0.3, 0.6), maxfev=20_000)
    best = np.mean((stretched(S[used], *values) - y[used]) ** 2)
    mine = np.mean((found.predict(S[used])[:, 0] - y[used]) ** 2)
    assert mine <= best * 1.05


def test_many_means_are_each_alone() -> None:
    rng = np.random.default_rng(1)
    y = stretched(S[:, None], 0.6, 0.2, 0.4, 0.5) + 0.01 * rng.standard_normal((S.size, 9))
    together = fit_vote_curve(S, y)
    assert together is not None
    for b in range(9):
        alone = fit_vote_curve(S, y[:, [b]])
        assert alone is not None
        np.testing.assert_allclose(together.predict([50, 500])[:, [b]], alone.predict([50, 500]))


def test_small_values_of_s_do_not_matter() -> None:
    y = stretched(S, 0.6, 0.2, 0.4, 0.5)
    other = np.where(S < 4, 0.1, y)
    one, two = (fit_vote_curve(S, each[:, None]) for each in (y, other))
    assert one is not None
    assert two is not None
    np.testing.assert_array_equal(one.predict([99]), two.predict([99]))


def test_a_constant_stays() -> None:
    curve = fit_vote_curve(S, np.full((S.size, 1), 0.4))
    assert curve is not None
    np.testing.assert_allclose(curve.predict([5, 1e6])[:, 0], 0.4)


def test_success_stays_within_bounds() -> None:
    curve = fit_vote_curve(S, np.linspace(0.9, 1.0, S.size)[:, None])
    assert curve is not None
    assert curve.predict([1e9])[0, 0] <= 1


def test_too_few_points() -> None:
    assert fit_vote_curve(S[:7], np.full((7, 1), 0.4)) is None
    assert fit_vote_curve(S[:8], np.full((8, 1), 0.4)) is not None


@pytest.mark.parametrize("setting", ["typical", "hard"])
def test_foresees_true_self_consistency(setting: str) -> None:
    """Four times further in S, from S up to 32, where the last value is off by up to 2 points."""
    near = np.unique(np.rint(2.0 ** (np.arange(41) / 8))).astype(np.int64)
    truth = self_consistency(SETTINGS[setting], np.append(near, 128))
    curve = fit_vote_curve(near.astype(float), truth[:-1, None])
    assert curve is not None
    assert abs(curve.predict([128])[0, 0] - truth[-1]) < 0.003
    assert abs(truth[-2] - truth[-1]) > 0.003

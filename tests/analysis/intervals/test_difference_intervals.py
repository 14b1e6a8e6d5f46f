"""Intervals of mean differences: what they must do, and how often they hold the truth."""

import numpy as np
import pytest
from scipy import stats

from svlaw.analysis.intervals.difference_intervals import difference_intervals, too_few_differ


def _sparse(rng: np.random.Generator, shape: tuple[int, int], up: float, down: float) -> np.ndarray:
    u = rng.random(shape)
    moved: np.ndarray = 0.5 * ((u < up).astype(float) - (u > 1 - down))
    return moved


def test_formula_by_hand() -> None:
    """Two of four problems moved by 1/2: k = 2, s^2 = (1/2 + 1/2) / (2 + 1/2) = 0.4."""
    low, high = difference_intervals(np.array([[0.5, 0.5, 0.0, 0.0]]))
    e = np.array([0.5, 0.5, 0, 0, np.sqrt(0.4), -np.sqrt(0.4)])
    half = stats.t.ppf(0.975, 3) * np.sqrt(((e - e.mean()) ** 2).mean() / 6)
    assert (low[0], high[0]) == pytest.approx((e.mean() - half, e.mean() + half))


def test_negated_differences_turn_the_interval_about() -> None:
    d = np.clip(np.random.default_rng(0).normal(0.1, 0.3, (50, 37)), -1, 1)
    d[:10] *= np.random.default_rng(1).random((10, 37)) < 0.1
    low, high = difference_intervals(d)
    low_again, high_again = difference_intervals(-d)
    np.testing.assert_allclose(low, -high_again, atol=1e-12)
    np.testing.assert_allclose(high, -low_again, atol=1e-12)


@pytest.mark.parametrize("n", [2, 3, 10, 20, 100])
def test_holds_the_mean_and_stays_within_one(n: int) -> None:
    rng = np.random.default_rng(n)
    d = np.concatenate([_sparse(rng, (50, n), p, 0.0) for p in (0.02, 0.5, 0.98)])
    d = np.concatenate([d, np.ones((1, n)), -np.ones((1, n)), rng.uniform(-1, 1, (50, n))])
    low, high = difference_intervals(d)
    mean = d.mean(axis=1)
    assert ((low >= -1) & (low <= mean) & (mean <= high) & (high <= 1)).all()


def test_sign_test_decides_about_zero() -> None:
    """Up to five problems that move the same way leave the sign open; six do not."""
    for n in (6, 20, 100, 500):
        for moved in range(7):
            for size in (1.0, 0.5):
                d = np.zeros((1, n))
                d[0, :moved] = size
                low, high = difference_intervals(d)
                assert (low[0] <= 0 <= high[0]) == (moved < 6)
                assert too_few_differ(d)[0] == (moved < 6)


def test_three_of_twenty_include_zero() -> None:
    d = np.zeros((1, 20))
    d[0, :3] = 0.5
    low, high = difference_intervals(d)
    assert low[0] < 0
    assert 0.075 < high[0] < 0.3


def test_where_no_problem_differs_the_size_is_bounded() -> None:
    for n in (10, 30, 100, 500):
        low, high = difference_intervals(np.zeros((1, n)))
        assert -low[0] == high[0]
        assert 2.6 < high[0] * n < 2.8


def test_equals_t_where_data_are_many_and_dense() -> None:
    d = np.clip(np.random.default_rng(0).normal(0.05, 0.2, (20, 500)), -1, 1)
    low, high = difference_intervals(d)
    half = stats.t.ppf(0.975, 499) * d.std(axis=1, ddof=1) / np.sqrt(500)
    np.testing.assert_allclose((high - low) / (2 * half), 1, atol=0.03)
    np.testing.assert_allclose((high + low) / 2, d.mean(axis=1), atol=0.03 * half.min())


@pytest.mark.parametrize("n", [10, 20, 30, 100, 500])
@pytest.mark.parametrize(("up", "down"), [(0.02, 0), (0.05, 0), (0.1, 0.1), (0.2, 0.05), (0.8, 0)])
def test_holds_the_truth(n: int, up: float, down: float) -> None:
    """BCa holds +0.5 on 5% in 65% of the samples of 20, where this is 100%."""
    d = _sparse(np.random.default_rng([n, int(100 * up)]), (4000, n), up, down)
    low, high = difference_intervals(d)
    truth = 0.5 * (up - down)
    assert np.mean((low <= truth) & (truth <= high)) >= 0.93


def test_a_single_problem_says_nothing_and_nan_stays() -> None:
    low, high = difference_intervals(np.array([[0.5], [np.nan]]))
    assert (low[0], high[0]) == (-1, 1)
    assert np.isnan([low[1], high[1]]).all()
    both = np.array([[0.0, 0.0], [0.0, np.nan]])
    assert too_few_differ(both).tolist() == [True, False]


def test_families_of_one_are_problems() -> None:
    d = np.clip(np.random.default_rng(0).normal(0.1, 0.3, (5, 40)), -1, 1)
    np.testing.assert_allclose(difference_intervals(d, np.arange(40)), difference_intervals(d))
    assert too_few_differ(np.repeat([[1.0, 0.0]], 10, axis=1), np.repeat([0, 1], 10))[0]


def test_equal_families_are_as_many_problems_as_families() -> None:
    d = np.clip(np.random.default_rng(0).normal(0.1, 0.3, (5, 40)), -1, 1)
    clusters = np.repeat(np.arange(40), 3)
    again = difference_intervals(np.repeat(d, 3, axis=1), clusters)
    np.testing.assert_allclose(again, difference_intervals(d), atol=1e-12)

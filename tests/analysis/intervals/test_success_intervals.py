"""Intervals of mean success: their arithmetic, and how often they hold the truth."""

import warnings

import numpy as np
import pytest
from scipy.stats import t

from svlaw.analysis.intervals.success_intervals import success_intervals
from svlaw.analysis.strategies.coverage import coverage


def test_success_intervals_are_t_intervals_in_the_middle() -> None:
    values = np.random.default_rng(0).beta(2, 2, 400)
    (low,), (high,) = success_intervals(values[None])
    half = t.ppf(0.975, 399) * values.std(ddof=1) / 20
    assert low == pytest.approx(values.mean() - half, abs=0.05 * half)
    assert high == pytest.approx(values.mean() + half, abs=0.05 * half)


def test_success_intervals_of_certain_problems() -> None:
    """n problems that are all solved are n successes of n trials to Wilson."""
    for n in (10, 100):
        (low,), (high,) = success_intervals(np.ones((1, n)))
        q = t.ppf(0.975, n - 1) ** 2
        assert (low, high) == (pytest.approx(n / (n + q)), 1.0)
        (low,), (high,) = success_intervals(np.zeros((1, n)))
        assert (low, high) == (0.0, pytest.approx(q / (n + q)))
    assert success_intervals(np.ones((1, 1))) == (0.0, 1.0)


def test_success_intervals_of_nothing_are_nothing() -> None:
    low, high = success_intervals(np.array([[np.nan, np.nan], [0.5, 0.5]]))
    assert np.isnan([low[0], high[0]]).all()
    assert 0 <= low[1] < 0.5 < high[1] <= 1


def test_success_intervals_contain_the_mean_and_turn_with_it() -> None:
    rng = np.random.default_rng(0)
    values = rng.beta(0.2, rng.uniform(0.05, 5, (300, 1)), (300, 12))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        low, high = success_intervals(values)
        turned_low, turned_high = success_intervals(1 - values)
    mean = values.mean(axis=1)
    assert ((low >= 0) & (low <= mean) & (mean <= high) & (high <= 1)).all()
    np.testing.assert_allclose(turned_low, 1 - high, atol=1e-12)
    np.testing.assert_allclose(turned_high, 1 - low, atol=1e-12)


@pytest.mark.parametrize(
    ("n_problems", "shape"),
    [(60, (0.5, 0.5)), (100, (2.0, 1.0)), (30, (0.3, 4.0)), (100, (6.0, 0.2))],
)
def test_interval_of_a_mean_holds_the_truth(n_problems, shape) -> None:
    """Problems with Beta success rates, 16 solutions of each; truth is E[1 - (1 - p)^S].

    At S = 8 the second shape reaches success 0.98, where percentile intervals hold it to 86%.
    """
    rng = np.random.default_rng(1)
    a, b = shape
    S = np.array([1, 2, 4, 8])
    truth = [1 - np.prod([(b + k) / (a + b + k) for k in range(s)]) for s in S]
    inside = []
    for _ in range(1000):
        right = rng.binomial(16, rng.beta(a, b, n_problems))
        low, high = success_intervals(coverage(16, right, S[:, None]))
        inside.append((low <= truth) & (truth <= high))
    held = np.mean(inside, axis=0)
    assert (held >= 0.925).all()
    assert held[0] <= 0.99

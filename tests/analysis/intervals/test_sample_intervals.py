"""Intervals of "these problems, sampled again": how often they hold the truth of fixed problems."""

import numpy as np
import pytest
from scipy.special import comb

from svlaw.analysis.intervals.resampling import percentile_interval
from svlaw.analysis.intervals.sample_intervals import sample_intervals
from svlaw.analysis.success.sampling_noise import SamplingNoise

PROBLEMS = {
    "mixed": np.random.default_rng(0).beta(0.8, 0.6, 40),
    "few": np.random.default_rng(1).beta(1, 1, 10),
    "nearly all solved": np.concatenate([np.full(55, 0.999), [0.5, 0.9, 0.7, 0.3, 0.95]]),
    "hardly ever solved": np.full(40, 0.004),
    "many": np.random.default_rng(2).beta(0.5, 0.5, 200),
}
RUNS, N = 3000, 32


def _coverage(correct: np.ndarray, n: int, S: int) -> np.ndarray:
    """Share of the subsets of S of n solutions that hold a right one."""
    found: np.ndarray = 1 - comb(n - correct, S) / comb(n, S)
    return found


def _drawn(p: np.ndarray, S: int, seed: int) -> tuple[np.ndarray, SamplingNoise]:
    """Mean coverage of every run, and its noise."""
    first, second = np.random.default_rng(seed).binomial(N // 2, p, (2, RUNS, p.size))
    halves = (_coverage(half, N // 2, S) for half in (first, second))
    deviations = np.subtract(*halves) / 2
    noise = SamplingNoise(deviations, np.full(RUNS, 2 * (S / N) ** 2))
    return _coverage(first + second, N, S).mean(axis=1), noise


@pytest.mark.parametrize("S", [1, 4, 16])
@pytest.mark.parametrize("name", PROBLEMS)
def test_the_truth_of_these_problems_is_held(name: str, S: int) -> None:
    p = PROBLEMS[name]
    mean, noise = _drawn(p, S, 3)
    low, high = sample_intervals(mean, noise)
    truth = np.mean(1 - (1 - p) ** S)
    assert np.mean((low <= truth) & (truth <= high)) >= 0.92
    assert ((low >= 0) & (low <= mean) & (mean <= high) & (high <= 1)).all()


def test_they_are_as_short_as_they_may_be() -> None:
    """Success varies between problems, but not the noise of sampling them again."""
    p = PROBLEMS["many"]
    mean, noise = _drawn(p, 1, 4)
    low, high = sample_intervals(mean, noise)
    assert np.median(high - low) == pytest.approx(2 * 1.97 * mean.std(), rel=0.1)


def test_differences_keep_what_points_have_in_common() -> None:
    p = PROBLEMS["mixed"]
    one, noise = _drawn(p, 1, 5)
    four, noise_four = _drawn(p, 4, 5)
    low, high = sample_intervals(four - one, noise_four.less(noise), -1.0)
    truth = np.mean((1 - p) - (1 - p) ** 4)
    assert np.mean((low <= truth) & (truth <= high)) >= 0.92
    apart = np.median(high - low)
    low, high = sample_intervals(four, noise_four)
    assert apart < 1.5 * np.median(high - low)


def test_without_noise_there_is_no_interval() -> None:
    noise = SamplingNoise(np.array([[0.1, np.nan], [0.0, 0.0]]), np.array([0.0, 0.02]))
    low, high = sample_intervals(np.array([0.5, 0.5]), noise)
    assert np.isnan(low[0])
    assert low[1] < 0.5 < high[1]
    assert noise.known.tolist() == [False, True]


def test_means_sampled_again_spread_like_the_interval() -> None:
    """Random signs of deviations: percentiles of the means are close to the interval."""
    p = PROBLEMS["many"]
    mean, noise = _drawn(p, 4, 6)
    some = noise.at(np.arange(20))
    again = some.means(mean[:20], 2000, 0)
    low, high = sample_intervals(mean[:20], some)
    ends = percentile_interval(again)
    np.testing.assert_allclose((ends[1] - ends[0]) / (high - low), 1, atol=0.12)
    np.testing.assert_array_equal(again, some.means(mean[:20], 2000, 0))

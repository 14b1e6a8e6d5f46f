"""Rates with clusters as the sampling unit, and the intraclass correlation."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from svlaw.analysis.intervals.clustered_rates import (
    clustered_difference,
    clustered_rate,
    intraclass_correlation,
)
from svlaw.analysis.intervals.interval import Interval


def test_a_rate_is_the_ratio_of_sums() -> None:
    rate = clustered_rate([3, 0, 5, 0], [4, 2, 10, 0])
    assert rate.estimate == 8 / 16
    assert 0 < rate.conf_low < 0.5 < rate.conf_high < 1


def test_the_interval_is_wilsons_at_the_effective_size() -> None:
    y, n = np.array([3.0, 0, 5, 7]), np.array([4.0, 2, 10, 8])
    p = y.sum() / n.sum()
    variance = 4 / 3 * np.sum((y - p * n) ** 2) / n.sum() ** 2
    size = p * (1 - p) / variance * (stats.norm.ppf(0.975) / stats.t.ppf(0.975, 3)) ** 2
    expected = proportion_confint(p * size, size, method="wilson")
    rate = clustered_rate(y, n)
    assert (rate.conf_low, rate.conf_high) == pytest.approx(expected)


def test_single_observations_are_not_made_more_of_than_they_are() -> None:
    """One verdict per cluster: the effective size is about the number of clusters."""
    hits = np.repeat([1, 0], [30, 70])
    rate = clustered_rate(hits, np.ones(100))
    plain = proportion_confint(30, 100, method="wilson")
    assert (rate.conf_low, rate.conf_high) == pytest.approx(plain, abs=0.003)
    assert rate.conf_high - rate.conf_low > plain[1] - plain[0]


def test_verdicts_that_agree_within_clusters_count_as_few() -> None:
    """Ten clusters of a hundred equal verdicts tell as much as ten verdicts."""
    many = clustered_rate([100] * 3 + [0] * 7, [100] * 10)
    few = clustered_rate([1] * 3 + [0] * 7, [1] * 10)
    assert (many.conf_low, many.conf_high) == pytest.approx((few.conf_low, few.conf_high))


@pytest.mark.parametrize(("hits", "value"), [(0, 0.0), (20, 1.0)])
def test_a_rate_at_the_edge_has_an_interval(hits: int, value: float) -> None:
    rate = clustered_rate([hits] * 8, [20] * 8)
    assert rate.estimate == value
    assert rate.conf_high - rate.conf_low > 0.2  # eight clusters, not 160 verdicts


def test_what_cannot_be_known() -> None:
    assert clustered_rate([], []) == Interval(None)
    assert clustered_rate([0, 0], [0, 0]) == Interval(None)
    assert clustered_rate([2], [3]) == Interval(2 / 3)
    assert clustered_difference([1], [2], [0], [0]) == Interval(None)
    assert clustered_difference([1], [2], [1], [4]) == Interval(0.25)


def test_the_difference_is_paired() -> None:
    """Clusters that shift both rates alike say nothing against their difference."""
    shift = np.array([0, 2, 4, 6, 8])
    alike = clustered_difference(shift + 2, [10] * 5, shift, [10] * 5)
    against = clustered_difference(shift + 2, [10] * 5, shift[::-1], [10] * 5)
    assert alike.estimate == pytest.approx(0.2)
    assert alike.conf_low == pytest.approx(0.2)
    assert against.estimate == pytest.approx(0.2)
    assert against.conf_high - against.conf_low > 1


@pytest.mark.parametrize("clusters", [30, 100])
@pytest.mark.parametrize("mean", [0.2, 0.9])
def test_intervals_hold_the_truth(clusters: int, mean: float) -> None:
    """Coverage by simulation: ragged clusters, correlated within (Beta law, correlation 0.2)."""
    rng = np.random.default_rng([clusters, round(10 * mean)])
    held = 0
    for _ in range(1_000):
        n = rng.integers(1, 60, clusters)
        y = rng.binomial(n, rng.beta(4 * mean, 4 * (1 - mean), clusters))
        rate = clustered_rate(y, n)
        held += rate.conf_low <= mean <= rate.conf_high
    assert 925 <= held <= 980


def test_the_difference_holds_the_truth() -> None:
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(1_000):
        level = rng.normal(0, 0.15, 60)
        n, m = rng.integers(0, 40, 60), rng.integers(0, 40, 60)
        difference = clustered_difference(
            rng.binomial(n, np.clip(0.7 + level, 0, 1)),
            n,
            rng.binomial(m, np.clip(0.4 + level, 0, 1)),
            m,
        )
        held += difference.conf_low <= 0.3 <= difference.conf_high
    assert 925 <= held <= 975


def moments(groups: list[list[float]]) -> tuple[list[int], list[float], list[float]]:
    arrays = [np.array(group, float) for group in groups]
    return (
        [a.size for a in arrays],
        [a.sum() for a in arrays],
        [float((a**2).sum()) for a in arrays],
    )


def test_correlation_is_that_of_the_analysis_of_variance() -> None:
    """Against SciPy's F test: with n0 of equal groups, (F - 1) / (F + n0 - 1)."""
    rng = np.random.default_rng(1)
    groups = [list(rng.normal(rng.normal(), 1, 6)) for _ in range(12)]
    F = stats.f_oneway(*groups).statistic
    assert intraclass_correlation(*moments(groups)) == pytest.approx((F - 1) / (F + 5))


def test_correlation_of_ragged_groups_by_hand() -> None:
    groups = [[1, 1, 0], [0, 0], [1], [0, 1, 1, 1]]
    n = np.array([3, 2, 1, 4])
    between = (4 / 3 + 0 + 1 + 9 / 4 - 36 / 10) / 3
    within = ((2 - 4 / 3) + 0 + 0 + (3 - 9 / 4)) / 6
    n0 = (10 - (n**2).sum() / 10) / 3
    expected = (between - within) / (between + (n0 - 1) * within)
    assert intraclass_correlation(*moments(groups)) == pytest.approx(expected)


def test_extremes_of_the_correlation() -> None:
    assert intraclass_correlation(*moments([[1, 1], [0, 0], [1, 1]])) == pytest.approx(1)
    assert intraclass_correlation(*moments([[1, 0], [0, 1], [1, 0]])) == pytest.approx(-1)
    assert intraclass_correlation(*moments([[1], [0], [1]])) is None
    assert intraclass_correlation(*moments([[1, 0, 1]])) is None
    assert intraclass_correlation(*moments([[1, 1], [1, 1]])) is None
    assert intraclass_correlation(*moments([[0.1] * 3, [0.1] * 7])) is None
    assert intraclass_correlation([], [], []) is None


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.7])
def test_correlation_recovers_the_truth(rho: float) -> None:
    rng = np.random.default_rng(3)
    n = rng.integers(1, 30, 4_000)
    chance = np.full(n.size, 0.6)
    if rho:
        size = 1 / rho - 1
        chance = rng.beta(0.6 * size, 0.4 * size, n.size)
    yes = rng.binomial(n, chance)
    assert intraclass_correlation(n, yes, yes) == pytest.approx(rho, abs=0.02)

"""Intervals: their arithmetic, and how often they hold the truth."""

import numpy as np
import pytest
from scipy.stats import bootstrap

from svlaw.analysis.compare.crossover import crossover
from svlaw.analysis.cost import RelativeCost
from svlaw.analysis.intervals.interval import Interval, reached
from svlaw.analysis.intervals.resampling import percentile_interval, resample
from svlaw.data.errors import BadInputError


def test_resamples_are_means_of_drawn_problems(tables) -> None:
    table = tables.of({("coverage", 1, 0): [0.0, 0.0, 1.0], ("coverage", 2, 0): [3.0, 6.0, 30.0]})
    means = resample(table, 5000, seed=0).means(table)
    assert means.shape == (2, 5000)
    thirds = means * 3
    np.testing.assert_allclose(thirds, np.round(thirds), atol=1e-9)
    # Means of the second row tell which problems were drawn, hence the first: they are paired.
    drawn = np.array([(i, j, k) for i in range(3) for j in range(3) for k in range(3)])
    sums = {int(np.array([3, 6, 30])[d].sum()): int((d == 2).sum()) for d in drawn}
    assert [sums[round(x)] for x in thirds[1]] == np.round(thirds[0]).tolist()
    assert means.mean(axis=1) == pytest.approx(table.mean(), rel=0.05)
    assert means[0].var() == pytest.approx(table.success[0].var() / 3, rel=0.1)


def test_resamples_depend_on_the_seed_alone(tables) -> None:
    rng = np.random.default_rng(0)
    table = tables.of({("coverage", 1, 0): rng.random(9), ("coverage", 2, 0): rng.random(9)})
    first = resample(table, 100, seed=1)
    assert first.weights.tobytes() == resample(table, 100, seed=1).weights.tobytes()
    assert (first.weights != resample(table, 100, seed=2).weights).any()
    fewer = tables.of({("coverage", 2, 0): table.success[1]})
    assert (resample(fewer, 100, seed=1).weights == first.weights).all()


def test_when_there_is_nothing_to_resample(published, tables) -> None:
    assert resample(published, 2000, 0) is None
    table = tables.of({("coverage", 1, 0): [0.0, 1.0]})
    assert resample(table, 0, 0) is None
    for few in (-1, 1, 39):
        with pytest.raises(BadInputError, match=f"resamples = {few}"):
            resample(table, few, 0)


def test_percentiles_of_a_known_sample() -> None:
    """25 of 1,000 values lie below the interval and 25 above."""
    values = np.random.default_rng(0).permutation(np.arange(1.0, 1001.0))
    assert percentile_interval(values) == (26.0, 975.0)
    low, high = percentile_interval(np.stack([values, -values]))
    assert low.tolist() == [26.0, -975.0]
    assert high.tolist() == [975.0, -26.0]


@pytest.mark.parametrize("shape", [(2.0, 2.0), (0.3, 4.0), (4.0, 0.3)])
def test_bca_equals_scipy_with_a_jackknife(shape, tables) -> None:
    """SciPy leaves each problem out in turn; here its influence comes from the resamples."""
    values = np.random.default_rng(0).beta(*shape, 60)
    table = tables.of({("coverage", 1, 0): values})
    drawn = resample(table, 20_000, seed=1)
    (low,), (high,) = drawn.intervals(table.mean(), drawn.means(table))
    other = bootstrap(
        (values,), np.mean, n_resamples=20_000, rng=np.random.default_rng(2), method="BCa"
    ).confidence_interval
    width = other.high - other.low
    assert low == pytest.approx(other.low, abs=0.03 * width)
    assert high == pytest.approx(other.high, abs=0.03 * width)
    plain = percentile_interval(drawn.means(table)[0])
    if shape != (2.0, 2.0):
        assert abs(plain[1] - other.high) > 0.04 * width  # the correction is not nothing


def test_an_interval_keeps_to_increasing_transformations(tables) -> None:
    table = tables.of({("coverage", 1, 0): np.random.default_rng(0).beta(0.5, 3, 50)})
    drawn = resample(table, 999, seed=1)
    plain = drawn.intervals(table.mean(), drawn.means(table))
    logs = drawn.intervals(np.log(table.mean()), np.log(drawn.means(table)))
    np.testing.assert_allclose(np.log(plain), logs)


def test_an_interval_knows_never(tables) -> None:
    assert reached(0.5) == Interval(0.5, None, None, None)
    assert reached(np.inf) == reached(np.nan) == Interval(None, None, None, None)
    drawn = resample(tables.of({("coverage", 1, 0): [0.0, 1.0]}), 1000, seed=0)
    rng = np.random.default_rng(0)
    values = rng.permutation(np.r_[np.arange(1.0, 901.0), np.full(50, np.inf), np.full(50, np.nan)])
    found = drawn.interval(450.0, values)
    assert (found.estimate, found.conf_high, found.never) == (450.0, None, 0.1)
    assert 1 <= found.conf_low <= 60
    found = drawn.interval(np.inf, np.full(1000, np.inf))
    assert found == Interval(None, None, None, 1.0)
    half = rng.permutation(np.r_[np.arange(1.0, 501.0), np.full(500, np.inf)])
    found = drawn.interval(np.nan, half)
    assert (found.estimate, found.conf_high) == (None, None)
    assert found.conf_low > 100  # the estimate is "never", so the interval leans that way


def test_an_interval_of_what_never_changes(tables) -> None:
    drawn = resample(tables.of({("coverage", 1, 0): [0.0, 1.0]}), 100, seed=0)
    assert drawn.interval(0.3, np.full(100, 0.3)) == Interval(0.3, 0.3, 0.3, 0.0)


def _paired(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Estimates at one budget from 16 draws of each of two related strategies, gain 0.05."""
    rate = rng.beta(1.0, 1.0, n) * 0.9
    better = rate + 0.1 * rng.random(n)
    return rng.binomial(16, rate) / 16, rng.binomial(16, better) / 16


def test_interval_of_a_paired_difference_holds_the_truth(tables) -> None:
    """Gain of best-of-N over self-consistency at equal cost."""
    rng = np.random.default_rng(2)
    held, widths, apart = [], [], []
    for seed in range(300):
        plain, verified = _paired(rng, 80)
        table = tables.of({("self_consistency", 2, 0): plain, ("best_of_n", 1, 1): verified})
        gain = crossover(table, RelativeCost(1.0), resamples=300, seed=seed).gain
        held.append(gain.conf_low <= 0.05 <= gain.conf_high)
        widths.append(gain.conf_high - gain.conf_low)
        apart.append(4 * np.hypot(plain.std(), verified.std()) / np.sqrt(80))
    assert 0.90 <= np.mean(held) <= 0.98
    assert np.mean(widths) < 0.6 * np.mean(apart)  # pairing pays

"""Rates and correlations of observations that come in clusters: verdicts of a problem, say.

Clusters are the sampling unit of every interval.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from svlaw.analysis.intervals.interval import LEVEL, Interval
from svlaw.analysis.intervals.success_intervals import wilson

F64 = npt.NDArray[np.float64]

_UPPER: Final = (1 + LEVEL) / 2


def clustered_rate(hits: npt.ArrayLike, totals: npt.ArrayLike) -> Interval:
    """The rate sum(hits) / sum(totals), with an interval that takes clusters as the sampling unit.

    The interval is Wilson's at the effective sample size p (1 - p) / v, where v is the linearised
    variance of the ratio over clusters, and scaled by (z / t)^2 for their small number. A rate of 0
    or 1 has no such variance; its effective size is the number of clusters.

    Source: Wilson (1927, JASA 22, 209-212); effective size and scaling as in Korn and Graubard
    (1998, Survey Methodology 24, 193-201).

    Args:
        hits: (clusters,) number of hits.
        totals: (clusters,) number of observations; clusters without any are left out.

    Returns:
        The rate; its estimate is None without observations, its ends are with a single cluster.
    """
    n = np.asarray(totals, float)
    y, n = np.asarray(hits, float)[n > 0], n[n > 0]
    if not n.size:
        return Interval(None)
    rate = float(y.sum() / n.sum())
    clusters = n.size
    if clusters == 1:
        return Interval(rate)
    variance = clusters / (clusters - 1) * float(np.sum((y - rate * n) ** 2)) / n.sum() ** 2
    if rate in (0.0, 1.0):
        size = float(clusters)
    else:
        most = float(n.sum())
        size = min(rate * (1 - rate) / variance, most) if variance > 0 else most
    low, high = wilson(np.array([rate]), stdtrit(clusters - 1, _UPPER) ** 2 / np.array([size]))
    return Interval(rate, float(low[0]), float(high[0]))


def clustered_difference(
    hits: npt.ArrayLike, totals: npt.ArrayLike, hits_b: npt.ArrayLike, totals_b: npt.ArrayLike
) -> Interval:
    """The difference of two such rates over the same clusters, with a paired interval.

    The interval is Student's at the linearised variance of the difference over clusters.

    Args:
        hits: (clusters,) hits of the first rate.
        totals: (clusters,) observations of the first rate; 0 where a cluster has none.
        hits_b: Hits of the rate that is taken away.
        totals_b: Its observations.

    Returns:
        The difference; its estimate is None where a rate has no observations.
    """
    y, n, y_b, n_b = (np.asarray(a, float) for a in (hits, totals, hits_b, totals_b))
    if not n.sum() or not n_b.sum():
        return Interval(None)
    rate, rate_b = y.sum() / n.sum(), y_b.sum() / n_b.sum()
    influence = ((y - rate * n) / n.sum() - (y_b - rate_b * n_b) / n_b.sum())[n + n_b > 0]
    difference, clusters = float(rate - rate_b), influence.size
    if clusters == 1:
        return Interval(difference)
    error = np.sqrt(clusters / (clusters - 1) * np.sum(influence**2))
    half = float(stdtrit(clusters - 1, _UPPER) * error)
    return Interval(difference, difference - half, difference + half)


def intraclass_correlation(
    counts: npt.ArrayLike, sums: npt.ArrayLike, squares: npt.ArrayLike
) -> float | None:
    """The correlation of two observations of the same cluster, by one-way analysis of variance.

    (MSB - MSW) / (MSB + (n0 - 1) MSW), with the mean squares between and within clusters and
    n0 = (N - sum n_i^2 / N) / (k - 1). It serves 0/1 observations as well as others; a negative
    value means that observations of a cluster differ more than those of different ones.

    Source: Ridout, Demetrio and Firth (1999, Biometrics 55, 137-148), their analysis-of-variance
    estimator.

    Args:
        counts: (clusters,) number of observations, n_i.
        sums: (clusters,) their sum.
        squares: (clusters,) the sum of their squares.

    Returns:
        The correlation; None where it is undefined: fewer than two clusters, no cluster with two
        observations, or no variation.
    """
    n, s, q = (np.asarray(a, float) for a in (counts, sums, squares))
    n, s, q = n[n > 0], s[n > 0], q[n > 0]
    total, clusters = n.sum(), n.size
    if clusters < 2 or total <= clusters:
        return None
    between = float(np.sum(s**2 / n) - s.sum() ** 2 / total) / (clusters - 1)
    within = float(np.sum(q - s**2 / n)) / float(total - clusters)
    typical = float(total - np.sum(n**2) / total) / (clusters - 1)
    spread = between + (typical - 1) * within
    # Rounding leaves a trace of variation where there is none.
    if spread <= 1e-12 * max(float(q.sum()), 1.0):
        return None
    return (between - within) / spread

"""Intervals of mean success and other rates: Wilson's, at an effective sample size."""

import numpy as np
import numpy.typing as npt

from svlaw.analysis.intervals.interval import LEVEL

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


def success_intervals(success: F64, clusters: I64 | None = None) -> tuple[F64, F64]:
    """Intervals of mean success, which keep their coverage near 0 and 1.

    Wilson's interval with the t quantile of P - 1 degrees of freedom and an effective number of
    problems: P over the ratio of the problems' variance to m (1 - m), the variance if every
    problem were always or never solved. Half a problem always solved and half a one never solved
    are added for that ratio, so that equal problems do not look certain.

    Where problems come in families, families are the units: with y their summed success and x
    their number of problems, both over the mean number, the variance is that of y - m x (a ratio
    estimator's), and the t quantile has G - 1 degrees of freedom.

    Args:
        success: (n, P) success of each problem.
        clusters: (P,) family of each problem, when problems come in families.

    Returns:
        Two arrays (n,).

    Source:
        Wilson 1927; Korn and Graubard 1998, for the effective sample size; Cochran 1977, section
        6.3, for the ratio. Resampling covers too rarely here: see docs/intervals.md.
    """
    from scipy.special import stdtrit  # noqa: PLC0415

    mean = success.mean(axis=1)
    totals, sizes = unit_totals(success, clusters)
    P = totals.shape[1]
    if P < 2:
        unknown = np.where(np.isfinite(mean), 0.0, np.nan)
        return unknown, unknown + 1
    shifted = (P * mean + 0.5) / (P + 1)
    # In two steps, since E x^2 - (E x)^2 would lose all digits where problems are nearly equal.
    spread = ((totals - mean[:, None] * sizes) ** 2).sum(axis=1)
    most = float(np.mean(sizes**2))
    spread += P * most * (mean - shifted) ** 2
    spread += 0.5 * (1 - shifted) ** 2 + 0.5 * shifted**2
    ratio = np.minimum(spread / (P + 1) / (shifted * (1 - shifted)), most)
    share = float(stdtrit(P - 1, (1 + LEVEL) / 2)) ** 2 * ratio / P
    return wilson(mean, share)


def unit_totals(values: F64, clusters: I64 | None) -> tuple[F64, F64]:
    """Sums of values over the units of an interval: problems, or families of problems.

    Args:
        values: (n, P) values of each problem.
        clusters: (P,) family of each problem; None where problems are the units.

    Returns:
        (n, G) sums over each unit by the mean size of a unit, and (G,) sizes by the same.
    """
    if clusters is None:
        return values, np.ones(values.shape[1])
    order = np.argsort(clusters, kind="stable")
    _, first, counts = np.unique(clusters[order], return_index=True, return_counts=True)
    size = counts.mean() if len(counts) else 1.0
    totals: F64 = np.add.reduceat(values[:, order], first, axis=1) / size
    return totals, counts / size


def wilson(rates: F64, share: F64) -> tuple[F64, F64]:
    """Wilson's score interval, which stays within 0 and 1 and contains the rate.

    The ends are (p + q / 2 -+ sqrt(q p (1 - p) + q^2 / 4)) / (1 + q), with q = t^2 / n.

    Args:
        rates: (n,) rates p.
        share: (n,) q: the squared quantile over the effective number of observations.

    Returns:
        Two arrays (n,).

    Source:
        Wilson (1927, JASA 22, 209-212).
    """
    centre = (rates + share / 2) / (1 + share)
    half = np.sqrt(share * np.maximum(rates * (1 - rates), 0) + share**2 / 4) / (1 + share)
    low: F64 = np.clip(centre - half, 0.0, rates)
    high: F64 = np.clip(centre + half, rates, 1.0)
    return low, high

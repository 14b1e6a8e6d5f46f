"""Intervals of the mean difference between two strategy points on the same problems.

Most problems agree exactly between two good strategies, so that a handful of problems carries the
difference. Resampling them and Student's t are both too short then: a sample may hold none of the
problems that differ, or only those that moved the same way.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from svlaw.analysis.dust import DUST, settled
from svlaw.analysis.intervals.interval import LEVEL
from svlaw.analysis.intervals.success_intervals import unit_totals

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

UNSEEN: Final = 0.5
"""How many problems that differ by all of 1 the scale of a difference is taken to have seen."""


def difference_intervals(differences: F64, clusters: I64 | None = None) -> tuple[F64, F64]:
    """Intervals of mean differences, which keep their coverage where few problems differ.

    Two problems are added, one that moved up by s and one that moved down by s, and a t interval
    is taken over the P + 2. With e the difference less the anchor c,

        k   = (sum e^2)^2 / sum e^4              the problems that carry the difference
        s^2 = (sum e^2 + 1/2) / (k + 1/2)        their mean square, with half a problem at 1
        m   = sum e / (P + 2)
        v   = (sum (e - m)^2 + 2 s^2 + 2 m^2) / (P + 2)
        interval  c + m -+ t(P - 1) sqrt(v / (P + 2)), within [-1, 1].

    The anchor is what all problems gained at least (or lost): 0 as soon as one problem agrees or
    moved the other way, so that problems which agree are added to, and a shift that all share is
    not pulled to 0. Half a problem at 1 stands for the sizes not seen yet: it decides where no
    problem differs (s = 1, hence about -+ 2.8 / P) and fades as more of them do.

    The interval always holds the mean. With at most 5 problems that differ it holds 0, as the
    sign test says it must; it turns about when the differences are negated.

    Args:
        differences: (n, P) difference of every pair of points on every problem, within [-1, 1].
        clusters: (P,) family of each problem, when problems come in families. Families are then
            the units: e is summed over a family and divided by the mean size, and "e - m" becomes
            e - m x for a family of x times the mean size (a ratio estimator's variance). k and
            s^2 are those of family means, s^2 then times the mean of x^2.

    Returns:
        Lower and upper ends, two arrays (n,): [-1, 1] of a single unit, nan where one is nan.

    Source:
        Bonett and Price 2012, Adjusted Wald Confidence Interval for a Difference of Binomial
        Proportions Based on Paired Data, for s = 1 and c = 0; Agresti and Coull 1998 for the idea;
        Cochran 1977, section 6.3, for the ratio. s and c are svlaw's: see docs/intervals.md.
    """
    from scipy.special import stdtrit  # noqa: PLC0415

    differences = settled(differences)
    P = differences.shape[1]
    mean = differences.mean(axis=1) if P else np.full(len(differences), np.nan)
    totals, sizes = unit_totals(differences, clusters)
    units = totals.shape[1]
    if units < 2:
        unknown = np.where(np.isfinite(mean), 1.0, np.nan)
        return -unknown, unknown
    anchor = _anchor(totals / sizes)
    e = totals - anchor[:, None] * sizes
    e[np.abs(e) < DUST] = 0.0
    scale = _mean_square(e / sizes) * float(np.mean(sizes**2))
    centre = e.sum(axis=1) / (units + 2)
    e -= centre[:, None] * sizes
    variance = (np.einsum("ij,ij->i", e, e) + 2 * scale + 2 * centre**2) / (units + 2)
    half = float(stdtrit(units - 1, (1 + LEVEL) / 2)) * np.sqrt(variance / (units + 2))
    low: F64 = np.clip(anchor + centre - half, -1.0, mean)
    high: F64 = np.clip(anchor + centre + half, mean, 1.0)
    few = _few(totals)  # follows from the formula for problems, not for families of all sizes
    return np.where(few, np.minimum(low, 0.0), low), np.where(few, np.maximum(high, 0.0), high)


def too_few_differ(differences: F64, clusters: I64 | None = None) -> BoolArray:
    """Whether so few problems differ that no sign of the mean difference can be told.

    If the two points were equally good, k problems that differ would all move the same way with
    probability 2 / 2^k. That is above 5% up to k = 5: then the sign test cannot reject, and
    `difference_intervals` holds 0. What it still says is how large the difference can be, at most
    about 2.8 / P where no problem differs.

    Args:
        differences: (n, P) difference of every pair of points on every problem.
        clusters: (P,) family of each problem; families that differ are counted then.

    Returns:
        (n,) True where at most 5 problems differ; False where a difference is nan.
    """
    return _few(unit_totals(settled(differences), clusters)[0])


def _few(totals: F64) -> BoolArray:
    """(n,) whether so few units differ that a sign test cannot reject."""
    differing = (~(np.abs(totals) < DUST)).sum(axis=1)
    few: BoolArray = (2.0 * 0.5**differing > 1 - LEVEL) & np.isfinite(totals).all(axis=1)
    return few


def _anchor(values: F64) -> F64:
    """(n,) what all problems gained at least, or lost at least; 0 for a sign test's too few."""
    if 2.0 * 0.5 ** values.shape[1] > 1 - LEVEL:
        return np.zeros(len(values))
    anchor: F64 = np.maximum(values.min(axis=1), 0.0) + np.minimum(values.max(axis=1), 0.0)
    return anchor


def _mean_square(e: F64) -> F64:
    """(n,) s^2: the mean square of the units that carry the difference and half a unit at 1."""
    squares = np.square(e)
    total = squares.sum(axis=1)
    fourth = np.einsum("ij,ij->i", squares, squares)
    carriers = np.divide(total**2, fourth, out=np.zeros_like(total), where=fourth > 0)
    scale: F64 = (total + UNSEEN) / (carriers + UNSEEN)
    return scale

"""Intervals by resampling problems, the sampling unit; comparisons share their resamples."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from svlaw.analysis.success import SuccessTable
from svlaw.data.cores import usable_cores
from svlaw.data.errors import BadInputError

F64 = npt.NDArray[np.float64]

LEVEL: Final = 0.95
"""Coverage that every interval aims at."""
DEFAULT_RESAMPLES: Final = 2000
_AT_ONCE: Final = 2_000_000
"""Resampled means held in memory at a time."""


@dataclass(frozen=True)
class Interval:
    """A figure with its interval.

    Attributes:
        estimate: From all problems; None when the event is never reached within the data.
        conf_low: Lower end; None when unknown or never reached.
        conf_high: Upper end; None when unknown or never reached.
        never: Share of the resamples in which the event is never reached; None when unknown.
    """

    estimate: float | None
    conf_low: float | None = None
    conf_high: float | None = None
    never: float | None = None


def resample_means(table: SuccessTable, resamples: int, seed: int) -> F64 | None:
    """Mean success over resampled problems, the same problems for all points of a resample.

    Args:
        table: The success table.
        resamples: B, the number of resamples; 0 for none.
        seed: Seed of the draws.

    Returns:
        (points, B), or None for a published table or when B is 0.

    Raises:
        BadInputError: B is negative or too small for an interval.
    """
    weights = _weights(table, resamples, seed)
    if weights is None:
        return None
    means: F64 = table.success @ weights.T
    return means


def mean_intervals(table: SuccessTable, resamples: int, seed: int) -> tuple[F64, F64]:
    """Lower and upper end of the interval of every point's mean; nan where there is none.

    The same as `percentile_interval` of `resample_means`, in memory for some points at a time.

    Args:
        table: The success table.
        resamples: B, the number of resamples; 0 for none.
        seed: Seed of the draws.

    Returns:
        Two arrays (points,).

    Raises:
        BadInputError: B is negative or too small for an interval.
    """
    low, high = (np.full(table.points.height, np.nan) for _ in range(2))
    weights = _weights(table, resamples, seed)
    if weights is None:
        return low, high
    rows = max(1, _AT_ONCE // resamples)

    def fill(start: int) -> None:
        part = slice(start, start + rows)
        low[part], high[part] = percentile_interval(table.success[part] @ weights.T)

    with ThreadPoolExecutor(usable_cores()) as executor:
        list(executor.map(fill, range(0, low.size, rows)))
    return low, high


def _weights(table: SuccessTable, resamples: int, seed: int) -> F64 | None:
    """(B, problems) share of each problem in each resample."""
    if resamples and resamples < 40:
        raise BadInputError(f"resamples = {resamples}: use at least 40 (or 0 for no intervals)")
    if not table.has_problems or not resamples:
        return None
    n = table.n_problems
    rng = np.random.default_rng([seed, 0x5EED])
    weights: F64 = rng.multinomial(n, np.full(n, 1 / n), size=resamples) / n
    return weights


def percentile_interval(values: F64) -> tuple[F64, F64]:
    """Lower and upper end of the percentile interval along the last axis.

    The ends are values of the data, the smallest that at least 2.5% and 97.5% of them do not
    exceed. Infinite values, "never", are ranked as such.
    """
    # A rank of the data: without interpolation an infinite neighbour cannot make a finite end nan.
    tail = (1 - LEVEL) / 2
    ranks = [math.ceil(values.shape[-1] * q) - 1 for q in (tail, 1 - tail)]
    ordered = np.partition(values, ranks, axis=-1)
    return ordered[..., ranks[0]], ordered[..., ranks[1]]


def interval(estimate: float, resampled: F64 | None) -> Interval:
    """An interval for a figure that may be infinite ("never") or nan ("undefined").

    Undefined resamples count as never.
    """
    value = float(estimate) if np.isfinite(estimate) else None
    if resampled is None:
        return Interval(value)
    reached = np.where(np.isnan(resampled), np.inf, resampled)
    low, high = (float(end) for end in percentile_interval(reached))
    return Interval(
        value,
        low if np.isfinite(low) else None,
        high if np.isfinite(high) else None,
        float(np.mean(~np.isfinite(reached))),
    )

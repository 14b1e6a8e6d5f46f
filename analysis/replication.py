"""Adaptive precision: replicates are added until the Monte-Carlo error is small enough."""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

LEAST_REPLICATES: Final = 16
"""Fewest replicates from which a variance is estimated."""
_ROUNDING: Final = 1e-20
"""Variances below this are rounding of equal outcomes."""


def replicate(
    add: Callable[[Mask, int, F64, F64], None],
    shape: tuple[int, int],
    starts: I64,
    drawn: Mask,
    tries: I64,
    target: float,
    limit: int,
) -> tuple[F64, F64]:
    """Average replicates of a grid of points until the variance of each mean is small enough.

    Rows of the grid are replicated in groups; a group stops once all its points are precise. Where
    nothing has varied yet among T tries, an outcome of chance 1 / T could still have been missed:
    the variance is at least 1 / T^2, that of missing it.

    Args:
        add: add(active, n, sums, squares) adds n replicates of the active groups to running sums of
            outcomes and of their squares.
        shape: (R, C) of the grid.
        starts: (H + 1,) where each group of rows begins.
        drawn: (R, C) points whose outcome depends on the draw; the others are exact.
        tries: (R, C) independent tries within one replicate, at least 1.
        target: Variance to reach.
        limit: Most replicates of a group; at this limit the variance is what it is.

    Returns:
        Mean and variance of the mean, each (R, C).
    """
    sums, squares = np.zeros(shape), np.zeros(shape)
    groups = [slice(a, b) for a, b in pairwise(starts)]
    done = np.zeros(len(groups), np.int64)
    wanted = np.array(
        [_first(drawn[rows], tries[rows], target, limit) for rows in groups], np.int64
    )
    while True:
        while (done < wanted).any():
            active = done < wanted
            step = int((wanted - done)[active].min())
            add(active, step, sums, squares)
            done[active] += step
        counts = np.repeat(done, np.diff(starts))[:, None]
        mean = sums / counts
        variance = np.where(drawn, _variance(mean, squares, counts, tries), 0.0)
        worst = np.array([variance[rows].max(initial=0.0) for rows in groups])
        short = (worst > target) & (done < limit)
        if not short.any():
            return mean, variance
        needed = np.ceil(1.05 * done * np.minimum(worst / target, 4)).astype(np.int64)
        wanted = np.where(short, np.minimum(np.maximum(done + 8, needed), limit), done)


def _first(drawn: Mask, tries: I64, target: float, limit: int) -> int:
    """Replicates of a group before its variance is looked at."""
    if not drawn.any():
        return 1
    least = math.ceil(1 / math.sqrt(target) / int(tries[drawn].min()))
    return min(max(least, LEAST_REPLICATES), limit)


def _variance(mean: F64, squares: F64, counts: I64, tries: I64) -> F64:
    spread = np.maximum(squares / counts - mean**2, 0.0) / np.maximum(counts - 1, 1)
    spread[spread < _ROUNDING] = 0.0
    floor: F64 = 1.0 / (counts * tries.astype(float)) ** 2
    return np.maximum(spread, floor)

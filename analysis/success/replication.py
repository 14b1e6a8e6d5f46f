"""Adaptive precision: as many replicates as the Monte-Carlo error asks for, without bias.

A mean that stops once its own variance looks small enough is biased: where a rare outcome has not
been seen yet, the variance looks small and the mean is too low, in every problem alike. So a pilot
of its own decides how many replicates there will be, and the estimate is made of the others alone.
"""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Add = Callable[[Mask, int, F64, F64], None]

LEAST_REPLICATES: Final = 16
"""Fewest replicates from which a variance is estimated."""
_PILOT_TRIES: Final = 24
"""Tries of the pilot at least, and no fewer than `_PILOT_REPLICATES` replicates."""
_PILOT_REPLICATES: Final = 8
_PILOT_SHARE: Final = 10
"""The pilot grows to a tenth of what it asks for, so that it knows a large need well."""
_ROUNDING: Final = 1e-20
"""Variances below this are rounding of equal outcomes."""


def replicate(
    add: Add,
    shape: tuple[int, int],
    starts: I64,
    drawn: Mask,
    tries: I64,
    target: float,
    limit: int,
) -> tuple[F64, F64]:
    """Average replicates of a grid of points, enough for a variance of each mean.

    Rows of the grid are replicated in groups, each as its least precise point asks. Where nothing
    has varied among T tries, an outcome of chance 1 / T could still have been missed: the variance
    is at least 1 / T^2, that of missing it.

    Args:
        add: add(active, n, sums, squares) adds n replicates of the active groups to running sums of
            outcomes and of their squares.
        shape: (R, C) of the grid.
        starts: (H + 1,) where each group of rows begins.
        drawn: (R, C) points whose outcome depends on the draw; the others are exact.
        tries: (R, C) independent tries within one replicate, at least 1.
        target: Variance to reach, but for the error of the pilot.
        limit: Most replicates of a group, the pilot's aside; at this limit the variance is what it
            is.

    Returns:
        Mean and variance of the mean, each (R, C).
    """
    groups = [slice(a, b) for a, b in pairwise(starts)]
    varies = [bool(drawn[rows].any()) for rows in groups]
    least_tries = [int(tries[rows][drawn[rows]].min(initial=2**31)) for rows in groups]

    def ask(sums: F64, squares: F64) -> I64:
        """Replicates that each group needs, from what the pilot saw."""
        _, spread = _moments(sums, squares, _counts(pilot, starts))
        asked = [
            _wanted(spread[rows][drawn[rows]].max(), n, t, target, limit) if v else 1
            for rows, v, n, t in zip(groups, varies, pilot, least_tries, strict=True)
        ]
        return np.array(asked, np.int64)

    first = [
        min(max(_PILOT_REPLICATES, math.ceil(_PILOT_TRIES / t)), limit) if v else 0
        for v, t in zip(varies, least_tries, strict=True)
    ]
    pilot = np.array(first, np.int64)
    sums, squares = _run(add, shape, pilot)
    wanted = ask(sums, squares)
    further = np.maximum(wanted // _PILOT_SHARE - pilot, 0)
    if further.any():
        more = _run(add, shape, further)
        pilot += further
        wanted = ask(sums + more[0], squares + more[1])
    counts = _counts(wanted, starts)
    mean, spread = _moments(*_run(add, shape, wanted), counts)
    floor = 1.0 / (counts * tries.astype(float)) ** 2
    return mean, np.where(drawn, np.maximum(spread / counts, floor), 0.0)


def _wanted(spread: float, pilot: int, tries: int, target: float, limit: int) -> int:
    """Replicates that bring the variance and its floor below the target.

    The pilot's variance is itself an estimate, of relative error sqrt(2 / pilot) for a normal
    outcome, which is added.
    """
    floor = math.ceil(1.05 / math.sqrt(target) / tries)
    needed = math.ceil(spread * (1 + math.sqrt(2 / pilot)) / target)
    return min(max(LEAST_REPLICATES, floor, needed), limit)


def _run(add: Add, shape: tuple[int, int], wanted: I64) -> tuple[F64, F64]:
    """Sums and sums of squares of so many replicates of each group."""
    sums, squares = np.zeros(shape), np.zeros(shape)
    done = np.zeros_like(wanted)
    while (done < wanted).any():
        active = done < wanted
        step = int((wanted - done)[active].min())
        add(active, step, sums, squares)
        done[active] += step
    return sums, squares


def _moments(sums: F64, squares: F64, counts: I64) -> tuple[F64, F64]:
    """Mean and variance of the outcomes."""
    some = np.maximum(counts, 1)
    mean = sums / some
    spread = np.maximum(squares / some - mean**2, 0.0) * some / np.maximum(counts - 1, 1)
    spread[spread < _ROUNDING] = 0.0
    return mean, spread


def _counts(replicates: I64, starts: I64) -> I64:
    """(R, 1) replicates of each row."""
    counts: I64 = np.repeat(replicates, np.diff(starts))[:, None]
    return counts

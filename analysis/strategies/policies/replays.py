"""As many replays of a policy as its precision asks for, or all orders where those are fewer."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from svlaw.analysis.strategies.policies.usage import QUANTITIES, SOLUTIONS, SUCCESS, VERIFICATIONS

F64 = npt.NDArray[np.float64]
Add = Callable[[int, F64, F64, F64], None]

LEAST_REPLAYS: Final = 64
"""Fewest replays of a policy."""
_PILOT: Final = 128
_COST_TOLERANCE: Final = 2.0
"""Relative error of a mean usage that is sought, in units of the tolerance of success."""
_ROUNDING: Final = 1e-20
"""Variances below this are rounding of equal outcomes."""


@dataclass(frozen=True)
class Replayed:
    """One problem at K settings of a family of policies.

    Attributes:
        mean: (K, Q) means of the columns of `QUANTITIES`.
        variance: (K, Q) Monte-Carlo variance of the means; 0 where exact.
        largest: (K, Q) largest values.
    """

    mean: F64
    variance: F64
    largest: F64


def replay(add: Add, settings: int, target: float, limit: int, *, is_mixed: bool) -> Replayed:
    """Average replays: a pilot decides how many there are, and the estimate is made of the others.

    The Monte-Carlo variance of the success comes below the target, that of the solutions and of the
    verifications below (2 u)^2 times the target, with u the mean of both together. As for
    fixed strategies, an outcome that has not been seen among T replays may have a chance of 1 / T.

    Args:
        add: add(n, sums, squares, largest) adds n replays of all settings.
        settings: K.
        target: Variance of the success to reach.
        limit: Most replays, the pilot's aside.
        is_mixed: Whether the outcome can depend on the draw.
    """
    pilot = min(_PILOT, limit)
    sums, squares, _ = _run(add, settings, pilot)
    mean = sums / pilot
    spread = np.maximum(squares / pilot - mean**2, 0.0)
    counts = (SOLUTIONS, VERIFICATIONS)
    scale = _COST_TOLERANCE * mean[:, counts].sum(axis=1, keepdims=True)
    widest = max(float(spread[:, SUCCESS].max()), float((spread[:, counts] / scale**2).max()))
    asked = math.ceil(widest * (1 + math.sqrt(2 / pilot)) / target)
    floor = math.ceil(1.05 / math.sqrt(target)) if is_mixed else 1
    replays = min(max(LEAST_REPLAYS, asked, floor), limit)
    sums, squares, largest = _run(add, settings, replays)
    mean = sums / replays
    variance = np.maximum(squares / replays - mean**2, 0.0) / max(replays - 1, 1)
    variance[variance < _ROUNDING] = 0.0
    if is_mixed:
        variance[:, SUCCESS] = np.maximum(variance[:, SUCCESS], 1.0 / replays**2)
    return Replayed(mean, variance, largest)


def replay_all(add: Add, settings: int, orders: int) -> Replayed:
    """The exact means over all orders, which `add` goes through in turn."""
    sums, _, largest = _run(add, settings, orders)
    return Replayed(sums / orders, np.zeros_like(sums), largest)


def _run(add: Add, settings: int, replays: int) -> tuple[F64, F64, F64]:
    sums, squares, largest = (np.zeros((settings, len(QUANTITIES))) for _ in range(3))
    add(replays, sums, squares, largest)
    return sums, squares, largest

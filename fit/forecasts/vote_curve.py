"""Self-consistency's success in S: a curve that saturates, fitted to many means at once."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]

FIRST: Final = 4
"""Smallest S fitted to: below, ties decide, and the curve has another shape."""
LEAST_POINTS: Final = 5

_POWERS: Final = np.linspace(0.1, 1.2, 23)
_LEFT: Final = np.concatenate([np.geomspace(1e-4, 0.1, 12), np.linspace(0.12, 0.5, 15)])
"""Shares of the way from the first point to the limit that may be left at the last point; with more
than half of it left the limit would be anyone's guess."""


@dataclass(frozen=True)
class VoteCurve:
    """Success limit - way exp(-rate (S^power - first^power)), for B means.

    One problem's vote goes wrong with a chance that falls exponentially with S where the right
    answer is the most frequent one; over problems of different rates that makes a stretched
    exponential, power below 1.

    Attributes:
        first: Smallest S fitted to.
        limit: (B,) success as S grows.
        way: (B,) limit less success at the first S; negative where success falls.
        rate: (B,) rate.
        power: (B,) power.
    """

    first: float
    limit: F64
    way: F64
    rate: F64
    power: F64

    def predict(self, solutions: npt.ArrayLike) -> F64:
        """(n, B) success at (n,) values of S from `first` on, within 0 and 1."""
        S = np.atleast_1d(np.asarray(solutions, float))[:, None]
        left = np.exp(-self.rate * (S**self.power - self.first**self.power))
        result: F64 = np.clip(self.limit - self.way * left, 0.0, 1.0)
        return result


def fit_vote_curve(solutions: F64, success: F64) -> VoteCurve | None:
    """Least squares over a grid of powers and of shares left at the last point.

    For given power and rate the curve is linear in limit and way, so that the best of all is found
    without a search that could go astray.

    Args:
        solutions: (n,) values of S, ascending.
        success: (n, B) mean success at each.

    Returns:
        None with fewer than five values of S from 4 on.
    """
    used = solutions >= FIRST
    S, y = solutions[used], success[used]
    if S.size < LEAST_POINTS:
        return None
    power, left = (each.ravel() for each in np.meshgrid(_POWERS, _LEFT, indexing="ij"))
    rate = -np.log(left) / (S[-1] ** power - S[0] ** power)
    shape = np.exp(-rate[:, None] * (S ** power[:, None] - S[0] ** power[:, None]))
    shape -= shape.mean(axis=1, keepdims=True)
    level = y.mean(axis=0)
    # With both centred, the slope of y on the shape explains (shape y)^2 / shape^2 of the squares.
    along = shape @ (y - level)
    squares = (shape**2).sum(axis=1, keepdims=True)
    best = (along**2 / squares).argmax(axis=0)
    columns = np.arange(y.shape[1])
    way = -along[best, columns] / squares[best, 0]
    raw = np.exp(-rate[best] * (S[:, None] ** power[best] - S[0] ** power[best]))
    limit = level + way * raw.mean(axis=0)
    return VoteCurve(float(S[0]), limit, way, rate[best], power[best])

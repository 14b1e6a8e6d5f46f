"""Dust: what is left of a zero by rounding, and what rounding parts that is equal by mathematics.

Estimators reach the same success by different sums, whose results differ by 1e-13 or so. A
difference of that size would be printed as a gain, and given an interval that excludes 0.
"""

from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]

DUST: Final = 1e-9
"""A smaller difference of success is zero."""

ROUNDING: Final = 1e-12
"""Success this near 0 or 1 is 0 or 1: chances can be smaller than dust, hardly than this."""

_LARGEST_DENOMINATOR: Final = 30_000
"""1 / 30,000^2 is more than dust."""


def settled(differences: npt.ArrayLike) -> F64:
    """Differences of success with dust made zero.

    Args:
        differences: Differences, of any shape; nan stays.
    """
    values = np.asarray(differences, float)
    result: F64 = np.where(np.abs(values) < DUST, 0.0, values)
    return result


def settled_success(success: F64, solutions: npt.NDArray[np.int64], held: int) -> F64:
    """Success without rounding: exactly 0 or 1 next to them, and a fraction at S = 1.

    A single solution is what every strategy picks, whatever its verifier. Its success is a number
    of correct solutions over a number of solutions, so that estimates of it which differ by dust
    are the same fraction, and become the same float.

    Args:
        success: (V, S) success of a problem.
        solutions: (S,) values of S, ascending.
        held: Solutions that the problem has.
    """
    clean = np.where(success < ROUNDING, 0.0, np.where(success > 1 - ROUNDING, 1.0, success))
    if solutions.size and solutions[0] == 1:
        clean[:, 0] = _fractions(clean[:, 0], held)
    return clean


def _fractions(values: F64, held: int) -> F64:
    """Each value as the fraction that it is but for dust, if there is one.

    Most are a number of the solutions held; others, where a part of these counts, have a smaller
    denominator. Fractions of small denominators differ by more than dust: there is never a choice.
    """
    found = np.rint(values * held) / held
    for place in np.flatnonzero(np.abs(found - values) >= DUST / 2):
        fraction = Fraction(float(values[place])).limit_denominator(_LARGEST_DENOMINATOR)
        found[place] = (
            fraction if abs(float(fraction) - values[place]) < DUST / 2 else values[place]
        )
    return np.where(np.isfinite(values), found, values)

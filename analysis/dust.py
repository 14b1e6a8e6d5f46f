"""Dust: what is left of a zero by rounding, and what rounding parts that is equal by mathematics.

Estimators reach the same success by different sums, whose results differ by 1e-13 or so. A
difference of that size would be printed as a gain, and given an interval that excludes 0.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]

DUST: Final = 1e-9
"""A smaller difference of success is zero."""


def settled(differences: npt.ArrayLike) -> F64:
    """Differences of success with dust made zero.

    Args:
        differences: Differences, of any shape; nan stays.
    """
    values = np.asarray(differences, float)
    result: F64 = np.where(np.abs(values) < DUST, 0.0, values)
    return result


def settled_success(success: F64, solutions: npt.NDArray[np.float64]) -> F64:
    """Success with dust removed: exactly 0 or 1 next to them, and one value for a single solution.

    A single solution is what every strategy picks, whatever its verifier, so that at S = 1 all
    succeed alike on a problem whose solutions all count.

    Args:
        success: (points, P) success of every problem.
        solutions: (points,) S of every point; nan where a policy decides it.
    """
    clean = np.where(success < DUST, 0.0, np.where(success > 1 - DUST, 1.0, success))
    single = np.flatnonzero(solutions == 1)
    if single.size:
        first = clean[single[0]]
        clean[single] = np.where(np.abs(clean[single] - first) < DUST, first, clean[single])
    return clean

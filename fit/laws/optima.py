"""Optima: the best S and V at each of many budgets, however they were found."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from svlaw.analysis.compare.cost_lines import Line
from svlaw.analysis.cost import ROUNDING

F64 = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

PER_DOUBLING: Final = 8
"""Budgets per doubling of compute."""


@dataclass(frozen=True)
class Optima:
    """The optimum at each budget, in each of B resamples.

    Attributes:
        budgets: (n,) budgets.
        solutions: (n, B) S that spends the budget, not rounded; a number where used.
        verifications: (n, B) V, not rounded where the method interpolates.
        success: (n, B) success there.
        considered: (n, B) whether the budget says anything about how to spend; of those the share
            at the boundary is reported.
        used: (n, B) whether a law may rest on this optimum; a part of those considered.
        at_boundary: (n, B) whether the optimum lies at the largest S or V there is, so that the
            true one may lie beyond, or is extrapolated beyond them.
        flags: Counts of the budgets of the first resample that are not used, by the reason in
            words.
        clear_share: Share of the budgets looked at, in the first resample, that are used.
    """

    budgets: F64
    solutions: F64
    verifications: F64
    success: F64
    considered: Mask
    used: Mask
    at_boundary: Mask
    flags: dict[str, int]
    clear_share: float = 1.0

    @property
    def at_floor(self) -> Mask:
        """(n, B) whether the optimum is S = 1 or V = 1, less than which cannot be bought."""
        # Not a number where there is no optimum, which compares as false.
        result: Mask = (self.solutions <= 1 + ROUNDING) | (self.verifications <= 1 + ROUNDING)
        return result


def spaced_budgets(lines: list[Line], per_doubling: int = PER_DOUBLING) -> F64:
    """Log-spaced budgets from the smallest to the largest cost of some lines."""
    low = min(line.costs[0] for line in lines)
    high = max(line.costs[-1] for line in lines)
    steps = np.floor(per_doubling * np.log2(high / low) + 1e-9)
    budgets: F64 = low * 2.0 ** (np.arange(steps + 1) / per_doubling)
    return budgets


def improving(success: F64) -> Mask:
    """(n, B) whether a budget buys more than every smaller one; only those say how to spend."""
    before = np.maximum.accumulate(success, axis=0)
    used = np.isfinite(success)
    used[1:] &= success[1:] > before[:-1]
    return used

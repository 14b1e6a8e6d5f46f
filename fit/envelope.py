"""The envelope: the best (S, V) at each of many log-spaced budgets."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from svlaw.analysis.lines import Line

F64 = npt.NDArray[np.float64]

PER_DOUBLING: Final = 8
"""Budgets per doubling of compute."""


@dataclass(frozen=True)
class Envelope:
    """The optimum at each budget, in each of B resamples.

    Attributes:
        budgets: (n,) budgets.
        solutions: (n, B) S that spends the budget, not rounded.
        verifications: (n, B) V.
        success: (n, B) success, interpolated along the line of fixed V.
        used: (n, B) whether the budget buys more than every smaller one; only those say how compute
            should be spent.
        at_boundary: (n, B) whether the optimum lies at the largest S or V there is, so that the
            true one may lie beyond.
    """

    budgets: F64
    solutions: F64
    verifications: F64
    success: F64
    used: npt.NDArray[np.bool_]
    at_boundary: npt.NDArray[np.bool_]


def envelope(lines: list[Line], means: F64) -> Envelope:
    """Find the best (S, V) at budgets from the smallest cost on, eight per doubling.

    Along a line of fixed V success is linear in log cost between computed points, and cost is
    linear in S, so the optimum is the best line at each budget.

    Args:
        lines: Lines of one strategy.
        means: (points, B) mean success in each resample.

    Source:
        The first approach of Hoffmann et al. 2022 (arXiv 2203.15556), for (S, V).
    """
    low = min(line.costs[0] for line in lines)
    high = max(line.costs[-1] for line in lines)
    steps = np.floor(PER_DOUBLING * np.log2(high / low) + 1e-9)
    budgets = low * 2.0 ** (np.arange(steps + 1) / PER_DOUBLING)
    values = np.stack([line.success_at(budgets, means) for line in lines])
    best = values.argmax(axis=0)
    success = np.take_along_axis(values, best[None], axis=0)[0]
    unit = np.array([line.costs[0] / line.solutions[0] for line in lines])
    depth = np.array([float(line.verifications) for line in lines])
    solutions = budgets[:, None] / unit[best]
    verifications = depth[best]
    before = np.maximum.accumulate(success, axis=0)
    used = np.isfinite(success)
    used[1:] &= success[1:] > before[:-1]
    largest = max(line.solutions[-1] for line in lines)
    at_boundary = (verifications == depth.max()) | (solutions >= largest * (1 - 1e-9))
    return Envelope(budgets, solutions, verifications, success, used, at_boundary)

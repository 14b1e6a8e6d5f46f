"""The envelope: the best computed (S, V) at each of many log-spaced budgets."""

import numpy as np

from svlaw.analysis.compare.cost_lines import Line
from svlaw.analysis.cost import ROUNDING, CostModel
from svlaw.fit.laws.optima import F64, Optima, improving, spaced_budgets


def envelope(lines: list[Line], means: F64, cost: CostModel) -> Optima:
    """Find the best (S, V) at budgets from the smallest cost on, eight per doubling.

    Along a line of fixed V success is linear in log cost between computed points, and cost is
    linear in S, so the optimum is the best line at each budget. Budgets that buy no more than a
    smaller one are not used.

    Args:
        lines: Lines of one strategy.
        means: (points, B) mean success in each resample.
        cost: The cost model the lines were made with.

    Source:
        The first approach of Hoffmann et al. 2022 (arXiv 2203.15556), for (S, V).
    """
    budgets = spaced_budgets(lines)
    values = np.stack([line.success_at(budgets, means) for line in lines])
    best = values.argmax(axis=0)
    success = np.take_along_axis(values, best[None], axis=0)[0]
    depth = np.array([float(line.verifications) for line in lines])
    verifications = depth[best]
    solutions = cost.solutions_at(budgets[:, None], verifications)
    used = improving(success)
    largest = max(line.solutions[-1] for line in lines)
    at_boundary = (verifications == depth.max()) | (solutions >= largest * (1 - ROUNDING))
    flat = int((~used[:, 0]).sum())
    flags = {"no better than a smaller budget": flat} if flat else {}
    return Optima(budgets, solutions, verifications, success, used, used, at_boundary, flags)

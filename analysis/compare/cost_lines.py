"""Success along lines of fixed V, linear in log cost between the computed points."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from svlaw.analysis.cost import ROUNDING, CostModel
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.data.errors import NotInPoolError

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """Computed points of one strategy and one V, by rising S.

    Attributes:
        strategy: The strategy.
        verifications: V.
        rows: (G,) rows of the success table.
        solutions: (G,) values of S.
        costs: (G,) their costs.
    """

    strategy: str
    verifications: int
    rows: npt.NDArray[np.int64]
    solutions: F64
    costs: F64

    def covers(self, budgets: F64) -> npt.NDArray[np.bool_]:
        """Which budgets lie between the line's first and last point."""
        low, high = self.costs[0] * (1 - ROUNDING), self.costs[-1] * (1 + ROUNDING)
        result: npt.NDArray[np.bool_] = (budgets >= low) & (budgets <= high)
        return result

    def success_at(self, budgets: F64, means: F64) -> F64:
        """Interpolated success, -inf outside the line.

        Args:
            budgets: (B,) budgets.
            means: (points, ...) mean success of every point of the table, in each resample.

        Returns:
            (B, ...) success.
        """
        log_costs = np.log(self.costs)
        position = np.interp(np.log(budgets), log_costs, np.arange(log_costs.size))
        low = np.minimum(position.astype(np.int64), max(log_costs.size - 2, 0))
        high = np.minimum(low + 1, log_costs.size - 1)
        shape = (-1, *[1] * (means.ndim - 1))
        part = (position - low).reshape(shape)
        values = means[self.rows[low]] * (1 - part) + means[self.rows[high]] * part
        return np.where(self.covers(budgets).reshape(shape), values, -np.inf)


def lines_of(table: SuccessTable, cost: CostModel, strategies: Sequence[str]) -> list[Line]:
    """Lines of some strategies, by strategy and rising V; points without a result are left out.

    Raises:
        NotInPoolError: The table has no figure of a strategy.
    """
    strategy = table.points["strategy"].to_numpy()
    depth = table.points["verifications"].to_numpy()
    solutions = table.points["solutions"].to_numpy().astype(float)
    costs = cost(solutions, depth)
    held = np.isfinite(table.success).all(axis=1)
    lines = []
    for name in strategies:
        chosen = held & (strategy == name)
        if not chosen.any():
            raise NotInPoolError(f"there are no figures for {name}")
        for v in np.unique(depth[chosen]):
            rows = np.flatnonzero(chosen & (depth == v))
            rows = rows[np.argsort(solutions[rows])]
            lines.append(Line(name, int(v), rows, solutions[rows], costs[rows]))
    return lines

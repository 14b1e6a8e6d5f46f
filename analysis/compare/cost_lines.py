"""Success along lines of fixed V, linear in log cost between the computed points."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from svlaw.analysis.cost import ROUNDING, CostModel
from svlaw.analysis.strategies.own_strategies import is_own
from svlaw.analysis.strategies.policies.families import FAMILIES
from svlaw.analysis.strategies.specs import is_policy
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.data.errors import NotInPoolError

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


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

    def at(self, costs: F64, means: F64) -> "Line":
        """The line on other problems, where its points cost something else.

        Args:
            costs: (points,) cost of every point of the table.
            means: (points,) mean success of every point.
        """
        rows = _rising(self.rows, costs, means) if is_policy(self.strategy) else self.rows
        return replace(self, rows=rows, costs=costs[rows])

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

    The line of a policy runs along its settings that are alike but for the one it is made to be
    varied in, by rising mean cost; where two cost the same, the better one counts. S is then the
    mean number of solutions, and V, which the policy decides, 0.

    Args:
        table: The success table.
        cost: The cost model.
        strategies: Names of strategies, with settings where only some of a policy's are meant.

    Raises:
        NotInPoolError: The table has no figure of a strategy.
    """
    depth = table.points["verifications"].fill_null(0).to_numpy()
    solutions, _ = table.mean_counts(cost.calls)
    costs = table.costs(cost)
    held = np.isfinite(table.success).all(axis=1)
    groups, settings = _groups(table), table.points["setting"].to_numpy()
    lines = []
    for name in strategies:
        chosen = held & table.is_of(name)
        if not chosen.any():
            raise NotInPoolError(f"there are no figures for {name}")
        family = name if is_own(name) else name.partition(":")[0]
        if is_policy(family):
            for label in dict.fromkeys(groups[chosen].tolist()):
                rows = _rising(np.flatnonzero(chosen & (groups == label)), costs, table.mean())
                lines.append(Line(family, 0, rows, solutions[rows], costs[rows]))
            continue
        for text in dict.fromkeys(settings[chosen].tolist()):
            alike = chosen & (settings == text)
            for v in np.unique(depth[alike]):
                rows = np.flatnonzero(alike & (depth == v))
                rows = rows[np.argsort(solutions[rows])]
                lines.append(Line(family, int(v), rows, solutions[rows], costs[rows]))
    return lines


def _groups(table: SuccessTable) -> npt.NDArray[np.str_]:
    """(points,) what the points of a line have in common beside the strategy."""
    return np.array(
        [
            FAMILIES[name].group(setting) if name in FAMILIES else setting
            for name, setting in table.points.select("strategy", "setting").iter_rows()
        ]
    )


def _rising(rows: I64, costs: F64, means: F64) -> I64:
    """Rows by rising cost, each cost once."""
    ordered = rows[np.lexsort((-means[rows], costs[rows]))]
    paid = costs[ordered]
    kept: I64 = ordered[np.append(True, np.diff(paid) > ROUNDING * paid[:-1])]
    return kept

"""The two sides of a crossover: their lines, and success along them at equal budgets."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from svlaw.analysis.compare.cost_lines import Line, lines_of
from svlaw.analysis.compare.crossfit import best_within
from svlaw.analysis.cost import CostModel
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.numerals import amount
from svlaw.data.schema import VERIFIED

F64 = npt.NDArray[np.float64]

PER_DOUBLING: Final = 8
"""Budgets per doubling at which an advantage is looked at."""
CHALLENGERS: Final = (*VERIFIED, "best")
BASELINE: Final = "self_consistency"
"""What others are compared with by default."""


@dataclass(frozen=True)
class Sides:
    """The lines of both sides.

    Attributes:
        baselines: Those of what is compared with.
        challengers: Those of the strategy.
    """

    baselines: list[Line]
    challengers: list[Line]

    @property
    def all(self) -> tuple[list[Line], list[Line]]:
        """Both."""
        return self.baselines, self.challengers

    @property
    def last(self) -> float:
        """Largest computed cost of what is compared with."""
        return max(float(line.costs[-1]) for line in self.baselines)

    def reference(self, budgets: F64, means: F64) -> F64:
        """(n, B) success of what is compared with.

        As it is at a budget; where there are several lines, by the best within it.
        """
        if len(self.baselines) == 1:
            return self.baselines[0].success_at(budgets, means)
        return _best_within(self.baselines, budgets, means)

    def success_at(self, budgets: F64, means: F64) -> tuple[F64, F64]:
        """(n, B) each: what is compared with, and the best of the strategy within each budget."""
        return self.reference(budgets, means), _best_within(self.challengers, budgets, means)

    def breaks(self, unit: str) -> F64:
        """Computed costs within the range of budgets that both sides have, ends included.

        Raises:
            NotInPoolError: They have none.
        """
        first, paid = (
            min(float(line.costs[0]) for line in lines)
            for lines in (self.baselines, self.challengers)
        )
        low = max(first, paid)
        high = min(self.last, max(float(line.costs[-1]) for line in self.challengers))
        if low > high:
            compared, strategy = self.baselines[0].strategy, self.challengers[0].strategy
            sides = ("self-consistency", "verification")
            if (compared, strategy in VERIFIED) != (BASELINE, True):
                sides = (compared, strategy)
            raise NotInPoolError(
                f"{sides[0]} (up to {amount(self.last)} {unit}) and {sides[1]} (from"
                f" {amount(paid)} {unit}) have no budget in"
                " common; more solutions would give them one"
            )
        lines = (*self.baselines, *self.challengers)
        costs = np.concatenate([*(line.costs for line in lines), [low, high]])
        if len(self.baselines) > 1:
            # The best of several lines bends between the computed costs too.
            steps = math.ceil(PER_DOUBLING * math.log2(high / low)) + 1
            costs = np.append(costs, np.geomspace(low, high, steps))
        result: F64 = np.unique(costs[(costs >= low) & (costs <= high)])
        return result


def named_sides(
    table: SuccessTable, cost: CostModel, strategy: str | None, against: str
) -> tuple[str, Sides]:
    """The strategy's name, and the lines of both sides.

    Raises:
        BadInputError: There is no such strategy.
        NotInPoolError: The table lacks one of the strategies.
    """
    if strategy not in (None, *CHALLENGERS):
        known = [name for name in table.strategies if name not in CHALLENGERS]
        if strategy not in known and strategy.partition(":")[0] not in known:
            raise BadInputError(
                f"unknown strategy '{strategy}'; use {', '.join((*CHALLENGERS, *known))}"
            )
    names = [strategy] if strategy is not None else []
    if strategy in (None, "best"):
        names = [name for name in VERIFIED if name in table.strategies]
        if not names:
            raise NotInPoolError("a crossover needs verification: best_of_n or weighted_vote")
    elif strategy in VERIFIED and not set(VERIFIED) & set(table.strategies):
        raise NotInPoolError("a crossover needs verification: best_of_n or weighted_vote")
    if strategy is None:
        names = names[:1]
    sides = Sides(lines_of(table, cost, [against]), lines_of(table, cost, names))
    return strategy or names[0], sides


def leads_of(sides: Sides, budgets: F64, table: SuccessTable) -> F64:
    """(n, P) lead of the strategy at each budget on every problem.

    Where several points count, they are those that do best within the budget on all problems.
    """
    reference = (
        sides.baselines[0].success_at(budgets, table.success)
        if len(sides.baselines) == 1
        else _on_problems(sides.baselines, budgets, table)
    )
    leads: F64 = _on_problems(sides.challengers, budgets, table) - reference
    return leads


def _on_problems(lines: list[Line], budgets: F64, table: SuccessTable) -> F64:
    """(n, P) success, on every problem, of what does best within each budget on all of them."""
    mean, success = table.mean(), table.success
    affordable = np.concatenate([line.rows[line.costs <= budgets[0]] for line in lines])
    first = affordable[mean[affordable].argmax()]
    within = np.stack([line.success_at(budgets, mean) for line in lines])
    values = np.append(mean[first], within.max(axis=0))[:, None]
    place = best_within(values, np.arange(2, budgets.size + 2))[:, 0]
    result = np.broadcast_to(success[first], (budgets.size, success.shape[1])).copy()
    line_of, bought = within.argmax(axis=0), np.maximum(place - 1, 0)
    for number, line in enumerate(lines):
        chosen = (place > 0) & (line_of[bought] == number)
        result[chosen] = line.success_at(budgets[bought[chosen]], success)
    return result


def _best_within(lines: list[Line], budgets: F64, means: F64) -> F64:
    """(n, B) best success of some lines within each budget."""
    best = np.broadcast_to(best_below(lines, budgets[0], means), (budgets.size, means.shape[1]))
    for line in lines:
        best = np.maximum(best, line.success_at(budgets, means))
    return np.maximum.accumulate(best, axis=0)


def best_below(lines: list[Line], budget: float, means: F64) -> F64:
    """(B,) best success of the points that cost at most the budget."""
    rows = np.concatenate([line.rows[line.costs <= budget] for line in lines])
    result: F64 = means[rows].max(axis=0)
    return result

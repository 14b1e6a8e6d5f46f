"""What ten times the budget buys: the best within a budget, and within a tenth of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from svlaw.analysis.compare.frontier import offer
from svlaw.analysis.cost import CostModel
from svlaw.analysis.dust import settled
from svlaw.analysis.intervals.difference_intervals import difference_intervals
from svlaw.analysis.intervals.interval import Interval
from svlaw.analysis.success.success_table import SuccessTable

F64 = npt.NDArray[np.float64]

FACTOR: Final = 10.0
"""How much larger the larger budget is."""


@dataclass(frozen=True)
class Step:
    """Success at a budget and at ten times that.

    Attributes:
        budget: The smaller budget.
        before: Success of the best affordable point there.
        after: Success of the best at ten times the budget.
        gain: The difference, with a paired interval over problems.
    """

    budget: float
    before: float
    after: float
    gain: Interval


def tenfold(table: SuccessTable, cost: CostModel, resamples: int, seed: int) -> tuple[Step, ...]:
    """The first step, from the smallest computed budget, and the last, to the largest.

    Strategies that can be run count, by the best computed point within each budget. There is one
    step where the two would overlap, and none where the budgets span less than ten times.

    Args:
        table: The success table.
        cost: The cost model.
        resamples: 0 for no intervals.
        seed: Seed of the cross-fitting.
    """
    costs = table.costs(cost)
    names = [name for name in table.strategies if name != "coverage"]
    held = table.points["strategy"].is_in(names).to_numpy() & np.isfinite(table.mean())
    if not held.any():
        return ()
    low, high = float(costs[held].min()), float(costs[held].max())
    if high < low * FACTOR:
        return ()
    starts = [low, high / FACTOR] if high >= low * FACTOR**2 else [high / FACTOR]
    has_intervals = bool(resamples) and table.has_problems and table.n_units > 1
    return tuple(_steps(table, costs, names, starts, has_intervals, seed))


def _steps(
    table: SuccessTable,
    costs: F64,
    names: list[str],
    starts: list[float],
    has_intervals: bool,
    seed: int,
) -> Iterator[Step]:
    for start in starts:
        found = offer(table, costs, names, np.array([start, start * FACTOR]), seed)
        before, after = found.rows
        difference = settled(table.success[after] - table.success[before])
        estimate = float(difference.mean())
        gain = Interval(estimate)
        if has_intervals:
            low, high = difference_intervals(difference[None], table.clusters)
            gain = Interval(estimate, float(low[0]), float(high[0]))
        yield Step(start, float(found.success[0]), float(found.success[1]), gain)

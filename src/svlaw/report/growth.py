"""What ten times the budget buys: the best within a budget, and within a tenth of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from svlaw.analysis.compare.frontier import offer
from svlaw.analysis.cost import CostModel
from svlaw.analysis.intervals.interval import Interval
from svlaw.analysis.intervals.resampling import Resamples, resample
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
        resamples: Resamples of problems; 0 for none.
        seed: Seed of the resampling.
    """
    costs = cost(table.points["solutions"], table.points["verifications"])
    names = [name for name in table.strategies if name != "coverage"]
    held = table.points["strategy"].is_in(names).to_numpy() & np.isfinite(table.mean())
    if not held.any():
        return ()
    low, high = float(costs[held].min()), float(costs[held].max())
    if high < low * FACTOR:
        return ()
    starts = [low, high / FACTOR] if high >= low * FACTOR**2 else [high / FACTOR]
    drawn = resample(table, resamples, seed)
    return tuple(_steps(table, costs, names, starts, drawn, seed))


def _steps(
    table: SuccessTable,
    costs: F64,
    names: list[str],
    starts: list[float],
    drawn: Resamples | None,
    seed: int,
) -> Iterator[Step]:
    for start in starts:
        found = offer(table, costs, names, np.array([start, start * FACTOR]), seed)
        before, after = found.rows
        difference = table.success[after] - table.success[before]
        estimate = float(difference.mean())
        gain = Interval(estimate)
        if drawn is not None:
            gain = drawn.interval(estimate, difference @ drawn.weights.T)
        yield Step(start, float(found.success[0]), float(found.success[1]), gain)

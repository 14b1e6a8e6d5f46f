"""Savings: what a strategy costs over what another costs where both succeed alike."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.compare.comparison_tables import savings_table
from svlaw.analysis.cost import CostModel
from svlaw.analysis.dust import DUST
from svlaw.analysis.intervals.interval import Interval, reached
from svlaw.analysis.intervals.resampling import DEFAULT_RESAMPLES, resample
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.data.errors import NotInPoolError
from svlaw.data.shown import Shown, rows_of
from svlaw.data.table_texts import TextTable

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

LEVELS: Final = 11
"""Values of success at which costs are compared, evenly spaced over the range that both reach."""


_MOST_TOLD: Final = 4
"""Lines of `repr` with a success each."""


@dataclass(frozen=True, repr=False)
class Saving(Shown):
    """The costs of two strategies at one success.

    Attributes:
        share: Where the success lies in the range that both reach: 0 at its start, 1 at its end.
        success: The success.
        cost: Cost at which the strategy first reaches it.
        against_cost: Cost at which the other one does.
        ratio: `cost` over `against_cost`, with its 95% interval: below 1 the strategy saves.
    """

    share: float
    success: float
    cost: float
    against_cost: float
    ratio: Interval


@dataclass(frozen=True, repr=False)
class Savings(Shown):
    """The costs of two strategies over the range of success that both reach.

    Attributes:
        strategy: The strategy.
        against: What it is compared with.
        levels: From the lowest success to the highest.
        n_problems: Number of problems; None for a published table.
        resamples: Resamples behind the intervals; 0 without.
        seed: Seed of the resampling.
    """

    strategy: str
    against: str
    levels: tuple[Saving, ...]
    n_problems: int | None
    resamples: int
    seed: int

    def frame(self) -> pl.DataFrame:
        """One row per success: `strategy`, `against`, then the fields of `Saving`."""
        sides = (pl.lit(self.strategy).alias("strategy"), pl.lit(self.against).alias("against"))
        return rows_of(self.levels).select(*sides, pl.all())

    def _lines(self) -> list[str]:
        rows = savings_table(self).rows
        some = rows if len(rows) < _MOST_TOLD else [rows[0], rows[len(rows) // 2], rows[-1]]
        told = [f"  at {row[0]}%: {row[3]} of its cost {row[4]}" for row in some]
        return [f"Savings: {self.strategy} against {self.against}", *told]

    def _tables(self) -> list[TextTable]:
        return [savings_table(self)]


def savings(
    table: SuccessTable,
    cost: CostModel,
    strategy: str,
    against: str = "self_consistency",
    *,
    resamples: int = DEFAULT_RESAMPLES,
    seed: int = 0,
) -> Savings:
    """Compare what two strategies cost at equal success.

    Each side counts by its frontier: its points by rising mean cost, those left out that do no
    better than a cheaper one. Between two points of the frontier success is linear in log cost. The
    range that both reach begins at the larger of the two first successes and ends at the smaller of
    the two best.

    Resampled problems are harder or easier on the whole, so in each resample the range is found
    anew, and costs are compared at the same share of it; costs that depend on the problems are
    drawn with them.

    Args:
        table: A success table with both strategies.
        cost: The cost model.
        strategy: The strategy, with settings where only some of a policy's are meant.
        against: What it is compared with, likewise.
        resamples: Resamples of problems for the intervals; 0 for none.
        seed: Seed of the resampling.

    Raises:
        NotInPoolError: The table lacks a strategy, or no success is reached by both.

    Examples:
        >>> import svlaw as sv
        >>> table = sv.success_table(sv.open_example("singhi2025_fig1"))
        >>> sv.savings(table, sv.RelativeCost(2.0), "best_of_n")
        Savings: best_of_n against self_consistency
          at 34.4%: 2.32 of its cost
          at 45.0%: 5.98 of its cost
          at 55.6%: 9.37 of its cost
    """
    rows = [_rows(table, name) for name in (strategy, against)]
    shares = np.linspace(0, 1, LEVELS)
    mean, costs = table.mean(), table.costs(cost)
    found = _compare([(costs[r], mean[r]) for r in rows], shares)
    if found is None:
        raise NotInPoolError(
            f"{strategy} and {against} reach no success in common; compute more points of them"
        )
    success, paid = found
    drawn = resample(table, resamples, seed)
    ratios = [reached(float(value)) for value in paid[0] / paid[1]]
    if drawn is not None:
        means, each = drawn.means(table), table.problem_costs(cost) @ drawn.weights.T
        again = np.full((LEVELS, drawn.count), np.nan)
        for b in range(drawn.count):
            one = _compare([(each[r, b], means[r, b]) for r in rows], shares)
            if one is not None:
                again[:, b] = one[1][0] / one[1][1]
        estimates = (paid[0] / paid[1]).tolist()
        ratios = [drawn.interval(value, a) for value, a in zip(estimates, again, strict=True)]
    levels = [
        Saving(float(f), float(s), float(c), float(d), ratio)
        for f, s, c, d, ratio in zip(shares, success, *paid, ratios, strict=True)
    ]
    return Savings(
        strategy,
        against,
        tuple(levels),
        table.n_problems or None,
        0 if drawn is None else resamples,
        seed,
    )


def _rows(table: SuccessTable, strategy: str) -> I64:
    """Rows of a strategy that have a result."""
    rows = np.flatnonzero(table.is_of(strategy) & np.isfinite(table.mean()))
    if not rows.size:
        raise NotInPoolError(f"there are no figures for {strategy}")
    return rows


def _compare(sides: list[tuple[F64, F64]], shares: F64) -> tuple[F64, F64] | None:
    """Success at shares of the range that both sides reach, and the cost of each side there.

    Returns:
        (n,) success and (2, n) costs; None where the range is empty.
    """
    frontiers = [_frontier(*side) for side in sides]
    low = max(float(success[0]) for _, success in frontiers)
    high = min(float(success[-1]) for _, success in frontiers)
    if low > high:
        return None
    wanted = low + (high - low) * shares
    return wanted, np.stack([_cost_of(wanted, *side) for side in frontiers])


def _frontier(costs: F64, success: F64) -> tuple[F64, F64]:
    """Costs and success of the points that no cheaper one matches, both rising."""
    order = np.lexsort((-success, costs))
    ordered = success[order]
    best = np.maximum.accumulate(ordered)
    rises = np.append(True, ordered[1:] > best[:-1] + DUST)
    return costs[order][rises], ordered[rises]


def _cost_of(wanted: F64, costs: F64, success: F64) -> F64:
    """Cost at which a frontier first reaches each success."""
    result: F64 = np.exp(np.interp(wanted, success, np.log(costs)))
    return result

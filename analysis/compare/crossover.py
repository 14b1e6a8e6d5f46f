"""The crossover: the budget from which one strategy beats another, verification the vote."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.compare.cost_lines import Line, lines_of
from svlaw.analysis.cost import CostModel
from svlaw.analysis.intervals.resampling import (
    DEFAULT_RESAMPLES,
    Interval,
    Resamples,
    reached,
    resample,
)
from svlaw.analysis.strategies.policies.families import FAMILIES
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.numerals import amount
from svlaw.data.schema import VERIFIED

F64 = npt.NDArray[np.float64]

SATURATION_MARGIN: Final = 0.0025
"""Self-consistency is saturated within this of its best: a quarter of a percentage point."""

PER_DOUBLING: Final = 8
"""Budgets per doubling at which the advantage of verification is looked at."""

_LEVEL: Final = 1e-12
"""Success within this counts as level, whatever the rounding."""

CHALLENGERS: Final = (*VERIFIED, "best")
BASELINE: Final = "self_consistency"
"""What others are compared with by default."""

_FIGURES: Final = (
    "saturation_budget",
    "crossover_budget",
    "match_ratio",
    "gain",
    "gain_ratio",
    "ahead_budget",
)


@dataclass(frozen=True)
class Crossover:
    """When verification pays; "never within the data" is an estimate of None.

    What is said of self-consistency holds for whatever strategy is compared with.

    Attributes:
        strategy: How verification is used; `best` is the better of the two at each budget. Or any
            other strategy.
        saturation_budget: Smallest computed budget at which self-consistency is within 0.25 points
            of its best.
        crossover_budget: Smallest budget at which verification's frontier is at least
            self-consistency at the same budget.
        match_ratio: Crossover over saturation.
        gain: Verification's frontier less self-consistency at the largest budget both have.
        gain_ratio: That budget over saturation.
        ahead_budget: Budget beyond which verification stays at least level.
        n_problems: Number of problems; None for a published table.
        resamples: Number of resamples behind the intervals; 0 without.
        seed: Seed of the resampling.
        status: `ok`, or `unsaturated` when self-consistency is saturated only at its largest
            computed
            S: it may rise further, and all figures that rest on saturation with it.
    """

    strategy: str
    saturation_budget: Interval
    crossover_budget: Interval
    match_ratio: Interval
    gain: Interval
    gain_ratio: Interval
    ahead_budget: Interval
    n_problems: int | None
    resamples: int
    seed: int
    status: str


def crossover(
    table: SuccessTable,
    cost: CostModel,
    strategy: str | None = None,
    against: str = BASELINE,
    *,
    resamples: int = DEFAULT_RESAMPLES,
    seed: int = 0,
) -> Crossover:
    """Find the crossover of verification and self-consistency, or of any two strategies.

    Self-consistency counts as it is at the budget, not as its best so far; verification counts by
    the best within the budget. Between computed points curves of fixed V are linear in log cost.
    Intervals come from repeating all of it on resampled problems, on which policies cost
    something else too. A strategy that is compared with and has several curves, one for each V or
    group of settings, counts by the best within the budget as well.

    Args:
        table: A success table with both sides.
        cost: The cost model.
        strategy: `best_of_n` (the default, as in the paper), `weighted_vote`, or `best` for the
            better of the two; the one there is when None. Or any other strategy of the table.
        against: What it is compared with.
        resamples: Resamples of problems; 0 for no intervals.
        seed: Seed of the resampling.

    Raises:
        BadInputError: There is no such strategy.
        NotInPoolError: The table lacks one of the strategies, or their budgets do not overlap.

    Source:
        arXiv 2504.01005, section 4.1 (definitions made exact here).
    """
    strategy, sides = _named_sides(table, cost, strategy, against)
    breaks = sides.breaks(cost.unit_name)
    mean = _measure(sides, breaks, table.mean()[:, None])
    drawn = resample(table, resamples, seed)
    if drawn is None:
        figures = {name: reached(float(value[0])) for name, value in mean.items()}
    else:
        again = _measured_again(table, cost, sides, breaks, drawn)
        figures = {name: drawn.interval(float(v[0]), again[name]) for name, v in mean.items()}
    return Crossover(
        strategy=strategy,
        **figures,
        n_problems=table.n_problems or None,
        resamples=0 if drawn is None else resamples,
        seed=seed,
        status="unsaturated" if mean["saturation_budget"][0] == sides.last else "ok",
    )


def advantage(
    table: SuccessTable,
    cost: CostModel,
    strategy: str | None = None,
    against: str = BASELINE,
    *,
    resamples: int = DEFAULT_RESAMPLES,
    seed: int = 0,
) -> pl.DataFrame:
    """How far verification is ahead of self-consistency at each budget both have.

    Both sides count as in `crossover`: verification by the best within the budget,
    self-consistency as it is at the budget.

    Args:
        table: A success table with self-consistency and at least one strategy with a verifier.
        cost: The cost model.
        strategy: As in `crossover`.
        against: As in `crossover`; its success stands in the column `self_consistency`.
        resamples: Resamples of problems; 0 for no intervals.
        seed: Seed of the resampling.

    Returns:
        Columns `budget` (the computed costs, and eight per doubling between them), `verified`,
        `self_consistency`, `difference` (their success, and the former less the latter),
        `conf_low` and `conf_high` (paired 95% interval of the difference at each budget; null
        without per-problem data).

    Raises:
        BadInputError: There is no such strategy.
        NotInPoolError: The table lacks one of the strategies, or their budgets do not overlap.
    """
    _, sides = _named_sides(table, cost, strategy, against)
    breaks = sides.breaks(cost.unit_name)
    steps = math.ceil(PER_DOUBLING * math.log2(breaks[-1] / breaks[0]))
    budgets = np.union1d(breaks, np.geomspace(breaks[0], breaks[-1], steps + 1))
    reference, best = (side[:, 0] for side in sides.success_at(budgets, table.mean()[:, None]))
    low = high = np.full(budgets.size, np.nan)
    drawn = resample(table, resamples, seed)
    if drawn is not None:
        again, best_again = sides.success_at(budgets, drawn.means(table))
        low, high = drawn.intervals(best - reference, best_again - again)
    frame = pl.DataFrame(
        {
            "budget": budgets,
            "verified": best,
            "self_consistency": reference,
            "difference": best - reference,
            "conf_low": low,
            "conf_high": high,
        }
    )
    return frame.with_columns(pl.col("conf_low", "conf_high").fill_nan(None))


@dataclass(frozen=True)
class _Sides:
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


def _named_sides(
    table: SuccessTable, cost: CostModel, strategy: str | None, against: str
) -> tuple[str, _Sides]:
    """The strategy's name, and the lines of both sides.

    Raises:
        BadInputError: There is no such strategy.
        NotInPoolError: The table lacks one of the strategies.
    """
    if strategy not in (None, *CHALLENGERS):
        known = [name for name in table.strategies if name not in CHALLENGERS]
        if strategy.partition(":")[0] not in known:
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
    sides = _Sides(lines_of(table, cost, [against]), lines_of(table, cost, names))
    return strategy or names[0], sides


def _measured_again(
    table: SuccessTable, cost: CostModel, sides: _Sides, breaks: F64, drawn: Resamples
) -> dict[str, F64]:
    """Every figure in every resample: (B,) values, nan where the sides have no common budget.

    Costs that depend on the problems are drawn with them.
    """
    means = drawn.means(table)
    if not any(side[0].strategy in FAMILIES for side in sides.all):
        return _measure(sides, breaks, means)
    each = table.problem_costs(cost) @ drawn.weights.T
    found: dict[str, list[float]] = {name: [] for name in _FIGURES}
    for b in range(drawn.count):
        again = _Sides(*([line.at(each[:, b], means[:, b]) for line in side] for side in sides.all))
        try:
            figures = _measure(again, again.breaks(cost.unit_name), means[:, [b]])
        except NotInPoolError:
            figures = dict.fromkeys(_FIGURES, np.array([np.nan]))
        for name, value in figures.items():
            found[name].append(float(value.item() if isinstance(value, np.ndarray) else value))
    return {name: np.array(values) for name, values in found.items()}


def _best_within(lines: list[Line], budgets: F64, means: F64) -> F64:
    """(n, B) best success of some lines within each budget."""
    best = np.broadcast_to(_best_below(lines, budgets[0], means), (budgets.size, means.shape[1]))
    for line in lines:
        best = np.maximum(best, line.success_at(budgets, means))
    return np.maximum.accumulate(best, axis=0)


def _measure(sides: _Sides, breaks: F64, means: F64) -> dict[str, F64]:
    """Every figure in every resample: (points, B) means to (B,) values, inf for never."""
    challengers = sides.challengers
    saturation = _saturation(sides.baselines, means)
    reference = sides.reference(breaks, means)
    # Within the budget counts what any cheaper point achieved, also below the common range.
    cheaper = _best_below(challengers, breaks[0], means)
    lines = np.stack([line.success_at(breaks, means) for line in challengers])
    best = np.maximum.accumulate(np.maximum(lines.max(axis=0), cheaper), axis=0)
    ahead = best >= reference - _LEVEL
    crossing, dips = _crossings(lines, best, reference, np.log(breaks))
    B = means.shape[1]
    first = np.where(ahead.any(axis=0), ahead.argmax(axis=0), -1)
    behind = ~ahead
    behind[:-1] |= dips[1:]
    last = np.where(behind.any(axis=0), breaks.size - behind[::-1].argmax(axis=0), 0)
    columns = np.arange(B)
    crossover = np.where(first >= 0, crossing[np.maximum(first, 0), columns], np.inf)
    stays = np.where(
        last < breaks.size, crossing[np.minimum(last, breaks.size - 1), columns], np.inf
    )
    return {
        "saturation_budget": saturation,
        "crossover_budget": crossover,
        "match_ratio": crossover / saturation,
        "gain": best[-1] - reference[-1],
        "gain_ratio": breaks[-1] / saturation,
        "ahead_budget": stays,
    }


def _saturation(baselines: list[Line], means: F64) -> F64:
    """(B,) smallest computed cost at which what is compared with is saturated."""
    costs = np.concatenate([line.costs for line in baselines])
    rows = np.concatenate([line.rows for line in baselines])
    order = np.argsort(costs, kind="stable")
    curve = means[rows[order]]
    saturated = curve >= curve.max(axis=0) - SATURATION_MARGIN
    result: F64 = costs[order][saturated.argmax(axis=0)]
    return result


def _best_below(lines: list[Line], budget: float, means: F64) -> F64:
    rows = np.concatenate([line.rows[line.costs <= budget] for line in lines])
    result: F64 = means[rows].max(axis=0)
    return result


def _crossings(
    lines: F64, best: F64, reference: F64, log_breaks: F64
) -> tuple[F64, npt.NDArray[np.bool_]]:
    """What happens in the interval before each break, in each resample.

    Between two breaks every line, and the baseline, is linear in log cost; so is the difference of
    the best so far and the baseline.

    Returns:
        (breaks, B) budget at which verification draws level, the earliest root, or without one the
        break itself; and whether verification is behind just below that budget.
    """
    roots = np.broadcast_to(log_breaks[:, None], best.shape).copy()
    short = np.zeros(best.shape, np.bool_)
    if log_breaks.size > 1:
        width = np.diff(log_breaks)[:, None]
        carried = best[:-1] - reference[1:]
        pairs = [(best[:-1] - reference[:-1], carried)]
        pairs += [(line[:-1] - reference[:-1], line[1:] - reference[1:]) for line in lines]
        for before, after in pairs:
            crosses = np.isfinite(before) & (before < 0) & (after >= 0)
            change = np.subtract(before, after, out=np.ones_like(before), where=crosses)
            part = np.divide(before, change, out=np.ones_like(before), where=crosses)
            roots[1:] = np.minimum(roots[1:], log_breaks[:-1, None] + part * width)
        rise = roots[1:] - log_breaks[:-1, None]
        # Costs that differ by rounding alone may have equal logs.
        part = np.divide(rise, width, out=np.ones_like(rise), where=width > 0)
        short[1:] = True
        for before, after in pairs:
            held = (before >= -_LEVEL) & np.isfinite(after)
            gap = np.where(held, before, 0.0) * (1 - part) + np.where(held, after, 0.0) * part
            short[1:] &= ~held | (gap < -_LEVEL)
    return np.exp(roots), short

"""The crossover: the budget from which verification beats self-consistency."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.compare.cost_lines import Line, lines_of
from svlaw.analysis.cost import CostModel
from svlaw.analysis.intervals.interval import Interval, reached
from svlaw.analysis.intervals.resampling import DEFAULT_RESAMPLES, resample
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


@dataclass(frozen=True)
class Crossover:
    """When verification pays; "never within the data" is an estimate of None.

    Attributes:
        strategy: How verification is used; `best` is the better of the two at each budget.
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
    *,
    resamples: int = DEFAULT_RESAMPLES,
    seed: int = 0,
) -> Crossover:
    """Find the crossover of verification and self-consistency.

    Self-consistency counts as it is at the budget, not as its best so far; verification counts by
    the best within the budget. Between computed points curves of fixed V are linear in log cost.
    Intervals come from repeating all of it on resampled problems.

    Args:
        table: A success table with self-consistency and at least one strategy with a verifier.
        cost: The cost model.
        strategy: `best_of_n` (the default, as in the paper), `weighted_vote`, or `best` for the
            better of the two; the one there is when None.
        resamples: Resamples of problems; 0 for no intervals.
        seed: Seed of the resampling.

    Raises:
        BadInputError: There is no such strategy.
        NotInPoolError: The table lacks one of the strategies, or their budgets do not overlap.

    Source:
        arXiv 2504.01005, section 4.1 (definitions made exact here).
    """
    strategy, baseline, challengers = _sides(table, cost, strategy)
    breaks = _breaks(baseline, challengers, cost.unit_name)
    mean = _measure(baseline, challengers, breaks, table.mean()[:, None])
    drawn = resample(table, resamples, seed)
    if drawn is None:
        figures = {name: reached(float(value[0])) for name, value in mean.items()}
    else:
        again = _measure(baseline, challengers, breaks, drawn.means(table))
        figures = {name: drawn.interval(float(v[0]), again[name]) for name, v in mean.items()}
    return Crossover(
        strategy=strategy,
        **figures,
        n_problems=table.n_problems or None,
        resamples=0 if drawn is None else resamples,
        seed=seed,
        status="unsaturated" if mean["saturation_budget"][0] == baseline.costs[-1] else "ok",
    )


def advantage(
    table: SuccessTable,
    cost: CostModel,
    strategy: str | None = None,
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
    _, baseline, challengers = _sides(table, cost, strategy)
    breaks = _breaks(baseline, challengers, cost.unit_name)
    steps = math.ceil(PER_DOUBLING * math.log2(breaks[-1] / breaks[0]))
    budgets = np.union1d(breaks, np.geomspace(breaks[0], breaks[-1], steps + 1))
    reference, best = (
        side[:, 0] for side in _sides_at(budgets, baseline, challengers, table.mean()[:, None])
    )
    low = high = np.full(budgets.size, np.nan)
    drawn = resample(table, resamples, seed)
    if drawn is not None:
        again, best_again = _sides_at(budgets, baseline, challengers, drawn.means(table))
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


def _sides(
    table: SuccessTable, cost: CostModel, strategy: str | None
) -> tuple[str, Line, list[Line]]:
    """The strategy's name, the line of self-consistency, and those of verification.

    Raises:
        BadInputError: There is no such strategy.
        NotInPoolError: The table lacks one of the strategies.
    """
    if strategy is not None and strategy not in CHALLENGERS:
        raise BadInputError(f"unknown strategy '{strategy}'; use {', '.join(CHALLENGERS)}")
    present = [name for name in VERIFIED if name in table.strategies]
    if not present:
        raise NotInPoolError("a crossover needs verification: best_of_n or weighted_vote")
    strategy = strategy or ("best_of_n" if "best_of_n" in present else "weighted_vote")
    (baseline,) = lines_of(table, cost, ["self_consistency"])
    challengers = lines_of(table, cost, present if strategy == "best" else [strategy])
    return strategy, baseline, challengers


def _sides_at(budgets: F64, baseline: Line, challengers: list[Line], means: F64) -> tuple[F64, F64]:
    """Self-consistency at each budget and the best of verification within it: (n, B) both."""
    best = np.broadcast_to(
        _best_below(challengers, budgets[0], means), (budgets.size, means.shape[1])
    )
    for line in challengers:
        best = np.maximum(best, line.success_at(budgets, means))
    return baseline.success_at(budgets, means), np.maximum.accumulate(best, axis=0)


def _breaks(baseline: Line, challengers: list[Line], unit: str) -> F64:
    """Computed costs within the range of budgets that both sides have, ends included.

    Raises:
        NotInPoolError: They have none.
    """
    low = max(baseline.costs[0], min(line.costs[0] for line in challengers))
    high = min(baseline.costs[-1], max(line.costs[-1] for line in challengers))
    if low > high:
        raise NotInPoolError(
            f"self-consistency (up to {amount(baseline.costs[-1])} {unit}) and verification (from"
            f" {amount(min(line.costs[0] for line in challengers))} {unit}) have no budget in"
            " common; more solutions would give them one"
        )
    costs = np.concatenate([baseline.costs, *(line.costs for line in challengers), [low, high]])
    result: F64 = np.unique(costs[(costs >= low) & (costs <= high)])
    return result


def _measure(baseline: Line, challengers: list[Line], breaks: F64, means: F64) -> dict[str, F64]:
    """Every figure in every resample: (points, B) means to (B,) values, inf for never."""
    saturation = _saturation(baseline, means)
    reference = baseline.success_at(breaks, means)
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


def _saturation(baseline: Line, means: F64) -> F64:
    curve = means[baseline.rows]
    saturated = curve >= curve.max(axis=0) - SATURATION_MARGIN
    result: F64 = baseline.costs[saturated.argmax(axis=0)]
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

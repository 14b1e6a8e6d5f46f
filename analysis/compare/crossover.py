"""The crossover: the budget from which on one strategy leads another, verification the vote."""

import math
from dataclasses import asdict, dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.compare.comparison_tables import BUDGETS, crossover_table
from svlaw.analysis.compare.cost_lines import Line
from svlaw.analysis.compare.crossover_sides import (
    BASELINE,
    PER_DOUBLING,
    Sides,
    best_below,
    leads_of,
    named_sides,
)
from svlaw.analysis.cost import CostModel
from svlaw.analysis.dust import DUST, settled
from svlaw.analysis.intervals.difference_intervals import difference_intervals, too_few_differ
from svlaw.analysis.intervals.interval import Interval, reached
from svlaw.analysis.intervals.resampling import (
    DEFAULT_RESAMPLES,
    Resamples,
    percentile_interval,
    resample,
)
from svlaw.analysis.strategies.specs import is_policy
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.data.errors import NotInPoolError
from svlaw.data.shown import Shown
from svlaw.data.table_texts import TextTable

F64 = npt.NDArray[np.float64]

LEAD: Final = 0.0025
"""A lead of verification is a lead from a quarter of a percentage point on."""

SATURATION_MARGIN: Final = 0.0025
"""Self-consistency is saturated within this of its best: a quarter of a percentage point."""


_TOLD: Final = ("crossover budget", "match budget", "saturation budget", "gain (points)")
"""Estimates that the few lines of `repr` give."""


@dataclass(frozen=True, repr=False)
class Crossover(Shown):
    """When verification pays; "never within the data" is an estimate of None.

    What is said of self-consistency holds for whatever strategy is compared with.

    Attributes:
        strategy: How verification is used; `best` is the better of the two at each budget. Or any
            other strategy.
        saturation_budget: Smallest computed budget at which self-consistency is within 0.25 points
            of its best.
        saturation_probability: Share of the resamples in which that is not its largest budget, so
            that self-consistency counts as saturated; None without resamples. A ratio to the
            saturation budget means little where this is neither near 0 nor near 1.
        crossover_budget: Budget from which on verification's frontier is at least 0.25 points above
            self-consistency at the same budget, up to the largest budget both have.
        match_budget: Smallest budget at which verification's frontier is at least self-consistency
            at the same budget; the lead may be nothing, and may be lost again.
        match_ratio: The match budget over saturation, as in the paper.
        gain: Verification's frontier less self-consistency at the largest budget both have.
        gain_ratio: That budget over saturation.
        ahead_budget: Budget beyond which verification stays at least level; its lead may be
            nothing.
        n_problems: Number of problems; None for a published table.
        resamples: Number of resamples behind the intervals; 0 without.
        seed: Seed of the resampling.
        status: `ok`, or `unsaturated` when self-consistency is saturated only at its largest
            computed
            S: it may rise further, and all figures that rest on saturation with it.
    """

    strategy: str
    saturation_budget: Interval
    saturation_probability: float | None
    crossover_budget: Interval
    match_budget: Interval
    match_ratio: Interval
    gain: Interval
    gain_ratio: Interval
    ahead_budget: Interval
    n_problems: int | None
    resamples: int
    seed: int
    status: str

    @property
    def is_clear(self) -> bool:
        """Whether the lead is beyond doubt: fewer than 2.5% of the resamples are without one."""
        return self.crossover_budget.conf_high is not None

    def frame(self) -> pl.DataFrame:
        """One row per estimate: `strategy`, `figure`, then the fields of `Interval`."""
        rows = [
            {"strategy": self.strategy, "figure": name, **asdict(getattr(self, name))}
            for name in BUDGETS
        ]
        return pl.DataFrame(rows, infer_schema_length=None)

    def _lines(self) -> list[str]:
        evidence = "published table" if self.n_problems is None else f"{self.n_problems:,} problems"
        lines = [f"Crossover of {self.strategy}: {evidence}, status {self.status}"]
        table = crossover_table(self)
        return lines + [f"  {' '.join(row[:3])}" for row in table.rows if row[0] in _TOLD]

    def _tables(self) -> list[TextTable]:
        return [crossover_table(self)]


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
    Intervals of budgets and ratios come from repeating all of it on resampled problems, on which
    policies cost something else too; that of the gain is `difference_intervals`'. A strategy that
    is compared with and has several curves, one for each V or group of settings, counts by the best
    within the budget as well.

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
    strategy, sides = named_sides(table, cost, strategy, against)
    breaks = sides.breaks(cost.unit_name)
    mean = _measure(sides, breaks, table.mean()[:, None])
    drawn = resample(table, resamples, seed)
    if drawn is None:
        figures = {name: reached(float(value[0])) for name, value in mean.items()}
        probability = None
    else:
        again = _measured_again(table, cost, sides, breaks, drawn)
        figures = {name: drawn.interval(float(v[0]), again[name]) for name, v in mean.items()}
        probability = float(np.mean(again["saturation_budget"] < sides.last))
        leads = leads_of(sides, breaks, table)[-1:]
        low, high = difference_intervals(leads, table.clusters)
        figures["gain"] = replace(figures["gain"], conf_low=float(low[0]), conf_high=float(high[0]))
    if table.noise is not None and resamples:
        figures = _sampled_again(figures, sides, breaks, table, resamples, seed)
    return Crossover(
        strategy=strategy,
        saturation_probability=probability,
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
) -> pl.DataFrame:
    """How far verification is ahead of self-consistency at each budget both have.

    Both sides count as in `crossover`: verification by the best within the budget,
    self-consistency as it is at the budget.

    Args:
        table: A success table with self-consistency and at least one strategy with a verifier.
        cost: The cost model.
        strategy: As in `crossover`.
        against: As in `crossover`; its success stands in the column `self_consistency`.
        resamples: 0 for no intervals.

    Returns:
        Columns `budget` (the computed costs, and eight per doubling between them), `verified`,
        `self_consistency`, `difference` (their success, and the former less the latter),
        `conf_low` and `conf_high` (paired 95% interval of the difference at each budget, see
        `difference_intervals`; null without per-problem data), `few_differ` (true where too few
        problems differ to tell the sign; null likewise). The intervals hold at each budget, not at
        all of them at once (pointwise).

    Raises:
        BadInputError: There is no such strategy.
        NotInPoolError: The table lacks one of the strategies, or their budgets do not overlap.

    Examples:
        >>> import svlaw as sv
        >>> table = sv.success_table(sv.open_example("singhi2025_fig1"))
        >>> rows = sv.advantage(table, sv.RelativeCost(2.0))
        >>> round(rows["difference"][-1], 3)
        0.037
    """
    _, sides = named_sides(table, cost, strategy, against)
    breaks = sides.breaks(cost.unit_name)
    steps = math.ceil(PER_DOUBLING * math.log2(breaks[-1] / breaks[0]))
    budgets = np.union1d(breaks, np.geomspace(breaks[0], breaks[-1], steps + 1))
    reference, best = (side[:, 0] for side in sides.success_at(budgets, table.mean()[:, None]))
    low = high = np.full(budgets.size, np.nan)
    few = [None] * budgets.size
    if resamples and table.has_problems and table.n_units > 1:
        leads = leads_of(sides, budgets, table)
        low, high = difference_intervals(leads, table.clusters)
        few = too_few_differ(leads, table.clusters).tolist()
    frame = pl.DataFrame(
        {
            "budget": budgets,
            "verified": best,
            "self_consistency": reference,
            "difference": settled(best - reference),
            "conf_low": low,
            "conf_high": high,
            "few_differ": pl.Series(few, dtype=pl.Boolean),
        }
    )
    return frame.with_columns(pl.col("conf_low", "conf_high").fill_nan(None))


def _measured_again(
    table: SuccessTable, cost: CostModel, sides: Sides, breaks: F64, drawn: Resamples
) -> dict[str, F64]:
    """Every figure in every resample: (B,) values, nan where the sides have no common budget.

    Costs that depend on the problems are drawn with them.
    """
    means = drawn.means(table)
    if not any(is_policy(side[0].strategy) for side in sides.all):
        return _measure(sides, breaks, means)
    each = table.problem_costs(cost) @ drawn.weights.T
    found: dict[str, list[float]] = {name: [] for name in BUDGETS}
    for b in range(drawn.count):
        again = Sides(*([line.at(each[:, b], means[:, b]) for line in side] for side in sides.all))
        try:
            figures = _measure(again, again.breaks(cost.unit_name), means[:, [b]])
        except NotInPoolError:
            figures = dict.fromkeys(BUDGETS, np.array([np.nan]))
        for name, value in figures.items():
            found[name].append(float(value.item() if isinstance(value, np.ndarray) else value))
    return {name: np.array(values) for name, values in found.items()}


def _sampled_again(
    figures: dict[str, Interval],
    sides: Sides,
    breaks: F64,
    table: SuccessTable,
    resamples: int,
    seed: int,
) -> dict[str, Interval]:
    """Figures with their intervals for these problems sampled again: percentiles.

    Figures rest on all points of the lines, so without noise at one of them there are none.
    """
    assert table.noise is not None
    used = np.concatenate([line.rows for side in sides.all for line in side])
    if not table.noise.known[used].all():
        return figures
    again = _measure(sides, breaks, table.noise.means(table.mean(), resamples, seed))
    ends = {name: percentile_interval(values) for name, values in again.items()}
    return {
        name: replace(
            figure,
            samples_low=reached(float(ends[name][0])).estimate,
            samples_high=reached(float(ends[name][1])).estimate,
        )
        for name, figure in figures.items()
    }


def _measure(sides: Sides, breaks: F64, means: F64) -> dict[str, F64]:
    """Every figure in every resample: (points, B) means to (B,) values, inf for never."""
    challengers = sides.challengers
    saturation = _saturation(sides.baselines, means)
    reference = sides.reference(breaks, means)
    # Within the budget counts what any cheaper point achieved, also below the common range.
    cheaper = best_below(challengers, breaks[0], means)
    lines = np.stack([line.success_at(breaks, means) for line in challengers])
    best = np.maximum.accumulate(np.maximum(lines.max(axis=0), cheaper), axis=0)
    log_breaks = np.log(breaks)
    first, stays = _turns(lines, best, reference, log_breaks)
    _, leads = _turns(lines, best, reference + LEAD, log_breaks)
    return {
        "saturation_budget": saturation,
        "crossover_budget": leads,
        "match_budget": first,
        "match_ratio": first / saturation,
        "gain": settled(best[-1] - reference[-1]),
        "gain_ratio": breaks[-1] / saturation,
        "ahead_budget": stays,
    }


def _turns(lines: F64, best: F64, reference: F64, log_breaks: F64) -> tuple[F64, F64]:
    """First budget at which verification reaches the reference, and that from which on it does.

    Args:
        lines: (lines, breaks, B) success of each line of verification at each break.
        best: (breaks, B) the best of verification within each break.
        reference: (breaks, B) what is to be reached.
        log_breaks: (breaks,) logarithms of the breaks.

    Returns:
        Two arrays (B,); inf for never.
    """
    reached_at = best >= reference - DUST
    crossing, dips = _crossings(lines, best, reference, log_breaks)
    first = np.where(reached_at.any(axis=0), reached_at.argmax(axis=0), -1)
    behind = ~reached_at
    behind[:-1] |= dips[1:]
    n = log_breaks.size
    last = np.where(behind.any(axis=0), n - behind[::-1].argmax(axis=0), 0)
    columns = np.arange(best.shape[1])
    return (
        np.where(first >= 0, crossing[np.maximum(first, 0), columns], np.inf),
        np.where(last < n, crossing[np.minimum(last, n - 1), columns], np.inf),
    )


def _saturation(baselines: list[Line], means: F64) -> F64:
    """(B,) smallest computed cost at which what is compared with is saturated."""
    costs = np.concatenate([line.costs for line in baselines])
    rows = np.concatenate([line.rows for line in baselines])
    order = np.argsort(costs, kind="stable")
    curve = means[rows[order]]
    saturated = curve >= curve.max(axis=0) - SATURATION_MARGIN
    result: F64 = costs[order][saturated.argmax(axis=0)]
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
            held = (before >= -DUST) & np.isfinite(after)
            gap = np.where(held, before, 0.0) * (1 - part) + np.where(held, after, 0.0) * part
            short[1:] &= ~held | (gap < -DUST)
    return np.exp(roots), short

"""The frontier: the best computed (S, V) of each strategy within a budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.compare.crossfit import best_within, cross_fit
from svlaw.analysis.cost import ROUNDING, CostModel
from svlaw.analysis.dust import settled
from svlaw.analysis.intervals.difference_intervals import difference_intervals, too_few_differ
from svlaw.analysis.intervals.resampling import DEFAULT_RESAMPLES, Resamples, resample
from svlaw.analysis.intervals.sample_intervals import sample_intervals
from svlaw.analysis.intervals.success_intervals import success_intervals
from svlaw.analysis.success.success_table import SuccessTable

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

_DECIMALS: Final = 9
"""Decimals of success that tell two strategies apart."""


@dataclass(frozen=True)
class Offer:
    """The best point of one or several strategies within each of some budgets.

    Attributes:
        rows: (n_budgets,) row of the success table; -1 where nothing is affordable.
        success: (n_budgets,) mean success there, on the problems the point was chosen on; nan
            where there is none.
        crossfit: (n_budgets, P) cross-fitted success of each problem (see `cross_fit`), nan where
            there is none; None for a published table and for fewer than ten problems.
    """

    rows: I64
    success: F64
    crossfit: F64 | None


def frontier(
    table: SuccessTable,
    cost: CostModel,
    *,
    resamples: int = DEFAULT_RESAMPLES,
    seed: int = 0,
) -> pl.DataFrame:
    """The best point of every strategy within each budget, budgets doubling.

    Only computed points count, so every row can be run as it stands. A point is chosen for its
    success on all problems, so this success is on average too high; `crossfit` is not.

    Args:
        table: The success table.
        cost: The cost model.
        resamples: Resamples of problems for the intervals; 0 for none.
        seed: Seed of the resampling and of the cross-fitting.

    Returns:
        Columns `budget`, `strategy`, `solutions`, `verifications` (null for a policy), `setting`
        (of a policy; else empty), `cost` (a mean over problems), `success`, `conf_low`,
        `conf_high` (of the chosen point), `crossfit` (success of a point chosen in the same way on
        other problems than it is scored on), `optimism` (`success` less `crossfit`; both null for a
        published table and for fewer than ten problems), `gain` (success less self-consistency's
        within the same budget), `gain_low`, `gain_high` (paired interval, see
        `difference_intervals`), `few_differ` (true where too few problems differ to tell the
        gain's sign, see `too_few_differ`; null without an interval) and `best` (true for the
        strategy to choose, that of the highest success; coverage, which needs an oracle, never
        is). With noise of sampling also `samples_low`, `samples_high`, `gain_samples_low` and
        `gain_samples_high` (see `sample_intervals`), before `best`. Every interval holds at its own
        budget, not at all budgets at once (pointwise).
    """
    costs = table.costs(cost)
    budgets = doubling_budgets(costs[np.isfinite(table.mean())])
    offers = {name: offer(table, costs, [name], budgets, seed) for name in table.strategies}
    reference = offers.get("self_consistency")
    drawn = resample(table, resamples, seed)
    frames = []
    for name, found in offers.items():
        affordable = found.rows >= 0
        rows, success = found.rows[affordable], found.success[affordable]
        paired = np.full(rows.size, -1) if reference is None else reference.rows[affordable]
        low, high = _ends(table, rows, drawn)
        noise = _noise(table, rows, paired)
        gains = _gains(table, rows, paired, drawn)
        honest = np.full(rows.size, np.nan)
        if found.crossfit is not None:
            honest = found.crossfit[affordable].mean(axis=1)
        frames.append(
            table.points[rows.tolist()].select(
                pl.Series("budget", budgets[affordable]),
                pl.lit(name).alias("strategy"),
                "solutions",
                "verifications",
                "setting",
                pl.Series("cost", costs[rows]),
                pl.Series("success", success),
                pl.Series("conf_low", low),
                pl.Series("conf_high", high),
                pl.Series("crossfit", honest),
                pl.Series("optimism", settled(success - honest)),
                *gains,
                *noise,
            )
        )
    result: pl.DataFrame = pl.concat(frames).with_columns(pl.col(pl.Float64).fill_nan(None))
    candidate = pl.when(pl.col("strategy") != "coverage").then(pl.col("success"))
    # Of equals the cheapest is chosen, and of those the first strategy.
    order = pl.struct(
        -candidate.fill_null(-1.0).round(_DECIMALS), pl.col("cost"), pl.int_range(pl.len())
    )
    first = pl.int_range(pl.len()).sort_by(order).first()
    best = (pl.int_range(pl.len()) == first) & candidate.is_not_null()
    ordered = result.sort("budget", maintain_order=True)
    return ordered.with_columns(best.over("budget").alias("best"))


def doubling_budgets(costs: F64) -> F64:
    """Budgets from the smallest cost on, each twice the one before, ending at the largest cost."""
    low, high = costs.min(), costs.max()
    doublings = low * 2.0 ** np.arange(np.log2(high / low) + 1e-9)
    # A last step of less than a quarter doubling would only repeat the row before it.
    kept = doublings[doublings * 2**0.25 < high]
    budgets: F64 = np.append(kept, high)
    return budgets


def by_cost(table: SuccessTable, costs: F64, strategies: Sequence[str]) -> I64:
    """Rows of some strategies' points that have a result, by rising cost."""
    chosen = table.points["strategy"].is_in(strategies).to_numpy()
    rows = np.flatnonzero(chosen & np.isfinite(table.mean()))
    return rows[np.argsort(costs[rows], kind="stable")]


def offer(
    table: SuccessTable, costs: F64, strategies: Sequence[str], budgets: F64, seed: int
) -> Offer:
    """The best point within each budget, the cheapest of equals.

    Args:
        table: The success table.
        costs: (points,) cost of every point.
        strategies: Strategies to choose from.
        budgets: (n_budgets,) budgets.
        seed: Seed of the cross-fitting.
    """
    rows, mean = by_cost(table, costs, strategies), table.mean()
    if not rows.size:
        return Offer(np.full(budgets.size, -1), np.full(budgets.size, np.nan), None)
    counts = np.searchsorted(costs[rows], budgets * (1 + ROUNDING), side="right")
    best = best_within(mean[rows][:, None], counts)[:, 0]
    chosen = np.where(counts > 0, rows[best], -1)
    success = np.where(counts > 0, mean[chosen], np.nan)
    honest = None
    if table.has_problems:
        honest = cross_fit(table.success[rows], counts, seed, table.clusters)
    return Offer(chosen, success, honest)


def _ends(table: SuccessTable, rows: I64, drawn: Resamples | None) -> tuple[F64, F64]:
    if drawn is None or not rows.size:
        return np.full(rows.size, np.nan), np.full(rows.size, np.nan)
    return success_intervals(table.success[rows], table.clusters)


def _gains(table: SuccessTable, rows: I64, paired: I64, drawn: Resamples | None) -> pl.DataFrame:
    """Columns from `gain` to `few_differ`: success less that of the paired rows (-1: none)."""
    differences = settled(table.success[rows] - table.success[paired])
    frame = pl.DataFrame({"gain": settled(differences.mean(axis=1))}).with_columns(
        pl.lit(None, pl.Float64).alias("gain_low"),
        pl.lit(None, pl.Float64).alias("gain_high"),
        pl.lit(None, pl.Boolean).alias("few_differ"),
    )
    if drawn is not None and rows.size:
        same = rows == paired
        low, high = difference_intervals(differences, table.clusters)
        low, high = np.where(same, 0.0, low), np.where(same, 0.0, high)
        few = too_few_differ(differences, table.clusters) & ~same
        frame = frame.with_columns(
            pl.Series("gain_low", low), pl.Series("gain_high", high), pl.Series("few_differ", few)
        )
    return frame.with_columns(pl.when(pl.Series("known", paired >= 0)).then(pl.all()))


def _noise(table: SuccessTable, rows: I64, paired: I64) -> list[pl.Series]:
    """Ends of the intervals for these problems sampled again, of success and of gains."""
    if table.noise is None:
        return []
    own, theirs = table.noise.at(rows), table.noise.at(paired)
    mean = table.mean()
    low, high = sample_intervals(mean[rows], own)
    gain_low, gain_high = sample_intervals(
        settled(mean[rows] - mean[paired]), own.less(theirs), -1.0
    )
    known, same = paired >= 0, rows == paired
    gain_low, gain_high = (
        np.where(same, 0.0, np.where(known, end, np.nan)) for end in (gain_low, gain_high)
    )
    names = ("samples_low", "samples_high", "gain_samples_low", "gain_samples_high")
    ends = (low, high, gain_low, gain_high)
    return [pl.Series(name, end) for name, end in zip(names, ends, strict=True)]

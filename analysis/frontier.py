"""The frontier: the best computed (S, V) of each strategy within a budget."""

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.cost import CostModel
from svlaw.analysis.resampling import DEFAULT_RESAMPLES, percentile_interval, resample_means
from svlaw.analysis.success import SuccessTable

F64 = npt.NDArray[np.float64]


def frontier(
    table: SuccessTable,
    cost: CostModel,
    *,
    resamples: int = DEFAULT_RESAMPLES,
    seed: int = 0,
) -> pl.DataFrame:
    """The best point of every strategy within each budget, budgets doubling.

    Only computed points count, so every row can be run as it stands. The interval is that of the
    chosen point; that the best of several noisy points looks too good is not corrected here.

    Args:
        table: The success table.
        cost: The cost model.
        resamples: Resamples of problems for the intervals; 0 for none.
        seed: Seed of the resampling.

    Returns:
        Columns `budget`, `strategy`, `solutions`, `verifications`, `cost`, `success`, `conf_low`,
        `conf_high`, `gain` (success less self-consistency's within the same budget), `gain_low`,
        `gain_high` (paired interval) and `best` (true for the strategy to choose; coverage, which
        needs an oracle, never is).
    """
    costs = cost(table.points["solutions"], table.points["verifications"])
    mean, means = table.mean(), resample_means(table, resamples, seed)
    budgets = doubling_budgets(costs[np.isfinite(mean)])
    chosen = {name: _best_rows(table, name, costs, mean, budgets) for name in table.strategies}
    reference = chosen.get("self_consistency")
    frames = []
    for name, rows in chosen.items():
        affordable = rows >= 0
        held, within = rows[affordable], budgets[affordable]
        paired = np.full(held.size, -1) if reference is None else reference[affordable]
        low, high = _ends(means, held)
        gain, (gain_low, gain_high) = _gains(mean, means, held, paired)
        frames.append(
            table.points[held.tolist()].select(
                pl.Series("budget", within),
                pl.lit(name).alias("strategy"),
                "solutions",
                "verifications",
                pl.Series("cost", costs[held]),
                pl.Series("success", mean[held]),
                pl.Series("conf_low", low),
                pl.Series("conf_high", high),
                pl.Series("gain", gain),
                pl.Series("gain_low", gain_low),
                pl.Series("gain_high", gain_high),
            )
        )
    result: pl.DataFrame = pl.concat(frames).with_columns(pl.col(pl.Float64).fill_nan(None))
    candidate = pl.when(pl.col("strategy") != "coverage").then(pl.col("success"))
    # Of equals the cheapest is chosen, and of those the first strategy.
    order = pl.struct(-candidate.fill_null(-1.0), pl.col("cost"), pl.int_range(pl.len()))
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


def _best_rows(
    table: SuccessTable, strategy: str, costs: F64, mean: F64, budgets: F64
) -> npt.NDArray[np.int64]:
    """Row of the best affordable point at each budget, the cheapest of equals; -1 for none."""
    held = (table.points["strategy"] == strategy).to_numpy() & np.isfinite(mean)
    rows = np.flatnonzero(held)
    rows = rows[np.argsort(costs[rows], kind="stable")]
    leading = np.maximum.accumulate(mean[rows])
    count = np.searchsorted(costs[rows], budgets * (1 + 1e-9), side="right")
    best = [
        int(rows[np.flatnonzero(mean[rows[:n]] == leading[n - 1])[0]]) if n else -1 for n in count
    ]
    return np.array(best, np.int64)


def _ends(means: F64 | None, rows: npt.NDArray[np.int64]) -> tuple[F64, F64]:
    if means is None or not rows.size:
        return np.full(rows.size, np.nan), np.full(rows.size, np.nan)
    return percentile_interval(means[rows])


def _gains(
    mean: F64,
    means: F64 | None,
    rows: npt.NDArray[np.int64],
    paired: npt.NDArray[np.int64],
) -> tuple[F64, tuple[F64, F64]]:
    """Difference to the paired rows (-1: none), with the ends of its paired interval."""
    known = paired >= 0
    gain = np.where(known, mean[rows] - mean[paired], np.nan)
    if means is None or not rows.size:
        return gain, (np.full(rows.size, np.nan), np.full(rows.size, np.nan))
    low, high = percentile_interval(means[rows] - means[paired])
    return gain, (np.where(known, low, np.nan), np.where(known, high, np.nan))

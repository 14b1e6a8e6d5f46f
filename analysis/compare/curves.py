"""Success curves: mean success, interval and cost of every point."""

import numpy as np
import polars as pl

from svlaw.analysis.cost import CostModel
from svlaw.analysis.intervals.success_intervals import success_intervals
from svlaw.analysis.success.success_table import SuccessTable


def curves(table: SuccessTable, cost: CostModel) -> pl.DataFrame:
    """One row per point with its mean success over problems.

    Args:
        table: The success table.
        cost: The cost model.

    Returns:
        Columns `strategy`, `solutions`, `verifications` (0 without a verifier), `cost`, `success`,
        `conf_low`, `conf_high` (95%, see `success_intervals`; null without per-problem data),
        `mc_error` (Monte-Carlo standard error of success; null likewise), `n_problems` (null for a
        published table). Figures are null where no problem supports the point.
    """
    points = table.points
    mean = table.mean()
    low = high = np.full(mean.size, np.nan)
    if table.has_problems:
        low, high = success_intervals(table.success)
    counts = pl.Series("n_problems", np.where(np.isfinite(mean), table.n_problems, 0))
    unknown = None if table.has_problems else pl.lit(None, pl.Int32)
    return points.with_columns(
        pl.Series("cost", cost(points["solutions"], points["verifications"])),
        pl.Series("success", mean).fill_nan(None),
        pl.Series("conf_low", low).fill_nan(None),
        pl.Series("conf_high", high).fill_nan(None),
        pl.Series("mc_error", table.mc_error() if table.has_problems else low).fill_nan(None),
        (counts if unknown is None else unknown).cast(pl.Int32).alias("n_problems"),
    )

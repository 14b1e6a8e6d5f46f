"""Success curves: mean success, interval and cost of every point."""

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.cost import CostModel
from svlaw.analysis.intervals.resampling import DEFAULT_RESAMPLES, resample
from svlaw.analysis.intervals.sample_intervals import sample_intervals
from svlaw.analysis.intervals.success_intervals import success_intervals
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.data.errors import BadInputError

F64 = npt.NDArray[np.float64]


def curves(
    table: SuccessTable, cost: CostModel, *, false_positive_rate: float | None = None
) -> pl.DataFrame:
    """One row per point with its mean success over problems.

    Coverage c at S is sensitive to grading: if a share F of the wrong solutions were graded right,
    a draw of S wrong ones would count as right unless all S keep their grade, and coverage would
    read 1 - (1 - c) (1 - F)^S. At S = 256 and F = 0.01 that is 0.92 of problems nobody solves.

    Args:
        table: The success table.
        cost: The cost model.
        false_positive_rate: F, to show what coverage would read; None without.

    Returns:
        Columns `strategy`, `solutions`, `verifications` (0 without a verifier), `cost`, `success`,
        `conf_low`, `conf_high` (95%, see `success_intervals`; null without per-problem data), with
        noise of sampling `samples_low`, `samples_high` (95%, see `sample_intervals`),
        `mc_error` (Monte-Carlo standard error of success; null likewise), `n_problems` (null for a
        published table), `setting` (of a policy, which has no S and V; else empty),
        `mean_solutions`, `mean_verifications` (used on a problem), `cost_low`, `cost_high` (95%
        interval of a policy's mean cost; null where the cost is not random) and `censored` (share
        of replays in which a policy wanted more than the problem has; null for other strategies).
        Figures are null where no problem supports the point. Intervals hold at each point, not at
        all points at once (pointwise). With a false-positive rate also `with_false_positives`: what
        coverage would read; null for other strategies.

    Raises:
        BadInputError: The rate is no share.
    """
    if false_positive_rate is not None and not 0 <= false_positive_rate <= 1:
        raise BadInputError(f"false-positive rate = {false_positive_rate:g}: use a share, 0 to 1")
    points, usage = table.points, table.usage
    mean = table.mean()
    low = high = np.full(mean.size, np.nan)
    if table.has_problems:
        low, high = success_intervals(table.success, table.clusters)
    noise = {}
    if table.noise is not None:
        ends = sample_intervals(mean, table.noise)
        noise = dict(zip(("samples_low", "samples_high"), ends, strict=True))
    counts = pl.Series("n_problems", np.where(np.isfinite(mean), table.n_problems, 0))
    unknown = None if table.has_problems else pl.lit(None, pl.Int32)
    solutions, verifications = table.mean_counts(cost.calls)
    cost_low, cost_high, censored = (np.full(mean.size, np.nan) for _ in range(3))
    if usage is not None:
        censored[usage.rows] = usage.of("censored").mean(axis=1)
        cost_low[usage.rows], cost_high[usage.rows] = _cost_intervals(
            table, table.problem_costs(cost)[usage.rows]
        )
    frame = points.select(
        *("strategy", "solutions", "verifications"),
        pl.Series("cost", table.costs(cost)),
        pl.Series("success", mean).fill_nan(None),
        pl.Series("conf_low", low).fill_nan(None),
        pl.Series("conf_high", high).fill_nan(None),
        *(pl.Series(name, end).fill_nan(None) for name, end in noise.items()),
        pl.Series("mc_error", table.mc_error() if table.has_problems else low).fill_nan(None),
        (counts if unknown is None else unknown).cast(pl.Int32).alias("n_problems"),
        "setting",
        pl.Series("mean_solutions", solutions),
        pl.Series("mean_verifications", verifications),
        pl.Series("cost_low", cost_low).fill_nan(None),
        pl.Series("cost_high", cost_high).fill_nan(None),
        pl.Series("censored", censored).fill_nan(None),
    )
    if false_positive_rate is None:
        return frame
    kept = (1 - false_positive_rate) ** pl.col("solutions")
    read = pl.when(pl.col("strategy") == "coverage").then(1 - (1 - pl.col("success")) * kept)
    return frame.with_columns(read.alias("with_false_positives"))


def _cost_intervals(table: SuccessTable, costs: F64) -> tuple[F64, F64]:
    """95% intervals of mean costs, by resampling problems; nan for a single problem.

    Args:
        table: The success table.
        costs: (n, P) cost of each problem.
    """
    drawn = resample(table, DEFAULT_RESAMPLES, 0)
    if drawn is None:
        unknown = np.full(len(costs), np.nan)
        return unknown, unknown
    return drawn.intervals(costs.mean(axis=1), costs @ drawn.weights.T)

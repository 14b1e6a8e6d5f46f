"""The error of a measured lambda: lengths vary from problem to problem."""

from typing import Final

import numpy as np
import polars as pl

from svlaw.analysis.intervals.interval import Interval
from svlaw.analysis.intervals.resampling import percentile_interval
from svlaw.data.lengths import MeasuredLambda
from svlaw.data.pool import Pool

RESAMPLES: Final = 1000
_COLUMNS: Final = {"tokens": "output_tokens", "characters": "output_chars"}


def lambda_interval(
    pool: Pool, measured: MeasuredLambda, verifier: str | None = None, seed: int = 0
) -> Interval:
    """The 95% interval of a measured lambda: percentiles over resampled problems.

    Solutions and verifications of a problem are drawn together, since a long problem makes both
    long.

    Args:
        pool: The pool that lambda was measured in.
        measured: What was measured.
        verifier: The verifier; may be None when the pool has one.
        seed: Seed of the resampling.

    Returns:
        lambda with its ends; without them for a single problem.

    Raises:
        BadInputError: A part is damaged.
    """
    column = _COLUMNS[measured.unit]
    verifier = pool.resolve_verifier(verifier)
    lengths = _by_problem(pool, "answers", column, None).join(
        _by_problem(pool, "verdicts", column, verifier),
        on="problem_id",
        how="full",
        coalesce=True,
        suffix="_verification",
    )
    held = lengths.sort("problem_id").select("length", "length_verification").to_numpy()
    P = len(held)
    if P < 2:
        return Interval(measured.ratio)
    counts = np.random.default_rng([seed, 0x1A3B]).multinomial(P, np.full(P, 1 / P), RESAMPLES)
    known = np.isfinite(held)
    sums, sizes = counts @ np.where(known, held, 0.0), counts @ known.astype(float)
    means = np.divide(sums, sizes, out=np.full_like(sums, np.nan), where=sizes > 0)
    ratios = means[:, 1] / means[:, 0]
    low, high = percentile_interval(ratios[np.isfinite(ratios)])
    return Interval(measured.ratio, float(low), float(high))


def _by_problem(pool: Pool, table: str, column: str, verifier: str | None) -> pl.DataFrame:
    """Columns `problem_id` and `length`, the mean length of each problem's rows."""
    length = pl.col(column).cast(pl.Float64).mean().alias("length")
    query = pool.scan(table, verifier).group_by("problem_id").agg(length).drop_nulls()
    return pool.collect(query, table)

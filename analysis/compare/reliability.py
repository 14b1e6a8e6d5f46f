"""How good and how reliable: pass@k, maj@k, G-Pass@k and pass^k, and the limit of the vote."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.intervals.success_intervals import success_intervals
from svlaw.analysis.strategies.coverage import all_right, enough_right
from svlaw.analysis.strategies.vote_limit import vote_limit
from svlaw.analysis.success.estimators import Options
from svlaw.analysis.success.grid import Values
from svlaw.analysis.success.sample_reader import SampleReader
from svlaw.analysis.success.success_table import SuccessTable, success_table
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.pool import Pool
from svlaw.data.progress import Progress, silent
from svlaw.data.shown import Shown
from svlaw.data.table_texts import TextTable, percent, span

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

DEFAULT_THRESHOLDS: Final = (0.5, 0.75)
"""tau of G-Pass@k; 1 is pass^k."""
DECIDED: Final = 0.95
"""Chance from which on a problem's most likely answer counts as known to be right, or wrong."""

_NAMES: Final = {"coverage": "pass@k", "self_consistency": "maj@k"}


@dataclass(frozen=True, repr=False)
class Reliability(Shown):
    """Measures of how good and how reliable solutions are.

    Attributes:
        rows: One row per measure and k: `measure` (`pass@k`, `maj@k`, `g_pass@k`, `pass^k`), `k`,
            `tau` (of `g_pass@k`; else null), `estimate`, `conf_low`, `conf_high` (95%, over
            problems) and `n_problems`. `maj@infinity`, the limit of the vote, has no k.
        limits: One row per problem: `problem_id`, `solutions` (N), `correct` (right ones) and
            `limit`, the chance that its most likely answer is right (see `vote_limit`).
        n_set_aside: Problems with too few solutions for the values of k.
    """

    rows: pl.DataFrame
    limits: pl.DataFrame
    n_set_aside: int

    @property
    def decided(self) -> tuple[int, int, int]:
        """Problems whose most likely answer is right, is wrong, or is not known to be either."""
        limit = self.limits["limit"].to_numpy()
        right, wrong = int((limit >= DECIDED).sum()), int((limit <= 1 - DECIDED).sum())
        return right, wrong, limit.size - right - wrong

    def frame(self) -> pl.DataFrame:
        """The measures, a row for each measure and k."""
        return self.rows

    def _lines(self) -> list[str]:
        right, wrong, unknown = self.decided
        last = {row["measure"]: row for row in self.rows.iter_rows(named=True)}
        figures = [
            f"  {name}: {percent(row['estimate'])} {span(row['conf_low'], row['conf_high'])}"
            for name, row in last.items()
        ]
        return [
            f"Reliability: {self.limits.height} problems, largest k; the most likely answer is"
            f" right on {right}, wrong on {wrong}, open on {unknown}",
            *figures,
        ]

    def _tables(self) -> list[TextTable]:
        rows = [
            (
                row["measure"] if row["tau"] is None else f"{row['measure']} {row['tau']:g}",
                "" if row["k"] is None else str(row["k"]),
                percent(row["estimate"]),
                span(row["conf_low"], row["conf_high"]),
            )
            for row in self.rows.iter_rows(named=True)
        ]
        notes = ("in %, with 95% intervals over problems",)
        return [TextTable("reliability", ("measure", "k", "estimate", "95%"), rows, notes)]


def reliability(
    pool: Pool,
    solutions: Values = None,
    thresholds: Sequence[float] = DEFAULT_THRESHOLDS,
    *,
    options: Options | None = None,
    progress: Progress = silent,
) -> Reliability:
    """Measure how good and how reliable a pool's solutions are.

    Every measure is unbiased over subsets of k of a problem's solutions, without replacement, and
    averages over the same problems. Intervals are over problems, the sampling unit here.

    Args:
        pool: The pool, with answers.
        solutions: Values of k; `all`; `fine`; powers of two when None.
        thresholds: Values of tau, above 0 and below 1.
        options: Options of the estimators.
        progress: Called with the number of problems done.

    Raises:
        BadInputError: A threshold is out of range, or the pool has fewer solutions than k.
        NotInPoolError: The pool has no answers.
    """
    for tau in thresholds:
        if not 0 < tau < 1:
            raise BadInputError(f"tau = {tau:g}: use a share between 0 and 1; 1 is pass^k")
    if pool.is_published_table:
        raise NotInPoolError(
            f"{pool.path}: a published table has no solutions to count; reliability needs a pool"
        )
    options = options or Options()
    table = success_table(
        pool, ["coverage", "self_consistency"], solutions, options=options, progress=progress
    )
    limits = _limits(pool, table, options)
    N, c = (limits[name].to_numpy()[None, :] for name in ("solutions", "correct"))
    k = table.points.filter(strategy="coverage")["solutions"].to_numpy()[:, None]
    parts = [
        _rows(_NAMES[name], k[:, 0], None, table.select(name).success)
        for name in ("coverage", "self_consistency")
    ]
    parts += [
        _rows("g_pass@k", k[:, 0], tau, enough_right(N, c, k, tau)) for tau in sorted(thresholds)
    ]
    parts.append(_rows("pass^k", k[:, 0], None, all_right(N, c, k)))
    parts.append(_rows("maj@infinity", None, None, limits["limit"].to_numpy()[None, :]))
    return Reliability(pl.concat(parts), limits, table.n_set_aside)


def _rows(measure: str, k: I64 | None, tau: float | None, values: F64) -> pl.DataFrame:
    low, high = success_intervals(values)
    columns = {
        "measure": [measure] * len(values),
        "k": [None] if k is None else k.tolist(),
        "tau": [tau] * len(values),
        "estimate": values.mean(axis=1),
        "conf_low": low,
        "conf_high": high,
        "n_problems": [values.shape[1]] * len(values),
    }
    types = {"k": pl.Int32, "tau": pl.Float64, "n_problems": pl.Int32}
    return pl.DataFrame(columns, schema_overrides=types).with_columns(
        pl.col("estimate", "conf_low", "conf_high").fill_nan(None)
    )


def _limits(pool: Pool, table: SuccessTable, options: Options) -> pl.DataFrame:
    """What each problem of the table holds, and the limit of its vote."""
    reader = SampleReader(pool, None, only_verified=False, half=options.half, seed=options.seed)
    wanted = set(table.problem_ids)
    kept = np.array([name in wanted for name in reader.problem_ids], np.bool_)
    rows = [
        (one.problem_id, one.n_solutions, int(one.correct.sum()), vote_limit(one))
        for batch in reader.batches(kept)
        for one in batch
    ]
    names = ("problem_id", "solutions", "correct", "limit")
    return pl.DataFrame(rows, names, orient="row")

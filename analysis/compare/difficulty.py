"""Bins of problems by difficulty: a column of the problems, or the pass rate on other solutions.

A pass rate that decides a bin must not come from the solutions that are analysed in it: those with
a low pass rate by chance would be called hard, and then look worse than they are (regression to the
mean). So each problem's solutions are split in two halves; the rating half gives the pass rate and
every strategy uses the analysis half alone.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.intervals.problem_counts import LEAST_FOR, few_problems
from svlaw.analysis.success.sample_reader import SampleReader
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.analysis.success.table_summaries import table_summary
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.pool import Pool
from svlaw.data.shown import Shown
from svlaw.data.storage.files import read_parquet_schema
from svlaw.data.table_texts import TextTable

F64 = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

PASS_RATE: Final = "pass_rate"
"""The word for the pass rate in place of a column's name."""
NONE: Final = "(none)"
"""Name of the bin of problems without a value."""
DEFAULT_BINS: Final = 4
MOST_VALUES: Final = 12
"""A column of at most so many different numbers has a bin for each."""
LEAST_PROBLEMS: Final = LEAST_FOR["success"]
"""Intervals from fewer problems are not worth much."""

Cuts = int | Sequence[float] | None
"""Number of bins of about equal size, the values at which further bins begin, or the default."""

_OR_PASS_RATE: Final = "; or take pass_rate"

_TEXTUAL: Final = {
    *(pl.String, pl.Categorical, pl.Enum, pl.Boolean, pl.Null),
    *(pl.Date, pl.Datetime, pl.Time),
}
"""Types whose values are shown as text."""

BIN_STATUS_WORDS: Final[dict[str, str]] = {
    "ok": "",
    "few_problems": f"fewer than {LEAST_PROBLEMS} problems: intervals are not worth much; choose"
    " fewer bins or generate for more problems",
}


@dataclass(frozen=True, repr=False)
class Bin(Shown):
    """Problems of like difficulty.

    Attributes:
        by: The column, or `pass_rate`.
        name: A value of the column; the lowest and highest value in the bin (`0.1 to 0.36`); or
            `(none)`.
        table: The success table of the bin's problems.
    """

    by: str
    name: str
    table: SuccessTable

    @property
    def n_problems(self) -> int:
        """Number of problems in the bin."""
        return self.table.n_problems

    @property
    def status(self) -> Literal["ok", "few_problems"]:
        """`few_problems` below five problems, or families of them."""
        return "few_problems" if few_problems(self.table.n_units, "success") else "ok"

    def frame(self) -> pl.DataFrame:
        """The points of the bin's table, led by `by` and `bin`."""
        lead = (pl.lit(self.by).alias("by"), pl.lit(self.name).alias("bin"))
        return self.table.frame().select(*lead, pl.all())

    def _lines(self) -> list[str]:
        heading = f"Bin {self.by} {self.name}: {self.n_problems:,} problems, status {self.status}"
        return [heading, *repr(self.table).split("\n")[1:]]

    def _tables(self) -> list[TextTable]:
        summary = table_summary(self.table)
        return [replace(summary, title=f"{self.by} {self.name}; {summary.title}")]


def bins(pool: Pool, table: SuccessTable, by: str, cuts: Cuts = None) -> tuple[Bin, ...]:
    """Sort the problems of a success table into bins of difficulty.

    Every bin has all points of the table, so bins compare at equal S and V. Text has a bin for each
    value in natural order ("Level 2" before "Level 10"), numbers likewise where there are at most
    12 different ones; other numbers, and pass rates, are cut into bins of about equal numbers of
    problems. Equal values are never parted, so there may be fewer bins than asked for. Problems
    without a value come last, in a bin of their own.

    Args:
        pool: The pool the table was made from.
        table: The success table; for pass rates one made with `Options(half="analysis")`.
        by: A column of the pool's table of problems, or `pass_rate`.
        cuts: Number of bins (4 by default); or rising values at which a further bin begins, of
            which bins without a problem are left out.

    Raises:
        BadInputError: The column or the cuts cannot be used, or the table rests on the solutions
            that the pass rates come from.
        NotInPoolError: The pool has no such column, or no problems at all.
    """
    _check(pool, by, cuts)
    if by == PASS_RATE:
        if table.options is None or table.options.half != "analysis":
            raise BadInputError(
                "bins by pass_rate need success from the other half of the solutions; make the"
                " table with Options(half='analysis')"
            )
        rates = pass_rates(pool, table.options.seed)
        held = rates.select("problem_id", pl.col(PASS_RATE).alias("value"))
    else:
        held = problem_values(pool, by, _OR_PASS_RATE)
    ids = pl.DataFrame({"problem_id": table.problem_ids}, {"problem_id": pl.String})
    values = ids.join(held, on="problem_id", how="left", maintain_order="left")["value"]
    return tuple(Bin(by, name, table.restrict(mask)) for name, mask in _groups(values, by, cuts))


def pass_rates(pool: Pool, seed: int = 0) -> pl.DataFrame:
    """Each problem's pass rate on the rating half of its solutions.

    Args:
        pool: A pool with answers.
        seed: Seed of the halves; that of the `Options` of the analysis.

    Returns:
        Columns `problem_id`, `pass_rate` (null where the half is empty) and `n_solutions`, the
        number it comes from.

    Raises:
        NotInPoolError: The pool holds no answers.

    Examples:
        >>> import svlaw as sv
        >>> rates = sv.pass_rates(sv.open_example("exams_gpt35_by_gpt4"))
        >>> rates.columns
        ['problem_id', 'pass_rate', 'n_solutions']
    """
    reader = SampleReader(pool, half="rating", seed=seed)
    kept = np.ones(len(reader.problem_ids), np.bool_)
    rows = [
        (s.problem_id, float(s.correct.mean()) if s.n_solutions else None, s.n_solutions)
        for batch in reader.batches(kept)
        for s in batch
    ]
    schema = {"problem_id": pl.String, PASS_RATE: pl.Float64, "n_solutions": pl.Int32}
    return pl.DataFrame(rows, schema, orient="row")


def check_by(pool: Pool, by: str, cuts: Cuts = None) -> None:
    """Raise for bins that there cannot be, before anything is estimated.

    Raises:
        BadInputError: The column or the cuts cannot be used.
        NotInPoolError: The pool has no such column, or no problems at all.
    """
    _check(pool, by, cuts)
    if by != PASS_RATE:
        _groups(problem_values(pool, by, _OR_PASS_RATE)["value"], by, cuts)


def _check(pool: Pool, by: str, cuts: Cuts) -> None:
    if pool.is_published_table:
        raise NotInPoolError(f"{pool.path}: a published table has no problems to sort into bins")
    if isinstance(cuts, int):
        if cuts < 1:
            raise BadInputError(f"bins = {cuts}: use a number from 1")
    elif cuts is not None:
        edges = np.asarray(cuts, float)
        if not edges.size or not np.isfinite(edges).all() or (np.diff(edges) <= 0).any():
            raise BadInputError(f"bins {list(cuts)}: use rising numbers")
        if by == PASS_RATE and not (edges[0] > 0 and edges[-1] <= 1):
            raise BadInputError(f"bins {list(cuts)}: pass rates lie between 0 and 1")


def problem_values(pool: Pool, column: str, otherwise: str = "") -> pl.DataFrame:
    """A column of the problems: Float64 where every value is a number, else String.

    Args:
        pool: The pool.
        column: The column.
        otherwise: What to take in place of a column that is not there, for messages.

    Returns:
        Columns `problem_id` and `value`, null where missing.

    Raises:
        NotInPoolError: The pool has no such column, or it is empty.
        BadInputError: It holds neither text nor numbers.
    """
    by = column
    if not pool.has("problems"):
        only = ", so bins can be by pass_rate only" if otherwise else ""
        raise NotInPoolError(f"{pool.path}: holds no table of problems{only}")
    parts = pool.sound_parts("problems")
    schemas = [read_parquet_schema(part) for part in parts]
    if by == "problem_id" or not any(by in schema for schema in schemas):
        raise NotInPoolError(
            f"{pool.path}: problems have no column '{by}'; {_filled_columns(pool)}{otherwise}"
        )
    # Parts appended later may lack a column of the user's, or hold it in another type.
    frames = [
        pl.scan_parquet(str(part), glob=False).select(
            "problem_id", (pl.col(by) if by in schema else pl.lit(None)).alias("value")
        )
        for part, schema in zip(parts, schemas, strict=True)
    ]
    held = pool.collect(pl.concat(frames, how="vertical_relaxed"), "problems")
    if held["problem_id"].is_duplicated().any():
        raise BadInputError(f"{pool.path}: keys repeat in problems; see 'svlaw check'")
    values = _plain(held["value"])
    if values is None:
        raise BadInputError(
            f"{pool.path}: column '{by}' holds neither text nor numbers ({held['value'].dtype})"
        )
    if values.null_count() == values.len():
        raise NotInPoolError(
            f"{pool.path}: column '{by}' of problems is empty; {_filled_columns(pool)}{otherwise}"
        )
    return held.with_columns(values)


def _plain(values: pl.Series) -> pl.Series | None:
    """Values as Float64 where all are numbers, else as String, null where missing."""
    if values.dtype.is_numeric():
        return values.cast(pl.Float64).fill_nan(None)
    if values.dtype.base_type() not in _TEXTUAL:
        return None
    text = values.cast(pl.String)
    text = text.set(text.str.strip_chars().is_in(["", NONE]), None)
    numbers = text.cast(pl.Float64, strict=False)
    # A missing number that became text is still missing.
    if (numbers.is_finite() | numbers.is_nan()).sum() == text.len() - text.null_count():
        return numbers.fill_nan(None)
    return text


def _filled_columns(pool: Pool) -> str:
    """The columns that hold a value, in words."""
    names: dict[str, None] = {}
    for part in pool.parts("problems"):
        filled = pl.scan_parquet(str(part), glob=False).select(pl.all().is_not_null().any())
        names |= dict.fromkeys(c.name for c in pool.collect(filled, "problems") if c.item())
    there = [name for name in names if name != "problem_id"]
    if not there:
        return "none of their columns holds a value"
    return f"there are: {', '.join(there)}"


def _groups(values: pl.Series, by: str, cuts: Cuts) -> list[tuple[str, Mask]]:
    """Names of the bins, and the problems in each."""
    missing = values.is_null().to_numpy()
    if values.dtype == pl.String:
        if cuts is not None:
            raise BadInputError(
                f"column '{by}' holds text and has one bin for each value; give no number of bins"
            )
        groups = _text_groups(values, by)
    else:
        numbers = values.to_numpy()
        distinct = np.unique(numbers[~missing])
        if cuts is None and by != PASS_RATE and distinct.size <= MOST_VALUES:
            names = _texts(distinct)
            groups = [(n, numbers == v) for n, v in zip(names, distinct, strict=True)]
        elif cuts is None or isinstance(cuts, int):
            groups = _quantile_groups(numbers, cuts or DEFAULT_BINS)
        else:
            groups = _edge_groups(numbers, np.asarray(cuts, float))
    return [*groups, (NONE, missing)] if missing.any() else groups


def _text_groups(values: pl.Series, by: str) -> list[tuple[str, Mask]]:
    names = sorted(values.drop_nulls().unique(), key=_natural)
    if len(names) > MOST_VALUES and 2 * len(names) > values.len():
        raise BadInputError(
            f"column '{by}' has {len(names)} different texts for {values.len()} problems, too many"
            " for bins; choose a column that problems share"
        )
    return [(name, (values == name).fill_null(False).to_numpy()) for name in names]


def _natural(text: str) -> tuple[list[tuple[int, int, str]], str]:
    """Key of an order in which numbers within text count as numbers."""
    parts = [part for part in re.split(r"(\d+)", text.casefold()) if part]
    return [(0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts], text


def _quantile_groups(values: F64, n_bins: int) -> list[tuple[str, Mask]]:
    starts = quantile_starts(values[~np.isnan(values)], n_bins)
    place = np.searchsorted(starts, values, side="right")
    masks = [~np.isnan(values) & (place == k) for k in range(starts.size + 1)]
    masks = [mask for mask in masks if mask.any()]
    ends = np.array([(values[mask].min(), values[mask].max()) for mask in masks]).reshape(-1, 2)
    text = dict(zip(np.unique(ends).tolist(), _texts(np.unique(ends)), strict=True))
    names = [text[a] if a == b else f"{text[a]} to {text[b]}" for a, b in ends.tolist()]
    return list(zip(names, masks, strict=True))


def quantile_starts(values: F64, n_bins: int) -> F64:
    """Where each bin but the first begins, for bins of about equal numbers of values.

    A boundary lies between two different values, where the number below it is nearest to the
    quantile; boundaries that fall together are one.

    Args:
        values: (n,) values.
        n_bins: Number of bins wanted.

    Returns:
        The smallest value of each bin but the first, rising; n_bins - 1 of them or fewer.
    """
    distinct, counts = np.unique(values, return_counts=True)
    if distinct.size < 2:
        return np.empty(0)
    below = np.concatenate(([-np.inf], np.cumsum(counts)[:-1], [np.inf]))
    n_bins = min(n_bins, values.size)
    targets = values.size * np.arange(1, n_bins) / n_bins
    after = np.searchsorted(below, targets)
    nearest = np.where(targets - below[after - 1] <= below[after] - targets, after - 1, after)
    starts: F64 = distinct[np.unique(nearest)]
    return starts


def _edge_groups(values: F64, edges: F64) -> list[tuple[str, Mask]]:
    text = _texts(edges)
    names = [
        f"below {text[0]}",
        *(f"{low} to below {high}" for low, high in pairwise(text)),
        f"{text[-1]} and more",
    ]
    place = np.searchsorted(edges, values, side="right")
    masks = [~np.isnan(values) & (place == k) for k in range(len(names))]
    return [(name, mask) for name, mask in zip(names, masks, strict=True) if mask.any()]


def _texts(values: F64) -> list[str]:
    """Different numbers as different texts: to three digits of the largest, or as it takes."""
    largest = np.abs(values[np.isfinite(values)]).max(initial=0.0)
    whole = np.equal(values, np.rint(values)).all() or largest == 0
    decimals = 0 if whole else max(0, 2 - math.floor(math.log10(largest)))
    for more in range(decimals, decimals + 15):
        texts = [_fixed(v, more) for v in values.tolist()]
        if len(set(texts)) == len(texts):
            return texts
    return [repr(v) for v in values.tolist()]


def _fixed(value: float, decimals: int) -> str:
    if abs(value) >= 1e15:
        return repr(value)
    text = f"{value:.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").removesuffix(".")
    return "0" if text == "-0" else text

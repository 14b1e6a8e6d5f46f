"""Curves, frontiers, crossovers and savings as the tables that people read."""

from typing import TYPE_CHECKING, Any

import polars as pl

from svlaw.analysis.intervals.interval_choice import IntervalChoice
from svlaw.data.table_texts import (
    FEW_DIFFER,
    UNKNOWN,
    TextTable,
    count,
    labelled,
    number,
    percent,
    span,
)

if TYPE_CHECKING:
    from svlaw.analysis.compare.crossover import Crossover
    from svlaw.analysis.compare.savings import Savings

BUDGETS = (
    "saturation_budget",
    "crossover_budget",
    "match_budget",
    "match_ratio",
    "gain",
    "gain_ratio",
    "ahead_budget",
)
"""The estimates of a crossover."""

_POINT = ["strategy", "solutions", "verifications", "setting"]


def curve_table(
    frame: pl.DataFrame, title: str, intervals: IntervalChoice, rate: float | None = None
) -> TextTable:
    """Success at every point.

    Args:
        frame: Rows of `curves`.
        title: What to print above them.
        intervals: The intervals to show.
        rate: The false-positive rate whose column is shown too.
    """
    header = ("strategy", "S", "V", "cost", "success", *intervals.headings, "MC error")
    header += () if rate is None else (f"F = {rate:g}",)
    rows = [
        (
            labelled(row),
            *_counts(row),
            number(row["cost"]),
            percent(row["success"]),
            *intervals.spans(row),
            UNKNOWN if row["mc_error"] is None else f"{100 * row['mc_error']:.2f}",
            *(() if rate is None else [percent(row["with_false_positives"])]),
        )
        for row in frame.to_dicts()
    ]
    return TextTable(title, header, rows)


def frontier_table(frame: pl.DataFrame, title: str, intervals: IntervalChoice) -> TextTable:
    """The best point of each strategy within each budget.

    Rows that repeat the row of a smaller budget are left out (see `without_repeats`).

    Args:
        frame: Rows of `frontier`.
        title: What to print above them.
        intervals: The intervals to show.
    """
    shown = without_repeats(frame)
    ends = intervals.headings
    header = ("strategy", "budget", "S", "V", "success", *ends, "crossfit", "gain", *ends)
    rows = [
        (
            f"{'*' if row['best'] else ' '} {labelled(row)}",
            number(row["budget"]),
            count(row["solutions"]),
            count(row["verifications"]),
            percent(row["success"]),
            *intervals.spans(row),
            percent(row["crossfit"]),
            percent(row["gain"]),
            *intervals.spans(row, "gain"),
        )
        for row in shown.to_dicts()
    ]
    notes = [
        "in %; * wins at its budget; crossfit: chosen on some problems, scored on others;",
        "gain: over self-consistency at the same budget; intervals: pointwise",
    ]
    if shown.height < frame.height:
        notes.append("a row that repeats the row of a smaller budget is left out")
    if any(frame["setting"]):
        notes.append("policies decide S and V; they keep to the budget on average")
    if intervals.has_problems and frame["few_differ"].any():
        notes.append(FEW_DIFFER)
    return TextTable(title, header, rows, tuple(notes))


def headroom_table(frame: pl.DataFrame) -> TextTable:
    """What the best division of each budget among problems could gain."""
    rows = [
        (
            number(row["budget"]),
            percent(row["fixed"]),
            percent(row["divided"]),
            percent(row["headroom"]),
            span(row["headroom_low"], row["headroom_high"]),
        )
        for row in frame.iter_rows(named=True)
    ]
    header = ("budget", "one point for all", "any division", "headroom", "95%")
    notes = (
        "headroom: what spending unevenly could gain if each problem's curve were known; chosen on"
        " half the solutions, scored on the other",
    )
    return TextTable("headroom", header, rows, notes)


def without_repeats(frame: pl.DataFrame) -> pl.DataFrame:
    """A frontier without the rows that repeat what a smaller budget said of the same strategy.

    A row repeats the one before it where the strategy has the same point and the same gain, and
    wins at both budgets or at neither.
    """
    told = (*_POINT[1:], "best", "gain")
    before = [pl.col(name).shift(1).over("strategy") for name in told]
    same = [pl.col(name).eq_missing(other) for name, other in zip(told, before, strict=True)]
    is_first = pl.int_range(pl.len()).over("strategy") == 0
    return frame.filter(is_first | ~pl.all_horizontal(same))


def crossover_table(found: "Crossover") -> TextTable:
    """The estimates of a crossover, with the intervals it has."""
    figures = {name: getattr(found, name) for name in BUDGETS}
    sampled = any(figure.samples_low is not None for figure in figures.values())
    header = ("", "estimate", "95%", *(("95% (samples)",) if sampled else ()))
    rows = []
    for name, figure in figures.items():
        form = percent if name == "gain" else number
        ends = [span(figure.conf_low, figure.conf_high, form)]
        ends += [span(figure.samples_low, figure.samples_high, form)] if sampled else []
        estimate = "never within the data" if figure.estimate is None else form(figure.estimate)
        rows.append((named(name), estimate, *ends))
    return TextTable(f"crossover of {found.strategy}", header, rows)


def named(figure: str) -> str:
    """An estimate of a crossover in words."""
    return f"{figure.replace('_', ' ')}{' (points)' if figure == 'gain' else ''}"


def savings_table(found: "Savings", title: str = "savings") -> TextTable:
    """What both strategies cost where both succeed alike.

    Args:
        found: The savings.
        title: What to print above them.
    """
    header = ("success", "cost", "cost of the other", "ratio", "95%")
    rows = [
        (
            percent(level.success),
            number(level.cost),
            number(level.against_cost),
            number(level.ratio.estimate),
            span(level.ratio.conf_low, level.ratio.conf_high, number),
        )
        for level in found.levels
    ]
    return TextTable(f"{title}\n{found.strategy} against {found.against}", header, rows)


def _counts(row: dict[str, Any]) -> tuple[str, str]:
    """S and V of a row of curves; means where a policy decides them."""
    if row["solutions"] is not None:
        return str(row["solutions"]), str(row["verifications"])
    return number(row["mean_solutions"]), number(row["mean_verifications"])

"""Rows of an analysis as a Polars frame that shows itself as its command prints it."""

from typing import Any, ClassVar

import polars as pl

from svlaw.analysis.compare.comparison_tables import curve_table, frontier_table
from svlaw.analysis.intervals.interval_choice import IntervalChoice
from svlaw.data.table_texts import UNKNOWN, TextTable, percent, span

_MOST_TOLD = 5


class ResultFrame(pl.DataFrame):
    """A Polars frame in every respect but `repr` and `_repr_html_`, which show the chosen figures.

    What Polars makes of it (`filter`, `select`, `join`) is a plain frame.
    """

    title: ClassVar[str]

    def frame(self) -> pl.DataFrame:
        """The same rows as a plain Polars frame."""
        return pl.DataFrame(self)

    def __repr__(self) -> str:
        rows = self._told()
        shown = [" ".join(row).removesuffix(f" {UNKNOWN}")[:90] for row in rows[:_MOST_TOLD]]
        lines = [f"{self.title}: {self.height:,} rows x {self.width} columns", *shown]
        if len(rows) > _MOST_TOLD:
            lines.append(f"... {len(rows) - _MOST_TOLD} more")
        return "\n  ".join(lines)

    def __str__(self) -> str:
        return str(self.frame())

    def _repr_html_(self, *args: Any, **options: Any) -> str:
        return f"<div>{self._table().html()}</div>"

    def _told(self) -> list[tuple[str, ...]]:
        """The rows that `repr` gives, in words."""
        raise NotImplementedError

    def _table(self) -> TextTable:
        """The table that the command prints."""
        raise NotImplementedError

    def _intervals(self) -> IntervalChoice:
        return IntervalChoice(question="both" if "samples_low" in self.columns else "problems")


class CurveFrame(ResultFrame):
    """Rows of `curves`."""

    title = "curves"

    def _told(self) -> list[tuple[str, ...]]:
        best = self.frame().sort("success", descending=True, nulls_last=True, maintain_order=True)
        tops = best.unique("strategy", keep="first", maintain_order=True)
        return [_words(row) for row in tops.iter_rows(named=True)]

    def _table(self) -> TextTable:
        return curve_table(self, self.title, self._intervals())


class FrontierFrame(ResultFrame):
    """Rows of `frontier`."""

    title = "frontier"

    def _told(self) -> list[tuple[str, ...]]:
        winners = self.frame().filter("best")
        rows = winners.iter_rows(named=True)
        return [(f"within {row['budget']:.3g}", *_words(row)) for row in rows]

    def _table(self) -> TextTable:
        return frontier_table(self, self.title, self._intervals())


def _words(row: dict[str, Any]) -> tuple[str, ...]:
    place = f"{row['strategy']}:{row['setting']}"
    if row["solutions"] is not None:
        depth = f", V = {row['verifications']}" if row["verifications"] else ""
        place = f"{row['strategy']}, S = {row['solutions']}{depth}"
    return f"{place}:", f"{percent(row['success'])}%", span(row["conf_low"], row["conf_high"])

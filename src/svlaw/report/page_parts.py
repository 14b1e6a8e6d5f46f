"""Figures and tables as they stand in the page, each with the data behind it."""

import json
import math
import re
from dataclasses import dataclass, field
from html import escape
from typing import Any

import plotly.graph_objects as go
import polars as pl
from markupsafe import Markup

from svlaw.report.embedding import in_script

Cell = str | Markup


@dataclass(frozen=True)
class Figure:
    """A figure ready for the page.

    Attributes:
        anchor: Its id in the page.
        file: Name of the file it is saved as, without a suffix.
        description: What it shows, for those who cannot see it.
        height: Pixels.
        json: The figure, safe inside a script element.
    """

    anchor: str
    file: str
    description: str
    height: int
    json: Markup


@dataclass(frozen=True)
class Table:
    """A table of text, and the figures that it can be saved as.

    Attributes:
        caption: What it shows.
        head: Column titles.
        rows: Cells; the first of each row is its title.
        file: Name of the file it is saved as, without a suffix.
        frame: The figures behind it, in full, with more columns than are shown.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    file: str
    frame: pl.DataFrame = field(repr=False)

    @property
    def json(self) -> Markup:
        """File, columns and rows as JSON, safe inside a script element."""
        return rows_json(self.file, self.frame)


def figure(anchor: str, file: str, description: str, drawn: go.Figure) -> Figure:
    """A figure as it stands in the page."""
    return Figure(anchor, file, description, drawn.layout.height, in_script(drawn.to_json()))


def rows_json(file: str, frame: pl.DataFrame) -> Markup:
    """A frame as JSON, safe inside a script element; what is no number is null."""
    rows = [[_plain(value) for value in row] for row in frame.iter_rows()]
    document = {"file": file, "columns": frame.columns, "rows": rows}
    return in_script(json.dumps(document, allow_nan=False, separators=(",", ":")))


def plain(text: str, most: int) -> str:
    """Text of a pool for a figure: shortened, and with nothing that Plotly would interpret."""
    line = " ".join(text.split())
    line = line if len(line) <= most else line[: most - 1] + "…"
    return escape(line).replace("%", "&#37;")


def file_name(pool: str, what: str) -> str:
    """Name of a file of a pool, of characters that every file system takes: `exams-frontier`."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", pool).strip("-")[:60]
    return f"{name or 'pool'}-{what}"


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value

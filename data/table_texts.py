"""Figures as texts, and tables of texts, as commands print them and notebooks show them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from svlaw.data.numerals import amount

UNKNOWN = "–"
"""What stands for a figure that is not known."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Characters that no page may contain."""


@dataclass(frozen=True)
class TextTable:
    """A table as people read it.

    Attributes:
        title: What it shows.
        header: Heading of each column.
        rows: Texts, row by row.
        notes: Sentences below it.
    """

    title: str
    header: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    notes: tuple[str, ...] = ()

    def html(self) -> str:
        """The table as HTML, with every text escaped."""
        heads = _cells(self.header, "th")
        body = "".join(f"<tr>{_cells(row, 'td')}</tr>" for row in self.rows)
        notes = "".join(f"<p>{escaped(note)}</p>" for note in self.notes)
        caption = f'<caption style="text-align:left">{escaped(self.title)}</caption>'
        return (
            f"<table>{caption}<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{notes}"
        )


def harmless(text: str) -> str:
    """A text without the characters that would steer a terminal or break a page."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def escaped(text: str) -> str:
    """A text that a page shows as it is."""
    from html import escape  # noqa: PLC0415  the command line starts without it

    return escape(harmless(text))


def _cells(row: Sequence[str], tag: str) -> str:
    texts = map(escaped, row)
    return "".join(f"<{tag}{_aligned(k)}>{text}</{tag}>" for k, text in enumerate(texts))


def _aligned(place: int) -> str:
    """The first column is text; figures stand flush right."""
    return f' style="text-align:{"right" if place else "left"}"'


def percent(value: float | None) -> str:
    """A share as a percentage with one decimal; a dash when unknown.

    Dust is rounded off first, so that shares which are equal by mathematics print alike.
    """
    # Adding zero turns a rounded -0.0 into 0.0.
    return UNKNOWN if value is None else f"{round(100 * round(value, 10), 1) + 0.0:.1f}"


def number(value: float | None) -> str:
    """A positive figure to three or four digits; a dash when unknown."""
    return UNKNOWN if value is None else amount(value)


def decimals(value: float | None, digits: int = 2) -> str:
    """A figure with some decimals; a dash when unknown."""
    return UNKNOWN if value is None else f"{round(value, digits) + 0.0:.{digits}f}"


def count(value: int | None) -> str:
    """S or V; a dash where a policy decides it."""
    return UNKNOWN if value is None else str(value)


def labelled(row: Mapping[str, Any]) -> str:
    """The strategy of a row, with its setting if it has one."""
    return f"{row['strategy']}:{row['setting']}" if row["setting"] else str(row["strategy"])


def span(low: float | None, high: float | None, form: Any = percent) -> str:
    """An interval in brackets; an end that is not reached is "never"."""
    if low is None and high is None:
        return UNKNOWN
    return f"[{', '.join('never' if end is None else form(end) for end in (low, high))}]"


def mark_few(text: str, few_differ: bool | None) -> str:
    """The interval of a difference, marked where too few problems differ."""
    return f"{text} °" if few_differ else text


FEW_DIFFER = "°: too few problems differ to tell which is better"
"""What the mark of `mark_few` means."""

"""Results that show themselves: a few lines, a table for notebooks, a tidy frame."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import PurePath
from typing import Any, Final

import polars as pl

from svlaw.data.table_texts import UNKNOWN, TextTable, harmless, number

_MOST_LINES: Final = 6
_MOST_WIDTH: Final = 96
"""Six lines of 96 characters stay below 600."""
_MOST_SHOWN: Final = 8
_ENDS: Final = ("conf_low", "conf_high")


class Shown:
    """What every public result has in common: `repr`, `_repr_html_` and `frame`.

    A result that is a dataclass leaves its `__repr__` to this class (`repr=False`). It says more of
    itself by `_lines` (the few lines), `_tables` (the tables that its command prints) and `frame`.
    """

    def __repr__(self) -> str:
        lines = self._lines()
        shown = [_cut(line) for line in lines[:_MOST_LINES]]
        if len(lines) > _MOST_LINES:
            shown[-1] = f"  ... {len(lines) - _MOST_LINES + 1} more"
        return "\n".join(shown)

    def _repr_html_(self) -> str:
        return f"<div>{''.join(table.html() for table in self._tables())}</div>"

    def frame(self) -> pl.DataFrame:
        """The result as a tidy frame: here one row of its figures, with `_low` and `_high` ends."""
        return one_row(self)

    def _lines(self) -> Sequence[str]:
        """The few lines of `repr`; the first one names what it is."""
        figures = [
            f"{name} {text_of(value)}" for name, value in scalars(self).items() if value is not None
        ]
        text = f"{type(self).__name__}: {', '.join(figures)}"
        wide = {"width": _MOST_WIDTH, "subsequent_indent": "  "}
        return textwrap.wrap(text, **wide) or [type(self).__name__]  # type: ignore[arg-type]

    def _tables(self) -> Sequence[TextTable]:
        """What a notebook shows."""
        rows = [(name, text_of(value)) for name, value in _every(self)]
        return [TextTable(type(self).__name__, ("", "value"), rows)]


def scalars(record: Any) -> dict[str, Any]:
    """The figures and texts of a dataclass by name; an estimate has its ends beside it."""
    found: dict[str, Any] = {}
    for name, value in _every(record):
        if value is None or isinstance(value, bool | int | float | str):
            found[name] = value
        elif isinstance(value, PurePath):
            found[name] = str(value)
        elif _is_estimate(value):
            found[name] = value.estimate
            found |= {f"{name}_{end.removeprefix('conf_')}": getattr(value, end) for end in _ENDS}
    return found


def one_row(record: Any) -> pl.DataFrame:
    """The figures of a dataclass as a frame of one row."""
    return pl.DataFrame([scalars(record)], infer_schema_length=None)


def rows_of(records: Sequence[Any]) -> pl.DataFrame:
    """Dataclasses of one type as a frame, a row each."""
    return pl.DataFrame([scalars(record) for record in records], infer_schema_length=None)


def text_of(value: Any) -> str:
    """A value in a few words."""
    if isinstance(value, pl.DataFrame):
        return f"{value.height:,} rows of {', '.join(value.columns)}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {text_of(each)}" for key, each in value.items()) or UNKNOWN
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "; ".join(map(text_of, value[:_MOST_SHOWN])) + ("; ..." * (len(value) > _MOST_SHOWN))
    if _is_estimate(value):
        return f"{_figure(value.estimate)} [{', '.join(_figure(e) for e in _ends_of(value))}]"
    if isinstance(value, bool | int | float | None):
        return _figure(value)
    return " ".join((repr(value) if is_dataclass(value) else str(value)).split())


def _figure(value: float | None) -> str:
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else number(value)


def _ends_of(value: Any) -> Iterator[float | None]:
    return (getattr(value, end) for end in _ENDS)


def _every(record: Any) -> Iterator[tuple[str, Any]]:
    if is_dataclass(record):
        yield from ((field.name, getattr(record, field.name)) for field in fields(record))


def _is_estimate(value: Any) -> bool:
    return all(hasattr(value, name) for name in ("estimate", *_ENDS))


def _cut(line: str) -> str:
    line = line.removesuffix(f" {UNKNOWN}")  # an interval that is not known
    line = harmless(line.replace("\n", " ").replace("\r", " ").replace("\t", " "))
    return line if len(line) <= _MOST_WIDTH else f"{line[: _MOST_WIDTH - 3]}..."

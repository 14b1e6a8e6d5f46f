"""Rows that come one by one, on their way into frames; and the check that none comes twice."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from svlaw.data.errors import BadInputError

PLACE: Final = {"file": pl.Int32(), "line": pl.Int32()}
"""Where a row comes from: the number of its file, and its line in it."""

_PART_CHARS: Final = 8_000_000
_PART_ROWS: Final = 200_000


class RowBuffer:
    """Collects rows with a text and hands them on as frames of bounded size.

    Args:
        columns: The frame's columns, `PLACE` left out.
        hand_on: Called with each frame; it has the columns and `PLACE`.
    """

    def __init__(
        self, columns: Mapping[str, pl.DataType], hand_on: Callable[[pl.DataFrame], None]
    ) -> None:
        self._schema = {**columns, **PLACE}
        self._hand_on = hand_on
        self._places: dict[Path, int] = {}
        self._rows: list[tuple[Any, ...]] = []
        self._chars = 0

    @property
    def files(self) -> list[Path]:
        """The files rows came from, in the order of their numbers."""
        return list(self._places)

    def add(self, values: tuple[Any, ...], text: str | None, path: Path, line: int) -> None:
        """Take a row in: its values, the text among them, and its place."""
        self._rows.append((*values, self._places.setdefault(path, len(self._places)), line))
        self._chars += len(text or "")
        if self._chars >= _PART_CHARS or len(self._rows) >= _PART_ROWS:
            self.flush()

    def flush(self) -> None:
        """Hand on what is left."""
        if self._rows:
            frame = pl.DataFrame(self._rows, schema=self._schema, orient="row")
            self._rows, self._chars = [], 0
            self._hand_on(frame)


def refuse_repeats(
    rows: pl.DataFrame, key: tuple[str, ...], files: Sequence[Path], unit: str = "line"
) -> None:
    """Raise for the first row whose key an earlier row has, naming both places.

    Args:
        rows: Rows with the key and `PLACE`.
        key: The columns that must be unique.
        files: The files, by number.
        unit: What they consist of.

    Raises:
        BadInputError: A key occurs twice.
    """
    if rows.select(key).n_unique() == rows.height:
        return
    ordered = rows.sort("file", "line", maintain_order=True)
    again = ordered.filter(~pl.struct(key).is_first_distinct()).row(0, named=True)
    first = ordered.filter(*(pl.col(name) == again[name] for name in key)).row(0, named=True)
    label = ", ".join(f"{name} {again[name]!r}" for name in key)
    raise BadInputError(
        f"{files[again['file']]}, {unit} {again['line']}: repeated sample ({label}), already in"
        f" {files[first['file']]}, {unit} {first['line']}; keep one of them"
    )

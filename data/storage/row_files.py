"""Reads Parquet, CSV, JSON and JSONL files of rows, with one clear line when one cannot be read."""

import json
import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from svlaw.data.errors import BadInputError, first_line
from svlaw.data.storage.encoded_files import (
    decoding_errors,
    is_encoded,
    kind_of_file,
    open_content,
    read_content,
    refuse_pointer,
)
from svlaw.data.storage.files import read_parquet_schema, refuse_missing
from svlaw.data.storage.json_values import parse_json, parse_object, rows_of_document

__all__ = ["RawTable", "Rows", "parse_object", "read_raw", "read_rows", "whole_characters"]


@dataclass(frozen=True)
class Rows:
    """Rows of a file after renaming.

    Attributes:
        frame: The columns that were asked for and exist, in the file's row order.
        ignored: Names of the columns that were left out.
        renamed: Old names that occurred and were renamed.
    """

    frame: pl.DataFrame
    ignored: tuple[str, ...]
    renamed: frozenset[str]


@dataclass(frozen=True)
class RawTable:
    """The rows of a file as they stand in it.

    Attributes:
        frame: All columns; those of `nested` as JSON text.
        nested: Columns of a JSON file with lists or objects in their cells, as they are.
        bad: Lines that could not be read and were left out, with their errors.
        unread: Names of columns that were not asked for.
    """

    frame: pl.DataFrame
    nested: dict[str, list[Any]] = field(default_factory=dict)
    bad: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def nested_names(self) -> list[str]:
        """Columns with lists or objects in their cells."""
        typed = [name for name, dtype in self.frame.schema.items() if dtype.is_nested()]
        return [*self.nested, *typed]

    def cells(self, name: str) -> list[Any]:
        """The values of a column, row by row."""
        return self.nested[name] if name in self.nested else self.frame[name].to_list()


def read_rows(path: Path, wanted: Sequence[str] | None, renames: Mapping[str, str]) -> Rows:
    """Read a file of rows; only wanted columns are kept (all of them when `wanted` is None).

    CSV values and JSON values arrive as text, Parquet values in their own types, so that an answer
    such as `0777` stays what it is.

    Args:
        path: A `.parquet`, `.csv`, `.json`, `.jsonl` or `.ndjson` file; all but the first may be
            compressed (`.gz`, `.zst`).
        wanted: New names of the columns to keep.
        renames: Old name to new name.

    Raises:
        BadInputError: The file is missing, empty, damaged or of an unknown kind, holds no rows, a
            renaming clashes with a column, two columns have one name, or a wanted column holds
            lists or objects.
    """
    asked = None if wanted is None else {*wanted, *renames}
    raw = read_raw(path, asked)
    kept, ignored = select_columns(path, [*raw.frame.columns, *raw.unread], wanted, renames)
    for old, new in kept.items():
        if wanted is not None and old in raw.nested:
            raise BadInputError(f"{path}: column '{new}' holds lists or objects, not single values")
    renamed = frozenset(old for old, new in kept.items() if old != new)
    return Rows(raw.frame.select(kept.keys()).rename(kept), ignored, renamed)


def read_raw(
    path: Path, asked: Collection[str] | None = None, *, skip_bad: bool = False
) -> RawTable:
    """Read a file of rows as they stand in it.

    Args:
        path: As in `read_rows`.
        asked: Columns that may be needed; None is all of them.
        skip_bad: Leave lines out that cannot be read.

    Raises:
        BadInputError: As in `read_rows`.
    """
    refuse_missing(path)
    refuse_pointer(path)
    reader = _READERS.get(kind_of_file(path))
    if reader is None:
        kinds = ", ".join(sorted(_READERS))
        raise BadInputError(f"{path}: unknown kind of file; use {kinds} (or .gz, .zst of it)")
    raw = reader(path, asked, skip_bad)
    if not raw.frame.height and not raw.unread:
        why = f"{path}: the file holds no rows"
        raise BadInputError(f"{why} that can be read ({raw.bad[0]})" if raw.bad else why)
    return raw


def select_columns(
    path: Path, names: Sequence[str], wanted: Sequence[str] | None, renames: Mapping[str, str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Map old to new names of the columns to keep; name those left out."""
    kept: dict[str, str] = {}
    ignored: list[str] = []
    for name in names:
        new = renames.get(name, name)
        if name in renames and new in names:
            raise BadInputError(
                f"{path}: cannot rename '{name}' to '{new}': there is such a column already"
            )
        if new in kept.values():
            raise BadInputError(f"{path}: two columns would be called '{new}'; rename only one")
        if wanted is None or new in wanted:
            kept[name] = new
        else:
            ignored.append(name)
    return kept, tuple(ignored)


def _read_parquet(path: Path, asked: Collection[str] | None, skip_bad: bool) -> RawTable:
    names = list(read_parquet_schema(path))
    columns = [name for name in names if asked is None or name in asked]
    try:
        rows = pl.scan_parquet(path, glob=False).select(pl.len()).collect().item()
        frame = pl.read_parquet(path, columns=columns, glob=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadInputError(f"{path}: damaged Parquet ({first_line(error)})") from error
    if not rows:
        raise BadInputError(f"{path}: the file holds no rows")
    for name, dtype in frame.schema.items():
        if dtype == pl.Binary():
            frame = frame.with_columns(_decoded(frame[name], path))
    return RawTable(frame, unread=tuple(name for name in names if name not in columns))


def _decoded(column: pl.Series, path: Path) -> pl.Series:
    """Text of a column of bytes, as some writers store text."""
    texts: list[str | None] = []
    for row, value in enumerate(column.to_list(), 1):
        try:
            texts.append(None if value is None else value.decode())
        except UnicodeDecodeError as error:
            raise BadInputError(
                f"{path}, row {row}: {column.name} {value[:40]!r} is not text; write it as text"
            ) from error
    return pl.Series(column.name, texts, pl.String)


def _read_csv(path: Path, asked: Collection[str] | None, skip_bad: bool) -> RawTable:
    source = read_content(path) if is_encoded(path) else path
    try:
        frame = pl.read_csv(source, infer_schema=False, glob=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadInputError(f"{path}: not readable as CSV ({first_line(error)})") from error
    if frame.width == 1 and (mark := re.search("[;\t|]", frame.columns[0])):
        raise BadInputError(f"{path}: has {mark[0]!r} between its columns; write it with commas")
    for name in frame.columns:
        twice = re.fullmatch(r"(.*)_duplicated_\d+", name, re.DOTALL)
        if twice and twice[1] in frame.columns:
            raise BadInputError(f"{path}: two columns are called {twice[1]!r}; rename one of them")
    return RawTable(frame)


def _read_jsonl(path: Path, asked: Collection[str] | None, skip_bad: bool) -> RawTable:
    objects: list[dict[str, Any]] = []
    bad: list[str] = []
    with open_content(path) as lines, decoding_errors(path):
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                objects.append(parse_object(path, number, line))
            except BadInputError as error:
                if not skip_bad:
                    raise
                bad.append(str(error))
    return _table(objects, bad)


def _read_json(path: Path, asked: Collection[str] | None, skip_bad: bool) -> RawTable:
    """Read a JSON document; or lines of JSON, which some tools give the same ending."""
    content = read_content(path)
    first, _, rest = content.lstrip().partition(b"\n")
    if first.rstrip().endswith(b"}") and rest.strip().startswith(b"{"):
        return _read_jsonl(path, asked, skip_bad)
    return _table(rows_of_document(parse_json(content, str(path)), str(path)), [])


def _table(objects: list[dict[str, Any]], bad: list[str]) -> RawTable:
    columns: dict[str, pl.Series] = {}
    nested: dict[str, list[Any]] = {}
    for written in dict.fromkeys(name for row in objects for name in row):
        cells = [row.get(written) for row in objects]
        name = whole_characters(written)
        if any(isinstance(cell, list | dict) for cell in cells):
            nested[name] = cells
        columns[name] = pl.Series([as_text(cell) for cell in cells], dtype=pl.String)
    return RawTable(pl.DataFrame(columns), nested, tuple(bad))


def whole_characters(text: str) -> str:
    """Text as it is, but for halves of surrogate pairs, which no file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def as_text(value: Any) -> str | None:
    """A value as the text that a file of text would hold; None where it is missing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return whole_characters(value) if isinstance(value, str) else json.dumps(value, default=str)


_READERS: dict[str, Callable[[Path, Collection[str] | None, bool], RawTable]] = {
    ".parquet": _read_parquet,
    ".csv": _read_csv,
    ".json": _read_json,
    ".jsonl": _read_jsonl,
    ".ndjson": _read_jsonl,
}

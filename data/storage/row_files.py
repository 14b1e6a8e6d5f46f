"""Reads Parquet, CSV and JSONL files of rows, with one clear line when one cannot be read."""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from svlaw.data.errors import BadInputError, first_line
from svlaw.data.storage.files import read_parquet_schema, refuse_missing


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


def read_rows(path: Path, wanted: Sequence[str] | None, renames: Mapping[str, str]) -> Rows:
    """Read a file of rows; only wanted columns are kept (all of them when `wanted` is None).

    CSV values and JSON values arrive as text, Parquet values in their own types, so that an answer
    such as `0777` stays what it is.

    Args:
        path: A `.parquet`, `.csv`, `.jsonl` or `.ndjson` file.
        wanted: New names of the columns to keep.
        renames: Old name to new name.

    Raises:
        BadInputError: The file is missing, empty, damaged or of an unknown kind, holds no rows, or
            a renaming clashes with a column.
    """
    refuse_missing(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise BadInputError(f"{path}: unknown kind of file; use {', '.join(sorted(_READERS))}")
    return reader(path, wanted, renames)


def _refuse_no_rows(path: Path, rows: int) -> None:
    if not rows:
        raise BadInputError(f"{path}: the file holds no rows")


def _select(
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


def _rows(frame: pl.DataFrame, kept: Mapping[str, str], ignored: tuple[str, ...]) -> Rows:
    renamed = frozenset(old for old, new in kept.items() if old != new)
    return Rows(frame.select(kept.keys()).rename(kept), ignored, renamed)


def _read_parquet(path: Path, wanted: Sequence[str] | None, renames: Mapping[str, str]) -> Rows:
    kept, ignored = _select(path, list(read_parquet_schema(path)), wanted, renames)
    try:
        rows = pl.scan_parquet(path, glob=False).select(pl.len()).collect().item()
        frame = pl.read_parquet(path, columns=list(kept), glob=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadInputError(f"{path}: damaged Parquet ({first_line(error)})") from error
    _refuse_no_rows(path, rows)
    return _rows(frame, kept, ignored)


def _read_csv(path: Path, wanted: Sequence[str] | None, renames: Mapping[str, str]) -> Rows:
    try:
        frame = pl.read_csv(path, infer_schema=False, glob=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadInputError(f"{path}: not readable as CSV ({first_line(error)})") from error
    if frame.width == 1 and (mark := re.search("[;\t|]", frame.columns[0])):
        raise BadInputError(f"{path}: has {mark[0]!r} between its columns; write it with commas")
    _refuse_no_rows(path, frame.height)
    return _rows(frame, *_select(path, frame.columns, wanted, renames))


def _read_jsonl(path: Path, wanted: Sequence[str] | None, renames: Mapping[str, str]) -> Rows:
    objects: list[dict[str, Any]] = []
    with path.open(encoding="utf-8") as lines:
        try:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    objects.append(parse_object(path, number, line))
        except UnicodeDecodeError as error:
            raise BadInputError(f"{path}: not UTF-8 text ({error.reason})") from error
    _refuse_no_rows(path, len(objects))
    names = list(dict.fromkeys(name for row in objects for name in row))
    kept, ignored = _select(path, names, wanted, renames)
    columns = {name: [_as_text(row.get(name)) for row in objects] for name in kept}
    frame = pl.DataFrame(columns, schema=dict.fromkeys(kept, pl.String()))
    return _rows(frame, kept, ignored)


def parse_object(path: Path, number: int, line: str | bytes) -> dict[str, Any]:
    """Read one line of a JSONL file.

    Args:
        path: The file, for an error.
        number: The line's number, from 1.
        line: Its text or bytes.

    Raises:
        BadInputError: It is no JSON object.
    """
    try:
        value = json.loads(line)
    except UnicodeDecodeError as error:
        raise BadInputError(f"{path}, line {number}: not UTF-8 text ({error.reason})") from error
    except json.JSONDecodeError as error:
        raise BadInputError(
            f"{path}, line {number}: not valid JSON ({error.msg}); was the file cut off?"
        ) from error
    except (RecursionError, ValueError) as error:  # too deep, or a number of too many digits
        raise BadInputError(f"{path}, line {number}: not readable ({first_line(error)})") from error
    if not isinstance(value, dict):
        raise BadInputError(f"{path}, line {number}: not a JSON object")
    return value


def whole_characters(text: str) -> str:
    """Text as it is, but for halves of surrogate pairs, which no file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _as_text(value: Any) -> str | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return whole_characters(value) if isinstance(value, str) else json.dumps(value)


_READERS: dict[str, Callable[[Path, Sequence[str] | None, Mapping[str, str]], Rows]] = {
    ".parquet": _read_parquet,
    ".csv": _read_csv,
    ".jsonl": _read_jsonl,
    ".ndjson": _read_jsonl,
}

"""Files of problems: read as they are, and their columns picked by name or by a dotted path."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import polars as pl

from svlaw.data.errors import BadInputError
from svlaw.data.storage.files import refuse_missing
from svlaw.data.storage.row_files import read_rows
from svlaw.generate.recipes import ROW_NUMBER

SUFFIXES: Final = (".parquet", ".jsonl", ".ndjson", ".json", ".csv")
"""Kinds of files that problems are read from."""

_INDEX: Final = re.compile(r"\d+")


def read_problem_file(path: Path) -> pl.DataFrame:
    """Read every column of a file of problems.

    Values of CSV and JSON arrive as text, nested ones as JSON; those of Parquet in their own types.
    A `.json` file holds a list of objects.

    Raises:
        BadInputError: The file is missing, empty, damaged or of an unknown kind, or holds no rows.
    """
    try:
        if path.suffix.lower() == ".json":
            return _read_json(path)
        return read_rows(path, None, {}).frame
    except OSError as error:
        raise BadInputError(f"{path}: cannot be read ({error.strerror or error})") from error


def _read_json(path: Path) -> pl.DataFrame:
    refuse_missing(path)
    try:
        rows = json.loads(path.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise BadInputError(f"{path}: not UTF-8 text ({error.reason})") from error
    except json.JSONDecodeError as error:
        raise BadInputError(
            f"{path}, line {error.lineno}: not valid JSON ({error.msg}); with an object on each"
            " line, name the file .jsonl"
        ) from error
    if not isinstance(rows, list):
        raise BadInputError(f"{path}: not a list of objects; write [{{...}}, {{...}}]")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise BadInputError(f"{path}, row {number}: not a JSON object")
    if not rows:
        raise BadInputError(f"{path}: the file holds no rows")
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: [_as_text(row.get(name)) for row in rows] for name in names}
    return pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String()))


def _as_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def pick_columns(
    frame: pl.DataFrame,
    columns: Mapping[str, str],
    source: str,
    *,
    optional: frozenset[str] = frozenset(),
    first_row: int = 0,
) -> pl.DataFrame:
    """Pick columns under new names.

    Args:
        frame: Rows as they were read.
        columns: New name to a column, to a dotted path into it (`meta.level`, `choices.0`), or to
            `#` for the number of the row.
        source: What to call the rows in an error.
        optional: New names of columns that may be missing.
        first_row: Number of the first row, where rows are numbered.

    Returns:
        The columns that are there, in the order of `columns`.

    Raises:
        BadInputError: A column that is not optional is missing, or a path leads nowhere.
    """
    picked = {}
    for new, old in columns.items():
        if old == ROW_NUMBER:
            rows = pl.int_range(first_row, first_row + frame.height, eager=True)
            picked[new] = rows.cast(pl.String)
            continue
        values = _pick(frame, old, source)
        if values is not None:
            picked[new] = values
        elif new not in optional:
            what = f"column '{old}'" if old == new else f"column '{old}' ({new})"
            raise BadInputError(
                f"{source}: {what} is missing; there are {', '.join(frame.columns)}; name the right"
                f" one under columns, such as '{new}: {frame.columns[0]}'"
            )
    return pl.DataFrame([values.alias(new) for new, values in picked.items()])


def _pick(frame: pl.DataFrame, path: str, source: str) -> pl.Series | None:
    """Find a column, or what a dotted path leads to; None when there is no such column."""
    if path in frame.columns:
        return frame[path]
    name, *steps = path.split(".")
    if name not in frame.columns or not steps:
        return None
    values = frame[name]
    for step in steps:
        try:
            values = _step(values, step)
        except pl.exceptions.PolarsError as error:
            raise BadInputError(
                f"{source}: '{path}' leads nowhere: there is no '{step}' in {_describe(values)}"
            ) from error
    if values.null_count() == len(values):
        raise BadInputError(f"{source}: '{path}' leads nowhere in any row")
    return values


def _step(values: pl.Series, step: str) -> pl.Series:
    index = _INDEX.fullmatch(step)
    if isinstance(values.dtype, pl.Struct):
        return values.struct.field(step)
    if isinstance(values.dtype, pl.List):
        if index is None:
            raise pl.exceptions.InvalidOperationError(step)
        return values.list.get(int(step), null_on_oob=True)
    path = f"$[{step}]" if index else f"$['{step}']"
    return values.str.json_path_match(path)


def _describe(values: pl.Series) -> str:
    dtype = values.dtype
    if isinstance(dtype, pl.Struct):
        return ", ".join(field.name for field in dtype.fields)
    return f"a column of {dtype}"

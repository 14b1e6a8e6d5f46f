"""Turns the columns users have into the types a pool wants, naming the row that does not fit."""

from collections.abc import Mapping
from typing import Final

import polars as pl

from svlaw.data.errors import BadInputError
from svlaw.data.schema import refuse_rows

_TRUE: Final = ("true", "1", "1.0", "yes")
_FALSE: Final = ("false", "0", "0.0", "no")

VERBATIM: Final = ("text", "question")
"""Columns whose text is kept even where it is blank: a model may have written nothing."""


def require(frame: pl.DataFrame, columns: tuple[str, ...], source: str) -> None:
    """Raise when a column is missing.

    Raises:
        BadInputError: It is, with the columns there are.
    """
    for name in columns:
        if name not in frame.columns:
            raise BadInputError(
                f"{source}: column '{name}' is missing; if it has another name, use"
                f" --rename OLD={name}"
            )


def to_types(frame: pl.DataFrame, columns: Mapping[str, pl.DataType], source: str) -> pl.DataFrame:
    """Cast the columns that are there; text that does not read as the type is refused.

    Text is trimmed where a number is wanted, whole-number floats become integers, NaN becomes
    null, and blank text is null, but in `VERBATIM` columns.

    Raises:
        BadInputError: A value does not fit, or an integer is negative.
    """
    for name, dtype in columns.items():
        if name in frame.columns:
            frame = _to_type(frame, name, dtype, source)
    return frame


def _to_type(frame: pl.DataFrame, name: str, dtype: pl.DataType, source: str) -> pl.DataFrame:
    held = frame.schema[name]
    column = pl.col(name)
    what = {pl.String(): "text", pl.Boolean(): "true or false"}.get(dtype, "numbers")
    if held.is_nested() or (held.is_temporal() and what == "numbers"):
        raise BadInputError(f"{source}: column '{name}' holds {held}, not {what}")
    if dtype == pl.String():
        text = column.cast(pl.String)
        if name in VERBATIM:
            return frame.with_columns(text)
        return frame.with_columns(pl.when(text.str.strip_chars() != "").then(text).alias(name))
    if dtype == pl.Boolean():
        return _to_flag(frame, name, source)
    if held == pl.String():
        column = column.str.strip_chars()
        frame = frame.with_columns(pl.when(column != "").then(column).alias(name))
        column = pl.col(name)
    number = column.cast(pl.Float64, strict=False)
    if dtype.is_float():
        value = number.fill_nan(None)
        bad = column.is_not_null() & number.is_null()
        refuse_rows(frame, bad, name, source, "is not a number")
    else:
        value = number.cast(dtype, strict=False)
        whole = number.is_nan() | (number == value)
        bad = column.is_not_null() & ~whole.fill_null(False)
        refuse_rows(frame, bad, name, source, "is not a whole number that fits")
        refuse_rows(frame, value < 0, name, source, "is negative; use numbers from 0")
    return frame.with_columns(value.alias(name))


def _to_flag(frame: pl.DataFrame, name: str, source: str) -> pl.DataFrame:
    if frame.schema[name] == pl.Boolean():
        return frame
    text = pl.col(name).cast(pl.String).str.strip_chars().str.to_lowercase()
    value = (
        pl.when(text.is_in(_TRUE)).then(True).when(text.is_in(_FALSE)).then(False).otherwise(None)
    )
    bad = (text != "") & value.is_null()
    refuse_rows(frame, bad, name, source, "is neither true nor false (1, 0, yes, no)")
    return frame.with_columns(value.alias(name))

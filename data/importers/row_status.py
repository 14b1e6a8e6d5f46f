"""Statuses of rows: svlaw's own where a table has them, and what the rows themselves say."""

from dataclasses import replace

import polars as pl

from svlaw.data.schema import Table
from svlaw.data.storage.row_files import Rows


def known_status(rows: Rows, table: Table, *beside: str) -> Rows:
    """Leave the column `status` out when it is not svlaw's: other words, or columns missing."""
    if "status" not in rows.frame.columns:
        return rows
    status = rows.frame["status"].cast(pl.String)
    known = status.is_in(table.allowed["status"]).fill_null(False).all()
    if known and all(name in rows.frame.columns for name in beside):
        return rows
    return replace(rows, frame=rows.frame.drop("status"), ignored=(*rows.ignored, "status"))


def with_chars(frame: pl.DataFrame) -> pl.DataFrame:
    """Count the characters of the text where no count is given."""
    if "text" not in frame.columns or "output_chars" in frame.columns:
        return frame
    return frame.with_columns(pl.col("text").str.len_chars().cast(pl.Int32).alias("output_chars"))


def is_truncated(frame: pl.DataFrame) -> pl.Expr:
    """Whether the length limit ended a text."""
    if "finish_reason" not in frame.columns:
        return pl.lit(False)
    return (pl.col("finish_reason") == "length").fill_null(False)

"""Families of problems: questions that occur twice, or a column that says what belongs together."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import polars as pl

from svlaw.analysis.checks.findings import Check
from svlaw.analysis.intervals.clustered_rates import intraclass_correlation
from svlaw.data.pool import Pool
from svlaw.data.storage.files import read_parquet_schema

NAMES: Final = (
    *("item", "item_id", "family", "family_id", "group", "group_id", "cluster", "cluster_id"),
    *("source_id", "base_id", "original_id", "parent_id", "template", "template_id"),
)
"""Columns whose name says that problems with the same value belong together."""
LEAST_FAMILIES: Final = 10
"""Fewest families for intervals that rest on them; fewer values are kinds of problems."""


def check_families(pool: Pool, answers: pl.DataFrame) -> list[Check]:
    """Say which problems belong together, by their texts or a column, and how alike they fare.

    Args:
        pool: The pool.
        answers: All solutions: `problem_id`, `is_correct`.

    Raises:
        BadInputError: A part is damaged.
    """
    if not pool.has("problems"):
        return []
    rates = answers.group_by("problem_id").agg(pl.col("is_correct").cast(pl.Float64).mean())
    return [
        Check("note", "families of problems", _words(name, values, rates))
        for name, values in _candidates(pool)
    ]


def _candidates(pool: Pool) -> Iterator[tuple[str, pl.DataFrame]]:
    """Columns that put problems in families, with the value of each problem."""
    parts = pool.sound_parts("problems")
    schemas = [read_parquet_schema(part) for part in parts]
    for name in ("question", *NAMES):
        holding = [part for part, held in zip(parts, schemas, strict=True) if name in held]
        if not holding:
            continue
        scans = [
            pl.scan_parquet(str(part), glob=False).select(
                "problem_id", pl.col(name).cast(pl.String, strict=False).alias("value")
            )
            for part in holding
        ]
        held = pool.collect(pl.concat(scans), "problems").unique("problem_id").drop_nulls()
        if name == "question":
            blank = pl.col("value").str.replace_all(r"\s+", " ").str.strip_chars()
            held = held.with_columns(blank).filter(pl.col("value") != "")
        sizes = held.group_by("value").len()["len"]
        repeats = sizes.len() < held.height
        if repeats and sizes.len() >= LEAST_FAMILIES and int(sizes.max()) <= held.height / 4:  # type: ignore[arg-type]
            yield name, held


def _words(name: str, values: pl.DataFrame, rates: pl.DataFrame) -> str:
    sizes = values.group_by("value").len()["len"]
    shared = int(sizes.filter(sizes > 1).sum())
    what = "the text of their question" if name == "question" else f"their '{name}'"
    words = (
        f"{shared:,} of {values.height:,} problems share {what} with another"
        f" ({sizes.len():,} families)"
    )
    grouped = (
        values.join(rates, on="problem_id", how="inner")
        .group_by("value")
        .agg(
            pl.len().alias("n"),
            pl.col("is_correct").sum().alias("total"),
            (pl.col("is_correct") ** 2).sum().alias("squares"),
        )
        .sort("value")
    )
    columns = (
        grouped[column].to_numpy().astype(np.float64) for column in ("n", "total", "squares")
    )
    alike = intraclass_correlation(*columns)
    if alike is not None:
        words += f"; their success correlates by {alike:.2f}"
    return f"{words}; --cluster {name} makes intervals rest on families"

"""Imports a published success table: strategy, solutions, verifications, success."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from svlaw.data.column_types import require, to_types
from svlaw.data.errors import BadInputError
from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_writer import create_pool
from svlaw.data.schema import BASELINES, TABLES, conform, refuse_rows
from svlaw.data.storage.row_files import read_rows


def import_success(
    out: str | Path, table: str | Path, *, renames: Mapping[str, str] | None = None
) -> Pool:
    """Make a pool that holds only a published success table, one row per (strategy, S, V).

    Such a pool has no per-problem data, so its figures have no intervals.

    Args:
        out: Folder or address of the new pool.
        table: File with `strategy` (coverage, self_consistency, best_of_n, weighted_vote),
            `solutions` (S, from 1), `verifications` (V; 0 for the first two strategies, else from
            1) and `success` in [0, 1].
        renames: Old column name to new one.

    Raises:
        BadInputError: `out` exists, the file cannot be read, or a row does not fit.
    """
    path, spec = Path(table), TABLES["success"]
    source = str(path)
    rows = read_rows(path, list(spec.columns), dict(renames or {}))
    for old, new in (renames or {}).items():
        if old not in rows.renamed and old != new:
            raise BadInputError(f"--rename {old}={new}: {path} has no column '{old}'")
    require(rows.frame, spec.required, source)
    frame = conform(to_types(rows.frame, spec.columns, source), spec, source)
    solutions, verifications = pl.col("solutions"), pl.col("verifications")
    baseline = pl.col("strategy").is_in(BASELINES)
    refuse_rows(frame, solutions < 1, "solutions", source, "must be at least 1")
    refuse_rows(
        frame,
        baseline & (verifications != 0),
        "verifications",
        source,
        "must be 0 for a strategy without a verifier",
    )
    refuse_rows(
        frame,
        ~baseline & (verifications < 1),
        "verifications",
        source,
        "must be at least 1 for a strategy with a verifier",
    )
    refuse_rows(
        frame,
        ~pl.col("success").is_between(0, 1),
        "success",
        source,
        "is outside [0, 1]; give a share, not a percentage",
    )
    metadata = {
        "source": "success",
        "files": [path.name],
        "ignored_columns": sorted(rows.ignored),
    }
    with create_pool(out, metadata) as writer:
        writer.add("success", frame.sort(spec.key), source=source)
    return open_pool(out)

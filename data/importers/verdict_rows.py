"""Rows of a table of verdicts: scores, verdicts and statuses, and the verifiers they are of."""

from dataclasses import replace
from typing import Final, get_args

import polars as pl

from svlaw.data.column_types import require, to_types
from svlaw.data.errors import BadInputError
from svlaw.data.importers.row_status import is_truncated, known_status, with_chars
from svlaw.data.schema import TABLES, Calls, Table, conform, refuse_rows
from svlaw.data.storage.row_files import Rows

RAW: Final = ("text", "p_yes", "p_no")
"""Columns that a table of raw generations is for."""
VERIFICATIONS = {**TABLES["verifications"].columns, **TABLES["verdicts"].columns}


def as_verdicts(rows: Rows, source: str) -> Rows:
    """Check rows of verdicts, and make of each what its score and its verdict say.

    Rows with nothing but a text or probabilities stay as they are, to be parsed.

    Raises:
        BadInputError: A column is missing, a value does not fit, or a key repeats.
    """
    rows = known_status(rows, TABLES["verdicts"], "score", "verdict")
    rows = _known_calls(rows)
    require(rows.frame, ("problem_id", "solution_id", "verification_id"), source)
    types = {**VERIFICATIONS, "verifier": pl.String(), "calls": pl.String()}
    if not {"score", "verdict"} & set(rows.frame.columns):
        if not set(RAW) & set(rows.frame.columns):
            raise BadInputError(
                f"{source}: needs a column 'score' or 'verdict' (if it has another name, use"
                " --rename OLD=score), or the 'text' of the verifications, which 'svlaw parse'"
                " reads then"
            )
        frame = to_types(rows.frame, types, source)
        _check_keys(frame, TABLES["verifications"], source)
        return replace(rows, frame=frame)
    if "status" in rows.frame.columns:
        frame = to_types(rows.frame, types, source)
        _refuse_scores(frame, source)
    else:
        frame = to_types(rows.frame, {**types, "verdict": pl.Boolean()}, source)
        frame = _with_verdict(frame, source)
        status = (
            pl.when(pl.col("score").is_not_null())
            .then(pl.lit("graded"))
            .when(is_truncated(frame))
            .then(pl.lit("truncated"))
            .otherwise(pl.lit("unparsed"))
        )
        frame = frame.with_columns(status.alias("status"))
    frame = with_chars(frame)
    _check_keys(frame, TABLES["verdicts"], source)
    return replace(rows, frame=frame)


def _check_keys(frame: pl.DataFrame, table: Table, source: str) -> None:
    """Raise for a row that does not fit, or a key that a verifier has twice.

    Raises:
        BadInputError: There is one.
    """
    if "verifier" in frame.columns:
        table = replace(
            table,
            key=("verifier", *table.key),
            columns={"verifier": pl.String(), **table.columns},
            required=("verifier", *table.required),
        )
    conform(frame, table, source)


def _known_calls(rows: Rows) -> Rows:
    """Leave the column `calls` out where it holds other words than svlaw's."""
    if "calls" not in rows.frame.columns:
        return rows
    if rows.frame["calls"].cast(pl.String).is_in(get_args(Calls)).fill_null(False).all():
        return rows
    return replace(rows, frame=rows.frame.drop("calls"), ignored=(*rows.ignored, "calls"))


def has_shared_calls(frame: pl.DataFrame, verifier: str, source: str) -> bool:
    """Whether the column `calls` says that a verifier's calls are shared.

    Raises:
        BadInputError: It says both.
    """
    if "calls" not in frame.columns:
        return False
    kinds = frame["calls"].unique().to_list()
    if len(kinds) > 1:
        raise BadInputError(
            f"{source}: calls of '{verifier}' are both shared and independent; give each kind a"
            " verifier of its own"
        )
    return kinds == ["shared"]


def by_verifier(frame: pl.DataFrame, verifier: str) -> list[tuple[str, pl.DataFrame]]:
    """The rows of each verifier, in order of their first appearance."""
    if "verifier" not in frame.columns:
        return [(verifier, frame)]
    parts = frame.partition_by("verifier", maintain_order=True)
    return [(part["verifier"][0], part.drop("verifier")) for part in parts]


def _refuse_scores(frame: pl.DataFrame, source: str) -> None:
    if "score" in frame.columns:
        outside = ~pl.col("score").is_between(0, 1)
        why = "is outside [0, 1]; leave it empty if unparsed"
        refuse_rows(frame, outside, "score", source, why)


def _with_verdict(frame: pl.DataFrame, source: str) -> pl.DataFrame:
    """Fill score from verdict and verdict from score (yes from 0.5 on); keep scores in [0, 1]."""
    score, verdict = pl.col("score"), pl.col("verdict")
    if "score" not in frame.columns:
        frame = frame.with_columns(verdict.cast(pl.Float64).alias("score"))
    if "verdict" not in frame.columns:
        frame = frame.with_columns(pl.lit(None, pl.Boolean).alias("verdict"))
    _refuse_scores(frame, source)
    frame = frame.with_columns(pl.coalesce(score, verdict.cast(pl.Float64)).alias("score"))
    yes = pl.coalesce(verdict, score >= 0.5)
    word = pl.when(yes).then(pl.lit("yes")).when(~yes).then(pl.lit("no"))
    return frame.with_columns(word.alias("verdict"))

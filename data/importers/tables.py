"""Imports graded solutions and verdicts from flat tables: Parquet, CSV or JSONL."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import polars as pl

from svlaw.data.classes import number_classes
from svlaw.data.errors import BadInputError
from svlaw.data.importers.columns import require, to_types
from svlaw.data.importers.reading import Rows, read_rows
from svlaw.data.pool import Pool, append, create_pool, open_pool
from svlaw.data.schema import TABLES, Table, conform, refuse_rows

DEFAULT_VERIFIER = "verifier"

_SOLUTIONS = {**TABLES["solutions"].columns, **TABLES["answers"].columns}
_VERIFICATIONS = {**TABLES["verifications"].columns, **TABLES["verdicts"].columns}
_VERDICTS_OF_ALL = replace(
    TABLES["verdicts"],
    key=("verifier", *TABLES["verdicts"].key),
    columns={"verifier": pl.String(), **TABLES["verdicts"].columns},
    required=("verifier", *TABLES["verdicts"].required),
)


def import_tables(
    out: str | Path,
    solutions: str | Path,
    *,
    problems: str | Path | None = None,
    verifications: str | Path | None = None,
    verifier: str = DEFAULT_VERIFIER,
    renames: Mapping[str, str] | None = None,
) -> Pool:
    """Make a pool from flat tables of graded solutions and, if there are any, verdicts.

    Solutions need `problem_id`, `solution_id` and `is_correct`; voting needs `answer` too (null or
    blank: no answer). Verifications need `verification_id` and `score` in [0, 1] (null: unparsed)
    or `verdict` (yes or no); with both, `verdict` fills the scores that are missing. Where a column
    `status` holds nothing but svlaw's own words, as in a table it has exported, the rows are taken
    as they are. A column `verifier` names the verifier of each row. Further columns of problems are
    kept for grouping; other unknown columns are ignored and listed under `ignored_columns` in the
    pool's metadata.

    Args:
        out: Folder or address of the new pool.
        solutions: Table of solutions.
        problems: Table of problems; without one, the problems are those of the solutions.
        verifications: Table of verdicts.
        verifier: Name of the verifier that gave them, where they have no column `verifier`.
        renames: Old column name to new one, applied wherever the column occurs.

    Raises:
        BadInputError: `out` exists, a file cannot be read, a column is missing, a key occurs twice,
            a value does not fit, or a verdict belongs to no solution. Nothing is written then.
    """
    renames = dict(renames or {})
    solution_rows = _read_solutions(Path(solutions), renames)
    problem_rows = read_problems(Path(problems), renames) if problems else None
    verdict_rows = _read_verifications(Path(verifications), renames) if verifications else None
    read = [rows for rows in (solution_rows, problem_rows, verdict_rows) if rows is not None]
    _refuse_unused(renames, read)
    if problem_rows is None:
        ids = solution_rows.frame["problem_id"].unique(maintain_order=True)
        problem_frame = pl.DataFrame({"problem_id": ids})
    else:
        problem_frame = problem_rows.frame
        _refuse_strangers(
            solution_rows.frame, problem_frame, ("problem_id",), str(solutions), "solution"
        )
    if verdict_rows is not None:
        _refuse_strangers(
            verdict_rows.frame,
            solution_rows.frame,
            ("problem_id", "solution_id"),
            str(verifications),
            "verdict",
        )
    metadata = {
        "source": "tables",
        "files": [Path(f).name for f in (solutions, problems, verifications) if f],
        "ignored_columns": sorted({name for rows in read for name in rows.ignored}),
    }
    with create_pool(out, metadata) as writer:
        writer.add("problems", problem_frame.sort("problem_id"), source=str(problems or solutions))
        _add(writer.add, "solutions", "answers", solution_rows.frame, None, str(solutions))
        if verdict_rows is not None:
            for name, frame in _by_verifier(verdict_rows.frame, verifier):
                _add(writer.add, "verifications", "verdicts", frame, name, str(verifications))
    return open_pool(out)


def import_verdicts(
    pool: Pool,
    verifications: str | Path,
    *,
    verifier: str,
    renames: Mapping[str, str] | None = None,
) -> Pool:
    """Add the verdicts of another verifier, or further verdicts of one, to a pool.

    Args:
        pool: The pool; it is only ever added to.
        verifications: Table of verdicts, as in `import_tables`.
        verifier: Name of the verifier.
        renames: Old column name to new one.

    Raises:
        BadInputError: As in `import_tables`, or a verdict is in the pool already.
    """
    renames = dict(renames or {})
    rows = _read_verifications(Path(verifications), renames)
    if "verifier" in rows.frame.columns:
        raise BadInputError(
            f"{verifications}: has a column 'verifier', while the verdicts of one are added; give"
            " those alone, without the column"
        )
    _refuse_unused(renames, [rows])
    held = pool.read("answers", ("problem_id", "solution_id"))
    key = ("problem_id", "solution_id")
    _refuse_strangers(rows.frame, held, key, str(verifications), "verdict")

    def add(table: str, frame: pl.DataFrame, *, verifier: str | None, source: str) -> None:
        nonlocal pool
        pool = append(pool, table, frame, verifier=verifier, source=source)

    _add(add, "verifications", "verdicts", rows.frame, verifier, str(verifications))
    return pool


def _read_solutions(path: Path, renames: Mapping[str, str]) -> Rows:
    rows = _known_status(read_rows(path, list(_SOLUTIONS), renames), TABLES["answers"])
    source = str(path)
    require(rows.frame, ("problem_id", "solution_id", "is_correct"), source)
    frame = _with_chars(to_types(rows.frame, _SOLUTIONS, source))
    label = next((pl.col(n) for n in ("answer_class", "answer") if n in frame.columns), None)
    if "status" not in frame.columns:
        unanswered = pl.lit(True) if label is None else label.is_null()
        status = (
            pl.when(_is_truncated(frame) & unanswered)
            .then(pl.lit("truncated"))
            .when(unanswered & pl.lit(label is not None))
            .then(pl.lit("no_answer"))
            .otherwise(pl.lit("graded"))
        )
        frame = frame.with_columns(status.alias("status"))
    conform(frame, TABLES["answers"], source)
    frame = frame.sort(TABLES["answers"].key)
    if label is not None:
        frame = number_classes(frame, label.cast(pl.String))
    return Rows(frame, rows.ignored, rows.renamed)


def read_problems(path: Path, renames: Mapping[str, str]) -> Rows:
    """Read a table of problems, every column of it.

    Raises:
        BadInputError: It cannot be read, has no `problem_id`, or a value does not fit.
    """
    rows = read_rows(path, None, renames)
    source = str(path)
    require(rows.frame, ("problem_id",), source)
    frame = to_types(rows.frame, TABLES["problems"].columns, source)
    return Rows(conform(frame, TABLES["problems"], source), rows.ignored, rows.renamed)


def _read_verifications(path: Path, renames: Mapping[str, str]) -> Rows:
    wanted = [*_VERIFICATIONS, "verifier"]
    rows = _known_status(read_rows(path, wanted, renames), TABLES["verdicts"], "score", "verdict")
    source = str(path)
    require(rows.frame, ("problem_id", "solution_id", "verification_id"), source)
    if not {"score", "verdict"} & set(rows.frame.columns):
        raise BadInputError(
            f"{source}: needs a column 'score' or 'verdict'; if it has another name, use"
            " --rename OLD=score"
        )
    types = {**_VERIFICATIONS, "verifier": pl.String()}
    if "status" in rows.frame.columns:
        frame = to_types(rows.frame, types, source)
        _refuse_scores(frame, source)
    else:
        frame = to_types(rows.frame, {**types, "verdict": pl.Boolean()}, source)
        frame = _with_verdict(frame, source)
        status = (
            pl.when(pl.col("score").is_not_null())
            .then(pl.lit("graded"))
            .when(_is_truncated(frame))
            .then(pl.lit("truncated"))
            .otherwise(pl.lit("unparsed"))
        )
        frame = frame.with_columns(status.alias("status"))
    frame = _with_chars(frame)
    conform(frame, _VERDICTS_OF_ALL if "verifier" in frame.columns else TABLES["verdicts"], source)
    return Rows(frame, rows.ignored, rows.renamed)


def _known_status(rows: Rows, table: Table, *beside: str) -> Rows:
    """Leave the column `status` out when it is not svlaw's: other words, or columns missing."""
    if "status" not in rows.frame.columns:
        return rows
    status = rows.frame["status"].cast(pl.String)
    known = status.is_in(table.allowed["status"]).fill_null(False).all()
    if known and all(name in rows.frame.columns for name in beside):
        return rows
    return replace(rows, frame=rows.frame.drop("status"), ignored=(*rows.ignored, "status"))


def _by_verifier(frame: pl.DataFrame, verifier: str) -> list[tuple[str, pl.DataFrame]]:
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


def _with_chars(frame: pl.DataFrame) -> pl.DataFrame:
    """Count the characters of the text where no count is given."""
    if "text" not in frame.columns or "output_chars" in frame.columns:
        return frame
    return frame.with_columns(pl.col("text").str.len_chars().cast(pl.Int32).alias("output_chars"))


def _is_truncated(frame: pl.DataFrame) -> pl.Expr:
    if "finish_reason" not in frame.columns:
        return pl.lit(False)
    return (pl.col("finish_reason") == "length").fill_null(False)


def _refuse_unused(renames: Mapping[str, str], read: list[Rows]) -> None:
    used = {name for rows in read for name in rows.renamed}
    for old, new in renames.items():
        if old not in used and old != new:
            raise BadInputError(f"--rename {old}={new}: no file has a column '{old}'")


def _refuse_strangers(
    frame: pl.DataFrame, known: pl.DataFrame, key: tuple[str, ...], source: str, what: str
) -> None:
    """Raise when a row refers to a problem or solution that is not there."""
    rows = frame.select(key).join(known, on=key, how="anti").sort(key).head(1)
    if rows.height:
        label = ", ".join(f"{name} {value!r}" for name, value in rows.row(0, named=True).items())
        owner = "problem" if what == "solution" else "solution"
        raise BadInputError(
            f"{source}: {what} for an unknown {owner} ({label}); import that {owner} too or remove"
            " the row"
        )


def _add(
    add: "_Add", raw: str, derived: str, frame: pl.DataFrame, verifier: str | None, source: str
) -> None:
    """Store the text, where there is any, apart from what analysis reads."""
    if "text" in frame.columns:
        add(raw, frame, verifier=verifier, source=source)
    add(derived, frame, verifier=verifier, source=source)


class _Add(Protocol):
    def __call__(
        self, table: str, frame: pl.DataFrame, *, verifier: str | None, source: str
    ) -> None: ...

"""Imports graded solutions and verdicts from flat tables: Parquet, CSV or JSONL."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import polars as pl

from svlaw.data.answer_classes import number_classes
from svlaw.data.column_types import require, to_types
from svlaw.data.errors import BadInputError
from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_writer import append_together, create_pool
from svlaw.data.schema import TABLES, Table, conform, refuse_rows
from svlaw.data.storage.locks import WAIT_SECONDS
from svlaw.data.storage.row_files import Rows, read_rows

DEFAULT_VERIFIER = "verifier"

_RAW: Final = ("text", "p_yes", "p_no")
"""Columns that a table of raw generations is for."""
_DERIVED: Final = ("answer", "answer_class", "status")
"""Columns that mean nothing of solutions which are yet to be graded."""
_SOLUTIONS = {**TABLES["solutions"].columns, **TABLES["answers"].columns}
_VERIFICATIONS = {**TABLES["verifications"].columns, **TABLES["verdicts"].columns}


def import_tables(
    out: str | Path,
    solutions: str | Path,
    *,
    problems: str | Path | None = None,
    verifications: str | Path | None = None,
    verifier: str = DEFAULT_VERIFIER,
    renames: Mapping[str, str] | None = None,
) -> Pool:
    """Make a pool from flat tables of solutions and, if there are any, verifications.

    Solutions need `problem_id`, `solution_id` and `is_correct`; voting needs `answer` too (null or
    blank: no answer). Verifications need `verification_id` and `score` in [0, 1] (null: unparsed)
    or `verdict` (yes or no); with both, `verdict` fills the scores that are missing. Solutions with
    a `text` in place of `is_correct` are stored to be graded (`grade_pool`), for which every
    problem needs a `reference_answer`; verifications with a `text`, or `p_yes` and `p_no`, in place
    of score and verdict are stored to be parsed (`parse_pool`). Where a column
    `status` holds nothing but svlaw's own words, as in a table it has exported, the rows are taken
    as they are. A column `verifier` names the verifier of each row. Further columns of problems are
    kept for grouping; other unknown columns are ignored and listed under `ignored_columns` in the
    pool's metadata.

    Args:
        out: Folder or address of the new pool.
        solutions: Table of solutions.
        problems: Table of problems; without one, the problems are those of the solutions.
        verifications: Table of verifications.
        verifier: Name of the verifier that gave them, where they have no column `verifier`.
        renames: Old column name to new one, applied wherever the column occurs.

    Raises:
        BadInputError: `out` exists, a file cannot be read, a column is missing, a key occurs twice,
            a value does not fit, a verdict belongs to no solution, or a solution has neither
            correctness nor a reference answer. Nothing is written then.
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
    if "is_correct" not in solution_rows.frame.columns:
        _refuse_unanswerable(solution_rows.frame, problem_frame, str(problems or solutions))
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
        for table in _tables(solution_rows.frame, "solutions", "answers"):
            writer.add(table, solution_rows.frame, source=str(solutions))
        if verdict_rows is not None:
            for name, frame in _by_verifier(verdict_rows.frame, verifier):
                for table in _tables(frame, "verifications", "verdicts"):
                    writer.add(table, frame, verifier=name, source=str(verifications))
    return open_pool(out)


def import_verdicts(
    pool: Pool,
    verifications: str | Path,
    *,
    verifier: str,
    renames: Mapping[str, str] | None = None,
    wait: float = WAIT_SECONDS,
) -> Pool:
    """Add the verdicts of another verifier, or further verdicts of one, to a pool.

    Args:
        pool: The pool; it is only ever added to.
        verifications: Table of verifications, as in `import_tables`.
        verifier: Name of the verifier.
        renames: Old column name to new one.
        wait: Seconds to wait for another command that writes to the pool.

    Raises:
        BadInputError: As in `import_tables`, or a verdict is in the pool already. Nothing is
            written then.
    """
    renames = dict(renames or {})
    rows = _read_verifications(Path(verifications), renames)
    if "verifier" in rows.frame.columns:
        raise BadInputError(
            f"{verifications}: has a column 'verifier', while the verdicts of one are added; give"
            " those alone, without the column"
        )
    _refuse_unused(renames, [rows])
    key = ("problem_id", "solution_id")
    held = pool.read("answers" if pool.has("answers") else "solutions", key)
    _refuse_strangers(rows.frame, held, key, str(verifications), "verdict")
    frames = dict.fromkeys(_tables(rows.frame, "verifications", "verdicts"), rows.frame)
    return append_together(pool, frames, verifier=verifier, source=str(verifications), wait=wait)


def _read_solutions(path: Path, renames: Mapping[str, str]) -> Rows:
    rows = _known_status(read_rows(path, list(_SOLUTIONS), renames), TABLES["answers"])
    source = str(path)
    require(rows.frame, ("problem_id", "solution_id"), source)
    if "is_correct" not in rows.frame.columns:
        return _read_ungraded(rows, source)
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


def _read_ungraded(rows: Rows, source: str) -> Rows:
    """Solutions without `is_correct`, to be graded by their text.

    Raises:
        BadInputError: There is no text, or a value does not fit.
    """
    if "text" not in rows.frame.columns:
        raise BadInputError(
            f"{source}: column 'is_correct' is missing; if it has another name, use --rename"
            " OLD=is_correct; if nothing says what is correct, give the 'text' of the solutions (or"
            " --rename answer=text) and --problems with 'reference_answer', then run 'svlaw grade'"
        )
    left_out = [name for name in _DERIVED if name in rows.frame.columns]
    frame = to_types(rows.frame.drop(left_out), TABLES["solutions"].columns, source)
    return Rows(
        conform(frame, TABLES["solutions"], source), (*rows.ignored, *left_out), rows.renamed
    )


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
    types = {**_VERIFICATIONS, "verifier": pl.String()}
    if not {"score", "verdict"} & set(rows.frame.columns):
        if not set(_RAW) & set(rows.frame.columns):
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
            .when(_is_truncated(frame))
            .then(pl.lit("truncated"))
            .otherwise(pl.lit("unparsed"))
        )
        frame = frame.with_columns(status.alias("status"))
    frame = _with_chars(frame)
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


def _refuse_unanswerable(solutions: pl.DataFrame, problems: pl.DataFrame, source: str) -> None:
    """Raise when a problem's solutions could never be graded.

    Raises:
        BadInputError: A problem has no reference answer, or is of a kind that only its user grades.
    """
    known = problems.join(solutions, on="problem_id", how="semi").sort("problem_id")
    if "reference_answer" not in known.columns:
        raise BadInputError(
            f"{source}: holds no 'reference_answer' to grade by, and the solutions no 'is_correct';"
            " give one of them (--problems, --rename)"
        )
    kind = known["kind"] if "kind" in known.columns else pl.Series([None] * known.height)
    for name, reference, sort in zip(
        known["problem_id"], known["reference_answer"], kind, strict=True
    ):
        if sort in ("code", "external"):
            raise BadInputError(
                f"{source}: problem {name!r} is of kind '{sort}', which svlaw does not grade; give"
                " its solutions is_correct"
            )
        if reference is None:
            raise BadInputError(
                f"{source}: problem {name!r} has no reference_answer; give it one, or its solutions"
                " is_correct"
            )


def _tables(frame: pl.DataFrame, raw: str, derived: str) -> list[str]:
    """The tables that rows belong to: text apart from what analysis reads."""
    tables = [raw] if set(_RAW) & set(frame.columns) else []
    return [*tables, derived] if "status" in frame.columns else tables

"""Rows of a table of a verifier's own answers, given where it judges by solving the problem."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import polars as pl

from svlaw.data.answer_classes import number_classes
from svlaw.data.column_types import require, to_types
from svlaw.data.errors import BadInputError
from svlaw.data.importers.exploded_rows import number_rows
from svlaw.data.importers.row_status import known_status
from svlaw.data.importers.table_reader import TableReader
from svlaw.data.importers.verdict_rows import by_verifier
from svlaw.data.pool import Pool
from svlaw.data.schema import TABLES, conform, refuse_rows
from svlaw.data.storage.row_files import Rows

_TABLE: Final = TABLES["verifier_answers"]


def read_verifier_answers(path: Path, reader: TableReader, right: pl.DataFrame | None) -> Rows:
    """Read a table of the answers that a verifier gave to the problems themselves.

    An answer needs `problem_id` and `verification_id`, the call that gave it, which is that of the
    verdicts. Where no column says whether it is right, it is right if it reads as an answer that is
    known to be.

    Args:
        path: The file.
        reader: What reads it.
        right: `problem_id` and `answer` of answers that are known to be right; None without any.

    Raises:
        BadInputError: The file cannot be read, a column is missing, a value does not fit, or
            nothing says which answers are right.
    """
    source = str(path)
    sheet, rows = reader.read(path, _TABLE.name, (*_TABLE.columns, "verifier"))
    number_rows(sheet, "verification_id", ("problem_id",), reader.remarks)
    rows = known_status(Rows(sheet.frame, rows.ignored, rows.renamed), _TABLE)
    frame = rows.frame
    require(frame, _TABLE.key, source)
    label = next((name for name in ("answer_class", "answer") if name in frame.columns), None)
    if label is None:
        raise BadInputError(
            f"{source}: needs a column 'answer', the verifier's own (if it has another name, use"
            " --rename OLD=answer)"
        )
    frame = to_types(frame, {**_TABLE.columns, "verifier": pl.String()}, source)
    if "is_correct" not in frame.columns:
        frame = _judged(frame, right, source)
    if "status" not in frame.columns:
        answered = pl.when(pl.col(label).is_null()).then(pl.lit("no_answer"))
        frame = frame.with_columns(answered.otherwise(pl.lit("graded")).alias("status"))
    return Rows(frame, rows.ignored, rows.renamed)


def _answers_of(rows: pl.DataFrame, source: str) -> pl.DataFrame:
    """The rows of one verifier as the pool stores them, equal answers numbered.

    Raises:
        BadInputError: A key occurs twice.
    """
    label = "answer_class" if "answer_class" in rows.columns else "answer"
    frame = conform(rows, _TABLE, source).sort(_TABLE.key)
    return number_classes(frame, pl.col(label).cast(pl.String))


def _right_answers(*tables: tuple[pl.DataFrame, str]) -> pl.DataFrame | None:
    """Answers known to be right, from tables and the column of each that has them.

    Args:
        tables: A table with a `problem_id`, and its column of answers; one that lacks it counts as
            empty. Where a table says `is_correct`, its right answers alone are taken.
    """
    found = []
    for frame, column in tables:
        if column not in frame.columns:
            continue
        kept = pl.col("is_correct") if "is_correct" in frame.columns else pl.lit(True)
        answer = pl.col(column).cast(pl.String).alias("answer")
        found.append(frame.filter(kept).select("problem_id", answer))
    return pl.concat(found).drop_nulls().unique() if found else None


def _refuse_unknown_problems(answers: pl.DataFrame, problems: pl.DataFrame, source: str) -> None:
    """Raise for an answer to a problem that is not in the pool.

    Raises:
        BadInputError: There is one.
    """
    known = pl.col("problem_id").is_in(problems["problem_id"].implode())
    refuse_rows(answers, ~known, "problem_id", source, "is no problem of the pool; remove the row")


def answers_beside(
    path: str | Path | None, reader: TableReader, problems: pl.DataFrame, solutions: pl.DataFrame
) -> Rows | None:
    """A verifier's own answers to the problems of a new pool; None without a file."""
    if path is None:
        return None
    right = _right_answers((problems, "reference_answer"), (solutions, "answer"))
    rows = read_verifier_answers(Path(path), reader, right)
    _refuse_unknown_problems(rows.frame, problems, str(path))
    return rows


def by_owner(
    rows: Rows, verdicts: Mapping[str, pl.DataFrame], verifier: str, source: str | Path | None
) -> dict[str, pl.DataFrame]:
    """The own answers of each verifier.

    Raises:
        BadInputError: A verifier whose own answers are given has no verdicts, or a key repeats.
    """
    owned = dict(by_verifier(rows.frame, verifier))
    for name in owned:
        if name not in verdicts:
            raise BadInputError(
                f"{source}: there are no verdicts of '{name}', whose answers these are; give its"
                " verifications, or its name with --verifier"
            )
    return {name: _answers_of(frame, str(source)) for name, frame in owned.items()}


def answers_for(pool: Pool, path: Path, reader: TableReader) -> pl.DataFrame:
    """A verifier's own answers to the problems of a pool.

    Raises:
        BadInputError: The table cannot be read, or does not fit the pool.
    """
    columns = ("problem_id", "answer", "is_correct")
    answers = pool.read("answers", columns) if pool.has("answers") else pl.DataFrame()
    problems = answers
    known = [(answers, "answer")]
    if pool.has("problems"):
        problems = pool.read("problems", ("problem_id", "reference_answer"))
        known.append((problems, "reference_answer"))
    frame = read_verifier_answers(path, reader, _right_answers(*known)).frame
    if "verifier" in frame.columns:
        raise BadInputError(f"{path}: has a column 'verifier', while the answers of one are added")
    _refuse_unknown_problems(frame, problems, str(path))
    return _answers_of(frame, str(path))


def _judged(frame: pl.DataFrame, right: pl.DataFrame | None, source: str) -> pl.DataFrame:
    """Say of each answer whether it is right.

    Raises:
        BadInputError: There is a problem of which no right answer is known.
    """
    if right is None or "answer" not in frame.columns:
        raise BadInputError(
            f"{source}: column 'is_correct' is missing, and no right answer is known; give the"
            " column, or the problems a 'reference_answer'"
        )
    unknown = ~pl.col("problem_id").is_in(right["problem_id"].implode())
    why = "has no right answer that is known; give the rows a column 'is_correct'"
    refuse_rows(frame, unknown, "problem_id", source, why)
    keys = right.select("problem_id", "answer", pl.lit(True).alias("is_correct"))
    judged = frame.join(keys, on=("problem_id", "answer"), how="left", maintain_order="left")
    return judged.with_columns(pl.col("is_correct").fill_null(False))

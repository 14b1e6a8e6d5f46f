"""Imports graded solutions and verdicts from tables: Parquet, CSV, JSON or JSONL."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from svlaw.data.answer_classes import number_classes
from svlaw.data.column_types import require, to_types
from svlaw.data.errors import BadInputError
from svlaw.data.importers.row_status import is_truncated, known_status, with_chars
from svlaw.data.importers.table_reader import TableReader, leave_out
from svlaw.data.importers.table_shapes import read_problem_rows, read_solutions, read_verifications
from svlaw.data.importers.verdict_rows import (
    RAW,
    VERIFICATIONS,
    as_verdicts,
    by_verifier,
    has_shared_calls,
)
from svlaw.data.importers.verifier_answers import answers_beside, answers_for, by_owner
from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_writer import append_together, create_pool
from svlaw.data.schema import TABLES, conform
from svlaw.data.storage.locks import WAIT_SECONDS
from svlaw.data.storage.row_files import Rows

DEFAULT_VERIFIER = "verifier"

_DERIVED: Final = ("answer", "answer_class", "status")
"""Columns that mean nothing of solutions which are yet to be graded."""
_OWN: Final = "verifier_answers"
_SOLUTIONS = {**TABLES["solutions"].columns, **TABLES["answers"].columns}


def import_tables(
    out: str | Path,
    solutions: str | Path,
    *,
    problems: str | Path | None = None,
    verifications: str | Path | None = None,
    verifier: str = DEFAULT_VERIFIER,
    shared_calls: bool = False,
    verifier_answers: str | Path | None = None,
    renames: Mapping[str, str] | None = None,
    explode: Sequence[str] = (),
    skip_bad: bool = False,
) -> Pool:
    """Make a pool from flat tables of solutions and, if there are any, verifications.

    Solutions need `problem_id`, `solution_id` and `is_correct`; voting needs `answer` too (null or
    blank: no answer). Verifications need `verification_id` and `score` in [0, 1] (null: unparsed)
    or `verdict` (yes or no); with both, `verdict` fills the scores that are missing. Solutions with
    a `text` in place of `is_correct` are stored to be graded (`grade_pool`), for which every
    problem needs a `reference_answer`; verifications with a `text`, or `p_yes` and `p_no`, in place
    of score and verdict are stored to be parsed (`parse_pool`). Where a column
    `status` holds nothing but svlaw's own words, as in a table it has exported, the rows are taken
    as they are. A column `verifier` names the verifier of each row, and a column `calls` that holds
    nothing but `independent` and `shared` says of which kind its calls are. Further columns of
    problems are kept for grouping; other unknown columns are ignored and listed under
    `ignored_columns` in the pool's metadata.

    Args:
        out: Folder or address of the new pool.
        solutions: Table of solutions.
        problems: Table of problems; without one, the problems are those of the solutions.
        verifications: Table of verifications.
        verifier: Name of the verifier that gave them, where they have no column `verifier`.
        shared_calls: Whether `verification_id` names a call that judges every solution of the
            problem, such as a test, or an answer of the verifier's own. Holds for all verifiers.
        verifier_answers: Table of the verifier's own answers to the problems, of a verifier that
            judges by solving; see `read_verifier_answers`.
        renames: Old column name to new one, applied wherever the column occurs.
        explode: Columns whose cells hold lists, one entry for each row to be; where there is no
            doubt, they are recognised without it.
        skip_bad: Whether a few lines that cannot be read, and solutions of problems without a
            reference answer, are left out and counted.

    Raises:
        BadInputError: `out` exists, a file cannot be read, a column is missing, a key occurs twice,
            a value does not fit, a verdict belongs to no solution, or a solution has neither
            correctness nor a reference answer. Nothing is written then.
    """
    reader = TableReader(dict(renames or {}), tuple(explode), skip_bad)
    sheet = read_solutions(
        reader, Path(solutions), list(_SOLUTIONS), has_problems=problems is not None
    )
    solution_rows = _as_solutions(sheet.rows, str(solutions))
    problem_rows = _read_problems(Path(problems), reader) if problems else None
    verdict_rows = _read_verifications(Path(verifications), reader) if verifications else None
    if verdict_rows is None and sheet.verdicts is not None:
        verdict_rows = as_verdicts(Rows(sheet.verdicts, (), frozenset()), str(solutions))
        verifications = solutions
    problem_frame = (
        _problems_of(solution_rows.frame, sheet.problems, str(solutions))
        if problem_rows is None
        else problem_rows.frame
    )
    own_rows = answers_beside(verifier_answers, reader, problem_frame, solution_rows.frame)
    read = list(filter(None, (solution_rows, problem_rows, verdict_rows, own_rows)))
    reader.refuse_unused()
    if skip_bad:
        solution_rows, verdict_rows = leave_out(
            reader, solution_rows, problem_frame, verdict_rows, problems is not None
        )
    reader.refuse_many_bad(solution_rows.frame.height)
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
    verdicts = {} if verdict_rows is None else dict(by_verifier(verdict_rows.frame, verifier))
    own = {} if own_rows is None else by_owner(own_rows, verdicts, verifier, verifier_answers)
    files = (solutions, problems, verifications, verifier_answers)
    metadata: dict[str, Any] = {
        "source": "tables",
        "files": [Path(f).name for f in files if f],
        "ignored_columns": sorted({name for rows in read for name in rows.ignored}),
    }
    if reader.all_remarks:
        metadata["remarks"] = reader.all_remarks
    with create_pool(out, metadata) as writer:
        writer.add("problems", problem_frame.sort("problem_id"), source=str(problems or solutions))
        for table in _tables(solution_rows.frame, "solutions", "answers"):
            writer.add(table, solution_rows.frame, source=str(solutions))
        for name, frame in verdicts.items():
            if shared_calls or has_shared_calls(frame, name, str(verifications)):
                writer.share_calls(name)
            for table in _tables(frame, "verifications", "verdicts"):
                writer.add(table, frame, verifier=name, source=str(verifications))
        for name, frame in own.items():
            writer.add(_OWN, frame, verifier=name, source=str(verifier_answers))
    return open_pool(out)


def import_verdicts(
    pool: Pool,
    verifications: str | Path | None = None,
    *,
    verifier: str,
    shared_calls: bool = False,
    verifier_answers: str | Path | None = None,
    renames: Mapping[str, str] | None = None,
    explode: Sequence[str] = (),
    wait: float = WAIT_SECONDS,
) -> Pool:
    """Add the verdicts of another verifier, or further verdicts of one, to a pool.

    Further verdicts of a verifier are of the kind that it has in the pool.

    Args:
        pool: The pool; it is only ever added to.
        verifications: Table of verifications, as in `import_tables`; may be missing where the own
            answers of a verifier of the pool are added.
        verifier: Name of the verifier.
        shared_calls: As in `import_tables`.
        verifier_answers: As in `import_tables`.
        renames: Old column name to new one.
        explode: As in `import_tables`.
        wait: Seconds to wait for another command that writes to the pool.

    Raises:
        BadInputError: As in `import_tables`, a verdict is in the pool already, or the calls of the
            verifier are independent there and are to be shared. Nothing is written then.
    """
    reader = TableReader(dict(renames or {}), tuple(explode))
    frames: dict[str, pl.DataFrame] = {}
    if verifications is not None:
        rows = _read_verifications(Path(verifications), reader)
        frames = dict.fromkeys(_tables(rows.frame, "verifications", "verdicts"), rows.frame)
        shared_calls = _refuse_unfit(pool, rows.frame, verifier, shared_calls, str(verifications))
    elif verifier_answers is None:
        raise BadInputError("give --verifications, --verifier-answers, or both")
    elif shared_calls:
        raise BadInputError("--shared-calls says what verdicts are; give it with --verifications")
    else:
        pool.resolve_verifier(verifier)
    if verifier_answers is not None:
        frames[_OWN] = answers_for(pool, Path(verifier_answers), reader)
    reader.refuse_unused()
    return append_together(
        pool,
        frames,
        verifier=verifier,
        shared_calls=shared_calls,
        source=str(verifications or verifier_answers),
        wait=wait,
    )


def _refuse_unfit(
    pool: Pool, verdicts: pl.DataFrame, verifier: str, shared_calls: bool, source: str
) -> bool:
    """Whether a verifier's calls are shared, once its verdicts are found to fit a pool.

    Raises:
        BadInputError: They do not.
    """
    if "verifier" in verdicts.columns:
        raise BadInputError(
            f"{source}: has a column 'verifier', while the verdicts of one are added; give those"
            " alone, without the column"
        )
    shared_calls |= has_shared_calls(verdicts, verifier, source)
    if shared_calls and verifier in pool.verifiers and pool.calls(verifier) != "shared":
        raise BadInputError(
            f"{source}: the calls of '{verifier}' are independent in {pool.path}; import the pool"
            " again with shared calls, or give these verdicts another verifier's name"
        )
    key = ("problem_id", "solution_id")
    held = pool.read("answers" if pool.has("answers") else "solutions", key)
    _refuse_strangers(verdicts, held, key, source, "verdict")
    return shared_calls


def _as_solutions(rows: Rows, source: str) -> Rows:
    rows = known_status(rows, TABLES["answers"])
    require(rows.frame, ("problem_id", "solution_id"), source)
    if "is_correct" not in rows.frame.columns:
        return _read_ungraded(rows, source)
    frame = with_chars(to_types(rows.frame, _SOLUTIONS, source))
    label = next((pl.col(n) for n in ("answer_class", "answer") if n in frame.columns), None)
    if "status" not in frame.columns:
        unanswered = pl.lit(True) if label is None else label.is_null()
        status = (
            pl.when(is_truncated(frame) & unanswered)
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
    return _read_problems(path, TableReader(renames))


def _read_problems(path: Path, reader: TableReader) -> Rows:
    rows = read_problem_rows(reader, path)
    source = str(path)
    require(rows.frame, ("problem_id",), source)
    frame = to_types(rows.frame, TABLES["problems"].columns, source)
    return Rows(conform(frame, TABLES["problems"], source), rows.ignored, rows.renamed)


def _problems_of(solutions: pl.DataFrame, beside: pl.DataFrame | None, source: str) -> pl.DataFrame:
    """The problems of some solutions, with what their table says of them."""
    ids = solutions["problem_id"].unique(maintain_order=True)
    frame = pl.DataFrame({"problem_id": ids})
    if beside is None:
        return frame
    beside = to_types(beside, TABLES["problems"].columns, source)
    return frame.join(beside, on="problem_id", how="left", maintain_order="left")


def _read_verifications(path: Path, reader: TableReader) -> Rows:
    wanted = [*VERIFICATIONS, "verifier", "calls"]
    return as_verdicts(read_verifications(reader, path, wanted), str(path))


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
    tables = [raw] if set(RAW) & set(frame.columns) else []
    return [*tables, derived] if "status" in frame.columns else tables

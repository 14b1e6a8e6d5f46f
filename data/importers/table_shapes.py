"""Shapes of tables: a row for each solution or verification, or one for each problem with lists."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from svlaw.data.errors import BadInputError
from svlaw.data.importers.column_names import recognise_names, words_of
from svlaw.data.importers.exploded_rows import (
    VERDICT_COLUMNS,
    Sheet,
    explode,
    move_flat,
    number_rows,
    split_verdicts,
    unwrap_single,
)
from svlaw.data.importers.nested_cells import depth_of
from svlaw.data.importers.table_reader import TableReader, number_solutions
from svlaw.data.storage.row_files import Rows

_PROBLEM: Final = ("question", "reference_answer", "kind", "subject", "level")
_VERIFICATION_TEXTS: Final = ("verifications", "verification", "critiques", "critique")
_FLAGS: Final = ("true", "false")
_BITS: Final = ("0", "1", "0.0", "1.0")


@dataclass(frozen=True)
class SolutionSheet:
    """Solutions, and what else stands in their file.

    Attributes:
        rows: The solutions.
        problems: Columns of problems, a row for each problem; None without any.
        verdicts: Verdicts that stood in lists beside the solutions; None without any.
    """

    rows: Rows
    problems: pl.DataFrame | None
    verdicts: pl.DataFrame | None


def read_solutions(
    reader: TableReader, path: Path, wanted: Sequence[str], *, has_problems: bool = False
) -> SolutionSheet:
    """Read a table of solutions, of either shape.

    Args:
        reader: What reads it.
        path: The file, or a pattern of several.
        wanted: Columns of solutions.
        has_problems: Whether a table of problems is there, with the reference answers.

    Raises:
        BadInputError: It cannot be read, or may be read in two ways.
    """
    verdict_names = (*VERDICT_COLUMNS, "scores", "verdicts", "judgements", "judgments", "rewards")
    asked = [*wanted, *_PROBLEM, *verdict_names, *_VERIFICATION_TEXTS]
    sheet, rows = reader.read(path, "solutions", asked)
    _name_verdicts(reader, sheet)
    _take_rows_apart(reader, sheet, wanted)
    number_solutions(sheet, reader.remarks)
    _settle_answers(reader, sheet, has_problems)
    verdicts = _verdicts_beside(reader, sheet)
    ignored = [*rows.ignored, *(n for n in verdict_names if n in sheet.columns and n not in wanted)]
    for name in [n for n in sheet.lists if n not in wanted]:
        del sheet.lists[name]
        ignored.append(name)
    unwrap_single(sheet, list(sheet.lists), reader.remarks)
    problems = _problems_beside(sheet)
    frame = sheet.frame.select(name for name in sheet.frame.columns if name in wanted)
    return SolutionSheet(
        Rows(frame, tuple(dict.fromkeys(ignored)), rows.renamed), problems, verdicts
    )


def read_verifications(reader: TableReader, path: Path, wanted: Sequence[str]) -> Rows:
    """Read a table of verifications: a row for each, for each solution, or for each problem.

    Raises:
        BadInputError: It cannot be read, or may be read in two ways.
    """
    sheet, rows = reader.read(path, "verifications", wanted)
    lists = {name: depth_of(cells) for name, cells in sheet.lists.items()}
    if lists:
        deepest = max(lists.values())
        if deepest > 2:
            raise BadInputError(f"{path}: lists within lists within lists; write them out")
        frame = sheet.frame
        by_problem = "solution_id" not in frame.columns and "problem_id" in frame.columns
        alone = by_problem and frame["problem_id"].n_unique() == frame.height
        if deepest == 2 or alone:
            explode(sheet, [name for name, depth in lists.items() if depth == deepest])
            reader.remarks.append(f"{path.name}: a list in each row, one entry for each solution")
            number_rows(sheet, "solution_id", ("problem_id",), reader.remarks)
        elif by_problem:
            number_rows(sheet, "solution_id", ("problem_id",), reader.remarks)
        if sheet.lists:
            explode(sheet, list(sheet.lists))
            reader.remarks.append(
                f"{path.name}: a list for each solution, one entry for each verification"
            )
    number_rows(sheet, "verification_id", ("problem_id", "solution_id"), reader.remarks)
    return Rows(sheet.frame, rows.ignored, rows.renamed)


def read_problem_rows(reader: TableReader, path: Path) -> Rows:
    """Read a table of problems, every column of it.

    Raises:
        BadInputError: It cannot be read, or a column that svlaw uses holds lists of several.
    """
    sheet, rows = reader.read(path, "problems", None)
    unwrap_single(sheet, [n for n in _PROBLEM if n in sheet.lists], reader.remarks)
    return Rows(sheet.frame, rows.ignored, rows.renamed)


def _name_verdicts(reader: TableReader, sheet: Sheet) -> None:
    """Give columns of verdicts that stand beside solutions svlaw's names."""
    naming = recognise_names(sheet.columns, "verdicts", {}, sheet.source)
    known = {old: new for old, new in naming.recognised.items() if new not in sheet.columns}
    if not known:
        return
    sheet.frame = sheet.frame.rename({o: n for o, n in known.items() if o in sheet.frame.columns})
    sheet.lists = {known.get(name, name): cells for name, cells in sheet.lists.items()}
    sheet.recognised |= {new: old for old, new in known.items()}
    reader.remarks.append(words_of(known, Path(sheet.source).name))


def _take_rows_apart(reader: TableReader, sheet: Sheet, wanted: Collection[str]) -> None:
    """Make a row of each entry where cells hold lists of solutions."""
    depths = {name: depth_of(cells) for name, cells in sheet.lists.items()}
    own = [name for name in sheet.lists if name in wanted]
    if not own:
        unwrap_single(sheet, [name for name in _PROBLEM if name in sheet.lists], reader.remarks)
        return
    if any(depths[name] > 1 for name in own):
        name = next(name for name in own if depths[name] > 1)
        raise BadInputError(f"{sheet.source}: {name} holds lists within lists; write them out")
    if "solution_id" in sheet.frame.columns and "solution_id" not in sheet.recognised.values():
        unwrap_single(sheet, own, reader.remarks)
        return
    # A list beside solutions that is a reference or a question is the problem's, not a solution's.
    problem = [name for name in _PROBLEM if name in sheet.lists]
    unwrap_single(sheet, problem, reader.remarks)
    lengths = [len(c) if isinstance(c, list) else 0 for c in sheet.lists[own[0]]]
    beside = [
        name
        for name, cells in sheet.lists.items()
        if name not in own
        and all(isinstance(c, list) and len(c) == n for c, n in zip(cells, lengths, strict=True))
    ]
    if "problem_id" not in sheet.frame.columns:
        ids = pl.Series("problem_id", map(str, range(sheet.height)), pl.String)
        sheet.frame = sheet.frame.with_columns(ids) if sheet.frame.width else ids.to_frame()
        reader.remarks.append(f"{Path(sheet.source).name}: no problem_id, so rows are numbered")
    if "answer" in sheet.frame.columns and "reference_answer" not in sheet.frame.columns:
        sheet.frame = sheet.frame.rename({"answer": "reference_answer"})
        reader.remarks.append(
            f"{Path(sheet.source).name}: answer is one for all solutions of a row, so it is read as"
            " reference_answer"
        )
    if "text" in sheet.frame.columns and "text" in sheet.recognised.values():
        sheet.frame = sheet.frame.drop("text")  # one text for all is no solution's
    empty = lengths.count(0)
    explode(sheet, [*own, *beside])
    words = ", ".join([*own, *beside])
    left = f"; {empty:,} of them hold none" if empty else ""
    reader.remarks.append(
        f"{Path(sheet.source).name}: {words} hold lists, one entry for each solution{left}"
    )


def _settle_answers(reader: TableReader, sheet: Sheet, has_problems: bool) -> None:
    """Read a score of true and false as correctness, an answer that never varies as reference."""
    frame, name = sheet.frame, Path(sheet.source).name
    columns = frame.columns
    if "score" in columns and sheet.is_exploded and "is_correct" not in columns:
        values = set(frame["score"].drop_nulls().cast(pl.String).str.to_lowercase().unique())
        decided = values and values <= {*_FLAGS}
        if not decided and values and values <= {*_FLAGS, *_BITS}:
            if "score" in reader.renames.values():
                return
            old = sheet.recognised.get("score", "score")
            if "reference_answer" in columns or "verdict" in columns:
                raise BadInputError(
                    f"{sheet.source}: {old} holds nothing but 0 and 1; say whether it is what is"
                    f" correct (--rename {old}=is_correct) or a verifier's score (--rename"
                    f" {old}=score)"
                )
            decided = True
        if decided:
            sheet.frame = frame.rename({"score": "is_correct"})
            reader.remarks.append(
                f"{name}: score holds true and false, so it is read as is_correct"
            )
        return
    alone = not has_problems and not {"is_correct", "reference_answer"} & set(columns)
    if not alone or not {"answer", "text", "problem_id"} <= set(columns):
        return
    per_problem = frame.group_by("problem_id").agg(
        pl.col("answer").n_unique().alias("answers"), pl.col("text").n_unique().alias("texts")
    )
    if (per_problem["answers"] == 1).all() and (per_problem["texts"] > 1).any():
        sheet.frame = frame.rename({"answer": "reference_answer"})
        reader.remarks.append(
            f"{name}: answer is the same for all solutions of each problem, so it is read as"
            " reference_answer"
        )


def _verdicts_beside(reader: TableReader, sheet: Sheet) -> pl.DataFrame | None:
    """Verdicts in lists beside solutions, as rows of their own."""
    nested = [n for n in (*VERDICT_COLUMNS, *_VERIFICATION_TEXTS) if n in sheet.lists]
    if not sheet.is_exploded and not nested:
        return None
    verdicts = split_verdicts(sheet, (*VERDICT_COLUMNS, *_VERIFICATION_TEXTS))
    if verdicts is None:
        return None
    move_flat(verdicts)
    texts = [name for name in _VERIFICATION_TEXTS if name in verdicts.frame.columns]
    verdicts.frame = verdicts.frame.rename(dict.fromkeys(texts[:1], "text"))
    number_rows(verdicts, "verification_id", ("problem_id", "solution_id"), [])
    columns = (*VERDICT_COLUMNS, "text")
    held = ", ".join(name for name in columns if name in verdicts.frame.columns)
    reader.remarks.append(f"{Path(sheet.source).name}: {held} make {verdicts.height:,} verdicts")
    return verdicts.frame


def _problems_beside(sheet: Sheet) -> pl.DataFrame | None:
    """What the table says of problems, a row for each.

    Raises:
        BadInputError: A problem has two reference answers.
    """
    held = [name for name in _PROBLEM if name in sheet.frame.columns]
    if not held or "problem_id" not in sheet.frame.columns:
        return None
    texts = sheet.frame.select(pl.col("problem_id", *held).cast(pl.String))
    if "reference_answer" in held:
        several = texts.drop_nulls("reference_answer").unique(["problem_id", "reference_answer"])
        clash = several.filter(pl.col("problem_id").is_duplicated()).sort("problem_id")
        if clash.height:
            one, other = clash["reference_answer"][:2]
            raise BadInputError(
                f"{sheet.source}: problem {clash['problem_id'][0]!r} has two reference answers"
                f" ({one[:80]!r}, {other[:80]!r}); give it one"
            )
    first = [pl.col(name).drop_nulls().first() for name in held]
    return texts.group_by("problem_id", maintain_order=True).agg(first)

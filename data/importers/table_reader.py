"""Tables as people have them: columns under common names, lists in cells, rows without numbers.

What is read otherwise than it stands is said in a remark. Where two readings are possible the table
is refused, with the option that decides.
"""

import glob
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import polars as pl

from svlaw.data.errors import BadInputError
from svlaw.data.importers.column_names import NAMES, recognise_names, words_of
from svlaw.data.importers.exploded_rows import Sheet, move_flat, number_rows
from svlaw.data.importers.nested_cells import depth_of, parse_list, plain_value, unfold
from svlaw.data.numerals import counted
from svlaw.data.storage.row_files import RawTable, Rows, read_raw, select_columns

_PROBLEM_COLUMNS: Final = ("question", "reference_answer", "kind", "subject", "level")
_QUESTION: Final = "question"


@dataclass
class TableReader:
    """Reads the tables of one import.

    Attributes:
        renames: The user's names of columns, old to new.
        explode: Columns whose cells hold lists, one entry for each row to be; empty: recognised.
        skip_bad: Whether lines that cannot be read are left out and counted.
        remarks: What was read otherwise than it stands.
        bad: Lines left out, with their errors.
    """

    renames: Mapping[str, str]
    explode: Sequence[str] = ()
    skip_bad: bool = False
    remarks: list[str] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def read(self, path: Path, table: str, wanted: Sequence[str] | None) -> tuple[Sheet, Rows]:
        """Read a table; its columns have svlaw's names afterwards, those with lists apart.

        Args:
            path: The file, or a pattern of several (`run/sample_*.jsonl`), read one after another.
            table: `problems`, `solutions`, `verifications` or `verifier_answers`.
            wanted: Columns to keep; None keeps all.

        Raises:
            BadInputError: A file cannot be read, or a column may be read in two ways.
        """
        source = str(path)
        raw = self._load(path, None if wanted is None else self._asked(table, wanted))
        columns = [*raw.frame.columns, *raw.unread]
        naming = recognise_names(columns, table, self.renames, source)
        renames = {**self.renames, **naming.recognised}
        kept, ignored = select_columns(path, columns, wanted, renames)
        self._seen |= {*kept, *kept.values()}
        lists = self._lists(raw, kept, table, source)
        frame = raw.frame.select(n for n in kept if kept[n] not in lists)
        frame = frame.rename({n: kept[n] for n in frame.columns})
        if naming.recognised:
            self.remarks.append(words_of(naming.recognised, path.name))
        renamed = frozenset(old for old in kept if old in self.renames and kept[old] != old)
        sheet = Sheet(frame, lists, dict(naming.recognised), source)
        move_flat(sheet)
        return sheet, Rows(frame, ignored, renamed)

    @property
    def all_remarks(self) -> list[str]:
        """The remarks, and how many lines were left out."""
        if not self.bad:
            return list(self.remarks)
        count = counted(len(self.bad), "line")
        return [*self.remarks, f"left out: {count} that cannot be read (first: {self.bad[0]})"]

    def refuse_unused(self) -> None:
        """Raise for a rename, or a column to explode, that no file has.

        Raises:
            BadInputError: There is one.
        """
        for old, new in self.renames.items():
            if old not in self._seen and old != new:
                raise BadInputError(f"--rename {old}={new}: no file has a column '{old}'")
        for name in self.explode:
            if name not in self._seen:
                raise BadInputError(f"--explode {name}: no file has a column '{name}'")

    def refuse_many_bad(self, good: int) -> None:
        """Raise where most lines could not be read, which is no file with a few bad ones.

        Raises:
            BadInputError: They could not.
        """
        if len(self.bad) > good:
            raise BadInputError(
                f"{self.bad[0]}; {len(self.bad):,} lines are like that, more than can be read, so"
                " --skip-bad does not help"
            )

    def _asked(self, table: str, wanted: Collection[str]) -> set[str]:
        others = [
            name
            for kind in (table, "verdicts")
            for groups in NAMES[kind].values()
            for group in groups
            for name in group
        ]
        return {*wanted, *self.renames, *others, *map(str.upper, others), *map(str.title, others)}

    def _load(self, path: Path, asked: Collection[str] | None) -> RawTable:
        tables = [read_raw(file, asked, skip_bad=self.skip_bad) for file in matching_files(path)]
        self.bad += [error for table in tables for error in table.bad]
        return unfolded(tables[0] if len(tables) == 1 else _stacked(tables))

    def _lists(
        self, raw: RawTable, kept: Mapping[str, str], table: str, source: str
    ) -> dict[str, list[Any]]:
        """The cells of columns with lists, the texts of messages read out."""
        lists: dict[str, list[Any]] = {}
        for old, new in kept.items():
            named = old in self.explode or new in self.explode
            if not named and old not in raw.nested_names:
                continue
            if not named and table == "problems" and new not in _PROBLEM_COLUMNS:
                continue
            role = "user" if new == _QUESTION else "assistant"
            cells = [plain_value(cell, role) for cell in raw.cells(old)]
            if named:
                cells = [
                    None if cell is None else parse_list(cell, f"{source}, row {row}: {old}")
                    for row, cell in enumerate(cells, 1)
                ]
            elif self.explode and depth_of(cells):
                raise BadInputError(
                    f"{source}: column '{old}' holds lists as well; name it in --explode or rename"
                    " it away"
                )
            lists[new] = cells
        return lists


def number_solutions(sheet: Sheet, remarks: list[str]) -> None:
    """Give problems and solutions their numbers where the table has none.

    Args:
        sheet: The rows, one for each solution.
        remarks: Where to say so.
    """
    name = Path(sheet.source).name
    frame = sheet.frame
    stands_in = next((o for o, n in sheet.recognised.items() if n == "problem_id"), "")
    if stands_in.lower() in ("id", "idx", "index") and _QUESTION in frame.columns:
        unique = frame["problem_id"].n_unique() == frame.height
        if unique and frame[_QUESTION].n_unique() < frame.height:
            frame = frame.drop("problem_id")
            remarks.append(f"{name}: {stands_in} numbers rows, so questions tell problems apart")
    if "problem_id" not in frame.columns and _QUESTION in frame.columns:
        rows = frame.with_row_index("__row")
        first = pl.col("__row").min().over(_QUESTION).rank("dense") - 1
        frame = rows.with_columns(first.cast(pl.String).alias("problem_id")).drop("__row")
        remarks.append(f"{name}: no problem_id, so distinct questions are numbered as they appear")
    sheet.frame = frame
    number_rows(sheet, "solution_id", ("problem_id",), remarks)


def leave_out(
    reader: TableReader,
    solutions: Rows,
    problems: pl.DataFrame,
    verdicts: Rows | None,
    has_table: bool,
) -> tuple[Rows, Rows | None]:
    """Leave solutions out whose problem is not in the table, or has nothing to grade them by.

    Returns:
        Solutions and verdicts that stay.

    Raises:
        BadInputError: None stay.
    """
    frame, known = solutions.frame, problems.select("problem_id")
    if "is_correct" not in frame.columns and "reference_answer" in problems.columns:
        known = problems.drop_nulls("reference_answer").select("problem_id")
    elif not has_table:
        return solutions, verdicts
    stay = frame.join(known, on="problem_id", how="semi", maintain_order="left")
    gone = frame.height - stay.height
    if not gone:
        return solutions, verdicts
    if not stay.height:
        raise BadInputError("no solution has a problem with a reference_answer; give --problems")
    lost = frame.join(known, on="problem_id", how="anti")["problem_id"]
    reader.remarks.append(
        f"left out: {counted(gone, 'solution')} of {counted(lost.n_unique(), 'problem')} without a"
        f" reference_answer (first: {lost.min()!r})"
    )
    if verdicts is not None:
        keys = ("problem_id", "solution_id")
        kept = verdicts.frame.join(stay.select(keys), on=keys, how="semi", maintain_order="left")
        verdicts = replace(verdicts, frame=kept)
    return replace(solutions, frame=stay), verdicts


def unfolded(raw: RawTable) -> RawTable:
    """Rows whose lists of objects have become a list for each field of the objects."""
    nested: dict[str, list[Any]] = {}
    frame = raw.frame
    for name in raw.nested_names:
        fields = unfold(raw.cells(name))
        nested |= {name: raw.cells(name)} if fields is None else fields
        if fields is not None:
            frame = frame.drop(name)
    texts = [pl.lit("[]").alias(name) for name in nested if name not in frame.columns]
    return replace(raw, frame=frame.with_columns(texts), nested=nested)


def matching_files(path: Path) -> list[Path]:
    """The files that a path or a pattern stands for, numbers in names in their order.

    Raises:
        BadInputError: A pattern matches none.
    """
    if path.exists() or not re.search(r"[*?\[]", str(path)):
        return [path]
    found = [Path(name) for name in glob.glob(str(path))]  # noqa: PTH207  may be absolute
    if not found:
        raise BadInputError(f"{path}: no file matches")
    return sorted(found, key=_natural)


def _natural(path: Path) -> list[tuple[int, str]]:
    parts = re.split(r"(\d{1,18})", str(path))
    return [(int(part), "") if place % 2 else (0, part) for place, part in enumerate(parts)]


def _stacked(tables: Sequence[RawTable]) -> RawTable:
    frames = [table.frame for table in tables]
    names = dict.fromkeys(name for table in tables for name in table.nested_names)
    nested = {
        name: [
            cell
            for table in tables
            for cell in (
                table.cells(name) if name in table.frame.columns else [None] * table.frame.height
            )
        ]
        for name in names
    }
    plain = [
        frame.with_columns(pl.lit(None, pl.String).alias(n) for n in names) for frame in frames
    ]
    return RawTable(
        pl.concat(plain, how="diagonal_relaxed"),
        nested,
        tuple(error for table in tables for error in table.bad),
        tuple(dict.fromkeys(name for table in tables for name in table.unread)),
    )

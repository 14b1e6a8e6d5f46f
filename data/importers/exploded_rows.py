"""Rows made of rows with lists: a problem's solutions, a solution's verifications."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import polars as pl

from svlaw.data.errors import BadInputError
from svlaw.data.importers.nested_cells import depth_of, lengths_of, spread
from svlaw.data.storage.row_files import as_text

VERDICT_COLUMNS: Final = ("score", "verdict", "p_yes", "p_no")


@dataclass
class Sheet:
    """Rows on their way into a table of a pool.

    Attributes:
        frame: Columns with single values.
        lists: Columns with lists or objects in their cells, row by row.
        recognised: Columns that svlaw recognised, old name to new.
        source: What to call the file in an error.
        is_exploded: Whether rows were made of lists.
    """

    frame: pl.DataFrame
    lists: dict[str, list[Any]]
    recognised: dict[str, str] = field(default_factory=dict)
    source: str = ""
    is_exploded: bool = False

    @property
    def columns(self) -> list[str]:
        """Names of all columns."""
        return [*self.frame.columns, *self.lists]

    @property
    def height(self) -> int:
        """Number of rows."""
        return len(next(iter(self.lists.values()))) if self.lists else self.frame.height


def move_flat(sheet: Sheet) -> None:
    """Put columns without lists among the plain ones.

    Raises:
        BadInputError: A cell holds an object that is no message.
    """
    for name, cells in list(sheet.lists.items()):
        if depth_of(cells):
            continue
        for row, cell in enumerate(cells, 1):
            if isinstance(cell, dict):
                raise BadInputError(
                    f"{sheet.source}, row {row}: {name} is an object ({', '.join(cell)}), not text;"
                    " write what is meant in a column of its own"
                )
        series = pl.Series(name, [as_text(cell) for cell in cells], pl.String)
        sheet.frame = sheet.frame.with_columns(series) if sheet.frame.width else series.to_frame()
        del sheet.lists[name]


def explode(sheet: Sheet, columns: Collection[str]) -> None:
    """Make a row of each entry of the lists in some columns, which go together.

    Raises:
        BadInputError: They differ in length in a row.
    """
    lengths = lengths_of({name: sheet.lists[name] for name in columns}, sheet.source)
    index = [row for row, length in enumerate(lengths) for _ in range(length)]
    for name, cells in sheet.lists.items():
        if name in columns:
            sheet.lists[name] = spread(cells, lengths)
        else:
            sheet.lists[name] = [cells[row] for row in index]
    if sheet.frame.width:
        sheet.frame = sheet.frame[index]
    sheet.is_exploded = True
    move_flat(sheet)


def unwrap_single(sheet: Sheet, columns: Collection[str], remarks: list[str]) -> None:
    """Take lists of one entry for the entry, where a cell can hold no more.

    Raises:
        BadInputError: A list holds several.
    """
    for name in columns:
        cells = sheet.lists.get(name)
        if cells is None:
            continue
        for row, cell in enumerate(cells, 1):
            if isinstance(cell, list) and len(cell) > 1:
                raise BadInputError(f"{sheet.source}, row {row}: {_several(name, len(cell))}")
        sheet.lists[name] = [
            (cell[0] if cell else None) if isinstance(cell, list) else cell for cell in cells
        ]
        remarks.append(f"{Path(sheet.source).name}: {name} is a list of one entry, taken for it")
    move_flat(sheet)


def number_rows(
    sheet: Sheet, name: str, within: tuple[str, ...], remarks: list[str], *, start: int = 0
) -> None:
    """Number rows in order of appearance where a column of numbers is missing or holds none.

    Args:
        sheet: The rows; nothing happens where a column of `within` is missing.
        name: The column.
        within: Columns that tell apart what is numbered.
        remarks: Where to say so.
        start: The first number.
    """
    frame = sheet.frame
    if not all(column in frame.columns for column in within):
        return
    if name in frame.columns:
        stands_in = next((old for old, new in sheet.recognised.items() if new == name), None)
        if stands_in is None or _are_numbers(frame, name, within):
            return
        remarks.append(f"{Path(sheet.source).name}: {stands_in} holds no numbers for a {name}")
    number = pl.int_range(pl.len()).over(within).cast(pl.Int32) + start
    sheet.frame = frame.with_columns(number.alias(name))
    what = name.removesuffix("_id")
    owner = within[-1].removesuffix("_id")
    if not sheet.is_exploded:
        remarks.append(
            f"{Path(sheet.source).name}: no {name}, so the {what}s of a {owner} are numbered in"
            " order of appearance"
        )


def split_verdicts(sheet: Sheet, names: Sequence[str]) -> Sheet | None:
    """Take verdicts out of a table of solutions, as rows of their own; None without any.

    Args:
        sheet: Solutions with their numbers.
        names: Columns of verdicts.
    """
    held = [name for name in names if name in sheet.columns]
    if not held:
        return None
    keys = [name for name in ("problem_id", "solution_id") if name in sheet.frame.columns]
    flat = [name for name in held if name in sheet.frame.columns]
    frame = sheet.frame.select(*keys, *flat)
    lists = {name: sheet.lists.pop(name) for name in held if name in sheet.lists}
    sheet.frame = sheet.frame.drop(flat)
    verdicts = Sheet(frame, lists, {}, sheet.source, is_exploded=True)
    if lists:
        explode(verdicts, list(lists))
    return verdicts


def _are_numbers(frame: pl.DataFrame, name: str, within: tuple[str, ...]) -> bool:
    number = frame[name].cast(pl.String).str.strip_chars().cast(pl.Int32, strict=False)
    if number.is_null().any() or (number < 0).any():
        return False
    keys = frame.select(within).with_columns(number.alias("__number"))
    return keys.n_unique() == keys.height


def _several(name: str, count: int) -> str:
    if name == "reference_answer":
        return (
            f"reference_answer is a list of {count} answers, while solutions are compared with one;"
            " keep one of them"
        )
    return f"{name} is a list of {count} entries, where one value is wanted"

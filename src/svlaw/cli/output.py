"""What commands print and write: rich tables, JSON, files of rows, progress bars."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from svlaw.data.errors import BadInputError
from svlaw.data.progress import Progress as ProgressCallback
from svlaw.data.table_texts import TextTable

if TYPE_CHECKING:
    import polars as pl

console = Console(emoji=False)
messages = Console(stderr=True, highlight=False, emoji=False)


def print_json(document: dict[str, Any] | list[dict[str, Any]]) -> None:
    """Print one JSON document on standard output."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def print_rows(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: text in the first column, the rest flush right; never narrower than needed."""
    console.print(title, markup=False, highlight=False, soft_wrap=True)
    table = Table(header_style="bold", box=SIMPLE_HEAD)
    for place, name in enumerate(header):
        textual = place == 0 or name == "found"
        table.add_column(name, justify="left" if textual else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    # A terminal narrower than the table would cut figures; long lines are the lesser evil.
    roomy = Console(width=1000, emoji=False)
    roomy.width = Measurement.get(roomy, roomy.options, table).maximum
    roomy.print(table)


def print_table(table: TextTable) -> None:
    """Print a table of texts with what stands below it."""
    print_rows(table.title, table.header, table.rows)
    for note in table.notes:
        console.print(note, markup=False, highlight=False, soft_wrap=True)


def print_sentences(sentences: Sequence[str]) -> None:
    """Print sentences below a title, indented, one after the other; empty ones are left out."""
    for sentence in filter(None, sentences):
        console.print(f"  {sentence}", markup=False, highlight=False, soft_wrap=True)


def warn(message: str) -> None:
    """Print a remark on standard error."""
    messages.print(f"note: {message}", markup=False, soft_wrap=True)


def suggest(command: str) -> None:
    """Say what to do next, last of all, to a person: never where output goes to a file or a pipe.

    Args:
        command: A command to run, or what to open.
    """
    if console.is_terminal:
        messages.print(f"next: {command}", markup=False, soft_wrap=True)


def check_suffix(path: Path | None) -> None:
    """Raise before any work when rows could not be written to a path.

    Raises:
        BadInputError: The suffix is unknown or the folder does not exist.
    """
    if path is None:
        return
    refuse_inside_pool(path)
    if path.suffix not in {".parquet", ".csv", ".json"}:
        raise BadInputError(f"{path}: write rows to a .parquet, .csv or .json file")
    if not path.parent.is_dir():
        raise BadInputError(f"{path}: there is no folder {path.parent}")


def refuse_inside_pool(path: Path) -> None:
    """Raise for an output that would lie in a pool, where it could take the place of data.

    Raises:
        BadInputError: The file or folder lies in a pool.
    """
    from svlaw.data.pool_file import POOL_FILE

    place = path.resolve()
    for folder in (place, *place.parents):
        if (folder / POOL_FILE).is_file():
            raise BadInputError(f"{path}: lies in the pool {folder}; write outputs elsewhere")


def write_rows(path: Path, frame: "pl.DataFrame") -> None:
    """Write rows by atomic rename, in the form the suffix names."""
    from svlaw.data.storage.files import atomic_path

    with atomic_path(path) as temporary:
        if path.suffix == ".parquet":
            frame.write_parquet(temporary)
        elif path.suffix == ".csv":
            frame.write_csv(temporary)
        else:
            text = json.dumps(frame.to_dicts(), indent=1, ensure_ascii=False, allow_nan=False)
            temporary.write_text(text + "\n", "utf-8")


@contextmanager
def progress_bar(label: str) -> Iterator[ProgressCallback]:
    """Show a bar on standard error while work goes on; nothing when it is not a terminal."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    shown = messages.is_terminal
    with Progress(*columns, console=messages, transient=True, disable=not shown) as bar:
        task = bar.add_task(label, total=None)

        def advance(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield advance

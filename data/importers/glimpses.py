"""Glimpses of files: how they begin, which is enough to say what they are."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from svlaw.data.errors import BadInputError
from svlaw.data.storage.encoded_files import (
    decoding_errors,
    kind_of_file,
    open_content,
    read_content,
    refuse_pointer,
)
from svlaw.data.storage.files import read_parquet_schema, refuse_missing
from svlaw.data.storage.json_values import parse_json, rows_of_document
from svlaw.data.storage.yaml_files import read_fields


@dataclass(frozen=True)
class Glimpse:
    """What a file looks like.

    Attributes:
        path: The file or folder.
        kind: Its ending, one of compression left out.
        columns: Names of columns, or of the first row's fields.
        document: Of a .json file, its value.
        is_folder: Whether it is a folder.
    """

    path: Path
    kind: str
    columns: tuple[str, ...] = ()
    document: Any = field(default=None, repr=False)
    is_folder: bool = False

    def holds(self, pattern: str) -> bool:
        """Whether a folder holds files of a pattern."""
        return self.is_folder and next(self.path.glob(pattern), None) is not None

    @property
    def words(self) -> str:
        """What was seen, for a message."""
        if self.is_folder:
            return "a folder"
        names = ", ".join(self.columns[:8])
        return f"{self.kind or 'no ending'}; fields: {names[:120] or 'none'}"


def glimpse(path: Path) -> Glimpse:
    """Look at the beginning of a file, or into a folder.

    Raises:
        BadInputError: It is missing, empty, a Git LFS pointer, or not what its ending says.
    """
    if path.is_dir():
        first = next((p for p in sorted(path.glob("*.yaml")) if not p.name.startswith(".")), None)
        columns = tuple(read_fields(first)) if first is not None else ()
        return Glimpse(path, "", columns, is_folder=True)
    refuse_missing(path)
    refuse_pointer(path)
    kind = kind_of_file(path)
    if kind == ".parquet":
        return Glimpse(path, kind, tuple(read_parquet_schema(path)))
    if kind in (".jsonl", ".ndjson"):
        return Glimpse(path, kind, _first_fields(path))
    if kind == ".json":
        return _json(path)
    if kind == ".csv":
        return Glimpse(path, kind, _header(path))
    return Glimpse(path, kind)


def _first_fields(path: Path) -> tuple[str, ...]:
    with open_content(path) as lines, decoding_errors(path):
        for number, line in enumerate(lines, 1):
            if line.strip():
                value = parse_json(line, f"{path}, line {number}")
                return tuple(value) if isinstance(value, dict) else ()
    raise BadInputError(f"{path}: the file holds no rows")


def _header(path: Path) -> tuple[str, ...]:
    with open_content(path) as lines, decoding_errors(path):
        head = lines.readline()
    try:
        return tuple(pl.read_csv(head + b"\n", infer_schema=False).columns)
    except pl.exceptions.PolarsError as error:
        raise BadInputError(f"{path}: not readable as CSV") from error


def _json(path: Path) -> Glimpse:
    content = read_content(path)
    first, _, rest = content.lstrip().partition(b"\n")
    if first.rstrip().endswith(b"}") and rest.strip().startswith(b"{"):
        return Glimpse(path, ".json", _first_fields(path))
    document = parse_json(content, str(path))
    columns: tuple[str, ...] = ()
    if isinstance(document, dict) or (document and isinstance(document[0], dict)):
        rows = rows_of_document(document, str(path))
        columns = tuple(rows[0]) if rows else ()
    return Glimpse(path, ".json", columns, document)

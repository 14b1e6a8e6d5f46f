"""Records of JSON files, read one at a time; a field that cannot be used is one clear line."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from svlaw.data.errors import BadInputError
from svlaw.data.progress import Progress, silent
from svlaw.data.storage.encoded_files import decoding_errors, open_content, read_content
from svlaw.data.storage.files import refuse_missing
from svlaw.data.storage.json_values import parse_json, parse_object
from svlaw.data.storage.row_files import whole_characters

_MEGABYTE: Final = 1 << 20
_MOST_INT32: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Record:
    """A JSON object and its place.

    Attributes:
        fields: Its fields.
        path: The file it stands in.
        line: Its line, from 1.
        trail: Where in that line it stands, such as `response.body.`; empty for the line itself.
        unit: What `line` counts, where it is not lines.
    """

    fields: dict[str, Any]
    path: Path
    line: int
    trail: str = ""
    unit: str = "line"

    @property
    def where(self) -> str:
        """File and line, for an error."""
        return f"{self.path}, {self.unit} {self.line}"

    def error(self, message: str) -> BadInputError:
        """An error at this place."""
        return BadInputError(f"{self.where}: {message}")

    def get(self, name: str) -> Any:
        """A field as it is; None when it is missing or null."""
        return self.fields.get(name)

    def need(self, name: str) -> Any:
        """A field as it is, null included.

        Raises:
            BadInputError: It is missing.
        """
        if name not in self.fields:
            raise self.error(f"field '{self.trail}{name}' is missing")
        return self.fields[name]

    def text(self, name: str) -> str | None:
        """A field as text, a number as it is written; None when it is missing or null.

        Raises:
            BadInputError: It is a list, an object or a truth value.
        """
        value = self.fields.get(name)
        if value is None:
            return None
        if isinstance(value, str):
            return whole_characters(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        raise self.error(f"{self.trail}{name} is {_describe(value)}, not text")

    def need_text(self, name: str) -> str:
        """A field as text, which must be there.

        Raises:
            BadInputError: It is missing, null, a list, an object or a truth value.
        """
        self.need(name)
        text = self.text(name)
        if text is None:
            raise self.error(f"{self.trail}{name} is null; give every row one")
        return text

    def count(self, name: str) -> int | None:
        """A field as a whole number from 0; None when it is missing or null.

        Raises:
            BadInputError: It is something else.
        """
        value = self.fields.get(name)
        if value is None:
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.error(f"{self.trail}{name} {value!r} is not a whole number")
        if not 0 <= value <= _MOST_INT32:
            raise self.error(f"{self.trail}{name} {value!r} does not fit; use 0 to {_MOST_INT32}")
        return value

    def number(self, name: str) -> float:
        """A field as a finite number.

        Raises:
            BadInputError: It is missing, or something else.
        """
        value = self.need(name)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not math.isfinite(value):
            raise self.error(f"{self.trail}{name} {value!r} is not a number")
        return float(value)

    def flag(self, name: str) -> bool:
        """A field as a truth value; 1 and 0 count as true and false.

        Raises:
            BadInputError: It is missing, or something else.
        """
        value = self.need(name)
        if isinstance(value, bool | int | float) and value in (0, 1):
            return bool(value)
        raise self.error(f"{self.trail}{name} {value!r} is neither true nor false (1, 0)")

    def child(self, name: str) -> "Record":
        """A field that is an object.

        Raises:
            BadInputError: It is missing, or something else.
        """
        value = self.need(name)
        if not isinstance(value, dict):
            raise self.error(f"{self.trail}{name} is {_describe(value)}, not an object")
        return self._inner(value, f"{self.trail}{name}.")

    def items(self, name: str) -> list[Any]:
        """A field that is a list.

        Raises:
            BadInputError: It is missing, or something else.
        """
        value = self.need(name)
        if not isinstance(value, list):
            raise self.error(f"{self.trail}{name} is {_describe(value)}, not a list")
        return value

    def children(self, name: str) -> list["Record"]:
        """A field that is a list of objects.

        Raises:
            BadInputError: It is missing, or something else.
        """
        children = []
        for row, value in enumerate(self.items(name)):
            trail = f"{self.trail}{name}[{row}]"
            if not isinstance(value, dict):
                raise self.error(f"{trail} is {_describe(value)}, not an object")
            children.append(self._inner(value, f"{trail}."))
        return children

    def _inner(self, fields: dict[str, Any], trail: str) -> "Record":
        return Record(fields, self.path, self.line, trail, self.unit)


def read_records(paths: Sequence[Path], progress: Progress = silent) -> Iterator[Record]:
    """Read JSONL files one line at a time, in order; blank lines are skipped.

    Args:
        paths: The files.
        progress: Called with the megabytes read, of all; after each file and each megabyte.

    Raises:
        BadInputError: A file is missing or empty, or a line is no JSON object.
    """
    for path in paths:
        refuse_missing(path)
    total = _megabytes(sum(path.stat().st_size for path in paths))
    done = reported = 0
    for path in paths:
        held = False
        with open_content(path) as lines, decoding_errors(path):
            for number, line in enumerate(lines, 1):
                done += len(line)
                if line.strip():
                    held = True
                    yield Record(parse_object(path, number, line), path, number)
                if done - reported >= _MEGABYTE:
                    reported = done
                    progress(min(_megabytes(done), total), total)
        if not held:
            raise BadInputError(f"{path}: the file holds no rows")
        progress(min(_megabytes(done), total), total)


def read_document(path: Path) -> Any:
    """Read a file that holds one JSON value, whatever it is.

    Raises:
        BadInputError: The file cannot be read, or is no JSON.
    """
    return parse_json(read_content(path), str(path))


def records_of(rows: Sequence[Any], path: Path) -> Iterator[Record]:
    """The objects of a list that stands in a file, one by one.

    Raises:
        BadInputError: One is no object.
    """
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise BadInputError(f"{path}, record {number}: not a JSON object")
        yield Record(row, path, number, unit="record")


def _megabytes(size: int) -> int:
    return -(-size // _MEGABYTE)


def _describe(value: Any) -> str:
    names = {bool: "true or false", list: "a list", dict: "an object", str: "text"}
    return names.get(type(value), "null" if value is None else "a number")

"""JSON values read with one clear line when they cannot be: cut off, too deep, a name twice."""

import json
from pathlib import Path
from typing import Any, Final

from svlaw.data.errors import BadInputError, first_line


class _RepeatedNameError(ValueError):
    """A name occurs twice in an object."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        seen: set[str] = set()
        name = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise _RepeatedNameError(f"field {name!r} occurs twice; keep one of them")
    return fields


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object)


def parse_json(content: str | bytes, where: str) -> Any:
    """Read one JSON value.

    Args:
        content: Its text, or its bytes in UTF-8.
        where: The place, for an error.

    Raises:
        BadInputError: It is no JSON, or not UTF-8, nested too deeply, has a number of too many
            digits, or an object in it has a name twice.
    """
    try:
        text = content if isinstance(content, str) else content.decode("utf-8", "surrogatepass")
        value = _DECODER.decode(text.removeprefix("\ufeff"))
    except UnicodeDecodeError as error:
        raise BadInputError(f"{where}: not UTF-8 text ({error.reason})") from error
    except json.JSONDecodeError as error:
        raise BadInputError(
            f"{where}: not valid JSON ({error.msg}); was the file cut off?"
        ) from error
    except RecursionError as error:
        raise BadInputError(
            f"{where}: not readable (lists or objects nested too deeply)"
        ) from error
    except ValueError as error:  # a name twice, or a number of too many digits
        raise BadInputError(f"{where}: not readable ({first_line(error)})") from error
    return value


def parse_object(path: Path, number: int, line: str | bytes) -> dict[str, Any]:
    """Read one line of a JSONL file.

    Args:
        path: The file, for an error.
        number: The line's number, from 1.
        line: Its text or bytes.

    Raises:
        BadInputError: It is no JSON object.
    """
    where = f"{path}, line {number}"
    value = parse_json(line, where)
    if not isinstance(value, dict):
        raise BadInputError(f"{where}: not a JSON object")
    return value


def rows_of_document(value: Any, where: str) -> list[dict[str, Any]]:
    """The rows of a JSON document: a list of objects, or an object that holds such rows.

    An object may hold one list of objects (`{"results": [...]}`), a list for each column, an object
    for each row under its name (`{"0": {...}}`), or be the only row itself.

    Raises:
        BadInputError: It is none of these.
    """
    if isinstance(value, list):
        for number, row in enumerate(value, 1):
            if not isinstance(row, dict):
                raise BadInputError(f"{where}, record {number}: not a JSON object")
        return value
    if not isinstance(value, dict):
        raise BadInputError(f"{where}: holds neither a list nor an object")
    values = list(value.values())
    inner = [v for v in values if isinstance(v, list) and v and all(isinstance(r, dict) for r in v)]
    if len(inner) == 1 and not any(_is_id(name) for name in value):
        return list(inner[0])
    if len(values) > 0 and all(isinstance(v, dict) and v for v in values):
        return _rows_by_name(value)
    lengths = {len(v) for v in values if isinstance(v, list)}
    if values and all(isinstance(v, list) for v in values) and len(lengths) == 1:
        if any(_is_id(name) for name in value):
            return [dict(zip(value, row, strict=True)) for row in zip(*values, strict=True)]
        raise BadInputError(f"{where}: an object of lists without a column 'problem_id'")
    return [value]


def _is_id(name: str) -> bool:
    return name.lower() in {"problem_id", "question_id", "task_id", "doc_id", "id", "idx", "index"}


def _rows_by_name(value: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows under their names; or columns, each with the same row names (as pandas writes them)."""
    if any(_is_id(name) for name in value):
        rows = next(iter(value.values()))
        return [{name: cells.get(row) for name, cells in value.items()} for row in rows]
    return [
        row if "problem_id" in row else {"problem_id": name, **row} for name, row in value.items()
    ]

"""Cells with lists or objects: the text in a message, and rows made of lists."""

import ast
import json
from collections.abc import Sequence
from typing import Any, Final

from svlaw.data.errors import BadInputError

_TEXTS: Final = ("content", "text", "generated_text", "output", "completion", "response")
_ROLES: Final = ("role", "from")


def plain_value(value: Any, role: str = "assistant") -> Any:
    """The text of a message or of a conversation; any other value as it is, item by item.

    Of a conversation (a list of messages with roles) the last message of a role counts.

    Args:
        value: A cell.
        role: Whose message counts: `assistant`, or `user` in questions.
    """
    if isinstance(value, dict):
        for name in ("message", "choices"):
            if isinstance(value.get(name), dict | list):
                return plain_value(value[name], role)
        held = [value[name] for name in (*_TEXTS, "value") if value.get(name) is not None]
        return plain_value(held[0], role) if held else value
    if not isinstance(value, list) or not value:
        return value
    if all(isinstance(item, dict) for item in value):
        if any(item.get("role") or item.get("from") for item in value):
            return _last_message(value, role)
        if all(item.get("type") in ("text", "output_text") for item in value):
            return "".join(str(item.get("text") or "") for item in value)
    return [plain_value(item, role) for item in value]


def _last_message(messages: list[dict[str, Any]], role: str) -> Any:
    meant = {"assistant": ("assistant", "gpt", "model"), "user": ("user", "human")}[role]
    for message in reversed(messages):
        if any(message.get(name) in meant for name in _ROLES):
            return plain_value({k: v for k, v in message.items() if k not in _ROLES}, role)
    return None


def unfold(cells: Sequence[Any]) -> dict[str, list[Any]] | None:
    """Cells that are lists of objects with several fields, as a list for each field.

    None for other cells: messages and objects with nothing but a text are texts.
    """
    items = [item for cell in cells if isinstance(cell, list) for item in cell]
    objects = [item for item in items if isinstance(item, dict)]
    if not objects or len(objects) < len(items):
        return None
    names = list(dict.fromkeys(name for item in objects for name in item))
    if len(names) == 1 or {*_ROLES, "type", "message"} & set(names):
        return None
    if any(cell is not None and not isinstance(cell, list) for cell in cells):
        return None
    return {
        name: [None if cell is None else [item.get(name) for item in cell] for cell in cells]
        for name in names
    }


def parse_list(value: Any, where: str) -> Any:
    """A list that a file of text holds, as JSON or as Python writes it; other values as they are.

    Raises:
        BadInputError: Text is no such list.
    """
    if not isinstance(value, str):
        return value
    text = value.strip()
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        try:
            parsed = ast.literal_eval(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            parsed = None
    if not isinstance(parsed, list):
        raise BadInputError(f"{where} is not a list; leave the column out of --explode")
    return parsed


def depth_of(cells: Sequence[Any]) -> int:
    """How many lists lie within one another at most."""
    depth = 0
    layer = [cell for cell in cells if isinstance(cell, list)]
    while layer:
        depth += 1
        layer = [item for cell in layer for item in cell if isinstance(item, list)]
    return depth


def lengths_of(columns: dict[str, list[Any]], source: str) -> list[int]:
    """The number of entries in each row, the same in all columns that have a list there.

    Raises:
        BadInputError: Two columns differ in a row.
    """
    lengths = []
    for row, cells in enumerate(zip(*columns.values(), strict=True), 1):
        held = {n: len(c) for n, c in zip(columns, cells, strict=True) if isinstance(c, list)}
        if len(set(held.values())) > 1:
            words = ", ".join(f"{name} {count}" for name, count in held.items())
            raise BadInputError(f"{source}, row {row}: lists of different lengths ({words})")
        missing = all(cell is None for cell in cells)
        lengths.append(next(iter(held.values()), 0 if missing else 1))
    return lengths


def spread(cells: list[Any], lengths: Sequence[int]) -> list[Any]:
    """The entries of lists one under another; a single value or a null is repeated."""
    return [
        entry
        for cell, length in zip(cells, lengths, strict=True)
        for entry in (cell if isinstance(cell, list) else [cell] * length)
    ]

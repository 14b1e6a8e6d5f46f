"""What a record of an evaluation says of one problem: the problem, and the attempts at it."""

from dataclasses import dataclass
from typing import Any

from svlaw.data.importers.solution_intake import Problem
from svlaw.data.storage.json_records import Record
from svlaw.data.storage.row_files import whole_characters


@dataclass(frozen=True)
class Attempt:
    """One solution.

    Attributes:
        text: What the model wrote; None where it is not in the file.
        answer: Its final answer; None when it states none.
        is_correct: Correctness as the file has it; None when it is to be graded.
        output_tokens: Tokens the model wrote.
        finish_reason: Why it stopped.
    """

    text: str | None
    answer: str | None = None
    is_correct: bool | None = None
    output_tokens: int | None = None
    finish_reason: str | None = None


@dataclass(frozen=True)
class Entry:
    """A problem and its attempts."""

    problem: Problem
    attempts: list[Attempt]


def texts_of(record: Record, name: str) -> list[str | None]:
    """A field that is a list of texts, or one text.

    Raises:
        BadInputError: It is missing, or holds something else.
    """
    value = record.need(name)
    texts = value if isinstance(value, list) else [value]
    for text in texts:
        if text is not None and not isinstance(text, str):
            raise record.error(f"{name} holds {str(text)[:80]!r}, which is not text")
    return [None if text is None else whole_characters(text) for text in texts]


def flags_of(record: Record, name: str, count: int) -> list[bool | None]:
    """A field that is a list of truth values (1 and 0 count), as many as there are attempts.

    Raises:
        BadInputError: It holds something else, or another number of values.
    """
    value: Any = record.need(name)
    flags = value if isinstance(value, list) else [value]
    if len(flags) != count:
        raise record.error(f"{name} has {len(flags)} values for {count} attempts")
    for flag in flags:
        if not isinstance(flag, bool | int | float) or flag not in (0, 1):
            raise record.error(f"{name} holds {str(flag)[:80]!r}, neither true nor false")
    return [bool(flag) for flag in flags]


def first_text(record: Record, *names: str) -> str | None:
    """The first of some fields that holds text or a number."""
    for name in names:
        value = record.get(name)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return record.text(name)
    return None

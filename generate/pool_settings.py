"""Settings a pool was generated with, as kept in `pool.json`, and what may not change in them."""

from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Any, Final

from svlaw.data.errors import BadInputError

_LONGEST: Final = 60
_LEAD: Final = 12
_PROMPTS: Final = "prompts"


def refuse_changes(held: Mapping[str, Any], asked: Mapping[str, Any], where: str) -> None:
    """Raise when samples of these settings cannot stand beside those that are there.

    Prompts are compared where both have one: a new kind of problem may bring its own.

    Args:
        held: Settings of the samples that are there.
        asked: Settings of those that are to be added.
        where: What was generated with them, in the plural.

    Raises:
        BadInputError: A setting differs; every one that does is named with both values.
    """
    both = held.get(_PROMPTS, {}).keys() & asked.get(_PROMPTS, {}).keys()
    changes = [
        change
        for name, change in _changes(held, asked, "")
        if not name.startswith(f"{_PROMPTS}.") or name.removeprefix(f"{_PROMPTS}.") in both
    ]
    if changes:
        raise BadInputError(
            f"{where} were generated with other settings: {'; '.join(changes)}. Generate into"
            " another pool, or put the settings back"
        )


def join_settings(held: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """Settings to keep once `refuse_changes` has found none: with the prompts of both."""
    return {**asked, _PROMPTS: {**held.get(_PROMPTS, {}), **asked.get(_PROMPTS, {})}}


def _changes(
    held: Mapping[str, Any], asked: Mapping[str, Any], prefix: str
) -> Iterator[tuple[str, str]]:
    for key in sorted({*held, *asked}):
        before, now, name = held.get(key), asked.get(key), f"{prefix}{key}"
        if isinstance(before, Mapping) and isinstance(now, Mapping):
            yield from _changes(before, now, f"{name}.")
        elif before != now:
            yield name, f"{name} was {_shown(before, now)}, now {_shown(now, before)}"


def _shown(value: Any, other: Any) -> str:
    """A value; of a long one the words at which it departs from the other."""
    if value is None:
        return "not set"
    text = repr(value)
    if len(text) <= _LONGEST:
        return text
    common = takewhile(lambda pair: pair[0] == pair[1], zip(text, repr(other), strict=False))
    start = max(0, sum(1 for _ in common) - _LEAD)
    end = start + _LONGEST
    return f"{'...' if start else ''}{text[start:end]}{'...' if end < len(text) else ''}"

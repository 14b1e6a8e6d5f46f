"""Segments: sets of real numbers as intervals in order, joined, met and taken away."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from svlaw.data.grading.meanings import EMPTY, Meaning, scalar
from svlaw.data.grading.values import Value

_INFINITE: Final = Decimal("Infinity")


@dataclass(frozen=True)
class Segment:
    """An interval of real numbers; a point where its ends are one.

    Attributes:
        start: Lower end.
        end: Upper end.
        open_start: Whether the lower end is left out.
        open_end: Whether the upper end is.
    """

    start: Value
    end: Value
    open_start: bool
    open_end: bool

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in it."""
        apart = self.end.re - self.start.re if self.end.re != self.start.re else Decimal(0)
        return apart < 0 or (apart == 0 and (self.open_start or self.open_end))


REALS: Final = Segment(Value(-_INFINITE), Value(_INFINITE), True, True)


def segments_of(meaning: Meaning) -> list[Segment] | None:  # noqa: PLR0911
    """A set of real numbers as segments; None where it is none, or its ends are not known."""
    if meaning.kind == "equation":
        return segments_of(meaning.parts[0])
    if meaning.kind == "relation":
        return segments_of(meaning.parts[0]) if meaning.parts else None
    if meaning.kind == "scalar":
        value = _constant(meaning)
        return None if value is None else [Segment(value, value, False, False)]
    if meaning.kind == "interval":
        start, end = (_constant(part) for part in meaning.parts)
        if start is None or end is None:
            return None
        return [Segment(start, end, meaning.mark[0] == "(", meaning.mark[1] == ")")]
    if meaning.kind in {"set", "list", "union"}:
        parts = [segments_of(part) for part in meaning.parts]
        known = [part for part in parts if part is not None]
        return join([segment for part in known for segment in part]) if known == parts else None
    return None


def meaning_of(segments: Sequence[Segment]) -> Meaning:
    """Segments as an interval, a set of points or a union."""
    parts = tuple(map(_part, segments))
    if not parts:
        return EMPTY
    if all(part.kind == "scalar" for part in parts):
        return Meaning("set", parts=parts)
    return parts[0] if len(parts) == 1 else Meaning("union", parts=parts)


def join(segments: Sequence[Segment]) -> list[Segment]:
    """The union, as few segments in order."""
    ordered = sorted(
        (segment for segment in segments if not segment.is_empty),
        key=lambda segment: (segment.start.re, segment.open_start),
    )
    joined: list[Segment] = []
    for segment in ordered:
        last = joined[-1] if joined else None
        if last is None or not _touch(last, segment):
            joined.append(segment)
            continue
        further = max((last, segment), key=lambda s: (s.end.re, not s.open_end))
        joined[-1] = Segment(last.start, further.end, last.open_start, further.open_end)
    return joined


def meet(one: Sequence[Segment], other: Sequence[Segment]) -> list[Segment]:
    """The intersection."""
    both = []
    for a in one:
        for b in other:
            lower = max((a, b), key=lambda s: (s.start.re, s.open_start))
            upper = min((a, b), key=lambda s: (s.end.re, not s.open_end))
            both.append(Segment(lower.start, upper.end, lower.open_start, upper.open_end))
    return join(both)


def without(one: Sequence[Segment], other: Sequence[Segment]) -> list[Segment]:
    """What is in the first and not in the second."""
    rest = list(one)
    for segment in join(other):
        below = Segment(REALS.start, segment.start, True, not segment.open_start)
        above = Segment(segment.end, REALS.end, not segment.open_end, True)
        rest = meet(rest, [below, above])
    return rest


def _touch(one: Segment, other: Segment) -> bool:
    if other.start.re == one.end.re:
        return not (one.open_end and other.open_start)
    return other.start.re < one.end.re


def _part(segment: Segment) -> Meaning:
    if segment.start == segment.end:
        return scalar(segment.start)
    brackets = "[("[segment.open_start] + "])"[segment.open_end]
    return Meaning("interval", parts=(scalar(segment.start), scalar(segment.end)), mark=brackets)


def _constant(meaning: Meaning) -> Value | None:
    if meaning.kind != "scalar" or len(meaning.values) != 1 or meaning.values[0].im:
        return None
    return meaning.values[0]

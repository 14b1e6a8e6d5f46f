"""Equivalence: which of a problem's answers are one answer in different words.

Two answers are equivalent when Math-Verify says so in one direction or the other; classes are the
unions of equivalent answers. Not every pair needs asking: spellings settle many, and answers whose
values differ cannot be equivalent (`algebra.may_agree`). What is left is asked in
waves, neighbours in value first, so that a class of many spellings takes few questions.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Final

from scipy.cluster.hierarchy import DisjointSet

from svlaw.data.grading.algebra import HUGE, Reading, may_agree, reach
from svlaw.data.grading.judgements import Judgements
from svlaw.data.grading.numbers import Number, is_within, quantity, same_number, slack
from svlaw.data.grading.spellings import Spelling, judge_spelling

MOST_COMPARISONS: Final = 200
"""Pairs of one problem's answers that are put to Math-Verify at most; the rest stay apart."""

WAVES: Final = 3

Link = tuple[Spelling, Spelling]
"""Two answers that are, or may be, equivalent."""


@dataclass
class Grouping:
    """The answers of one problem while they are being grouped.

    Attributes:
        answers: Distinct answers, one per key.
        votes: How often each key was given; decides what is compared when not everything can be.
        groups: The groups so far.
        uncompared: Pairs left apart because there were too many.
    """

    answers: Sequence[Spelling]
    votes: Mapping[str, int]
    groups: "DisjointSet[str]" = field(init=False)
    uncompared: int = field(default=0, init=False)
    _asked: int = field(default=0, init=False)
    _late: set[str] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        self.groups = DisjointSet(answer.key for answer in self.answers)
        for one, other in number_links(self.answers):
            self.groups.merge(one.key, other.key)

    def to_read(self) -> list[str]:
        """Texts of the answers to be read: where any two need algebra, all but plain numbers."""
        plain = all(answer.number is not None or answer.is_word for answer in self.answers)
        if plain or len(self.answers) < 2:
            return []
        return [answer.text for answer in self.answers if answer.number is None]

    def waves(self, judgements: Judgements) -> tuple[Sequence[Link], ...]:
        """Sort out what Math-Verify has to be asked, in `WAVES` waves.

        First neighbours in value; then other pairs of one value, and one pair of each answer whose
        value is not known; then the rest.

        Args:
            judgements: Readings of the answers that are no plain numbers; one that ran out of time
                stays apart.
        """
        if not self.to_read():
            return (), (), ()
        shaped = [(a, reading) for a in self.answers for reading in readings_of(a, judgements)]
        first: list[Link] = []
        second: list[Link] = []
        third: list[Link] = []
        for distance, link in _close_links(shaped):
            (first if distance == 1 else second).append(link)
        met: set[str] = set()
        for link in sorted(_vague_links(shaped), key=self._importance):
            keys = {link[0].key, link[1].key}
            (third if keys <= met else second).append(link)
            met |= keys
        return first, second, third

    def open_links(self, wave: Sequence[Link]) -> list[Link]:
        """Those of a wave that are still undecided, as many as may be asked."""
        undecided = [
            link
            for link in wave
            if not self.are_together(link) and self._late.isdisjoint((link[0].key, link[1].key))
        ]
        allowed = undecided[: max(0, MOST_COMPARISONS - self._asked)]
        self._asked += len(allowed)
        self.uncompared += len(undecided) - len(allowed)
        return allowed

    def are_together(self, link: Link) -> bool:
        """Whether two answers are in one group already."""
        return self.groups.connected(link[0].key, link[1].key)

    def settle(self, link: Link, agreement: bool | None) -> None:
        """Take note of an agreement; an answer that ran out of time is asked no more."""
        if agreement is None:
            self._late |= {link[0].key, link[1].key}
        elif agreement:
            self.groups.merge(link[0].key, link[1].key)

    def _importance(self, link: Link) -> tuple[int, str, str]:
        one, other = link
        return (-self.votes[one.key] * self.votes[other.key], one.key, other.key)


def readings_of(answer: Spelling, judgements: Judgements) -> list[Reading]:
    """What an answer may be: several things for a percentage, nothing when time ran out."""
    if answer.number is None:
        reading = judgements.reading(answer.text)
        return [] if reading is None else [reading]
    values = [_as_float(number.value) for number in answer.number.readings]
    return [Reading("scalar", 1, complex(value), constant=True) for value in values]


def _as_float(value: Fraction) -> float:
    try:
        return max(-HUGE, min(HUGE, float(value)))
    except OverflowError:
        return HUGE if value > 0 else -HUGE


def number_links(answers: Sequence[Spelling]) -> Iterator[Link]:
    """Link the plain numbers that are the same; a group of them is linked through, not pairwise."""
    numbers = [(answer, answer.number) for answer in answers if answer.number is not None]
    bare: dict[Fraction, Spelling] = {}
    marked: dict[object, Spelling] = {}
    for answer, number in numbers:
        mark = _mark(number)
        first = (
            bare.setdefault(number.value, answer)
            if mark is None
            else marked.setdefault(mark, answer)
        )
        if first is not answer:
            yield first, answer
    for answer, number in numbers:
        if _mark(number) is not None:
            for reading in number.readings:
                if reading.value in bare:
                    yield bare[reading.value], answer
    yield from _decimal_links(numbers)


def _mark(number: Number) -> object:
    """What numbers with a unit, a base or a percent sign are told apart by; None without."""
    if number.unit is not None:
        return quantity(number)
    if number.based is not None:
        return ("base", number.based)
    return ("%", number.value) if number.percent else None


def _decimal_links(numbers: Sequence[tuple[Spelling, Number]]) -> Iterator[Link]:
    """Link decimals to the numbers that they stand for."""
    points = sorted(
        ((reading.value, place) for place, (_, n) in enumerate(numbers) for reading in n.readings)
    )
    values = [value for value, _ in points]
    for answer, number in numbers:
        for reading in number.readings:
            room = slack(reading)
            if room:
                start = bisect_left(values, reading.value - room)
                stop = bisect_right(values, reading.value + room)
                for _, place in points[start:stop]:
                    other, other_number = numbers[place]
                    if other is not answer and same_number(number, other_number):
                        yield answer, other


def tolerance_links(
    values: Sequence[tuple[str, Number]], tolerance: float
) -> Iterator[tuple[str, str]]:
    """Link the keys of numbers that are within a relative tolerance of each other.

    Of two numbers the one that is larger in size counts as the reference, so that the order is of
    no account; linking neighbours gives the same groups as linking all pairs.
    """
    points = sorted(((reading.value, key) for key, number in values for reading in number.readings))
    for (low, one), (high, other) in pairwise(points):
        least, most = sorted((low, high), key=abs)
        if one != other and is_within(Number(least), Number(most), tolerance):
            yield one, other


def _close_links(shaped: Sequence[tuple[Spelling, Reading]]) -> Iterator[tuple[int, Link]]:
    """Pairs that need algebra and are close in value, with their distance in order of value."""
    entries = [
        (reading.value.real, answer.key, answer, reading)
        for answer, original in shaped
        for reading in _by_value_and_roots(original)
    ]
    entries.sort(key=lambda entry: entry[:2])
    for place, (value, _, one, reading) in enumerate(entries):
        limit = value + reach(value)
        for distance in range(1, len(entries) - place):
            other_value, _, other, other_reading = entries[place + distance]
            if other_value > limit:
                break
            if not _is_known(reading, other_reading) or not may_agree(reading, other_reading):
                continue
            if judge_spelling(one, other) is None:
                yield distance, (one, other)


def _by_value_and_roots(reading: Reading) -> Iterator[Reading]:
    """A reading, and for equations and inequalities its solutions as a reading of their own."""
    yield reading
    if reading.roots is not None:
        yield Reading("solved", reading.roots, complex(reading.root_sum))


def _is_known(one: Reading, other: Reading) -> bool:
    """Tell whether the values of two entries decide if they may agree."""
    shapes = {one.shape, other.shape}
    if "solved" in shapes:
        return shapes == {"solved"}
    return shapes not in ({"equation"}, {"relation"}) and None not in {one.size, other.size}


def _vague_links(shaped: Sequence[tuple[Spelling, Reading]]) -> Iterator[Link]:
    """Pairs that may be equivalent, and whose values do not tell."""
    vague = [
        item
        for item in shaped
        if item[1].shape in {"opaque", "equation", "relation"} or item[1].size is None
    ]
    seen: set[frozenset[str]] = set()
    for one, reading in vague:
        for other, other_reading in shaped:
            pair = frozenset((one.key, other.key))
            if len(pair) == 1 or pair in seen or not _is_vague(reading, other_reading):
                continue
            seen.add(pair)
            if may_agree(reading, other_reading) and judge_spelling(one, other) is None:
                yield (one, other) if one.key < other.key else (other, one)


def _is_vague(one: Reading, other: Reading) -> bool:
    if one.shape == other.shape and one.shape in {"equation", "relation"}:
        return one.roots is None or other.roots is None
    return one.size is None or other.size is None

"""Equivalence: which of a problem's answers are one answer in different words.

Two answers are equivalent when their spellings or their readings say so; classes are the unions of
equivalent answers. Equal answers have weights that are close, so that only neighbours in weight are
compared.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Final

from scipy.cluster.hierarchy import DisjointSet

from svlaw.data.grading.judgements import Judgements
from svlaw.data.grading.meanings import Alternative, Reading, scalar
from svlaw.data.grading.numbers import Number, is_within, quantity, same_number, slack
from svlaw.data.grading.sameness import agree, weights
from svlaw.data.grading.spellings import Spelling, judge_spelling
from svlaw.data.grading.values import to_value

Link = tuple[Spelling, Spelling]
"""Two answers that are, or may be, equivalent."""

_REACH: Final = 3e-5
_LARGEST: Final = 1e300


def to_read(answers: Iterable[Spelling]) -> list[str]:
    """Texts of the answers whose spelling does not say all that they may mean.

    A plain number says it all, unless its unit may be a variable: `2 m`.
    """
    return [
        answer.text for answer in answers if answer.number is None or answer.number.unit is not None
    ]


def needs_reading(answers: Sequence[Spelling]) -> bool:
    """Tell whether grouping answers takes more than their spellings."""
    plain = all(answer.number is not None or answer.is_word for answer in answers)
    return len(answers) > 1 and not plain


def group(answers: Sequence[Spelling], judgements: Judgements) -> "DisjointSet[str]":
    """Group a problem's answers, one per key; those in `to_read` have been read.

    An answer that ran out of time stays apart.
    """
    groups = DisjointSet(answer.key for answer in answers)
    for one, other in number_links(answers):
        groups.merge(one.key, other.key)
    if not needs_reading(answers):
        return groups
    readings = {answer.key: readings_of(answer, judgements) for answer in answers}
    for one, other in _neighbours(answers, readings):
        if groups.connected(one.key, other.key) or judge_spelling(one, other) is not None:
            continue
        if agree(readings[one.key], readings[other.key]):
            groups.merge(one.key, other.key)
    return groups


def readings_of(answer: Spelling, judgements: Judgements) -> Reading:
    """What an answer may mean: several things for a percentage, nothing when time ran out."""
    if answer.number is None:
        return judgements.reading(answer.text) or ()
    number = answer.number
    read = judgements.reading(answer.text) if number.unit is not None else None
    return (*number_reading(number), *(read or ()))


def number_reading(number: Number) -> Reading:
    """What a plain number may mean; its unit, base or percent sign is a remark."""
    if number.unit is not None:
        remarks = [number.unit.remark]
    elif number.based is not None:
        remarks = ["base"]
    else:
        remarks = ["", "%"] if number.percent else [""]
    found = [
        Alternative(scalar(to_value(reading.value, slack(reading))), remark)
        for reading, remark in zip(number.readings, remarks, strict=True)
    ]
    if number.based is not None:
        found.append(Alternative(scalar(to_value(Fraction(number.based)))))
    return tuple(found)


def _neighbours(answers: Sequence[Spelling], readings: dict[str, Reading]) -> Iterator[Link]:
    """Pairs of answers with alternatives of about one weight."""
    entries = sorted(
        (kind, weight, answer.key, place)
        for place, answer in enumerate(answers)
        for kind, weight in weights(readings[answer.key])
    )
    for start, (kind, weight, _, place) in enumerate(entries):
        limit = weight + _REACH * min(weight, _LARGEST)
        for other_kind, other_weight, _, other in entries[start + 1 :]:
            if other_kind != kind or other_weight > limit:
                break
            if other != place:
                yield answers[place], answers[other]


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

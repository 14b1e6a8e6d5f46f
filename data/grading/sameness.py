"""Sameness: whether two readings say the same."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from svlaw.data.grading.answer_evaluation import PLACES
from svlaw.data.grading.meanings import Meaning, Reading
from svlaw.data.grading.segments import segments_of
from svlaw.data.grading.values import EXACT, Value, is_same_value, size

_POSITIVE: Final = 2
_NEARLY: Final = Decimal("1e-30")
_APART: Final = 1e-4
_LARGEST: Final = Decimal("1e290")


def agree(answer: Reading, reference: Reading) -> bool:
    """Tell whether an answer may mean what its reference may mean."""
    return any(
        (not a.remark or not r.remark or a.remark == r.remark) and same(a.meaning, r.meaning)
        for a in answer
        for r in reference
    )


def same(one: Meaning, other: Meaning) -> bool:  # noqa: PLR0911
    """Tell whether two meanings are the same; the order is of no account.

    An equation with a name on its left (`x = 5`, `f(x) = x^2`) is its right-hand side where the
    other is no equation. Two equations are the same when one is a multiple of the other.
    """
    if "equation" in (one.kind, other.kind):
        return _same_equations(one, other)
    if "text" in (one.kind, other.kind):
        return one.kind == other.kind and one.mark == other.mark
    if "relation" in (one.kind, other.kind):
        return _same_relations(one, other)
    if one.kind == other.kind == "scalar":
        return same_values(one.values, other.values)
    if "matrix" in (one.kind, other.kind):
        return _same_matrices(one, other)
    if "union" in (one.kind, other.kind):
        return _same_unions(one, other)
    if "interval" in (one.kind, other.kind):
        return _same_intervals(one, other)
    if "scalar" in (one.kind, other.kind):
        return _alone(one, other)
    return _same_collections(one, other)


def same_values(one: Sequence[Value], other: Sequence[Value]) -> bool:
    """Tell whether two scalars have the same values.

    At the last places, where variables may be negative, values count where both are real: so that
    the root of 1/n is 1 over the root of n, and |x| is not x.
    """
    if len(one) != len(other):
        if len(one) > 1 and len(other) > 1:
            return False
        # a constant may be spelled with variables that cancel
        one, other = (
            values if len(values) > 1 else tuple(values) * PLACES for values in (one, other)
        )
    return all(
        is_same_value(a, b)
        for place, (a, b) in enumerate(zip(one, other, strict=True))
        if place < _POSITIVE or (_is_real(a) and _is_real(b))
    )


def are_proportional(one: Sequence[Value], other: Sequence[Value], *, positive: bool) -> bool:
    """Tell whether values are those of another formula, times a number other than zero."""
    if len(one) != len(other) or not one:
        return False
    pairs = [
        (a, b)
        for place, (a, b) in enumerate(zip(one, other, strict=True))
        if place < _POSITIVE or (_is_real(a) and _is_real(b))
    ]
    first = next(((a, b) for a, b in pairs if _is_nonzero(a) and _is_nonzero(b)), None)
    if first is None or (positive and (first[0].re < 0) != (first[1].re < 0)):
        return False
    if len(one) == 1:
        return is_same_value(*first)
    return all(_is_nearly(_times(a, first[1]), _times(b, first[0])) for a, b in pairs)


def _same_equations(one: Meaning, other: Meaning) -> bool:
    if one.kind != "equation":
        one, other = other, one
    if other.kind != "equation":
        return bool(one.mark) and same(one.parts[0], other)
    if one.mark and one.mark == other.mark and same(one.parts[0], other.parts[0]):
        return True
    return are_proportional(one.values, other.values, positive=False)


def _same_relations(one: Meaning, other: Meaning) -> bool:
    if one.kind != "relation":
        one, other = other, one
    if other.kind == "relation":
        # a relation in x is none in y, even if their solutions are alike
        proportional = are_proportional(one.values, other.values, positive=one.mark != "!=")
        chains = not one.values and bool(one.parts) and _in_order(one.parts, other.parts)
        return one.mark == other.mark and (proportional or chains)
    return bool(one.parts) and other.kind != "scalar" and same(one.parts[0], other)


def _same_matrices(one: Meaning, other: Meaning) -> bool:
    if one.kind == other.kind:
        return one.mark == other.mark and _in_order(one.parts, other.parts)
    if one.kind != "matrix":
        one, other = other, one
    vector = one.mark.startswith("1x") or one.mark.endswith("x1")
    if other.kind == "scalar":
        return one.mark == "1x1" and same(one.parts[0], other)
    if other.kind == "tuple" or (other.kind == "interval" and other.mark == "()"):
        return vector and _in_order(one.parts, other.parts)
    return False


def _same_unions(one: Meaning, other: Meaning) -> bool:
    a, b = segments_of(one), segments_of(other)
    if a is None or b is None:
        parts = {one.kind, other.kind} <= {"union", "list"}
        return parts and _in_any_order(one.parts, other.parts)
    return len(a) == len(b) and all(
        x.open_start == y.open_start
        and x.open_end == y.open_end
        and is_same_value(x.start, y.start)
        and is_same_value(x.end, y.end)
        for x, y in zip(a, b, strict=True)
    )


def _same_intervals(one: Meaning, other: Meaning) -> bool:
    if one.kind == other.kind:
        return one.mark == other.mark and _in_order(one.parts, other.parts)
    if one.kind != "interval":
        one, other = other, one
    return (
        one.mark == "()" and other.kind in {"tuple", "list"} and _in_order(one.parts, other.parts)
    )


def _alone(one: Meaning, other: Meaning) -> bool:
    """A set of one element is that element."""
    if one.kind != "scalar":
        one, other = other, one
    if other.kind == "set":
        return bool(other.parts) and all(same(one, part) for part in other.parts)
    return len(other.parts) == 1 and same(one, other.parts[0])


def _same_collections(one: Meaning, other: Meaning) -> bool:
    if "tuple" in (one.kind, other.kind):
        return "set" not in (one.kind, other.kind) and _in_order(one.parts, other.parts)
    a: Sequence[Meaning] = one.parts
    b: Sequence[Meaning] = other.parts
    if "set" in (one.kind, other.kind):
        a, b = _distinct(a), _distinct(b)
    return _in_any_order(a, b)


def _in_order(one: Sequence[Meaning], other: Sequence[Meaning]) -> bool:
    return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))


def _in_any_order(one: Sequence[Meaning], other: Sequence[Meaning]) -> bool:
    if len(one) != len(other):
        return False
    left = list(other)
    for a in one:
        place = next((place for place, b in enumerate(left) if same(a, b)), None)
        if place is None:
            return False
        del left[place]
    return True


def _distinct(parts: Sequence[Meaning]) -> list[Meaning]:
    found: list[Meaning] = []
    for part in parts:
        if not any(same(part, other) for other in found):
            found.append(part)
    return found


def _is_real(value: Value) -> bool:
    return not value.re.is_nan() and value.im.copy_abs() <= EXACT.multiply(
        _NEARLY, value.re.copy_abs()
    )


def _is_nonzero(value: Value) -> bool:
    return value.re.is_finite() and bool(value.re or value.im)


def _times(one: Value, other: Value) -> tuple[Decimal, Decimal]:
    multiply, plus, minus = EXACT.multiply, EXACT.add, EXACT.subtract
    return (
        minus(multiply(one.re, other.re), multiply(one.im, other.im)),
        plus(multiply(one.re, other.im), multiply(one.im, other.re)),
    )


def _is_nearly(one: tuple[Decimal, Decimal], other: tuple[Decimal, Decimal]) -> bool:
    largest = max(number.copy_abs() for number in (*one, *other))
    if not largest.is_finite():
        return False
    return all(
        EXACT.subtract(a, b).copy_abs() <= EXACT.multiply(_NEARLY, largest)
        for a, b in zip(one, other, strict=True)
    )


def weights(reading: Reading) -> Iterator[tuple[str, float]]:
    """Numbers by kind of which one is close for readings that agree; none for texts."""
    found: dict[tuple[str, float], None] = {}
    for alternative in reading:
        meaning = alternative.meaning
        if meaning.kind == "text":
            continue
        found.setdefault(("value", _weight(meaning)))
        if meaning.kind in {"equation", "relation"} and len(meaning.values) > 1:
            first, second = meaning.values[:2]
            if _is_nonzero(first) and size(second).is_finite():
                found.setdefault(("ratio", _limited(EXACT.divide(size(second), size(first)))))
    return iter(found)


def _weight(meaning: Meaning) -> float:
    """The sum of the sizes of the distinct values in a meaning."""
    found = sorted(_leaves(meaning))
    return sum(
        leaf
        for place, leaf in enumerate(found)
        if not place or leaf - found[place - 1] > _APART * leaf
    )


def _leaves(meaning: Meaning) -> list[float]:
    if meaning.kind == "scalar":
        value = meaning.values[0]
        return [
            0.0
            if not size(value).is_finite()
            else _limited(EXACT.add(value.re.copy_abs(), value.im.copy_abs()))
        ]
    return [leaf for part in meaning.parts for leaf in _leaves(part)]


def _limited(number: Decimal) -> float:
    return float(min(number, _LARGEST))

"""Values: numbers to forty-five digits, and when two of them are the same."""

import hashlib
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from fractions import Fraction
from typing import Any, Final

SHOWN: Final = 45
"""Digits of a value that is no fraction."""

EXACT: Final = Context(prec=SHOWN, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
"""Decimal arithmetic to forty-five digits, of whatever size."""

_SAME: Final = Decimal("1e-35")
_STRICTLY: Final = Decimal("0.999999")
_LONGEST_FRACTION: Final = 2_000
_LONGEST_DIGEST: Final = 40


class FormulaError(ValueError):
    """A text is no formula that can be read, or has no value."""


class HeavyFormulaError(FormulaError):
    """A sum, an integral or a limit, which needs algebra."""


@dataclass(frozen=True)
class Value:
    """What a formula is worth at one place.

    Attributes:
        re: Real part.
        im: Imaginary part.
        slack: How far another value may be, because a decimal stands for an unending one.
        exact: A digest of the fraction that it is; empty where it is none.
    """

    re: Decimal
    im: Decimal = Decimal(0)
    slack: Decimal = Decimal(0)
    exact: str = ""


UNDEFINED: Final = Value(Decimal("NaN"))
"""In place of a value where a formula has none."""


def is_same_value(one: Value, other: Value) -> bool:
    """Tell whether two values are the same, or one is a decimal that stands for the other."""
    if one.exact and other.exact and one.exact == other.exact:
        return True
    if not (one.re.is_finite() and other.re.is_finite()):
        return one.re == other.re and one.im == other.im
    apart = distance(one, other)
    slack = max(one.slack, other.slack)
    if slack and apart < EXACT.multiply(slack, _STRICTLY):
        return True
    if one.exact and other.exact:
        return False
    return apart <= EXACT.multiply(_SAME, max(size(one), size(other)))


def size(value: Value) -> Decimal:
    """The larger of the sizes of the parts of a value."""
    return max(value.re.copy_abs(), value.im.copy_abs())


def distance(one: Value, other: Value) -> Decimal:
    """The larger of the distances of the parts of two values."""
    return max(
        EXACT.subtract(one.re, other.re).copy_abs(), EXACT.subtract(one.im, other.im).copy_abs()
    )


def to_value(number: Any, slack: Any = 0) -> Value:
    """Bring a fraction, or a number of mpmath or sympy, to decimals."""
    mp = mpmath_context()
    allowed = _decimal(slack) if slack else Decimal(0)
    if isinstance(number, Fraction):
        content = f"{number.numerator:x}/{number.denominator:x}"
        if len(content) > _LONGEST_DIGEST:
            content = hashlib.sha256(content.encode()).hexdigest()[:24]
        return Value(_decimal(number), Decimal(0), allowed, content)
    if mp.isnan(number):
        raise FormulaError("no number")
    return Value(_decimal(mp.re(number)), _decimal(mp.im(number)), allowed)


def _decimal(number: Any) -> Decimal:
    if isinstance(number, Fraction):
        if max(number.numerator.bit_length(), number.denominator.bit_length()) < _LONGEST_FRACTION:
            return EXACT.divide(Decimal(number.numerator), Decimal(number.denominator))
        number = to_mp(number)
    mp = mpmath_context()
    if mp.isinf(number):
        return Decimal("Infinity" if number > 0 else "-Infinity")
    if not number:
        return Decimal(0)
    return EXACT.create_decimal(mp.nstr(number, SHOWN))


def mpmath_context() -> Any:
    """The context of mpmath that works out numbers."""
    import mpmath  # type: ignore[import-untyped]  # noqa: PLC0415  0.1 s that only algebra needs

    return mpmath.mp


def to_mp(number: Any) -> Any:
    """A fraction as a number of mpmath; other numbers as they are."""
    mp = mpmath_context()
    if isinstance(number, Fraction):
        return mp.mpf(number.numerator) / number.denominator
    return number

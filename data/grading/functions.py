"""Functions of numbers: exact where a fraction has a fraction for its value, else by mpmath."""

import math
from fractions import Fraction
from typing import Any, Final

_LARGEST_BITS: Final = 40_000
_LARGEST_FACTORIAL: Final = 5_000

_OWN: Final = "sin cos tan cot sec csc sinh cosh tanh coth sech csch exp ln floor cbrt"
_ARC: Final = "sin cos tan cot sec csc sinh cosh tanh"
_AREA: Final = "sinh cosh tanh"

MPMATH_NAMES: Final[dict[str, str]] = {
    **{name: name for name in _OWN.split()},
    **{f"arc{name}": f"a{name}" for name in _ARC.split()},
    **{f"ar{name}": f"a{name}" for name in _AREA.split()},
    "ceil": "ceil",
    "factorial": "factorial",
    "binom": "binomial",
    "Re": "re",
    "Im": "im",
    "arg": "arg",
    "sgn": "sign",
}
"""Names that mpmath has for functions."""


def exact_power(base: Fraction, exponent: Fraction) -> Fraction | None:
    """A power of fractions that is a fraction of moderate length; None when it is none."""
    if exponent.denominator == 1:
        bits = max(base.numerator.bit_length(), base.denominator.bit_length())
        if abs(exponent.numerator) * bits <= _LARGEST_BITS or base in {0, 1, -1}:
            if base in {1, -1}:
                return base if exponent.numerator % 2 else Fraction(1)
            return base**exponent.numerator
        return None
    if base < 0 or exponent.denominator > 20 or base.numerator.bit_length() > 1_000:
        return None
    above, below = (
        _exact_root(part, exponent.denominator) for part in (base.numerator, base.denominator)
    )
    if above is None or below is None:
        return None
    return exact_power(Fraction(above, below), Fraction(exponent.numerator))


def _exact_root(number: int, degree: int) -> int | None:
    if degree == 2:
        root = math.isqrt(number)
        return root if root * root == number else None
    if number.bit_length() > 500:
        return None
    guess = round(number ** (1 / degree))
    return next((n for n in (guess - 1, guess, guess + 1) if n >= 0 and n**degree == number), None)


def exact_function(name: str, values: list[Any]) -> Fraction | None:  # noqa: PLR0911
    """The functions of fractions whose values are fractions."""
    if not all(isinstance(value, Fraction) for value in values):
        return None
    first: Fraction = values[0]
    if name == "abs":
        return abs(first)
    if name in {"floor", "ceil"}:
        return Fraction(math.floor(first) if name == "floor" else math.ceil(first))
    if name in {"max", "min"}:
        largest: Fraction = max(values) if name == "max" else min(values)
        return largest
    if any(value.denominator != 1 for value in values):
        return None
    whole = [value.numerator for value in values]
    if name == "factorial" and 0 <= whole[0] <= _LARGEST_FACTORIAL:
        return Fraction(math.factorial(whole[0]))
    if name == "binom" and whole[1] >= 0 and 0 <= whole[0] <= _LARGEST_FACTORIAL:
        return Fraction(math.comb(*whole))
    if name in {"gcd", "lcm"}:
        return Fraction((math.gcd if name == "gcd" else math.lcm)(*whole))
    return _exact_log(whole) if name == "log" else None


def _exact_log(whole: list[int]) -> Fraction | None:
    number, base = whole
    if base < 2 or number < 1 or number.bit_length() > 2_000:
        return None
    power = 0
    while number % base == 0:
        number //= base
        power += 1
    return Fraction(power) if number == 1 else None

"""Numbers in few digits, as people write them."""

from decimal import ROUND_CEILING, Context, Decimal
from typing import Final

_SMALLEST: Final = 1e-6


def significant(value: float, digits: int) -> str:
    """A number to some significant digits, with an exponent only where it is very small or large.

    For example 0.000042 rather than 4.2e-05, but 4.2e-7 and 2.4e15.
    """
    text = f"{value:.{digits}g}"
    mantissa, mark, power = text.partition("e")
    if not mark:
        return text
    if _SMALLEST <= abs(float(text)) < 1:
        return f"{Decimal(text):f}"
    return f"{mantissa}e{int(power)}"


def amount(value: float) -> str:
    """A budget to three or four digits: 8,256, 4.91, 0.000042, 2.4e15."""
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else significant(value, 3)


def rounded_up(value: float, digits: int) -> float:
    """The next number of some significant digits, so that what is enough stays enough."""
    return float(Context(prec=digits, rounding=ROUND_CEILING).create_decimal_from_float(value))


def counted(count: int, noun: str) -> str:
    """How many there are of something, such as 1 problem or 1,024 problems."""
    return f"{count:,} {noun}{'s' * (count != 1)}"

r"""Plain numbers: read exactly from an answer, compared exactly, found as the last one of a text.

A plain number is a whole number, a decimal, a fraction, a mixed number, or a power of two whole
numbers, maybe in scientific notation, in another base, with a percent sign, or with a unit.
Comparing two of them needs no algebra.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Final

from svlaw.data.grading.answers import normalize_answer
from svlaw.data.grading.notation import plain_signs, tidy
from svlaw.data.grading.units import DEGREE, Unit, currency, split_unit

ENOUGH_DIGITS: Final = 6
"""Significant digits from which a decimal may stand for an unending one."""

_LONGEST: Final = 4_000
_LARGEST_EXPONENT: Final = 300
_LONGEST_BASE: Final = 9

_DECIMAL: Final = r"(?:\d+(?:\.\d*)?|\.\d+)"
_EXPONENT: Final = r"(?:\{([+-]?\d+)\}|([+-]?\d+))"
_END: Final = r"(%|percent(?:age)?)?"
_SCIENTIFIC: Final = re.compile(
    rf"([+-]?)({_DECIMAL})(?:(?:\\times|\\cdot|\\ast|[*·×])10\^{_EXPONENT}|[eE]([+-]?\d+))?{_END}"
)
_POWER: Final = re.compile(rf"([+-]?)(\d+)\^{_EXPONENT}")
_SLASH: Final = re.compile(rf"([+-]?)({_DECIMAL})/([+-]?)({_DECIMAL}){_END}")
_FRAC: Final = re.compile(rf"([+-]?)\\frac\{{([+-]?)({_DECIMAL})\}}\{{([+-]?)({_DECIMAL})\}}{_END}")
_BASED: Final = re.compile(r"([+-]?)(\d+)_(?:\{(\d\d?)\}|(\d))")
_REPEATING: Final = re.compile(r"([+-]?)(\d+)\.(\d*)(?:\\overline|\\bar|\\dot)\{?(\d+)\}?")
_MIXED: Final = re.compile(r"([+-]?)(\d+)(?:\\frac\{(\d+)\}\{(\d+)\}| (\d+)/(\d+))")

_WRITTEN: Final = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+"
_IN_TEXT: Final = re.compile(
    r"(?:(?<![\w)\]}.])[-+\u2212])?(?:"
    r"\\[dtc]?frac\{[-+]?\d+(?:\.\d+)?\}\{\d+(?:\.\d+)?\}"
    r"|(?<![\w/.])\d+/\d+(?![\w/])"
    rf"|(?<![\w.])(?:{_WRITTEN})"
    r"(?:\s*(?:\\times|\\cdot|[*·×])\s*10\^(?:\{[-+]?\d+\}|[-+]?\d+)|[eE][-+]?\d+(?!\w)|\^\{?\d+\}?)?"
    r"(?:\\?%)?)"
)
_WORDS: Final = re.compile(r"\\(?:text\w*|math(?:rm|bf|it)|mbox)\s*\{([^{}]*)\}")
_ORDINAL: Final = re.compile(
    r"(\d)\s*(?:\^\s*)?\{?\s*(?:\\(?:text\w*|math(?:rm|it)|mbox)\s*\{\s*)?(?:st|nd|rd|th)"
    r"(?![A-Za-z])\s*(?:\}\s*\}|\})?"
)
_SPACED: Final = re.compile(r"(?<![\d.,/])\d{1,3}(?: \d{3})+(?![\d/])")
_TIMES_X: Final = re.compile(r"(?<=\d)\s*[xX]\s*(?=10\s*\^)")
_COMPOUND: Final = re.compile(r"(\d+\s*[^\d,;]*?[A-Za-z}.])\s*(?:,?\s*and\b|,)?\s*(\d+\s*[^\d,;]*)")
_SPELLED: Final = {
    **{
        word: value
        for value, word in enumerate(
            [
                "zero",
                "one",
                "two",
                "three",
                "four",
                "five",
                "six",
                "seven",
                "eight",
                "nine",
                "ten",
                "eleven",
                "twelve",
                "thirteen",
                "fourteen",
                "fifteen",
                "sixteen",
                "seventeen",
                "eighteen",
                "nineteen",
            ]
        )
    },
    **{
        word: 10 * value
        for value, word in enumerate(
            [
                "twenty",
                "thirty",
                "forty",
                "fifty",
                "sixty",
                "seventy",
                "eighty",
                "ninety",
                "hundred",
            ],
            2,
        )
    },
}
_LEAD: Final = re.compile(
    r"(?:\\text\s*\{\s*)?(?:the|about|approximately|approx\.?|roughly|around|exactly|only|\\approx|\\sim|~)"
    r"\s*\}?\s*(?=[\d.\\$-])",
    re.IGNORECASE,
)
_SIGN_BEHIND: Final = re.compile(r"^(\d[\d.,]*)\s*([€£¥])$")
_ZEROS: Final = re.compile(r"\.\d*[1-9](0+)(?!\d)")
_DEGREES: Final = re.compile(r"\^\s*(?:\{\s*\\circ\s*\}|\\circ)\s*\}*$")
_ROUGHLY: Final = re.compile(r"\\(?:approx|sim|simeq|quad|[,;:! $%])|\^\s*\{?\s*\\circ\s*\}?")


@dataclass(frozen=True)
class Number:
    """A plain number as it was written.

    Attributes:
        value: What it is, without its percent sign.
        decimals: Digits behind the point; None when it was not written as a decimal.
        digits: Significant digits of a decimal.
        percent: Whether a percent sign follows.
        unit: Its unit, where it is a known one.
        based: The value of its digits in the base that it names; `value` takes them as decimal.
    """

    value: Fraction
    decimals: int | None = None
    digits: int = 0
    percent: bool = False
    unit: Unit | None = None
    based: int | None = None

    @property
    def readings(self) -> tuple["Number", ...]:
        """What it may stand for: a percentage is a share, or counts in percent as its question.

        Units, and a base, are left to the question as well.
        """
        if not self.percent:
            return (Number(self.value, self.decimals, self.digits),)
        decimals = None if self.decimals is None else self.decimals + 2
        share = Number(self.value / 100, decimals, self.digits)
        return (share, Number(self.value, self.decimals, self.digits))


@lru_cache(maxsize=65536)
def read_number(answer: str) -> Number | None:  # noqa: PLR0911
    r"""Read an answer that is a plain number; None when it is anything else.

    Args:
        answer: The answer as written: `-1{,}234.5`, `\frac{3}{-4}`, `2 1/3`, `1.2\times10^{3}`,
            `50\%`, `5^{th}`, `fifteen`. Thousands commas, `$` and white space are looked through.
    """
    if len(answer) > _LONGEST:
        return None
    text = plain_signs(tidy(answer))
    word = _number_word(text)
    if word is not None:
        return Number(Fraction(word))
    if not any(character.isdecimal() for character in text):
        return None
    text = _LEAD.sub("", _SIGN_BEHIND.sub(r"\2\1", text))
    sum_of_units = _compound(text)
    if sum_of_units is not None:
        return sum_of_units
    text = _TIMES_X.sub(r"\\times ", _SPACED.sub(_without_spaces, _ORDINAL.sub(r"\1 ", text)))
    if not text.count("{") - text.count("}"):
        text = text.removesuffix(")") if not re.search(r"[(\[]", text) else text
    else:
        text += "}" * (text.count("{") - text.count("}"))
    unit = currency(text) or currency(answer)
    key = normalize_answer(text).lstrip("€£¥") if unit else normalize_answer(text)
    number = _with_zeros(_read(key), text)
    if number is not None:
        if unit is None and not number.percent and _DEGREES.search(text):
            unit = DEGREE
        return replace(number, unit=unit)
    parts = split_unit(text)
    if parts is None:
        return None
    key = normalize_answer(parts[0]).lstrip("€£¥")
    number = _read(key)
    return replace(number, unit=unit or parts[1]) if number and not number.percent else None


def _with_zeros(number: Number | None, text: str) -> Number | None:
    """A decimal with the zeros at its end, which say how exact it is."""
    zeros = _ZEROS.search(text)
    if number is None or number.decimals is None or zeros is None:
        return number
    more = len(zeros.group(1))
    return replace(number, decimals=number.decimals + more, digits=number.digits + more)


def _compound(text: str) -> Number | None:
    """Two numbers with units of one dimension: 5 hours and 30 minutes."""
    match = _COMPOUND.fullmatch(text)
    if match is None:
        return None
    first, second = (read_number(part) for part in match.groups())
    if first is None or second is None or first.unit is None or second.unit is None:
        return None
    if first.unit.dimension != second.unit.dimension or first.unit.factor <= second.unit.factor:
        return None
    return Number(
        first.value + second.value * second.unit.factor / first.unit.factor, unit=first.unit
    )


def _without_spaces(match: re.Match[str]) -> str:
    return match.group().replace(" ", "")


def _number_word(text: str) -> int | None:
    """The number that one or two words spell, up to a hundred."""
    content = _WORDS.fullmatch(text)
    words = (content.group(1) if content else text).strip().lower().replace("-", " ").split()
    values = [_SPELLED.get(word) for word in words]
    if len(values) == 1:
        return values[0]
    if len(values) == 2 and None not in values:
        tens, ones = values
        if tens is not None and ones is not None and tens >= 20 and tens < 100 and 0 < ones < 10:
            return tens + ones
    return None


def same_number(one: Number, other: Number) -> bool:
    """Tell whether two plain numbers are the same number.

    They are when their values are equal, or when a decimal of six or more significant digits is
    within one unit in its last place of the other: 0.333333 is a third, 0.33 is not. What only one
    of them states is the question's: a unit, a base, a percent sign (50% is 0.5, or 50 where the
    question asks for percent). Where both state it, it counts: 500 cm is 5 m, 101_2 is 12_3.
    """
    if one.percent and other.percent:
        return one.value == other.value
    if one.unit and other.unit:
        return quantity(one) == quantity(other)
    if one.based is not None and other.based is not None:
        return one.based == other.based
    return any(_same(a, b) for a in one.readings for b in other.readings)


def quantity(number: Number) -> tuple[str, Fraction] | None:
    """A number with a unit, in the basic unit of its dimension; None without a unit."""
    unit = number.unit
    return None if unit is None else (unit.dimension, number.value * unit.factor)


def is_within(one: Number, other: Number, tolerance: float) -> bool:
    """Tell whether a number is within a relative tolerance of another, percent signs aside."""
    slack = Fraction(tolerance)
    return any(
        abs(a.value - b.value) <= slack * abs(b.value) for a in one.readings for b in other.readings
    )


def slack(number: Number) -> Fraction:
    """How far a decimal may be from the number that it stands for; 0 when it is exact."""
    if number.decimals is None or number.digits < ENOUGH_DIGITS:
        return Fraction(0)
    return Fraction(1, 10**number.decimals)


def last_number(text: str) -> str | None:
    """Find the last number in a text, as it is written there; None when there is none."""
    last = None
    for match in _numbers(text):
        last = match
    return last


def only_number(answer: str) -> Number | None:
    """Read the number in an answer that holds exactly one, among words: "about 42 km".

    None when there are several, or a formula around it, whose value would not be that number.
    """
    text = _ROUGHLY.sub(" ", _WORDS.sub(r" \1 ", answer))
    if "^" in text or "\\" in text or "/" in text or "sqrt" in text:
        return None
    found = list(_numbers(text))
    return read_number(found[0]) if len(found) == 1 else None


def _numbers(text: str) -> Iterator[str]:
    return (match.group() for match in _IN_TEXT.finditer(text))


def _same(one: Number, other: Number) -> bool:
    difference = abs(one.value - other.value)
    if difference == 0:
        return True
    coarse = min((one, other), key=_places)
    return difference < slack(coarse)


def _places(number: Number) -> float:
    return float("inf") if number.decimals is None else number.decimals


def _read(key: str) -> Number | None:
    for pattern, make in _FORMS:
        match = pattern.fullmatch(key)
        if match:
            try:
                return make(*match.groups())
            except (ValueError, ZeroDivisionError):
                return None
    return None


def _scientific(sign: str, digits: str, *rest: str | None) -> Number:
    *exponents, end = rest
    return _decimal(sign, digits, _exponent(exponents), bool(end))


def _power(sign: str, base: str, *exponents: str | None) -> Number:
    if len(base) > _LONGEST_BASE:
        raise ValueError("left to algebra")
    return Number(_signed(Fraction(int(base)) ** _exponent(exponents), sign))


def _mixed(sign: str, whole: str, *parts: str | None) -> Number:
    top, bottom = (int(part) for part in parts if part is not None)
    return Number(_signed(int(whole) + Fraction(top, bottom), sign))


def _slash(sign: str, top: str, sign_below: str, bottom: str, end: str | None) -> Number:
    return _frac(sign, "", top, sign_below, bottom, end)


def _frac(
    sign: str, sign_above: str, top: str, sign_below: str, bottom: str, end: str | None
) -> Number:
    value = Fraction(_digits(top)) / Fraction(_digits(bottom))
    return Number(_signed(value, sign, sign_above, sign_below), percent=bool(end))


def _repeating(sign: str, whole: str, fixed: str, period: str) -> Number:
    tail = Fraction(int(period), (10 ** len(period) - 1) * 10 ** len(fixed))
    return Number(_signed(Fraction(f"{whole}.{fixed}0") + tail, sign))


def _based(sign: str, digits: str, *base: str | None) -> Number:
    """A number in another base; a ValueError for a digit that the base does not have."""
    value = int(digits, next(int(part) for part in base if part))
    return Number(_signed(Fraction(int(digits)), sign), based=int(_signed(Fraction(value), sign)))


_FORMS: Final[tuple[tuple[re.Pattern[str], Callable[..., Number]], ...]] = (
    (_SCIENTIFIC, _scientific),
    (_POWER, _power),
    (_SLASH, _slash),
    (_FRAC, _frac),
    (_MIXED, _mixed),
    (_BASED, _based),
    (_REPEATING, _repeating),
)


def _decimal(sign: str, digits: str, exponent: int, percent: bool) -> Number:
    value = _signed(Fraction(_digits(digits)) * Fraction(10) ** exponent, sign)
    whole, point, behind = digits.partition(".")
    if not point or exponent or not behind.strip("0"):
        return Number(value, percent=percent)
    significant = len((whole + behind).lstrip("0"))
    return Number(value, len(behind), significant, percent)


def _digits(text: str) -> str:
    return f"0{text}0" if text.endswith(".") else f"0{text}"


def _exponent(groups: Sequence[str | None]) -> int:
    """The exponent written in one of the groups, 0 when none is; a large one is left to algebra."""
    written = next((group for group in groups if group), "0")
    if len(written) > 5 or abs(int(written)) > _LARGEST_EXPONENT:
        raise ValueError("left to algebra")
    return int(written)


def _signed(value: Fraction, *signs: str) -> Fraction:
    return -value if sum(sign == "-" for sign in signs) % 2 else value

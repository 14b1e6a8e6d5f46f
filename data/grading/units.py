"""Units: what a number counts, so that 500 cm is 5 m, and 5 cm is not."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final


@dataclass(frozen=True)
class Unit:
    """A unit of measurement or a currency.

    Attributes:
        dimension: What it measures; units of different dimensions cannot be compared.
        factor: Its size in the basic unit of the dimension.
    """

    dimension: str
    factor: Fraction


_NAMES: Final = {
    "length": {
        "1/1000": "mm millimeter millimetre",
        "1/100": "cm centimeter centimetre",
        "1": "m meter metre",
        "1000": "km kilometer kilometre",
        "0.0254": "in inch inches",
        "0.3048": "ft foot feet",
        "0.9144": "yd yard",
        "1609.344": "mi mile",
    },
    "mass": {
        "1/1000": "mg milligram",
        "1": "g gram gm",
        "1000": "kg kilogram",
        "453.59237": "lb lbs pound",
        "28.349523125": "oz ounce",
    },
    "time": {
        "1/1000": "ms millisecond",
        "1": "s sec second",
        "60": "min minute",
        "3600": "h hr hour",
        "86400": "day",
        "604800": "week",
    },
    "volume": {"1/1000": "ml mL milliliter millilitre", "1": "l L liter litre"},
    "angle": {"1": "deg degree"},
    "dollars": {"1": "dollar USD", "1/100": "cent"},
    "euros": {"1": "euro EUR"},
    "sterling": {"1": "GBP"},
    "yen": {"1": "yen JPY"},
}
_SIGNS: Final = {"$": "dollar", "€": "euro", "£": "GBP", "¥": "yen"}
_POWERS: Final = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}
_UNITS: Final = {
    name: Unit(dimension, Fraction(factor))
    for dimension, names in _NAMES.items()
    for factor, words in names.items()
    for name in words.split()
}
_SUFFIX: Final = re.compile(
    r"(.*[\d}.])(square|sq|cubic|cu)?\.?([A-Za-z]+)\.?(?:\^\{?([23])\}?)?", re.DOTALL
)
_SIGN: Final = re.compile(r"(?:\\text\w*\s*\{\s*)?-?\s*(\\\$|[$€£¥])")
_DELIMITED: Final = re.compile(r"\$(.+)(?<!\\)\$|\\\((.+)\\\)", re.DOTALL)


def split_unit(key: str) -> tuple[str, Unit] | None:
    """Split a normalised answer into what stands before a known unit, and the unit."""
    match = _SUFFIX.fullmatch(key)
    if match is None:
        return None
    number, power_word, name, power = match.groups()
    unit = (
        _UNITS.get(name) or _UNITS.get(name.lower()) or _UNITS.get(name.lower().removesuffix("s"))
    )
    if unit is None:
        return None
    exponent = int(power) if power else _POWERS.get(power_word or "", 1)
    if exponent > 1:
        unit = Unit(f"{unit.dimension}^{exponent}", unit.factor**exponent)
    return number, unit


def currency(answer: str) -> Unit | None:
    r"""The currency that an answer begins with; a `$` that opens mathematics is none."""
    text = answer.strip()
    inside = _DELIMITED.fullmatch(text)
    if inside:
        text = (inside.group(1) or inside.group(2)).strip()
    sign = _SIGN.match(text)
    return _UNITS[_SIGNS[sign.group(1)[-1]]] if sign else None

"""Units: what a number counts, so that 500 cm is 5 m, and 5 cm is not."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final


@dataclass(frozen=True)
class Unit:
    """A unit of measurement, a currency, or what is counted.

    Attributes:
        dimension: What it measures; units of different dimensions cannot be compared.
        factor: Its size in the basic unit of the dimension.
    """

    dimension: str
    factor: Fraction

    @property
    def remark(self) -> str:
        """The unit as the remark of a reading."""
        return f"{self.dimension}*{self.factor}"


_NAMES: Final = {
    "length": {
        "1": "m meter metre",
        "1/100": "centimeter centimetre",
        "1/1000": "millimeter millimetre",
        "1000": "kilometer kilometre",
        "0.0254": "in inch inches",
        "0.3048": "ft foot feet",
        "0.9144": "yd yard",
        "1609.344": "mi mile",
        "9460730472580800": "ly lightyear",
        "149597870700": "AU",
        "30856775814913673": "pc parsec",
        "1/10000000000": "angstrom",
    },
    "mass": {
        "1": "g gram gm",
        "1/1000": "milligram",
        "1000": "kilogram",
        "453.59237": "lb lbs pound",
        "28.349523125": "oz ounce",
        "1000000": "ton tonne",
    },
    "time": {
        "1": "s sec second",
        "1/1000": "millisecond",
        "60": "min minute",
        "3600": "h hr hour",
        "86400": "day",
        "604800": "week",
        "31557600": "yr year",
        "2629800": "month",
    },
    "volume": {"1": "l L liter litre", "1/1000": "milliliter millilitre"},
    "angle": {"1": "deg degree"},
    "radian": {"1": "rad radian"},
    "dollars": {"1": "dollar USD", "1/100": "cent"},
    "euros": {"1": "euro EUR"},
    "sterling": {"1": "GBP"},
    "yen": {"1": "yen JPY"},
    "rupees": {"1": "rupee Rs INR"},
    "force": {"1": "N newton"},
    "energy": {"1": "J joule", "4.184": "cal calorie", "0.0000000000000000001602176634": "eV"},
    "power": {"1": "W watt"},
    "voltage": {"1": "V volt"},
    "current": {"1": "A amp ampere"},
    "temperature": {"1": "K kelvin"},
    "celsius": {"1": "celsius"},
    "fahrenheit": {"1": "fahrenheit"},
    "pressure": {"1": "Pa pascal", "101325": "atm", "100000": "bar"},
    "frequency": {"1": "Hz hertz", "1/60": "rpm"},
    "amount": {"1": "mol mole"},
    "charge": {"1": "C coulomb"},
    "resistance": {"1": "Ω ohm"},
    "capacitance": {"1": "F farad"},
    "field": {"1": "T tesla", "1/10000": "gauss"},
    "speed": {"1397/3125": "mph", "5/18": "kmph kph kmh"},
    "data": {"1": "B byte", "1/8": "bit"},
}
_PREFIXES: Final = {
    "k": Fraction(1000), "c": Fraction(1, 100), "m": Fraction(1, 1000), "µ": Fraction(1, 10**6),
    "n": Fraction(1, 10**9), "p": Fraction(1, 10**12), "M": Fraction(10**6), "G": Fraction(10**9),
    "d": Fraction(1, 10), "T": Fraction(10**12),
}  # fmt: skip
_PREFIXED: Final = frozenset(
    [
        "m",
        "g",
        "s",
        "l",
        "L",
        "N",
        "J",
        "W",
        "V",
        "A",
        "Pa",
        "Hz",
        "mol",
        "eV",
        "cal",
        "C",
        "Ω",
        "F",
        "T",
        "B",
        "bit",
        "bar",
        "pc",
    ]
)
_BARE_LETTERS: Final = frozenset("mgshlL")
_SIGNS: Final = {"$": "dollar", "€": "euro", "£": "GBP", "¥": "yen"}
_POWERS: Final = {"square": 2, "sq": 2, "squared": 2, "cubic": 3, "cu": 3, "cubed": 3}
_UNITS: Final = {
    name: Unit(dimension, Fraction(factor))
    for dimension, names in _NAMES.items()
    for factor, words in names.items()
    for name in words.split()
}
DEGREE: Final = _UNITS["deg"]
"""What a degree sign states."""

_NO_NOUNS: Final = frozenset(
    [
        "and",
        "or",
        "for",
        "all",
        "if",
        "is",
        "are",
        "the",
        "not",
        "to",
        "with",
        "where",
        "when",
        "except",
        "than",
        "then",
        "but",
        "only",
        "any",
        "no",
        "every",
        "each",
        "such",
        "that",
        "real",
        "integer",
        "integers",
        "positive",
        "negative",
        "even",
        "odd",
        "solution",
        "solutions",
        "plus",
        "minus",
        "times",
        "mod",
        "sin",
        "cos",
        "tan",
        "cot",
        "sec",
        "csc",
        "log",
        "ln",
        "lg",
        "exp",
        "sqrt",
        "max",
        "min",
        "gcd",
        "lcm",
        "sinh",
        "cosh",
        "tanh",
        "lim",
        "det",
        "arg",
        "pi",
        "infinity",
        "because",
        "since",
        "which",
        "so",
        "as",
        "of",
        "true",
        "false",
    ]
)
_FONT: Final = r"\\(?:text(?:rm|bf|it|sf|normal)?|mathrm|mbox|operatorname|rm)"
_TAIL: Final = re.compile(
    rf"(?:{_FONT}\s*\{{(?:[^{{}}]|\{{[^{{}}]*\}})*\}}|[A-Za-zµΩ]+\.?|\\(?:mu|Omega|AA|degree)(?![a-zA-Z])"
    r"|\^\s*\{?\s*\\circ\s*\}?(?=\s*(?:\\|[CF]\b))|\^\s*(?:\{\s*-?\s*\d\s*\}|-?\d)"
    r"|\\cdot(?![a-zA-Z])|\\times(?=\s*\\)|\\[,;: ]|[\s~/*.-])+"
)
_START: Final = re.compile(r"(?<=[\d})\]!|])|(?<=\\pi)|(?<=\\infty)")
_FLAT: Final = (
    (re.compile(r"\^\s*\{?\s*\\circ\s*\}?\s*(?:\\[a-z]+\s*\{\s*)?C\b"), " celsius "),
    (re.compile(r"\^\s*\{?\s*\\circ\s*\}?\s*(?:\\[a-z]+\s*\{\s*)?F\b"), " fahrenheit "),
    (re.compile(r"\\mu(?![a-zA-Z])\s*|\\mu\s*\{\}|μ"), "µ"),
    (re.compile(r"\\Omega(?![a-zA-Z])"), "Ω"),
    (re.compile(r"\\AA(?![a-zA-Z])"), "angstrom"),
    (re.compile(rf"µ\s*{_FONT}\s*\{{\s*"), "µ"),
    (re.compile(rf"{_FONT}\s*(?=\{{)"), " "),
    (re.compile(r"\\(?:cdot|times|[,;: ])|[~*]"), " "),
    (re.compile(r"\^\s*\{\s*(-?)\s*(\d)\s*\}"), r"^\1\2"),
    (re.compile(r"[{}]"), " "),
)
_TOKEN: Final = re.compile(r"\s+|/|-|([A-Za-zµΩ]+)\.?|\^(-?\d)")
_UPRIGHT: Final = re.compile(_FONT)
_OPERATOR: Final = re.compile(r"\s*(?:\\times|\\cdot|[*/.^-])")
_VARIABLE: Final = re.compile(
    r"(?<![A-Za-z\\])[A-Za-z]|\\(?!pi|sqrt|frac|circ|cdot|times|pm)[a-z]+"
)
_SIGN: Final = re.compile(r"(?:\\text\w*\s*\{\s*)?-?\s*(\\\$|[$€£¥])")
_DELIMITED: Final = re.compile(r"\$(.+)(?<!\\)\$|\\\((.+)\\\)", re.DOTALL)
_MOST_NOUNS: Final = 3
_SHORTEST_NOUN: Final = 3


@lru_cache(maxsize=16384)
def split_unit(answer: str) -> tuple[str, Unit] | None:
    r"""Split an answer into what stands before its unit, and the unit; None where there is none.

    Units are those of measurement with their powers and products (`\text{m}\,\text{s}^{-2}`), and
    nouns (`5 apples`). A single letter without a font counts only as m, g, s, h, l and L, or behind
    a space, as in `5 N`.
    """
    for start in _START.finditer(answer):
        place = start.start()
        tail = answer[place:]
        if tail.strip() and answer[:place].strip() and _TAIL.fullmatch(tail):
            unit = _unit(tail)
            if unit is not None:
                return answer[:place], unit
    return None


def split_unit_of_formula(latex: str) -> tuple[str, Unit] | None:
    r"""Split a formula into what stands before its unit, and the unit; None where there is none.

    More is asked here than of numbers, since letters may be variables: of a formula in variables
    the unit has to be upright (`2x\text{ cm}`), and no word may stand in the formula itself.
    """
    found = split_unit(latex)
    if found is None:
        return None
    body = found[0]
    tail = latex[len(body) :]
    if _UPRIGHT.search(body) or _OPERATOR.match(tail):
        return None
    upright = _UPRIGHT.search(tail) is not None
    in_variables = _VARIABLE.search(body) is not None
    if not upright and (in_variables or not tail[:1].isspace()):
        return None
    return found


def currency(answer: str) -> Unit | None:
    r"""The currency that an answer begins with; a `$` that opens mathematics is none."""
    text = answer.strip()
    inside = _DELIMITED.fullmatch(text)
    if inside:
        text = (inside.group(1) or inside.group(2)).strip()
    sign = _SIGN.match(text)
    return _UNITS[_SIGNS[sign.group(1)[-1]]] if sign else None


def _unit(tail: str) -> Unit | None:
    """The unit that a tail spells out whole; None when it is none."""
    upright = "\\" in tail
    spaced = upright or tail[:1].isspace() or tail.startswith("~")
    for pattern, replacement in _FLAT:
        tail = pattern.sub(replacement, tail)
    dimensions: dict[str, int] = {}
    factor = Fraction(1)
    sign, power, nouns = 1, 1, 0
    for word, exponent in _words(tail):
        if word in {"/", "per"}:
            sign = -1
        elif word.lower() in _POWERS:
            power = _POWERS[word.lower()]
        elif word != "-":
            unit = _measured(word, upright, spaced)
            if unit is None:
                unit = _counted(word, upright)
                nouns += 1
            if unit is None or nouns > _MOST_NOUNS:
                return None
            times = (exponent or 1) * power * sign
            dimensions[unit.dimension] = dimensions.get(unit.dimension, 0) + times
            factor *= unit.factor**times
            power = 1
    if not dimensions:
        return None
    shown = "·".join(
        name if exponent == 1 else f"{name}^{exponent}"
        for name, exponent in sorted(dimensions.items())
        if exponent
    )
    return Unit(shown, factor)


def _measured(word: str, upright: bool, spaced: bool) -> Unit | None:
    """A unit of measurement; of a letter without a font only a usual one, or behind a space."""
    unit = _known(word)
    if unit is None or len(word) > 1 or upright or word in _BARE_LETTERS:
        return unit
    return unit if spaced and (word.isupper() or word == "Ω") else None


def _counted(word: str, upright: bool) -> Unit | None:
    """What is counted, by its noun; None where the word is none."""
    if word.lower() in _NO_NOUNS or (len(word) < _SHORTEST_NOUN and not upright):
        return None
    return Unit(word.lower().removesuffix("s"), Fraction(1))


def _words(tail: str) -> Iterator[tuple[str, int]]:
    """The words of a flattened tail, each with its power."""
    words: list[tuple[str, int]] = []
    place = 0
    while place < len(tail):
        match = _TOKEN.match(tail, place)
        if match is None:
            return iter(())
        place = match.end()
        if match.group(1):
            words.append((match.group(1), 0))
        elif match.group(2):
            if not words:
                return iter(())
            words[-1] = (words[-1][0], int(match.group(2)))
        elif match.group() in "/-":
            words.append((match.group(), 0))
    return iter(words)


def _known(name: str) -> Unit | None:
    unit = _UNITS.get(name)
    if unit is None and len(name) > 1 and name[1:] in _PREFIXED and name[0] in _PREFIXES:
        base = _UNITS[name[1:]]
        return Unit(base.dimension, base.factor * _PREFIXES[name[0]])
    if unit is None and len(name) > 1:
        lower = name.lower()
        unit = _UNITS.get(lower) or _UNITS.get(lower.removesuffix("s"))
        if unit is None and lower.endswith("es"):
            unit = _UNITS.get(lower.removesuffix("es"))
    return unit

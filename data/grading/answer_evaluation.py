"""Evaluation: what formulas are worth, exactly where they are rational, else to forty digits.

Two formulas are the same when they have the same values: constants have one, formulas in variables
are evaluated at four places, which the names of the variables alone decide. Polynomials that differ
have different values at places so chosen, save by an accident of probability 10^-12 or less.
Nothing here searches or simplifies, so that nothing runs for long.
"""

import zlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

from svlaw.data.grading.formula_tokens import Node
from svlaw.data.grading.functions import MPMATH_NAMES, exact_function, exact_power
from svlaw.data.grading.values import (
    UNDEFINED,
    FormulaError,
    Value,
    mpmath_context,
    to_mp,
    to_value,
)

PLACES: Final = 4
"""Places at which formulas in variables are evaluated; the first two are positive."""

_POSITIVE: Final = 2
_MOST_MOVED: Final = 3
_NAMED: Final = frozenset({"var", "leib", "call"})
_DIGITS: Final = 60
_LARGEST_LOG: Final = 1e12


def variables(node: Any) -> set[str]:
    """Names of the variables of a formula; an unknown function counts as one."""
    return {part[1] for part in _parts(node) if part[0] in _NAMED}


def kinds(node: Any) -> set[str]:
    """The kinds of nodes that a formula holds."""
    return {part[0] for part in _parts(node)}


def _parts(node: Any) -> Iterator[Node]:
    """All nodes of a formula."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, tuple):
            yield part
            waiting.extend(part[1:])
        elif isinstance(part, list):
            waiting.extend(part)


def evaluate(node: Node, options: frozenset[str] = frozenset()) -> list[list[Value]]:
    """Evaluate a formula.

    Args:
        node: The formula.
        options: Of "bare percent" (50% is 50), "radians" (30 degrees is pi/6) and "short
            derivatives" (dy/dx as y').

    Returns:
        For each entry (one, if it is no matrix), its values at `PLACES` places, or at one if there
        are no variables.

    Raises:
        FormulaError: It has no value, or one too large to work out.
    """
    places = range(PLACES if variables(node) else 1)
    rows: list[list[Value]] = []
    for place in places:
        try:
            entries = _values(node, place, options)
        except FormulaError:
            if place < _POSITIVE:
                raise
            entries = [UNDEFINED] * len(rows)
        rows = rows or [[] for _ in entries]
        if len(rows) != len(entries):
            raise FormulaError("matrices of several sizes")
        for row, value in zip(rows, entries, strict=True):
            row.append(value)
    return rows


def shape(node: Node) -> tuple[int, int] | None:
    """Rows and columns of a formula whose value is a matrix."""
    value = _at(node, 0, frozenset(), None)
    return (len(value), len(value[0])) if isinstance(value, list) else None


def _values(node: Node, place: int, options: frozenset[str]) -> list[Value]:
    plain = _flat(_at(node, place, options, None))
    steps = [
        _flat(_at(node, place, options, number))
        for number in range(min(_MOST_MOVED, _decimals(node)))
    ]
    slacks = [
        sum((abs(to_mp(step[entry]) - to_mp(value)) for step in steps), 0)
        for entry, value in enumerate(plain)
    ]
    return [to_value(value, slack) for value, slack in zip(plain, slacks, strict=True)]


def _at(node: Node, place: int, options: frozenset[str], moved: int | None) -> Any:
    """A formula's value at a place; a number of sixty digits that all count, or a fraction."""
    mp = mpmath_context()
    outcomes = []
    for digits in (_DIGITS, 2 * _DIGITS):
        with mp.workdps(digits):
            try:
                outcomes.append(_Evaluator(place, options, moved).of(node))
            except (ArithmeticError, ValueError, TypeError, OverflowError) as error:
                raise FormulaError(str(error)) from error
            except mp.NoConvergence as error:
                raise FormulaError(str(error)) from error
        if all(isinstance(value, Fraction) for value in _flat(outcomes[0])):
            return outcomes[0]
    pairs = zip(_flat(outcomes[0]), _flat(outcomes[1]), strict=True)
    settled = [_settled(rough, fine) for rough, fine in pairs]
    if not isinstance(outcomes[0], list):
        return settled[0]
    width = len(outcomes[0][0])
    return [settled[start : start + width] for start in range(0, len(settled), width)]


def _settled(rough: Any, fine: Any) -> Any:
    """A value whose digits count; zero where terms cancel to all of them."""
    if isinstance(rough, Fraction):
        return rough
    mp = mpmath_context()
    if not mp.isfinite(rough):
        return rough
    with mp.workdps(_DIGITS):
        parts = []
        size = max(abs(mp.re(fine)), abs(mp.im(fine)))
        for one, other in ((mp.re(rough), mp.re(fine)), (mp.im(rough), mp.im(fine))):
            noise = abs(one - other)
            parts.append(mp.mpf(0) if abs(other) <= noise or abs(other) < size * 1e-50 else other)
        wrong = max(abs(mp.re(rough) - parts[0]), abs(mp.im(rough) - parts[1]))
        if wrong > size * mp.mpf(10) ** -40 and any(parts):
            raise FormulaError("too many digits cancel")
        if not any(parts):
            return Fraction(0)
        return mp.mpc(*parts)


@lru_cache(maxsize=4096)
def place_of(name: str, place: int) -> Fraction:
    """Where a variable is evaluated; at the first two places between 1/2 and 3/2."""
    digest = zlib.crc32(f"{place} {name}".encode())
    part = Fraction(digest % 997, 997)
    if place < 2:
        return Fraction(1, 2) + part
    negative = place == 2 or digest & (1 << 20)
    return (-1 if negative else 1) * (Fraction(1, 3) + 2 * part)


def _decimals(node: Any) -> int:
    """How many decimals of a formula stand for unending ones."""
    return sum(1 for part in _parts(node) if part[0] == "num" and part[2])


def _flat(value: Any) -> list[Any]:
    return [entry for row in value for entry in row] if isinstance(value, list) else [value]


class _Evaluator:
    """Works out one formula at one place."""

    def __init__(self, place: int, options: frozenset[str], moved: int | None) -> None:
        self.mp = mpmath_context()
        self.place = place
        self.options = options
        self.moved = moved
        self.seen = 0

    def of(self, node: Node) -> Any:
        return getattr(self, f"_{node[0]}")(*node[1:])

    def _num(self, value: Fraction, unit: Fraction) -> Fraction:
        if unit:
            self.seen += 1
            if self.moved == self.seen - 1:
                return value + unit
        return value

    def _var(self, name: str) -> Fraction:
        return place_of(name, self.place)

    def _leib(self, name: str, short: str) -> Fraction:
        return place_of(short if "short derivatives" in self.options else name, self.place)

    def _const(self, name: str) -> Any:
        mp = self.mp
        return {"pi": mp.pi, "e": mp.e, "i": mp.mpc(0, 1), "inf": mp.inf}[name] * 1

    def _add(self, nodes: list[Node]) -> Any:
        return self._fold(nodes, self._plus)

    def _mul(self, nodes: list[Node]) -> Any:
        return self._fold(nodes, self._times)

    def _fold(self, nodes: list[Node], combine: Callable[[Any, Any], Any]) -> Any:
        total = self.of(nodes[0])
        for node in nodes[1:]:
            total = combine(total, self.of(node))
        return total

    def _plus(self, one: Any, other: Any) -> Any:
        if isinstance(one, list) or isinstance(other, list):
            return [
                [self._plus(a, b) for a, b in zip(r, s, strict=True)]
                for r, s in zip(one, other, strict=True)
            ]
        if isinstance(one, Fraction) and isinstance(other, Fraction):
            return one + other
        return to_mp(one) + to_mp(other)

    def _times(self, one: Any, other: Any) -> Any:
        if isinstance(one, list) and isinstance(other, list):
            return self._matrix_product(one, other)
        if isinstance(one, list) or isinstance(other, list):
            table, number = (one, other) if isinstance(one, list) else (other, one)
            return [[self._times(number, entry) for entry in row] for row in table]
        if isinstance(one, Fraction) and isinstance(other, Fraction):
            return one * other
        return to_mp(one) * to_mp(other)

    def _matrix_product(self, one: Any, other: Any) -> Any:
        columns = list(zip(*other, strict=True))

        def entry(row: Any, column: Any) -> Any:
            products = [self._times(a, b) for a, b in zip(row, column, strict=True)]
            total = products[0]
            for product in products[1:]:
                total = self._plus(total, product)
            return total

        return [[entry(row, column) for column in columns] for row in one]

    def _div(self, above: Node, below: Node) -> Any:
        return self._times(self.of(above), self._inverse(self.of(below)))

    def _inverse(self, value: Any) -> Any:
        if isinstance(value, list):
            raise FormulaError("a matrix below a fraction line")
        return 1 / value if isinstance(value, Fraction) else 1 / to_mp(value)

    def _neg(self, node: Node) -> Any:
        return self._times(Fraction(-1), self.of(node))

    def _pow(self, base: Node, exponent: Node) -> Any:
        return self.power(self.of(base), self.of(exponent))

    def power(self, base: Any, exponent: Any) -> Any:
        """A power; exact where it is a fraction of moderate length."""
        mp = self.mp
        if isinstance(base, list):
            if not (isinstance(exponent, Fraction) and exponent.denominator == 1 and exponent > 0):
                raise FormulaError("a power of a matrix")
            result = base
            for _ in range(min(int(exponent), 100) - 1):
                result = self._times(result, base)
            return result
        if isinstance(base, Fraction) and isinstance(exponent, Fraction):
            exact = exact_power(base, exponent)
            if exact is not None:
                return exact
        base, exponent = to_mp(base), to_mp(exponent)
        if not base:
            return mp.power(base, exponent)
        if isinstance(exponent, mp.mpc) and not exponent.imag:
            exponent = exponent.real
        if mp.isfinite(base) and mp.isfinite(exponent):
            if base == 1:
                return base
            if mp.mag(exponent) > 100 or abs(mp.log(abs(base)) * abs(exponent)) > _LARGEST_LOG:
                raise FormulaError("too large")
        return mp.power(base, exponent)

    def _root(self, degree: Node, node: Node) -> Any:
        n, value = self.of(degree), self.of(node)
        if isinstance(n, Fraction) and n.denominator == 1 and n.numerator % 2:
            real = value.real if hasattr(value, "imag") and not value.imag else None
            if isinstance(value, Fraction) and value < 0:
                return self._times(Fraction(-1), self.power(-value, 1 / n))
            if real is not None and not isinstance(value, Fraction) and real < 0:
                return -self.power(-real, 1 / n)
        return self.power(value, self._inverse(n))

    def _deg(self, node: Node) -> Any:
        value = self.of(node)
        return self._times(value, self.mp.pi / 180) if "radians" in self.options else value

    def _pct(self, node: Node) -> Any:
        value = self.of(node)
        return value if "bare percent" in self.options else self._times(value, Fraction(1, 100))

    def _mat(self, rows: list[list[Node]]) -> Any:
        return [[self.of(entry) for entry in row] for row in rows]

    def _call(self, name: str, nodes: list[Node]) -> Any:
        """A function that nobody knows: a number that its name and arguments decide."""
        shown = [
            f"{v.exact or (f'{v.re:.25e}', f'{v.im:.25e}')}"
            for v in (to_value(self.of(node)) for node in nodes)
        ]
        return place_of(f"{name}({','.join(shown)})", self.place)

    def _fn(self, name: str, nodes: list[Node]) -> Any:
        values = [self.of(node) for node in nodes]
        if name == "transpose":
            return [list(column) for column in zip(*values[0], strict=True)]
        if any(isinstance(value, list) for value in values):
            raise FormulaError(f"{name} of a matrix")
        found = exact_function(name, values)
        return self.function(name, values) if found is None else found

    def function(self, name: str, values: list[Any]) -> Any:
        """A function of numbers, by mpmath."""
        mp = self.mp
        numbers = [to_mp(value) for value in values]
        if name not in {"log", "ln", "abs"} and any(
            mp.isfinite(number) and mp.mag(number) > 5_000 for number in numbers if number
        ):
            raise FormulaError("too large")
        if name == "log":
            return mp.log(numbers[0]) / mp.log(numbers[1])
        if name == "lg":
            return mp.log10(numbers[0])
        if name == "radians":
            return numbers[0] * mp.pi / 180
        if name == "abs":
            return abs(numbers[0])
        if name in {"max", "min"}:
            return (max if name == "max" else min)(numbers)
        known = MPMATH_NAMES.get(name)
        if known is None:
            raise FormulaError(f"{name} is unknown")
        if name == "exp" and abs(numbers[0]) > _LARGEST_LOG:
            raise FormulaError("too large")
        return getattr(mp, known)(*numbers)

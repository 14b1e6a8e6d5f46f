r"""Structure: an answer taken apart into lists, sets, intervals, equations and formulas.

Brackets, separators and signs of relation are told apart here, and each formula between them is
read by `formulas` and worked out by `evaluation`.
"""

import contextlib
import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any, Final

from svlaw.data.grading.answer_evaluation import evaluate, kinds, variables
from svlaw.data.grading.brackets import (
    cut,
    inside_of,
    is_balanced,
    is_bracketed,
    signs_outside_sets,
    split,
    stripped,
    tokens_of_text,
)
from svlaw.data.grading.equations import (
    NAMES,
    difference,
    name_of,
    put,
    zero_of,
)
from svlaw.data.grading.formula_tokens import Node
from svlaw.data.grading.meanings import EMPTY, Meaning, scalar
from svlaw.data.grading.sameness import same
from svlaw.data.grading.scalars import NoFormulaError, ScalarReader
from svlaw.data.grading.segments import REALS, join, meaning_of, meet, segments_of, without
from svlaw.data.grading.values import EXACT, HeavyFormulaError, Value

FONT: Final = r"\\(?:text(?:rm|bf|it|sf|normal)?|mathrm|mbox)"
"""Commands of LaTeX around words."""

_WORDS: Final = (
    (re.compile(rf",?\s*{FONT}\s*\{{\s*,?\s*(?:and|or)\s*,?\s*\}}\s*,?"), ","),
    (re.compile(r",?\s*(?<![A-Za-z\\])(?:and|or)(?![A-Za-z])\s*,?"), ","),
)
_OR: Final = re.compile(
    rf"\s*(?:{FONT}\s*\{{\s*or\s*\}}|(?<![A-Za-z\\])or(?![A-Za-z]))\s*(?:equivalently,?\s*)?"
)
_AND: Final = re.compile(
    rf",?\s*(?:{FONT}\s*\{{\s*and\s*\}}|(?<![A-Za-z\\])and(?![A-Za-z])|\\(?:land|wedge)(?![a-zA-Z]))\s*"
)
_LOGIC: Final = re.compile(r"\\(?:lor|vee|land|wedge)(?![a-zA-Z])")
_INEQUALITY: Final = re.compile(r"[<>]|\\(?:le|ge|ne)(?![a-zA-Z])")
_RELATIONS: Final = {
    "=": "=", "<": "<", ">": ">", r"\le": "<=", r"\ge": ">=", r"\ne": "!=", r"\in": "in",
    r"\approx": "~", r"\simeq": "~", r"\equiv": "==", r"\to": "?", r"\sim": "?", r"\cong": "?",
    r"\Rightarrow": "?", r"\implies": "?", r"\iff": "?", r"\notin": "?", r"\mapsto": "?",
    r"\subset": "?", r"\subseteq": "?", r"\propto": "?", r"\parallel": "?", r"\perp": "?",
    r"\mid": "?", r"\colon": "?",
}  # fmt: skip
_UNION: Final = {r"\cup": join, r"\cap": meet, r"\setminus": without, r"\backslash": without}
_NAMED_SETS: Final = {r"\mathbb{R}": REALS, r"\R": REALS, r"\Reals": REALS, r"\mathbf{R}": REALS}
_EMPTY: Final = re.compile(
    rf"\\emptyset|\\\{{\s*\\\}}|(?:{FONT}\s*\{{)?\s*(?:there\s+(?:is|are)\s+)?no\s+(?:real\s+)?"
    r"(?:solutions?|roots?)\s*(?:exists?)?\s*\}?",
    re.IGNORECASE,
)
_ALL_REALS: Final = re.compile(
    rf"(?:{FONT}\s*\{{)?\s*all\s+real\s+(?:numbers?|values?)(?:\s+of\s+\w)?\s*\}}?", re.IGNORECASE
)
_PROSE: Final = re.compile(
    r"(?<![A-Za-z\\])[A-Za-z]{3,}\s+(?:[A-Za-z]+\s+)*[A-Za-z]{2,}(?![A-Za-z])"
)
_TIME: Final = re.compile(r"\d{1,2}:0\d(?::\d\d)?")
_THOUSANDS: Final = re.compile(r"(?<![\d,.])\d{1,3}(?:,\d{3})+(?![\d,])")
_MOST_SIGNS: Final = 4
_ROUGHLY: Final = Decimal("1e-6")
_STRAIGHT: Final = Decimal("1e-30")


class Structure(ScalarReader):
    """Reads one spelling of an answer under some options; `used` says which made a difference."""

    def answer(self) -> Meaning:
        """Read the whole answer."""
        latex = self.latex
        if _EMPTY.fullmatch(latex):
            return EMPTY
        if _ALL_REALS.fullmatch(latex):
            return meaning_of([REALS])
        if _PROSE.search(re.sub(rf"{FONT}\s*\{{[^{{}}]*\}}", "1", latex)):
            raise NoFormulaError(latex)
        either = _OR.split(latex)
        if len(either) > 1 and all(either) and "," not in latex:
            meanings = [self.several(tokens_of_text(part)) for part in either]
            if all(same(meanings[0], other) for other in meanings[1:]):
                return meanings[0]  # one value, stated twice
        if _INEQUALITY.search(latex) and _AND.search(latex):
            return self.conjunction(_AND.split(latex))
        if "=" in latex or _INEQUALITY.search(latex):
            latex = _LOGIC.sub(",", latex)
        for pattern, replacement in _WORDS:
            latex = pattern.sub(replacement, latex)
        latex = (
            _THOUSANDS.sub(lambda m: m.group().replace(",", ""), latex) if _spaced(latex) else latex
        )
        letters = set(re.findall(r"(?<![A-Za-z\\])[A-Za-z](?![A-Za-z])", latex))
        # the constant of integration is a C in either case
        self.constant = "C" if "C" in letters and "c" not in letters and len(letters) > 1 else ""
        return self.several(tokens_of_text(latex))

    def conjunction(self, conditions: Sequence[str]) -> Meaning:
        """Inequalities that all hold."""
        meanings = [self.relation(stripped(tokens_of_text(condition))) for condition in conditions]
        known = [segments_of(meaning) for meaning in meanings]
        names = {
            name
            for condition in conditions
            for name in re.findall(r"(?<![A-Za-z\\])[A-Za-z](?![A-Za-z])", condition)
        }
        if len(names) != 1 or any(meaning.kind != "relation" for meaning in meanings):
            raise NoFormulaError("conditions of several kinds")
        both = known[0]
        for segments in known[1:]:
            if both is None or segments is None:
                raise NoFormulaError("conditions that are not solved")
            both = meet(both, segments)
        return Meaning("relation", parts=(meaning_of(both or []),), mark=f"chain {sorted(names)}")

    def several(self, tokens: Sequence[str]) -> Meaning:
        """Elements with separators between them."""
        parts = [part for part in split(tokens, {",", ";"}) if part]
        if not parts:
            raise NoFormulaError("nothing")
        found = [meaning for part in parts for meaning in self.signs(part)]
        return found[0] if len(found) == 1 else Meaning("list", parts=tuple(found))

    def signs(self, tokens: Sequence[str]) -> list[Meaning]:
        r"""One element, or several where it holds `\pm`."""
        places = signs_outside_sets(tokens)
        if not places:
            return [self.relation(tokens)]
        if len(places) > _MOST_SIGNS:
            raise NoFormulaError("too many signs")
        together = any(tokens[place] == r"\mp" for place in places)
        choices = product("+-", repeat=1 if together else len(places))
        found = []
        for choice in choices:
            signs = list(choice) * (len(places) if together else 1)
            chosen = list(tokens)
            for place, sign in zip(places, signs, strict=True):
                opposite = "-" if sign == "+" else "+"
                chosen[place] = opposite if tokens[place] == r"\mp" else sign
            found.append(self.relation(chosen))
        return found

    # relations

    def relation(self, tokens: Sequence[str]) -> Meaning:
        """An element that may be an equation or an inequality."""
        sides, signs = cut(tokens, _RELATIONS)
        if not signs:
            return self.combined(tokens)
        if "?" in signs or any(not side for side in sides):
            raise NoFormulaError("a relation of another kind")
        if "==" in signs:
            raise NoFormulaError("a congruence")
        if set(signs) <= {"=", "in", "~"}:
            return self.equation(sides, signs)
        return self.inequality(sides, signs)

    def equation(self, sides: list[list[str]], signs: list[str]) -> Meaning:
        """An equation, with the name on its left-hand side."""
        left, last = self.left_side(sides[0]), self.combined(sides[-1])
        name = name_of(left)
        if signs == ["~"] and not name:
            return self.combined(sides[0])
        if isinstance(left, Meaning):
            if not name:
                raise NoFormulaError("an equation of collections")
            return Meaning("equation", parts=(last,), mark=name)
        if not variables(left) and last.kind == "scalar":
            first = self.scalar_of(left)
            if len(last.values) == len(first.values) == 1 and _agree(first, last):
                return last
        values: tuple[Value, ...] = ()
        if last.kind == "scalar":
            with contextlib.suppress(HeavyFormulaError):
                right = self.node(sides[-1])
                if right is not None:
                    values = self.values(difference(left, right), padded=True)
        if not values and not name:
            raise NoFormulaError("an equation that nothing is known about")
        return Meaning("equation", values, (last,), name)

    def left_side(self, tokens: list[str]) -> Any:
        """The node of a left-hand side; a meaning where it is a collection."""
        inside = inside_of(tokens, "(", ")")
        if inside is not None and len(split(inside, {","})) > 1:
            nodes = [self.node(part) for part in split(inside, {","})]
            names = [name_of(node) for node in nodes]
            return Meaning("tuple", mark=",".join(names) if all(names) else "")
        node = self.node(tokens)
        if node is None:
            raise NoFormulaError("no formula")
        return node

    def inequality(self, sides: list[list[str]], signs: list[str]) -> Meaning:
        """An inequality, or a chain of them."""
        nodes = [self.node(side) for side in sides]
        found = [
            self.single(left, right, sign)
            for left, right, sign in zip(nodes, nodes[1:], signs, strict=False)
        ]
        if len(found) == 1:
            return found[0]
        if any(meaning.kind != "relation" for meaning in found):
            raise NoFormulaError("a chain of several kinds")
        known = [segments_of(meaning) for meaning in found]
        names = {str(sorted(variables(node))) for node in nodes if variables(node)}
        if len(names) == 1 and all(segments is not None for segments in known):
            both = known[0] or []
            for segments in known[1:]:
                both = meet(both, segments or [])
            if both:  # the ends of what has no solutions count all the same
                mark = f"chain {names.pop()}"
                return Meaning("relation", parts=(meaning_of(both),), mark=mark)
        middle = nodes[1]
        if len(nodes) == 3 and middle is not None and middle[0] in NAMES:
            ends = [self.scalar_of(node) for node in (nodes[0], nodes[2])]
            order = ends if signs[0].startswith("<") else ends[::-1]
            closed = signs if signs[0].startswith("<") else signs[::-1]
            brackets = ("[" if "=" in closed[0] else "(") + ("]" if "=" in closed[1] else ")")
            if len({sign[0] for sign in signs}) == 1:
                interval = Meaning("interval", parts=tuple(order), mark=brackets)
                return Meaning("relation", parts=(interval,), mark=f"chain {middle[1]}")
        return Meaning("list", parts=tuple(found))

    def single(self, left: Node | None, right: Node | None, sign: str) -> Meaning:
        """One inequality between two sides."""
        if left is None or right is None:
            raise NoFormulaError("an inequality of collections")
        if sign in {"=", "~", "in"}:
            values = self.values(difference(left, right), padded=True)
            return Meaning("equation", values, (self.scalar_of(right),), name_of(left))
        if sign.startswith(">"):
            left, right, sign = right, left, sign.replace(">", "<")
        apart = difference(left, right)
        values = self.values(apart, padded=True)
        solutions = self.solutions(apart, sign)
        return Meaning("relation", values, solutions, sign)

    def solutions(self, apart: Node, sign: str) -> tuple[Meaning, ...]:
        """The solutions of an inequality that is linear in its one variable."""
        names = variables(apart)
        if len(names) != 1 or not kinds(apart).isdisjoint({"call", "leib"}):
            return ()
        name = names.pop()
        at = [evaluate(put(apart, name, Fraction(n)), self.options)[0][0] for n in (0, 1, 2)]
        if any(value.im or not value.re.is_finite() for value in at):
            return ()
        slope = EXACT.subtract(at[1].re, at[0].re)
        bend = EXACT.subtract(EXACT.subtract(at[2].re, at[1].re), slope).copy_abs()
        if not slope or bend > EXACT.multiply(slope.copy_abs(), _STRAIGHT):
            return ()
        point = scalar(zero_of(apart, name, self.options))
        if sign == "!=":
            return (meaning_of(without([REALS], segments_of(point) or [])),)
        ends = (scalar(REALS.start), point) if slope > 0 else (point, scalar(REALS.end))
        closed = "=" in sign
        brackets = ("(", "]" if closed else ")") if slope > 0 else ("[" if closed else "(", ")")
        return (Meaning("interval", parts=ends, mark="".join(brackets)),)

    # sets and collections

    def combined(self, tokens: Sequence[str]) -> Meaning:
        """Sets joined, met and taken from one another; or one thing."""
        sides, signs = cut(tokens, dict.fromkeys(_UNION, ""), keep=True)
        if not signs:
            return self.thing(tokens)
        meanings = [self.thing(side) for side in sides]
        known = [segments_of(meaning) for meaning in meanings]
        if all(segments is not None for segments in known):
            total = known[0] or []
            for sign, segments in zip(signs, known[1:], strict=True):
                if sign == r"\cup":
                    total = join([*total, *(segments or [])])
                else:
                    total = _UNION[sign](total, segments or [])  # type: ignore[operator]
            return meaning_of(total)
        if set(signs) == {r"\cup"}:
            return Meaning("union", parts=tuple(meanings))
        raise NoFormulaError("sets that are not known")

    def thing(self, tokens: Sequence[str]) -> Meaning:  # noqa: PLR0911
        """A set, a tuple, an interval, a matrix or a formula."""
        tokens = stripped(tokens)
        text = "".join(tokens).replace(" ", "")
        if text in _NAMED_SETS:
            return meaning_of([_NAMED_SETS[text]])
        if _EMPTY.fullmatch("".join(tokens)):
            return EMPTY
        for opening, closing in (("\\{", "\\}"), ("{", "}")):
            inside = inside_of(tokens, opening, closing)
            if inside is not None and not {r"\over", r"\choose"} & set(inside):
                return self.braces(inside, real=opening == "\\{")
        inside = inside_of(tokens, r"\langle", r"\rangle")
        if inside is not None:
            return Meaning("tuple", parts=tuple(map(self.element, split(inside, {","}))))
        if (len(tokens) > 3 and tokens[-1] in {"T", r"\top"}) or text.endswith(
            ("^{T}", r"^{\top}")
        ):
            column = self.column(tokens)
            if column is not None:
                return column
        bracketed = self.brackets(tokens)
        if bracketed is not None:
            return bracketed
        if ":" in tokens:
            return self.ratio(tokens)
        return self.scalar(tokens)

    def braces(self, inside: list[str], *, real: bool) -> Meaning:
        """A set by its elements or its property; a group of LaTeX."""
        sides, _ = cut(inside, {"|": "", r"\mid": "", ":": ""})
        if len(sides) == 2 and real:
            meaning = self.relation(stripped(sides[1]))
            if meaning.kind == "relation" and meaning.parts:
                return meaning.parts[0]
            raise NoFormulaError("a set by its property")
        parts = [part for part in split(inside, {",", ";"}) if part]
        if not real and len(parts) == 1:
            return self.relation(parts[0])
        found = [meaning for part in parts for meaning in self.signs(part)]
        return Meaning("set", parts=tuple(found))

    def column(self, tokens: Sequence[str]) -> Meaning | None:
        """A row in brackets with a T above it."""
        end = max(place for place, token in enumerate(tokens) if token == "^")
        for opening, closing in (("(", ")"), ("[", "]")):
            inside = inside_of(stripped(tokens[:end]), opening, closing)
            if inside is not None and len(split(inside, {","})) > 1:
                entries = tuple(map(self.element, split(inside, {","})))
                return Meaning("matrix", parts=entries, mark=f"{len(entries)}x1")
        return None

    def brackets(self, tokens: Sequence[str]) -> Meaning | None:
        """A tuple or an interval; None where brackets only group."""
        if len(tokens) < 2 or tokens[0] not in "([]" or tokens[-1] not in ")][":
            return None
        inside = list(tokens[1:-1])
        backwards = tokens[0] == "]" or tokens[-1] == "["
        if not is_balanced(inside) or (not backwards and not is_bracketed(tokens)):
            return None
        parts = split(inside, {",", ";"})
        if len(parts) < 2 or not all(parts):
            return None
        elements = tuple(map(self.element, parts))
        if len(elements) == 2 and all(e.kind == "scalar" for e in elements):
            start = "[" if tokens[0] == "[" else "("
            end = "]" if tokens[-1] == "]" else ")"
            return Meaning("interval", parts=elements, mark=start + end)
        if tokens[0] == "[" and all(e.kind in {"tuple", "interval"} for e in elements):
            widths = {len(e.parts) for e in elements}
            squared = all(e.kind == "tuple" or e.mark == "[]" for e in elements)
            if len(widths) == 1 and squared:
                entries = tuple(entry for e in elements for entry in e.parts)
                return Meaning("matrix", parts=entries, mark=f"{len(elements)}x{widths.pop()}")
        return Meaning("tuple", parts=elements)

    def element(self, tokens: Sequence[str]) -> Meaning:
        """One element of a collection."""
        return self.relation(stripped(tokens))

    def ratio(self, tokens: Sequence[str]) -> Meaning:
        """Two numbers as their quotient; more as a tuple over the first."""
        if _TIME.fullmatch("".join(tokens).replace(" ", "")):
            raise NoFormulaError("a time of day")
        nodes = [self.node(part) for part in split(tokens, {":"})]
        if len(nodes) == 2:
            return self.scalar_of(("div", nodes[0], nodes[1]))
        quotients = tuple(self.scalar_of(("div", node, nodes[0])) for node in nodes)
        return Meaning("tuple", parts=quotients, mark="ratio")


def _agree(one: Meaning, other: Meaning) -> bool:
    apart = EXACT.subtract(one.values[0].re, other.values[0].re).copy_abs()
    return apart <= EXACT.multiply(_ROUGHLY, other.values[0].re.copy_abs())


def _spaced(latex: str) -> bool:
    """Tell whether a comma between digits may separate thousands."""
    commas = re.findall(r",\s*", latex)
    if "(" in latex or "[" in latex:
        return False
    return any(comma != "," for comma in commas) or len(_THOUSANDS.findall(latex)) == 1

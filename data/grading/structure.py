r"""Structure: an answer taken apart into lists, sets, intervals, equations and formulas, and read.

`read` is what grading asks about an answer: everything that it may mean. Brackets, separators and
signs of relation are told apart here, and each formula between them is read by `formulas` and
worked out by `evaluation`. What cannot be read whole is text.
"""

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any, Final

from svlaw.data.grading.evaluation import EXACT, PLACES, Value, evaluate, has, shape, variables
from svlaw.data.grading.formulas import FormulaError, HeavyFormulaError, Node, parse_formula
from svlaw.data.grading.meanings import EMPTY, Alternative, Meaning, Reading, scalar
from svlaw.data.grading.notation import to_latex
from svlaw.data.grading.sameness import same
from svlaw.data.grading.segments import REALS, join, meaning_of, meet, segments_of, without
from svlaw.data.grading.units import Unit, split_unit_of_formula

LONGEST: Final = 4_000
"""Characters of an answer from which it is no mathematics."""

Work = Callable[[str], tuple[Value, ...]]
"""Works out a formula that needs algebra: a sum, an integral, a limit."""

_TOKEN: Final = re.compile(r"\\[a-zA-Z]+|\\.|\d+|\s+|.", re.DOTALL)
_OPENING: Final = frozenset({"(", "[", "{", r"\{", r"\langle", r"\lfloor", r"\lceil", r"\begin"})
_CLOSING: Final = frozenset({")", "]", "}", r"\}", r"\rangle", r"\rfloor", r"\rceil", r"\end"})
_FONT: Final = r"\\(?:text(?:rm|bf|it|sf|normal)?|mathrm|mbox)"
_WORDS: Final = (
    (re.compile(rf",?\s*{_FONT}\s*\{{\s*,?\s*(?:and|or)\s*,?\s*\}}\s*,?"), ","),
    (re.compile(r",?\s*(?<![A-Za-z\\])(?:and|or)(?![A-Za-z])\s*,?"), ","),
)
_OR: Final = re.compile(
    rf"\s*(?:{_FONT}\s*\{{\s*or\s*\}}|(?<![A-Za-z\\])or(?![A-Za-z]))\s*(?:equivalently,?\s*)?"
)
_AND: Final = re.compile(
    rf",?\s*(?:{_FONT}\s*\{{\s*and\s*\}}|(?<![A-Za-z\\])and(?![A-Za-z])|\\(?:land|wedge)(?![a-zA-Z]))\s*"
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
    rf"\\emptyset|\\\{{\s*\\\}}|(?:{_FONT}\s*\{{)?\s*(?:there\s+(?:is|are)\s+)?no\s+(?:real\s+)?"
    r"(?:solutions?|roots?)\s*(?:exists?)?\s*\}?",
    re.IGNORECASE,
)
_ALL_REALS: Final = re.compile(
    rf"(?:{_FONT}\s*\{{)?\s*all\s+real\s+(?:numbers?|values?)(?:\s+of\s+\w)?\s*\}}?", re.IGNORECASE
)
_QUALIFIER: Final = re.compile(
    r"[\s,]*(?:\(\s*)?(?:\\(?:text|mathrm|mbox)\s*\{\s*,?\s*)?,?\s*((?:for|where)\s+(?:all|any|every|each"
    r"|some|an?\s+arbitrary|arbitrary|[a-zA-Z]\s+is\s+an?)\b[^=<>\\]*(?:\}\s*\$?\s*\\?[a-zA-Z]?)?(?:\s*"
    r"\\in\s*\\mathbb\{?[A-Z]\}?)?)\s*\)?$",
    re.IGNORECASE,
)
_REMARK: Final = re.compile(
    rf"\s*(?:{_FONT}\s*\{{\s*)?\((?:\s*(?:reject|discard|since|because|as|where|rejected|not)\b).*",
    re.DOTALL | re.IGNORECASE,
)
_LEAD: Final = re.compile(
    rf"{_FONT}\s*\{{[^{{}}]*\b(?:is|are|equals?|be|answer|:)\s*:?\s*\}}\s*:?\s*(?=\S)"
    r"|(?:the|so|hence|thus|therefore|our|my)?\s*(?:final\s+)?(?:answer|result|value)\s+(?:is|equals)\s*:?\s*(?=\S)",
    re.IGNORECASE,
)
_PROSE: Final = re.compile(r"(?<![A-Za-z\\])[A-Za-z]{3,}\s+(?:[A-Za-z]+\s+)*[A-Za-z]{2,}(?![A-Za-z])")
_ALL_TEXT: Final = re.compile(rf"{_FONT}\s*\{{([^{{}}]*[=<>()\[\]][^{{}}]*)\}}")
_OF: Final = re.compile(rf"\s*(?:{_FONT}\s*\{{\s*of\b([^{{}}]*)\}}|\bof\s+(the\s+\w+))$")
_TIME: Final = re.compile(r"\d{1,2}:0\d(?::\d\d)?")
_DAYTIME: Final = re.compile(
    rf"(\d{{1,2}}:\d\d)\s*(?:{_FONT}\s*\{{)?\s*([ap])\.?\s*m\b\.?\s*\}}?", re.IGNORECASE
)
_THOUSANDS: Final = re.compile(r"(?<![\d,.])\d{1,3}(?:,\d{3})+(?![\d,])")
_MOST_SIGNS: Final = 4
_ROUGHLY: Final = Decimal("1e-6")
_STRAIGHT: Final = Decimal("1e-30")
_AXES: Final = (r"\hat{i}", r"\hat{j}", r"\hat{k}")
_NAMES: Final = frozenset({"var", "leib", "call"})


class _NoFormula(FormulaError):
    """An answer is not mathematics."""


def read(answer: str, work: Work | None = None) -> Reading:
    """Read an answer: all that it may mean, text where it is no mathematics.

    Args:
        answer: As written.
        work: What works out sums, integrals and limits.

    Raises:
        HeavyFormulaError: There is one of those, and `work` is None.
    """
    latex = to_latex(_closed(answer))
    found: dict[Alternative, None] = {}
    if len(latex) <= LONGEST:
        for variant, remark in _variants(latex):
            for alternative in _readings(variant, remark, work):
                found.setdefault(alternative)
    return tuple(found) or (Alternative(Meaning("text", mark="".join(latex.split()))),)


def _readings(latex: str, remark: str, work: Work | None) -> Iterator[Alternative]:
    for options, note in _OPTIONS:
        reader = _Reader(latex, options, work)
        try:
            meaning = reader.answer()
        except HeavyFormulaError:
            raise
        except (FormulaError, RecursionError, ArithmeticError, ValueError):
            continue
        if not options or reader.used & options:
            note = " ".join(filter(None, (note, *sorted(reader.derivatives))))
            yield Alternative(meaning, " ".join(filter(None, (remark, note))))


_OPTIONS: Final = (
    (frozenset[str](), ""),
    (frozenset({"bare percent"}), "%"),
    (frozenset({"radians"}), ""),
    (frozenset({"short derivatives"}), ""),
)


def _variants(latex: str) -> Iterator[tuple[str, str]]:
    """Ways to leave out what the question may have said."""
    whole = _ALL_TEXT.fullmatch(latex)
    if whole:
        latex = whole.group(1).strip()
    yield latex, ""
    daytime = _DAYTIME.fullmatch(latex)
    if daytime:
        yield daytime.group(1), daytime.group(2).lower()
    lead = _LEAD.match(latex)
    if lead:
        latex = latex[lead.end() :]
        yield latex, ""
    qualifier = _QUALIFIER.search(latex)
    if qualifier and qualifier.start():
        yield latex[: qualifier.start()], re.sub(r"\W|text", "", qualifier.group(1))
    share = _OF.search(latex)
    if share and share.start():
        yield latex[: share.start()], f"of {(share.group(1) or share.group(2)).strip()}"
    remark = _REMARK.search(latex)
    if remark and remark.start():
        yield latex[: remark.start()], ""
    parts = None if re.search(r"[,;]", latex) else split_unit_of_formula(latex)
    if parts:
        yield parts[0], unit_remark(parts[1])


def unit_remark(unit: Unit) -> str:
    """A unit as the remark of a reading."""
    return f"{unit.dimension}*{unit.factor}"


def _closed(answer: str) -> str:
    r"""Close what was left open at the end: braces, and the bracket of a `\right`."""
    right = _OPEN_RIGHT.fullmatch(answer)
    if right:
        before, left, inside = right.groups()
        answer = f"{before}{left}{inside}{_MIRRORED[left]}"
    bare = answer.replace(r"\{", "").replace(r"\}", "")
    missing = bare.count("{") - bare.count("}")
    if missing < 0 and answer.endswith("}" * -missing):
        return answer[:missing]
    if missing == 0 and answer.endswith(")") and "(" not in answer and "[" not in answer:
        return answer[:-1]
    return answer + "}" * max(0, missing)


_OPEN_RIGHT: Final = re.compile(r"(.*)\\left([(\[])(.*)\\right\s*", re.DOTALL)
_MIRRORED: Final = {"(": ")", "[": "]"}


class _Reader:
    """Reads one spelling of an answer under some options; `used` says which made a difference."""

    def __init__(self, latex: str, options: frozenset[str], work: Work | None) -> None:
        self.latex = latex
        self.options = options
        self.work = work
        self.used: frozenset[str] = frozenset()
        self.constant = ""
        self.derivatives: set[str] = set()

    def answer(self) -> Meaning:
        latex = self.latex
        if _EMPTY.fullmatch(latex):
            return EMPTY
        if _ALL_REALS.fullmatch(latex):
            return meaning_of([REALS])
        if _PROSE.search(re.sub(rf"{_FONT}\s*\{{[^{{}}]*\}}", "1", latex)):
            raise _NoFormula(latex)
        either = _OR.split(latex)
        if len(either) > 1 and all(either) and "," not in latex:
            meanings = [self.several(_tokens(part)) for part in either]
            if all(same(meanings[0], other) for other in meanings[1:]):
                return meanings[0]  # one value, stated twice
        if _INEQUALITY.search(latex) and _AND.search(latex):
            return self.conjunction(_AND.split(latex))
        if "=" in latex or _INEQUALITY.search(latex):
            latex = _LOGIC.sub(",", latex)
        for pattern, replacement in _WORDS:
            latex = pattern.sub(replacement, latex)
        latex = _THOUSANDS.sub(lambda m: m.group().replace(",", ""), latex) if _spaced(latex) else latex
        letters = set(re.findall(r"(?<![A-Za-z\\])[A-Za-z](?![A-Za-z])", latex))
        # the constant of integration is a C in either case
        self.constant = "C" if "C" in letters and "c" not in letters and len(letters) > 1 else ""
        return self.several(_tokens(latex))

    def conjunction(self, conditions: Sequence[str]) -> Meaning:
        """Inequalities that all hold."""
        meanings = [self.relation(_stripped(_tokens(condition))) for condition in conditions]
        known = [segments_of(meaning) for meaning in meanings]
        names = {
            name
            for condition in conditions
            for name in re.findall(r"(?<![A-Za-z\\])[A-Za-z](?![A-Za-z])", condition)
        }
        if len(names) != 1 or any(meaning.kind != "relation" for meaning in meanings):
            raise _NoFormula("conditions of several kinds")
        both = known[0]
        for segments in known[1:]:
            if both is None or segments is None:
                raise _NoFormula("conditions that are not solved")
            both = meet(both, segments)
        return Meaning("relation", parts=(meaning_of(both or []),), mark=f"chain {names}")

    def several(self, tokens: Sequence[str]) -> Meaning:
        """Elements with separators between them."""
        parts = [part for part in _split(tokens, {",", ";"}) if part]
        if not parts:
            raise _NoFormula("nothing")
        found = [meaning for part in parts for meaning in self.signs(part)]
        return found[0] if len(found) == 1 else Meaning("list", parts=tuple(found))

    def signs(self, tokens: Sequence[str]) -> list[Meaning]:
        r"""One element, or several where it holds `\pm`."""
        places = _signs_outside_sets(tokens)
        if not places:
            return [self.relation(tokens)]
        if len(places) > _MOST_SIGNS:
            raise _NoFormula("too many signs")
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
        sides, signs = _cut(tokens, _RELATIONS)
        if not signs:
            return self.combined(tokens)
        if "?" in signs or any(not side for side in sides):
            raise _NoFormula("a relation of another kind")
        if "==" in signs:
            raise _NoFormula("a congruence")
        if set(signs) <= {"=", "in", "~"}:
            return self.equation(sides, signs)
        return self.inequality(sides, signs)

    def equation(self, sides: list[list[str]], signs: list[str]) -> Meaning:
        left, last = self.left_side(sides[0]), self.combined(sides[-1])
        name = _name(left)
        if signs == ["~"] and not name:
            return self.combined(sides[0])
        if isinstance(left, Meaning):
            if not name:
                raise _NoFormula("an equation of collections")
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
                    values = self.values(_difference(left, right), padded=True)
        if not values and not name:
            raise _NoFormula("an equation that nothing is known about")
        return Meaning("equation", values, (last,), name)

    def left_side(self, tokens: list[str]) -> Any:
        """The node of a left-hand side; a meaning where it is a collection."""
        inside = _inside(tokens, "(", ")")
        if inside is not None and len(_split(inside, {","})) > 1:
            nodes = [self.node(part) for part in _split(inside, {","})]
            names = [_name(node) for node in nodes]
            return Meaning("tuple", mark=",".join(names) if all(names) else "")
        node = self.node(tokens)
        if node is None:
            raise _NoFormula("no formula")
        return node

    def inequality(self, sides: list[list[str]], signs: list[str]) -> Meaning:
        nodes = [self.node(side) for side in sides]
        found = [
            self.single(left, right, sign)
            for left, right, sign in zip(nodes, nodes[1:], signs, strict=False)
        ]
        if len(found) == 1:
            return found[0]
        if any(meaning.kind != "relation" for meaning in found):
            raise _NoFormula("a chain of several kinds")
        known = [segments_of(meaning) for meaning in found]
        names = {str(sorted(variables(node))) for node in nodes if variables(node)}
        if len(names) == 1 and all(segments is not None for segments in known):
            both = known[0] or []
            for segments in known[1:]:
                both = meet(both, segments or [])
            return Meaning("relation", parts=(meaning_of(both),), mark=f"chain {names.pop()}")
        middle = nodes[1]
        if len(nodes) == 3 and middle is not None and middle[0] in _NAMES:
            ends = [self.scalar_of(node) for node in (nodes[0], nodes[2])]
            order = ends if signs[0].startswith("<") else ends[::-1]
            closed = signs if signs[0].startswith("<") else signs[::-1]
            brackets = ("[" if "=" in closed[0] else "(") + ("]" if "=" in closed[1] else ")")
            if len({sign[0] for sign in signs}) == 1:
                interval = Meaning("interval", parts=tuple(order), mark=brackets)
                return Meaning("relation", parts=(interval,), mark=f"chain {middle[1]}")
        return Meaning("list", parts=tuple(found))

    def single(self, left: Node | None, right: Node | None, sign: str) -> Meaning:
        if left is None or right is None:
            raise _NoFormula("an inequality of collections")
        if sign in {"=", "~", "in"}:
            values = self.values(_difference(left, right), padded=True)
            return Meaning("equation", values, (self.scalar_of(right),), _name(left))
        if sign.startswith(">"):
            left, right, sign = right, left, sign.replace(">", "<")
        difference = _difference(left, right)
        values = self.values(difference, padded=True)
        solutions = self.solutions(difference, sign)
        return Meaning("relation", values, solutions, sign)

    def solutions(self, difference: Node, sign: str) -> tuple[Meaning, ...]:
        """The solutions of an inequality that is linear in its one variable."""
        names = variables(difference)
        if len(names) != 1 or has(difference, "call") or has(difference, "leib"):
            return ()
        name = names.pop()
        at = [evaluate(_put(difference, name, Fraction(n)), self.options)[0][0] for n in (0, 1, 2)]
        if any(value.im or not value.re.is_finite() for value in at):
            return ()
        slope = EXACT.subtract(at[1].re, at[0].re)
        bend = EXACT.subtract(EXACT.subtract(at[2].re, at[1].re), slope).copy_abs()
        if not slope or bend > EXACT.multiply(slope.copy_abs(), _STRAIGHT):
            return ()
        point = scalar(_zero(difference, name, self.options))
        if sign == "!=":
            return (meaning_of(without([REALS], segments_of(point) or [])),)
        ends = (scalar(REALS.start), point) if slope > 0 else (point, scalar(REALS.end))
        closed = "=" in sign
        brackets = ("(", "]" if closed else ")") if slope > 0 else ("[" if closed else "(", ")")
        return (Meaning("interval", parts=ends, mark="".join(brackets)),)

    # sets and collections

    def combined(self, tokens: Sequence[str]) -> Meaning:
        """Sets joined, met and taken from one another; or one thing."""
        sides, signs = _cut(tokens, dict.fromkeys(_UNION, ""), keep=True)
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
        raise _NoFormula("sets that are not known")

    def thing(self, tokens: Sequence[str]) -> Meaning:
        """A set, a tuple, an interval, a matrix or a formula."""
        tokens = _stripped(tokens)
        text = "".join(tokens).replace(" ", "")
        if text in _NAMED_SETS:
            return meaning_of([_NAMED_SETS[text]])
        if _EMPTY.fullmatch("".join(tokens)):
            return EMPTY
        for opening, closing in (("\\{", "\\}"), ("{", "}")):
            inside = _inside(tokens, opening, closing)
            if inside is not None and not {r"\over", r"\choose"} & set(inside):
                return self.braces(inside, real=opening == "\\{")
        inside = _inside(tokens, r"\langle", r"\rangle")
        if inside is not None:
            return Meaning("tuple", parts=tuple(map(self.element, _split(inside, {","}))))
        if len(tokens) > 3 and tokens[-1] in {"T", r"\top"} or text.endswith(("^{T}", r"^{\top}")):
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
        sides, _ = _cut(inside, {"|": "", r"\mid": "", ":": ""})
        if len(sides) == 2 and real:
            meaning = self.relation(_stripped(sides[1]))
            if meaning.kind == "relation" and meaning.parts:
                return meaning.parts[0]
            raise _NoFormula("a set by its property")
        parts = [part for part in _split(inside, {",", ";"}) if part]
        if not real and len(parts) == 1:
            return self.relation(parts[0])
        found = [meaning for part in parts for meaning in self.signs(part)]
        return Meaning("set", parts=tuple(found))

    def column(self, tokens: Sequence[str]) -> Meaning | None:
        """A row in brackets with a T above it."""
        end = max(place for place, token in enumerate(tokens) if token == "^")
        for opening, closing in (("(", ")"), ("[", "]")):
            inside = _inside(_stripped(tokens[:end]), opening, closing)
            if inside is not None and len(_split(inside, {","})) > 1:
                entries = tuple(map(self.element, _split(inside, {","})))
                return Meaning("matrix", parts=entries, mark=f"{len(entries)}x1")
        return None

    def brackets(self, tokens: Sequence[str]) -> Meaning | None:
        """A tuple or an interval; None where brackets only group."""
        if len(tokens) < 2 or tokens[0] not in "([]" or tokens[-1] not in ")][":
            return None
        inside = list(tokens[1:-1])
        backwards = tokens[0] == "]" or tokens[-1] == "["
        if not _balanced(inside) or (not backwards and not _whole_bracket(tokens)):
            return None
        parts = _split(inside, {",", ";"})
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
        return self.relation(_stripped(tokens))

    def ratio(self, tokens: Sequence[str]) -> Meaning:
        """Two numbers as their quotient; more as a tuple over the first."""
        if _TIME.fullmatch("".join(tokens).replace(" ", "")):
            raise _NoFormula("a time of day")
        nodes = [self.node(part) for part in _split(tokens, {":"})]
        if len(nodes) == 2:
            return self.scalar_of(("div", nodes[0], nodes[1]))
        quotients = tuple(self.scalar_of(("div", node, nodes[0])) for node in nodes)
        return Meaning("tuple", parts=quotients, mark="ratio")

    # formulas

    def node(self, tokens: Sequence[str]) -> Node | None:
        """A formula; None where it is a collection."""
        tokens = _stripped(tokens)
        if len(tokens) > 1 and tokens[0] in {"(", "["} and _whole_bracket(tokens):
            if len(_split(tokens[1:-1], {","})) > 1:
                return None
        latex = "".join(tokens)
        node = parse_formula(latex)
        return _renamed(node, "C", "c") if self.constant else node

    def scalar(self, tokens: Sequence[str]) -> Meaning:
        try:
            node = self.node(tokens)
        except HeavyFormulaError:
            if self.work is None:
                raise
            return Meaning("scalar", self.work("".join(tokens)))
        if node is None:
            raise _NoFormula("no formula")
        return self.scalar_of(node)

    def scalar_of(self, node: Node | None) -> Meaning:
        if node is None:
            raise _NoFormula("no formula")
        if has(node, "mat"):
            size = shape(node)
            if size is not None:
                self.note(node)
                rows = evaluate(node, self.options)
                entries = tuple(Meaning("scalar", tuple(row)) for row in rows)
                return Meaning("matrix", parts=entries, mark=f"{size[0]}x{size[1]}")
        axes = variables(node) & set(_AXES)
        if axes and axes != {_AXES[0]}:
            return self.vector(node, 3 if _AXES[2] in axes else 2)
        return Meaning("scalar", self.values(node))

    def vector(self, node: Node, size: int) -> Meaning:
        """A sum of multiples of the unit vectors as a column."""
        parts = []
        for axis in (None, *_AXES[:size]):
            at = node
            for name in _AXES[:size]:
                at = _put(at, name, Fraction(int(name == axis)))
            parts.append(Meaning("scalar", self.values(at)))
        if any(value.re or value.im for value in parts[0].values):
            raise _NoFormula("no vector")
        return Meaning("matrix", parts=tuple(parts[1:]), mark=f"{size}x1")

    def values(self, node: Node, *, padded: bool = False) -> tuple[Value, ...]:
        self.note(node)
        rows = evaluate(node, self.options)
        if len(rows) != 1:
            raise _NoFormula("a matrix in a relation")
        values = tuple(rows[0])
        return values * (PLACES // len(values)) if padded else values

    def note(self, node: Node) -> None:
        for kind, option in _MARKED.items():
            if has(node, kind):
                self.used |= {option}
        if "short derivatives" in self.options:
            self.derivatives |= set(_derivatives(node))


_MARKED: Final = {"pct": "bare percent", "deg": "radians", "leib": "short derivatives"}


def _derivatives(node: Any) -> Iterator[str]:
    """The full names of the derivatives in a formula."""
    if isinstance(node, tuple) and node[0] == "leib":
        yield node[1]
    elif isinstance(node, (tuple, list)):
        for part in node:
            yield from _derivatives(part)


def _agree(one: Meaning, other: Meaning) -> bool:
    apart = EXACT.subtract(one.values[0].re, other.values[0].re).copy_abs()
    return apart <= EXACT.multiply(_ROUGHLY, other.values[0].re.copy_abs())


def _name(node: Any) -> str:
    """What a left-hand side names; empty where it is a formula of another kind.

    `x`, `f(x)`, `AB`, `x+y` and `\\tan A` name something, `2x+y` and `BC^2` are formulas.
    """
    if isinstance(node, Meaning):
        return node.mark
    if node is None or not variables(node):
        return ""
    if node[0] in _NAMES:
        return repr(node[1:])
    if node[0] in {"mul", "add"}:
        parts = [_name(part) for part in node[1]]
        return f"{node[0]}{sorted(parts)}" if all(parts) else ""
    if node[0] == "div":
        parts = [_name(part) for part in node[1:]]
        return f"div{parts}" if all(parts) else ""
    return repr(node) if node[0] == "fn" else ""


def _difference(left: Node, right: Node) -> Node:
    """The difference of two sides, times what stands below their fraction lines."""
    plain: Node = ("add", [left, ("neg", right)])
    below: list[Node] = []
    for term in (*_terms(left), *_terms(right)):
        for part in _denominators(term):
            if variables(part) and part not in below:
                below.append(part)
    return ("mul", [plain, *below]) if below else plain


def _terms(node: Node) -> list[Node]:
    if node[0] == "add":
        return [term for part in node[1] for term in _terms(part)]
    return _terms(node[1]) if node[0] == "neg" else [node]


def _denominators(node: Node) -> list[Node]:
    if node[0] == "div":
        return [*_denominators(node[1]), node[2]]
    if node[0] == "mul":
        return [found for part in node[1] for found in _denominators(part)]
    return []


def _renamed(node: Any, old: str, new: str) -> Any:
    if isinstance(node, list):
        return [_renamed(part, old, new) for part in node]
    if not isinstance(node, tuple):
        return node
    if node[:2] == ("var", old):
        return ("var", new)
    return tuple(_renamed(part, old, new) for part in node)


def _put(node: Any, name: str, value: Fraction) -> Any:
    """A formula with a number in place of a variable."""
    if isinstance(node, list):
        return [_put(part, name, value) for part in node]
    if not isinstance(node, tuple):
        return node
    if node[:2] == ("var", name):
        return ("num", value, Fraction(0))
    return tuple(_put(part, name, value) for part in node)


def _zero(node: Node, name: str, options: frozenset[str]) -> Value:
    """Where a linear formula is zero."""
    at_zero, at_one = (_put(node, name, Fraction(number)) for number in (0, 1))
    quotient: Node = ("div", at_zero, ("add", [at_zero, ("neg", at_one)]))
    return evaluate(quotient, options)[0][0]


# tokens


def _signs_outside_sets(tokens: Sequence[str]) -> list[int]:
    r"""Places of `\pm` and `\mp` that are not inside the braces of a set."""
    depth = 0
    found = []
    for place, token in enumerate(tokens):
        depth += (token == r"\{") - (token == r"\}")
        if depth == 0 and token in {r"\pm", r"\mp"}:
            found.append(place)
    return found


def _tokens(latex: str) -> list[str]:
    return _TOKEN.findall(latex)


def _stripped(tokens: Sequence[str]) -> list[str]:
    start, end = 0, len(tokens)
    while start < end and tokens[start].isspace():
        start += 1
    while end > start and tokens[end - 1].isspace():
        end -= 1
    return list(tokens[start:end])


def _depths(tokens: Sequence[str]) -> Iterator[tuple[str, int]]:
    depth = 0
    for token in tokens:
        if token in _CLOSING:
            depth -= 1
        yield token, depth
        if token in _OPENING:
            depth += 1


def _split(tokens: Sequence[str], separators: set[str]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for token, depth in _depths(tokens):
        if depth == 0 and token in separators:
            parts.append([])
        else:
            parts[-1].append(token)
    return [_stripped(part) for part in parts]


def _cut(
    tokens: Sequence[str], signs: dict[str, str], *, keep: bool = False
) -> tuple[list[list[str]], list[str]]:
    parts: list[list[str]] = [[]]
    found: list[str] = []
    for token, depth in _depths(tokens):
        if depth == 0 and token in signs:
            parts.append([])
            found.append(token if keep else signs[token])
        else:
            parts[-1].append(token)
    return [_stripped(part) for part in parts], found


def _inside(tokens: Sequence[str], opening: str, closing: str) -> list[str] | None:
    """What one pair of brackets around all of some tokens holds; None where there is none."""
    if len(tokens) < 2 or tokens[0] != opening or tokens[-1] != closing:
        return None
    return list(tokens[1:-1]) if _whole_bracket(tokens) else None


def _whole_bracket(tokens: Sequence[str]) -> bool:
    """Tell whether the first bracket is closed by the last token."""
    depths = [depth for _, depth in _depths(tokens)]
    return depths[-1] == 0 and all(depth > 0 for depth in depths[1:-1])


def _balanced(tokens: Sequence[str]) -> bool:
    depth = 0
    for token in tokens:
        depth += (token in _OPENING) - (token in _CLOSING)
        if depth < 0:
            return False
    return depth == 0


def _spaced(latex: str) -> bool:
    """Tell whether a comma between digits may separate thousands."""
    commas = re.findall(r",\s*", latex)
    if "(" in latex or "[" in latex:
        return False
    return any(comma != "," for comma in commas) or len(_THOUSANDS.findall(latex)) == 1

r"""Formulas: one LaTeX expression as a tree of operations, every sign of it accounted for.

Whatever names answers use, `T_{\text{h}}`, `\hat{x}`, `L_{\odot}` and words in a fraction, are
variables of their own, told apart by base, subscript and accent. An unknown sign is an error, never
left out: an answer whose formula cannot be read whole is compared as text.

A node is a tuple whose first entry names it:

- `("num", value, unit)`: a number; `unit` is one unit of its last decimal place, 0 if none counts;
- `("var", name)`, `("const", name)`; `("leib", name, short)`: dy/dx, with and without its x;
- `("add", nodes)`, `("mul", nodes)`, `("div", a, b)`, `("pow", a, b)`, `("neg", a)`;
- `("fn", name, nodes)`, `("call", name, nodes)`: a known and an unknown function;
- `("root", n, a)`, `("deg", a)`, `("pct", a)`, `("mat", rows)`.
"""

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from svlaw.data.grading.formula_names import NameReader
from svlaw.data.grading.formula_tokens import ACCENTS, CLOSERS, FONTS, SYMBOLS, Node
from svlaw.data.grading.notation import FUNCTIONS
from svlaw.data.grading.values import FormulaError, HeavyFormulaError

ENOUGH_DIGITS: Final = 6
"""Significant digits from which a decimal may stand for an unending one."""

_TIMES: Final = frozenset({r"\cdot", r"\times", "*", r"\ast"})
_VECTORS: Final = frozenset(
    {r"\vec", r"\mathbf", r"\boldsymbol", r"\bm", r"\overrightarrow", r"\nabla", r"\hat"}
)
_OVER: Final = frozenset({"/", r"\div"})
_HEAVY: Final = re.compile(r"\\(?:sum|prod|i{0,3}nt|oint|lim)(?![a-zA-Z])")
_DERIVED: Final = re.compile(
    r"(d|\\partial)(?:\^\{?(\d)\}?)?(\\?[a-zA-Z]+(?:_\{?\w+\}?)?(?:\(\w\))?)?"
)
_WITH_RESPECT: Final = re.compile(r"(d|\\partial)(\\?[a-zA-Z]+?)(?:\^\{?(\d)\}?)?")


def parse_formula(latex: str) -> Node:
    """Parse one expression.

    Raises:
        FormulaError: Some sign in it is unknown, or out of place.
        HeavyFormulaError: It holds a sum, a product over an index, an integral or a limit.
    """
    if _HEAVY.search(latex):
        raise HeavyFormulaError(latex)
    return _Parser(latex).whole()


class _Parser(NameReader):
    def __init__(self, latex: str | Sequence[str]) -> None:
        super().__init__(latex)
        self.bars = 0
        self.in_function = 0
        self.vectors = not _VECTORS.isdisjoint(self.tokens)

    def whole(self) -> Node:
        node = self.expression()
        if self.place != len(self.tokens):
            raise FormulaError(f"{self.peek()!r} is out of place")
        return node

    def parsed(self, tokens: Sequence[str]) -> Node:
        return _Parser(tokens).whole()

    # sums and products

    def expression(self) -> Node:
        terms = [self.term()]
        while self.peek() in {"+", "-"}:
            negative = self.take() == "-"
            term = self.term()
            terms.append(("neg", term) if negative else term)
        return terms[0] if len(terms) == 1 else ("add", terms)

    def term(self) -> Node:
        if self.peek() in {"-", "+"}:
            negative = self.take() == "-"
            term = self.term()
            return ("neg", term) if negative else term
        node = _product(self.run())
        while True:
            token = self.peek()
            if token in _TIMES:
                self.take()
                right = self.operand()
                if self.vectors and token == r"\times" and "num" not in {node[0], right[0]}:
                    node = ("call", "cross", [node, right])
                else:
                    node = ("mul", [node, right])
            elif token in _OVER:
                self.take()
                node = self.quotient(node)
            else:
                return node

    def operand(self) -> Node:
        if self.peek() in {"-", "+"}:
            negative = self.take() == "-"
            node = self.operand()
            return ("neg", node) if negative else node
        return _product(self.run())

    def quotient(self, above: Node) -> Node:
        r"""What follows a slash: `a/bc` is a over bc, but `1/2x` is a half of x."""
        negative = self.peek() == "-" and bool(self.take())
        below = self.run()
        if above[0] == "num" and below[0][0] == "num" and len(below) > 1:
            node: Node = ("mul", [("div", above, below[0]), *below[1:]])
        else:
            node = ("div", above, _product(below))
        return ("neg", node) if negative else node

    def run(self) -> list[Node]:
        """Factors side by side."""
        factors = [self.factor(first=True)]
        while self.starts_factor():
            before = factors[-1]
            at_number = self.peek()[0].isdigit() or self.peek()[0] == "."
            if at_number and not (before[0] in {"fn", "pow", "root"} and self.in_function == 0):
                mixed = self.mixed(before)
                if mixed is None:
                    raise FormulaError("two numbers side by side")
                factors[-1] = mixed
                continue
            whole = _whole(before) and self.peek() == r"\frac"
            factor = self.factor(first=False)
            if whole and factor[0] == "div" and _whole(factor[1]) and _whole(factor[2]):
                factors[-1] = ("add", [before, factor])
            else:
                factors.append(factor)
        return factors

    def mixed(self, before: Node) -> Node | None:
        """A mixed number such as `2 1/3`."""
        if not _whole(before) or self.peek(1) != "/" or not self.peek(2).isdigit():
            return None
        above, _, below = self.take(), self.take(), self.take()
        if not above.isdigit() or int(below) == 0:
            return None
        return ("add", [before, ("num", Fraction(int(above), int(below)), Fraction(0))])

    def starts_factor(self) -> bool:
        token = self.peek()
        if not token:
            return False
        if token == "|":
            return self.bars == 0
        known = token in SYMBOLS or token in ACCENTS or token in FONTS or token[1:] in FUNCTIONS
        return (
            token[0].isalnum()
            or token[0] == "."
            or token in {"(", "[", "{", r"\lfloor", r"\lceil", r"\lVert", r"\|"}
            or token in {r"\frac", r"\binom", r"\pi", r"\infty", r"\begin"}
            or (token[0] == "\\" and known)
        )

    # factors

    def factor(self, *, first: bool) -> Node:
        node = self.base(first=first)
        while True:
            token = self.peek()
            if token == "^":
                self.take()
                node = self.raised(node)
            elif token == "!":
                self.take()
                node = ("fn", "factorial", [node])
            elif token in {"%", r"\%"}:
                self.take()
                node = ("pct", node)
            else:
                return node

    def raised(self, base: Node) -> Node:
        if self.peek() == "{" and self.peek(1) == r"\circ" and self.peek(2) == "}":
            self.place += 3
            return self.degrees(base)
        if self.peek() == r"\circ":
            self.take()
            return self.degrees(base)
        transposed = self.peek() in {"T", r"\top", r"\intercal"} or (
            self.peek() == "{" and self.peek(1) in {"T", r"\top"} and self.peek(2) == "}"
        )
        if transposed and base[0] == "mat":
            self.enclosed()
            return ("fn", "transpose", [base])
        if self.peek() == "-":
            self.take()
            return ("pow", base, ("neg", self.argument()))
        return ("pow", base, self.argument())

    def degrees(self, node: Node) -> Node:
        return ("deg", node) if not self.in_function else ("fn", "radians", [node])

    def argument(self) -> Node:
        """A group in braces or brackets, or one token."""
        token = self.peek()
        if token == "{":
            return self.group()
        if token == "(":
            self.take()
            return self.inside(")")
        if token and token[0].isdigit():
            return _number(self.take())
        return self.base(first=False)

    def short_argument(self) -> Node:
        r"""An argument of `\frac` or `\sqrt`, of which `\frac12` has two."""
        token = self.peek()
        if len(token) > 1 and token.isdigit():
            self.tokens[self.place : self.place + 1] = [token[0], token[1:]]
        return self.argument()

    def group(self) -> Node:
        r"""A group in braces, `a \over b` in it."""
        self.expect("{")
        start, depth = self.place, 1
        for place in range(start, len(self.tokens)):
            token = self.tokens[place]
            depth += (token == "{") - (token == "}")
            if not depth:
                break
            if depth == 1 and token in {r"\over", r"\choose"}:
                above = _Parser(self.tokens[start:place]).whole()
                self.place = place + 1
                below = self.expression()
                self.expect("}")
                if token == r"\over":
                    return ("div", above, below)
                return ("fn", "binom", [above, below])
        return self.inside("}")

    def inside(self, closing: str) -> Node:
        bars, self.bars = self.bars, 0
        functions, self.in_function = self.in_function, self.in_function
        node = self.expression()
        self.bars, self.in_function = bars, functions
        self.expect(closing)
        return node

    def base(self, *, first: bool) -> Node:  # noqa: PLR0911
        token = self.peek()
        if not token:
            raise FormulaError("ends too early")
        if token[0].isdigit() or token[0] == ".":
            return self.number()
        if token == "{":
            return self.group()
        if token in {"(", "["}:
            self.take()
            return self.inside(CLOSERS[token])
        if token == "|":
            self.take()
            self.bars += 1
            node = self.expression()
            self.bars -= 1
            self.expect("|")
            return ("fn", "abs", [node])
        if token in {r"\lfloor", r"\lceil"}:
            self.take()
            return ("fn", token[2:], [self.inside(CLOSERS[token])])
        if token in {r"\frac", r"\binom"}:
            return self.fraction()
        if token == r"\begin":
            return self.matrix()
        if token[0] == "\\" and token[1:] in FUNCTIONS:
            return self.function()
        return self.name(first=first)

    def number(self) -> Node:
        node = _number(self.take())
        if self.peek() != "_":
            return node
        self.take()
        return ("var", f"{node[1]}_{''.join(self.enclosed())}")

    def fraction(self) -> Node:
        binomial = self.take() == r"\binom"
        derivative = None if binomial else self.derivative()
        if derivative is not None:
            return derivative
        above, below = self.short_argument(), self.short_argument()
        return ("fn", "binom", [above, below]) if binomial else ("div", above, below)

    def derivative(self) -> Node | None:
        """A derivative as a name of its own: dy/dx, and D1y without its variable."""
        start = self.place
        try:
            above, below = "".join(self.enclosed()), "".join(self.enclosed())
        except FormulaError:
            above = below = ""
        top, bottom = _DERIVED.fullmatch(above), _WITH_RESPECT.fullmatch(below)
        if top and bottom and top.group(1) == bottom.group(1):
            order = top.group(2) or "1"
            if order == (bottom.group(3) or "1"):
                if top.group(3):
                    name = top.group(3).replace("{", "").replace("}", "").partition("(")[0]
                    short = f"D{order}{name}" + ("p" if top.group(1) != "d" else "")
                    return ("leib", f"{short}/{bottom.group(2)}", short)
                return ("call", f"D{order}/{bottom.group(2)}", [self.factor(first=False)])
        self.place = start
        return None

    def matrix(self) -> Node:
        self.take()
        kind = "".join(self.enclosed())
        if kind.rstrip("*") not in {
            "pmatrix",
            "bmatrix",
            "matrix",
            "Bmatrix",
            "array",
            "smallmatrix",
        }:
            raise FormulaError(kind)
        if kind == "array" and self.peek() == "{":
            self.enclosed()
        rows: list[list[Node]] = [[]]
        while True:
            if self.peek() in {r"\\", r"\end"}:
                if self.take() == r"\end":
                    break
                rows.append([])
                continue
            rows[-1].append(self.expression())
            if self.peek() == "&":
                self.take()
        self.enclosed()
        rows = [row for row in rows if row]
        if not rows or len({len(row) for row in rows}) != 1:
            raise FormulaError("rows of several lengths")
        return ("mat", rows)

    def function(self) -> Node:
        name = self.take()[1:]
        base: Node | None = None
        power: Node | None = None
        if name == "sqrt" and self.peek() == "[":
            base = _Parser(self.enclosed()).whole()
        while self.peek() in {"_", "^"}:
            if self.take() == "_":
                base = _Parser(self.enclosed_short()).whole()
            elif self.peek() == "-":
                raise FormulaError("a negative power without braces")
            else:
                power = self.argument()
        if name == "sqrt":
            node: Node = ("root", base or ("num", Fraction(2), Fraction(0)), self.short_argument())
            return node if power is None else ("pow", node, power)
        self.in_function += 1
        arguments = self.arguments(name)
        self.in_function -= 1
        inverse = power is not None and power[0] == "neg" and power[1] == _number("1")
        if inverse and not name.startswith("arc"):
            name, power = f"arc{name}", None
        if name == "log":
            arguments = [*arguments, base or _number("10")]
        elif base is not None:
            raise FormulaError("a function with an index")
        node = ("fn", name, arguments)
        return node if power is None else ("pow", node, power)

    def arguments(self, name: str) -> list[Node]:
        if self.peek() in {"(", "[", "{"}:
            opening = self.take()
            found = [self.expression()]
            while self.peek() == ",":
                self.take()
                found.append(self.expression())
            self.expect(CLOSERS[opening])
            return found
        if self.peek() == "-":
            self.take()
            return [("neg", self.arguments(name)[0])]
        factors = [self.factor(first=True)]
        while self.starts_factor() and self.peek()[1:] not in FUNCTIONS - {"sqrt"}:
            factors.append(self.factor(first=False))
        return [_product(factors)]


def _product(factors: list[Node]) -> Node:
    return factors[0] if len(factors) == 1 else ("mul", factors)


def _whole(node: Node) -> bool:
    return node[0] == "num" and bool(node[1].denominator == 1)


def _number(token: str) -> Node:
    value = Fraction(f"0{token}" if token.startswith(".") else token)
    _, point, decimals = token.partition(".")
    significant = len(token.replace(".", "").lstrip("0"))
    counts = bool(point) and decimals.isdigit() and significant >= ENOUGH_DIGITS
    counts = counts and bool(decimals.strip("0"))
    return ("num", value, Fraction(1, 10 ** len(decimals)) if counts else Fraction(0))

"""Equations: what the sides of one name, how far they differ, and where they are equal."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final

from svlaw.data.grading.answer_evaluation import evaluate, variables
from svlaw.data.grading.formula_tokens import Node
from svlaw.data.grading.meanings import Meaning
from svlaw.data.grading.values import Value

NAMES: Final = frozenset({"var", "leib", "call"})


"""Kinds of nodes that are one name."""


def derivatives(node: Any) -> Iterator[str]:
    """The full names of the derivatives in a formula."""
    if isinstance(node, tuple) and node[0] == "leib":
        yield node[1]
    elif isinstance(node, (tuple, list)):
        for part in node:
            yield from derivatives(part)


def name_of(node: Any) -> str:
    r"""What a left-hand side names; empty where it is a formula of another kind.

    `x`, `f(x)`, `AB`, `x+y` and `\tan A` name something, `2x+y` and `BC^2` are formulas.
    """
    if isinstance(node, Meaning):
        return node.mark
    if node is None or not variables(node):
        return ""
    if node[0] in NAMES:
        return repr(node[1:])
    if node[0] in {"mul", "add"}:
        parts = [name_of(part) for part in node[1]]
        return f"{node[0]}{sorted(parts)}" if all(parts) else ""
    if node[0] == "div":
        parts = [name_of(part) for part in node[1:]]
        return f"div{parts}" if all(parts) else ""
    return repr(node) if node[0] == "fn" else ""


def difference(left: Node, right: Node) -> Node:
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


def renamed(node: Any, old: str, new: str) -> Any:
    """A formula with another name for a variable."""
    if isinstance(node, list):
        return [renamed(part, old, new) for part in node]
    if not isinstance(node, tuple):
        return node
    if node[:2] == ("var", old):
        return ("var", new)
    return tuple(renamed(part, old, new) for part in node)


def put(node: Any, name: str, value: Fraction) -> Any:
    """A formula with a number in place of a variable."""
    if isinstance(node, list):
        return [put(part, name, value) for part in node]
    if not isinstance(node, tuple):
        return node
    if node[:2] == ("var", name):
        return ("num", value, Fraction(0))
    return tuple(put(part, name, value) for part in node)


def zero_of(node: Node, name: str, options: frozenset[str]) -> Value:
    """Where a linear formula is zero."""
    at_zero, at_one = (put(node, name, Fraction(number)) for number in (0, 1))
    quotient: Node = ("div", at_zero, ("add", [at_zero, ("neg", at_one)]))
    return evaluate(quotient, options)[0][0]

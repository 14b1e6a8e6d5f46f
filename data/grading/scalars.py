"""Scalars: the formulas of an answer, worked out under the options of a reading."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Final

from svlaw.data.grading.answer_evaluation import PLACES, evaluate, kinds, shape, variables
from svlaw.data.grading.brackets import is_bracketed, split, stripped
from svlaw.data.grading.equations import derivatives, put, renamed
from svlaw.data.grading.formula_tokens import Node
from svlaw.data.grading.formulas import parse_formula
from svlaw.data.grading.meanings import Meaning
from svlaw.data.grading.values import FormulaError, HeavyFormulaError, Value

Work = Callable[[str], tuple[Value, ...]]
"""Works out a formula that needs algebra: a sum, an integral, a limit."""

_AXES: Final = (r"\hat{i}", r"\hat{j}", r"\hat{k}")
_MARKED: Final = {"pct": "bare percent", "deg": "radians", "leib": "short derivatives"}


class NoFormulaError(FormulaError):
    """An answer is not mathematics."""


class ScalarReader:
    """Reads the formulas of one spelling of an answer under some options.

    Attributes:
        used: The options that made a difference.
        derivatives: Full names of the derivatives that were read without their variable.
    """

    def __init__(self, latex: str, options: frozenset[str], work: Work | None) -> None:
        self.latex = latex
        self.options = options
        self.work = work
        self.used: frozenset[str] = frozenset()
        self.constant = ""
        self.derivatives: set[str] = set()

    def node(self, tokens: Sequence[str]) -> Node | None:
        """A formula; None where it is a collection."""
        tokens = stripped(tokens)
        grouped = len(tokens) > 1 and tokens[0] in {"(", "["} and is_bracketed(tokens)
        if grouped and len(split(tokens[1:-1], {","})) > 1:
            return None
        latex = "".join(tokens)
        node = parse_formula(latex)
        return renamed(node, "C", "c") if self.constant else node

    def scalar(self, tokens: Sequence[str]) -> Meaning:
        """Read a formula from its tokens."""
        try:
            node = self.node(tokens)
        except HeavyFormulaError:
            if self.work is None:
                raise
            return Meaning("scalar", self.work("".join(tokens)))
        if node is None:
            raise NoFormulaError("no formula")
        return self.scalar_of(node)

    def scalar_of(self, node: Node | None) -> Meaning:
        """Work out a formula; a matrix where it is one."""
        if node is None:
            raise NoFormulaError("no formula")
        if "mat" in kinds(node):
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
                at = put(at, name, Fraction(int(name == axis)))
            parts.append(Meaning("scalar", self.values(at)))
        if any(value.re or value.im for value in parts[0].values):
            raise NoFormulaError("no vector")
        return Meaning("matrix", parts=tuple(parts[1:]), mark=f"{size}x1")

    def values(self, node: Node, *, padded: bool = False) -> tuple[Value, ...]:
        """Work out a formula that is no matrix."""
        self.note(node)
        rows = evaluate(node, self.options)
        if len(rows) != 1:
            raise NoFormulaError("a matrix in a relation")
        values = tuple(rows[0])
        return values * (PLACES // len(values)) if padded else values

    def note(self, node: Node) -> None:
        """Note which options make a difference to a formula."""
        self.used |= {_MARKED[kind] for kind in kinds(node) & _MARKED.keys()}
        if "short derivatives" in self.options:
            self.derivatives |= set(derivatives(node))

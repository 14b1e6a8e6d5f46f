r"""What Math-Verify makes of answers: the side of grading that runs in worker processes.

`read` says what an answer is and what it is worth, `agree` whether two answers are the same, and
`may_agree` whether two readings leave that open: answers with different values cannot be the same,
so that only few pairs need algebra. Nothing here has a time limit of its own: a worker that takes
too long is killed, so that `1^{10^{10^{10}}}` costs the limit and no more.
"""

import contextlib
import hashlib
import logging
import re
import signal
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Literal

Shape = Literal["scalar", "collection", "equation", "relation", "text", "opaque", "solved"]

MEMORY_LIMIT: Final = 512 << 20
"""Bytes of memory that a worker may use."""

LONGEST: Final = 1_000
"""Characters of an answer from which it is no mathematics; algebra would take minutes over it."""

_DEGREES_IN_FUNCTION: Final = re.compile(
    r"(\\(?:sin|cos|tan|cot|sec|csc)\s*\(?\s*)(\d+(?:\.\d+)?)"
    r"\s*(?:\^\s*(?:\{\s*\\circ\s*\}|\\circ(?![a-zA-Z]))|°)"
)
_OPEN_RIGHT: Final = re.compile(r"(.*)\\left([(\[])(.*)\\right\s*", re.DOTALL)
_MIRRORED: Final = {"(": ")", "[": "]"}
_LIBRARIES: Final = ("math-verify", "latex2sympy2_extended", "sympy")
HUGE: Final = 1e300
"""Stands for every larger value; whether two of those are the same is left to algebra."""

_INFINITY: Final = 1_234_567.891
_DIGITS: Final = 20
_HIGHEST_DEGREE: Final = 8
_ROOT_ERROR: Final = 1e-3


@dataclass(frozen=True)
class Reading:
    """What an answer is.

    Attributes:
        shape: `scalar` (a number or an expression), `collection` (a set, tuple, interval or
            matrix), `equation`, `relation` (an inequality), `text` (not mathematics), `opaque`
            (mathematics without a value), or `solved` (an equation by its solutions alone).
        size: Number of values: of elements, of boundary points of an interval, a union or an
            inequality's solutions; None when they are not known.
        value: Their sum, with variables at fixed places that depend on their names; of an equation,
            that of its right-hand side.
        roots: Number of real solutions of an equation, or of an inequality as an equation, in its
            last variable; None when they are not known.
        root_sum: Their sum.
        constant: Whether the values are free of variables.
    """

    shape: Shape
    size: int | None = None
    value: complex = 0j
    roots: int | None = None
    root_sum: float = 0.0
    constant: bool = False


def may_agree(one: Reading, other: Reading) -> bool:
    """Tell whether two readings leave it open that the answers are the same.

    False only where Math-Verify would deny it in both directions: it compares decimals rounded to
    six places, and everything else exactly.
    """
    shapes = {one.shape, other.shape}
    if "text" in shapes:
        return one == other
    if shapes in ({"equation"}, {"relation"}):
        known = one.roots is not None and other.roots is not None
        return not known or (one.roots == other.roots and is_close(one.root_sum, other.root_sum))
    if shapes == {"relation", "scalar"}:
        return False
    if one.size is None or other.size is None:
        return True
    return one.size == other.size and is_close(one.value, other.value)


def is_close(one: complex, other: complex) -> bool:
    """Tell whether two values may be of equal answers."""
    return abs(one - other) <= reach(one)


def reach(value: complex) -> float:
    """How far from a value those of equal answers can lie."""
    return 3e-6 + 1e-9 * abs(value)


def read(answer: str) -> Reading:
    """Read an answer with Math-Verify's parser.

    Raises:
        MemoryError: It needs more memory than the process may use.
    """
    try:
        parsed = _parse(answer)
        expressions = [part for part in parsed if not isinstance(part, str)]
        if not expressions:
            return Reading("text", 1, float(zlib.crc32("".join(parsed).strip().encode())))
        return _describe(expressions[0])
    except MemoryError:
        raise
    except Exception:  # algebra fails in more ways than can be listed
        return Reading("opaque")


def agree(answer: str, reference: str) -> bool:
    """Ask Math-Verify whether an answer means the same as its reference.

    The order matters to it: an equation `x = 5` is unwrapped to fit the reference. Its own alarm is
    off: it fires in the middle of imports and swallows the outcome.

    Raises:
        MemoryError: The pair needs more memory than the process may use.
    """
    from math_verify import verify  # noqa: PLC0415  0.5 s that only workers need

    try:
        return bool(
            verify(
                list(_parse(reference)),
                list(_parse(answer)),
                allow_set_relation_comp=True,
                timeout_seconds=None,
                raise_on_error=True,
            )
        )
    except MemoryError:
        raise
    except Exception:  # whatever algebra cannot digest is not the same
        return False


def prepare_worker() -> None:
    """Set up a worker: silence, a memory limit, quick death, and Math-Verify fully imported."""
    # A worker stuck in C code would not run a handler written in Python.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for name in ("math_verify", "latex2sympy2_extended"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415  absent on Windows

        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_LIMIT, most))
    # Lazy imports must not eat into the first pair's time.
    agree(r"x^2-1", r"(x-1)(x+1)")
    read(r"[0,\sqrt{2})")


@cache
def grader_digest() -> str:
    """Digest of all that decides a reading or an agreement besides the answers themselves."""
    versions = "".join(f"{name} {version(name)}\n" for name in _LIBRARIES)
    content = versions.encode() + Path(__file__).read_bytes()
    return hashlib.sha256(content).hexdigest()[:16]


@lru_cache(maxsize=1024)
def _parse(answer: str) -> tuple[Any, ...]:
    """Parse an answer as LaTeX; the result ends on its normalised text."""
    from math_verify import LatexExtractionConfig, parse  # noqa: PLC0415

    if len(answer) > LONGEST:
        return (answer,)
    latex = _DEGREES_IN_FUNCTION.sub(r"\1{\\frac{\2\\pi}{180}}", _mended(answer))
    # Its second configuration would pick any number out of what is not LaTeX.
    parsed = parse(
        rf"\boxed{{{latex}}}",
        extraction_config=[LatexExtractionConfig()],
        parsing_timeout=None,
        raise_on_error=True,
    )
    return tuple(part if isinstance(part, str) else _with_i(part) for part in parsed)


def _mended(latex: str) -> str:
    r"""Close what was left open at the end: braces, and the bracket of a `\right`."""
    right = _OPEN_RIGHT.fullmatch(latex)
    if right:
        before, left, inside = right.groups()
        latex = f"{before}{left}{inside}{_MIRRORED[left]}"
    bare = latex.replace(r"\{", "").replace(r"\}", "")
    return latex + "}" * max(0, bare.count("{") - bare.count("}"))


def _sympy() -> Any:
    """What Math-Verify rests on; imported where it is needed, in workers only."""
    return import_module("sympy")


def _with_i(expression: Any) -> Any:
    """Take the letter i for the imaginary unit, which the parser leaves a variable."""
    sympy = _sympy()

    letters = [s for s in getattr(expression, "free_symbols", ()) if str(s) == "i"]
    return expression.xreplace(dict.fromkeys(letters, sympy.I)) if letters else expression


def _describe(expression: Any) -> Reading:
    sympy = _sympy()

    last = _last_equation(expression)
    if last is not None:
        right = _describe(last.rhs)
        return Reading("equation", right.size, right.value, *_roots([last]), right.constant)
    relations = _relations(expression)
    if relations:
        boundary = _boundary(expression, relations)
        return Reading("relation", *boundary, *_roots(relations))
    values = list(_values(expression))
    alone = isinstance(expression, sympy.Expr) and not isinstance(expression, sympy.MatrixExpr)
    return Reading(
        "scalar" if alone else "collection",
        len(values),
        sum(values, 0j),
        constant=not expression.free_symbols,
    )


def _relations(expression: Any) -> list[Any]:
    """The inequalities that an answer consists of; none when it is something else."""
    sympy = _sympy()

    if isinstance(expression, sympy.Rel):
        return [expression]
    if isinstance(expression, (sympy.And, sympy.Or)):
        parts = [_relations(part) for part in expression.args]
        return [relation for part in parts for relation in part] if all(parts) else []
    return []


def _roots(relations: list[Any]) -> tuple[int | None, float]:
    """Distinct real solutions of relations as equations, all but the last variable in place."""
    import numpy as np  # noqa: PLC0415

    found: list[float] = []
    for relation in relations:
        polynomial = _polynomial(relation)
        if polynomial is None:
            return None, 0.0
        roots = np.roots([complex(coefficient) for coefficient in polynomial.all_coeffs()])
        found += [float(root.real) for root in roots if abs(root.imag) < _ROOT_ERROR]
    apart = [
        root
        for place, root in enumerate(sorted(found))
        if not place or root - sorted(found)[place - 1] > _ROOT_ERROR
    ]
    # Multiple roots are found to few digits.
    return len(apart), round(sum(apart), 3)


def _polynomial(relation: Any) -> Any:
    """A relation as a polynomial in its last variable; None when it is none of low degree."""
    sympy = _sympy()

    symbols = sorted(relation.free_symbols, key=str)
    if not symbols:
        return None
    places = {symbol: _place(symbol) for symbol in symbols[:-1]}
    try:
        difference = (relation.lhs - relation.rhs).xreplace(places).doit()
        polynomial = sympy.Poly(difference, symbols[-1])
    except Exception:  # not a polynomial, in one of many ways
        return None
    return polynomial if 1 <= polynomial.degree() <= _HIGHEST_DEGREE else None


def _boundary(expression: Any, relations: list[Any]) -> tuple[int | None, complex]:
    """Number and sum of the boundary points of what solves inequalities in one variable."""
    if len(expression.free_symbols) != 1 or any(_polynomial(r) is None for r in relations):
        return None, 0j
    values = list(_values(expression.as_set()))
    return len(values), sum(values, 0j)


def _last_equation(expression: Any) -> Any:
    """The last of the equations that an answer consists of; None when it is something else."""
    sympy = _sympy()

    if isinstance(expression, sympy.Eq):
        return expression
    if isinstance(expression, sympy.And):
        parts = getattr(expression, "_unsorted_args", expression.args)
        if parts and all(_last_equation(part) is not None for part in parts):
            return _last_equation(parts[-1])
    return None


def _values(expression: Any) -> Iterator[complex]:
    """The values of a scalar, of a collection's elements, or of a set's boundary.

    Raises:
        TypeError, ValueError: Something has no value.
    """
    sympy = _sympy()

    if isinstance(expression, sympy.MatrixExpr):
        expression = expression.doit()
    if isinstance(expression, sympy.MatrixBase):
        elements = list(expression.flat())
    elif isinstance(expression, (sympy.FiniteSet, sympy.Tuple)):
        elements = list(expression.args)
    elif isinstance(expression, sympy.Set):
        boundary = expression.doit().boundary
        if not isinstance(boundary, (sympy.FiniteSet, sympy.sets.sets.EmptySet)):
            raise TypeError("the boundary is no list of points")
        elements = list(boundary.args)
    elif isinstance(expression, sympy.Expr):
        yield _value(expression)
        return
    else:
        raise TypeError("neither an expression nor a collection")
    for element in elements:
        last = _last_equation(element)
        yield from _values(element if last is None else last.rhs)


def _value(expression: Any) -> complex:
    sympy = _sympy()

    places = {symbol: _place(symbol) for symbol in expression.free_symbols}
    number = expression.xreplace(places).evalf(_DIGITS)
    if not number.is_number or number.has(sympy.UnevaluatedExpr):
        number = number.doit().evalf(_DIGITS)
    if number in {sympy.oo, -sympy.oo}:
        return complex(_INFINITY if number == sympy.oo else -_INFINITY)
    if number.is_extended_real and abs(number) > HUGE:
        return complex(HUGE if number > 0 else -HUGE)
    return complex(number)


def _place(symbol: Any) -> Any:
    """Where a variable is evaluated: a fraction between 1/2 and 3/2 that its name alone decides."""
    sympy = _sympy()

    return sympy.Rational(1, 2) + sympy.Rational(zlib.crc32(str(symbol).encode()) >> 16, 2**16)

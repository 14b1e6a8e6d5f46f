r"""Algebra: sums, integrals and limits, which have to be worked out before they have values.

This is the side of grading that runs in worker processes. Nothing here has a time limit of its own:
a worker that takes too long is killed, so that an endless sum costs the limit and no more.
"""

import contextlib
import hashlib
import logging
import re
import signal
import warnings
from fractions import Fraction
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from svlaw.data.grading.answer_evaluation import PLACES, place_of
from svlaw.data.grading.answer_readings import read
from svlaw.data.grading.meanings import Reading
from svlaw.data.grading.values import UNDEFINED, FormulaError, Value, to_value

MEMORY_LIMIT: Final = 512 << 20
"""Bytes of memory that a worker may use."""

_LIBRARIES: Final = ("math-verify", "latex2sympy2_extended", "sympy", "mpmath")
_DIGITS: Final = 50
_POSITIVE: Final = 2
_LETTERS: Final = re.compile(r"(?<![A-Za-z\\])[A-Za-z]+")
_TEXT: Final = re.compile(r"\\(?:text|mathrm|mbox)\s*\{[^{}]*\}")
_CALLED: Final = re.compile(r"(?<![A-Za-z\\])[a-zA-Z]\s*\([a-z](?:\s*,\s*[a-z])*\)")


def read_with_algebra(answer: str) -> Reading:
    """Read an answer that holds a sum, an integral or a limit.

    Raises:
        MemoryError: It needs more memory than the process may use.
    """
    return read(answer, work_out)


def work_out(latex: str) -> tuple[Value, ...]:
    """Work out a formula with sympy, and evaluate it at the places of `evaluation`.

    Raises:
        FormulaError: Sympy cannot read it whole, or finds no value.
        MemoryError: It needs more memory than the process may use.
    """
    if _TEXT.search(latex) or _CALLED.search(latex):
        raise FormulaError("names that sympy cannot hold")
    try:
        return _values(_parsed(latex).doit(), latex)
    except MemoryError:
        raise
    except FormulaError:
        raise
    except Exception as error:  # algebra fails in more ways than can be listed
        raise FormulaError(str(error)) from error


def prepare_worker() -> None:
    """Set up a worker: silence, a memory limit, quick death, and algebra fully imported."""
    # A worker stuck in C code would not run a handler written in Python.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    warnings.simplefilter("ignore")
    logging.getLogger("latex2sympy2_extended").setLevel(logging.CRITICAL + 1)
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415  absent on Windows

        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_LIMIT, most))
    # Lazy imports must not eat into the first answer's time.
    read_with_algebra(r"\sum_{k=1}^{n} k")


@cache
def grader_digest() -> str:
    """Digest of all that decides what an answer means besides the answer itself."""
    versions = "".join(f"{name} {version(name)}\n" for name in _LIBRARIES)
    names = (
        "algebra",
        "brackets",
        "equations",
        "answer_evaluation",
        "formula_names",
        "formula_tokens",
        "formulas",
        "functions",
        "meanings",
        "notation",
        "answer_readings",
        "sameness",
        "segments",
        "structure",
        "units",
        "values",
    )
    content = b"".join(Path(__file__).with_name(f"{name}.py").read_bytes() for name in names)
    return hashlib.sha256(versions.encode() + content).hexdigest()[:16]


def _parsed(latex: str) -> Any:
    """An expression of sympy; every letter of the text is in it."""
    reader = import_module("latex2sympy2_extended.latex2sympy2")
    config = reader.ConversionConfig(lowercase_symbols=False)
    expression = reader.latex2sympy(
        latex, is_real=True, normalization_config=None, conversion_config=config
    )
    sympy = import_module("sympy")
    names = {str(symbol) for symbol in expression.atoms(sympy.Symbol)}
    held = set("".join(names)) | set("eid")
    if not set("".join(_LETTERS.findall(latex))) <= held:
        raise FormulaError("a letter got lost")
    letters = [symbol for symbol in expression.free_symbols if str(symbol) == "i"]
    return expression.xreplace(dict.fromkeys(letters, sympy.I)) if letters else expression


def _values(expression: Any, latex: str) -> tuple[Value, ...]:
    sympy = import_module("sympy")
    if not isinstance(expression, sympy.Expr) or expression.is_Matrix:
        raise FormulaError(latex)
    symbols = expression.free_symbols
    found = []
    for place in range(PLACES if symbols else 1):
        places = {
            symbol: sympy.Rational(*place_of(str(symbol), place).as_integer_ratio())
            for symbol in symbols
        }
        try:
            found.append(_value(expression.xreplace(places)))
        except (FormulaError, TypeError, ValueError, ArithmeticError):
            if place < _POSITIVE:
                raise
            found.append(UNDEFINED)
    return tuple(found)


def _value(number: Any) -> Value:
    sympy, mp = import_module("sympy"), import_module("mpmath").mp
    if number.is_Rational:
        return to_value(Fraction(int(number.p), int(number.q)))
    if number in {sympy.oo, -sympy.oo}:
        return to_value(mp.inf if number == sympy.oo else -mp.inf)
    worked = number.evalf(_DIGITS)
    real, imaginary = worked.as_real_imag()
    if not (real.is_Float or real.is_Rational) or not (imaginary.is_Float or imaginary.is_Rational):
        raise FormulaError("no number")
    with mp.workdps(_DIGITS):
        return to_value(mp.mpc(*(mp.mpf(str(part)) for part in (real, imaginary))))

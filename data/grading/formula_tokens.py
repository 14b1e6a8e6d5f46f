"""Tokens of a formula: what the parser of formulas knows, and a reader that takes them in turn."""

import re
from collections.abc import Sequence
from typing import Any, Final

from svlaw.data.grading.values import FormulaError

Node = tuple[Any, ...]
"""A tree of operations; see `svlaw.data.grading.formulas`."""

_TOKEN: Final = re.compile(
    r"\\[a-zA-Z]+|\\.|\d+(?:\.\d+)?[eE][+-]?\d+(?![\d^.])|\d+(?:\.\d+)?|\.\d+|\s+|.", re.DOTALL
)
SYMBOLS: Final = frozenset(
    rf"\{name}"
    for name in [
        "alpha",
        "beta",
        "gamma",
        "delta",
        "epsilon",
        "zeta",
        "eta",
        "theta",
        "vartheta",
        "iota",
        "kappa",
        "lambda",
        "mu",
        "nu",
        "xi",
        "rho",
        "sigma",
        "tau",
        "upsilon",
        "phi",
        "chi",
        "psi",
        "omega",
        "Gamma",
        "Delta",
        "Theta",
        "Lambda",
        "Xi",
        "Pi",
        "Sigma",
        "Upsilon",
        "Phi",
        "Psi",
        "Omega",
        "hbar",
        "ell",
        "nabla",
        "odot",
        "oplus",
        "star",
        "dagger",
        "prime",
        "angle",
        "triangle",
        "varrho",
        "varsigma",
        "varpi",
        "aleph",
        "square",
        "bigcirc",
        "perp",
        "circ",
        "partial",
        "mho",
        "wp",
        "imath",
        "jmath",
    ]
)
ACCENTS: Final = frozenset(
    rf"\{name}"
    for name in [
        "hat",
        "bar",
        "vec",
        "dot",
        "ddot",
        "tilde",
        "overline",
        "underline",
        "widehat",
        "widetilde",
        "mathcal",
        "mathbb",
        "mathfrak",
        "mathscr",
        "overrightarrow",
        "check",
        "breve",
        "acute",
        "grave",
        "overarc",
        "wideparen",
    ]
)
SAME_ACCENT: Final = {
    r"\overline": r"\bar", r"\overrightarrow": r"\vec", r"\widehat": r"\hat",
    r"\widetilde": r"\tilde", r"\mathscr": r"\mathcal", r"\wideparen": r"\overarc",
}  # fmt: skip
FONTS: Final = frozenset(
    rf"\{name}"
    for name in [
        "text",
        "textbf",
        "textit",
        "textrm",
        "textsf",
        "texttt",
        "textnormal",
        "mathrm",
        "mathbf",
        "mathit",
        "mathsf",
        "mathtt",
        "mathnormal",
        "mbox",
        "hbox",
        "operatorname",
        "boldsymbol",
        "bm",
        "pmb",
        "emph",
    ]
)
CLOSERS: Final = {"(": ")", "[": "]", "{": "}", r"\lfloor": r"\rfloor", r"\lceil": r"\rceil"}
CALLED: Final = frozenset("fgFG")
CONSTANTS: Final = {r"\pi": "pi", "e": "e", "i": "i", r"\infty": "inf", r"\imath": "i"}


def tokens_of(latex: str) -> list[str]:
    """The tokens of a text, white space left out."""
    return [token for token in _TOKEN.findall(latex) if not token.isspace()]


class TokenReader:
    """Takes the tokens of a formula in turn."""

    def __init__(self, latex: str | Sequence[str]) -> None:
        self.tokens = tokens_of(latex) if isinstance(latex, str) else list(latex)
        self.place = 0

    def peek(self, ahead: int = 0) -> str:
        """The token ahead; empty at the end."""
        place = self.place + ahead
        return self.tokens[place] if place < len(self.tokens) else ""

    def take(self) -> str:
        """Take the next token."""
        token = self.peek()
        if not token:
            raise FormulaError("ends too early")
        self.place += 1
        return token

    def expect(self, token: str) -> None:
        """Take a token that has to be there."""
        if self.take() != token:
            raise FormulaError(f"no {token!r}")

    def enclosed(self) -> list[str]:
        """Take a bracketed run of tokens, or one token; what is inside."""
        inside: list[str] = []
        opening = self.take()
        if opening not in {"{", "(", "["}:
            return [opening]
        closing, depth = CLOSERS[opening], 1
        while True:
            token = self.take()
            depth += (token == opening) - (token == closing)
            if not depth:
                return inside
            inside.append(token)

    def enclosed_short(self) -> list[str]:
        """Take an index; of a number without braces the first digit."""
        token = self.peek()
        if len(token) > 1 and token.isdigit():  # \log_28 is the logarithm of 8 to base 2
            self.tokens[self.place : self.place + 1] = [token[0], token[1:]]
        return self.enclosed()

"""Names in formulas: variables with accents, primes and subscripts, and unknown functions."""

from collections.abc import Sequence

from svlaw.data.grading.formula_tokens import (
    ACCENTS,
    CALLED,
    CONSTANTS,
    FONTS,
    SAME_ACCENT,
    SYMBOLS,
    Node,
    TokenReader,
)
from svlaw.data.grading.values import FormulaError


class NameReader(TokenReader):
    """Reads names among the tokens of a formula."""

    def name(self, *, first: bool) -> Node:
        """Read a constant, a variable or an unknown function."""
        base = self.plain_name()
        primes = 0
        while self.peek() == "'" or (self.peek() == "^" and self.peek(1) == r"\prime"):
            primes += 1
            self.place += 1 if self.peek() == "'" else 2
        index = ""
        while self.peek() == "_":
            self.take()
            index += "_" + self.index()
        while self.peek() == "'":
            primes += 1
            self.take()
        if not index and not primes:
            constant = CONSTANTS.get(base)
            if constant:
                return ("const", constant)
        name = f"D{primes}{base}{index}" if primes else base + index
        called = primes or base in CALLED or len(base) > 2 or "_" in name
        if self.peek() == "(" and called and (first or base == "f" or primes):
            return self.call(name)
        if self.peek() in {"(", "["} and base.startswith(r"\mathbb"):
            return ("var", name + "(" + "".join(self.enclosed()) + ")")
        return ("var", name)

    def call(self, name: str) -> Node:
        """Read an unknown function and its argument."""
        inside = self.enclosed()
        if any(token in {",", "|", r"\mid", "=", "<", ">", r"\le", r"\ge"} for token in inside):
            return ("var", f"{name}({''.join(inside)})")
        return ("call", name, [self.parsed(inside)])

    def plain_name(self) -> str:
        """Read a letter, a word or an accent, without its subscript."""
        token = self.take()
        if token in FONTS:
            content = "".join(_plain(self.enclosed()))
            if not content:
                raise FormulaError("an empty name")
            return content
        if token in ACCENTS:
            inside = "".join(_plain(self.enclosed()))
            return f"{SAME_ACCENT.get(token, token)}{{{inside}}}"
        if token in {r"\angle", r"\triangle", r"\Delta", r"\nabla"} and self.peek().isalpha():
            if token not in {r"\angle", r"\triangle"}:
                return token
            letters = [self.take()]
            while len(self.peek()) == 1 and self.peek().isupper():
                letters.append(self.take())
            return token + "".join(letters)
        if token in SYMBOLS or token in CONSTANTS:
            return token
        if len(token) == 1 and token.isalpha():
            return token
        raise FormulaError(f"{token!r} is unknown")

    def index(self) -> str:
        r"""A subscript without fonts and braces, so that `F_{net}` and `F_\text{net}` agree."""
        if self.peek() in FONTS or self.peek() in ACCENTS:
            return self.plain_name()
        return "".join(_plain(self.enclosed_short() if self.peek() != "{" else self.enclosed()))

    def parsed(self, tokens: Sequence[str]) -> Node:
        """Parse tokens as a formula of their own."""
        raise NotImplementedError


def _plain(tokens: Sequence[str]) -> list[str]:
    return [token for token in tokens if token not in FONTS and token not in {"{", "}", "$"}]

"""Brackets: the tokens of an answer, and what stands between its brackets, separators and signs."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

_TOKEN: Final = re.compile(r"\\[a-zA-Z]+|\\.|\d+|\s+|.", re.DOTALL)
_OPENING: Final = frozenset({"(", "[", "{", r"\{", r"\langle", r"\lfloor", r"\lceil", r"\begin"})
_CLOSING: Final = frozenset({")", "]", "}", r"\}", r"\rangle", r"\rfloor", r"\rceil", r"\end"})


def signs_outside_sets(tokens: Sequence[str]) -> list[int]:
    r"""Places of `\pm` and `\mp` that are not inside the braces of a set."""
    depth = 0
    found = []
    for place, token in enumerate(tokens):
        depth += (token == r"\{") - (token == r"\}")
        if depth == 0 and token in {r"\pm", r"\mp"}:
            found.append(place)
    return found


def tokens_of_text(latex: str) -> list[str]:
    """The tokens of a text, white space among them."""
    return _TOKEN.findall(latex)


def stripped(tokens: Sequence[str]) -> list[str]:
    """Tokens without white space at their ends."""
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


def split(tokens: Sequence[str], separators: set[str]) -> list[list[str]]:
    """Part tokens at separators outside all brackets."""
    parts: list[list[str]] = [[]]
    for token, depth in _depths(tokens):
        if depth == 0 and token in separators:
            parts.append([])
        else:
            parts[-1].append(token)
    return [stripped(part) for part in parts]


def cut(
    tokens: Sequence[str], signs: dict[str, str], *, keep: bool = False
) -> tuple[list[list[str]], list[str]]:
    """Part tokens at signs outside all brackets; the parts, and what the signs mean.

    Args:
        tokens: The tokens.
        signs: Signs and their meanings.
        keep: Give the signs themselves instead.
    """
    parts: list[list[str]] = [[]]
    found: list[str] = []
    for token, depth in _depths(tokens):
        if depth == 0 and token in signs:
            parts.append([])
            found.append(token if keep else signs[token])
        else:
            parts[-1].append(token)
    return [stripped(part) for part in parts], found


def inside_of(tokens: Sequence[str], opening: str, closing: str) -> list[str] | None:
    """What one pair of brackets around all of some tokens holds; None where there is none."""
    if len(tokens) < 2 or tokens[0] != opening or tokens[-1] != closing:
        return None
    return list(tokens[1:-1]) if is_bracketed(tokens) else None


def is_bracketed(tokens: Sequence[str]) -> bool:
    """Tell whether the first bracket is closed by the last token."""
    depths = [depth for _, depth in _depths(tokens)]
    return depths[-1] == 0 and all(depth > 0 for depth in depths[1:-1])


def is_balanced(tokens: Sequence[str]) -> bool:
    """Tell whether every bracket in some tokens is closed there."""
    depth = 0
    for token in tokens:
        depth += (token in _OPENING) - (token in _CLOSING)
        if depth < 0:
            return False
    return depth == 0

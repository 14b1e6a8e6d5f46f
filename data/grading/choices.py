r"""Multiple choice: the letter an answer names, and the letter a text settles on."""

import re
from typing import Final

from svlaw.data.grading.answers import extract_answer, normalize_answer

LETTERS: Final = frozenset("ABCDEFGHIJ")
"""A problem whose reference is one of these alone is multiple choice, unless its kind says else."""

_MARKUP: Final = re.compile(
    r"\\(?:text[a-z]*|math[a-z]+|mbox|f?box(?:ed)?|[dlr]|left|right)\b|[{}$*_`~\\]"
)
_ALONE: Final = re.compile(r"[(\[]?\s*([A-Za-z])\s*[)\].:,;]*")
_WITH_ITS_TEXT: Final = re.compile(
    r"(?:[(\[]\s*([A-Za-z])\s*[)\]]|([A-Z])\s*[).:])\s*(\S.*)", re.DOTALL
)
_NEXT_CHOICE: Final = re.compile(r"[,/&]|(?:and|or)\b|.*[(\[][A-Z][)\]]", re.DOTALL)
_LETTER: Final = (
    r"(?:(?:option|choice)\s+)?(?:\\[a-z]+\s*)?[({\[\s*]*"
    r"(?:([A-HJ-Z]|I(?!['’]|\s+[a-z]))(?![\w'’])|(?<=[(\[])([a-j])(?=[)\]]))"
    r"(?!\W*\s(?:is|was|would\s+be|seems)\s+(?:not|wrong|incorrect|false|ruled|eliminated|out)\b)"
)
_IS: Final = r"(?:\s+(?:is|would\s+be|must\s+be|should\s+be))"
_ANSWER: Final = re.compile(
    rf"\b(?i:(?<!not\s)(?:answer{_IS}?|(?:option|choice){_IS}|choose|select|pick))[\s:=*_$]*{_LETTER}"
)
_OPTION: Final = re.compile(rf"\b(?i:(?<!not\s)(?:option|choice))[\s:=*_$]*{_LETTER}")
_OPENING: Final = re.compile(r"(?i:(?:the|my)\s+(?:(?:correct|final|right|best)\s+)?)?")
_BARE: Final = re.compile(
    r"^[\s*_#>$({\[\\]*([A-Z])[\s*_$.)}\]\\]*$|(?<![\w\\])[(\[]\s*([A-Z])\s*[)\]]", re.MULTILINE
)


def choice_letter(answer: str) -> str | None:
    r"""Read the one letter that an answer names; None when it names none, or several.

    `B`, `(b)`, `\text{B}`, `B)`, `option B`, `B. Paris` and `(B) 12` name B.
    """
    text = " ".join(_MARKUP.sub(" ", answer).split())
    alone = _ALONE.fullmatch(text)
    if alone:
        return alone.group(1).upper()
    opening = _OPENING.match(text)
    start = opening.end() if opening else 0
    stated = _ANSWER.match(text, start) or _OPTION.match(text, start)
    if stated and not _NEXT_CHOICE.match(text[stated.end() :].lstrip(" )].:")):
        return _letter(stated)
    listed = _WITH_ITS_TEXT.fullmatch(text)
    if listed and not _NEXT_CHOICE.match(listed.group(3)):
        return _letter(listed)
    return None


def is_choice(reference: str) -> bool:
    """Tell whether a reference of no stated kind is a letter from A to J."""
    return normalize_answer(reference) in LETTERS


def extract_choice(text: str) -> str | None:
    """Find the letter that a solution settles on; None when it settles on nothing.

    The final answer (see `extract_answer`) counts when it names a letter; else
    the last "the answer is B", else the last "option (B)". A text that states no answer at all
    falls back to its last letter in brackets or on a line of its own. A final answer that names no
    letter, and has none stated beside it, is returned as it is.
    """
    stated = extract_answer(text)
    letter = choice_letter(stated) if stated is not None else None
    if letter is not None:
        return letter
    patterns = (_ANSWER, _OPTION) if stated is not None else (_ANSWER, _OPTION, _BARE)
    found = (_last(pattern, text) for pattern in patterns)
    return next((letter for letter in found if letter is not None), stated)


def _last(pattern: re.Pattern[str], text: str) -> str | None:
    last = None
    for match in pattern.finditer(text):
        last = match
    return None if last is None else _letter(last)


def _letter(match: re.Match[str]) -> str:
    letter: str = match.group(1) or match.group(2)
    return letter.upper()

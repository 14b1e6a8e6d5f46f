r"""Answers: read from a reference, and brought to one spelling.

`reference_answer` reads what a problem's answer is, and `normalize_answer` makes different
spellings of one answer equal (`\dfrac12`, `$1/2$`). How an answer is found in a solution is in
`svlaw.data.grading.answer_statements`; whether two answers *mean* the same is decided in
`svlaw.data.grading.grader`.
"""

import re
from typing import Final

from svlaw.data.grading.answer_statements import clean, extract_answer, last_box
from svlaw.data.grading.notation import plain_signs, tidy

__all__ = ["extract_answer", "is_word", "normalize_answer", "reference_answer"]

_HASHES: Final = "####"
_TRAILING_ZERO: Final = re.compile(r"(-?\d+)\.0")


def reference_answer(gt_answer: str) -> str | None:
    r"""Read the reference answer from `gt_answer`: a bare answer, or a solution text with a box.

    Without a box, what stands behind the last `####` (GSM8K) counts. A bare whole number loses a
    trailing `.0`, which data sets that store answers as floats add.
    None when nothing is left.
    """
    box = last_box(gt_answer)
    answer = clean(gt_answer.rpartition(_HASHES)[2] if box is None else box.content)
    if answer is None:
        return None
    whole = _TRAILING_ZERO.fullmatch(answer)
    return whole.group(1) if whole else answer


_SUBSTITUTIONS: Final = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"(?:\\\\\s*)+$", ""),
        (r"\\(?:left|right)(?![a-zA-Z])\.?", ""),
        (r"\\(?:bigg?|Bigg?)[lr]?(?![a-zA-Z])", ""),
        (r"\\[dtc]frac(?![a-zA-Z])", r"\\frac"),
        (r"(?<![a-zA-Z\\])frac(?=\{)", r"\\frac"),
        (r"\\varnothing(?![a-zA-Z])|∅", r"\\emptyset"),
        (r"\\(?:text(?:bf|it|rm|sf|tt|normal)?|mathrm|mathbf|mbox|rm)\s*\{([^{}]*)\}", r"\1"),
        (r"\{([,:])\}", r"\1"),
        (r"\\[!,]", ""),
        (r"\\(?:[;:> ]|q?quad(?![a-zA-Z]))|~", " "),
        (r"\\\$", ""),
        (r"\\[()\[\]]", ""),
        (r"(?<!\\)\$", ""),
        (r"\\%", "%"),
        (r"\^\s*(?:\{\s*\\circ\s*\}|\\circ(?![a-zA-Z]))|°", ""),
        (r"([_^])\s*\{\s*([A-Za-z0-9+-])\s*\}", r"\1\2"),
        (r"\\(le|ge|ne)q(?![a-zA-Z])", r"\\\1"),
        (r"[\u2212\u2013]", "-"),
        (r"(?<=\d)\s+(?=\d)", " "),
        (r"(?<!\d)\s+|\s+(?!\d)", ""),
        (r"\\frac(\d) ?(\d)(?!\d)", r"\\frac{\1}{\2}"),
        (r"\\sqrt(\d)(?!\d)", r"\\sqrt{\1}"),
        (r"(?<![\w}\])!\\])\\frac\{(-?\d+)\}\{(\d+)\}(?![\w\\({^])", r"\1/\2"),
    )
)
_THOUSANDS: Final = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?%?")
_NUMBER: Final = re.compile(r"([+-]?)(\d*)(?:\.(\d*))?(%?)")
_ARTICLE: Final = re.compile(r"^(?:a|an|the)\s+(?=[A-Za-z]{3,}$)", re.IGNORECASE)
_CHOICE: Final = re.compile(r"\(([A-Z])\)")


def normalize_answer(answer: str) -> str:
    r"""Choose one spelling for trivially different spellings of an answer, for exact comparison.

    White space (not between digits), `$`, `\left`, `\right`, `\text{}`, spacing commands, degree
    signs, a full stop and thousands commas go; `\dfrac` and `\tfrac` become `\frac`, fractions of
    whole numbers `a/b`; numbers lose idle zeros; `(C)` becomes `C`; plain words are lower-cased.
    The result is a key: it is not meant to be read as LaTeX again.
    """
    text = plain_signs(tidy(answer))
    text = _ARTICLE.sub("", text)
    for pattern, replacement in _SUBSTITUTIONS:
        text = pattern.sub(replacement, text)
    if len(text) > 1:
        text = text.removesuffix(".")
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    choice = _CHOICE.fullmatch(text)
    if choice:
        return choice.group(1)
    if is_word(text):
        return text.casefold()
    number = _NUMBER.fullmatch(text)
    return _plain_number(*number.groups(default="")) if number and text.strip("+-%.") else text


def is_word(text: str) -> bool:
    """Tell whether an answer is a word (three letters or more), not a product of variables."""
    return len(text) >= 3 and text.isalpha()


def _plain_number(sign: str, whole: str, decimals: str, percent: str) -> str:
    digits = whole.lstrip("0") or "0"
    decimals = decimals.rstrip("0")
    number = f"{digits}.{decimals}" if decimals else digits
    return f"{'-' if sign == '-' and number != '0' else ''}{number}{percent}"

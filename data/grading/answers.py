r"""Final answers: found in the text of a solution, and brought to one spelling.

`extract_answer` reads what a solution commits to, `reference_answer` what a problem's answer is,
and `normalize_answer` makes different spellings of one answer equal (`\dfrac12`, `$1/2$`). Whether
two answers *mean* the same is decided in `svlaw.data.grading.grader`.
"""

import re
from typing import Final

_BOX: Final = re.compile(r"\\f?box(?:ed)?(?![a-zA-Z])\s*")
_BARE_BOXED: Final = re.compile(r"[^\s$.,;{}]+")
_PHRASE: Final = re.compile(
    r"final\s+answer\s+is\b:?((?:(?!final\s+answer\s+is).)*?)\.?\s*I\s+hope\s+it\s+is\s+correct",
    re.IGNORECASE | re.DOTALL,
)
_LAST_LINE: Final = re.compile(r".*\banswer\**(?:\s+is\b:?|\s*[:=])\**\s*(\S.*)$", re.IGNORECASE)
_HASHES: Final = "####"
_WRAPPERS: Final = (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]"), ("**", "**"))
_TRAILING_ZERO: Final = re.compile(r"(-?\d+)\.0")


def extract_answer(text: str | None) -> str | None:
    r"""Find the final answer that a solution states; None when it states none.

    The last of these statements in the text counts: `\boxed{X}` or `\fbox{X}` with balanced braces,
    and "The final answer is X. I hope it is correct." Without either, "the answer is X" or
    "Answer: X" on the last line does, else the first "#### X". Delimiters around X (`$`, `\(`,
    `**`, a box) and its full stop are taken off; nothing else is changed.

    Source: the answer formats of MATH (Hendrycks et al., 2021, `\boxed`), Minerva (Lewkowycz et
    al., 2022, Appendix D.1, "I hope it is correct") and GSM8K (Cobbe et al., 2021, `####`).
    """
    if not text:
        return None
    box = _last_box(text)
    phrases = list(_PHRASE.finditer(text)) if "hope" in text else []
    if phrases and (box is None or phrases[-1].end() >= box[1]):
        answer = _clean(phrases[-1].group(1))
        if answer is not None or box is None:
            return answer
    if box is not None:
        return _clean(box[0])
    return _plain_statement(text) or _behind_hashes(text)


def reference_answer(gt_answer: str) -> str | None:
    r"""Read the reference answer from `gt_answer`: a bare answer, or a solution text with a box.

    Without a box, what stands behind the last `####` (GSM8K) counts. A bare whole number loses a
    trailing `.0`, which data sets that store answers as floats add.
    None when nothing is left.
    """
    box = _last_box(gt_answer)
    answer = _clean(gt_answer.rpartition(_HASHES)[2] if box is None else box[0])
    if answer is None:
        return None
    whole = _TRAILING_ZERO.fullmatch(answer)
    return whole.group(1) if whole else answer


def _last_box(text: str) -> tuple[str, int] | None:
    """Find content and end of the last box with balanced braces and something in it."""
    end = len(text)
    while True:
        start = max(text.rfind("\\boxed", 0, end), text.rfind("\\fbox", 0, end))
        if start < 0:
            return None
        head = _BOX.match(text, start)
        content = _box_content(text, head.end()) if head else None
        if content is not None and content[0].strip():
            return content
        end = start


def _box_content(text: str, start: int) -> tuple[str, int] | None:
    if not text.startswith("{", start):
        token = _BARE_BOXED.match(text, start)  # "\boxed 5"
        return (token.group(), token.end()) if token else None
    depth, position = 0, start
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 1  # an escaped brace is no brace
        elif character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                return text[start + 1 : position], position + 1
        position += 1
    return None


def _plain_statement(text: str) -> str | None:
    """Find an answer given in words alone, on the last line."""
    statement = _LAST_LINE.match(text.rstrip().rsplit("\n", 1)[-1])
    return _clean(statement.group(1)) if statement else None


def _behind_hashes(text: str) -> str | None:
    """Find the first answer in the form of GSM8K; what follows it is the next question."""
    line = text.partition(_HASHES)[2].strip().partition("\n")[0]
    return _clean(line)


def _clean(answer: str) -> str | None:
    """Take off delimiters around an answer and its full stop; None when nothing is left."""
    box = _last_box(answer)
    if box is not None:
        answer = box[0]
    while True:
        before = answer
        answer = answer.strip()
        if answer.endswith(".") and not answer.endswith(r"\right."):
            answer = answer[:-1].rstrip()
        for left, right in _WRAPPERS:
            inner = answer[len(left) : len(answer) - len(right)]
            if (
                len(answer) >= len(left) + len(right)
                and answer.startswith(left)
                and answer.endswith(right)
                and left not in inner
            ):
                answer = inner
        if answer == before:
            return answer or None


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
        (r"\{,\}", ","),
        (r"\\[!,]", ""),
        (r"\\(?:[;:> ]|q?quad(?![a-zA-Z]))|~", " "),
        (r"\\\$", ""),
        (r"\\[()\[\]]", ""),
        (r"(?<!\\)\$", ""),
        (r"\\%", "%"),
        (r"\^\s*(?:\{\s*\\circ\s*\}|\\circ(?![a-zA-Z]))|°", ""),
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
_CHOICE: Final = re.compile(r"\(([A-Z])\)")


def normalize_answer(answer: str) -> str:
    r"""Choose one spelling for trivially different spellings of an answer, for exact comparison.

    White space (not between digits), `$`, `\left`, `\right`, `\text{}`, spacing commands, degree
    signs, a full stop and thousands commas go; `\dfrac` and `\tfrac` become `\frac`, fractions of
    whole numbers `a/b`; numbers lose idle zeros; `(C)` becomes `C`; plain words are lower-cased.
    The result is a key: it is not meant to be read as LaTeX again.
    """
    text = answer.strip()
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

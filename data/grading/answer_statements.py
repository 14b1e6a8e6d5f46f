r"""Statements: the final answer that a solution commits to, found in its text.

Everything here takes time in proportion to the length of the text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from svlaw.data.grading.thoughts import answer_tag, without_end_tag, without_thoughts

_TOKEN: Final = re.compile(r"(?P<box>\\f?box(?:ed)?(?![a-zA-Z])\s{0,20})|\\.|[{}]", re.DOTALL)
_BARE_BOXED: Final = re.compile(r"[^\s$.,;{}]+")
_BETWEEN: Final = re.compile(
    r"[\s$]*(?:,|;|,?\s*and|,?\s*or|,?\s*\\text\s*\{\s*(?:and|or)\s*\})[\s$]*"
    r"(?:[A-Za-z](?:_\w)?\s*=\s*)?[\s$]*"
)
_PHRASE: Final = re.compile(
    r"final\s+answer\s+is\b:?((?:(?!final\s+answer\s+is).)*?)\.?\s*I\s+hope\s+it\s+is\s+correct",
    re.IGNORECASE | re.DOTALL,
)
_STATED: Final = re.compile(r"\banswer\**(?:\s+is\b:?|\s*[:=])\**\s*(?P<rest>\S.*)$", re.IGNORECASE)
_LABEL: Final = re.compile(
    r"[\s#*>✅_-]*(?:the\s+)?(?:final\s+)?answer(?:\s+is)?[\s:*_]*", re.IGNORECASE
)
_FINAL: Final = re.compile(
    r"\bfinal\s+(?:answer|result)\**(?:\s+is\b:?|\s*[:=])\**\s*(?P<rest>\S.*)$", re.IGNORECASE
)
_CLOSING: Final = re.compile(
    r"[^\w]*(?:(?:i|we)\s+hope|hope\s+(?:this|that)|let\s+me\s+know|feel\s+free"
    r"|would\s+you\s+like|do\s+you"
    r"|thank|thanks|good\s+luck|happy\s+to|please|if\s+you|is\s+there|have\s+a"
    r"|great|note\s*:|this\s+(?:is|means"
    r"|shows|confirms|matches|completes)|that\s+is|which\s+(?:is|matches)|and\s+that|q\.?e\.?d|\W*$)",
    re.IGNORECASE,
)
_CONCLUSION: Final = re.compile(
    r"\b(?:therefore|thus|hence|so|consequently|∴),?\s+"
    r"(?:we\s+(?:have|get|find|obtain)\s+(?:that\s+)?)?"
    r"(?P<rest>[$\\(]*[A-Za-z]\w{0,3}\s*=\s*[^=,;]{1,200}?)$",
    re.IGNORECASE,
)
_NEXT: Final = re.compile(
    r"^[#* \t]{0,12}(?:question|problem|exercise|human|user|instruction|next\s+problem|q)\s*\**:",
    re.IGNORECASE | re.MULTILINE,
)
_MADE: Final = re.compile(r"\\f?box|####|\banswer\**\s*(?:is|:)|<answer>", re.IGNORECASE)
_CLAUSE: Final = re.compile(
    r"(?P<value>\$[^$]+\$|\\\(.+?\\\)|\*\*.+?\*\*|`[^`]+`|[^\s,;$*\\]*\d[^\s,;]*(?:\s+[a-z]+)?)"
    r"(?:\s*[,;—–]\s+(?!and\b|or\b)[a-z]{2,}\b.*"
    r"|\s+(?:because|since|so|as|which|when|where|due|given|after)\b.*"
    r"|\s*\.\s+[A-Z].*)",
    re.DOTALL,
)
_HASHES: Final = re.compile(r"####[ \t]*(\S[^\n]*)?")
_WRAPPERS: Final = (
    ("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]"), ("**", "**"), ("`", "`"),
)  # fmt: skip
_LAST_LINES: Final = 12
_LONGEST_LINE: Final = 4_000


@dataclass(frozen=True)
class Box:
    """A box of LaTeX: its content, and where it starts and ends."""

    content: str
    start: int
    end: int


def extract_answer(text: str | None) -> str | None:
    r"""Find the final answer that a solution states; None when it states none.

    Thoughts are left out (see `thoughts`), and so is a next question behind a first answer. The
    last of these statements counts: `\boxed{X}` or `\fbox{X}` with balanced braces, `<answer>X`,
    and "The final answer is X. I hope it is correct." Boxes side by side (`\boxed{3}` or
    `\boxed{4}`) are one list. Without them, "the answer is X" or "Answer: X" does, behind which
    only closing words may stand; else the last "#### X"; else "therefore x = X" at the end.
    Delimiters around X, its full stop and a clause behind a number are taken off.

    Source: the answer formats of MATH (Hendrycks et al., 2021, `\boxed`), Minerva (Lewkowycz et
    al., 2022, Appendix D.1, "I hope it is correct") and GSM8K (Cobbe et al., 2021, `####`).
    """
    return stated_in(spoken(text)) if text else None


def spoken(text: str) -> str:
    """What a solution says aloud to its own question: no thoughts, no next question."""
    aloud = without_end_tag(without_thoughts(text).aloud)
    first = _MADE.search(aloud)
    following = _NEXT.search(aloud, first.end()) if first else None
    before = aloud[: following.start()] if following else aloud
    # An instruction that is said again, with an empty box, states no answer yet.
    return before if following is None or stated_in(before) is not None else aloud


def is_unsaid(text: str) -> bool:
    """Tell whether a solution without an answer has one in its thoughts, or never ends them."""
    speech = without_thoughts(text)
    return speech.unfinished or bool(speech.thoughts and stated_in(speech.thoughts))


def stated_in(text: str) -> str | None:
    """Find the final answer in what a solution says aloud."""
    box = last_box(text)
    phrases = list(_PHRASE.finditer(text)) if "hope" in text else []
    tag = answer_tag(text)
    if tag and (box is None or tag[1] >= box.end):
        return _inside_tag(tag[0])
    if phrases and (box is None or phrases[-1].end() >= box.end):
        answer = clean(phrases[-1].group(1))
        if answer is not None or box is None:
            return answer
    if box is not None:
        return clean(box.content)
    lines = [line for line in text.splitlines() if line.strip()][-_LAST_LINES:]
    stated = _plain_statement(lines)
    return stated or _behind_hashes(text) or _conclusion(lines)


def last_box(text: str) -> Box | None:
    """Find the last box with balanced braces and something in it, joined with those beside it."""
    boxes = _boxes(text)
    if not boxes:
        return None
    last = boxes[-1]
    together = [last.content]
    start = last.start
    for box in reversed(boxes[:-1]):
        between = text[box.end : start] if start - box.end < 60 else "far"
        if box.end > start or "\n" in between or not _BETWEEN.fullmatch(between):
            break
        together.insert(0, box.content)
        start = box.start
    return Box(", ".join(together), start, last.end)


def clean(answer: str) -> str | None:
    """Take off delimiters around an answer and its full stop; None when nothing is left."""
    box = last_box(answer)
    if box is not None:
        answer = box.content
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


def _boxes(text: str) -> list[Box]:
    """Boxes with something in them, in order of their starts; one pass over the text."""
    first = text.find("\\boxed")
    other = text.find("\\fbox")
    place = min((p for p in (first, other) if p >= 0), default=-1)
    if place < 0:
        return []
    found: list[Box] = []
    opened: list[tuple[int, int] | None] = []
    box: int | None = None
    end = -1
    for token in _TOKEN.finditer(text, place):
        content = token.group()
        if token.group("box"):
            box, end = token.start(), token.end()
            if not text.startswith("{", end):
                bare = _BARE_BOXED.match(text, end)
                if bare and not content.endswith("\\"):
                    found.append(Box(bare.group(), token.start(), bare.end()))
        elif content == "{":
            opened.append((box, end) if box is not None and token.start() == end else None)
        elif content == "}" and opened:
            opening = opened.pop()
            if opening is not None:
                inside = text[opening[1] + 1 : token.start()]
                if inside.strip():
                    found.append(Box(inside, opening[0], token.end()))
    return sorted(found, key=lambda box: box.start)


def _inside_tag(content: str) -> str | None:
    box = last_box(content)
    if box is not None:
        return clean(box.content)
    lines = content.splitlines()
    return _plain_statement(lines) or clean(content)


def _plain_statement(lines: Sequence[str]) -> str | None:
    """Find an answer given in words alone, behind which only closing words stand."""
    closing = True
    for place in range(len(lines) - 1, -1, -1):
        line = lines[place].strip()[-_LONGEST_LINE:]
        stated = _last(_STATED, line) if closing else _last(_FINAL, line)
        if stated is not None:
            answer = clean(without_clause(stated))
            if answer is not None and not re.fullmatch(r"\W*", answer):
                return answer
        below = lines[place + 1].strip() if place + 1 < len(lines) else ""
        if below and _LABEL.fullmatch(line) and line.strip(" *#:"):
            return clean(without_clause(below[:_LONGEST_LINE]))
        closing = closing and bool(_CLOSING.match(line))
    return None


def _last(pattern: re.Pattern[str], line: str) -> str | None:
    """What follows the last statement in a line."""
    found = None
    place = 0
    while True:
        match = pattern.search(line, place)
        if match is None:
            return found
        found = match.group("rest")
        place = match.start() + 1


def without_clause(answer: str) -> str:
    """A stated answer without the clause or the sentence behind its value."""
    match = _CLAUSE.fullmatch(answer.strip())
    return match.group("value") if match else answer


def _conclusion(lines: Sequence[str]) -> str | None:
    """What a last line concludes, as in "Therefore x = 7"."""
    if not lines:
        return None
    match = _CONCLUSION.search(lines[-1].strip()[-_LONGEST_LINE:].rstrip(".$ *"))
    return clean(match.group("rest").strip("$")) if match else None


def _behind_hashes(text: str) -> str | None:
    """Find the last answer in the form of GSM8K."""
    last = None
    for match in _HASHES.finditer(text):
        if match.group(1):
            last = match.group(1)
    return clean(last) if last else None

r"""Verdicts that are not said last: a line of its own, or the first word, with a remark behind it.

They count where nothing behind them contradicts. Everything here reads lower-case text, and all
patterns are bounded or anchored.
"""

import re
from typing import Final

from svlaw.data.verdicts.statements import (
    BARE_VALUE,
    MARKUP,
    NAMES,
    PLAIN,
    VALUE,
    Verdict,
    as_verdict,
)

_REMARK: Final = 4_000
"""Characters behind a verdict that are searched for a contradiction."""
_FIRST: Final = 300
"""Characters at the beginning of a text in which its first word is looked for."""

_GOOD: Final = "✅✔☑👍"
_BAD: Final = "❌✗✘✖👎"
_JOINT: Final = r"[\s*_`\"'”]{0,6}[:=][\s*_`\"'“\[(]{0,6}"
_LINE: Final = re.compile(
    rf"^[\W_]{{0,10}}(?:(?:the|my|final|overall|so)[ _]){{0,2}}"
    rf"(?:(?:is|was|answer)[ _])?(?:correct(?:ness)?|{NAMES}|verification|result)"
    rf"{_JOINT}(?:(?P<value>{VALUE})(?:[^\w\n?/|]|_)*|(?P<mark>[{_GOOD}{_BAD}])[\ufe0f\s*_.!]*)$",
    re.MULTILINE,
)
_WORD: Final = re.compile(
    rf"\A[\W_]{{0,20}}(?P<value>{BARE_VALUE})\b(?P<behind>.{{0,60}})", re.DOTALL
)
_BREAK: Final = re.compile(r"\A[\s*_`\"')\]>}]*(?:[.,;!—\r\n(]|\s-+\s|\Z)|\A[*_`\"')\]>}]*\n")
_COLON: Final = re.compile(r"\A[\s*_]*:")
_REASON: Final = re.compile(
    r"\A\s+(?:because|since|as|the|it|it's|its|this|that|that's|there|there's|they|he|she|i|you)\b"
)
_OFFERED: Final = re.compile(rf"\A\W{{0,4}}(?:/|\||\bor\b|\band\b)\W{{0,4}}(?:{VALUE})\b")

_TURN: Final = re.compile(
    r"\b(?:wait|actually|hmm+|on (?:second thought|reflection|closer inspection)|scratch that"
    r"|correction|i (?:was|am|stand) (?:wrong|mistaken|corrected)|i take (?:it|that) back"
    r"|let me|let's|let us|i will|i'll|i need to|we need to|we must|first,|step \d)\b"
)
_CONCESSION: Final = re.compile(r"\b(?:but|however|although|though|except|unless|yet)\b")
_FAULT: Final = re.compile(
    r"\b(?:incorrect(?:ly)?|wrong(?:ly)?|invalid|flawed|false|mistaken|fails?|failed|mismatch"
    r"|should (?:be|have)"
    r"|(?:not|n't|never) (?:\w+ )?(?:correct|right|match|equal|equivalent|valid|true|hold|agree))\b"
)
_SLIP: Final = re.compile(r"\b(?:errors?|mistakes?|slips?|faults?|bugs?|issues?|problems? with)\b")
_NONE_OF: Final = re.compile(r"\b(?:no|without|any|zero|free of|not \w+ any)\W+(?:\w+\W+){0,2}\Z")
_PRAISE: Final = re.compile(
    r"\b(?:answer|solution|response|result|everything|it|that|this)(?:'s|\s+(?:is|was))\s+"
    r"(?:(?:indeed|actually|in fact|also|completely|fully)\s+){0,2}(?:correct|right|true|valid)\b"
)
_YES_CLAUSE: Final = re.compile(r"(?:\A|[.!?;\n])[\s*_]*yes(?=\s*[.,;:!\n]|\s*\Z)")
_NO_CLAUSE: Final = re.compile(r"(?:\A|[.!?;\n])[\s*_]*no(?=\s*[.,;:!\n]|\s*\Z)")


def labelled_line(text: str) -> Verdict | None:
    """Read the last line that is a label with its value, such as "Judgement: Yes" or "correct: no".

    Lines behind it may say more, as the fields of a judge do, unless they contradict.
    """
    if ":" not in text and "=" not in text:
        return None
    found = None
    for found in _LINE.finditer(text):  # noqa: B007  the last one is wanted
        pass
    if found is None:
        return None
    verdict: Verdict = "yes" if found["mark"] and found["mark"] in _GOOD else "no"
    if found["value"]:
        verdict = as_verdict(found["value"])
    return None if contradicts(verdict, text[found.end() :]) else verdict


def opening_verdict(text: str) -> Verdict | None:
    """Read a verdict that stands first, such as "No. It should be 41.", with a reason behind it."""
    start = MARKUP.sub(" ", text[:_FIRST].translate(PLAIN))
    word = _WORD.match(start)
    if word is None:
        return None
    value, behind = word["value"], word["behind"]
    if _OFFERED.match(behind):
        return None
    plain = value in ("yes", "no", "false", "incorrect", "wrong")
    stands = _BREAK.match(behind) is not None or (
        plain and (_COLON.match(behind) or _REASON.match(behind)) is not None
    )
    verdict = as_verdict(value)
    place = text.find(value.split()[-1]) + len(value.split()[-1])
    return verdict if stands and not contradicts(verdict, text[place:]) else None


def contradicts(verdict: Verdict, remark: str) -> bool:
    """Tell whether what follows a verdict takes it back, or begins to weigh the matter anew."""
    remark = MARKUP.sub(" ", remark[:_REMARK].translate(PLAIN))
    if _TURN.search(remark) or remark.rstrip("\"' \n)").endswith("?"):
        return True
    if verdict == "no":
        return bool(_PRAISE.search(remark) or _YES_CLAUSE.search(remark))
    if _CONCESSION.search(remark) or _FAULT.search(remark) or _NO_CLAUSE.search(remark):
        return True
    return any(
        not _NONE_OF.search(remark[max(slip.start() - 40, 0) : slip.start()])
        for slip in _SLIP.finditer(remark)
    )

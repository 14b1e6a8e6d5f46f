"""Replies that are nothing but the answer: "7", "No.", "x = 3", where prompts ask for that."""

import re
from typing import Final

_LONGEST: Final = 60
_WORDS: Final = 2
_COMMAND: Final = re.compile(r"\\[A-Za-z]+")
_WORD: Final = re.compile(r"[^\W\d_]{2,}")
_OTHER_SCRIPT: Final = re.compile("[\u0400-\u1fff\u2c00-\ud7ff\uf900-\ufdff]")
_LEFT_OUT: Final = frozenset(
    ("none", "unknown", "null", "nan", "n", "a", "sorry", "error", "refused", "nothing", "idk")
)


def bare_reply(text: str) -> str | None:
    """The answer that a whole reply is; None where the reply is more than an answer, or none.

    A bare reply is one short line of at most two words, numbers and signs aside.
    """
    line = text.strip()
    if not line or len(line) > _LONGEST or "\n" in line or line.endswith(("?", ":")):
        return None
    words = [word.lower() for word in _WORD.findall(_COMMAND.sub(" ", line))]
    if len(words) > _WORDS or (words and _LEFT_OUT.issuperset(words)):
        return None
    if _OTHER_SCRIPT.search(line) and (len(words) > 1 or re.search(r"\d", line)):
        return None  # scripts that do not set words apart write sentences as short
    bare = line.rstrip(".!").strip("*_` ").rstrip(".!")
    return bare or None

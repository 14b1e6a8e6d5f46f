"""Replies that are nothing but the answer: "7", "No.", "x = 3", where prompts ask for that."""

import re
from typing import Final

_LONGEST: Final = 60
_COMMAND: Final = re.compile(r"\\[A-Za-z]+")
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_PLAIN_WORDS: Final = frozenset(("yes", "no", "true", "false"))


def short_reply(text: str) -> str | None:
    """A whole reply of one short line, without the marks around it; None for any other."""
    line = text.strip()
    if not line or len(line) > _LONGEST or "\n" in line or line.endswith(("?", ":")):
        return None
    return line.rstrip(".!").strip("*_` ").rstrip(".!") or None


def bare_reply(text: str) -> str | None:
    """A whole reply that can be nothing but an answer: a number, an expression, yes or no.

    Letters may stand alone, as in "x = 3" or "B"; words other than yes, no, true and false make a
    sentence, or give up.
    """
    reply = short_reply(text)
    if reply is None or "boxed" in reply:
        return None
    words = [word.lower() for word in _LETTERS.findall(_COMMAND.sub(" ", reply))]
    if words and all(word in _PLAIN_WORDS for word in words):
        return reply if len(words) == 1 and len(reply) == len(words[0]) else None
    digits = any(sign.isdigit() for sign in reply)
    return reply if digits and all(len(word) == 1 for word in words) else None

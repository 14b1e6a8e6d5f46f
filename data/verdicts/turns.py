"""Turns: the part of a verification in which its verdict is to be read.

A reasoning model thinks before it speaks, and what it thinks is no verdict. A base model goes on
behind its verdict, with another turn or another problem, and what it makes up there is none either.
Everything here takes lower-case text.
"""

import re
from typing import Final

_OPEN: Final = re.compile(r"<(?:think|thinking|thought|thoughts|reasoning|scratchpad)>")
_CLOSE: Final = re.compile(r"</(?:think|thinking|thought|thoughts|reasoning|scratchpad)>")
_CHANNEL: Final = "<|channel|>"
_SPOKEN: Final = "<|channel|>final<|message|>"
_END_OF_TURN: Final = re.compile(
    r"<\|(?:eot_id|eom_id|im_end|endoftext|end_of_text|return|end|eos)\|>|</s>|<end_of_turn>"
    r"|<｜end▁of▁sentence｜>"
)
_GLUED: Final = re.compile(
    r"\b(?:yes|no|correct|incorrect|right|wrong|true|false)\W{0,4}"
    r"(?<![^\S\r\n])(?P<speaker>assistant|user|system|human)(?=\s*(?:[\r\n:]|\Z))"
)
_ANSWERED: Final = re.compile(
    r"\bcorrect\s{1,3}[(\[]?\s?yes\s?(?:/|or)\s?no\s?[)\]]?[\s*_]{0,5}[?:]{1,3}[\s*_]{0,5}"
    r"(?:yes|no)\b"
)
_NEXT_PROBLEM: Final = re.compile(
    r"^[\s#*_]{0,10}(?:next\s{1,3})?(?:problem|question)\s{0,3}(?:\d{1,6}\s{0,3}[:.]?$|\d{0,6}\s{0,3}[:.])",
    re.MULTILINE,
)


def spoken_part(text: str) -> str:
    """Leave thoughts out, and everything behind the end of the verifier's own turn.

    Thoughts that never end leave nothing: the verifier was cut off before it spoke.

    Args:
        text: A whole verification, in lower case.
    """
    if "<" in text:
        text = _own_turn(_without_thoughts(text))
    # Most texts hold none of these words, and looking for those is much faster.
    if "assistant" in text or "user" in text or "system" in text or "human" in text:
        glued = _GLUED.search(text)
        if glued is not None:
            return text[: glued.start("speaker")]
    if ("problem" in text or "question" in text) and (answered := _ANSWERED.search(text)):
        following = _NEXT_PROBLEM.search(text, answered.end())
        if following is not None:
            return text[: following.start()]
    return text


def _without_thoughts(text: str) -> str:
    if _CHANNEL in text:
        _, found, spoken = text.rpartition(_SPOKEN)
        return spoken if found else ""
    closed = None
    for closed in _CLOSE.finditer(text):  # noqa: B007  the last one is wanted
        pass
    if closed is not None:
        text = text[closed.end() :]
    opened = _OPEN.search(text)
    return text if opened is None else text[: opened.start()]


def _own_turn(text: str) -> str:
    for end in _END_OF_TURN.finditer(text):
        if text[: end.start()].strip():
            return text[: end.start()]
    return text

"""Thoughts: what a text says aloud, and what stands inside the tags of its thinking."""

import re
from dataclasses import dataclass
from typing import Final

_NAMES: Final = r"(?:think|thinking|thought|thoughts|reasoning|reflection|scratchpad|seed:think)"
_TAG: Final = re.compile(
    rf"<(?P<close>/)?{_NAMES}>|◁(?P<close2>/)?think▷|\[(?P<close3>/)?THINK\]"
    r"|<\|(?:begin_of_thought|thought_start)\|>|(?P<close4><\|(?:end_of_thought|thought_end)\|>)"
    r"|<\|channel\|>analysis<\|message\|>|(?P<close5><\|channel\|>final<\|message\|>)",
    re.IGNORECASE,
)
_ANSWER: Final = re.compile(
    r"<answer>(.*?)(?:</answer>|(?=<answer>)|\Z)", re.DOTALL | re.IGNORECASE
)
_OTHER_TAG: Final = re.compile(r"<\|[a-z_]+\|>\s*\Z|</s>\s*\Z|<eos>\s*\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Speech:
    """A text without its thoughts.

    Attributes:
        aloud: What stands outside the thoughts, behind them where there is anything.
        thoughts: What stands inside; empty where the text has no tags.
        unfinished: Whether the thoughts never end.
    """

    aloud: str
    thoughts: str = ""
    unfinished: bool = False


def without_thoughts(text: str) -> Speech:
    """Part a text into what it says aloud and its thoughts.

    What follows the last closing tag is said aloud, whether or not there is an opening tag before
    it (templates often leave it out). Thoughts that never end have nothing behind them; what stands
    before their opening tag counts then.
    """
    tags = list(_TAG.finditer(text)) if _may_have_tags(text) else []
    if not tags:
        return Speech(text)
    last = tags[-1]
    if any(last.groupdict().values()):
        return Speech(text[last.end() :], text[: last.start()])
    # the thoughts that never end start at the first opening tag behind the last closing one
    closed = [place for place, tag in enumerate(tags) if any(tag.groupdict().values())]
    start = closed[-1] + 1 if closed else 0
    before = tags[closed[-1]].end() if closed else 0
    return Speech(text[before : tags[start].start()], text[tags[start].end() :], unfinished=True)


def answer_tag(text: str) -> tuple[str, int] | None:
    """Content and end of the last `<answer>` tag with something in it; None without one."""
    if "<answer>" not in text.lower():
        return None
    last = None
    for match in _ANSWER.finditer(text):
        if match.group(1).strip():
            last = match
    return (last.group(1).strip(), last.end()) if last else None


def without_end_tag(text: str) -> str:
    """A text without the mark of its end."""
    return _OTHER_TAG.sub("", text)


def _may_have_tags(text: str) -> bool:
    return "think" in text or "<" in text or "[" in text

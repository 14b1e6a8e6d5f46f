"""Spellings: one answer as written, and what can be said about two of them without algebra."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from svlaw.data.grading.answers import is_word, normalize_answer
from svlaw.data.grading.numbers import Number, read_number, same_number

Judgement = Literal["correct", "wrong", "timeout"]


@dataclass(frozen=True)
class Spelling:
    """An answer as written.

    Attributes:
        text: As written.
        key: Normalised; equal for trivially different spellings.
        number: Its value when it is a plain number.
    """

    text: str
    key: str
    number: Number | None

    @property
    def is_word(self) -> bool:
        """Whether it is a word, or words run together, and no product of variables."""
        return is_word(self.key)


@lru_cache(maxsize=65536)
def spell(text: str) -> Spelling:
    """Look at an answer."""
    return Spelling(text, normalize_answer(text), read_number(text))


def judge_spelling(one: Spelling, other: Spelling) -> Judgement | None:
    """Judge two answers where no algebra is needed; None where it is. The order is of no account.

    Equal normalised texts are the same; plain numbers are compared as such; words differ from other
    words (as products of letters, "east" and "seat" would be equal) and from numbers.
    """
    if one.key == other.key:
        return "correct"
    if not one.key or not other.key:
        return "wrong"
    if one.number is not None and other.number is not None:
        return "correct" if same_number(one.number, other.number) else "wrong"
    plain = (one.number is not None or one.is_word) and (other.number is not None or other.is_word)
    return "wrong" if plain else None

"""The probabilities of Yes and No where a verification gives its verdict."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Final

from svlaw.data.verdicts.statements import Verdict

Token = tuple[str, Mapping[str, float]]
"""A token of a text, and log-probabilities of the tokens that were considered in its place."""

_WORD: Final = re.compile(r"[\W_]*(yes|no)[\W_]*", re.IGNORECASE)


def verdict_probabilities(
    tokens: Sequence[Token], verdict: Verdict | None
) -> tuple[float | None, float | None]:
    """The probabilities of Yes and No at the token that gives the verdict.

    That is the last token that reads as the verdict, white space and punctuation aside. Spellings
    (`Yes`, ` yes`) count together; a word that is not among the log-probabilities is None.

    Args:
        tokens: The tokens of the text, in order.
        verdict: What the text was read as.
    """
    if verdict is None:
        return None, None
    for token, considered in reversed(tokens):
        if _word(token) == verdict:
            sums: dict[str, float] = {}
            for other, logprob in considered.items():
                word = _word(other)
                if word is not None:
                    sums[word] = sums.get(word, 0.0) + math.exp(min(logprob, 0.0))
            yes, no = sums.get("yes"), sums.get("no")
            return _at_most_one(yes), _at_most_one(no)
    return None, None


def _word(token: str) -> str | None:
    match = _WORD.fullmatch(token)
    return match.group(1).lower() if match else None


def _at_most_one(probability: float | None) -> float | None:
    return None if probability is None else min(probability, 1.0)

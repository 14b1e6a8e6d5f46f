"""Verdicts that could not be read: how many, and from when on to say so."""

from typing import Final

import polars as pl

from svlaw.data.pool import Pool

MANY_UNPARSED: Final = 0.2
"""From this share of the verdicts on, those that could not be read are spoken of."""


def unparsed_words(share: str) -> str:
    """The remark on a share of the verdicts that could not be read, such as 23.4%."""
    return (
        f"{share} of the verdicts could not be read, which makes strategies with a verifier look"
        " worse than they are"
    )


def unparsed_share(pool: Pool, verifier: str) -> float:
    """The share of a verifier's verdicts that have no score; 0 where there are no verdicts.

    Raises:
        NotInPoolError: The pool has no such verifier, or no verdicts of it.
        BadInputError: A part is damaged.
    """
    unscored = pool.scan("verdicts", verifier).select(pl.col("score").is_null().mean())
    share = pool.collect(unscored, "verdicts").item()
    return float(share or 0.0)

"""Verdicts of generative verifiers: read from the end of a verification, and turned into scores.

A verification argues first and gives its verdict last, so the last statement of a verdict in the
text counts. Which statements there are is documented in `docs/verdicts.md`. Everything else is no
verdict: an unparsed verification is null, never a "no".
"""

from typing import Final, Literal, get_args

import polars as pl

from svlaw.data.errors import BadInputError
from svlaw.data.verdicts.openings import labelled_line, opening_verdict
from svlaw.data.verdicts.statements import (
    Verdict,
    closing_verdict,
    explicit_verdict,
    is_asked,
    normalize_text,
)
from svlaw.data.verdicts.turns import spoken_part

__all__ = [
    "SCORE_SOURCES",
    "ScoreSource",
    "Verdict",
    "parse_verdict",
    "score_expression",
    "score_verdicts",
]

ScoreSource = Literal["text", "p_yes", "p_yes_or_text"]
"""What a verdict's score is made of; see `score_expression`."""

SCORE_SOURCES: Final[tuple[str, ...]] = get_args(ScoreSource)


def parse_verdict(text: str | None) -> Verdict | None:
    """Read the verdict a verification ends on; None when it gives none.

    The last line counts where it states a verdict; else the last question of the verification
    prompt with its answer ("Is the answer correct (Yes/No)? Yes"), final label ("Solution status:
    incorrect") or JSON field, wherever it stands; else a line that is a label with its value
    ("Judgement: Yes"), or the first word ("No. It should be 41."), where nothing behind them
    contradicts. Thoughts say nothing, nor does what follows the verifier's own turn. Only
    whole words count: "Not yes", "Unknown" and a question with nothing behind its "(Yes/No)" are no
    verdicts, "No, yesterday" is a no. Markup around the words is looked through.

    Source: the verification prompts of Singhi et al. (2025, arXiv 2504.01005).
    """
    if not text:
        return None
    text = spoken_part(normalize_text(text))
    stated = closing_verdict(text) or explicit_verdict(text)
    if stated is not None or is_asked(text):
        return stated
    return labelled_line(text) or opening_verdict(text)


def score_expression(source: ScoreSource) -> pl.Expr:
    """Build the score in [0, 1] from the columns `verdict`, `p_yes` and `p_no`.

    - `text`: 1 for yes, 0 for no. The rule behind the published figures on MATH.
    - `p_yes`: the probability of Yes, as a share of Yes and No where both are known:
      p_yes / (p_yes + p_no). Servers often report only the token that was sampled; with p_yes
      alone the score is p_yes, with p_no alone 1 - p_no.
    - `p_yes_or_text`: `p_yes`, and where no probability is known, `text`.

    A missing probability is null, and so is a score that nothing gives; a p_yes of 0 is a value.

    Raises:
        BadInputError: `source` is none of these.
    """
    if source not in SCORE_SOURCES:
        raise BadInputError(f"score {source!r}: use one of {', '.join(SCORE_SOURCES)}")
    text = (
        pl.when(pl.col("verdict") == "yes")
        .then(pl.lit(1.0))
        .when(pl.col("verdict") == "no")
        .then(pl.lit(0.0))
    )
    if source == "text":
        return text
    yes, no = pl.col("p_yes"), pl.col("p_no")
    total = yes + no
    share = (
        pl.when(total > 0).then(yes / total).when(total.is_null()).then(pl.coalesce(yes, 1.0 - no))
    )
    return share if source == "p_yes" else pl.coalesce(share, text)


def score_verdicts(verifications: pl.DataFrame, source: ScoreSource) -> pl.DataFrame:
    """Make scores and statuses of verifications whose texts have been read.

    Args:
        verifications: Rows with `verdict` (what the text says), `p_yes`, `p_no` and, where it is
            known, `finish_reason`; further columns are kept.
        source: What scores are made of; see `score_expression`.

    Returns:
        The rows with `score`, `status` (graded; without a score truncated where the length limit
        ended the text, else unparsed), `output_chars`, and `verdict`: what the text says, else yes
        from a score of 0.5 on; null without a score.

    Raises:
        BadInputError: `source` is unknown.
    """
    known = [pl.col(name).fill_nan(None) for name in ("p_yes", "p_no")]
    scored = verifications.with_columns(known).with_columns(score_expression(source).alias("score"))
    score, cut = pl.col("score"), pl.lit(False)
    if "finish_reason" in scored.columns:
        cut = (pl.col("finish_reason") == "length").fill_null(False)
    likely = pl.when(score >= 0.5).then(pl.lit("yes")).otherwise(pl.lit("no"))
    status = (
        pl.when(score.is_not_null())
        .then(pl.lit("graded"))
        .when(cut)
        .then(pl.lit("truncated"))
        .otherwise(pl.lit("unparsed"))
    )
    verdict = pl.when(score.is_not_null()).then(pl.coalesce("verdict", likely))
    return scored.with_columns(verdict.alias("verdict"), status.alias("status"))

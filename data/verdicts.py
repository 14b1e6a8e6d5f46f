"""Verdicts of generative verifiers: read from the end of a verification, and turned into scores.

A verification argues first and gives its verdict last, so the last statement of a verdict in the
text counts. Three kinds of statement are known:

- the question of the verification prompt with its answer, "Is the answer correct (Yes/No)? Yes";
- "Solution status: incorrect" anywhere, or a last line such as "Verdict: correct";
- a last line that is nothing but "Yes" or "No", which direct verifiers write.

Everything else is no verdict: an unparsed verification is null, never a "no".
"""

import re
from typing import Final, Literal, get_args

import polars as pl

from svlaw.data.errors import BadInputError

Verdict = Literal["yes", "no"]

ScoreSource = Literal["text", "p_yes", "p_yes_or_text"]
"""What a verdict's score is made of; see `score_expression`."""

SCORE_SOURCES: Final[tuple[str, ...]] = get_args(ScoreSource)

_QUESTION: Final = re.compile(
    r"is\s+the\s+(?:final\s+)?(?:answer|solution)\s+correct\b"
    r"[\s*_]*\??[\s*_]*(?:[(\[]?\s*yes\s*(?:/|or)\s*no\s*[)\]]?)?[\s*_]*[?:]*"
)
_VALUE: Final = r"[\W_]*(incorrect|not\s+correct|correct|yes|no)[^\w\n]*"
_STATUS: Final = re.compile(rf"\bsolution\s+status\b{_VALUE}$", re.MULTILINE)
_NAMED: Final = r"(?:status|verdict|assessment|verification|conclusion|grade|judge?ment|answer)"
_LAST_LINE: Final = re.compile(rf"[\W_]*(?:[a-z']+\s+){{0,4}}{_NAMED}[\s*_]*:{_VALUE}")
_BARE: Final = re.compile(r"[\W_]*(yes|no)[\W_]*")
_MARKUP: Final = re.compile(r"\\[a-z]+|[{}$*_`#]")
_WORD: Final = re.compile(r"[a-z']+")
_BOTH: Final = re.compile(r"(?:yes\s*(?:/|or|and)\s*no|no\s*(?:/|or|and)\s*yes)\b")
_NO_AS_ARTICLE: Final = re.compile(
    r"no\s+(?:doubt|question|error|mistake|issue|problem|flaw|discrepanc|one\b|further\b)"
)


def parse_verdict(text: str | None) -> Verdict | None:
    """Read the verdict a verification ends on; None when it gives none.

    Only whole words count: "Not yes", "Unknown" and a question with nothing behind its "(Yes/No)"
    are no verdicts, "No, yesterday" is a no. Bold, brackets, quotation marks and LaTeX around the
    word are looked through, and text may follow the verdict.

    Source: the verification prompts of Singhi et al. (2025, arXiv 2504.01005).
    """
    if not text:
        return None
    lower = text.lower()
    last_line = _MARKUP.sub("", lower.rstrip().rsplit("\n", 1)[-1])
    statement = _BARE.fullmatch(last_line) or _LAST_LINE.fullmatch(last_line)
    if statement is not None:
        return _as_verdict(statement.group(1))
    question, status = _last(_QUESTION, lower), None
    if "status" in lower:
        status = _last(_STATUS, lower)
    if status is not None and (question is None or status.start() > question.start()):
        return _as_verdict(status.group(1))
    return _first_answer(lower[question.end() :]) if question is not None else None


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


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    matches = list(pattern.finditer(text))
    return matches[-1] if matches else None


def _as_verdict(word: str) -> Verdict:
    return "yes" if word in ("yes", "correct") else "no"


def _first_answer(text: str) -> Verdict | None:
    """Read the answer behind the question, on the first line that holds anything."""
    text = _MARKUP.sub(" ", text).lstrip(" \t\r\n?:.-–—>=()[]\"'")
    line = text.split("\n", 1)[0]
    words = _WORD.findall(line)
    if not words:
        return None
    if words in (["correct"], ["incorrect"]):
        return _as_verdict(words[0])
    if words[0] in ("yes", "no"):
        vague = _BOTH.match(line) or _NO_AS_ARTICLE.match(line)
        return None if vague else _as_verdict(words[0])
    if words[-1] in ("yes", "no") and "not" not in words:
        rival = "no" if words[-1] == "yes" else "yes"
        return None if rival in words else _as_verdict(words[-1])
    return None

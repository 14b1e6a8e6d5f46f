"""Checks of a published success table: figures that contradict one another."""

from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from svlaw.analysis.checks.findings import Check

_COARSEST: Final = 2
"""Fewest decimals that rounding is allowed for: success in whole percent."""
_FINEST: Final = 6
"""Most decimals."""


def check_published(frame: pl.DataFrame) -> list[Check]:
    """Look for points of a published table that cannot all be true.

    Coverage is the success of a verifier that is never wrong, so nothing exceeds it and it never
    falls with S; at S = 1 every strategy without a verifier is one solution at random. Figures may
    differ by one unit of the last decimal that the table has.

    Args:
        frame: `strategy`, `solutions`, `verifications` and `success`.

    Returns:
        A finding for each kind of contradiction, none where there is none.
    """
    slack = _slack(frame["success"].to_list())
    coverage = (
        frame.filter(strategy="coverage").sort("solutions").select("solutions", bound="success")
    )
    findings = [_above(frame, coverage, slack), _falling(coverage, slack), _first(frame, slack)]
    return [found for found in findings if found is not None]


def _slack(success: Sequence[float]) -> float:
    """One unit of the last decimal, between 0.01 and a millionth."""
    for decimals in range(_COARSEST, _FINEST):
        if all(abs(value - round(value, decimals)) < 1e-9 for value in success):
            return 10.0**-decimals * (1 + 1e-6)
    return 10.0**-_FINEST


def _above(frame: pl.DataFrame, coverage: pl.DataFrame, slack: float) -> Check | None:
    above = (
        frame.filter(pl.col("strategy") != "coverage")
        .join(coverage, on="solutions")
        .filter(pl.col("success") > pl.col("bound") + slack)
    )
    if not above.height:
        return None
    by_excess = above.sort(
        pl.col("bound") - pl.col("success"), "strategy", "solutions", "verifications"
    )
    worst = by_excess.row(0, named=True)
    return Check(
        "error",
        "coverage",
        f"{_words(worst)} is above coverage at that S, {100 * worst['bound']:.1f}%, which no"
        f" strategy exceeds{_more(above.height)}; check the table",
    )


def _falling(coverage: pl.DataFrame, slack: float) -> Check | None:
    steps = coverage.with_columns(
        pl.col("solutions").shift(1).alias("before"), pl.col("bound").shift(1).alias("held")
    ).filter(pl.col("bound") < pl.col("held") - slack)
    if not steps.height:
        return None
    row = steps.row(0, named=True)
    return Check(
        "error",
        "coverage",
        f"falls from {100 * row['held']:.1f}% at S = {row['before']} to"
        f" {100 * row['bound']:.1f}% at S = {row['solutions']}, but more solutions never lower"
        f" it{_more(steps.height)}; check the table",
    )


def _first(frame: pl.DataFrame, slack: float) -> Check | None:
    """Coverage and self-consistency at S = 1, which are one solution at random."""
    single = frame.filter(pl.col("solutions") == 1, pl.col("verifications") == 0)
    if single.height < 2:
        return None
    low, high = (single.sort("success").row(place, named=True) for place in (0, -1))
    if high["success"] - low["success"] <= slack:
        return None
    return Check(
        "note",
        "one solution",
        f"{_words(high)} and {_words(low)} should be equal: both are one solution at random",
    )


def _words(row: dict[str, Any]) -> str:
    depth = f", V = {row['verifications']}" if row["verifications"] else ""
    place = f"{row['strategy']} at S = {row['solutions']}{depth}"
    return f"{place} ({100 * row['success']:.1f}%)"


def _more(count: int) -> str:
    return "" if count == 1 else f" ({count:,} such points)"

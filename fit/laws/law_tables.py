"""Allocation laws as the tables that people read, one for each strategy."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from svlaw.analysis.intervals.interval_choice import IntervalChoice
from svlaw.data.table_texts import UNKNOWN, TextTable, decimals
from svlaw.fit.laws.advice import advise
from svlaw.fit.laws.allocation_law import AllocationLaw, ExponentSum

if TYPE_CHECKING:
    from svlaw.fit.laws.allocation import AllocationFit

EDGE = "edge: share of the budgets whose optimum is at the largest S or V, or beyond"


def law_tables(
    found: "AllocationFit", title: str = "", intervals: IntervalChoice | None = None
) -> list[TextTable]:
    """The laws of each strategy by every method, with the advice below them.

    Args:
        found: The laws.
        title: What to print above the name of the strategy.
        intervals: The intervals to show; those that the laws have when None.
    """
    if intervals is None:
        sampled = any(law.samples_low is not None for law in found.laws)
        intervals = IntervalChoice(question="both" if sampled else "problems")
    ends = intervals.headings
    header = ("method", "a: S ~ C^a", *ends, "b: V ~ C^b", *ends, "a + b", "budgets", "edge", "")
    tables = []
    for advice in advise(found.laws):
        pairs = zip(found.laws[::2], found.laws[1::2], found.sums, strict=True)
        rows = [_row(*pair, intervals) for pair in pairs if pair[0].strategy == advice.strategy]
        lead = f"{title}, {advice.strategy}" if title else advice.strategy
        tables.append(TextTable(lead, header, rows, (f"{advice.strategy}: {advice.words}",)))
    return tables


def law_words(law: AllocationLaw) -> str:
    """A law on one line: its exponent with its interval."""
    symbol, exponent = ("S", "a") if law.quantity == "solutions" else ("V", "b")
    if law.exponent is None:
        return f"{symbol} ~ C^{exponent}: {law.status}"
    ends = ""
    if law.conf_low is not None:
        ends = f" [{decimals(law.conf_low)}, {decimals(law.conf_high)}]"
    return f"{symbol} ~ C^{decimals(law.exponent)}{ends}"


def _row(
    solutions: AllocationLaw,
    verifications: AllocationLaw,
    total: ExponentSum,
    intervals: IntervalChoice,
) -> tuple[str, ...]:
    edge = solutions.boundary_fraction
    statuses = dict.fromkeys((solutions.status, verifications.status))
    return (
        solutions.method,
        decimals(solutions.exponent),
        *intervals.spans(asdict(solutions), form=decimals),
        decimals(verifications.exponent),
        *intervals.spans(asdict(verifications), form=decimals),
        decimals(total.total),
        str(solutions.n_budgets),
        UNKNOWN if edge is None else f"{edge:.0%}",
        ", ".join(statuses),
    )

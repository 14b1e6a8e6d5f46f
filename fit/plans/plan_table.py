"""A plan as the table that people read."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from svlaw.analysis.intervals.interval_choice import IntervalChoice
from svlaw.data.table_texts import (
    FEW_DIFFER,
    TextTable,
    count,
    mark_few,
    number,
    percent,
    span,
)
from svlaw.fit.plans.ladder import Alternative, PlannedPoint

if TYPE_CHECKING:
    from svlaw.fit.plans.planner import Plan


PROBLEMS_PRICED: Final = 1000
"""Problems that prices in US dollars are also given for."""


def plan_table(
    found: "Plan",
    title: str = "plan",
    intervals: IntervalChoice | None = None,
    *,
    is_in_dollars: bool = False,
) -> TextTable:
    """What to run, with what else could be run beside it.

    Args:
        found: The plan.
        title: What to print above it.
        intervals: The intervals to show; those that the plan has when None.
        is_in_dollars: Whether costs are US dollars, which are then also given for 1,000 problems.
    """
    if intervals is None:
        point = found.recommended or found.reachable
        sampled = point is not None and point.samples_low is not None
        intervals = IntervalChoice(question="both" if sampled else "problems")
    price = ("$ per 1,000",) if is_in_dollars else ()
    header = ("plan", "S", "V", "cost", *price, "expected", *intervals.headings, "in-sample")
    header += ("loses", "95%") if intervals.has_problems else ("loses",)
    rows = [
        _row(role, point, intervals, is_in_dollars=is_in_dollars)
        for role, point in roles(found).items()
    ]
    how = "cross-fitted" if found.method == "crossfit" else "in-sample"
    notes = [f"in %; expected: {how}; loses: against the recommended plan"]
    if found.setting and found.cost is not None:
        notes.append(
            f"{found.strategy} decides S and V: it costs {number(found.cost)} on average and"
            f" {number(found.limit)} at most on a problem"
        )
    beside = (found.runner_up, found.cheaper) if intervals.has_problems else ()
    if any(point is not None and point.few_differ for point in beside):
        notes.append(FEW_DIFFER)
    return TextTable(title, header, rows, (*notes, f"status: {found.status}"))


def roles(found: "Plan") -> dict[str, PlannedPoint]:
    """The points that a plan names, by the part each plays."""
    points = {
        "recommended": found.recommended,
        "voting": found.baseline,
        "default vote": None if found.default_vote == found.baseline else found.default_vote,
        "runner-up": found.runner_up,
        "cheaper": found.cheaper,
        "assured": found.assured,
        "closest": found.reachable,
    }
    return {role: point for role, point in points.items() if point is not None}


def point_words(point: PlannedPoint) -> str:
    """A point in words: best_of_n, S = 32, V = 16, or a policy with its setting."""
    if point.solutions is None:
        return f"{point.strategy}:{point.setting}"
    depth = f", V = {point.verifications}" if point.verifications else ""
    return f"{point.strategy}, S = {point.solutions}{depth}"


def _row(
    role: str, point: PlannedPoint, intervals: IntervalChoice, *, is_in_dollars: bool
) -> tuple[str, ...]:
    loss: tuple[str, ...] = ("–", "–")
    if isinstance(point, Alternative):
        ends = mark_few(span(point.difference_low, point.difference_high), point.few_differ)
        loss = (percent(point.difference), ends)
    loss = loss if intervals.has_problems else loss[:1]
    return (
        f"{role}: {point.strategy}{':' if point.setting else ''}{point.setting}",
        count(point.solutions),
        count(point.verifications),
        number(point.cost),
        *((number(PROBLEMS_PRICED * point.cost),) if is_in_dollars else ()),
        percent(point.success),
        *intervals.spans(asdict(point)),
        percent(point.in_sample),
        *loss,
    )

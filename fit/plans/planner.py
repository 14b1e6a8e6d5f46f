"""The planner: which strategy, S and V to run within a budget, or to reach a target."""

from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
import polars as pl

from svlaw.analysis.compare.crossfit import LEAST_PROBLEMS
from svlaw.analysis.cost import ROUNDING, CostModel
from svlaw.analysis.intervals.resampling import DEFAULT_RESAMPLES, resample
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.data.errors import BadInputError
from svlaw.data.numerals import amount
from svlaw.data.shown import Shown, one_row
from svlaw.data.table_texts import TextTable, percent, span
from svlaw.fit.plans.ladder import NEGLIGIBLE, Alternative, Ladder, PlannedPoint, values_of
from svlaw.fit.plans.plan_table import plan_table, point_words, roles

Status = Literal["ok", "tie", "beyond_data", "not_reached"]
Method = Literal["crossfit", "in_sample"]


@dataclass(frozen=True, repr=False)
class Plan(Shown):
    """What to run, and how sure that is. See `PlannedPoint` for the first ten figures.

    Attributes:
        strategy: The strategy to run; this and the nine that follow are None when the target is
            not reached within the data.
        setting: Setting of a policy; empty for any other strategy.
        solutions: S; None where a policy decides it.
        verifications: V, likewise.
        cost: C(S, V), or the mean cost of a policy, at most the budget.
        limit: Largest cost of a problem: C(S, V), or the most that a policy used in a
            replay.
        success: Expected accuracy.
        conf_low: Lower end of its 95% interval.
        conf_high: Upper end.
        in_sample: Mean success on the problems the point was chosen on.
        samples_low: Lower end of the interval of success if these problems were sampled again;
            None without noise of sampling.
        samples_high: Upper end.
        baseline: Plain voting with the most solutions that the budget pays for (with a target,
            that the plan's cost does); None where the table has none.
        default_vote: Plain voting over 16 solutions, whatever it costs; None where it was not
            computed.
        runner_up: The best plan of another strategy at the same budget; None when there is none.
        difference_matters: Whether the lead over the runner-up is at least 0.25 points and its
            paired interval excludes 0; None without a runner-up, or where a published table leaves
            it open.
        cheaper: With a budget: the plan of the smallest budget that is good enough, its success
            less than 0.25 points below the recommended plan's, or less than 1 point and by no more
            than may be chance; None when nothing cheaper is.
        assured: With a target: the cheapest plan whose whole interval reaches it; None when there
            is none.
        reachable: When the target is not reached: the plan that comes closest.
        budget: The budget asked about; None with a target.
        target: The success asked for; None with a budget.
        largest_cost: Largest cost computed for any strategy that needs no oracle.
        method: `crossfit`, or `in_sample` for a published table and for fewer than ten problems.
        n_problems: Number of problems; None for a published table.
        resamples: Resamples behind the intervals; 0 without.
        seed: Seed of cross-fitting and resampling.
        status: `ok`; `tie` (the lead over the runner-up does not matter); `beyond_data` (the budget
            exceeds every computed cost, so that more may be possible); `not_reached` (nothing
            computed reaches the target).
        notes: What is doubtful and what to do about it, in sentences.
    """

    strategy: str | None
    setting: str | None
    solutions: int | None
    verifications: int | None
    cost: float | None
    limit: float | None
    success: float | None
    conf_low: float | None
    conf_high: float | None
    in_sample: float | None
    samples_low: float | None
    samples_high: float | None
    baseline: Alternative | None
    default_vote: Alternative | None
    runner_up: Alternative | None
    difference_matters: bool | None
    cheaper: Alternative | None
    assured: PlannedPoint | None
    reachable: PlannedPoint | None
    budget: float | None
    target: float | None
    largest_cost: float
    method: Method
    n_problems: int | None
    resamples: int
    seed: int
    status: Status
    notes: tuple[str, ...]

    @property
    def recommended(self) -> PlannedPoint | None:
        """The first ten figures as a point; None when the target is not reached."""
        if self.strategy is None:
            return None
        return PlannedPoint(**{f.name: getattr(self, f.name) for f in fields(PlannedPoint)})

    def frame(self) -> pl.DataFrame:
        """One row per point named: `role`, then the fields of `PlannedPoint` and `Alternative`."""
        points = roles(self)
        frame = pl.concat([one_row(point) for point in points.values()], how="diagonal_relaxed")
        return frame.select(pl.Series("role", list(points)), pl.all())

    def _lines(self) -> list[str]:
        asked = f"a target of {self.target}"
        if self.budget is not None:
            asked = f"a budget of {amount(self.budget)}"
        lines = [f"Plan for {asked}: status {self.status}"]
        for role, point in roles(self).items():
            ends = span(point.conf_low, point.conf_high)
            lines.append(
                f"  {role}: {point_words(point)}, cost {amount(point.cost)}, expected"
                f" {percent(point.success)}% {ends}"
            )
        return lines

    def _tables(self) -> list[TextTable]:
        return [plan_table(self)]


def plan(
    table: SuccessTable,
    cost: CostModel,
    *,
    budget: float | None = None,
    target: float | None = None,
    resamples: int = DEFAULT_RESAMPLES,
    seed: int = 0,
) -> Plan:
    """Choose the strategy, S and V to run.

    With a budget B the computed point of the highest mean success is recommended among those of
    cost at most B, the cheapest of equals, whatever its strategy; coverage, which needs an oracle,
    is left out. So a larger budget never brings a point that did worse on these problems, and its
    expected accuracy is never below that of a smaller one. With a
    target the budget is the smallest for which the expected accuracy, cross-fitted, reaches it.

    Args:
        table: The success table; a dense grid (`fine`) leaves less of the budget unspent.
        cost: The cost model.
        budget: B, in the units of the cost.
        target: Wanted success, above 0 and at most 1. Give either this or a budget.
        resamples: Resamples of problems for the intervals; 0 for none.
        seed: Seed of cross-fitting and resampling.

    Raises:
        BadInputError: Both or neither of budget and target are given, one is out of range, or the
            budget is below the cheapest computed point.
        NotInPoolError: No strategy in the table can be run without an oracle.
    """
    check_request(budget, target)
    drawn = resample(table, resamples, seed)
    ladder = Ladder(table, cost, budget, drawn, seed)
    evidence = _Evidence(
        budget,
        target,
        ladder.largest_cost,
        "crossfit" if ladder.is_crossfitted else "in_sample",
        table.n_problems or None,
        0 if drawn is None else resamples,
        seed,
    )
    if target is None:
        return _at(ladder, ladder.count - 1, evidence)
    place = ladder.reaching(target)
    return _not_reached(ladder, evidence) if place is None else _at(ladder, place, evidence)


def check_request(budget: float | None, target: float | None) -> None:
    """Raise unless exactly one of a usable budget and a usable target is given.

    Raises:
        BadInputError: Both or neither are given, or one is out of range.
    """
    if (budget is None) == (target is None):
        given = "neither" if budget is None else "both"
        raise BadInputError(f"give a budget or a target accuracy, one of the two; {given} given")
    if budget is not None and not (np.isfinite(budget) and budget > 0):
        raise BadInputError(f"budget = {budget:g}: use a number above 0")
    if target is not None and not 0 < target <= 1:
        raise BadInputError(f"target = {target:g}: use a share above 0 and at most 1, or 75%")


@dataclass(frozen=True)
class _Evidence:
    """The fields of a plan that say what it rests on; see `Plan`."""

    budget: float | None
    target: float | None
    largest_cost: float
    method: Method
    n_problems: int | None
    resamples: int
    seed: int


def _at(ladder: Ladder, place: int, evidence: _Evidence) -> Plan:
    """The plan at one of the budgets."""
    budget, target = evidence.budget, evidence.target
    found, runner_up = ladder.point(place), ladder.runner_up(place)
    assured = None if target is None else ladder.assured(target)
    status: Status = "tie" if runner_up is not None and runner_up.matters is False else "ok"
    if budget is not None and budget > ladder.largest_cost * (1 + ROUNDING):
        status = "beyond_data"
    notes = _doubts_on_data(evidence)
    if budget is not None:
        notes += _doubts_on_reach(ladder, found, runner_up, budget)
    elif assured is None and evidence.resamples:
        notes.append(
            "No computed plan reaches the target with its whole interval, so whether this one does"
            " is open: generate for more problems."
        )
    return Plan(
        **values_of(found),
        baseline=ladder.voting(place),
        default_vote=ladder.default_vote(place),
        runner_up=runner_up,
        difference_matters=None if runner_up is None else runner_up.matters,
        cheaper=None if budget is None else ladder.cheaper(place),
        assured=assured,
        reachable=None,
        **values_of(evidence),
        status=status,
        notes=(*notes, *_doubts_on_lead(found, runner_up)),
    )


def _not_reached(ladder: Ladder, evidence: _Evidence) -> Plan:
    place = int(ladder.expected.argmax())
    nearest = ladder.point(place)
    note = (
        f"No computed plan is expected to reach {100 * (evidence.target or 0):.1f}%: the best,"
        f" {_words(nearest)}, is expected to reach {100 * nearest.success:.1f}%. "
    )
    note += ladder.never_reaches(evidence.target or 0) or (
        "Generate more solutions and verifications, or use a better verifier; svlaw forecast"
        " extrapolates."
    )
    unknown: dict[str, Any] = dict.fromkeys(field.name for field in fields(PlannedPoint))
    return Plan(
        **unknown,
        baseline=None,
        default_vote=None,
        runner_up=None,
        difference_matters=None,
        cheaper=None,
        assured=None,
        reachable=nearest,
        **values_of(evidence),
        status="not_reached",
        notes=(*_doubts_on_data(evidence), note),
    )


def _doubts_on_data(evidence: _Evidence) -> list[str]:
    if evidence.n_problems is None:
        return [
            "A published table has no problems to cross-fit or resample: success is in-sample, on"
            " average too high, and small differences may be chance."
        ]
    if evidence.method == "in_sample":
        return [
            f"Too few problems to cross-fit ({evidence.n_problems}; it takes {LEAST_PROBLEMS}):"
            " success is in-sample, on average too high. Generate for more problems."
        ]
    return []


def _doubts_on_reach(
    ladder: Ladder, found: PlannedPoint, runner_up: Alternative | None, budget: float
) -> list[str]:
    """Where the data end before the budget does."""
    edges = ladder.edges(found, budget)
    if budget > ladder.largest_cost * (1 + ROUNDING):
        text = (
            f"The budget exceeds the largest cost computed, {amount(ladder.largest_cost)}: this is"
            " the best within the data."
        )
        if not edges:
            return [f"{text} It lies inside, so more compute may not help."]
        return [f"{text} The data end at {edges}: generate more, or see svlaw forecast."]
    notes = []
    if edges:
        notes.append(f"The budget would pay for more, but the data end at {edges}: generate more.")
    edges = ladder.edges(runner_up, budget) if runner_up is not None else ""
    if runner_up is not None and edges:
        notes.append(
            f"The budget would pay for more of {runner_up.strategy}, but its data end at {edges}:"
            " whether it could overtake is open; generate more."
        )
    return notes


def _doubts_on_lead(found: PlannedPoint, runner_up: Alternative | None) -> list[str]:
    if runner_up is None or runner_up.matters is not False:
        return []
    lead = f"The lead of {found.strategy} over {runner_up.strategy} is"
    if runner_up.few_differ:
        return [
            f"{lead} not clear of chance, since too few problems differ between the two: take the"
            " cheaper or simpler one, or generate for more problems."
        ]
    if runner_up.is_clear is False:
        return [
            f"{lead} not clear of chance: take the cheaper or simpler one, or generate for more"
            " problems."
        ]
    return [f"{lead} less than {100 * NEGLIGIBLE:.2f} points, which hardly matters."]


def _words(point: PlannedPoint) -> str:
    if point.solutions is None:
        return f"{point.strategy}:{point.setting}"
    depth = f", V = {point.verifications}" if point.verifications else ""
    name = f"{point.strategy}:{point.setting}" if point.setting else point.strategy
    return f"{name} with S = {point.solutions}{depth}"

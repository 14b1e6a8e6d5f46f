"""`svlaw plan`."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Final

import typer

from svlaw.cli.cost_options import read_cost
from svlaw.cli.interval_options import IntervalChoice, read_intervals
from svlaw.cli.options import (
    Json,
    On,
    PoolPath,
    Resamples,
    Strategies,
    Verifier,
    read_options,
)
from svlaw.cli.output import (
    console,
    count,
    explain_few,
    mark_few,
    number,
    percent,
    print_json,
    print_rows,
    span,
    warn,
)
from svlaw.cli.shared_options import reads
from svlaw.cli.study import open_study, title
from svlaw.data.errors import BadInputError

_THOUSAND: Final = 1000
"""Problems that prices are also given for."""

if TYPE_CHECKING:
    from svlaw.analysis.cost import CostModel
    from svlaw.analysis.cost_choice import CostChoice
    from svlaw.analysis.success.estimators import Options
    from svlaw.fit.plans.ladder import PlannedPoint
    from svlaw.fit.plans.planner import Plan


@reads(choice=read_cost, options=read_options, intervals=read_intervals)
def plan(
    pool: PoolPath,
    budget: Annotated[
        float | None,
        typer.Option(metavar="B", help="Most to spend on a problem, in the units of the cost."),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(metavar="ACC", help="Accuracy to reach at the least cost: 0.75, or 75%."),
    ] = None,
    strategies: Strategies = None,
    solutions: Annotated[
        str,
        typer.Option(metavar="1,2,4", help="Values of S, 'all', or 'fine' (eight per doubling)."),
    ] = "fine",
    verifications: Annotated[
        str,
        typer.Option(metavar="1,2,4", help="Values of V, 'all', or 'fine' (eight per doubling)."),
    ] = "fine",
    *,
    choice: "CostChoice",
    verifier: Verifier = None,
    resamples: Resamples = 2000,
    options: "Options",
    intervals: "IntervalChoice",
    on: On = None,
    as_json: Json = False,
) -> None:
    """What to run: strategy, S and V or setting for a budget, or for a target accuracy."""
    from svlaw.fit.plans.planner import check_request
    from svlaw.fit.plans.planner import plan as compute

    wanted = _read_share(target)
    check_request(budget, wanted)
    study = open_study(
        *(pool, strategies, solutions, verifications, choice, verifier, options),
        on=on,
        intervals=intervals,
    )
    found = compute(
        study.table,
        study.cost,
        budget=budget,
        target=wanted,
        resamples=resamples,
        seed=options.seed,
    )
    dollars = _is_in_dollars(study.cost)
    if as_json:
        document = {**study.document, "cost_model": study.document["cost"]}
        notes = [*study.document["notes"], *found.notes]
        document |= {**intervals.document(asdict(found)), "notes": notes}
        if dollars:
            document["dollars_per_1000_problems"] = {
                role.replace(" ", "_"): _THOUSAND * point.cost for role, point in _plans(found)
            }
        print_json(document)
        return
    price = ("$ per 1,000",) if dollars else ()
    header = ("plan", "S", "V", "cost", *price, "expected", *intervals.headings, "in-sample")
    header += ("loses", "95%") if intervals.has_problems else ("loses",)
    rows = [_row(role, point, intervals, dollars=dollars) for role, point in _plans(found)]
    print_rows(title(study), header, rows)
    how = "cross-fitted" if found.method == "crossfit" else "in-sample"
    console.print(f"in %; expected: {how}; loses: against the recommended plan")
    if found.setting and found.cost is not None:
        console.print(
            f"{found.strategy} decides S and V: it costs {number(found.cost)} on average and"
            f" {number(found.limit)} at most on a problem"
        )
    shown = (found.runner_up, found.cheaper) if intervals.has_problems else ()
    explain_few(point.few_differ for point in shown if point is not None)
    console.print(f"status: {found.status}")
    for note in found.notes:
        warn(note)


def _is_in_dollars(cost: "CostModel") -> bool:
    """Whether a cost model counts in US dollars."""
    from svlaw.analysis.token_costs import PriceCost

    return isinstance(cost, PriceCost)


def _read_share(text: str | None) -> float | None:
    """Read a share, or a percentage with its sign.

    Raises:
        BadInputError: It is neither.
    """
    if text is None:
        return None
    figure = text.strip()
    try:
        value = float(figure.removesuffix("%"))
    except ValueError:
        raise BadInputError(f"--target {text}: write a share such as 0.75, or 75%") from None
    return value / 100 if figure.endswith("%") else value


def _plans(found: "Plan") -> "list[tuple[str, PlannedPoint]]":
    """The plan and what stands beside it, with the role of each."""
    plans = (
        ("recommended", found.recommended),
        ("voting", found.baseline),
        ("default vote", None if found.default_vote == found.baseline else found.default_vote),
        ("runner-up", found.runner_up),
        ("cheaper", found.cheaper),
        ("assured", found.assured),
        ("closest", found.reachable),
    )
    return [(role, point) for role, point in plans if point is not None]


def _row(
    role: str, point: "PlannedPoint", intervals: IntervalChoice, *, dollars: bool
) -> tuple[str, ...]:
    from svlaw.fit.plans.ladder import Alternative

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
        *((number(_THOUSAND * point.cost),) if dollars else ()),
        percent(point.success),
        *intervals.spans(asdict(point)),
        percent(point.in_sample),
        *loss,
    )

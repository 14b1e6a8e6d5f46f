"""`svlaw plan`."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

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
from svlaw.questions.defaults import FINE, RESAMPLES

if TYPE_CHECKING:
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
    ] = FINE,
    verifications: Annotated[
        str,
        typer.Option(metavar="1,2,4", help="Values of V, 'all', or 'fine' (eight per doubling)."),
    ] = FINE,
    *,
    choice: "CostChoice",
    verifier: Verifier = None,
    resamples: Resamples = RESAMPLES,
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
    if as_json:
        document = {**study.document, "cost_model": study.document["cost"]}
        notes = [*study.document["notes"], *found.notes]
        print_json({**document, **intervals.document(asdict(found)), "notes": notes})
        return
    header = ("plan", "S", "V", "cost", "expected", *intervals.headings, "in-sample", "loses")
    header += ("95%",) if intervals.has_problems else ()
    print_rows(title(study), header, _rows(found, intervals))
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


def _rows(found: "Plan", intervals: IntervalChoice) -> list[tuple[str, ...]]:
    plans = (
        ("recommended", found.recommended),
        ("voting", found.baseline),
        ("runner-up", found.runner_up),
        ("cheaper", found.cheaper),
        ("assured", found.assured),
        ("closest", found.reachable),
    )
    return [_row(role, point, intervals) for role, point in plans if point is not None]


def _row(role: str, point: "PlannedPoint", intervals: IntervalChoice) -> tuple[str, ...]:
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
        percent(point.success),
        *intervals.spans(asdict(point)),
        percent(point.in_sample),
        *loss,
    )

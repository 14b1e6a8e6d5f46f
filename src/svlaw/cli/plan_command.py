"""`svlaw plan`."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from svlaw.analysis.intervals.interval_choice import IntervalChoice
from svlaw.cli.cost_options import read_cost
from svlaw.cli.interval_options import read_intervals
from svlaw.cli.options import (
    Json,
    On,
    PoolPath,
    Resamples,
    Strategies,
    Verifier,
    read_options,
)
from svlaw.cli.output import print_json, print_table, warn
from svlaw.cli.shared_options import reads
from svlaw.cli.study import open_study, title
from svlaw.data.errors import BadInputError
from svlaw.questions.defaults import FINE, RESAMPLES

if TYPE_CHECKING:
    from svlaw.analysis.cost_choice import CostChoice
    from svlaw.analysis.success.estimators import Options


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
    from svlaw.fit.plans.plan_table import plan_table
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
    print_table(plan_table(found, title(study), intervals))
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

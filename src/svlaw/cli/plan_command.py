"""`svlaw plan`."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from svlaw.analysis.intervals.interval_choice import IntervalChoice
from svlaw.cli.cost_options import as_options, read_cost
from svlaw.cli.interval_options import read_intervals
from svlaw.cli.options import (
    FineSolutions,
    FineVerifications,
    Json,
    On,
    PoolPath,
    Resamples,
    Strategies,
    Verifier,
    read_options,
)
from svlaw.cli.output import print_json, print_table, suggest, warn
from svlaw.cli.shared_options import reads
from svlaw.cli.study import open_study, title
from svlaw.data.errors import BadInputError
from svlaw.questions.defaults import FINE, RESAMPLES

if TYPE_CHECKING:
    from svlaw.analysis.cost import CostModel
    from svlaw.analysis.cost_choice import CostChoice
    from svlaw.analysis.success.estimators import Options


@reads(choice=read_cost, options=read_options, intervals=read_intervals)
def plan(
    pool: PoolPath,
    budget: Annotated[
        float | None,
        typer.Option(metavar="COST", help="Maximum cost per problem, in the units of --cost."),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="ACCURACY",
            help="Target accuracy to reach at the lowest cost: 0.75 or 75%.",
        ),
    ] = None,
    strategies: Strategies = None,
    solutions: FineSolutions = FINE,
    verifications: FineVerifications = FINE,
    *,
    choice: "CostChoice",
    verifier: Verifier = None,
    resamples: Resamples = RESAMPLES,
    options: "Options",
    intervals: "IntervalChoice",
    on: On = None,
    as_json: Json = False,
) -> None:
    """Choose the strategy, S and V or setting to run, for a budget or a target accuracy."""
    from svlaw.fit.plans.plan_table import PROBLEMS_PRICED, plan_table, roles
    from svlaw.fit.plans.planner import check_request
    from svlaw.fit.plans.planner import plan as compute

    wanted = _read_share(target)
    check_request(budget, wanted)
    study = open_study(
        *(pool, strategies, solutions, verifications, choice, verifier, options),
        on=on,
        intervals=intervals,
        has_contenders=True,
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
                role.replace(" ", "_"): PROBLEMS_PRICED * point.cost
                for role, point in roles(found).items()
            }
        print_json(document)
        return
    print_table(plan_table(found, title(study), intervals, is_in_dollars=dollars))
    for note in found.notes:
        warn(note)
    suggest(f"svlaw report {pool}{as_options(choice)}")


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

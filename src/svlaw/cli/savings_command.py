"""`svlaw savings`."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from svlaw.cli.cost_options import as_options, read_cost
from svlaw.cli.options import (
    Bins,
    By,
    FineSolutions,
    FineVerifications,
    Json,
    On,
    PoolPath,
    Resamples,
    Verifier,
    read_options,
)
from svlaw.cli.output import console, print_json, print_table, suggest
from svlaw.cli.shared_options import reads
from svlaw.cli.study import Study, headings, open_study
from svlaw.questions.defaults import FINE, RESAMPLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from svlaw.analysis.compare.savings import Savings
    from svlaw.analysis.cost_choice import CostChoice
    from svlaw.analysis.success.estimators import Options


@reads(choice=read_cost, options=read_options)
def savings(
    pool: PoolPath,
    strategy: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="The strategy, with settings where only some of a policy's are meant.",
        ),
    ],
    against: Annotated[
        str, typer.Option(metavar="NAME", help="The strategy to compare with.")
    ] = "self_consistency",
    solutions: FineSolutions = FINE,
    verifications: FineVerifications = FINE,
    *,
    choice: "CostChoice",
    verifier: Verifier = None,
    resamples: Resamples = RESAMPLES,
    options: "Options",
    on: On = None,
    by: By = None,
    bins: Bins = None,
    as_json: Json = False,
) -> None:
    """Compare what two strategies cost where both succeed equally often."""
    study = open_study(
        *(pool, f"{against},{strategy}", solutions, verifications, choice, verifier, options),
        by=by,
        cuts=bins,
        on=on,
    )
    from svlaw.analysis.compare.savings import savings as compute

    found = [
        compute(t, study.cost, strategy, against, resamples=resamples, seed=options.seed)
        for t in study.tables
    ]
    if as_json:
        print_json(_documents(study, found))
        return
    from svlaw.analysis.compare.comparison_tables import savings_table

    for heading, one in zip(headings(study), found, strict=True):
        print_table(savings_table(one, heading))
    console.print("ratio: cost of the strategy over that of the other, at equal success (in %)")
    suggest(f"svlaw report {pool}{as_options(choice)}")


def _documents(study: Study, found: "Sequence[Savings]") -> list[dict[str, Any]]:
    """One entry for each success, of each bin in turn."""
    places: list[dict[str, Any]] = [{}]
    if study.bins is not None:
        places = [
            {"bin": part.name, "n_problems": part.n_problems, "bin_status": part.status}
            for part in study.bins
        ]
    return [
        {**place, "strategy": one.strategy, "against": one.against, **asdict(level)}
        for place, one in zip(places, found, strict=True)
        for level in one.levels
    ]

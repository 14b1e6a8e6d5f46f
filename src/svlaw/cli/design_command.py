"""`svlaw design`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from svlaw.cli.cost_options import cost_in_words, describe_cost, read_cost
from svlaw.cli.options import (
    Json,
    Verifier,
    read_options,
    read_place,
    read_values,
)
from svlaw.cli.output import print_json, print_table, progress_bar, warn
from svlaw.cli.shared_options import reads
from svlaw.data.errors import BadInputError

if TYPE_CHECKING:
    from svlaw.analysis.cost import CostModel
    from svlaw.analysis.cost_choice import CostChoice
    from svlaw.analysis.success.estimators import Options
    from svlaw.fit.designs.design import Design


@reads(choice=read_cost, options=read_options)
def design(
    pilot: Annotated[
        Path,
        typer.Argument(
            metavar="PILOT", parser=read_place, help="Folder of a small pool with verdicts."
        ),
    ],
    width: Annotated[
        float,
        typer.Option(
            metavar="HALF-WIDTH",
            help="Target half-width of the exponent's 95% interval.",
        ),
    ] = 0.05,
    strategy: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="best_of_n or weighted_vote.",
        ),
    ] = "best_of_n",
    quantity: Annotated[
        str,
        typer.Option(
            metavar="solutions|verifications",
            help="Exponent of 'solutions', S ~ C^a, or 'verifications', V ~ C^b.",
        ),
    ] = "solutions",
    method: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Method of the law: envelope, isobudget or surface (slow). Default: isobudget,"
            " else envelope.",
        ),
    ] = None,
    solutions: Annotated[
        str | None,
        typer.Option(
            metavar="S,...",
            help="Solutions per problem to consider. Default: powers of two from the pilot's to"
            " four times as many.",
        ),
    ] = None,
    verifications: Annotated[
        str | None,
        typer.Option(
            metavar="V,...",
            help="Verdicts per solution to consider. Default: powers of two from half the pilot's"
            " to four times as many.",
        ),
    ] = None,
    problems_at_most: Annotated[
        int,
        typer.Option(
            metavar="COUNT",
            help="Upper limit on the number of problems.",
        ),
    ] = 100_000,
    *,
    choice: "CostChoice",
    verifier: Verifier = None,
    options: "Options",
    as_json: Json = False,
) -> None:
    """Use a pilot pool to find how much data an exponent of given precision requires."""
    sizes = [
        _read_sizes(text, option)
        for text, option in ((solutions, "--solutions"), (verifications, "--verifications"))
    ]
    from svlaw.data.pool import open_pool
    from svlaw.fit.designs.design import check_request
    from svlaw.fit.designs.design import design as compute
    from svlaw.fit.designs.pilot import check_pilot

    check_request(width, strategy, quantity, method, problems_at_most)
    pool = open_pool(pilot)
    verifier = check_pilot(pool, verifier)
    model = choice.model(pool, verifier)
    with progress_bar("design") as progress:
        found = compute(
            pool,
            width=width,
            strategy=strategy,
            quantity=quantity,  # type: ignore[arg-type]  # check_request refuses any other text
            method=method,
            cost=model,
            solutions=sizes[0],
            verifications=sizes[1],
            problems_at_most=problems_at_most,
            verifier=verifier,
            options=options,
            seed=options.seed,
            progress=progress,
        )
    if as_json:
        print_json(_document(str(pilot), verifier, model, found))
        return
    _print(pilot.name, model, found)


def _read_sizes(text: str | None, option: str) -> list[int] | None:
    """Read whole numbers separated by commas.

    Raises:
        BadInputError: A part is not one.
    """
    values = read_values(text, option)
    if isinstance(values, str):
        raise BadInputError(f"{option} {text}: use whole numbers, such as 32,64")
    return None if values is None else list(values)


def _document(pool: str, verifier: str, cost: "CostModel", found: "Design") -> dict[str, Any]:
    population = found.population
    document = asdict(found)
    document |= {
        "cost": describe_cost(cost),
        "gap": found.gap,
        "words": found.words,
        "candidates": [asdict(one) | {"bias": one.bias} for one in found.candidates],
        "population": {
            **asdict(population.simulation),
            "method": population.method,
            "gap": population.gap,
            "moments": asdict(population.moments),
            "moments_gap": population.moments_gap,
            "comparison": population.comparison.to_dicts(),
            "status": population.status,
        },
    }
    return {"pool": pool, "verifier": verifier, **document}


def _print(name: str, cost: "CostModel", found: "Design") -> None:
    law = "a: S ~ C^a" if found.quantity == "solutions" else "b: V ~ C^b"
    title = (
        f"{name}: {found.n_problems} problems, {cost_in_words(cost)}; {found.strategy}, {law} to"
        f" within {found.width:g}"
    )
    from svlaw.fit.designs.design_table import design_table

    print_table(design_table(found, title))
    for note in found.notes:
        warn(note)

"""`svlaw report`."""

from pathlib import Path
from typing import Annotated

import typer

from svlaw.cli.costs import Cost, Lambda, SolverSize, VerifierSize, read_cost
from svlaw.cli.options import (
    Json,
    MissingAnswer,
    Population,
    Resamples,
    Seed,
    Tolerance,
    Unparsed,
    Verifier,
    read_place,
)
from svlaw.cli.output import (
    console,
    print_json,
    progress_bar,
)
from svlaw.cli.study import read_options


def report(
    pools: Annotated[
        list[Path],
        typer.Argument(metavar="POOL...", parser=read_place, help="Pools to report on."),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="HTML file to write.")
    ] = Path("report.html"),
    cost: Cost = "relative",
    ratio: Lambda = None,
    solver_size: SolverSize = None,
    verifier_size: VerifierSize = None,
    verifier: Verifier = None,
    seed: Seed = 0,
    resamples: Resamples = 2000,
    unparsed: Unparsed = "ignore",
    missing_answer: MissingAnswer = "zero",
    population: Population = "all",
    tolerance: Tolerance = 0.001,
    as_json: Json = False,
) -> None:
    """One self-contained HTML page: which strategy wins at which budget, and the laws."""
    choice = read_cost(cost, ratio, solver_size, verifier_size)
    options = read_options(unparsed, missing_answer, population, tolerance, seed)
    from svlaw.report import write_report

    with progress_bar("analysing") as progress:
        written = write_report(
            pools,
            output,
            cost=choice,
            verifier=verifier,
            options=options,
            resamples=resamples,
            seed=seed,
            progress=progress,
        )
    if as_json:
        print_json({"report": str(written), "bytes": written.stat().st_size})
    else:
        console.print(f"{written}: written", markup=False, highlight=False)

"""`svlaw report`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from svlaw.cli.cost_options import read_cost
from svlaw.cli.options import (
    Json,
    Resamples,
    Strategies,
    Verifier,
    read_names,
    read_options,
    read_place,
)
from svlaw.cli.output import console, print_json, progress_bar, refuse_inside_pool, suggest
from svlaw.cli.shared_options import reads

if TYPE_CHECKING:
    from svlaw.analysis.cost_choice import CostChoice
    from svlaw.analysis.success.estimators import Options


@reads(choice=read_cost, options=read_options)
def report(
    pools: Annotated[
        list[Path],
        typer.Argument(metavar="POOL...", parser=read_place, help="Pools to report on."),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="HTML file to write.")
    ] = Path("report.html"),
    title: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Title of the page. Default: the question it answers."),
    ] = None,
    strategies: Strategies = None,
    *,
    choice: "CostChoice",
    verifier: Verifier = None,
    resamples: Resamples = 2000,
    options: "Options",
    as_json: Json = False,
) -> None:
    """Write one self-contained HTML page: which strategy wins at which budget, and the laws."""
    from svlaw.report import write_report

    refuse_inside_pool(output)
    with progress_bar("analysing") as progress:
        written = write_report(
            pools,
            output,
            title=title,
            strategies=read_names(strategies),
            cost=choice,
            verifier=verifier,
            options=options,
            resamples=resamples,
            seed=options.seed,
            progress=progress,
        )
    if as_json:
        print_json({"report": str(written), "bytes": written.stat().st_size})
    else:
        console.print(f"{written}: written", markup=False, highlight=False)
        suggest(f"open {written}")

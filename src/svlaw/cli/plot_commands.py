"""`svlaw plot`: figures for papers."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from svlaw.cli.cost_options import read_cost
from svlaw.cli.options import (
    FineSolutions,
    FineVerifications,
    Json,
    PoolPath,
    Resamples,
    Solutions,
    Strategies,
    Verifications,
    Verifier,
    read_names,
    read_options,
    read_place,
)
from svlaw.cli.output import console, print_json, refuse_inside_pool, suggest
from svlaw.cli.shared_options import reads
from svlaw.cli.study import Study, open_study

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from svlaw.analysis.compare.crossover import Crossover
    from svlaw.analysis.cost_choice import CostChoice
    from svlaw.analysis.success.estimators import Options

FigurePath = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="File to write: .svg, .pdf, .png (these need the extra 'figures') or .html.",
    ),
]
Columns = Annotated[
    int,
    typer.Option(
        metavar="N",
        help="Columns of the page that the figure spans: 1 (3.3 inches) or 2 (6.9).",
    ),
]
Height = Annotated[
    float | None,
    typer.Option(
        metavar="INCHES",
        help="Printed height. Default: by the figure.",
    ),
]
Title = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT",
        help="Title above the figure.",
    ),
]

_LOW: Final = {1: 2.8, 2: 3.4}
"""Inches, by columns, of a figure with one panel."""
_LISTED: Final = {1: 3.2, 2: 3.6}
"""The same with a list of marks above it."""

app = typer.Typer(
    help="Draw a figure for a paper, as .svg, .pdf, .png or .html.", no_args_is_help=True
)


@app.command()
@reads(choice=read_cost, options=read_options)
def frontier(
    pool: PoolPath,
    output: FigurePath = Path("frontier.html"),
    columns: Columns = 1,
    height: Height = None,
    title: Title = None,
    strategies: Strategies = None,
    solutions: Solutions = None,
    verifications: Verifications = None,
    *,
    choice: "CostChoice",
    verifier: Verifier = None,
    options: "Options",
    as_json: Json = False,
) -> None:
    """Plot success against cost: what each strategy achieves within a budget."""
    _check(output, columns, height)
    study = open_study(pool, strategies, solutions, verifications, choice, verifier, options)
    from svlaw.analysis.compare.curves import curves
    from svlaw.analysis.figures.curve_figures import plot_frontier

    figure = plot_frontier(
        curves(study.table, study.cost), study.cost, crossover=_crossover(study), title=title
    )
    _write(figure, output, columns, height or _LOW[columns], as_json)


@app.command()
@reads(options=read_options)
def solutions(
    pool: PoolPath,
    output: FigurePath = Path("solutions.html"),
    columns: Columns = 1,
    height: Height = None,
    title: Title = None,
    strategies: Strategies = None,
    solutions: Solutions = None,
    verifications: Verifications = None,
    verifier: Verifier = None,
    *,
    options: "Options",
    as_json: Json = False,
) -> None:
    """Plot success against the number of solutions S, with a line for each V."""
    _check(output, columns, height)
    # Cost is in no axis here, so any will do.
    choice = read_cost(ratio=1.0)
    study = open_study(pool, strategies, solutions, verifications, choice, verifier, options)
    from svlaw.analysis.compare.curves import curves
    from svlaw.analysis.figures.curve_figures import plot_solutions

    frame = curves(study.table, study.cost).drop("cost")
    figure = plot_solutions(frame, title=title, beside=columns == 2)
    one_panel = len(list(figure.select_yaxes())) == 1
    _write(figure, output, columns, height or (_LISTED[columns] if one_panel else None), as_json)


@app.command()
@reads(choice=read_cost, options=read_options)
def surface(
    pool: PoolPath,
    output: FigurePath = Path("surface.html"),
    columns: Columns = 1,
    height: Height = None,
    title: Title = None,
    strategy: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="best_of_n or weighted_vote. Default: a panel each.",
        ),
    ] = None,
    solutions: Solutions = None,
    verifications: Verifications = None,
    *,
    choice: "CostChoice",
    verifier: Verifier = None,
    options: "Options",
    as_json: Json = False,
) -> None:
    """Plot success over (S, V), with lines of equal cost and the best (S, V) within each budget."""
    _check(output, columns, height)
    study = open_study(
        pool, None, solutions, verifications, choice, verifier, options, needs_verified=True
    )
    from svlaw.analysis.compare.curves import curves
    from svlaw.analysis.figures.surface_figure import plot_surface

    frame = curves(study.table, study.cost)
    figure = plot_surface(frame, study.cost, strategy, title=title, beside=columns == 2)
    _write(figure, output, columns, height, as_json)


@app.command()
@reads(choice=read_cost, options=read_options)
def law(
    pool: PoolPath,
    output: FigurePath = Path("law.html"),
    columns: Columns = 1,
    title: Title = None,
    method: Annotated[
        str,
        typer.Option(
            metavar="METHOD,...",
            help="Methods: envelope, isobudget, surface; or all.",
        ),
    ] = "all",
    interior: Annotated[
        bool,
        typer.Option(
            "--interior",
            help="Exclude optima at the largest S or V, or at S = 1 or V = 1.",
        ),
    ] = False,
    solutions: FineSolutions = "fine",
    verifications: FineVerifications = "fine",
    *,
    choice: "CostChoice",
    verifier: Verifier = None,
    resamples: Resamples = 1000,
    options: "Options",
    as_json: Json = False,
) -> None:
    """Plot the best S and the best V against cost, with the laws of every method."""
    _check(output, columns, None)
    study = open_study(
        pool, None, solutions, verifications, choice, verifier, options, needs_verified=True
    )
    from svlaw.fit.laws.allocation import fit_allocation
    from svlaw.fit.laws.law_figures import plot_laws

    fit = fit_allocation(
        study.table,
        study.cost,
        read_names(method) or method,
        interior=interior,
        resamples=resamples,
        seed=options.seed,
    )
    figure = plot_laws(fit, title=title, beside=columns == 2)
    _write(figure, output, columns, None, as_json)


@app.command()
@reads(choice=read_cost, options=read_options)
def crossover(
    pool: PoolPath,
    output: FigurePath = Path("crossover.html"),
    columns: Columns = 1,
    height: Height = None,
    title: Title = None,
    strategy: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="best_of_n, weighted_vote, or best: the better of the two.",
        ),
    ] = "best_of_n",
    solutions: Solutions = None,
    verifications: Verifications = None,
    *,
    choice: "CostChoice",
    verifier: Verifier = None,
    resamples: Resamples = 2000,
    options: "Options",
    as_json: Json = False,
) -> None:
    """Plot verification less self-consistency at equal budgets, and where it takes the lead."""
    _check(output, columns, height)
    challengers = "best_of_n,weighted_vote" if strategy == "best" else strategy
    names = f"self_consistency,{challengers}"
    study = open_study(pool, names, solutions, verifications, choice, verifier, options)
    from svlaw.analysis.compare.crossover import crossover as compute
    from svlaw.analysis.figures.crossover_figure import plot_crossover

    found = compute(study.table, study.cost, strategy, resamples=resamples, seed=options.seed)
    figure = plot_crossover(study.table, found, study.cost, title=title)
    _write(figure, output, columns, height or _LISTED[columns], as_json)


@app.command()
@reads(choice=read_cost, options=read_options)
def paper(
    output: FigurePath = Path("paper.html"),
    pool: Annotated[
        Path | None,
        typer.Argument(
            metavar="[POOL]",
            parser=read_place,
            help="Folder of the pool. Default: the paper's published figure.",
        ),
    ] = None,
    columns: Columns = 2,
    title: Title = None,
    strategy: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="best_of_n or weighted_vote.",
        ),
    ] = "best_of_n",
    solutions: Solutions = None,
    verifications: Verifications = None,
    *,
    choice: "CostChoice",
    verifier: Verifier = None,
    options: "Options",
    as_json: Json = False,
) -> None:
    """Plot figure 1 of the paper, both panels, from its published table or from a pool."""
    _check(output, columns, None)
    if pool is None:
        from svlaw.data.examples import open_example

        pool = open_example("singhi2025_fig1").path
        choice = read_cost(ratio=2.0) if choice == read_cost() else choice
    names = f"self_consistency,{strategy}"
    study = open_study(pool, names, solutions, verifications, choice, verifier, options)
    from svlaw.analysis.figures.paper_figure import plot_paper_figure

    figure = plot_paper_figure(study.table, study.cost, strategy, title=title, beside=columns == 2)
    _write(figure, output, columns, None, as_json)


def _check(output: Path, columns: int, height: float | None) -> None:
    """Raise before any work when the figure could not be written."""
    from svlaw.analysis.figures.figure_files import check_figure_path, check_print_size

    refuse_inside_pool(output)
    check_print_size(columns, height)
    check_figure_path(output)


def _crossover(study: Study) -> "Crossover | None":
    """The crossover of what verification does best, where there is any."""
    from svlaw.analysis.compare.crossover import crossover as compute
    from svlaw.data.errors import NotInPoolError
    from svlaw.data.schema import VERIFIED

    both = set(VERIFIED) <= set(study.table.strategies)
    try:
        return compute(study.table, study.cost, "best" if both else None, resamples=0)
    except NotInPoolError:
        return None


def _write(
    figure: "go.Figure", output: Path, columns: int, height: float | None, as_json: bool
) -> None:
    from svlaw.analysis.figures.figure_files import write_figure

    written = write_figure(figure, output, columns=columns, height=height)
    if as_json:
        print_json({"figure": str(written), "bytes": written.stat().st_size})
    else:
        console.print(f"{written}: written", markup=False, highlight=False, soft_wrap=True)
        suggest(f"open {written}")

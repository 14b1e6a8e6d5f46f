"""The report: one HTML file that needs nothing beside it and nothing from the network."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from importlib.metadata import version
from pathlib import Path

import plotly.graph_objects as go
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from svlaw.analysis.cost import CostChoice
from svlaw.analysis.estimators import Options
from svlaw.analysis.plots import plot_frontier, plot_solutions
from svlaw.analysis.resampling import DEFAULT_RESAMPLES
from svlaw.data.errors import BadInputError
from svlaw.data.files import atomic_path
from svlaw.data.pool import Pool, open_pools
from svlaw.data.progress import Progress, silent
from svlaw.fit.law_plots import plot_exponents, plot_laws
from svlaw.report import live, tables
from svlaw.report.embedding import in_script
from svlaw.report.findings import Findings, examine, parts_of
from svlaw.report.words import (
    Sentence,
    advice,
    answers,
    doubts,
    law_troubles,
    lead,
    optimism,
)


@dataclass(frozen=True)
class Figure:
    """A figure ready for the page.

    Attributes:
        anchor: Its id in the page.
        description: What it shows, for those who cannot see it.
        height: Pixels.
        json: The figure, safe inside a script element.
    """

    anchor: str
    description: str
    height: int
    json: Markup


@dataclass(frozen=True)
class Section:
    """One pool's part of the page; a figure or table that makes no sense for it is None."""

    anchor: str
    name: str
    lead: str
    answers: list[Sentence]
    doubts: list[str]
    frontier: Figure
    best: tables.Table
    strategies: tables.Table
    optimism: str
    solutions: Figure
    crossover: tables.Table | None
    no_crossover: str
    advice: list[str]
    laws: Figure | None
    exponents: Figure | None
    laws_table: tables.Table | None
    law_troubles: list[str]
    settings: list[tuple[str, str]]


def write_report(
    pools: Iterable[str | Path | Pool],
    out: str | Path,
    *,
    ratio: float | None = None,
    cost: CostChoice | None = None,
    verifier: str | None = None,
    options: Options | None = None,
    resamples: int = DEFAULT_RESAMPLES,
    seed: int = 0,
    progress: Progress = silent,
) -> Path:
    """Analyse pools and write what they say as one self-contained HTML file.

    The same pools and arguments give the same bytes.

    Args:
        pools: Pools, or their folders.
        out: The file to write; replaced when it exists.
        ratio: lambda, the cost of a verification over that of a solution; measured when None.
        cost: Another cost model than the relative one; give either this or `ratio`.
        verifier: Verifier to use; may be None when a pool has one at most.
        options: Policies, tolerance and seed of the estimators.
        resamples: Resamples of problems for the intervals; 0 for none.
        seed: Seed of the resampling.
        progress: Called with the thousandths of each pool that are done.

    Returns:
        The path of the file.

    Raises:
        BadInputError: There is no pool, one cannot be read, or an argument does not fit.
        NotInPoolError: lambda is to be measured and a pool holds no lengths, or it has no such
            verifier.
    """
    if cost is not None and ratio is not None:
        raise BadInputError("give a cost model or lambda, one of the two")
    choice = cost or CostChoice(ratio)
    opened = open_pools(pool.path if isinstance(pool, Pool) else pool for pool in pools)
    if not opened:
        raise BadInputError("a report needs at least one pool")
    found = []
    for (name, pool), part in zip(opened.items(), parts_of(progress, len(opened)), strict=True):
        found.append(
            examine(
                name,
                pool,
                cost=choice,
                verifier=verifier,
                options=options,
                resamples=resamples,
                seed=seed,
                progress=part,
            )
        )
        part(1, 1)
    out = Path(out)
    page = _render([_section(f"pool-{i}", each) for i, each in enumerate(found, 1)], found)
    with atomic_path(out) as temporary:
        temporary.write_text(page, "utf-8", newline="\n")
    return out


def _section(anchor: str, found: Findings) -> Section:
    crossing = found.crossovers[-1] if found.crossovers else None
    fit = found.fit
    return Section(
        anchor=anchor,
        name=found.name,
        lead=lead(found),
        answers=answers(found),
        doubts=doubts(found),
        frontier=_figure(
            f"{anchor}-frontier",
            "Success against compute per problem, a line for each strategy.",
            plot_frontier(found.curves, found.cost, crossover=crossing),
        ),
        best=tables.best_table(found),
        strategies=tables.strategies_table(found),
        optimism=optimism(found),
        solutions=_figure(
            f"{anchor}-solutions",
            "Success against the number of solutions, a line for each number of verifications.",
            plot_solutions(found.curves),
        ),
        crossover=tables.crossover_table(found.crossovers) if found.crossovers else None,
        no_crossover=found.no_crossover,
        advice=advice(found),
        laws=None
        if fit is None
        else _figure(
            f"{anchor}-laws",
            "Best numbers of solutions and of verifications against compute, with fitted laws.",
            plot_laws(fit),
        ),
        exponents=None
        if fit is None
        else _figure(
            f"{anchor}-exponents",
            "Exponents of the laws with their intervals, by strategy and method.",
            plot_exponents(fit),
        ),
        laws_table=None if fit is None else tables.laws_table(fit),
        law_troubles=law_troubles(found),
        settings=tables.settings(found, version("svlaw")),
    )


def _figure(anchor: str, description: str, figure: go.Figure) -> Figure:
    return Figure(anchor, description, figure.layout.height, in_script(figure.to_json()))


def _render(sections: list[Section], found: list[Findings]) -> str:
    environment = Environment(
        loader=FunctionLoader(_read),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("report.html.j2")
    overview = tables.overview_table(
        [(section.anchor, each) for section, each in zip(sections, found, strict=True)]
    )
    return template.render(
        sections=sections,
        overview=overview if len(sections) > 1 else None,
        version=version("svlaw"),
        style=Markup(_read("report.css") + _read("live.css")),
        script=Markup("\n".join(map(_read, ("report.js", *live.SCRIPTS)))),
        live=live.live_panel(found),
        plotly=Markup(get_plotlyjs()),
    )


def _read(name: str) -> str:
    """A file that comes with the package."""
    return (resources.files("svlaw.report") / name).read_text("utf-8")

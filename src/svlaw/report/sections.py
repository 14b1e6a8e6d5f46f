"""One pool's part of the page."""

from dataclasses import dataclass
from importlib.metadata import version

from markupsafe import Markup

from svlaw.analysis.compare.difficulty import PASS_RATE
from svlaw.analysis.figures.crossover_figure import plot_crossover
from svlaw.analysis.figures.curve_figures import plot_frontier, plot_solutions
from svlaw.analysis.figures.surface_figure import plot_surface
from svlaw.data.errors import NotInPoolError
from svlaw.fit.laws.law_figures import plot_exponents, plot_laws
from svlaw.report import difficulty_section, health, report_tables, verifier_section
from svlaw.report.analysis_settings import settings
from svlaw.report.citation import Provenance, provenance
from svlaw.report.page_parts import Figure, Table, figure, file_name, rows_json
from svlaw.report.pool_results import Findings
from svlaw.report.verifier_quality import Quality
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
class Bins:
    """The bins of a column, or of pass rates: in words, as a table and as a figure."""

    heading: str
    by_pass_rate: bool
    words: str
    table: Table
    figure: Figure | None


@dataclass(frozen=True)
class Verifier:
    """The quality of a verifier in words, as a table and as figures."""

    name: str
    words: list[str]
    table: Table
    figures: list[Figure]


@dataclass(frozen=True)
class Health:
    """What `svlaw check` finds, in words and as tables."""

    words: str
    notable: Table | None
    sound: Table | None


@dataclass(frozen=True)
class Section:
    """One pool's part of the page; a figure or table that makes no sense for it is None."""

    anchor: str
    name: str
    lead: str
    answers: list[Sentence]
    doubts: list[str]
    frontier: Figure
    best: Table
    strategies: Table
    optimism: str
    solutions: Figure
    points: Markup
    surface: Figure | None
    crossing: Figure | None
    crossover: Table | None
    no_crossover: str
    advice: list[str]
    laws: Figure | None
    exponents: Figure | None
    laws_table: Table | None
    law_troubles: list[str]
    difficulty: list[Bins]
    no_difficulty: str
    verifier: Verifier | None
    health: Health
    settings: list[tuple[str, str]]
    provenance: Provenance

    @property
    def parts(self) -> list[tuple[str, str]]:
        """Anchor and short name of each part, for the way through the page."""
        names = {
            "answer": "Answer",
            "frontier": "Budgets",
            "solutions": "Solutions",
            "surface": "Surface",
            "crossover": "Crossover",
            "laws": "Laws",
            "difficulty": "Difficulty",
            "verifier": "Verifier",
            "health": "Pool health",
            "methods": "Methods",
        }
        return [(f"{self.anchor}-part-{key}", name) for key, name in names.items()]


def section(anchor: str, found: Findings) -> Section:
    """Everything the page says of one pool."""
    return Section(
        anchor=anchor,
        name=found.name,
        lead=lead(found),
        answers=answers(found),
        doubts=doubts(found),
        frontier=_frontier(anchor, found),
        best=report_tables.best_table(found),
        strategies=report_tables.strategies_table(found),
        optimism=optimism(found),
        solutions=figure(
            f"{anchor}-solutions",
            file_name(found.name, "solutions"),
            "Success against the number of solutions, a line for each number of verifications.",
            plot_solutions(found.curves),
        ),
        points=rows_json(file_name(found.name, "points"), found.curves),
        surface=_surface(anchor, found),
        crossing=_crossing(anchor, found),
        crossover=report_tables.crossover_table(
            found.crossovers, file_name(found.name, "crossover")
        )
        if found.crossovers
        else None,
        no_crossover=found.no_crossover,
        advice=advice(found),
        laws=_laws(anchor, found),
        exponents=_exponents(anchor, found),
        laws_table=None
        if found.fit is None
        else report_tables.laws_table(found.fit, file_name(found.name, "laws")),
        law_troubles=law_troubles(found),
        difficulty=[_bins(anchor, found, each) for each in found.difficulty],
        no_difficulty=found.no_difficulty,
        verifier=None if found.quality is None else _verifier(anchor, found.name, found.quality),
        health=_health(found),
        settings=settings(found, version("svlaw")),
        provenance=provenance(found.pool),
    )


def _frontier(anchor: str, found: Findings) -> Figure:
    crossing = found.crossovers[-1] if found.crossovers else None
    return figure(
        f"{anchor}-frontier",
        file_name(found.name, "frontier"),
        "Success against cost per problem, a line for each strategy.",
        plot_frontier(found.curves, found.cost, crossover=crossing),
    )


def _surface(anchor: str, found: Findings) -> Figure | None:
    if not found.verified:
        return None
    drawn = plot_surface(found.curves, found.cost)
    # Its lines are dark, for the cells; a dark page would hide them in the legend.
    drawn.update_layout(legend={"bgcolor": "#eceef1", "font": {"color": "#1a1a1a"}})
    return figure(
        f"{anchor}-surface",
        file_name(found.name, "surface"),
        "Success by numbers of solutions and of verifications, with lines of equal cost and the"
        " best point within each budget.",
        drawn,
    )


def _crossing(anchor: str, found: Findings) -> Figure | None:
    if not found.crossovers:
        return None
    try:
        drawn = plot_crossover(found.table, found.crossovers[-1], found.cost)
    except NotInPoolError:  # the budgets of both do not overlap
        return None
    return figure(
        f"{anchor}-crossing",
        file_name(found.name, "crossover"),
        "Success of verification less that of self-consistency at equal budgets.",
        drawn,
    )


def _laws(anchor: str, found: Findings) -> Figure | None:
    if found.fit is None:
        return None
    return figure(
        f"{anchor}-laws",
        file_name(found.name, "laws"),
        "Best numbers of solutions and of verifications against cost, with fitted laws.",
        plot_laws(found.fit),
    )


def _exponents(anchor: str, found: Findings) -> Figure | None:
    if found.fit is None:
        return None
    return figure(
        f"{anchor}-exponents",
        file_name(found.name, "exponents"),
        "Exponents of the laws with their intervals, by strategy and method.",
        plot_exponents(found.fit),
    )


def _bins(anchor: str, found: Findings, held: difficulty_section.Difficulty) -> Bins:
    drawn = difficulty_section.plot_difficulty(held, found.cost)
    file = file_name(found.name, f"by-{held.by}")
    return Bins(
        difficulty_section.heading(held),
        held.by == PASS_RATE,
        difficulty_section.in_words(held),
        difficulty_section.difficulty_table(held, file),
        None
        if drawn is None
        else figure(
            f"{anchor}-by-{held.by}",
            file,
            "Success against cost, a line for each bin of problems, and what verification gains"
            " in it.",
            drawn,
        ),
    )


def _verifier(anchor: str, pool: str, held: Quality) -> Verifier:
    drawn = [
        (
            "characteristic",
            "Share of right solutions accepted against share of wrong ones, as the threshold of"
            " the score falls.",
            verifier_section.plot_characteristic(held),
        ),
        (
            "calibration",
            "Share of solutions that are right against the mean score of their verdicts.",
            verifier_section.plot_calibration(held),
        ),
    ]
    return Verifier(
        held.verifier,
        verifier_section.in_words(held),
        verifier_section.quality_table(held, file_name(pool, "verifier")),
        [
            figure(f"{anchor}-{name}", file_name(pool, name), description, plot)
            for name, description, plot in drawn
            if plot is not None
        ],
    )


def _health(found: Findings) -> Health:
    file = file_name(found.name, "health")
    return Health(
        health.in_words(found.checks),
        health.health_table(found.checks, file),
        health.soundness_table(found.checks, f"{file}-sound"),
    )

"""The report: one HTML file that needs nothing beside it and nothing from the network."""

from collections.abc import Iterable, Sequence
from importlib import resources
from importlib.metadata import version
from pathlib import Path

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from svlaw.analysis.cost_choice import CostChoice
from svlaw.analysis.intervals.resampling import DEFAULT_RESAMPLES
from svlaw.analysis.success.estimators import Options
from svlaw.data.errors import BadInputError
from svlaw.data.pool import Pool, open_pools
from svlaw.data.progress import Progress, silent
from svlaw.data.storage.files import atomic_path
from svlaw.data.table_texts import harmless
from svlaw.report import live, report_tables
from svlaw.report.citation import bibtex
from svlaw.report.overlay import plot_pools
from svlaw.report.page_parts import Figure, figure
from svlaw.report.pool_results import Findings, examine, parts_of
from svlaw.report.sections import Section, section


def write_report(
    pools: Iterable[str | Path | Pool],
    out: str | Path,
    *,
    title: str | None = None,
    strategies: Sequence[str] | None = None,
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
        title: Title of the page, in one line; the question it answers when None.
        strategies: Strategies, with settings where there are any; those without settings that a
            pool has data for when None.
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
        BadInputError: There is no pool, one cannot be read, an argument does not fit, the title is
            blank, or `out` is a folder.
        NotInPoolError: lambda is to be measured and a pool holds no lengths, or it has no such
            verifier.
    """
    if cost is not None and ratio is not None:
        raise BadInputError("give a cost model or lambda, one of the two")
    choice = cost or CostChoice(ratio=ratio)
    if title is not None:
        title = _one_line(title)
    out = Path(out)
    if out.is_dir():
        raise BadInputError(f"{out}: is a folder; name the HTML file to write in it")
    opened = open_pools(pool.path if isinstance(pool, Pool) else pool for pool in pools)
    if not opened:
        raise BadInputError("a report needs at least one pool")
    found = []
    for (name, pool), part in zip(opened.items(), parts_of(progress, len(opened)), strict=True):
        found.append(
            examine(
                name,
                pool,
                strategies=strategies,
                cost=choice,
                verifier=verifier,
                options=options,
                resamples=resamples,
                seed=seed,
                progress=part,
            )
        )
        part(1, 1)
    sections = [section(f"pool-{i}", each) for i, each in enumerate(found, 1)]
    page = _render(title, sections, found)
    with atomic_path(out) as temporary:
        temporary.write_text(page, "utf-8", newline="\n")
    return out


def _one_line(title: str) -> str:
    """A title without line breaks, double blanks and characters that no page may contain.

    Raises:
        BadInputError: Nothing is left of it.
    """
    words = " ".join(harmless(title).split())
    if not words:
        raise BadInputError("the title of the page is blank; write one, or leave it out")
    return words


def _render(title: str | None, sections: list[Section], found: list[Findings]) -> str:
    environment = Environment(
        loader=FunctionLoader(_read),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("report.html.j2")
    panel = live.live_panel(found)
    anchors = [each.anchor for each in sections]
    several = len(sections) > 1
    return template.render(
        title=title,
        sections=sections,
        overview=report_tables.overview_table(list(zip(anchors, found, strict=True)))
        if several
        else None,
        pools=_pools(found) if several else None,
        contents=_contents(sections, bool(panel)),
        quantity=found[0].cost.quantity,
        unit=found[0].cost.unit_name,
        bibtex=bibtex(version("svlaw")),
        version=version("svlaw"),
        style=Markup(_read("report.css") + _read("live.css")),
        script=Markup("\n".join(map(_read, ("report.js", *live.SCRIPTS)))),
        live=panel,
        plotly=Markup(get_plotlyjs()),
    )


def _contents(sections: list[Section], has_panel: bool) -> list[tuple[str, str]]:
    """Anchors and names of what the bar at the top leads to."""
    panel = [("live", "Other costs")] if has_panel else []
    last = [("citation", "Citation")]
    if len(sections) > 1:
        pools = [(each.anchor, each.name) for each in sections]
        return [("overview", "All pools"), *panel, *pools, *last]
    answer, *parts = sections[0].parts
    return [answer, *panel, *parts, *last]


def _pools(found: list[Findings]) -> Figure:
    return figure(
        "pools",
        "pools",
        "Success against cost per problem, a line for each pool and its self-consistency dashed.",
        plot_pools(found),
    )


def _read(name: str) -> str:
    """A file that comes with the package."""
    return (resources.files("svlaw.report") / name).read_text("utf-8")

"""The report's tables: figures as text, ready for the template."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl
from markupsafe import Markup

from svlaw.analysis.crossfit import FOLDS, PARTITIONS
from svlaw.analysis.crossover import Crossover
from svlaw.analysis.plots import STRATEGY_NAMES
from svlaw.analysis.resampling import LEVEL, Interval
from svlaw.analysis.success import SuccessTable
from svlaw.data.schema import VERIFIED
from svlaw.fit.advice import advise
from svlaw.fit.law_plots import METHOD_NAMES
from svlaw.fit.laws import AllocationFit, AllocationLaw
from svlaw.report.findings import Findings
from svlaw.report.numbers import (
    DASH,
    amount,
    exponent,
    percent,
    points,
    reached,
    times,
    with_ends,
)

Cell = str | Markup

_CHALLENGERS = {**STRATEGY_NAMES, "best": "Better of both"}
_UNPARSED = {
    "ignore": "left out of a solution's mean score; a solution without any parsed verdict scores 0",
    "no": "counted as a score of 0",
}
_MISSING = {
    "zero": "a solution without an answer scores 0",
    "keep": "a solution without an answer keeps its verdicts' score",
}


@dataclass(frozen=True)
class Table:
    """A table of text.

    Attributes:
        caption: What it shows.
        head: Column titles.
        rows: Cells; the first of each row is its title.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def best_table(found: Findings) -> Table:
    """The strategy to choose within each budget."""
    return _frontier_table(found.best, "What to choose within each budget")


def strategies_table(found: Findings) -> Table:
    """Every strategy within each budget."""
    return _frontier_table(found.frontier, "Every strategy within each budget")


def _frontier_table(frame: pl.DataFrame, caption: str) -> Table:
    rows: list[tuple[Cell, ...]] = []
    honest = bool(frame["crossfit"].is_not_null().any())
    for row in frame.iter_rows(named=True):
        is_reference = row["strategy"] == "self_consistency"
        gain = with_ends(row["gain"], row["gain_low"], row["gain_high"], points)
        rows.append(
            (
                amount(row["budget"]),
                STRATEGY_NAMES[row["strategy"]],
                f"{row['solutions']:,}",
                f"{row['verifications']:,}" if row["verifications"] else DASH,
                amount(row["cost"]),
                with_ends(row["success"], row["conf_low"], row["conf_high"], percent),
                *([with_ends(row["crossfit"], None, None, percent)] if honest else []),
                DASH if is_reference else gain,
            )
        )
    further = ("Cross-fitted",) if honest else ()
    head = ("Budget", "Strategy", "S", "V", "Cost", "Success", *further, "Gain (points)")
    return Table(caption, head, tuple(rows))


def crossover_table(crossovers: Sequence[Crossover]) -> Table:
    """Saturation, crossover, gain and the budget of lasting lead; a column per strategy."""
    figures: tuple[tuple[str, str, Callable[[Crossover], Interval], Callable[[float], str]], ...]
    figures = (
        (
            "Saturation budget",
            "self-consistency is within 0.25 points of its best",
            lambda x: x.saturation_budget,
            amount,
        ),
        (
            "Crossover budget",
            "verification first level with self-consistency at the same budget",
            lambda x: x.crossover_budget,
            amount,
        ),
        ("Match ratio", "crossover over saturation", lambda x: x.match_ratio, times),
        (
            "Gain (points)",
            "over self-consistency at the largest budget both have",
            lambda x: x.gain,
            points,
        ),
        ("Gain ratio", "that budget over saturation", lambda x: x.gain_ratio, times),
        ("Ahead budget", "level or ahead from here on", lambda x: x.ahead_budget, amount),
    )
    rows = tuple(
        (
            Markup("{}<small>{}</small>").format(title, meaning),
            *(reached(pick(result), form) for result in crossovers),
        )
        for title, meaning, pick, form in figures
    )
    head = ("", *(_CHALLENGERS[result.strategy] for result in crossovers))
    return Table("Verification against self-consistency", head, rows)


def laws_table(fit: AllocationFit) -> Table:
    """Exponents with intervals; a row per strategy and method, the advised one in bold."""
    pairs = list(zip(fit.laws[::2], fit.laws[1::2], fit.sums, strict=True))
    rows = []
    for advice in advise(fit.laws):
        for solutions, verifications, total in pairs:
            if solutions.strategy != advice.strategy:
                continue
            edge, name = solutions.boundary_fraction, METHOD_NAMES[solutions.method]
            advised = solutions.method == advice.method
            rows.append(
                (
                    STRATEGY_NAMES[solutions.strategy],
                    Markup("<strong>{}</strong>").format(name) if advised else name,
                    _exponent(solutions),
                    _exponent(verifications),
                    with_ends(total.total, total.conf_low, total.conf_high, exponent),
                    f"{solutions.n_budgets}",
                    DASH if edge is None else f"{100 * edge:.0f}%",
                    _status(solutions, verifications),
                )
            )
    head = ("Strategy", "Method", "a (S)", "b (V)", "a + b", "Budgets", "At boundary", "Status")
    return Table("Exponents of S ∝ Cᵃ and V ∝ Cᵇ", head, tuple(rows))


def overview_table(sections: Sequence[tuple[str, Findings]]) -> Table:
    """A row per pool, with a link to its section.

    Args:
        sections: Anchor and findings of each pool.
    """
    rows = []
    for anchor, found in sections:
        best = found.best.tail(1).to_dicts()
        result = found.crossovers[-1] if found.crossovers else None
        rows.append(
            (
                Markup('<a href="#{}">{}</a>').format(anchor, found.name),
                f"{found.table.n_problems:,}" if found.table.has_problems else DASH,
                STRATEGY_NAMES[best[0]["strategy"]] if best else DASH,
                percent(best[0]["success"]) if best else DASH,
                reached(result.crossover_budget, amount) if result else DASH,
                reached(result.gain, points) if result else DASH,
            )
        )
    head = (
        "Pool",
        "Problems",
        "Best at the largest budget",
        "Success",
        "Crossover budget",
        "Gain (points)",
    )
    return Table("All pools", head, tuple(rows))


def settings(found: Findings, version: str) -> list[tuple[str, str]]:
    """Methods and settings, as terms and their explanations."""
    table, options = found.table, found.table.options
    terms = [("Source", _source(found)), ("Cost", _cost(found)), ("Problems", _problems(found))]
    terms.append(("Grid", _grid(found)))
    if table.verifier is not None:
        terms.append(("Verifier", table.verifier))
    if options is not None and table.verifier is not None:
        terms.append(("Unparsed verdicts", _UNPARSED[options.unparsed]))
        terms.append(("Missing answers", _MISSING[options.missing_answer]))
    terms.append(("Intervals", _intervals(found)))
    if options is not None:
        terms.append(("Monte-Carlo error", _mc_error(found)))
    terms.append(("Frontier", _frontier(found)))
    terms += _laws(found)
    terms.append(("Software", f"svlaw {version}"))
    return terms


def _exponent(law: AllocationLaw) -> str:
    return with_ends(law.exponent, law.conf_low, law.conf_high, exponent)


def _status(solutions: AllocationLaw, verifications: AllocationLaw) -> str:
    """The status of both laws, named apart where they differ."""
    of_s, of_v = (law.status.replace("_", " ") for law in (solutions, verifications))
    return of_s if of_s == of_v else f"S: {of_s}, V: {of_v}"


def _source(found: Findings) -> str:
    files = found.pool.metadata.get("files")
    names = ", ".join(map(str, files)) if isinstance(files, list) else ""
    kind = "published success table" if found.pool.is_published_table else "cached generations"
    return f"{kind} ({names})" if names else kind


def _cost(found: Findings) -> str:
    cost = found.cost
    if not any(name in VERIFIED for name in found.table.strategies):
        return "C = S per problem, in solutions; λ plays no part without verifications"
    return (
        "C(S, V) = S (1 + λV) per problem, in solutions: a verification costs λ ="
        f" {cost.ratio:.3g} solutions ({cost.origin})"
    )


def _problems(found: Findings) -> str:
    table = found.table
    if not table.has_problems:
        return "unknown (published table)"
    aside = f"{table.n_set_aside:,} set aside" if table.n_set_aside else "none set aside"
    return f"{table.n_problems:,} averaged over, the same for all strategies; {aside}"


def _grid(found: Findings) -> str:
    def values(column: str) -> str:
        held = [v for v in sorted(found.table.points[column].unique()) if v]
        shown = [f"{v:,}" for v in held]
        return ", ".join(shown if len(shown) <= 20 else [*shown[:9], "…", *shown[-9:]])

    text = f"S = {values('solutions')}"
    return f"{text}; V = {values('verifications')}" if found.verified else text


def _intervals(found: Findings) -> str:
    if not found.resamples:
        return "none"
    text = (
        f"{100 * LEVEL:.0f}%. Success: Wilson's, with an effective number of problems. Differences"
        f" and budgets: bias-corrected and accelerated, over {found.resamples:,} resamples of the"
        f" problems (seed {found.seed}), both sides on the same problems"
    )
    if found.fit is None:
        return text
    return f"{text}. Exponents: percentiles over {found.fit.resamples:,} resamples"


def _frontier(found: Findings) -> str:
    text = "the best computed point within each budget"
    if found.optimism is None:
        return f"{text}, chosen and scored on the same problems"
    return (
        f"{text}. Cross-fitted: chosen on {FOLDS - 1} of {FOLDS} parts of the problems and scored"
        f" on the other, over {PARTITIONS} divisions; the choice of the strategy is not repeated"
    )


def _laws(found: Findings) -> Iterator[tuple[str, str]]:
    """How the laws were found."""
    fit, table = found.fit, found.law_table
    if fit is None or table is None:
        return
    yield (
        "Laws",
        "the best S and V at eight budgets per doubling, then least squares in logs. Envelope: the"
        " best computed point; iso-budget: the vertex of a parabola in log S along each budget;"
        f" surface: the optimum of a fitted success surface. {_law_grid(found, table)}",
    )
    chosen = fit.surfaces.filter("chosen")
    surfaces = [
        f"{STRATEGY_NAMES[name]}: {form}, residual {100 * residual:.2f} points"
        for name, form, residual in chosen.select("strategy", "form", "residual").iter_rows()
    ]
    if surfaces:
        count = fit.surfaces["form"].n_unique()
        chosen_by = f" (of {count} forms, by cross-validation)"
        yield "Surfaces", "; ".join(surfaces) + chosen_by


def _law_grid(found: Findings, table: SuccessTable) -> str:
    if not table.has_problems:
        return "Grid: as published"
    verified = table.points.filter(pl.col("strategy").is_in(VERIFIED))
    S, V = (max(verified[name].to_list()) for name in ("solutions", "verifications"))
    text = f"Grid: up to eight values of S and of V per doubling, to S = {S:,} and V = {V:,}"
    if table.problem_ids == found.table.problem_ids:
        return text
    return f"{text}, averaged over {table.n_problems:,} problems; {table.n_set_aside:,} set aside"


def _mc_error(found: Findings) -> str:
    options = found.table.options
    assert options is not None
    if found.mc_error == 0:
        return "none: every figure is exact given the cached generations"
    return (
        f"at most {100 * found.mc_error:.2f} points in any mean (wanted:"
        f" {100 * options.tolerance:.2f}; seed {options.seed})"
    )

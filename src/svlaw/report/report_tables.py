"""The report's tables: figures as text, ready for the template."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Final

import polars as pl
from markupsafe import Markup

from svlaw.analysis.compare.crossover import Crossover
from svlaw.analysis.figures.strategy_looks import STRATEGY_NAMES
from svlaw.analysis.intervals.interval import Interval
from svlaw.fit.laws.advice import advise
from svlaw.fit.laws.allocation import AllocationFit
from svlaw.fit.laws.allocation_law import AllocationLaw
from svlaw.fit.laws.law_figures import METHOD_NAMES
from svlaw.report.number_texts import (
    DASH,
    amount,
    exponent,
    percent,
    points,
    reached,
    times,
    with_ends,
)
from svlaw.report.page_parts import Cell, Table, file_name
from svlaw.report.pool_results import Findings

_CHALLENGERS = STRATEGY_NAMES | {"best": "Better of both"}


def best_table(found: Findings) -> Table:
    """The strategy to choose within each budget."""
    return _frontier_table(
        found.best, "What to choose within each budget", file_name(found.name, "best")
    )


def strategies_table(found: Findings) -> Table:
    """Every strategy within each budget."""
    return _frontier_table(
        found.frontier, "Every strategy within each budget", file_name(found.name, "frontier")
    )


def _frontier_table(frame: pl.DataFrame, caption: str, file: str) -> Table:
    rows: list[tuple[Cell, ...]] = []
    honest = bool(frame["crossfit"].is_not_null().any())
    for row in frame.iter_rows(named=True):
        is_reference = row["strategy"] == "self_consistency"
        gain = with_ends(row["gain"], row["gain_low"], row["gain_high"], points)
        rows.append(
            (
                amount(row["budget"]),
                _named(row),
                DASH if row["solutions"] is None else f"{row['solutions']:,}",
                f"{row['verifications']:,}" if row["verifications"] else DASH,
                amount(row["cost"]),
                with_ends(row["success"], row["conf_low"], row["conf_high"], percent),
                *([with_ends(row["crossfit"], None, None, percent)] if honest else []),
                DASH if is_reference else gain,
            )
        )
    further = ("Cross-fitted",) if honest else ()
    head = ("Budget", "Strategy", "S", "V", "Cost", "Success", *further, "Gain (points)")
    return Table(caption, head, tuple(rows), file, frame)


def _named(row: dict[str, Any]) -> str:
    """The strategy of a row, with its setting if it has one."""
    name = STRATEGY_NAMES[row["strategy"]]
    return f"{name} ({row['setting']})" if row["setting"] else name


def crossover_table(crossovers: Sequence[Crossover], file: str) -> Table:
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
            "from here on verification leads by 0.25 points or more",
            lambda x: x.crossover_budget,
            amount,
        ),
        (
            "Match budget",
            "verification first level with self-consistency at the same budget",
            lambda x: x.match_budget,
            amount,
        ),
        ("Match ratio", "match budget over saturation", lambda x: x.match_ratio, times),
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
    head = ("Figure", *(_CHALLENGERS[result.strategy] for result in crossovers))
    frame = _crossover_frame(crossovers)
    return Table("Verification against self-consistency", head, rows, file, frame)


_FIGURES: Final = (
    "saturation_budget",
    "crossover_budget",
    "match_budget",
    "match_ratio",
    "gain",
    "gain_ratio",
    "ahead_budget",
)


def _crossover_frame(crossovers: Sequence[Crossover]) -> pl.DataFrame:
    """A row per strategy and figure."""
    return pl.DataFrame(
        [
            {"strategy": each.strategy, "figure": name, **asdict(getattr(each, name))}
            | {"status": each.status}
            for each in crossovers
            for name in _FIGURES
        ],
        infer_schema_length=None,
    )


def laws_table(fit: AllocationFit, file: str) -> Table:
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
    frame = pl.DataFrame([asdict(law) for law in fit.laws], infer_schema_length=None)
    return Table("Exponents of S ∝ Cᵃ and V ∝ Cᵇ", head, tuple(rows), file, frame)


def overview_table(sections: Sequence[tuple[str, Findings]]) -> Table:
    """A row per pool, with a link to its section.

    Args:
        sections: Anchor and findings of each pool.
    """
    rows: list[tuple[Cell, ...]] = []
    records = []
    for anchor, found in sections:
        best = next(found.best.tail(1).iter_rows(named=True), None)
        voting = float(found.voting["success"].max()) if found.voting.height else None  # type: ignore[arg-type]
        result = found.crossovers[-1] if found.crossovers else None
        size = found.table.n_problems or None
        ratio = found.cost.ratio if found.verified else None
        rows.append(
            (
                Markup('<a href="#{}">{}</a>').format(anchor, found.name),
                DASH if size is None else f"{size:,}",
                DASH if ratio is None else f"{ratio:.3g}",
                DASH if voting is None else percent(voting),
                DASH if best is None else STRATEGY_NAMES[best["strategy"]],
                DASH
                if best is None
                else with_ends(best["success"], best["conf_low"], best["conf_high"], percent),
                reached(result.crossover_budget, amount) if result else DASH,
                reached(result.gain, points) if result else DASH,
            )
        )
        records.append(
            {"pool": found.name, "n_problems": size, "lambda": ratio, "self_consistency": voting}
            | {name: best and best[name] for name in _BEST}
            | _flat("crossover_budget", result.crossover_budget if result else None)
            | _flat("gain", result.gain if result else None)
        )
    head = (
        "Pool",
        "Problems",
        "λ",
        "Self-consistency at best",
        "Best at the largest budget",
        "Success",
        "Crossover budget",
        "Gain (points)",
    )
    frame = pl.DataFrame(records, infer_schema_length=None)
    return Table("All pools", head, tuple(rows), "pools", frame)


_BEST: Final = (
    *("budget", "strategy", "solutions", "verifications"),
    *("success", "conf_low", "conf_high"),
)


def _flat(name: str, figure: Interval | None) -> dict[str, float | None]:
    figure = figure or Interval(None)
    return {
        name: figure.estimate,
        f"{name}_low": figure.conf_low,
        f"{name}_high": figure.conf_high,
    }


def _exponent(law: AllocationLaw) -> str:
    return with_ends(law.exponent, law.conf_low, law.conf_high, exponent)


def _status(solutions: AllocationLaw, verifications: AllocationLaw) -> str:
    """The status of both laws, named apart where they differ."""
    of_s, of_v = (law.status.replace("_", " ") for law in (solutions, verifications))
    return of_s if of_s == of_v else f"S: {of_s}, V: {of_v}"

"""Methods and settings of an analysis, in words."""

from collections.abc import Iterator

import polars as pl

from svlaw.analysis.compare.crossfit import FOLDS, PARTITIONS
from svlaw.analysis.figures.strategy_looks import STRATEGY_NAMES
from svlaw.analysis.intervals.interval import LEVEL
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.analysis.token_costs import FlopsCost, PriceCost, WeightedTokens
from svlaw.data.schema import VERIFIED
from svlaw.report.number_texts import amount
from svlaw.report.pool_results import Findings

_UNPARSED = {
    "ignore": "left out of a solution's mean score; a solution without any parsed verdict scores 0",
    "no": "counted as a score of 0",
}
_MISSING = {
    "zero": "a solution without an answer scores 0",
    "keep": "a solution without an answer keeps its verdicts' score",
}


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


def _source(found: Findings) -> str:
    files = found.pool.metadata.get("files")
    names = ", ".join(map(str, files)) if isinstance(files, list) else ""
    kind = "published success table" if found.pool.is_published_table else "cached generations"
    return f"{kind} ({names})" if names else kind


def _cost(found: Findings) -> str:
    cost = found.cost
    if isinstance(cost, WeightedTokens):
        return _of_tokens(cost, is_verified=bool(found.verified))
    if not any(name in VERIFIED for name in found.table.strategies):
        return "C = S per problem, in solutions; λ plays no part without verifications"
    if cost.calls == "shared":
        return (
            "C(S, V) = S + λV per problem, in solutions: V calls of the verifier judge all S"
            f" solutions, and each costs λ = {cost.ratio:.3g} solutions ({cost.origin})"
        )
    return (
        "C(S, V) = S (1 + λV) per problem, in solutions: a verification costs λ ="
        f" {cost.ratio:.3g} solutions ({cost.origin})"
    )


def _of_tokens(cost: WeightedTokens, *, is_verified: bool) -> str:
    tokens, unit = cost.tokens, f"{amount(cost.unit)} {cost.unit_name}"
    if not is_verified:
        length = f"{amount(tokens.solution)} tokens of a solution"
        return f"C = S × {unit} per problem, at {length} ({cost.origin})"
    if cost.calls == "shared":
        return (
            f"{cost.unit_name} per problem, C(S, V) = {amount(cost.unit)} (S + {cost.prefill:.3g}"
            f" [V > 0] + {cost.ratio:.3g} V): {_weights(cost)}; {amount(tokens.solution)} tokens"
            f" of a solution, {amount(tokens.verification)} of a call that judges all solutions"
            f" and {amount(tokens.prompt)} of its prompt, which is read once ({cost.origin})"
        )
    return (
        f"{cost.unit_name} per problem, C(S, V) = {amount(cost.unit)} S (1 + {cost.prefill:.3g}"
        f" [V > 0] + {cost.ratio:.3g} V): {_weights(cost)}; {amount(tokens.solution)} tokens of a"
        f" solution, {amount(tokens.verification)} of a verification and {amount(tokens.prompt)} of"
        f" its prompt, which is read once for all V ({cost.origin})"
    )


def _weights(cost: WeightedTokens) -> str:
    """What a token costs."""
    if isinstance(cost, FlopsCost):
        return (
            f"2 for each parameter and token, {cost.solver_parameters:.3g} parameters of the solver"
            f" and {cost.verifier_parameters:.3g} of the verifier"
        )
    if isinstance(cost, PriceCost):
        return (
            f"{cost.solver_price:g} US$ per million tokens of the solver's output,"
            f" {cost.verifier_input_price:g} of the verifier's input and"
            f" {cost.verifier_output_price:g} of its output"
        )
    return "1 for each token, read or written"


def _problems(found: Findings) -> str:
    table = found.table
    if not table.has_problems:
        return "unknown (published table)"
    aside = f"{table.n_set_aside:,} set aside" if table.n_set_aside else "none set aside"
    return f"{table.n_problems:,} averaged over, the same for all strategies; {aside}"


def _grid(found: Findings) -> str:
    def values(column: str) -> str:
        held = [v for v in sorted(found.table.points[column].drop_nulls().unique()) if v]
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

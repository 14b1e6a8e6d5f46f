"""`svlaw curves`, `frontier` and `crossover`."""

from typing import TYPE_CHECKING, Annotated

import typer

from svlaw.cli.options import (
    Cost,
    Json,
    Lambda,
    MissingAnswer,
    Output,
    PoolPath,
    Population,
    Resamples,
    Seed,
    Solutions,
    Strategies,
    Tolerance,
    Unparsed,
    Verifications,
    Verifier,
    check_cost,
)
from svlaw.cli.output import (
    check_suffix,
    console,
    number,
    percent,
    print_json,
    print_rows,
    span,
    warn,
    write_rows,
)
from svlaw.cli.study import open_study, read_options, title

if TYPE_CHECKING:
    from svlaw.analysis.resampling import Interval


def curves(
    pool: PoolPath,
    strategies: Strategies = None,
    solutions: Solutions = None,
    verifications: Verifications = None,
    cost: Cost = "relative",
    ratio: Lambda = None,
    verifier: Verifier = None,
    seed: Seed = 0,
    resamples: Resamples = 2000,
    unparsed: Unparsed = "ignore",
    missing_answer: MissingAnswer = "zero",
    population: Population = "all",
    tolerance: Tolerance = 0.001,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Success at every (S, V), with 95% intervals and cost."""
    check_suffix(output)
    check_cost(cost)
    options = read_options(unparsed, missing_answer, population, tolerance, seed)
    study = open_study(pool, strategies, solutions, verifications, ratio, verifier, options)
    from svlaw.analysis.curves import curves as compute

    frame = compute(study.table, study.cost, resamples=resamples, seed=seed)
    if output is not None:
        write_rows(output, frame)
    if as_json:
        print_json({**study.document, "curves": frame.to_dicts()})
    elif output is None:
        header = ("strategy", "S", "V", "cost", "success", "95%", "MC error")
        rows = [
            (
                row["strategy"],
                str(row["solutions"]),
                str(row["verifications"]),
                number(row["cost"]),
                percent(row["success"]),
                span(row["conf_low"], row["conf_high"]),
                "–" if row["mc_error"] is None else f"{100 * row['mc_error']:.2f}",
            )
            for row in frame.to_dicts()
        ]
        print_rows(title(study), header, rows)


def frontier(
    pool: PoolPath,
    strategies: Strategies = None,
    solutions: Solutions = None,
    verifications: Verifications = None,
    cost: Cost = "relative",
    ratio: Lambda = None,
    verifier: Verifier = None,
    seed: Seed = 0,
    resamples: Resamples = 2000,
    unparsed: Unparsed = "ignore",
    missing_answer: MissingAnswer = "zero",
    population: Population = "all",
    tolerance: Tolerance = 0.001,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """The best (S, V) of each strategy within each budget, and which strategy wins."""
    check_suffix(output)
    check_cost(cost)
    options = read_options(unparsed, missing_answer, population, tolerance, seed)
    study = open_study(pool, strategies, solutions, verifications, ratio, verifier, options)
    from svlaw.analysis.frontier import frontier as compute

    frame = compute(study.table, study.cost, resamples=resamples, seed=seed)
    if output is not None:
        write_rows(output, frame)
    if as_json:
        print_json({**study.document, "frontier": frame.to_dicts()})
    elif output is None:
        header = ("strategy", "budget", "S", "V", "success", "95%", "gain", "95%")
        rows = [
            (
                f"{'*' if row['best'] else ' '} {row['strategy']}",
                number(row["budget"]),
                str(row["solutions"]),
                str(row["verifications"]),
                percent(row["success"]),
                span(row["conf_low"], row["conf_high"]),
                percent(row["gain"]),
                span(row["gain_low"], row["gain_high"]),
            )
            for row in frame.to_dicts()
        ]
        print_rows(title(study), header, rows)
        console.print("in %; * wins at its budget; gain: over self-consistency at the same budget")


def crossover(
    pool: PoolPath,
    strategy: Annotated[
        str,
        typer.Option(metavar="NAME", help="best_of_n, weighted_vote, or best (of the two)."),
    ] = "best_of_n",
    solutions: Solutions = None,
    verifications: Verifications = None,
    cost: Cost = "relative",
    ratio: Lambda = None,
    verifier: Verifier = None,
    seed: Seed = 0,
    resamples: Resamples = 2000,
    unparsed: Unparsed = "ignore",
    missing_answer: MissingAnswer = "zero",
    population: Population = "all",
    tolerance: Tolerance = 0.001,
    as_json: Json = False,
) -> None:
    """The budget from which verification beats self-consistency."""
    check_cost(cost)
    options = read_options(unparsed, missing_answer, population, tolerance, seed)
    challengers = "best_of_n,weighted_vote" if strategy == "best" else strategy
    both = f"self_consistency,{challengers}"
    study = open_study(pool, both, solutions, verifications, ratio, verifier, options)
    from svlaw.analysis.crossover import crossover as compute

    found = compute(study.table, study.cost, strategy, resamples=resamples, seed=seed)
    figures = {
        name: getattr(found, name)
        for name in (
            "saturation_budget",
            "crossover_budget",
            "match_ratio",
            "gain",
            "gain_ratio",
            "ahead_budget",
        )
    }
    if as_json:
        document = {name: _figure(value) for name, value in figures.items()}
        print_json(
            {**study.document, "strategy": found.strategy, "status": found.status, **document}
        )
        return
    rows = []
    for name, value in figures.items():
        form = percent if name == "gain" else number
        label = f"{name.replace('_', ' ')}{' (points)' if name == 'gain' else ''}"
        estimate = "never within the data" if value.estimate is None else form(value.estimate)
        never = "–" if value.never is None else f"{value.never:.0%}"
        rows.append((label, estimate, span(value.conf_low, value.conf_high, form), never))
    print_rows(title(study), (found.strategy, "estimate", "95% interval", "never"), rows)
    if found.status == "unsaturated":
        warn("self-consistency is best at its largest S and may rise further; so may its budget")


def _figure(value: "Interval") -> dict[str, float | None]:
    return {
        "estimate": value.estimate,
        "conf_low": value.conf_low,
        "conf_high": value.conf_high,
        "never": value.never,
    }

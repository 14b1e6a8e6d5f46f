"""`svlaw curves`, `frontier`, `crossover`, `fit` and `report`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

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
    read_names,
    read_values,
)
from svlaw.cli.output import (
    check_suffix,
    console,
    number,
    percent,
    print_json,
    print_rows,
    progress_bar,
    span,
    warn,
    write_rows,
)

if TYPE_CHECKING:
    from svlaw.analysis.cost import RelativeCost
    from svlaw.analysis.estimators import Options
    from svlaw.analysis.resampling import Interval
    from svlaw.analysis.success import SuccessTable


class _Study(NamedTuple):
    """What every analysis starts from."""

    table: "SuccessTable"
    cost: "RelativeCost"
    document: dict[str, Any]


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
    options = _options(unparsed, missing_answer, population, tolerance, seed)
    study = _study(pool, strategies, solutions, verifications, ratio, verifier, options)
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
        print_rows(_title(study), header, rows)


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
    options = _options(unparsed, missing_answer, population, tolerance, seed)
    study = _study(pool, strategies, solutions, verifications, ratio, verifier, options)
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
        print_rows(_title(study), header, rows)
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
    options = _options(unparsed, missing_answer, population, tolerance, seed)
    challengers = "best_of_n,weighted_vote" if strategy == "best" else strategy
    both = f"self_consistency,{challengers}"
    study = _study(pool, both, solutions, verifications, ratio, verifier, options)
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
    print_rows(_title(study), (found.strategy, "estimate", "95% interval", "never"), rows)
    if found.status == "unsaturated":
        warn("self-consistency is best at its largest S and may rise further; so may its budget")


def fit(
    pool: PoolPath,
    method: Annotated[str, typer.Option(metavar="NAME", help="Method: envelope.")] = "envelope",
    interior: Annotated[
        bool, typer.Option("--interior", help="Leave out optima at the largest S or V.")
    ] = False,
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
    """The allocation laws S_opt ~ C^a and V_opt ~ C^b."""
    check_cost(cost)
    options = _options(unparsed, missing_answer, population, tolerance, seed)
    study = _study(
        pool, None, solutions, verifications, ratio, verifier, options, needs_verified=True
    )
    from dataclasses import asdict

    from svlaw.fit.laws import STATUS_WORDS, fit_allocation

    found = fit_allocation(
        study.table, study.cost, method, interior=interior, resamples=resamples, seed=seed
    )
    if as_json:
        laws = [asdict(law) for law in found.laws]
        print_json({**study.document, "laws": laws, "optima": found.optima.to_dicts()})
        return
    header = ("law", "exponent", "95%", "at C = 1", "R2", "budgets", "edge", "status")
    rows = [
        (
            f"{law.strategy}: {'S' if law.quantity == 'solutions' else 'V'}_opt",
            _decimals(law.exponent),
            span(law.conf_low, law.conf_high, _decimals),
            number(law.coefficient),
            _decimals(law.r_squared),
            str(law.n_budgets),
            "–" if law.boundary_fraction is None else f"{law.boundary_fraction:.0%}",
            law.status,
        )
        for law in found.laws
    ]
    print_rows(_title(study), header, rows)
    console.print("edge: share of the budgets whose optimum is at the largest S or V")
    for status in dict.fromkeys(law.status for law in found.laws if law.status != "ok"):
        warn(f"{status}: {STATUS_WORDS[status]}")


def report(
    pools: Annotated[list[Path], typer.Argument(metavar="POOL...", help="Pools to report on.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="HTML file to write.")
    ] = Path("report.html"),
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
    """One self-contained HTML page: which strategy wins at which budget, and the laws."""
    check_cost(cost)
    options = _options(unparsed, missing_answer, population, tolerance, seed)
    from svlaw.report import write_report

    with progress_bar("analysing") as progress:
        written = write_report(
            pools,
            output,
            ratio=ratio,
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


def _options(
    unparsed: str, missing_answer: str, population: str, tolerance: float, seed: int
) -> "Options":
    from svlaw.analysis.estimators import Options

    return Options(
        unparsed=unparsed,  # type: ignore[arg-type]  # Options refuses any other text
        missing_answer=missing_answer,  # type: ignore[arg-type]
        population=population,  # type: ignore[arg-type]
        tolerance=tolerance,
        seed=seed,
    )


def _study(
    path: Path,
    strategies: str | None,
    solutions: str | None,
    verifications: str | None,
    ratio: float | None,
    verifier: str | None,
    options: "Options",
    *,
    needs_verified: bool = False,
) -> _Study:
    from svlaw.analysis.cost import relative_cost
    from svlaw.analysis.success import default_strategies, success_table
    from svlaw.data.pool import open_pool
    from svlaw.data.schema import VERIFIED

    pool = open_pool(path)
    names = read_names(strategies)
    if needs_verified:
        # The baselines stay, so that every command averages over the same problems.
        names = list(default_strategies(pool))
        names += [] if set(names) & set(VERIFIED) else VERIFIED
    cost = relative_cost(pool, ratio, verifier)
    with progress_bar("problems") as progress:
        table = success_table(
            pool,
            names,
            read_values(solutions, "--solutions"),
            read_values(verifications, "--verifications"),
            verifier=verifier,
            options=options,
            progress=progress,
        )
    if table.n_set_aside:
        warn(
            f"{table.n_set_aside} problems hold too few solutions or verdicts for this grid and are"
            f" set aside for all strategies; {table.n_problems} remain"
        )
    document = {
        "pool": str(path),
        "verifier": table.verifier,
        "cost": {"model": "relative", "lambda": cost.ratio, "origin": cost.origin},
        "n_problems": table.n_problems or None,
        "n_set_aside": table.n_set_aside,
        "seed": options.seed,
        "unparsed": options.unparsed,
        "missing_answer": options.missing_answer,
        "population": options.population,
    }
    return _Study(table, cost, document)


def _title(study: _Study) -> str:
    problems = f"{study.table.n_problems} problems" if study.table.n_problems else "published table"
    ratio = f"lambda {study.cost.ratio:.3g} ({study.cost.origin})"
    return f"{Path(study.document['pool']).name}: {problems}, {ratio}, cost in solutions"


def _figure(value: "Interval") -> dict[str, float | None]:
    return {
        "estimate": value.estimate,
        "conf_low": value.conf_low,
        "conf_high": value.conf_high,
        "never": value.never,
    }


def _decimals(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"

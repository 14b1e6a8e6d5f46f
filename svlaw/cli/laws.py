"""`svlaw fit`."""

from typing import Annotated

import typer

from svlaw.cli.options import (
    Cost,
    Json,
    Lambda,
    MissingAnswer,
    PoolPath,
    Population,
    Resamples,
    Seed,
    Solutions,
    Tolerance,
    Unparsed,
    Verifications,
    Verifier,
    check_cost,
)
from svlaw.cli.output import (
    console,
    number,
    print_json,
    print_rows,
    span,
    warn,
)
from svlaw.cli.study import open_study, read_options, title


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
    options = read_options(unparsed, missing_answer, population, tolerance, seed)
    study = open_study(
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
    print_rows(title(study), header, rows)
    console.print("edge: share of the budgets whose optimum is at the largest S or V")
    for status in dict.fromkeys(law.status for law in found.laws if law.status != "ok"):
        warn(f"{status}: {STATUS_WORDS[status]}")


def _decimals(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"

"""`svlaw forecast`."""

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from svlaw.cli.cost_options import read_cost
from svlaw.cli.options import (
    Json,
    On,
    Output,
    PoolPath,
    Strategies,
    Verifier,
    read_options,
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
from svlaw.cli.shared_options import reads
from svlaw.cli.study import open_study, title
from svlaw.data.errors import BadInputError

if TYPE_CHECKING:
    from svlaw.analysis.cost_choice import CostChoice
    from svlaw.analysis.success.estimators import Options
    from svlaw.fit.forecasts.forecast import Forecast


@reads(choice=read_cost, options=read_options)
def forecast(
    pool: PoolPath,
    strategies: Strategies = None,
    solutions: Annotated[
        str | None,
        typer.Option(
            metavar="1000,10000",
            help="Numbers of solutions to forecast coverage at. Default: 4 and 16 times those"
            " sampled.",
        ),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            metavar="1e4,1e5",
            help="Budgets to forecast the other strategies at, in the units of the cost. Default: 4"
            " and 16 times the largest cost of each.",
        ),
    ] = None,
    *,
    choice: "CostChoice",
    verifier: Verifier = None,
    resamples: Annotated[
        int,
        typer.Option(
            metavar="B", help="Resamples of problems, each fitted again; 0 for no intervals."
        ),
    ] = 400,
    options: "Options",
    on: On = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Success beyond what was sampled, with a backtest of every figure."""
    check_suffix(output)
    counts_wanted = [_whole(value) for value in _read_numbers(solutions, "--solutions")]
    budgets = _read_numbers(budget, "--budget")
    study = open_study(pool, strategies, "fine", "fine", choice, verifier, options, on=on)
    from svlaw.data.pool import open_pool
    from svlaw.fit.forecasts.backtest import STATUS_WORDS
    from svlaw.fit.forecasts.coverage_forecast import correct_counts
    from svlaw.fit.forecasts.forecast import forecast as compute

    table = study.table
    found = compute(
        table,
        study.cost,
        correct_counts(open_pool(pool), table) if table.has_problems else None,
        solutions=counts_wanted or None,
        budgets=budgets or None,
        resamples=resamples,
        seed=options.seed,
    )
    if output is not None:
        write_rows(output, found.rows)
    if as_json:
        print_json(
            {
                **study.document,
                "forecast": found.rows.to_dicts(),
                "models": [asdict(model) for model in found.models],
                "rates": found.rates.to_dicts(),
                "notes": list(found.notes),
            }
        )
        return
    if output is None:
        _show(found, title(study))
    for note in found.notes:
        warn(note)
    for status in found.rows["status"].unique(maintain_order=True):
        if STATUS_WORDS[status]:
            warn(f"{status}: {STATUS_WORDS[status]}")


def _show(found: "Forecast", heading: str) -> None:
    header = (
        *("strategy", "S", "V", "cost", "success", "95%"),
        *("tested on", "error", "rms", "held", "status"),
    )
    rows = [
        (
            row["strategy"],
            f"{row['solutions']:,}",
            f"{row['verifications']:,}",
            number(row["cost"]),
            percent(row["success"]),
            span(row["conf_low"], row["conf_high"]),
            row["held_back"],
            percent(row["error"]),
            percent(row["error_rms"]),
            "–" if row["held"] is None else f"{row['held']:.0%}",
            row["status"],
        )
        for row in found.rows.to_dicts()
    ]
    print_rows(heading, header, rows)
    for model in found.models:
        shown = ", ".join(f"{name} {value:.3g}" for name, value in model.parameters.items())
        console.print(f"{model.strategy}: {model.model} ({shown})", highlight=False, soft_wrap=True)
    console.print(
        "in %; error: forecast less measured on what was held back, in points; held: share of its"
        " intervals that hold what was measured",
        soft_wrap=True,
    )


def _read_numbers(text: str | None, option: str) -> list[float]:
    """Read numbers separated by commas; powers of ten may be written 1e4.

    Raises:
        BadInputError: A part is no positive number.
    """
    numbers = []
    for part in (text or "").split(",") if text is not None else ():
        try:
            value = float(part)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and value > 0):
            raise BadInputError(f"{option} {text}: '{part.strip()}' is not a positive number")
        numbers.append(value)
    return numbers


def _whole(value: float) -> int:
    if value != int(value):
        raise BadInputError(f"--solutions: {value:g} is not a whole number")
    return int(value)

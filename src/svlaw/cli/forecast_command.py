"""`svlaw forecast`."""

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from svlaw.cli.cost_options import as_options, read_cost
from svlaw.cli.options import (
    Json,
    On,
    Output,
    PoolPath,
    Strategies,
    Verifier,
    read_options,
)
from svlaw.cli.output import check_suffix, print_json, print_table, suggest, warn, write_rows
from svlaw.cli.shared_options import reads
from svlaw.cli.study import open_study, title
from svlaw.data.errors import BadInputError
from svlaw.questions.defaults import FINE, FORECAST_RESAMPLES

if TYPE_CHECKING:
    from svlaw.analysis.cost_choice import CostChoice
    from svlaw.analysis.success.estimators import Options


@reads(choice=read_cost, options=read_options)
def forecast(
    pool: PoolPath,
    strategies: Strategies = None,
    solutions: Annotated[
        str | None,
        typer.Option(
            metavar="S,...",
            help="Numbers of solutions to forecast coverage at. Default: 4 and 16 times those"
            " sampled.",
        ),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            metavar="COST,...",
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
            metavar="COUNT", help="Resamples of problems, each fitted again; 0 for no intervals."
        ),
    ] = FORECAST_RESAMPLES,
    options: "Options",
    on: On = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Forecast success beyond the sampled data, with a backtest of every forecast."""
    check_suffix(output)
    counts_wanted = [_whole(value) for value in _read_numbers(solutions, "--solutions")]
    budgets = _read_numbers(budget, "--budget")
    study = open_study(pool, strategies, FINE, FINE, choice, verifier, options, on=on)
    from svlaw.data.pool import open_pool
    from svlaw.fit.forecasts.backtest import STATUS_WORDS
    from svlaw.fit.forecasts.coverage_forecast import correct_counts
    from svlaw.fit.forecasts.forecast import forecast as compute
    from svlaw.fit.forecasts.forecast_table import forecast_table

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
        print_table(forecast_table(found, title(study)))
    for note in found.notes:
        warn(note)
    for status in found.rows["status"].unique(maintain_order=True):
        if STATUS_WORDS[status]:
            warn(f"{status}: {STATUS_WORDS[status]}")
    if output is None:
        suggest(f"svlaw design {pool}{as_options(choice)}")


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

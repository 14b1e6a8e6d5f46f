"""Forecasts beyond the data: coverage by pass rates, strategies by their surfaces, all tested."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.cost import CostModel
from svlaw.analysis.intervals.resampling import Resamples, resample
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.numerals import amount
from svlaw.data.schema import STRATEGIES
from svlaw.data.shown import Shown
from svlaw.data.table_texts import TextTable, percent, span
from svlaw.fit.forecasts.backtest import Backtest, Status, judge
from svlaw.fit.forecasts.coverage_forecast import Counts, coverage_bounds, forecast_coverage
from svlaw.fit.forecasts.forecast_table import forecast_table
from svlaw.fit.forecasts.strategy_forecast import forecast_strategy, largest_cost
from svlaw.fit.pass_rates.distribution_fits import RateFits
from svlaw.fit.pass_rates.distributions import MODELS

F64 = npt.NDArray[np.float64]

DEFAULT_FACTORS: Final = (4, 16)
"""How many times what was sampled is forecast where nothing else is asked for."""
FORECAST_RESAMPLES: Final = 400
"""Every resample is fitted again, which takes longer than a mean."""

ROWS_SCHEMA: Final = {
    "strategy": pl.String,
    "solutions": pl.Int64,
    "verifications": pl.Int64,
    "cost": pl.Float64,
    "success": pl.Float64,
    "conf_low": pl.Float64,
    "conf_high": pl.Float64,
    "held_back": pl.String,
    "error": pl.Float64,
    "error_rms": pl.Float64,
    "held": pl.Float64,
    "status": pl.String,
}
RATES_SCHEMA: Final = {
    "model": pl.String,
    "a": pl.Float64,
    "b": pl.Float64,
    "unsolvable": pl.Float64,
    "log_likelihood": pl.Float64,
    "aic": pl.Float64,
    "chosen": pl.Boolean,
}


@dataclass(frozen=True, repr=False)
class FittedModel(Shown):
    """What a strategy's forecast rests on.

    Attributes:
        strategy: The strategy.
        model: Name of the distribution, surface or curve.
        parameters: Its parameters by name.
    """

    strategy: str
    model: str
    parameters: dict[str, float]


@dataclass(frozen=True, repr=False)
class Forecast(Shown):
    """Success beyond the data, each figure with a backtest.

    Attributes:
        rows: One row for each strategy and each k or budget (ROWS_SCHEMA): `success` with its 95%
            interval (null without), then the backtest: `held_back` (what was forecast from what),
            `error` (mean of forecast less measured success), `error_rms`, `held` (share of its
            intervals that hold the measured success) and `status` (`ok`, `doubtful`, `untested`;
            see STATUS_WORDS).
        models: What each strategy's forecast rests on.
        rates: Every distribution of pass rates that was fitted for coverage (RATES_SCHEMA); empty
            without.
        notes: What could not be forecast, and why, in sentences.
        n_problems: Number of problems; None for a published table.
        resamples: Resamples behind the intervals; 0 without.
        seed: Seed of resampling, backtests and folds.
    """

    rows: pl.DataFrame
    models: tuple[FittedModel, ...]
    rates: pl.DataFrame
    notes: tuple[str, ...]
    n_problems: int | None
    resamples: int
    seed: int

    def __getitem__(self, strategy: str) -> pl.DataFrame:
        """The rows of one strategy.

        Raises:
            NotInPoolError: It was not forecast.
        """
        found = self.rows.filter(strategy=strategy)
        if found.is_empty():
            there = ", ".join(self.rows["strategy"].unique(maintain_order=True))
            raise NotInPoolError(f"there is no forecast of {strategy}; there is one of {there}")
        return found

    def frame(self) -> pl.DataFrame:
        """One row per strategy and k or budget: `rows`."""
        return self.rows

    def _lines(self) -> list[str]:
        evidence = "published table" if self.n_problems is None else f"{self.n_problems:,} problems"
        told = [
            f"  {row['strategy']} at a cost of {amount(row['cost'])}: {percent(row['success'])}%"
            f" {span(row['conf_low'], row['conf_high'])}, {row['status']}"
            for row in self.rows.iter_rows(named=True)
        ]
        return [f"Forecast: {evidence}", *told]

    def _tables(self) -> list[TextTable]:
        return [forecast_table(self)]


def forecast(
    table: SuccessTable,
    cost: CostModel,
    counts: Counts | None = None,
    *,
    solutions: Sequence[int] | None = None,
    budgets: Sequence[float] | None = None,
    resamples: int = FORECAST_RESAMPLES,
    seed: int = 0,
) -> Forecast:
    """Forecast every strategy of a success table beyond its data.

    Coverage is forecast at numbers of solutions, the other strategies at budgets, each at the best
    S and V. Together they keep their order: no strategy exceeds coverage at its S, of which the
    counts give a forecast; one whose model does is lowered to it and is doubtful. What cannot be
    forecast, or whose forecast cannot be tested, is left out with a note.

    Args:
        table: The success table; a fine grid is best.
        cost: The cost model.
        counts: Right solutions of the table's problems, from `correct_counts`; without them
            coverage is left out, and bounds nothing.
        solutions: Numbers of solutions for coverage; 4 and 16 times those sampled when None.
        budgets: Budgets for the other strategies; 4 and 16 times the largest cost of each when
            None.
        resamples: Resamples of problems; 0 for no intervals.
        seed: Seed of every random draw.

    Raises:
        BadInputError: A number of solutions or a budget cannot be used.
        NotInPoolError: Nothing can be forecast.
    """
    drawn = resample(table, resamples, seed)
    parts: list[_Part] = []
    notes: list[str] = []
    for strategy in table.strategies:
        if strategy not in STRATEGIES:
            notes.append(
                f"{strategy}: there is no form to forecast it with; generate more solutions and"
                " compute it on them"
            )
            continue
        try:
            if strategy == "coverage":
                parts.append(_coverage(table, cost, counts, solutions, drawn, seed))
            else:
                wanted, within = _beyond(table, cost, strategy, budgets)
                notes += within
                if wanted:
                    parts.append(_strategy(table, cost, strategy, wanted, drawn, seed))
        except NotInPoolError as error:
            notes.append(str(error))
    if not parts:
        raise NotInPoolError("; ".join(notes))
    rows = pl.DataFrame([row for part in parts for row in part.rows], ROWS_SCHEMA, orient="row")
    rows, remarks = _bounded(rows.with_columns(pl.col(pl.Float64).fill_nan(None)), counts, drawn)
    rates = [part.rates for part in parts if part.rates is not None]
    return Forecast(
        rows,
        tuple(part.model for part in parts),
        rates[0] if rates else pl.DataFrame(schema=RATES_SCHEMA),
        (*notes, *remarks),
        table.n_problems or None,
        0 if drawn is None else resamples,
        seed,
    )


@dataclass(frozen=True)
class _Part:
    rows: list[tuple[object, ...]]
    model: FittedModel
    rates: pl.DataFrame | None = None


def _coverage(
    table: SuccessTable,
    cost: CostModel,
    counts: Counts | None,
    solutions: Sequence[int] | None,
    drawn: Resamples | None,
    seed: int,
) -> _Part:
    if counts is None:
        raise NotInPoolError(
            "coverage: a published table has no counts of right solutions to fit pass rates to"
        )
    wanted = solutions or [factor * counts.supported for factor in DEFAULT_FACTORS]
    found = forecast_coverage(counts, wanted, drawn, seed=seed)
    k = found.solutions
    rows = _rows(
        ("coverage", k, np.zeros_like(k), cost(k, 0), found.success),
        (found.conf_low, found.conf_high),
        found.backtests,
        table,
    )
    rates = _rates(found.fits, counts.n_solutions.size)
    names = ("a", "b", "unsolvable")
    parameters = rates.row(by_predicate=pl.col("chosen"), named=True)
    return _Part(
        rows,
        FittedModel("coverage", found.model, {name: parameters[name] for name in names}),
        rates,
    )


def _strategy(
    table: SuccessTable,
    cost: CostModel,
    strategy: str,
    budgets: list[float],
    drawn: Resamples | None,
    seed: int,
) -> _Part:
    found = forecast_strategy(table, cost, strategy, budgets, drawn, seed=seed)
    rows = _rows(
        (strategy, found.solutions, found.verifications, found.costs, found.success),
        (found.conf_low, found.conf_high),
        found.backtests,
        table,
        poor=found.model.is_poor,
    )
    return _Part(rows, FittedModel(strategy, found.model.model, found.model.parameters))


def _bounded(
    rows: pl.DataFrame, counts: Counts | None, drawn: Resamples | None
) -> tuple[pl.DataFrame, list[str]]:
    """The rows with no success above coverage at its S, and a remark on each that was lowered."""
    others = rows.filter(pl.col("strategy") != "coverage")
    if counts is None or not others.height:
        return rows, []
    values = others["solutions"].unique().sort().to_numpy()
    bounds = coverage_bounds(counts, values, drawn)
    if bounds is None:
        return rows, []
    limits = pl.DataFrame({"solutions": values, "most": bounds[0], "highest": bounds[1]})
    joined = rows.join(limits, on="solutions", how="left", maintain_order="left").with_columns(
        pl.when(pl.col("strategy") != "coverage").then(pl.col("most", "highest"))
    )
    above = (pl.col("success") > pl.col("most")).fill_null(False)
    remarks = [
        f"{row['strategy']}: at a cost of {amount(row['cost'])} its model reaches"
        f" {100 * row['success']:.1f}%, more than coverage, {100 * row['most']:.1f}%: it is lowered"
        " to that, and doubtful"
        for row in joined.filter(above).to_dicts()
    ]
    lowered = joined.with_columns(
        pl.min_horizontal("success", "most").alias("success"),
        pl.when(above).then(pl.lit("doubtful")).otherwise("status").alias("status"),
    )
    ends = [
        pl.when(pl.col(end).is_not_null()).then(value).alias(end)
        for end, value in (
            ("conf_low", pl.min_horizontal("conf_low", "success")),
            ("conf_high", pl.min_horizontal("conf_high", "highest")),
        )
    ]
    return lowered.with_columns(ends).select(rows.columns), remarks


def _beyond(
    table: SuccessTable, cost: CostModel, strategy: str, budgets: Sequence[float] | None
) -> tuple[list[float], list[str]]:
    """Budgets that a strategy needs a forecast for, and a remark on the others."""
    largest = largest_cost(table, cost, strategy)
    if budgets is None:
        return [factor * largest for factor in DEFAULT_FACTORS], []
    for budget in budgets:
        if not budget > 0:
            raise BadInputError(f"budget = {budget:g}: use a number above 0")
    within = [f"{budget:g}" for budget in budgets if budget <= largest]
    if not within:
        return list(budgets), []
    remark = (
        f"{strategy} was sampled up to a cost of {amount(largest)}, so that {', '.join(within)}"
        " needs no forecast: see 'svlaw frontier'"
    )
    return [budget for budget in budgets if budget > largest], [remark]


def _rows(
    figures: tuple[str, npt.NDArray[np.int64], npt.NDArray[np.int64], F64, F64],
    ends: tuple[F64, F64],
    backtests: Sequence[Backtest],
    table: SuccessTable,
    *,
    poor: bool = False,
) -> list[tuple[object, ...]]:
    strategy, S, V, costs, success = figures
    rows: list[tuple[object, ...]] = []
    for i, test in enumerate(backtests):
        low, high = float(ends[0][i]), float(ends[1][i])
        half = None if np.isnan(low) else (high - low) / 2
        status: Status = "doubtful" if poor else judge(test, half, table.n_problems or None)
        point = (int(S[i]), int(V[i]), float(costs[i]), float(success[i]), low, high)
        rows.append((strategy, *point, test.held_back, test.error, test.rms, test.held, status))
    return rows


def _rates(fits: RateFits, n_problems: int) -> pl.DataFrame:
    rows = []
    for place, model in enumerate(MODELS):
        theta = fits.parameters[model.name][0]
        likelihood = float(fits.log_likelihoods[0, place])
        a, b = np.exp(theta[:2]).tolist()
        share = float(theta[2]) if model.zero_inflated else 0.0
        aic = 2 * model.n_parameters - 2 * likelihood
        rows.append((model.name, a, b, share, likelihood, aic, place == int(fits.chosen[0])))
    return pl.DataFrame(rows, RATES_SCHEMA, orient="row")

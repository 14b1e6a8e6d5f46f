"""A strategy's success beyond the budgets sampled, by its surface or, for voting, its curve."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from svlaw.analysis.cost import ROUNDING, CostModel
from svlaw.analysis.intervals.resampling import Resamples
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.numerals import amount
from svlaw.data.schema import VERIFIED
from svlaw.fit.forecasts.backtest import Backtest, summarise
from svlaw.fit.forecasts.extrapolators import Extrapolator, extrapolator
from svlaw.fit.forecasts.vote_curve import FIRST, LEAST_POINTS

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

MOST_BUDGET: Final = 1e12
"""In solutions."""

_KEPT_S, _KEPT_V = 4, 3
"""Fewest values of S and of V that a backtest fits a surface to."""
_LEAST_REACH: Final = 4.0
"""How many times beyond what was kept a backtest looks by cost, at least."""
_LEAST_HELD_BACK: Final = 2.0
"""The same by S or V, where it does not look as far as the forecast."""
_SYMBOLS: Final = {"solutions": "S", "verifications": "V", "costs": "cost"}
_LAST: Final = 0.5
"""Backtests are scored from this share of the largest S, V or cost on: what a forecast is asked for
lies at the far end, and nearer points are easier."""
_LEAST_FITTED: Final = 0.5
_RESAMPLES: Final = 100
"""Resamples behind a backtest's intervals."""


@dataclass(frozen=True)
class StrategyForecast:
    """Success of one strategy at budgets beyond its data.

    Attributes:
        strategy: The strategy.
        budgets: (n,) budgets asked for.
        solutions: (n,) S, whole.
        verifications: (n,) V, whole; 0 without a verifier.
        costs: (n,) C(S, V), at most the budget.
        success: (n,) success there.
        conf_low: (n,) lower end of its 95% interval; nan without resamples.
        conf_high: (n,) upper end.
        backtests: One for each budget.
        largest_cost: Largest cost sampled.
        model: What predicted it, with its parameters.
    """

    strategy: str
    budgets: F64
    solutions: I64
    verifications: I64
    costs: F64
    success: F64
    conf_low: F64
    conf_high: F64
    backtests: tuple[Backtest, ...]
    largest_cost: float
    model: Extrapolator


def largest_cost(table: SuccessTable, cost: CostModel, strategy: str) -> float:
    """Largest cost of a strategy's points that have a result.

    Raises:
        NotInPoolError: There is none.
    """
    points = _Points.of(table, cost, strategy)
    if not points.rows.any():
        raise NotInPoolError(f"there are no figures for {strategy}")
    return points.largest("costs")


def forecast_strategy(
    table: SuccessTable,
    cost: CostModel,
    strategy: str,
    budgets: npt.ArrayLike,
    resamples: Resamples | None = None,
    *,
    seed: int = 0,
) -> StrategyForecast:
    """Forecast a strategy's success at budgets beyond its largest cost, with backtests.

    With a verifier the success surface says which S and V are best and how good; self-consistency
    has a saturating curve in S. S and V are whole and cost at most the budget.

    A backtest looks as far beyond what it is fitted to as the forecast beyond the data: where the
    forecast has S beyond the largest S sampled, it is fitted to values of S that are as many times
    smaller than the largest, and likewise V. It is scored at the points from half of the largest
    on. Where the best S and V lie within the data, points are held back by their cost.

    Args:
        table: The success table; a fine grid is best.
        cost: The cost model.
        strategy: `self_consistency`, `best_of_n` or `weighted_vote`.
        budgets: (n,) budgets.
        resamples: Resampled problems; None for no intervals.
        seed: Seed of the surface's folds.

    Raises:
        BadInputError: A budget is not beyond the largest cost, or too large.
        NotInPoolError: There are too few points to fit, or to hold some back.
    """
    wanted = np.atleast_1d(np.asarray(budgets, float))
    largest, most = largest_cost(table, cost, strategy), MOST_BUDGET * cost.unit
    for budget in wanted.tolist():
        if not largest < budget <= most:
            raise BadInputError(
                f"budget = {budget:g}: use one beyond the {amount(largest)} that {strategy} was"
                f" sampled up to, and at most {amount(most)}"
            )
    points = _Points.of(table, cost, strategy)
    model = extrapolator(table, strategy, points.rows, seed)
    best = [model.best(cost, budget) for budget in wanted.tolist()]
    tests = []
    for budget, point in zip(wanted.tolist(), best, strict=True):
        parts = _parts(points, strategy, budget, *point)
        test = _backtest(table, points, strategy, parts, resamples, seed)
        if test is None:
            raise NotInPoolError(
                f"{strategy}: the data reach too short to hold some of them back and test a"
                " forecast on it, and none is given without a test: generate more solutions"
                + (" and verifications" if strategy in VERIFIED else "")
            )
        tests.append(test)
    S, V = np.array(best, float).T
    success = model.predict(S, V)
    low, high = (np.full(wanted.size, np.nan) for _ in range(2))
    if resamples is not None:
        low, high = _ends(success, model.predict_resampled(resamples.means(table), S, V), resamples)
    return StrategyForecast(
        strategy,
        wanted,
        S.astype(np.int64),
        V.astype(np.int64),
        cost(S, V),
        success,
        low,
        high,
        tuple(tests),
        largest,
        model,
    )


class _Part(NamedTuple):
    """What a backtest is fitted to and scored on."""

    held_back: str
    kept: Mask
    scored: Mask
    reaches: bool


class _Points(NamedTuple):
    """A strategy's points: masks and values over the rows of the table."""

    rows: Mask
    solutions: F64
    verifications: F64
    costs: F64

    @classmethod
    def of(cls, table: SuccessTable, cost: CostModel, strategy: str) -> "_Points":
        mine = (table.points["strategy"] == strategy).to_numpy()
        S, V = (
            table.points[name].to_numpy().astype(float) for name in ("solutions", "verifications")
        )
        return cls(mine & np.isfinite(table.success).all(axis=1), S, V, cost(S, V))

    def largest(self, name: str) -> float:
        values: F64 = getattr(self, name)
        return float(values[self.rows].max())

    def smallest(self, name: str, count: int, least: float = 0.0) -> float:
        """The last of so many of the smallest values, or the largest where there are fewer."""
        values = np.unique(getattr(self, name)[self.rows])
        values = values[values >= least]
        return float(values[min(count, values.size) - 1]) if values.size else 0.0

    def part(self, limits: dict[str, float], *, reaches: bool) -> _Part:
        """Points within limits, and those beyond them near the far end."""
        kept, scored = self.rows.copy(), np.zeros_like(self.rows)
        words = []
        for name, limit in limits.items():
            values, most = getattr(self, name), self.largest(name)
            kept &= values <= limit * (1 + ROUNDING)
            scored |= values >= most * _LAST * (1 - ROUNDING)
            words.append(f"{_SYMBOLS[name]} {limit:,.0f} to {most:,.0f}")
        return _Part(", ".join(words), kept, scored & self.rows & ~kept, reaches)


def _backtest(
    table: SuccessTable,
    points: _Points,
    strategy: str,
    parts: Sequence[_Part],
    resamples: Resamples | None,
    seed: int,
) -> Backtest | None:
    """Forecast the far points from the near ones, by the first part that can be fitted."""
    for part in parts:
        if not (part.kept.any() and part.scored.any()):
            continue
        try:
            model = extrapolator(table, strategy, part.kept, seed)
        except NotInPoolError:
            continue
        S, V = points.solutions[part.scored], points.verifications[part.scored]
        forecast, measured = model.predict(S, V), table.mean()[part.scored]
        inside = None
        if resamples is not None:
            few = Resamples(resamples.weights[:_RESAMPLES])
            low, high = _ends(forecast, model.predict_resampled(few.means(table), S, V), few)
            inside = (low <= measured) & (measured <= high)
        return summarise(
            part.held_back, forecast - measured, inside, reaches=part.reaches, random=False
        )
    return None


def _parts(points: _Points, strategy: str, budget: float, S: int, V: int) -> list[_Part]:
    """What to hold back to test a forecast, the part that reaches as far as it first."""
    reaches = {
        "solutions": S / points.largest("solutions"),
        "verifications": V / points.largest("verifications") if V else 0.0,
    }
    beyond = {name: reach for name, reach in reaches.items() if reach > 1 + ROUNDING}
    if not beyond:
        most = points.largest("costs")
        return [
            points.part({"costs": most / reach}, reaches=reach * most >= budget * (1 - ROUNDING))
            for reach in (budget / most, _LEAST_REACH)
        ]
    if strategy in VERIFIED:
        least = {
            "solutions": points.smallest("solutions", _KEPT_S),
            "verifications": points.smallest("verifications", _KEPT_V),
        }
    else:
        least = {"solutions": points.smallest("solutions", LEAST_POINTS, FIRST)}
    limits = {name: points.largest(name) / reach for name, reach in beyond.items()}
    nearer = {name: max(limit, least[name]) for name, limit in limits.items()}
    parts = [points.part(limits, reaches=True)]
    if all(
        limit == limits[name] or points.largest(name) >= _LEAST_HELD_BACK * limit
        for name, limit in nearer.items()
    ):
        parts.append(points.part(nearer, reaches=False))
    return parts


def _ends(success: F64, again: F64, resamples: Resamples) -> tuple[F64, F64]:
    """Intervals from the resamples that could be fitted again; nan where most could not."""
    fitted = np.isfinite(again).all(axis=0)
    if fitted.mean() < _LEAST_FITTED:
        return np.full(success.size, np.nan), np.full(success.size, np.nan)
    low, high = Resamples(resamples.weights[fitted]).intervals(success, again[:, fitted])
    return np.minimum(low, success), np.maximum(high, success)

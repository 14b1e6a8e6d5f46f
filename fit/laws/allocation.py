"""Allocation laws: how the optimal S and V grow with compute, S_opt ~ C^a and V_opt ~ C^b."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.cost import CostModel
from svlaw.analysis.intervals.resampling import (
    DEFAULT_RESAMPLES,
    Interval,
    percentile_interval,
    reached,
    resample,
)
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.schema import VERIFIED, Calls
from svlaw.fit.laws.methods import METHODS, Found, find_optima
from svlaw.fit.laws.optima import Optima
from svlaw.fit.power_law import PowerLaw, fit_power_law, resampled_power_laws
from svlaw.fit.surfaces.surface_fits import SURFACE_WORDS

F64 = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

BOUNDARY_LIMIT: Final = 0.2
"""Share of boundary budgets above which a law is called doubtful."""
FLOOR_LIMIT: Final = 0.5
"""Share at S = 1 or V = 1, of the optima not at the largest, above which a law is doubtful."""
CLEAR_SHARE: Final = 0.5
"""Share of the budgets that must give an optimum that is used for a law to be clear."""
STABLE_SHARE: Final = 0.9
"""Share of the resamples that must give an exponent for an interval."""
LEAST_BUDGETS: Final = 4
"""Fewest budgets a law is fitted to."""

Status = Literal[
    "ok",
    "boundary",
    "all_boundary",
    "constant",
    "floor",
    "unclear",
    "unstable",
    "too_few_budgets",
    "poor_fit",
    "not_converged",
    "too_few_points",
]
Quantity = Literal["solutions", "verifications"]
QUANTITIES: Final[tuple[Quantity, ...]] = ("solutions", "verifications")

STATUS_WORDS: Final[dict[str, str]] = {
    "ok": "",
    "boundary": "many optima lie at or beyond the largest S or V: generate more, or take the"
    " exponent as censored",
    "all_boundary": "every optimum lies at the largest S or V, so the data say nothing of the"
    " exponent: generate more of the one that is at its largest",
    "constant": "the optimum does not change with the budget, so there is no law to speak of:"
    " generate for budgets further apart",
    "floor": "at most budgets one verification (or one solution) is best, so the law follows from"
    " the budget alone: generate for larger budgets, or take it that more do not pay",
    "unclear": "most budgets have no optimum inside the data: generate more values of V and more"
    " problems",
    "unstable": "too many resamples give no exponent, so there is no interval: generate more"
    " problems",
    "too_few_budgets": "too few budgets at which more compute helps: generate more solutions and"
    " verifications",
    **{status: words for status, words in SURFACE_WORDS.items() if words},
}


@dataclass(frozen=True)
class AllocationLaw:
    """One law, quantity = coefficient * C^exponent.

    Attributes:
        method: How the optima were found.
        strategy: The strategy.
        quantity: `solutions` (exponent a) or `verifications` (exponent b).
        exponent: None when it cannot be fitted.
        conf_low: Lower end of its 95% interval; None without per-problem data.
        conf_high: Upper end.
        coefficient: The optimum at C = 1.
        coefficient_low: Lower end of its 95% interval.
        coefficient_high: Upper end.
        r_squared: Of the fit in log space.
        residual: Root mean square of log(optimum / law).
        n_budgets: Budgets fitted to.
        boundary_fraction: Share of the budgets whose optimum is at the largest S or V, or beyond.
        status: `ok`, or why the law is doubtful (see STATUS_WORDS).
        words: The same in words, with what to generate next; empty when ok.
    """

    method: str
    strategy: str
    quantity: Quantity
    exponent: float | None
    conf_low: float | None
    conf_high: float | None
    coefficient: float | None
    coefficient_low: float | None
    coefficient_high: float | None
    r_squared: float | None
    residual: float | None
    n_budgets: int
    boundary_fraction: float | None
    status: Status
    words: str


@dataclass(frozen=True)
class ExponentSum:
    """a + b of one method and strategy, beside what the budget demands.

    Attributes:
        method: The method.
        strategy: The strategy.
        total: a + b; None when either is.
        conf_low: Lower end of its 95% interval.
        conf_high: Upper end.
        unit_exponent: u, how the cost of a solution and its verifications grows: 1 + lambda V ~
            C^u. S times that is C, so that a + u = 1 exactly; b nears u, and a + b nears 1, as
            lambda V grows. None where calls are shared: C = S + lambda V ties no exponents.
    """

    method: str
    strategy: str
    total: float | None
    conf_low: float | None
    conf_high: float | None
    unit_exponent: float | None


@dataclass(frozen=True)
class AllocationFit:
    """Laws and the optima they were fitted to.

    Attributes:
        laws: For each method and strategy the law of S, then that of V.
        sums: For each method and strategy a + b.
        optima: One row per budget considered: `method`, `strategy`, `budget`, `solutions` (not
            rounded), `verifications`, `success`, `at_boundary`, `used` (in the fit),
            `solutions_residual` and `verifications_residual` (log of optimum over law; null where
            not used).
        distributions: One row per resample: `method`, `strategy`, `quantity`, `resample`,
            `exponent`, `coefficient`; empty without resamples.
        surfaces: One row per strategy and form tried; empty unless surfaces were fitted.
        cost: Label of the cost.
        n_problems: Number of problems; None for a published table.
        resamples: Resamples behind the intervals; 0 without.
        seed: Seed of the resampling.
    """

    laws: tuple[AllocationLaw, ...]
    sums: tuple[ExponentSum, ...]
    optima: pl.DataFrame
    distributions: pl.DataFrame
    surfaces: pl.DataFrame
    cost: str
    n_problems: int | None
    resamples: int
    seed: int


def fit_allocation(
    table: SuccessTable,
    cost: CostModel,
    method: str | Sequence[str] = "all",
    *,
    interior: bool = False,
    resamples: int = DEFAULT_RESAMPLES,
    seed: int = 0,
) -> AllocationFit:
    """Fit the allocation laws of every strategy with a verifier.

    Intervals come from resampling problems through the whole chain: mean success, optima, fit.

    Args:
        table: A success table with best_of_n or weighted_vote at several S and V; on a fine grid,
            since on powers of two the optima snap to them.
        cost: The cost model.
        method: `envelope`, `isobudget`, `surface`, several of them, or `all`.
        interior: Leave out budgets whose optimum is at the largest S or V, or at S = 1 or V = 1.
        resamples: Resamples of problems; 0 for no intervals.
        seed: Seed of the resampling.

    Raises:
        BadInputError: The method is unknown.
        NotInPoolError: The table has no strategy with a verifier.
    """
    methods = _methods(method)
    strategies = [name for name in VERIFIED if name in table.strategies]
    if not strategies:
        raise NotInPoolError("a law needs verification: best_of_n or weighted_vote")
    drawn = resample(table, resamples, seed)
    means = None if drawn is None else drawn.means(table)
    parts = []
    for one in methods:
        for name in strategies:
            found = find_optima(one, table, name, cost, means, seed)
            parts.append(_Part(found, interior, cost.calls))
    return AllocationFit(
        tuple(law for part in parts for law in part.laws()),
        tuple(part.total() for part in parts),
        pl.concat([part.optima() for part in parts]),
        pl.concat([part.distributions() for part in parts]),
        pl.concat([part.found.forms for part in parts]),
        cost.label,
        table.n_problems or None,
        0 if drawn is None else resamples,
        seed,
    )


def _methods(method: str | Sequence[str]) -> tuple[str, ...]:
    wanted = [method] if isinstance(method, str) else list(method)
    for one in wanted:
        if one not in {*METHODS, "all"}:
            raise BadInputError(f"unknown method '{one}'; use {', '.join(METHODS)} or all")
    return METHODS if "all" in wanted else tuple(dict.fromkeys(wanted))


class _Part:
    """One method and strategy: its optima, and the laws fitted to them."""

    def __init__(self, found: Found, interior: bool, calls: Calls) -> None:
        self.found = found
        self._interior = interior
        self._used = self._counted(found.optima)[:, 0]
        self._budgets = found.optima.budgets
        x, S = self._budgets[self._used], found.optima.solutions[self._used, 0]
        self._points: dict[str, F64] = {
            "solutions": S,
            "verifications": found.optima.verifications[self._used, 0],
        }
        enough = np.unique(x).size >= LEAST_BUDGETS
        fitted = enough and found.status in {"ok", "poor_fit"} and not self._all_boundary()
        self._laws: dict[str, PowerLaw] = {}
        self._resampled: dict[str, tuple[F64, F64]] = {}
        tied = fitted and calls == "independent"
        self._unit_exponent = fit_power_law(x, x / S).exponent if tied else None
        for quantity in QUANTITIES if fitted else ():
            self._laws[quantity] = fit_power_law(x, self._points[quantity])
            if found.resampled is not None:
                self._resampled[quantity] = resampled_power_laws(
                    self._budgets,
                    getattr(found.resampled, quantity),
                    self._counted(found.resampled),
                )

    def laws(self) -> list[AllocationLaw]:
        """The law of S and that of V."""
        return [self._law(quantity) for quantity in QUANTITIES]

    def total(self) -> ExponentSum:
        """The sum of the exponents."""
        names = (self.found.method, self.found.strategy)
        if not self._laws:
            return ExponentSum(*names, None, None, None, None)
        estimate = sum(law.exponent for law in self._laws.values())
        sums = None
        if self._resampled:
            sums = np.sum([exponents for exponents, _ in self._resampled.values()], axis=0)
        ends = self._interval(estimate, sums)
        return ExponentSum(*names, estimate, ends.conf_low, ends.conf_high, self._unit_exponent)

    def optima(self) -> pl.DataFrame:
        """One row per budget considered."""
        optima = self.found.optima
        rows = optima.considered[:, 0]
        columns = {
            "solutions": optima.solutions[rows, 0],
            "verifications": optima.verifications[rows, 0],
            "success": optima.success[rows, 0],
        }
        budgets, used = optima.budgets[rows], self._used[rows]
        residuals = {}
        for quantity in QUANTITIES:
            residual = np.full(budgets.size, np.nan)
            if law := self._laws.get(quantity):
                fitted = law.coefficient * budgets[used] ** law.exponent
                residual[used] = np.log(columns[quantity][used] / fitted)
            residuals[f"{quantity}_residual"] = residual
        frame = pl.DataFrame(
            {
                "method": pl.Series([self.found.method] * budgets.size, dtype=pl.String),
                "strategy": pl.Series([self.found.strategy] * budgets.size, dtype=pl.String),
                "budget": budgets,
                **columns,
                "at_boundary": optima.at_boundary[rows, 0],
                "used": used,
                **residuals,
            }
        )
        return frame.with_columns(pl.col(pl.Float64).fill_nan(None))

    def distributions(self) -> pl.DataFrame:
        """One row per quantity and resample."""
        schema = {
            "method": pl.String,
            "strategy": pl.String,
            "quantity": pl.String,
            "resample": pl.Int32,
            "exponent": pl.Float64,
            "coefficient": pl.Float64,
        }
        frames = [
            pl.DataFrame(
                {
                    "method": [self.found.method] * exponents.size,
                    "strategy": [self.found.strategy] * exponents.size,
                    "quantity": [quantity] * exponents.size,
                    "resample": np.arange(exponents.size, dtype=np.int32),
                    "exponent": exponents,
                    "coefficient": coefficients,
                },
                schema,
            ).with_columns(pl.col(pl.Float64).fill_nan(None))
            for quantity, (exponents, coefficients) in self._resampled.items()
        ]
        return pl.concat([pl.DataFrame(schema=schema), *frames])

    def _law(self, quantity: Quantity) -> AllocationLaw:
        law = self._laws.get(quantity)
        exponents, coefficients = self._resampled.get(quantity, (None, None))
        ends = self._interval(law.exponent if law else np.nan, exponents)
        scale = self._interval(law.coefficient if law else np.nan, coefficients)
        status = self._status(quantity, ends)
        return AllocationLaw(
            method=self.found.method,
            strategy=self.found.strategy,
            quantity=quantity,
            exponent=law.exponent if law else None,
            conf_low=ends.conf_low,
            conf_high=ends.conf_high,
            coefficient=law.coefficient if law else None,
            coefficient_low=scale.conf_low,
            coefficient_high=scale.conf_high,
            r_squared=law.r_squared if law else None,
            residual=law.residual if law else None,
            n_budgets=int(self._used.sum()),
            boundary_fraction=self._boundary_fraction(),
            status=status,
            words=self._words(status),
        )

    def _interval(self, estimate: float, resampled: F64 | None) -> Interval:
        """The interval over the resamples that give a figure; none where too few do."""
        if resampled is None:
            return reached(estimate)
        known = np.isfinite(resampled)
        if known.mean() < STABLE_SHARE:
            return reached(estimate)
        low, high = percentile_interval(resampled[known])
        return Interval(estimate, float(low), float(high), 0.0)

    def _status(self, quantity: Quantity, ends: Interval) -> Status:
        """The first trouble there is, the gravest first."""
        fraction = self._boundary_fraction()
        troubles: list[tuple[Status, bool]] = [
            (self.found.status, self.found.status in {"not_converged", "too_few_points"}),
            ("all_boundary", self._all_boundary()),
            ("too_few_budgets", not self._laws and self._floor_fraction() <= FLOOR_LIMIT),
            ("too_few_budgets", int(self.found.optima.used[:, 0].sum()) < LEAST_BUDGETS),
            ("constant", bool(self._laws) and float(np.ptp(self._points[quantity])) == 0),
            ("floor", self._floor_fraction() > FLOOR_LIMIT and (fraction or 0.0) <= FLOOR_LIMIT),
            ("unstable", bool(self._resampled) and ends.conf_low is None),
            ("poor_fit", self.found.status == "poor_fit"),
            ("unclear", self.found.optima.clear_share < CLEAR_SHARE),
            ("boundary", fraction is not None and fraction > BOUNDARY_LIMIT),
        ]
        return next((status for status, holds in troubles if holds), "ok")

    def _words(self, status: Status) -> str:
        if status == "ok":
            return ""
        flags = self.found.optima.flags if status in {"unclear", "too_few_budgets"} else {}
        counts = "; ".join(f"{reason} at {n} budgets" for reason, n in flags.items())
        return STATUS_WORDS[status] + (f" ({counts})" if counts else "")

    def _counted(self, optima: Optima) -> Mask:
        inner = ~optima.at_boundary & ~optima.at_floor
        return optima.used & inner if self._interior else optima.used

    def _boundary_fraction(self) -> float | None:
        optima = self.found.optima
        considered = self._used if self._interior else optima.considered[:, 0]
        if not considered.any():
            return None
        return float(optima.at_boundary[considered, 0].mean())

    def _floor_fraction(self) -> float:
        """Share, of the optima not at the largest S or V, whose S or V rounds to 1."""
        optima = self.found.optima
        rows = (optima.used & ~optima.at_boundary)[:, 0]
        floor = np.minimum(optima.solutions[rows, 0], optima.verifications[rows, 0]) < 1.5
        return float(floor.mean()) if floor.size else 0.0

    def _all_boundary(self) -> bool:
        optima = self.found.optima
        considered = optima.considered[:, 0]
        return bool(considered.any() and optima.at_boundary[considered, 0].all())

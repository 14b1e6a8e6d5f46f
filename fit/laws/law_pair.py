"""The laws of S and of V that one method gives for one strategy."""

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.intervals.interval import Interval, reached
from svlaw.analysis.intervals.resampling import percentile_interval
from svlaw.data.schema import Calls
from svlaw.fit.laws.allocation_law import (
    QUANTITIES,
    STATUS_WORDS,
    AllocationLaw,
    ExponentSum,
    Quantity,
    Status,
)
from svlaw.fit.laws.methods import Found
from svlaw.fit.laws.optima import Optima
from svlaw.fit.power_law import PowerLaw, fit_power_law, resampled_power_laws

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


class LawPair:
    """The laws of S and V of one method and strategy, and the optima they are fitted to.

    Args:
        found: The optima.
        interior: Leave out budgets whose optimum is at the largest S or V, or at S = 1 or V = 1.
        calls: Whether the verifier's calls are independent or shared.
        gains: Whether the frontier has a gain that is clear of noise; without one there is no law.
    """

    def __init__(
        self, found: Found, interior: bool, calls: Calls = "independent", gains: bool = True
    ) -> None:
        self.found, self._gains = found, gains
        self._interior = interior
        self._used = self._counted(found.optima)[:, 0]
        self._budgets = found.optima.budgets
        x, S = self._budgets[self._used], found.optima.solutions[self._used, 0]
        self._points: dict[str, F64] = {
            "solutions": S,
            "verifications": found.optima.verifications[self._used, 0],
        }
        enough = np.unique(x).size >= LEAST_BUDGETS
        fitted = (
            gains and enough and found.status in {"ok", "poor_fit"} and not self._all_boundary()
        )
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
            ("no_gain", not self._gains),
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

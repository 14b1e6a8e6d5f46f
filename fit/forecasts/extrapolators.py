"""What carries a strategy's success beyond its data: a surface or, for voting, a curve."""

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from svlaw.analysis.cost import ROUNDING, CostModel
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.data.errors import NotInPoolError
from svlaw.data.schema import VERIFIED
from svlaw.fit.forecasts.vote_curve import FIRST, LEAST_POINTS, VoteCurve, fit_vote_curve
from svlaw.fit.laws.surface_optima import surface_optima
from svlaw.fit.surfaces.surface_fits import (
    SURFACE_WORDS,
    SurfaceFit,
    fit_surface,
    predict_resampled,
    resampled_parameters,
)

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


_PER_DOUBLING: Final = 8
"""Budgets tried per doubling, up to the one asked about."""


class Extrapolator(Protocol):
    """What predicts a strategy's success at any S and V."""

    @property
    def model(self) -> str:
        """Its name."""
        ...

    @property
    def parameters(self) -> dict[str, float]:
        """Its parameters by name."""
        ...

    @property
    def is_poor(self) -> bool:
        """Whether it misses what it was fitted to."""
        ...

    def predict(self, solutions: F64, verifications: F64) -> F64:
        """(n,) success."""
        ...

    def predict_resampled(self, means: F64, solutions: F64, verifications: F64) -> F64:
        """(n, B) success after fitting again to (points, B) means; nan where that fails."""
        ...

    def best(self, cost: CostModel, budget: float) -> tuple[int, int]:
        """Whole S and V to spend a budget on, at most."""
        ...


def extrapolator(table: SuccessTable, strategy: str, rows: Mask, seed: int) -> Extrapolator:
    """Fit to some of a strategy's points.

    Raises:
        NotInPoolError: There are too few, or nothing converges.
    """
    if strategy in VERIFIED:
        surface = fit_surface(table, strategy, seed=seed, rows=rows)
        if surface.status in {"too_few_points", "not_converged"}:
            raise NotInPoolError(f"{strategy}: {SURFACE_WORDS[surface.status]}")
        return _Surface(surface)
    solutions = table.points["solutions"].to_numpy().astype(float)
    held = np.flatnonzero(rows)
    held = held[np.argsort(solutions[held])]
    curve = fit_vote_curve(solutions[held], table.mean()[held, None])
    if curve is None:
        raise NotInPoolError(
            f"{strategy}: a curve takes at least {LEAST_POINTS} values of S from {FIRST} on;"
            " generate more solutions"
        )
    return _Curve(curve, held, solutions[held])


@dataclass(frozen=True)
class _Surface:
    surface: SurfaceFit

    @property
    def model(self) -> str:
        return self.surface.form

    @property
    def parameters(self) -> dict[str, float]:
        return self.surface.parameters

    @property
    def is_poor(self) -> bool:
        return self.surface.status == "poor_fit"

    def predict(self, solutions: F64, verifications: F64) -> F64:
        return self.surface.predict(solutions, verifications)

    def predict_resampled(self, means: F64, solutions: F64, verifications: F64) -> F64:
        parameters = resampled_parameters(self.surface, means)
        return predict_resampled(self.surface, parameters, solutions, verifications)

    def best(self, cost: CostModel, budget: float) -> tuple[int, int]:
        # A smaller budget may be better: more solutions can mislead a verifier.
        first = float(cost(1.0, 1.0))
        steps = int(np.ceil(_PER_DOUBLING * np.log2(budget / first))) + 1
        budgets = np.geomspace(first, budget, steps)
        found = surface_optima(self.surface, cost, budgets, None, np.inf, np.inf)
        chosen = int(np.nanargmax(found.success[:, 0]))
        deep = float(found.verifications[chosen, 0])
        depths = np.unique(np.maximum(np.floor([deep, deep + 1]), 1.0))
        widths = np.floor(cost.solutions_at(budgets[chosen], depths) * (1 + ROUNDING))
        depths, widths = depths[widths >= 1], widths[widths >= 1]
        best = int(self.predict(widths, depths).argmax())
        return int(widths[best]), int(depths[best])


@dataclass(frozen=True)
class _Curve:
    curve: VoteCurve
    rows: I64
    all_solutions: F64

    model = "stretched_exponential"
    is_poor = False

    @property
    def parameters(self) -> dict[str, float]:
        names = ("limit", "way", "rate", "power")
        return {name: float(getattr(self.curve, name)[0]) for name in names}

    def predict(self, solutions: F64, verifications: F64) -> F64:
        return self.curve.predict(solutions)[:, 0]

    def predict_resampled(self, means: F64, solutions: F64, verifications: F64) -> F64:
        again = fit_vote_curve(self.all_solutions, means[self.rows])
        assert again is not None  # the same points gave a curve before
        return again.predict(solutions)

    def best(self, cost: CostModel, budget: float) -> tuple[int, int]:
        return int(np.floor(cost.solutions_at(budget, 0.0) * (1 + ROUNDING))), 0

"""The methods that find optima, behind one door: envelope, iso-budget parabolas, surface."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.compare.cost_lines import Line, lines_of
from svlaw.analysis.cost import CostModel
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.fit.laws.envelope import envelope
from svlaw.fit.laws.isobudget import isobudget
from svlaw.fit.laws.optima import Optima, spaced_budgets
from svlaw.fit.laws.surface_optima import surface_optima
from svlaw.fit.surfaces.surface_fits import Status, fit_surface, resampled_parameters

F64 = npt.NDArray[np.float64]

METHODS: Final = ("envelope", "isobudget", "surface")

FORMS_SCHEMA: Final = {
    "strategy": pl.String,
    "form": pl.String,
    "n_parameters": pl.Int32,
    "residual": pl.Float64,
    "cv_error": pl.Float64,
    "status": pl.String,
    "chosen": pl.Boolean,
}


@dataclass(frozen=True)
class Found:
    """The optima of one strategy as one method finds them.

    Attributes:
        method: The method.
        strategy: The strategy.
        optima: From all problems, B = 1.
        resampled: In each resample; None without.
        forms: One row per surface form tried (FORMS_SCHEMA); empty for other methods.
        status: That of the surface; `ok` for other methods.
    """

    method: str
    strategy: str
    optima: Optima
    resampled: Optima | None
    forms: pl.DataFrame
    status: Status = "ok"


def find_optima(
    method: str,
    table: SuccessTable,
    strategy: str,
    cost: CostModel,
    means: F64 | None,
    seed: int = 0,
) -> Found:
    """Find the best (S, V) at each budget, from all problems and in each resample.

    Args:
        method: One of METHODS.
        table: The success table.
        strategy: A strategy with a verifier.
        cost: The cost model.
        means: (points, B) mean success in each resample.
        seed: Seed of the surface's starts and folds.
    """
    lines = lines_of(table, cost, [strategy])
    if method == "surface":
        return _by_surface(table, strategy, cost, lines, means, seed)
    mean = table.mean()[:, None]
    if method == "envelope":
        optima = envelope(lines, mean, cost)
        resampled = None if means is None else envelope(lines, means, cost)
    else:
        optima = isobudget(lines, mean, cost)
        resampled = None if means is None else isobudget(lines, means, cost)
    return Found(method, strategy, optima, resampled, pl.DataFrame(schema=FORMS_SCHEMA))


def _by_surface(
    table: SuccessTable,
    strategy: str,
    cost: CostModel,
    lines: list[Line],
    means: F64 | None,
    seed: int,
) -> Found:
    surface = fit_surface(table, strategy, seed=seed)
    largest_S = max(line.solutions[-1] for line in lines)
    largest_V = max(line.verifications for line in lines)

    def optima(parameters: F64 | None) -> Optima:
        return surface_optima(
            surface, cost, spaced_budgets(lines), parameters, largest_S, largest_V
        )

    chosen = (pl.col("form") == surface.form).alias("chosen")
    forms = surface.cv.select(pl.lit(strategy).alias("strategy"), pl.all(), chosen)
    return Found(
        "surface",
        strategy,
        optima(None),
        None if means is None else optima(resampled_parameters(surface, means)),
        forms,
        surface.status,
    )

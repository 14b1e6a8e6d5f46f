"""The methods that find optima, behind one door: envelope, iso-budget parabolas, surface."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.cost import CostModel
from svlaw.analysis.lines import lines_of
from svlaw.analysis.success import SuccessTable
from svlaw.fit.envelope import envelope
from svlaw.fit.isobudget import isobudget
from svlaw.fit.optima import Optima

F64 = npt.NDArray[np.float64]

METHODS: Final = ("envelope", "isobudget")

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
        status: `ok`, `poor_fit` or `not_converged`.
        words: What the status comes from; may be empty.
    """

    method: str
    strategy: str
    optima: Optima
    resampled: Optima | None
    forms: pl.DataFrame
    status: Literal["ok", "poor_fit", "not_converged"] = "ok"
    words: str = ""


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
    mean = table.mean()[:, None]
    if method == "envelope":
        optima = envelope(lines, mean)
        resampled = None if means is None else envelope(lines, means)
    else:
        optima = isobudget(lines, mean, cost)
        resampled = None if means is None else isobudget(lines, means, cost)
    return Found(method, strategy, optima, resampled, pl.DataFrame(schema=FORMS_SCHEMA))

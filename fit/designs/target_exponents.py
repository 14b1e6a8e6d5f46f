"""The exponents that pools of each size converge to, and that of the optimum no grid bends."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.cost import ROUNDING, CostModel
from svlaw.analysis.success.grid import choose_grid
from svlaw.analysis.success.sample_reader import Holding
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.fit.laws.allocation import fit_allocation
from svlaw.fit.laws.allocation_law import AllocationLaw, Quantity
from svlaw.fit.power_law import fit_power_law
from svlaw.fit.simulation.population import Simulation
from svlaw.fit.simulation.quadrature import OPTIMUM_NODES, best_of_n
from svlaw.fit.simulation.truth import LEAST_BUDGETS, MOST_VERIFICATIONS, true_optima, true_table

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

_PER_DOUBLING: Final = 2
_TOLERANCE: Final = 0.002


class Size(NamedTuple):
    """What is generated for each problem."""

    solutions: int
    verifications: int


@dataclass(frozen=True)
class Target:
    """What the exponent of a size converges to.

    Attributes:
        laws: The law of each method on the size's grid, from infinitely many problems.
        exponent: The exponent of the true optimum over the budgets of that grid; None where it is
            not known (weighted voting, shared calls) or there is none.
    """

    laws: dict[str, AllocationLaw]
    exponent: float | None


def targets(
    simulation: Simulation,
    cost: CostModel,
    sizes: Sequence[Size],
    strategy: str,
    quantity: Quantity,
    methods: Sequence[str],
) -> dict[Size, Target]:
    """What the exponent of each size converges to.

    Success is computed once, on the grids of all sizes together.

    Args:
        simulation: The population.
        cost: The cost model.
        sizes: Sizes; the grid of each is the fine one.
        strategy: Strategy with a verifier.
        quantity: Whose exponent.
        methods: Methods that find the optima.
    """
    axes = {size: _axes(size) for size in sizes}
    S, V = (np.unique(np.concatenate([pair[i] for pair in axes.values()])) for i in (0, 1))
    table = _true_table(simulation, strategy, S, V)
    is_known = strategy == "best_of_n" and not simulation.shared_calls
    optima = _optima(simulation, cost, sizes) if is_known else None
    found = {}
    for size, (s, v) in axes.items():
        fit = fit_allocation(_part(table, s, v), cost, methods, needs_gain=False, resamples=0)
        laws = {law.method: law for law in fit.laws if law.quantity == quantity}
        most = float(cost(*size))
        exponent = None if optima is None else _exponent(optima, most, quantity)
        found[size] = Target(laws, exponent)
    return found


def _axes(size: Size) -> tuple[I64, I64]:
    holding = Holding(size.solutions, np.full(size.solutions, size.verifications))
    return choose_grid([holding], ["best_of_n"], "fine", "fine").axes("best_of_n")


def _true_table(simulation: Simulation, strategy: str, S: I64, V: I64) -> SuccessTable:
    if strategy != "best_of_n" or simulation.shared_calls:
        return true_table(
            simulation, S.tolist(), V.tolist(), [strategy], tolerance=_TOLERANCE, seed=0
        )
    success = [best_of_n(simulation, S.astype(float), int(v), OPTIMUM_NODES) for v in V]
    points = pl.DataFrame(
        {
            "strategy": [strategy] * (S.size * V.size),
            "solutions": np.tile(S, V.size).astype(np.int32),
            "verifications": np.repeat(V, S.size).astype(np.int32),
        }
    )
    mean = simulation.always_solved + simulation.varied * np.concatenate(success)[:, None]
    return SuccessTable(points, mean, np.zeros_like(mean), (), 0, None)


def _part(table: SuccessTable, S: I64, V: I64) -> SuccessTable:
    """The points of a smaller grid."""
    points = table.points
    kept = (
        points["solutions"].is_in(S.tolist()) & points["verifications"].is_in(V.tolist())
    ).to_numpy()
    return replace(
        table,
        points=points.filter(kept),
        success=table.success[kept],
        variance=table.variance[kept],
    )


def _optima(simulation: Simulation, cost: CostModel, sizes: Sequence[Size]) -> pl.DataFrame:
    low, high = float(cost(1, 1)), max(float(cost(*size)) for size in sizes)
    steps = np.arange(np.floor(_PER_DOUBLING * np.log2(high / low) + 1e-9) + 1)
    deepest = max(MOST_VERIFICATIONS, *(size.verifications for size in sizes))
    return true_optima(
        simulation, cost, low * 2.0 ** (steps / _PER_DOUBLING), most_verifications=deepest
    )


def _exponent(optima: pl.DataFrame, most: float, quantity: Quantity) -> float | None:
    inner = optima.filter(~pl.col("at_boundary"), pl.col("budget") <= most * (1 + ROUNDING))
    if inner.height < LEAST_BUDGETS:
        return None
    return fit_power_law(inner["budget"].to_numpy(), inner[quantity].to_numpy()).exponent

"""Where pools lie on the map: the solver's accuracy, the verifier's rates, and who won there."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from svlaw.analysis.cost import ROUNDING, RelativeCost
from svlaw.analysis.success.estimators import Options
from svlaw.analysis.success.success_table import SuccessTable, success_table
from svlaw.data.errors import NotInPoolError
from svlaw.data.pool import Pool
from svlaw.data.progress import Progress, silent
from svlaw.fit.maps.verification_map import Axis, compared, with_verifier, without_verifier
from svlaw.fit.simulation.population import Simulation
from svlaw.fit.simulation.population_fit import population_from_counts

_STRATEGIES: Final = (
    "coverage",
    "self_consistency",
    "best_of_n",
    "weighted_vote",
    "adaptive_vote",
)
_TOLERANCE: Final = 0.005
"""Monte-Carlo standard error of measured success."""
_PLAIN: Final = ("self_consistency", "adaptive_vote")
_VERIFIED: Final = ("best_of_n", "weighted_vote")


def place_pools(
    pools: Sequence[Pool],
    ratio: float,
    budget: float,
    *,
    axis: Axis = "balanced_accuracy",
    verifier: str | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> pl.DataFrame:
    """Place pools on a map by their counts, with what was measured and what is simulated there.

    Args:
        pools: Pools with verdicts.
        ratio: lambda, the same for all of them.
        budget: Most to spend on a problem, in solutions.
        axis: Which quality of the verifier the map shows.
        verifier: Verifier of every pool; may be None when each has one.
        seed: Seed of every random draw.
        progress: Called with the number of pools done.

    Returns:
        One row per pool: `pool`, `verifier`, `calls`, `n_problems`, `accuracy` (mean share of right
        solutions), `quality`, `true_positive_rate`, `false_positive_rate`, `correlation` (of two
        verdicts on one solution, or answer, given its problem), `measured_gain` (success of the
        best point of verifying less that of the best without a verifier, S and V in powers of
        two, within the budget; null where the pool has no such point), and the columns of
        `VerificationMap.rows` from `voting` on, simulated with all parameters of the pool.

    Raises:
        BadInputError: The verifier is unknown, or not named where a pool has several.
        NotInPoolError: A pool has no verdicts, or lacks what a parameter is taken from.
    """
    rows = []
    for number, pool in enumerate(pools, 1):
        rows.append(_place(pool, ratio, budget, axis, verifier, seed))
        progress(number, len(pools))
    return pl.DataFrame(rows, infer_schema_length=None)


def check_pool_for_map(pool: Pool, verifier: str | None) -> str:
    """The verifier of a pool that can be placed.

    Raises:
        BadInputError: The verifier is unknown, or not named where a pool has several.
        NotInPoolError: The pool has no problems or no verdicts.
    """
    if pool.is_published_table:
        raise NotInPoolError(
            f"{pool.path}: a published table has no solutions and verdicts to place it by"
        )
    if not pool.verifiers:
        raise NotInPoolError(f"{pool.path}: holds no verdicts; the map places solver and verifier")
    return pool.resolve_verifier(verifier)


def _place(
    pool: Pool, ratio: float, budget: float, axis: Axis, verifier: str | None, seed: int
) -> dict[str, float | int | str | None]:
    name = check_pool_for_map(pool, verifier)
    options = Options(seed=seed, tolerance=_TOLERANCE)
    table = success_table(pool, _STRATEGIES, verifier=name, options=options)
    population = population_from_counts(pool, name, options, table)
    single = ((pl.col("strategy") == "coverage") & (pl.col("solutions") == 1)).fill_null(False)
    cost = RelativeCost(ratio, calls=pool.calls(name))
    return {
        "pool": pool.path.name,
        "verifier": name,
        "calls": pool.calls(name),
        "n_problems": table.n_problems,
        "accuracy": float(table.mean()[table.points.select(single).to_series().to_numpy()][0]),
        "quality": _quality(population, axis),
        "true_positive_rate": population.true_positive_rate,
        "false_positive_rate": population.false_positive_rate,
        "correlation": population.correlation,
        "measured_gain": _measured_gain(table, cost, budget),
        **compared(
            *without_verifier(population, budget, seed),
            with_verifier(population, ratio, budget, seed),
        ),
    }


def _quality(population: Simulation, axis: Axis) -> float:
    if axis == "balanced_accuracy":
        return (1 + population.true_positive_rate - population.false_positive_rate) / 2
    return float(getattr(population, axis))


def _measured_gain(table: SuccessTable, cost: RelativeCost, budget: float) -> float | None:
    """Best verified less best unverified point within a budget, on the pool's own problems."""
    within = table.costs(cost) <= budget * (1 + ROUNDING)
    success = table.mean()
    best = []
    for names in (_VERIFIED, _PLAIN):
        rows = within & table.points["strategy"].is_in(names).to_numpy()
        if not rows.any():
            return None
        best.append(float(success[rows].max()))
    return best[0] - best[1]

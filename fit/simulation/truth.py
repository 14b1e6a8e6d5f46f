"""True success of a simulated population, and the true optima and exponents that follow from it.

Best-of-N is a smooth integral over the laws of the three rates, for any real S; coverage has a
closed form and self-consistency a finite sum; weighted voting is sampled.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.interpolate import CubicSpline

from svlaw.analysis.cost import CostModel
from svlaw.analysis.success.grid import choose_grid
from svlaw.analysis.success.sample_reader import Holding
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.data.errors import BadInputError
from svlaw.data.numerals import amount
from svlaw.data.progress import Progress, silent
from svlaw.data.schema import BASELINES, STRATEGIES, Calls
from svlaw.data.shown import Shown
from svlaw.fit.power_law import fit_power_law
from svlaw.fit.simulation.plurality import MOST_VOTES, self_consistency
from svlaw.fit.simulation.population import Simulation
from svlaw.fit.simulation.quadrature import OPTIMUM_NODES, best_of_n, best_of_n_with_error, coverage
from svlaw.fit.simulation.voting import best_of_n_by_calls, weighted_vote

F64 = npt.NDArray[np.float64]

TOLERANCE: Final = 0.0005
"""Standard error wanted where success is sampled."""
LEAST_BUDGETS: Final = 4
"""Fewest interior optima a true law is fitted to."""
MOST_SOLUTIONS: Final = MOST_VOTES
"""Largest S at which the true success of every strategy is known."""
MOST_VERIFICATIONS: Final = 64
"""Largest V tried for a true optimum."""

_DECIMALS: Final = 12
"""To which success is given, so that what is equal but for rounding is equal."""

Status = Literal["ok", "too_few_budgets"]


@dataclass(frozen=True, repr=False)
class TrueLaw(Shown):
    """A power law through true optima, quantity = coefficient * C^exponent.

    The optimum is no exact power law, so the exponent belongs to its range of budgets.

    Attributes:
        strategy: The strategy.
        quantity: `solutions` (exponent a) or `verifications` (exponent b).
        exponent: None when there are too few interior optima.
        coefficient: The optimum at C = 1; None likewise.
        r_squared: Of the fit in log space; None likewise.
        n_budgets: Budgets fitted to: those whose optimum is interior.
        low_budget: The smallest of them; None without any.
        high_budget: The largest of them.
        boundary_fraction: Share of the budgets given whose optimum is at S = 1, V = 1 or the
            largest V tried.
        status: `ok` or `too_few_budgets`.
    """

    strategy: str
    quantity: Literal["solutions", "verifications"]
    exponent: float | None
    coefficient: float | None
    r_squared: float | None
    n_budgets: int
    low_budget: float | None
    high_budget: float | None
    boundary_fraction: float
    status: Status


def true_success(
    simulation: Simulation,
    points: pl.DataFrame,
    *,
    tolerance: float = TOLERANCE,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = silent,
) -> pl.DataFrame:
    """The true success at each point: its mean over infinitely many problems.

    Args:
        simulation: The population.
        points: `strategy`, `solutions` (S, from 1; coverage, and best-of-N by independent calls,
            take any real S) and
            `verifications` (V; 0 without a verifier, else whole numbers from 1).
        tolerance: Standard error wanted where success is sampled: of weighted voting, and by shared
            calls of best-of-N.
        seed: Seed of the sampling.
        threads: Threads for the sampling; all cores when None.
        progress: Called with the share of the sampling done.

    Returns:
        The points with `success` and `error`: the standard error for weighted voting; for best-of-N
        how far a coarser quadrature is off, which bounds its own; else 0.

    Raises:
        BadInputError: A point or the tolerance makes no sense.
    """
    _check_points(points, tolerance, simulation.shared_calls)
    strategy = points["strategy"].to_numpy()
    S = points["solutions"].to_numpy().astype(float)
    V = points["verifications"].to_numpy().astype(np.int64)
    success, error = np.empty(S.size), np.zeros(S.size)
    for name in points["strategy"].unique(maintain_order=True):
        rows = np.flatnonzero(strategy == name)
        if name == "coverage":
            success[rows] = coverage(simulation, S[rows])
        elif name == "self_consistency":
            values, places = np.unique(S[rows].astype(np.int64), return_inverse=True)
            success[rows] = self_consistency(simulation, values)[places]
        elif name == "best_of_n" and not simulation.shared_calls:
            for v in np.unique(V[rows]).tolist():
                at = rows[V[rows] == v]
                success[at], error[at] = best_of_n_with_error(simulation, S[at], v)
        else:
            values, places = np.unique(S[rows].astype(np.int64), return_inverse=True)
            depths, columns = np.unique(V[rows], return_inverse=True)
            sampled = best_of_n_by_calls if name == "best_of_n" else weighted_vote
            means, errors = sampled(
                simulation,
                values,
                depths,
                tolerance=tolerance,
                seed=seed,
                threads=threads,
                progress=progress,
            )
            success[rows], error[rows] = means[places, columns], errors[places, columns]
    success = simulation.always_solved + simulation.varied * success
    return points.select("strategy", "solutions", "verifications").with_columns(
        pl.Series("success", np.clip(success.round(_DECIMALS), 0.0, 1.0)),
        pl.Series("error", simulation.varied * error),
    )


def true_table(
    simulation: Simulation,
    solutions: Sequence[int],
    verifications: Sequence[int],
    strategies: Sequence[str] = STRATEGIES,
    *,
    tolerance: float = TOLERANCE,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = silent,
) -> SuccessTable:
    """The true success on a grid, as a table without problems, like a published one.

    What an analysis makes of it is what the same analysis of ever larger pools, on the same grid,
    converges to.

    Args:
        simulation: The population.
        solutions: Values of S.
        verifications: Values of V.
        strategies: Strategies wanted.
        tolerance: Standard error wanted for weighted voting.
        seed: Seed of the sampling.
        threads: Threads for the sampling; all cores when None.
        progress: Called with the share of the sampling done.

    Raises:
        BadInputError: A value or a strategy makes no sense.
    """
    most, deepest = max(*solutions, 1), max(*verifications, 1)
    holding = Holding(most, np.full(most, deepest))
    grid = choose_grid([holding], tuple(dict.fromkeys(strategies)), solutions, verifications)
    points = pl.DataFrame(
        grid.points,
        schema={"strategy": pl.String, "solutions": pl.Int32, "verifications": pl.Int32},
        orient="row",
    )
    found = true_success(
        simulation, points, tolerance=tolerance, seed=seed, threads=threads, progress=progress
    )
    success, error = (found[name].to_numpy()[:, None] for name in ("success", "error"))
    calls: Calls = "shared" if simulation.shared_calls else "independent"
    return SuccessTable(points, success, error**2, (), 0, None, calls=calls)


def true_optima(
    simulation: Simulation,
    cost: CostModel,
    budgets: Sequence[float] | F64,
    strategy: str = "best_of_n",
    *,
    most_verifications: int = MOST_VERIFICATIONS,
) -> pl.DataFrame:
    """The best S and V at each budget, spending all of it.

    S is real; between whole numbers of V, success at the budget is a cubic spline in log V.

    Args:
        simulation: The population.
        cost: The cost model.
        budgets: (n,) budgets.
        strategy: Only `best_of_n`, whose success is known at any S.
        most_verifications: Largest V tried.

    Returns:
        One row per budget that buys a solution with a verification: `strategy`, `budget`,
        `solutions`, `verifications`, `success` and `at_boundary` (S = 1, V = 1 or the largest V).

    Raises:
        BadInputError: The strategy is another one, calls are shared, or no budget buys a verified
            solution.
    """
    if strategy != "best_of_n":
        raise BadInputError(
            f"true optima of '{strategy}': only those of best_of_n are known; fit to its true table"
        )
    if simulation.shared_calls:
        raise BadInputError(
            "true optima by shared calls are not known: success is sampled; fit to the true table"
        )
    depths = _depths(most_verifications)
    unit = cost(1.0, depths)
    wanted = np.sort(np.asarray(budgets, float))
    wanted = wanted[wanted >= unit[0]]
    if not wanted.size:
        raise BadInputError(f"no budget buys a verified solution, which costs {amount(unit[0])}")
    success = np.full((wanted.size, depths.size), np.nan)
    for column, (v, price) in enumerate(zip(depths.tolist(), unit, strict=True)):
        able = wanted >= price * (1 - 1e-12)
        if able.any():
            S = np.maximum(cost.solutions_at(wanted[able], v), 1.0)
            found = best_of_n(simulation, S, v, OPTIMUM_NODES)
            success[able, column] = found
    rows = [_peak(np.log(depths[np.isfinite(row)]), row[np.isfinite(row)]) for row in success]
    verifications = np.exp([place for place, _, _ in rows])
    best = np.array([value for _, value, _ in rows])
    return pl.DataFrame(
        {
            "strategy": [strategy] * wanted.size,
            "budget": wanted,
            "solutions": cost.solutions_at(wanted, verifications),
            "verifications": verifications,
            "success": simulation.always_solved + simulation.varied * best,
            "at_boundary": [edge for _, _, edge in rows],
        }
    )


def true_exponents(
    simulation: Simulation,
    cost: CostModel,
    budgets: Sequence[float] | F64,
    strategy: str = "best_of_n",
    *,
    most_verifications: int = MOST_VERIFICATIONS,
) -> tuple[TrueLaw, TrueLaw]:
    """The laws of S and of V through the true optima, least squares in log space.

    Optima at S = 1, V = 1 or the largest V are left out.

    Args:
        simulation: The population.
        cost: The cost model.
        budgets: (n,) budgets, log-spaced for equal weight along the range.
        strategy: Only `best_of_n`.
        most_verifications: Largest V tried.

    Raises:
        BadInputError: As `true_optima`.
    """
    optima = true_optima(simulation, cost, budgets, strategy, most_verifications=most_verifications)
    inner = optima.filter(~pl.col("at_boundary"))
    boundary = 1 - inner.height / optima.height
    return (
        _law(strategy, "solutions", inner, boundary),
        _law(strategy, "verifications", inner, boundary),
    )


def _law(
    strategy: str,
    quantity: Literal["solutions", "verifications"],
    inner: pl.DataFrame,
    boundary: float,
) -> TrueLaw:
    budgets = inner["budget"].to_numpy()
    enough = inner.height >= LEAST_BUDGETS
    law = fit_power_law(budgets, inner[quantity].to_numpy()) if enough else None
    return TrueLaw(
        strategy=strategy,
        quantity=quantity,
        exponent=law.exponent if law else None,
        coefficient=law.coefficient if law else None,
        r_squared=law.r_squared if law else None,
        n_budgets=inner.height,
        low_budget=float(budgets[0]) if budgets.size else None,
        high_budget=float(budgets[-1]) if budgets.size else None,
        boundary_fraction=boundary,
        status="ok" if law else "too_few_budgets",
    )


def _depths(most: int) -> npt.NDArray[np.int64]:
    """Values of V tried: eight per doubling, and the largest."""
    holding = Holding(1, np.array([most]))
    return choose_grid([holding], ["best_of_n"], "fine", "fine").axes("best_of_n")[1]


def _peak(log_depths: F64, success: F64) -> tuple[float, float, bool]:
    """Log V of the largest success, that success, and whether it is at an end."""
    places, values = log_depths, success
    if places.size > 1:
        curve = CubicSpline(log_depths, success)
        roots = curve.derivative().roots(extrapolate=False)
        # A stretch without slope has no root but a nan.
        roots = roots[np.isfinite(roots)]
        places = np.append(places, roots)
        values = np.append(values, curve(roots))
    best = int(np.argmax(values))
    place = float(places[best])
    return place, float(values[best]), bool(place in {log_depths[0], log_depths[-1]})


def _check_points(points: pl.DataFrame, tolerance: float, shared_calls: bool) -> None:
    if not 0 < tolerance < 1:
        raise BadInputError(f"tolerance = {tolerance:g}: use a number between 0 and 1")
    for name, S, V in points.select("strategy", "solutions", "verifications").iter_rows():
        if name not in STRATEGIES:
            raise BadInputError(f"unknown strategy '{name}'; use {', '.join(STRATEGIES)}")
        voting = name in {"self_consistency", "weighted_vote"}
        voting |= shared_calls and name == "best_of_n"
        if not (math.isfinite(S) and S >= 1) or (voting and int(S) != S):
            whole = "a whole number" if voting else "a number"
            raise BadInputError(f"{name}: S = {S:g}: use {whole} from 1")
        if name == "self_consistency" and S > MOST_VOTES:
            raise BadInputError(f"{name}: S = {S:g}: true success is known up to {MOST_VOTES:,}")
        if int(V) != V or (V != 0 if name in BASELINES else V < 1):
            right = "0" if name in BASELINES else "a whole number from 1"
            raise BadInputError(f"{name}: V = {V:g}: use {right}")

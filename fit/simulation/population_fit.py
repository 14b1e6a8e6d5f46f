"""A population fitted to a pool: by its counts and, where that fails, by its success."""

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.success.estimators import Options
from svlaw.analysis.success.pool_strategies import default_strategies
from svlaw.analysis.success.sample_reader import SampleReader
from svlaw.analysis.success.success_table import SuccessTable, success_table
from svlaw.data.errors import NotInPoolError
from svlaw.data.lengths import mean_length
from svlaw.data.pool import Pool
from svlaw.data.progress import Progress, silent
from svlaw.data.schema import BASELINES
from svlaw.data.shown import Shown
from svlaw.fit.simulation.population import Simulation
from svlaw.fit.simulation.population_moments import ProblemCounts, count_problem, population_of
from svlaw.fit.simulation.quadrature import best_of_n
from svlaw.fit.simulation.truth import true_success
from svlaw.fit.simulation.voting import best_of_n_by_calls, weighted_vote

F64 = npt.NDArray[np.float64]

LARGE_GAP: Final = 0.03
"""Gap in success from which on the fitted population is called unlike the pool."""
MATCH_GAP: Final = 0.02
"""Gap from which on the verifier's rates are taken from success instead of from its counts."""
CHANCE_GAP: Final = 0.3
"""Gap that few problems leave by chance, times the root of their number; smaller ones count not."""
FREE: Final = (
    "true_positive_rate",
    "true_positive_spread",
    "false_positive_rate",
    "false_positive_spread",
    "correlation",
)
"""Parameters that are matched to success."""

_MOST_POINTS: Final = 5
"""Values of S, and of V, at which success is compared."""
_MATCH_NODES: Final = 10
_EXTREME: Final = 6.0
"""Largest log odds of a matched parameter."""
_PULL: Final = 0.001
"""Success that a parameter may miss for staying nearer to its counts by one in log odds."""
_STEP: Final = 0.05
"""Steps in log odds that slopes are taken from."""
_MOST_SAMPLED: Final = (32, 16)
"""Largest S and V matched where true success has to be sampled."""
_MATCH_ERROR: Final = 0.02
_TOLERANCE: Final = 0.002

Method = Literal["moments", "matched"]


@dataclass(frozen=True, repr=False)
class PopulationFit(Shown):
    """A population fitted to a pool, and how near its success comes to the pool's.

    Attributes:
        simulation: The population.
        method: `moments` when all parameters come from counts, `matched` when those of the verifier
            were changed until the strategy succeeds as often as in the pool.
        gap: Largest difference in success, over the points compared.
        moments: The population from counts alone.
        moments_gap: Its gap.
        comparison: One row per point compared: `strategy`, `solutions`, `verifications`, `pool`,
            `moments`, `fitted` (success in the pool, and true success of both populations).
        n_problems: Problems it was fitted to.
        status: `ok`, or `unlike` when the gap is large.
        words: What that means; empty when ok.
    """

    simulation: Simulation
    method: Method
    gap: float
    moments: Simulation
    moments_gap: float
    comparison: pl.DataFrame
    n_problems: int
    status: Literal["ok", "unlike"]
    words: str

    def frame(self) -> pl.DataFrame:
        """One row per point compared: `comparison`."""
        return self.comparison


def fit_population(
    pool: Pool,
    verifier: str | None = None,
    *,
    strategy: str = "best_of_n",
    table: SuccessTable | None = None,
    options: Options | None = None,
    progress: Progress = silent,
) -> PopulationFit:
    """Fit the simulator's population to a pool.

    Args:
        pool: A pool with verdicts.
        verifier: Verifier to use; may be None when the pool has one.
        strategy: Strategy with a verifier whose success is compared, beside coverage.
        table: The pool's success, with the strategy and coverage; computed when None. The
            population is fitted to its problems.
        options: Options of the estimators.
        progress: Called with the number of problems whose success is estimated.

    Raises:
        BadInputError: The verifier is unknown.
        NotInPoolError: The pool lacks what a parameter is taken from.
    """
    options = options or Options()
    if pool.is_published_table:
        raise NotInPoolError(
            f"{pool.path}: a published table has no problems to fit a population to; use a pool"
        )
    if not pool.verifiers:
        raise NotInPoolError(f"{pool.path}: holds no verdicts; a population needs a verifier")
    verifier = pool.resolve_verifier(verifier)
    table = table or pool_table(pool, verifier, strategy, options, progress)
    return match_population(population_from_counts(pool, verifier, options, table), table, strategy)


def pool_table(
    pool: Pool, verifier: str, strategy: str, options: Options, progress: Progress = silent
) -> SuccessTable:
    """Success of a strategy on a fine grid, over the problems that every analysis takes."""
    names = [name for name in default_strategies(pool) if name in BASELINES]
    return success_table(
        pool,
        [*names, strategy],
        "fine",
        "fine",
        verifier=verifier,
        options=options,
        progress=progress,
    )


def population_from_counts(
    pool: Pool, verifier: str, options: Options, table: SuccessTable
) -> Simulation:
    """The population whose parameters come nearest to the counts of a table's problems.

    Args:
        pool: A pool with verdicts.
        verifier: The verifier.
        options: Options of the estimators.
        table: The pool's success; its problems are the ones counted.
    """
    reader = SampleReader(
        pool,
        verifier,
        only_verified=options.population == "verified",
        half=options.half,
        seed=options.seed,
    )
    unparsed = options.unparsed == "no"
    wanted = set(table.problem_ids)
    kept = np.array([name in wanted for name in reader.problem_ids], np.bool_)
    counts: list[ProblemCounts] = [
        count_problem(sample, count_unparsed=unparsed)
        for batch in reader.batches(kept)
        for sample in batch
    ]
    lengths: tuple[float | None, float | None] = (None, None)
    for column in ("output_tokens", "output_chars"):
        found = (
            mean_length(pool, "answers", column),
            mean_length(pool, "verdicts", column, verifier),
        )
        if all(found):
            lengths = found
            break
    population = population_of(counts, solution_tokens=lengths[0], verification_tokens=lengths[1])
    return replace(population, shared_calls=verifier in pool.shared_calls)


def match_population(
    population: Simulation, table: SuccessTable, strategy: str = "best_of_n"
) -> PopulationFit:
    """Compare a population's true success with a pool's, and match it where they differ.

    Args:
        population: The population from the pool's counts.
        table: The pool's success, with the strategy.
        strategy: Strategy with a verifier.

    Raises:
        NotInPoolError: The table has no figures for the strategy.
    """
    points = _compared(table, strategy)
    by_moments = _true(population, points)
    pool = points["pool"].to_numpy()
    gap = float(np.abs(by_moments - pool).max())
    fitted, by_fit, method, moments_gap = population, by_moments, "moments", gap
    chance = CHANCE_GAP / math.sqrt(table.n_problems)
    if gap > max(MATCH_GAP, chance):
        matched = _match(population, points.filter(strategy=strategy), strategy)
        success = _true(matched, points)
        if np.abs(success - pool).max() < gap:
            fitted, by_fit, method = matched, success, "matched"
            gap = float(np.abs(by_fit - pool).max())
    return PopulationFit(
        fitted,
        method,  # type: ignore[arg-type]
        gap,
        population,
        moments_gap,
        points.with_columns(moments=by_moments, fitted=by_fit),
        table.n_problems,
        "unlike" if gap > max(LARGE_GAP, chance) else "ok",
        _words(gap) if gap > max(LARGE_GAP, chance) else "",
    )


def _words(gap: float) -> str:
    return (
        f"the fitted population's success is up to {100 * gap:.1f} points from the pool's: what"
        " follows rests on a population unlike the pool"
    )


def _compared(table: SuccessTable, strategy: str) -> pl.DataFrame:
    """A few points of a strategy and of coverage, and the pool's success there."""
    success = table.points.with_columns(pool=pl.Series(table.mean()))
    rows = success.filter(pl.col("strategy") == strategy)
    if not rows.height:
        raise NotInPoolError(f"there are no figures for {strategy}")
    return success.filter(
        pl.col("strategy").is_in([strategy, "coverage"]),
        pl.col("solutions").is_in(_spaced(rows["solutions"])),
        pl.col("verifications").is_in([0, *_spaced(rows["verifications"])]),
        pl.col("pool").is_finite(),
    )


def _spaced(values: pl.Series) -> list[int]:
    """A few of the values, about evenly spaced in their logs, the ends among them."""
    held = np.unique(values.to_numpy())
    wanted = np.geomspace(held[0], held[-1], _MOST_POINTS)
    nearest = np.abs(np.log(held[:, None] / wanted)).argmin(axis=0)
    return sorted({int(value) for value in held[nearest]})


def _true(population: Simulation, points: pl.DataFrame) -> F64:
    found = true_success(population, points, tolerance=_TOLERANCE)
    success: F64 = found["success"].to_numpy()
    return success


def _match(population: Simulation, points: pl.DataFrame, strategy: str) -> Simulation:
    """Change the verifier's rates until the strategy succeeds as often as in the pool.

    Least squares over the points, the rates in log odds. A weak pull towards the counts keeps what
    success says nothing of.
    """
    from scipy.optimize import least_squares  # noqa: PLC0415
    from scipy.special import expit, logit  # noqa: PLC0415

    is_exact = strategy == "best_of_n" and not population.shared_calls
    succeed = _best_of_n if is_exact else partial(_sampled, strategy)
    if not is_exact:
        limits = zip(("solutions", "verifications"), _MOST_SAMPLED, strict=True)
        points = points.filter(pl.col(name) <= most for name, most in limits)
    start = logit(np.clip([getattr(population, name) for name in FREE], 0.01, 0.99))

    def changed(odds: F64) -> Simulation:
        return replace(population, **dict(zip(FREE, expit(odds).tolist(), strict=True)))

    def misses(odds: F64) -> F64:
        tried = changed(odds)
        success = tried.always_solved + tried.varied * succeed(tried, points)
        return np.concatenate([success - points["pool"].to_numpy(), _PULL * (odds - start)])

    def slopes(odds: F64) -> F64:
        """Sampled success changes by jumps, so the steps are not small."""
        steps = _STEP * np.eye(odds.size)
        return np.stack([misses(odds + step) - misses(odds - step) for step in steps], axis=1) / (
            2 * _STEP
        )

    bounds = (-_EXTREME, _EXTREME)
    found = least_squares(misses, start, slopes, bounds, x_scale=1.0, xtol=1e-3, ftol=1e-3)
    return changed(found.x)


def _best_of_n(population: Simulation, points: pl.DataFrame) -> F64:
    S, V = (points[name].to_numpy() for name in ("solutions", "verifications"))
    success = np.empty(S.size)
    for v in np.unique(V):
        rows = v == V
        success[rows] = best_of_n(population, S[rows].astype(float), int(v), _MATCH_NODES)
    return success


def _sampled(strategy: str, population: Simulation, points: pl.DataFrame) -> F64:
    """The same draws for every population, so that their noise is shared."""
    (S, rows), (V, columns) = (
        np.unique(points[name].to_numpy().astype(np.int64), return_inverse=True)
        for name in ("solutions", "verifications")
    )
    sample = best_of_n_by_calls if strategy == "best_of_n" else weighted_vote
    success: F64 = sample(population, S, V, tolerance=_MATCH_ERROR)[0][rows, columns]
    return success

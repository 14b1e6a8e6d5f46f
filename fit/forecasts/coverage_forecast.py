"""Coverage beyond the solutions sampled, by a fitted distribution of pass rates."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from svlaw.analysis.intervals.resampling import Resamples, percentile_interval
from svlaw.analysis.intervals.success_intervals import success_intervals
from svlaw.analysis.strategies.coverage import coverage
from svlaw.analysis.success.grid import SUPPORT
from svlaw.analysis.success.sample_reader import SampleReader
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.pool import Pool
from svlaw.fit.forecasts.backtest import Backtest, summarise
from svlaw.fit.pass_rates.distribution_fits import RateFits, fit_rates
from svlaw.fit.pass_rates.distributions import MODELS, Pairs

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

LEAST_SOLUTIONS: Final = 4
"""Fewest solutions per problem of which some can be held back."""
LEAST_KEPT: Final = 2
"""Fewest solutions a backtest fits to: one says nothing of how rates vary."""
MOST_SOLUTIONS: Final = 10**9

_LEAST_MISSED: Final = 1e-200
_THINNINGS: Final = 40
"""Random samples of the solutions that a backtest keeps."""
_INTERVALS: Final = 5
"""How many of them have intervals, which take most of the time."""
_RESAMPLES: Final = 100


@dataclass(frozen=True)
class Counts:
    """Right solutions of each problem.

    Attributes:
        n_solutions: (P,) N, at least 1.
        n_correct: (P,) c.
    """

    n_solutions: I64
    n_correct: I64

    @property
    def supported(self) -> int:
        """The largest N that at least 80% of the problems hold."""
        held = np.sort(self.n_solutions)[::-1]
        return int(held[math.ceil(SUPPORT * held.size) - 1])


@dataclass(frozen=True)
class CoverageForecast:
    """Coverage of the same problems with more solutions than were sampled.

    Attributes:
        solutions: (J,) k.
        success: (J,) coverage at k.
        conf_low: (J,) lower end of its 95% interval; nan without resamples.
        conf_high: (J,) upper end.
        backtests: One for each k.
        fits: Every model fitted to all problems, B = 1.
        counts: What it was fitted to.
    """

    solutions: I64
    success: F64
    conf_low: F64
    conf_high: F64
    backtests: tuple[Backtest, ...]
    fits: RateFits
    counts: Counts

    @property
    def model(self) -> str:
        """Name of the model chosen."""
        return MODELS[int(self.fits.chosen[0])].name


def correct_counts(pool: Pool, table: SuccessTable) -> Counts:
    """Count the right solutions of a success table's problems, in its order.

    All solutions that the table's options admit count, also those beyond its grid.

    Raises:
        NotInPoolError: The pool holds no answers.
    """
    options = table.options
    if options is None:
        raise NotInPoolError(
            f"{pool.path}: a published table has no counts of right solutions, which a forecast of"
            " coverage is fitted to"
        )
    only_verified = options.population == "verified"
    reader = SampleReader(
        pool,
        table.verifier if only_verified else None,
        only_verified=only_verified,
        half=options.half,
        seed=options.seed,
    )
    wanted = set(table.problem_ids)
    kept = np.array([name in wanted for name in reader.problem_ids], np.bool_)
    found = {
        sample.problem_id: (sample.n_solutions, int(sample.correct.sum()))
        for batch in reader.batches(kept)
        for sample in batch
    }
    counts = np.array([found[name] for name in table.problem_ids], np.int64)
    return Counts(counts[:, 0], counts[:, 1])


def forecast_coverage(
    counts: Counts, solutions: npt.ArrayLike, resamples: Resamples | None = None, *, seed: int = 0
) -> CoverageForecast:
    r"""Forecast coverage at k beyond what was sampled, with a backtest for each k.

    The N solutions at hand count as the first N of the k. A problem that is solved among them is
    solved; one that is not stays unsolved with chance E[(1 - p)^k] / E[(1 - p)^N], the expectations
    by the fitted distribution of p over problems. So the forecast continues the unbiased estimate,
    with which it agrees at k = N, and rests on the fit only where nothing was observed.

    The backtest of k keeps n = N^2 / k random solutions of each problem (at least 2), forecasts N
    from them and compares with the unbiased coverage at N, over 40 such samples.

    The interval is the wider, at either end, of percentiles over resampled problems, with all
    models fitted and one chosen again, and of Wilson's interval of the problems' mean, which keeps
    its coverage near 0 and 1 (see `success_intervals`).

    Args:
        counts: Right solutions of each problem.
        solutions: (J,) values of k.
        resamples: Resampled problems; None for no intervals.
        seed: Seed of the samples that backtests keep.

    Raises:
        BadInputError: A k is not beyond what was sampled, or too large.
        NotInPoolError: Too little was sampled to hold anything back, or no solution is right.
    """
    try:
        k = np.atleast_1d(np.asarray(solutions, np.int64))
    except OverflowError:
        raise BadInputError(f"solutions: use at most {MOST_SOLUTIONS:,}") from None
    _check(counts, k)
    pairs = Pairs(counts.n_solutions, counts.n_correct)
    fits = fit_rates(pairs, pairs.weigh(_equal(counts.n_solutions.size)))
    by_problem = pair_coverage(pairs, fits, k)[0, pairs.of_problem]
    low, high = (np.full(k.size, np.nan) for _ in range(2))
    if resamples is not None:
        low, high = _intervals(pairs, fits, by_problem, k, resamples)
    return CoverageForecast(
        k,
        by_problem.mean(axis=0),
        low,
        high,
        tuple(_backtest(counts, value, resamples is not None, seed) for value in k.tolist()),
        fits,
        counts,
    )


def coverage_bounds(
    counts: Counts, solutions: I64, resamples: Resamples | None = None
) -> tuple[F64, F64] | None:
    """Coverage at any S, within the data and beyond: what no strategy exceeds.

    Args:
        counts: Right solutions of each problem.
        solutions: (J,) values of S.
        resamples: Resampled problems; None for no intervals.

    Returns:
        (J,) coverage and (J,) upper end of its 95% interval (without resamples 1); None where the
        counts are too few to forecast coverage.
    """
    if counts.supported < LEAST_SOLUTIONS or not counts.n_correct.any():
        return None
    pairs = Pairs(counts.n_solutions, counts.n_correct)
    fits = fit_rates(pairs, pairs.weigh(_equal(counts.n_solutions.size)))
    by_problem = pair_coverage(pairs, fits, solutions)[0, pairs.of_problem]
    high = np.ones(solutions.size)
    if resamples is not None:
        high = _intervals(pairs, fits, by_problem, solutions, resamples)[1]
    return by_problem.mean(axis=0), high


def pair_coverage(pairs: Pairs, fits: RateFits, solutions: npt.ArrayLike) -> F64:
    """Coverage of a problem of each pair (N, c), beyond N by each fit.

    Args:
        pairs: U pairs.
        fits: B fits.
        solutions: (J,) values of k.

    Returns:
        (B, U, J): unbiased where k is at most N, else 1 with a right solution, else
        1 - E[(1 - p)^k] / E[(1 - p)^N].
    """
    k = np.atleast_1d(np.asarray(solutions, float))
    N, c = pairs.n_solutions[:, None], pairs.n_correct[:, None]
    seen = np.where(k <= N, coverage(N, c, np.minimum(k, N)), 1.0)
    result = np.repeat(seen[None], fits.chosen.size, axis=0)
    held, place = np.unique(pairs.n_solutions[pairs.none], return_inverse=True)
    # Where the fit makes it all but impossible that N solutions miss, no further one does.
    before = fits.misses(held)[:, :, None]
    after = np.broadcast_to(fits.misses(k)[:, None, :], (len(before), held.size, k.size))
    missed = np.divide(after, before, out=np.zeros(after.shape), where=before > _LEAST_MISSED)
    unsolved = np.flatnonzero(pairs.none)
    result[:, unsolved] = np.where(k > N[unsolved], 1 - missed[:, place], seen[unsolved])
    return result


def _equal(n: int) -> F64:
    return np.full((1, n), 1 / n)


def _check(counts: Counts, k: I64) -> None:
    N = counts.supported
    if N < LEAST_SOLUTIONS:
        raise NotInPoolError(
            f"a forecast of coverage needs at least {LEAST_SOLUTIONS} solutions per problem, of"
            f" which some are held back to test it; most problems hold {N}: generate more"
        )
    if not counts.n_correct.any():
        raise NotInPoolError(
            "no solution of any problem is right, so nothing says how fast coverage grows:"
            " generate more solutions"
        )
    for value in k.tolist():
        if value <= N:
            raise BadInputError(
                f"solutions = {value}: {N} were sampled, which needs no forecast (see 'svlaw"
                " curves'); ask for more"
            )
        if value > MOST_SOLUTIONS:
            raise BadInputError(f"solutions = {value}: use at most {MOST_SOLUTIONS:,}")


def _intervals(
    pairs: Pairs, fits: RateFits, by_problem: F64, k: I64, resamples: Resamples
) -> tuple[F64, F64]:
    weights = pairs.weigh(resamples.weights)
    again = fit_rates(pairs, weights, fits.repeat(resamples.count))
    means = np.einsum("bu,buj->jb", weights, pair_coverage(pairs, again, k)) / len(by_problem)
    low, high = percentile_interval(means)
    least, most = success_intervals(by_problem.T)
    return np.minimum(low, least), np.maximum(high, most)


def _backtest(counts: Counts, k: int, with_intervals: bool, seed: int) -> Backtest:
    """Forecast coverage at N from random samples of n solutions of each problem.

    N is to n as k to N, but n at least 2.
    """
    N = counts.supported
    kept = max(LEAST_KEPT, N * N // k)
    reaches = kept * k <= N * N
    whole = counts.n_solutions >= N
    total, right = counts.n_solutions[whole], counts.n_correct[whole]
    measured = float(coverage(total, right, N).mean())
    P = total.size
    rng = np.random.default_rng([seed, kept, N, 0xBAC])
    thinned = rng.hypergeometric(right, total - right, kept, size=(_THINNINGS, P))
    # The pairs of all samples together, so that one call fits them all.
    pairs = Pairs(np.full(thinned.size, kept), thinned.ravel())
    of_problem = pairs.of_problem.reshape(thinned.shape)
    counted = np.stack([np.bincount(row, minlength=pairs.none.size) for row in of_problem])
    first = fit_rates(pairs, counted[:1].astype(float))
    fits = fit_rates(pairs, counted.astype(float), first.repeat(_THINNINGS))
    forecasts = pair_coverage(pairs, fits, N)[..., 0]
    errors = np.einsum("bu,bu->b", counted, forecasts) / P - measured
    inside = None
    if with_intervals:
        resamples = Resamples(rng.multinomial(P, _equal(P)[0], size=_RESAMPLES) / P)
        spans = [
            _sample_interval(row, kept, fits.row(place), N, resamples)
            for place, row in enumerate(thinned[:_INTERVALS])
        ]
        inside = np.array([low <= measured <= high for low, high in spans])
    words = f"{kept} to {N} solutions"
    return summarise(words, errors, inside, reaches=reaches, random=True)


def _sample_interval(
    n_correct: I64, kept: int, fits: RateFits, N: int, resamples: Resamples
) -> tuple[float, float]:
    """Interval of coverage at N from one sample of the solutions."""
    pairs = Pairs(np.full(n_correct.size, kept), n_correct)
    k = np.array([N])
    by_problem = pair_coverage(pairs, fits, k)[0, pairs.of_problem]
    low, high = _intervals(pairs, fits, by_problem, k, resamples)
    return float(low[0]), float(high[0])

"""True success in a simulated population of what takes sampling: weights, shared calls."""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.stats import qmc

from svlaw.analysis.kernels.compilation import kernel
from svlaw.analysis.kernels.random_streams import draw_bits, new_stream
from svlaw.data.progress import Progress, silent
from svlaw.data.workers.cores import usable_cores
from svlaw.fit.simulation.population import Simulation
from svlaw.fit.simulation.quadrature import rate_quantiles

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_PILOT: Final = (64, 7)
"""Scrambles of the pilot, and the log2 of the points in each."""
_POINTS: Final = 10
"""Log2 of the points in a scramble."""
_SCRAMBLES: Final = (16, 16384)
"""Fewest and most scrambles; the spread of their means gives the standard error."""


def weighted_vote(
    simulation: Simulation,
    solutions: I64,
    verifications: I64,
    *,
    tolerance: float,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = silent,
) -> tuple[F64, F64]:
    """True success of weighted voting at every (S, V), by fresh draws.

    Every draw takes a problem of its own, S solutions and V verdicts of each. Problems are spread
    over the laws of the three rates by scrambled Sobol points, so that nearly all that is left of
    the error is that of the draws. A pilot decides how many.

    Args:
        simulation: The population.
        solutions: (G,) values of S, ascending.
        verifications: (W,) values of V, ascending.
        tolerance: Wanted standard error.
        seed: Seed of every random draw.
        threads: Threads to use; all cores when None. The result does not depend on it.
        progress: Called with the number of scrambles done.

    Returns:
        (G, W) success over the problems that are neither unsolvable nor always solved, and its
        standard error.
    """
    return _sampled(
        partial(_samples, simulation, solutions, verifications, False, seed, threads),
        tolerance,
        progress,
    )


def best_of_n_by_calls(
    simulation: Simulation,
    solutions: I64,
    verifications: I64,
    *,
    tolerance: float,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = silent,
) -> tuple[F64, F64]:
    """True success of best-of-N by shared calls at every (S, V), by fresh draws.

    Args:
        simulation: The population, with shared calls.
        solutions: (G,) values of S, ascending.
        verifications: (W,) values of V, ascending.
        tolerance: Wanted standard error.
        seed: As in `weighted_vote`, and so on.
        threads: Threads to use.
        progress: Called with the number of scrambles done.

    Returns:
        As `weighted_vote`.
    """
    return _sampled(
        partial(_samples, simulation, solutions, verifications, True, seed, threads),
        tolerance,
        progress,
    )


def _sampled(
    samples: Callable[[str, int, int, Progress], F64], tolerance: float, progress: Progress
) -> tuple[F64, F64]:
    """Means over as many scrambles as the pilot asks for, and their standard errors."""
    pilot = samples("pilot", *_PILOT, silent)
    spread = float(pilot.var(axis=0, ddof=1).max()) * 2 ** (_PILOT[1] - _POINTS)
    # The pilot's variance is itself an estimate, see `replication`.
    wanted = math.ceil(spread * (1 + math.sqrt(2 / _PILOT[0])) / tolerance**2)
    count = min(max(wanted, _SCRAMBLES[0]), _SCRAMBLES[1])
    means = samples("draw", count, _POINTS, progress)
    return means.mean(axis=0), means.std(axis=0, ddof=1) / math.sqrt(count)


def _samples(
    simulation: Simulation,
    solutions: I64,
    verifications: I64,
    takes_best: bool,
    seed: int,
    threads: int | None,
    label: str,
    count: int,
    exponent: int,
    progress: Progress,
) -> F64:
    """(count, G, W) means of so many scrambles."""
    means = np.empty((count, solutions.size, verifications.size))

    def work(i: int) -> None:
        means[i] = sample_votes(
            simulation, solutions, verifications, takes_best, exponent, seed, f"{label} {i}"
        )

    executor = ThreadPoolExecutor(threads or usable_cores())
    try:
        for done, _ in enumerate(executor.map(work, range(count)), 1):
            progress(done, count)
    finally:
        executor.shutdown(cancel_futures=True)
    means[:, solutions == 1] = simulation.pass_rate  # a single vote wins whatever its weight
    return means


def sample_votes(
    simulation: Simulation,
    solutions: I64,
    verifications: I64,
    takes_best: bool,
    exponent: int,
    seed: int,
    label: str,
    wanted: Mask | None = None,
) -> F64:
    """Mean success of weighted voting, or by shared calls of best-of-N, over one scramble.

    Args:
        simulation: The population.
        solutions: (G,) values of S, ascending.
        verifications: (W,) values of V, ascending.
        takes_best: Whether it is best-of-N, which is sampled by shared calls only.
        exponent: Log2 of the number of problems.
        seed: Seed of every random draw.
        label: What the draws are for; the same draws for the same seed and label.
        wanted: (G, W) which points are wanted; all when None.

    Returns:
        (G, W) success over the problems that are neither unsolvable nor always solved; of no use at
        points that are not wanted.
    """
    stream = new_stream(seed, "weighted_vote", label)
    points = qmc.Sobol(3, rng=np.random.default_rng(stream)).random_base2(exponent)
    laws = (
        (simulation.pass_rate, simulation.pass_rate_spread),
        (simulation.true_positive_rate, simulation.true_positive_spread),
        (simulation.false_positive_rate, simulation.false_positive_spread),
    )
    rates = np.stack([rate_quantiles(*law, points[:, i]) for i, law in enumerate(laws)], axis=1)
    sums = np.zeros((solutions.size, verifications.size))
    population = (
        rates,
        np.cumsum(simulation.wrong_weights)[:-1],
        simulation.no_answer,
        simulation.correlation,
    )
    if wanted is None:
        wanted = np.ones(sums.shape, np.bool_)
    if simulation.shared_calls:
        _judge_by_calls(*population, takes_best, solutions, verifications, wanted, stream, sums)
    else:
        widths = (wanted * solutions[:, None]).max(axis=0)
        _vote_on_fresh_draws(*population, solutions, verifications, widths, stream, sums)
    return sums / len(rates)


@kernel
def _uniform(stream):  # type: ignore[no-untyped-def]
    """A uniform number in [0, 1)."""
    return (draw_bits(stream) >> np.uint64(11)) * 2.0**-53


@kernel
def _vote_on_fresh_draws(  # type: ignore[no-untyped-def]
    rates, cumulative, no_answer, correlation, solutions, verifications, widths, stream, sums
):
    """Add the outcome of weighted voting on each problem, at every (S, V), to running sums.

    Verdicts of one solution come from a Polya urn, which draws them as if the solution had a chance
    of its own from a Beta law. Ties count as their expected value.

    Args:
        rates: (P, 3) pass rate, true positive rate and false positive rate of each problem.
        cumulative: (K - 1,) cumulative chances of the wrong answers but the last.
        no_answer: Chance that a wrong solution has no answer.
        correlation: Correlation of two verdicts on one solution.
        solutions: (G,) values of S, ascending.
        verifications: (W,) values of V, ascending.
        widths: (W,) largest S wanted at each V.
        stream: Stream state (see `streams`), advanced in place.
        sums: (G, W) float64, increased by the outcomes.
    """
    depths, length = verifications.size, solutions[-1]
    tallies = np.empty((cumulative.size + 2, depths), np.int64)
    most = np.empty(depths, np.int64)
    tied, right = np.empty(depths), np.empty(depths)
    scale = np.empty(verifications[-1])
    for k in range(1, scale.size):
        scale[k] = 1.0 / (1.0 - correlation + correlation * k)
    for i in range(rates.shape[0]):
        pass_rate, true_positive, false_positive = rates[i]
        tallies[:] = -1
        most[:] = -1
        tied[:] = 1.0
        right[:] = 0.0
        g = 0
        for j in range(length):
            is_right = _uniform(stream) < pass_rate
            answer, chance = 0, true_positive
            if not is_right:
                chance = false_positive
                answer = -1
                if _uniform(stream) >= no_answer:
                    answer = 1 + np.searchsorted(cumulative, _uniform(stream), side="right")
            if answer >= 0:
                yes, k = 0, 0
                for w in range(depths):
                    if j >= widths[w]:
                        continue
                    while k < verifications[w]:
                        next_yes = chance
                        if k > 0:
                            next_yes = (chance * (1.0 - correlation) + correlation * yes) * scale[k]
                        yes += _uniform(stream) < next_yes
                        k += 1
                    before = tallies[answer, w]
                    after = max(before, 0) + yes
                    tallies[answer, w] = after
                    leads = after > most[w]
                    joins = after == most[w] and before < most[w]
                    most[w] = max(most[w], after)
                    tied[w] = 1.0 if leads else tied[w] + joins
                    gain = 1.0 if is_right else 0.0
                    right[w] = gain if leads else (right[w] + gain if joins else right[w])
            if j + 1 == solutions[g]:
                for w in range(depths):
                    sums[g, w] += right[w] / tied[w]
                g += 1


@kernel
def _judge_by_calls(  # type: ignore[no-untyped-def]
    rates, cumulative, no_answer, correlation, takes_best, solutions, verifications, wanted, stream,
    sums,
):  # fmt: skip
    """The same where V shared calls judge all solutions of an answer alike.

    A solution without an answer scores 0. Best-of-N takes a solution of the highest score, weighted
    voting an answer of the largest sum of scores; ties count as their expected value.

    Args:
        rates: As above, and so on.
        takes_best: Whether it is best-of-N.
        cumulative: (K - 1,) cumulative chances of the wrong answers but the last.
        no_answer: Chance that a wrong solution has no answer.
        correlation: Correlation of two verdicts on one answer.
        solutions: (G,) values of S, ascending.
        verifications: (W,) values of V, ascending.
        wanted: (G, W) bool, which points are wanted; others keep their sums.
        stream: Stream state (see `streams`), advanced in place.
        sums: (G, W) float64, increased by the outcomes.
    """
    depths, n_answers = verifications.size, cumulative.size + 2
    scores = np.empty((n_answers, depths), np.int64)
    votes = np.empty(n_answers, np.int64)
    for i in range(rates.shape[0]):
        pass_rate, true_positive, false_positive = rates[i]
        votes[:] = 0
        silent, g = 0, 0
        for j in range(solutions[-1]):
            answer = 0
            if _uniform(stream) >= pass_rate:
                answer = -1
                if _uniform(stream) >= no_answer:
                    answer = 1 + np.searchsorted(cumulative, _uniform(stream), side="right")
            if answer < 0:
                silent += 1
            else:
                if votes[answer] == 0:
                    chance = true_positive if answer == 0 else false_positive
                    _draw_yes(chance, correlation, verifications, stream, scores[answer])
                votes[answer] += 1
            if j + 1 == solutions[g]:
                for w in range(depths):
                    if wanted[g, w]:
                        sums[g, w] += _chosen(votes, scores[:, w], silent, takes_best)
                g += 1


@kernel
def _draw_yes(chance, correlation, verifications, stream, counts):  # type: ignore[no-untyped-def]
    """Write how many of V calls say yes to an answer, at each V, from a Polya urn."""
    yes, k = 0, 0
    for w in range(verifications.size):
        while k < verifications[w]:
            next_yes = chance
            if k > 0:
                next_yes = (chance * (1.0 - correlation) + correlation * yes) / (
                    1.0 - correlation + correlation * k
                )
            yes += _uniform(stream) < next_yes
            k += 1
        counts[w] = yes


@kernel
def _chosen(votes, scores, silent, takes_best):  # type: ignore[no-untyped-def]
    """Chance that the choice is right: answer 0, of solutions that score 0 without an answer."""
    most, tied, right = -1, 0.0, 0.0
    if takes_best and silent > 0:
        most, tied = 0, float(silent)
    for a in range(votes.size):
        if votes[a] == 0:
            continue
        value = scores[a] if takes_best else votes[a] * scores[a]
        weight = float(votes[a]) if takes_best else 1.0
        if value > most:
            most, tied, right = value, 0.0, 0.0
        if value == most:
            tied += weight
            right += weight if a == 0 else 0.0
    return right / tied if tied > 0 else 0.0

"""True success of plurality voting in a simulated population, exactly but for rounding."""

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.stats import binom, poisson

from svlaw.fit.simulation.population import Simulation
from svlaw.fit.simulation.quadrature import yes_counts

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

MOST_VOTES: Final = 1000
"""Largest S of self-consistency: beyond, intermediate chances would underflow."""


def self_consistency(simulation: Simulation, solutions: I64) -> F64:
    """True success of plurality voting at each S, exactly but for rounding.

    Of S solutions r are right and, of the others, w have an answer: r is beta-binomial, w given r
    binomial, and the chance that r right votes win against w wrong ones depends on neither
    difficulty nor S.

    Args:
        simulation: The population.
        solutions: (G,) values of S, at most `MOST_VOTES`.

    Returns:
        (G,) success over the problems that are neither unsolvable nor always solved.
    """
    most = int(solutions.max())
    wins = _plurality(tuple(simulation.wrong_weights.tolist()), most)
    count = np.arange(most + 1)
    # answered[n, w]: chance that w of n wrong solutions have an answer.
    answered = np.asarray(binom.pmf(count, count[:, None], 1 - simulation.no_answer))
    wins_against = wins @ answered.T
    success = []
    for S in solutions.tolist():
        right = yes_counts(np.array([simulation.pass_rate]), simulation.pass_rate_spread, S)[0]
        rows = np.arange(1, S + 1)
        success.append(right[rows] @ wins_against[rows, S - rows])
    return np.array(success)


@lru_cache(maxsize=4)
def _plurality(chances_of_wrong: tuple[float, ...], most: int) -> F64:
    """Chance that m right votes win against w wrong ones, ties counting as their share.

    With q_b the chance of wrong answer b, it is w! [x^w] of the integral over y in [0, 1] of
    prod_b (sum_{l<m} (q_b x)^l / l! + y (q_b x)^m / m!), where y^t turns into 1 / (1 + t) for t
    tied rivals. Powers are scaled to Poisson chances, so nothing overflows; all terms are positive.

    Args:
        chances_of_wrong: (K,) chance of each wrong answer.
        most: Most votes together.

    Returns:
        (most + 1, most + 1) chances by m and w, where m + w is at most `most`.
    """
    weights = np.array(chances_of_wrong)
    wins = np.zeros((most + 1, most + 1))
    votes = np.arange(most + 1)
    scale = max(most / 2, 1.0)
    chances = np.asarray(poisson.pmf(votes, scale * weights[:, None]))
    total = np.asarray(poisson.pmf(votes, scale))
    for m in range(1, most + 1):
        room = most - m
        if room < m:
            wins[m:, : room + 1] = 1.0
            break
        points, point_weights = np.polynomial.legendre.leggauss(
            min(room // m, weights.size) // 2 + 1
        )
        for y, weight in zip((1 + points) / 2, point_weights / 2, strict=True):
            product = np.ones(1)
            for chance in chances:
                factor = chance[: m + 1].copy()
                factor[m] *= y
                product = np.convolve(product, factor)[: room + 1]
            wins[m, : product.size] += weight * product
        wins[m, : room + 1] /= total[: room + 1]
    wins.flags.writeable = False  # kept for the next population of the same wrong answers
    return wins

"""What each way of spending a budget achieves in a simulated population.

Three approaches: *voting* takes the plurality of S solutions; *stopping* votes too, but ends when
the leading answer is far enough ahead; *verifying* is the better of best-of-N and weighted voting,
at the best S and V. Success is that over infinitely many problems of the population.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from svlaw.analysis.cost import ROUNDING, RelativeCost
from svlaw.analysis.success.grid import spaced_values
from svlaw.fit.simulation.plurality import MOST_VOTES, self_consistency
from svlaw.fit.simulation.population import Simulation
from svlaw.fit.simulation.quadrature import best_of_n
from svlaw.fit.simulation.voting import sample_votes

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

Approach = Literal["voting", "stopping", "verifying"]

SCRAMBLES: Final = 16
"""Independent samples of problems behind each sampled success; half choose, half score."""
_NODES: Final = 6
"""Quadrature nodes for each of the verifier's rates: best-of-N within 0.01 points."""
_PER_DOUBLING: Final = 4
"""Values of V per doubling."""


@dataclass(frozen=True)
class Choice:
    """The best that an approach does within a budget.

    Attributes:
        strategy: The strategy.
        setting: Setting of a policy; empty for any other strategy.
        solutions: S; for a policy the most solutions of a problem.
        verifications: V; 0 without a verifier.
        cost: C(S, V), or the mean cost of a policy.
        success: Success over the population.
        error: Monte-Carlo standard error of the success; 0 where it is exact.
    """

    strategy: str
    setting: str
    solutions: int
    verifications: int
    cost: float
    success: float
    error: float


def best_vote(simulation: Simulation, budget: float) -> Choice:
    """Self-consistency with the S, at most the budget, that succeeds most; exact.

    Args:
        simulation: The population.
        budget: Most solutions for a problem, from 1.
    """
    most = min(int(budget * (1 + ROUNDING)), MOST_VOTES)
    solutions = np.array(spaced_values(most, "fine"))
    success = self_consistency(simulation, solutions)
    best = int(success.round(12).argmax())
    S = int(solutions[best])
    return Choice(
        "self_consistency", "", S, 0, float(S), overall(simulation, float(success[best])), 0.0
    )


def best_verified(
    simulation: Simulation, cost: RelativeCost, budget: float, *, exponent: int, seed: int = 0
) -> Choice | None:
    """The better of best-of-N and weighted voting, at the best S and V within a budget.

    V runs through four values per doubling, S is the largest that the budget then pays for.
    Best-of-N by independent calls is exact. What is sampled is chosen on half of the samples and
    scored on the other half, so that its success is not too high for having been chosen.

    Args:
        simulation: The population.
        cost: The cost model, with calls of the population's kind.
        budget: Most to spend on a problem.
        exponent: Log2 of the problems in each of `SCRAMBLES` samples.
        seed: Seed of the sampling; the same draws for all populations.

    Returns:
        The choice; None where the budget does not pay for one verified solution.
    """
    solutions, verifications = points_within(cost, budget)
    if not solutions.size:
        return None
    weighted, error = _sampled(simulation, solutions, verifications, False, exponent, seed)
    if simulation.shared_calls:
        best, best_error = _sampled(simulation, solutions, verifications, True, exponent, seed)
    else:
        points = zip(solutions.tolist(), verifications.tolist(), strict=True)
        exact = [best_of_n(simulation, np.array([float(S)]), V, _NODES)[0] for S, V in points]
        best, best_error = np.array([exact, exact]), np.zeros(solutions.size)
    found = []
    for name, (chosen, scored), errors in (
        ("best_of_n", best, best_error),
        ("weighted_vote", weighted, error),
    ):
        place = int(chosen.round(12).argmax())
        S, V = int(solutions[place]), int(verifications[place])
        found.append(
            Choice(
                name,
                "",
                S,
                V,
                float(cost(S, V)),
                overall(simulation, float(scored[place])),
                simulation.varied * float(errors[place]),
            )
        )
    return max(found, key=lambda one: one.success)


def points_within(cost: RelativeCost, budget: float) -> tuple[I64, I64]:
    """Every V tried, and the largest S that a budget then pays for.

    Args:
        cost: The cost model.
        budget: Most to spend on a problem.

    Returns:
        (n,) values of S, and of V in ascending order; of equal S only the largest V.
    """
    deepest = int(cost.verifications_at(np.array([budget]), np.ones(1), budget / cost.ratio)[0])
    if deepest < 1:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    steps = np.arange(np.floor(_PER_DOUBLING * np.log2(deepest)) + 1)
    depths = np.unique(np.append(np.rint(2.0 ** (steps / _PER_DOUBLING)), deepest)).astype(np.int64)
    widths = np.floor(cost.solutions_at(budget, depths) * (1 + ROUNDING)).astype(np.int64)
    kept = np.append(widths[1:] < widths[:-1], True) & (widths >= 1)
    return widths[kept], depths[kept]


def overall(simulation: Simulation, success: float) -> float:
    """Success over all problems, from that over the problems that are sometimes solved."""
    return simulation.always_solved + simulation.varied * success


def _sampled(
    simulation: Simulation,
    solutions: I64,
    verifications: I64,
    takes_best: bool,
    exponent: int,
    seed: int,
) -> tuple[F64, F64]:
    """(2, n) success in the samples that choose and in those that score, and (n,) its error."""
    values, rows = np.unique(solutions, return_inverse=True)
    columns = np.arange(verifications.size)
    samples = np.stack(
        [
            sample_votes(
                *(simulation, values, verifications, takes_best, exponent, seed, f"map {number}"),
                wanted=values[:, None] == solutions,
            )[rows, columns]
            for number in range(SCRAMBLES)
        ]
    )
    samples[:, solutions == 1] = simulation.pass_rate  # a single vote wins whatever its weight
    halves = samples.reshape(2, SCRAMBLES // 2, -1)
    error = halves[1].std(axis=0, ddof=1) / np.sqrt(SCRAMBLES // 2)
    return halves.mean(axis=1), error

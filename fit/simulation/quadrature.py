"""Quadrature over rates that vary; true coverage and best-of-N by it."""

import math
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh_tridiagonal
from scipy.special import betaincinv, betaln, gammaln

from svlaw.fit.simulation.population import Simulation, beta_parameters

F64 = npt.NDArray[np.float64]

VERIFIER_NODES: Final = 24
"""Nodes for each of the verifier's rates."""
OPTIMUM_NODES: Final = 16
"""The same where only the place of an optimum counts."""
_COARSER: Final = 2 / 3
"""Nodes of the rule that the error is taken from, over those of the result."""


def rate_rule(mean: float, spread: float, nodes: int) -> tuple[F64, F64]:
    """Gauss-Jacobi rule for the mean of a function of a rate.

    Exact for polynomials of degree below 2 n. By the eigenvalues of the Jacobi matrix, since
    `scipy.special.roots_jacobi` overflows where the spread is small and gives negative nodes where
    it is near 1.

    Args:
        mean: Mean of the rate.
        spread: Its spread.
        nodes: n, the number of nodes; fewer are returned where the rate takes fewer values.

    Returns:
        Nodes in [0, 1] and their weights, which add up to 1.

    Source:
        Golub and Welsch 1969 (doi 10.1090/S0025-5718-69-99647-1).
    """
    parameters = beta_parameters(mean, spread)
    if parameters is None:
        if spread == 1:
            return np.array([0.0, 1.0]), np.array([1 - mean, mean])
        return np.array([mean]), np.ones(1)
    a, b = parameters
    c = a + b
    i = np.arange(1, nodes)
    j = i[1:]
    diagonal = np.append((a - b) / c, (a - b) * (c - 2) / ((2 * i + c - 2) * (2 * i + c)))
    squares = 4 * j * (j + a - 1) * (j + b - 1) * (j + c - 2)
    squares /= (2 * j + c - 2) ** 2 * ((2 * j + c - 2) ** 2 - 1)
    # The general term is 0 / 0 at the first place where a + b = 1.
    first = 4 * a * b / (c**2 * (c + 1))
    values, vectors = eigh_tridiagonal(diagonal, np.sqrt(np.append(first, squares))[: nodes - 1])
    return np.clip((1 + values) / 2, 0.0, 1.0), vectors[0] ** 2


def rate_quantiles(mean: float, spread: float, shares: F64) -> F64:
    """The rate below which each share of its law lies."""
    parameters = beta_parameters(mean, spread)
    if parameters is not None:
        quantiles: F64 = betaincinv(*parameters, shares)
        return quantiles
    if spread == 1:
        return (shares >= 1 - mean).astype(float)
    return np.full(shares.shape, float(mean))


def yes_counts(means: F64, spread: float, draws: int) -> F64:
    r"""Chance of each number of yes among draws that share a rate.

    Beta-binomial, C(V, k) prod_{i<k} (m + i s) prod_{i<V-k} (1 - m + i s) / prod_{i<V} (1 + i s)
    with s = r / (1 - r), every factor times 1 - r, so that r = 0, r = 1, m = 0 and m = 1 are no
    exceptions. (`scipy.stats.betabinom` loses half of its digits where r is small.)

    Args:
        means: (n,) mean m of the rate.
        spread: Its spread r, the correlation of two draws.
        draws: V, from 1.

    Returns:
        (n, V + 1) chances of 0 .. V.
    """
    k = np.arange(draws + 1)
    steps = spread * np.arange(1, draws)

    def log_product(m: F64) -> F64:
        """(n, V + 1) logs of the product of the first k factors."""
        factors = np.column_stack([m, (1 - spread) * m[:, None] + steps])
        logs = np.cumsum(np.log(factors), axis=1)
        return np.column_stack([np.zeros_like(m), logs])

    with np.errstate(divide="ignore"):  # the log of a chance of 0
        logs = log_product(means) + log_product(1 - means)[:, ::-1]
        logs[:, 1:-1] += np.log1p(-spread)
    logs += gammaln(draws + 1) - gammaln(k + 1) - gammaln(draws - k + 1)
    result: F64 = np.exp(logs - np.log(1 - spread + steps).sum())
    return result


def coverage(simulation: Simulation, solutions: F64) -> F64:
    """True coverage, 1 - E[(1 - p)^S].

    Args:
        simulation: The population.
        solutions: (G,) values of S, real numbers.

    Returns:
        (G,) coverage over the problems that are neither unsolvable nor always solved.
    """
    parameters = beta_parameters(simulation.pass_rate, simulation.pass_rate_spread)
    if parameters is not None:
        a, b = parameters
        result: F64 = -np.expm1(betaln(a, b + solutions) - betaln(a, b))
        return result
    if simulation.pass_rate_spread == 1:
        return np.full(solutions.shape, float(simulation.pass_rate))
    misses: F64 = (1 - simulation.pass_rate) ** solutions
    return 1 - misses


def best_of_n_with_error(
    simulation: Simulation, solutions: F64, verifications: int
) -> tuple[F64, F64]:
    """True success of best-of-N, and how far a coarser rule is off.

    Args:
        simulation: The population.
        solutions: (G,) values of S, real numbers from 1.
        verifications: V.

    Returns:
        Two arrays (G,), over the problems that are neither unsolvable nor always solved.
    """
    fine = best_of_n(simulation, solutions, verifications, VERIFIER_NODES)
    coarse = best_of_n(
        simulation, solutions, verifications, int(_COARSER * VERIFIER_NODES), _COARSER
    )
    return fine, np.abs(fine - coarse)


def best_of_n(
    simulation: Simulation,
    solutions: F64,
    verifications: int,
    verifier_nodes: int,
    share: float = 1.0,
) -> F64:
    """True success of best-of-N.

    With p the chance that a solution is right and f_1(k), f_0(k) the chances that k of its V
    verdicts are yes when it is right or wrong, g = p f_1 + (1 - p) f_0 and G the sum of g up to k,
    it is the mean over p and the verifier's rates of sum_k [G(k)^S - G(k-1)^S] p f_1(k) / g(k).

    Success varies with p fastest where p is about 1 / S. Nodes of a Gauss rule crowd near the ends,
    as 1 / n^2, so about 4 sqrt(S) of them follow it. For whole S it is a polynomial of degree S in
    p, for which S / 2 + 1 nodes are exact.

    Args:
        simulation: The population.
        solutions: (G,) values of S, real numbers from 1.
        verifications: V.
        verifier_nodes: Nodes for each of the verifier's rates.
        share: Share of the nodes for p to use.

    Returns:
        (G,) success over the problems that are neither unsolvable nor always solved.
    """
    most = float(solutions.max())
    nodes = share * (16 + 4 * math.sqrt(most))
    if np.array_equal(solutions, np.rint(solutions)):
        nodes = min(nodes, most // 2 + 1)
    p, p_weights = rate_rule(simulation.pass_rate, simulation.pass_rate_spread, math.ceil(nodes))
    t, t_weights = rate_rule(
        simulation.true_positive_rate, simulation.true_positive_spread, verifier_nodes
    )
    f, f_weights = rate_rule(
        simulation.false_positive_rate, simulation.false_positive_spread, verifier_nodes
    )
    right = yes_counts(t, simulation.correlation, verifications)[:, None]
    wrong = (1 - simulation.no_answer) * yes_counts(f, simulation.correlation, verifications)
    wrong[:, 0] += simulation.no_answer  # no answer scores 0 and is wrong
    right_below, wrong_below = np.cumsum(right, axis=-1), np.cumsum(wrong, axis=-1)
    success = np.zeros(solutions.size)
    for rate, weight in zip(p, p_weights, strict=True):
        chance = rate * right + (1 - rate) * wrong
        share_right = np.divide(rate * right, chance, out=np.zeros_like(chance), where=chance > 0)
        # sum_k [G(k)^S - G(k-1)^S] h(k) = sum_k G(k)^S [h(k) - h(k+1)]
        change = -np.diff(share_right, axis=-1, append=0.0)
        change *= (t_weights[:, None] * f_weights)[..., None]
        with np.errstate(divide="ignore"):  # the log of a chance of 0
            logs = np.log(rate * right_below + (1 - rate) * wrong_below)
        logs[..., -1] = 0.0
        success += weight * (np.exp(solutions[:, None] * logs.ravel()) @ change.ravel())
    return success

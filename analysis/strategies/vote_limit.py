"""The limit of a vote over ever more solutions: whether the most likely answer is right."""

from typing import Final

import numpy as np
import numpy.typing as npt

from svlaw.analysis.kernels.problem_sample import ProblemSample

F64 = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_PRIOR: Final = 0.5
"""Solutions that each answer counts as having beforehand (Jeffreys)."""
_NODES: Final = 128
"""Nodes of the quadrature."""


def vote_limit(sample: ProblemSample) -> float:
    r"""Chance, given a problem's solutions, that its most likely answer is right.

    With more and more solutions the plurality becomes the answer of the largest chance, and this is
    the vote's limit. With n_a of the solutions giving answer a, the chances of the answers are
    Dirichlet(n_a + 1/2), that is gamma variables of shapes n_a + 1/2 over their sum, so that

    P(a is the most likely) = int_0^1 prod_{b != a} F_b(F_a^{-1}(u)) du,

    with F_a the gamma distribution function. A right answer that no solution gave counts as one
    with n_a = 0; other answers that were not given are left out. An answer that is right in some of
    its solutions counts as their share. A solution without an answer has no vote.

    Args:
        sample: The problem.

    Returns:
        The chance; 0 where no solution has an answer.
    """
    votes = np.bincount(sample.classes[sample.classes >= 0]).astype(float)
    shares = sample.shares
    if not votes.size:
        return 0.0
    if not shares.any():
        votes, shares = np.append(votes, 0.0), np.append(shares, 1.0)
    return float(shares @ most_likely(votes, shares > 0))


def most_likely(votes: F64, wanted: Mask) -> F64:
    """Chance of each answer to be the most likely one.

    Args:
        votes: (K,) solutions of each answer.
        wanted: (K,) of which answers the chance is wanted.

    Returns:
        (K,) chances; 0 where not wanted.
    """
    from scipy.special import gammainc, gammaincinv  # noqa: PLC0415

    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    shares, weights = (1 + nodes) / 2, weights / 2
    shapes, place, counts = np.unique(votes + _PRIOR, return_inverse=True, return_counts=True)
    chances = np.zeros(shapes.size)
    for k in np.unique(place[wanted]):
        shape = shapes[k]
        reached = gammaincinv(shape, shares)
        below = gammainc(shapes[:, None], reached)
        rivals = counts - (np.arange(shapes.size) == k)
        chances[k] = weights @ np.prod(below ** rivals[:, None], axis=0)
    result: F64 = np.where(wanted, chances[place], 0.0)
    return result

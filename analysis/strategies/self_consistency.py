"""Self-consistency: plurality voting over S solutions, exact or along random permutations."""

import math

import numpy as np
import numpy.typing as npt

from svlaw.analysis.kernels.compilation import kernel
from svlaw.analysis.kernels.random_streams import shuffle

EXACT_OPERATIONS = 30_000_000
"""Multiplications per problem up to which the exact formula is used."""
_EXACT_SOLUTIONS = 500
"""N beyond which the exact formula's terms, scaled by 2^-N, would underflow."""

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


def is_affordable(counts: I64, max_solutions: int, n_solutions: int) -> bool:
    """Whether the exact formula costs at most `EXACT_OPERATIONS` for one problem.

    Args:
        counts: (K,) votes of each class among all N solutions.
        max_solutions: Largest S wanted.
        n_solutions: N.
    """
    if n_solutions > _EXACT_SOLUTIONS:
        return False
    degree = min(n_solutions, max_solutions)
    terms = sum(
        (int((counts >= m).sum()) // 2 + 1) * float(np.minimum(counts, m).sum())
        for n in np.unique(counts)
        for m in range(1, min(int(n), degree) + 1)
    )
    return terms * degree <= EXACT_OPERATIONS


def exact_vote(classes: npt.NDArray[np.int32], shares: F64, solutions: I64) -> F64:
    r"""Expected accuracy of plurality voting over all subsets of S of N solutions, exactly.

    With n_a votes for class a among all N and w_a the share of a's solutions that are right,
    success = sum_a w_a P(a wins), and, ties counting as their expected value,

    P(a wins) = sum_m C(n_a, m) / C(N, S) [x^(S-m)] (1 + x)^(n_null)
    int_0^1 prod_{b != a} (sum_{l<m} C(n_b, l) x^l + y C(n_b, m) x^m) dy.

    The integral over y turns the number t of tied rivals into 1 / (1 + t); it is exact by
    Gauss-Legendre quadrature. Binomials are scaled by 2^-n, so nothing overflows, and all terms are
    positive, so nothing cancels.

    Args:
        classes: (N,) class of each solution, negative for no vote.
        shares: (K,) share of each class's solutions that are right.
        solutions: Values of S, at most N.

    Returns:
        Success at each S.
    """
    voting = classes >= 0
    counts = np.bincount(classes[voting], minlength=shares.size).astype(np.int64)
    n_null = int((~voting).sum())
    if not counts.size:
        return np.zeros(solutions.size)
    sizes = np.unique(counts[counts > 0])
    # In order of size, so that the sum does not depend on how classes are numbered.
    weights = np.array([np.sort(shares[counts == size]).sum() for size in sizes])
    degree = int(solutions.max())
    most = int((counts > 0).sum())
    nodes = [np.polynomial.legendre.leggauss(k) for k in range(1, most // 2 + 2)]
    points = np.zeros((len(nodes), len(nodes)))
    node_weights = np.zeros((len(nodes), len(nodes)))
    for k, (x, w) in enumerate(nodes):
        points[k, : k + 1] = (x + 1) / 2
        node_weights[k, : k + 1] = w / 2
    largest = int(max(counts.max(), n_null))
    numerators = _vote_polynomial(
        np.sort(counts[counts > 0]), sizes, weights, n_null, degree, largest, points, node_weights
    )
    n = classes.size
    log_total = np.array(
        [math.lgamma(n + 1) - math.lgamma(s + 1) - math.lgamma(n - s + 1) for s in solutions]
    ) - n * math.log(2)
    result: F64 = np.minimum(numerators[solutions] / np.exp(log_total), 1.0)
    return result


@kernel
def _vote_polynomial(  # type: ignore[no-untyped-def]  # noqa: PLR0912
    counts, sizes, weights, n_null, degree, largest, points, node_weights
):
    """Coefficients of x^S, S = 0..degree, of the winning polynomial scaled by 2^-N."""
    pmf = np.zeros((largest + 1, largest + 1))
    pmf[0, 0] = 1.0
    for n in range(1, largest + 1):
        pmf[n, 0] = pmf[n - 1, 0] / 2
        for k in range(1, n + 1):
            pmf[n, k] = (pmf[n - 1, k] + pmf[n - 1, k - 1]) / 2
    total = np.zeros(degree + 1)
    product = np.zeros(degree + 1)
    scratch = np.zeros(degree + 1)
    for i in range(sizes.size):
        n_a = sizes[i]
        if weights[i] == 0.0:
            continue
        for m in range(1, min(n_a, degree) + 1):
            rivals = 0
            for n_b in counts:
                if n_b >= m:
                    rivals += 1
            rule = (rivals - 1) // 2
            for node in range(rule + 1):
                y = points[rule, node]
                scale = node_weights[rule, node] * weights[i] * pmf[n_a, m]
                room = degree - m
                top = min(n_null, room)
                for k in range(room + 1):
                    product[k] = pmf[n_null, k] if k <= top else 0.0
                skipped = False
                for n_b in counts:
                    if n_b == n_a and not skipped:
                        skipped = True
                        continue
                    high = min(n_b, m)
                    new_top = min(top + high, room)
                    for k in range(new_top + 1):
                        value = 0.0
                        for step in range(max(0, k - top), min(high, k) + 1):
                            factor = pmf[n_b, step]
                            if step == m:
                                factor *= y
                            value += factor * product[k - step]
                        scratch[k] = value
                    top = new_top
                    for k in range(top + 1):
                        product[k] = scratch[k]
                for k in range(top + 1):
                    total[m + k] += scale * product[k]
    return total


@kernel
def permuted_vote(  # type: ignore[no-untyped-def]
    classes, shares, solutions, starts, active, replicates, stream, sums, squares
):
    """Add the plurality outcome along random permutations, at every S, to running sums.

    The outcome of a replicate is the mean over disjoint subsets along one permutation, see `walks`.
    Ties count as their expected value.

    Args:
        classes: (N,) int32, negative for no vote.
        shares: (K,) float64.
        solutions: (G,) int64, ascending, at most N.
        starts: (H + 1,) int64, where each walk begins in `solutions`.
        active: (H,) bool, walks to do.
        replicates: Number of permutations.
        stream: stream state (see `streams`), advanced in place.
        sums: (G, 1) float64, increased by the outcomes.
        squares: (G, 1) float64, increased by their squares.
    """
    order = classes.copy()
    votes = np.zeros(shares.size, np.int64)
    outcome = np.zeros(solutions.size)
    for _ in range(replicates):
        shuffle(order, stream)
        for h in range(active.size):
            if not active[h]:
                continue
            start, stop = starts[h], starts[h + 1]
            length = solutions[stop - 1]
            blocks = order.size // length
            outcome[start:stop] = 0.0
            for block in range(blocks):
                votes[:] = 0
                most, tied, right, g = 0, 1, 0.0, start
                for i in range(length):
                    a = order[block * length + i]
                    if a >= 0:
                        votes[a] += 1
                        if votes[a] > most:
                            most, tied, right = votes[a], 1, shares[a]
                        elif votes[a] == most:
                            tied += 1
                            right += shares[a]
                    if i + 1 == solutions[g]:
                        outcome[g] += right / tied
                        g += 1
            for g in range(start, stop):
                mean = outcome[g] / blocks
                sums[g, 0] += mean
                squares[g, 0] += mean * mean

"""Best-of-N and weighted voting: kernels over random verdict draws and solution permutations.

A solution's score at V is the mean of V of its verdicts, drawn without replacement. Means are held
as whole numbers (`MEAN_UNIT` is 1), so that equal scores are equal and sums do not depend on order.
"""

from typing import Final

import numba
import numpy as np
import numpy.typing as npt

from svlaw.analysis.samples import SCORE_UNIT
from svlaw.analysis.streams import draw_below

MEAN_UNIT: Final = 100_000_000_000_000
"""A mean score of 1; at 10^14 the sum over 90,000 solutions still fits 64 bits."""
_FINER: Final = MEAN_UNIT // SCORE_UNIT

F64 = npt.NDArray[np.float64]


@numba.njit(nogil=True, cache=True)
def draw_means(scores, offsets, verifications, zeroed, count_unparsed, stream, means):  # type: ignore[no-untyped-def]
    """Shuffle every solution's verdicts and write its mean score at each V.

    Args:
        scores: (sum of M_j,) int32 billionths, negative for unparsed; shuffled in place.
        offsets: (N + 1,) int64.
        verifications: (W,) int64, ascending.
        zeroed: (N,) bool, solutions whose score is 0 whatever their verdicts.
        count_unparsed: True counts an unparsed verdict as a no, False leaves it out of the mean.
        stream: stream state (see `streams`), advanced in place.
        means: (W, N) int64, written; -1 where the solution has fewer than V verdicts.
    """
    deepest = verifications[-1]
    for j in range(zeroed.size):
        start, stop = offsets[j], offsets[j + 1]
        held = stop - start
        total, parsed, w = 0, 0, 0
        for k in range(min(held, deepest)):
            pick = start + k
            if k < held - 1:
                pick = start + k + draw_below(stream, held - k)
            score = scores[pick]
            scores[pick] = scores[start + k]
            scores[start + k] = score
            if score >= 0:
                total += score
                parsed += 1
            elif count_unparsed:
                parsed += 1
            if k + 1 == verifications[w]:
                if zeroed[j] or parsed == 0:
                    means[w, j] = 0
                else:
                    means[w, j] = (2 * total * _FINER + parsed) // (2 * parsed)
                w += 1
        for rest in range(w, verifications.size):
            means[rest, j] = -1


@numba.njit(nogil=True, cache=True)
def best_of_n_draws(  # type: ignore[no-untyped-def]
    scores, offsets, correct, zeroed, verifications, count_unparsed, batch, stream, ranks
):
    """Average, over `batch` verdict draws, the chance that the solution of each rank is right.

    Solutions are ranked by falling mean score; tied ones share their average correctness. Best-of-N
    at any S is a fixed linear function of these chances, see `rank_weights`.

    Args:
        scores: (sum of M_j,) int32; shuffled in place.
        offsets: (N + 1,) int64.
        correct: (N,) bool.
        zeroed: (N,) bool.
        verifications: (W,) int64, ascending.
        count_unparsed: Policy for unparsed verdicts.
        batch: Number of verdict draws.
        stream: stream state (see `streams`), advanced in place.
        ranks: (W, N) float64, overwritten; entries beyond the n_V solutions with V verdicts are 0.
    """
    n = correct.size
    means = np.empty((verifications.size, n), np.int64)
    keys = np.empty(n, np.int64)
    ranks[:] = 0.0
    for _ in range(batch):
        draw_means(scores, offsets, verifications, zeroed, count_unparsed, stream, means)
        for w in range(verifications.size):
            usable = 0
            for j in range(n):
                if means[w, j] >= 0:
                    keys[usable] = -(2 * means[w, j] + correct[j])
                    usable += 1
            ordered = np.sort(keys[:usable])
            start = 0
            while start < usable:
                mean = (-ordered[start]) // 2
                stop, right = start, 0
                while stop < usable and (-ordered[stop]) // 2 == mean:
                    right += (-ordered[stop]) % 2
                    stop += 1
                chance = right / (stop - start)
                for h in range(start, stop):
                    ranks[w, h] += chance
                start = stop
    ranks /= batch


def rank_weights(usable: int, solutions: npt.NDArray[np.int64]) -> F64:
    """Chance that the best of a random subset of S of n solutions has each rank.

    weight(h, S) = [C(n - h, S) - C(n - h - 1, S)] / C(n, S), h = 0 .. n - 1. Best-of-N's success at
    S is sum_h q_h weight(h, S), with q_h the chance that the solution of rank h is right.

    Args:
        usable: n, the number of ranked solutions.
        solutions: (G,) values of S, at most n.

    Returns:
        (n, G) weights; each column sums to 1.
    """
    h = np.arange(usable)[:, None]
    ratio = np.clip((usable - h - solutions[None, :]) / (usable - h), 0.0, None)
    misses = np.vstack([np.ones((1, solutions.size)), np.cumprod(ratio, axis=0)])
    weights: F64 = misses[:-1] - misses[1:]
    return weights


@numba.njit(nogil=True, cache=True)
def weighted_vote_draws(  # type: ignore[no-untyped-def]
    scores,
    offsets,
    classes,
    shares,
    zeroed,
    verifications,
    count_unparsed,
    solutions,
    replicates,
    stream,
    sums,
    squares,
):
    """Add weighted-voting outcomes at every (V, S) to running sums, one per replicate.

    A replicate draws verdicts and a permutation of the solutions; with n_V solutions that have V
    verdicts it holds n_V // S disjoint subsets of S, whose mean outcome counts. The class with the
    largest sum of scores wins; ties count as their expected value.

    Args:
        scores: (sum of M_j,) int32; shuffled in place.
        offsets: (N + 1,) int64.
        classes: (N,) int32, negative for no vote.
        shares: (K,) float64.
        zeroed: (N,) bool.
        verifications: (W,) int64, ascending.
        count_unparsed: Policy for unparsed verdicts.
        solutions: (G,) int64, ascending.
        replicates: Number of replicates.
        stream: stream state (see `streams`), advanced in place.
        sums: (W, G) float64, increased by the outcomes; untouched where S > n_V.
        squares: (W, G) float64, increased by their squares.
    """
    n = classes.size
    means = np.empty((verifications.size, n), np.int64)
    order = np.arange(n)
    usable = np.empty(n, np.int64)
    totals = np.full(shares.size, -1, np.int64)
    for _ in range(replicates):
        draw_means(scores, offsets, verifications, zeroed, count_unparsed, stream, means)
        for j in range(n - 1, 0, -1):
            k = draw_below(stream, j + 1)
            order[j], order[k] = order[k], order[j]
        for w in range(verifications.size):
            held = 0
            for j in order:
                if means[w, j] >= 0:
                    usable[held] = j
                    held += 1
            for g in range(solutions.size):
                size = solutions[g]
                if size > held:
                    break
                outcome = 0.0
                for block in range(held // size):
                    outcome += _weighted_winner(
                        usable, block * size, (block + 1) * size, means[w], classes, shares, totals
                    )
                outcome /= held // size
                sums[w, g] += outcome
                squares[w, g] += outcome**2


@numba.njit(nogil=True, cache=True)
def _weighted_winner(usable, start, stop, means, classes, shares, totals):  # type: ignore[no-untyped-def]
    """Expected correctness of the class that wins among usable[start:stop]."""
    slack = stop - start
    most, tied, right = -1, 0, 0.0
    for i in range(start, stop):
        j = usable[i]
        a = classes[j]
        if a < 0:
            continue
        before = totals[a]
        after = means[j] if before < 0 else before + means[j]
        totals[a] = after
        if most < 0 or after > most + slack:
            most, tied, right = after, 1, shares[a]
        elif after >= most - slack:
            if before < 0 or before < most - slack:
                tied += 1
                right += shares[a]
            most = max(most, after)
    for i in range(start, stop):
        a = classes[usable[i]]
        if a >= 0:
            totals[a] = -1
    return right / tied if tied > 0 else 0.0

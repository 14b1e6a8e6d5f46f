"""Best-of-N: exact over solution subsets, given random verdict draws or every subset of calls."""

import numpy as np
import numpy.typing as npt

from svlaw.analysis.kernels.call_subsets import next_subset, room_for, score_subset
from svlaw.analysis.kernels.compilation import kernel
from svlaw.analysis.kernels.verdict_draws import draw_scores

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

_INSERTION_MOVES = 24
"""Moves per key after which a sort from scratch is cheaper than going on by insertion."""
_NEGLIGIBLE = 1e-18
"""Chance of a rank below which it is left out of a sum of at most 20,000 terms."""


def rank_weights(usable: int, solutions: I64) -> F64:
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


def stack_weights(usable: I64, solutions: I64) -> tuple[F64, I64]:
    """Rank weights of several n at once, and how many values of S still matter at each rank.

    Args:
        usable: (U,) values of n.
        solutions: (G,) values of S, ascending.

    Returns:
        (U, max n, G) weights, 0 where S > n, and (U, max n) numbers of leading S whose weight at
        that rank or a later one is not negligible.
    """
    most = int(usable.max(initial=0))
    weights = np.zeros((usable.size, most, solutions.size))
    reach = np.zeros((usable.size, most), np.int64)
    for u, n in enumerate(usable):
        held = solutions[solutions <= n]
        found = rank_weights(int(n), held)
        weights[u, :n, : held.size] = found
        remaining = np.cumsum(found[::-1], axis=0)[::-1] > _NEGLIGIBLE
        reach[u, :n] = remaining.sum(axis=1)
    return weights, reach


@kernel
def best_of_n_batches(  # type: ignore[no-untyped-def]
    draws, values, correct, levels, usable, weights, reach, active, batches, size, stream, sums,
    squares,
):  # fmt: skip
    """Add best-of-N's success at every (V, S), averaged over batches of verdict draws.

    Solutions are ranked by falling score; tied ones share their average correctness.

    Args:
        draws: A `VerdictDraws`.
        values: (N, W) room for the scores.
        correct: (N,) bool.
        levels: Number of different scores if they are ranks 0, 1, ..., else 0.
        usable: (W,) row of `weights` for each V.
        weights: (U, n, G) float64, see `stack_weights`.
        reach: (U, n) int64.
        active: (W,) bool, values of V to do.
        batches: Number of batches.
        size: Verdict draws per batch.
        stream: stream state (see `streams`), advanced in place.
        sums: (W, G) float64, increased by each batch's success; 0 is added where S > n.
        squares: (W, G) float64, increased by its square.
    """
    ranks = np.empty((active.size, correct.size))
    outcome = np.empty(sums.shape[1])
    totals, rights = np.zeros(levels, np.int64), np.zeros(levels, np.int64)
    keys, order = np.empty(correct.size, np.int64), np.arange(correct.size)
    depth = np.flatnonzero(active)[-1] + 1
    for _ in range(batches):
        ranks[:] = 0.0
        for _ in range(size):
            draw_scores(draws, depth, stream, values)
            for w in range(depth):
                if active[w] and levels > 0:
                    _rank_by_counting(values, w, correct, totals, rights, ranks[w])
                elif active[w]:
                    _rank_by_sorting(values, w, correct, order, keys, ranks[w])
        for w in range(depth):
            if not active[w]:
                continue
            u = usable[w]
            outcome[:] = 0.0
            for h in range(reach.shape[1]):
                chance = ranks[w, h] / size
                for g in range(reach[u, h]):
                    outcome[g] += chance * weights[u, h, g]
            for g in range(outcome.size):
                sums[w, g] += outcome[g]
                squares[w, g] += outcome[g] ** 2


@kernel
def best_of_n_over_calls(  # type: ignore[no-untyped-def]
    draws, values, correct, levels, w, weights, reach, outcome
):
    """Write best-of-N's success at one V and every S, over all subsets of V shared calls.

    Args:
        draws: A `VerdictDraws` of shared calls.
        values: (N, W) room for the scores.
        correct: (N,) bool.
        levels: Number of different scores if they are ranks 0, 1, ..., else 0.
        w: Place of V.
        weights: (n, G) float64, see `rank_weights`.
        reach: (n,) int64.
        outcome: (G,) float64, written; 0 where S > n.
    """
    size = draws.verifications[w]
    chosen = np.arange(size)
    totals, parsed = room_for(size, correct.size), room_for(size, correct.size)
    ranks = np.zeros(correct.size)
    counts, rights = np.zeros(levels, np.int64), np.zeros(levels, np.int64)
    keys, order = np.empty(correct.size, np.int64), np.arange(correct.size)
    place, subsets = 0, 0
    while place >= 0:
        score_subset(draws, chosen, place, totals, parsed, values, w)
        if levels > 0:
            _rank_by_counting(values, w, correct, counts, rights, ranks)
        else:
            _rank_by_sorting(values, w, correct, order, keys, ranks)
        subsets += 1
        place = next_subset(chosen, draws.order.size)
    outcome[:] = 0.0
    for h in range(reach.size):
        chance = ranks[h] / subsets
        for g in range(reach[h]):
            outcome[g] += chance * weights[h, g]


@kernel
def _rank_by_counting(values, w, correct, totals, rights, ranks):  # type: ignore[no-untyped-def]
    """Add to each rank the chance that its solution is right; scores are 0 .. levels - 1."""
    totals[:] = 0
    rights[:] = 0
    for j in range(correct.size):
        level = values[j, w]
        if level >= 0:
            totals[level] += 1
            rights[level] += correct[j]
    h = 0
    for level in range(totals.size - 1, -1, -1):
        if totals[level] > 0:
            chance = rights[level] / totals[level]
            for _ in range(totals[level]):
                ranks[h] += chance
                h += 1


@kernel
def _rank_by_sorting(values, w, correct, order, keys, ranks):  # type: ignore[no-untyped-def]
    """The same for any scores; `order` holds all solutions, best guess first, and is improved."""
    usable = 0
    for i in range(order.size):
        j = order[i]
        keys[i] = 2 * values[j, w] + correct[j]
        usable += values[j, w] >= 0
    _sort_falling(keys, order)
    start = 0
    while start < usable:
        score = keys[start] // 2
        stop, right = start, 0
        while stop < usable and keys[stop] // 2 == score:
            right += keys[stop] % 2
            stop += 1
        chance = right / (stop - start)
        for h in range(start, stop):
            ranks[h] += chance
        start = stop


@kernel
def _sort_falling(keys, order):  # type: ignore[no-untyped-def]
    """Sort keys, and order with them: by insertion where they are nearly sorted already."""
    allowance = _INSERTION_MOVES * keys.size
    for i in range(1, keys.size):
        key, j, place = keys[i], order[i], i
        while place > 0 and keys[place - 1] < key:
            keys[place] = keys[place - 1]
            order[place] = order[place - 1]
            place -= 1
        keys[place], order[place] = key, j
        allowance -= i - place
        if allowance < 0:
            permutation = np.argsort(-keys)
            keys[:] = keys[permutation]
            order[:] = order[permutation]
            return

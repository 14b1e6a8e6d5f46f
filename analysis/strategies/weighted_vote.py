"""Weighted voting: random verdict draws, and walks along random permutations of the solutions.

Where calls are shared, few enough subsets of calls and solutions are all counted.
"""

import numpy as np

from svlaw.analysis.kernels.call_subsets import next_subset, room_for, score_subset
from svlaw.analysis.kernels.compilation import kernel
from svlaw.analysis.kernels.random_streams import shuffle
from svlaw.analysis.kernels.verdict_draws import draw_scores


@kernel
def weighted_vote_walks(  # type: ignore[no-untyped-def]
    draws, values, classes, shares, depths, solutions, starts, active, replicates, most_blocks,
    stream, sums, squares,
):  # fmt: skip
    """Add weighted-voting outcomes at every (S, V) to running sums, one per replicate.

    A replicate draws verdicts and a permutation of the solutions, and walks along it; all V that
    the same solutions have verdicts for take each step together. The class with the largest sum of
    scores wins; ties count as their expected value.

    Args:
        draws: A `VerdictDraws`.
        values: (N, W) room for the scores.
        classes: (N,) int32, negative for no vote.
        shares: (K,) float64, share of each class's solutions that are right.
        depths: (D + 1,) int64, where each run of V with the same usable solutions begins.
        solutions: (G,) int64, ascending.
        starts: (H + 1,) int64, where each walk begins in `solutions`, see `walks`.
        active: (H,) bool, walks to do.
        replicates: Number of replicates.
        most_blocks: Most disjoint subsets of a walk that count where S > 1. All of them are judged
            by the same calls where those are shared, so that many say little more than a few.
        stream: stream state (see `streams`), advanced in place.
        sums: (G, W) float64, increased by the outcomes; untouched where S > n.
        squares: (G, W) float64, increased by their squares.
    """
    order = np.arange(classes.size)
    usable = np.empty(classes.size, np.int64)
    outcome = np.empty(sums.shape)
    for _ in range(replicates):
        draw_scores(draws, values.shape[1], stream, values)
        shuffle(order, stream)
        for d in range(depths.size - 1):
            first, last = depths[d], depths[d + 1]
            held = 0
            for j in order:
                if values[j, first] >= 0:
                    usable[held] = j
                    held += 1
            for h in range(active.size):
                start, stop = starts[h], starts[h + 1]
                while stop > start and solutions[stop - 1] > held:
                    stop -= 1
                if not active[h] or stop == start:
                    continue
                blocks = held // solutions[stop - 1]
                if solutions[stop - 1] > 1:
                    blocks = min(blocks, most_blocks)
                _walk(
                    usable, blocks, values, first, last, classes, shares, solutions, start, stop,
                    draws.is_averaged, outcome,
                )  # fmt: skip
                for g in range(start, stop):
                    for w in range(first, last):
                        mean = outcome[g, w] / blocks
                        sums[g, w] += mean
                        squares[g, w] += mean * mean


@kernel
def weighted_vote_over_calls(  # type: ignore[no-untyped-def]
    draws, values, classes, shares, w, solutions, counted, outcome
):
    """Write weighted voting's success at one V over all subsets of V shared calls and S solutions.

    Args:
        draws: A `VerdictDraws` of shared calls.
        values: (N, W) room for the scores.
        classes: (N,) int32, negative for no vote.
        shares: (K,) float64, share of each class's solutions that are right.
        w: Place of V.
        solutions: (G,) int64, ascending.
        counted: (G,) bool, values of S to do.
        outcome: (G,) float64, written where S is counted.
    """
    size = draws.verifications[w]
    calls = np.arange(size)
    totals, parsed = room_for(size, classes.size), room_for(size, classes.size)
    usable = np.flatnonzero(draws.held >= size)
    votes = np.zeros((solutions.size, values.shape[1]))
    sums, subsets = np.zeros(solutions.size), np.zeros(solutions.size)
    place = 0
    while place >= 0:
        score_subset(draws, calls, place, totals, parsed, values, w)
        for g in range(solutions.size):
            if not counted[g]:
                continue
            chosen, more = np.arange(solutions[g]), 0
            while more >= 0:
                _walk(
                    usable[chosen], 1, values, w, w + 1, classes, shares, solutions, g, g + 1,
                    draws.is_averaged, votes,
                )  # fmt: skip
                sums[g] += votes[g, w]
                subsets[g] += 1
                more = next_subset(chosen, usable.size)
        place = next_subset(calls, draws.order.size)
    for g in range(solutions.size):
        if counted[g]:
            outcome[g] = sums[g] / subsets[g]


@kernel
def _walk(  # type: ignore[no-untyped-def]
    usable, blocks, values, first, last, classes, shares, solutions, start, stop, is_averaged,
    outcome,
):  # fmt: skip
    """Sum the outcomes of disjoint blocks of usable solutions at solutions[start:stop]."""
    width = last - first
    number = values.dtype.type
    tallies = np.empty((shares.size, width), values.dtype)
    most = np.empty(width, values.dtype)
    tied, right = np.empty(width), np.empty(width)
    outcome[start:stop, first:last] = 0.0
    length = solutions[stop - 1]
    # Rounded means may miss a tie by half a unit per solution; sums of whole verdicts never do.
    slack = number(length if is_averaged else 0)
    absent = number(-2 * slack - 2)
    for block in range(blocks):
        tallies[:] = absent
        most[:] = absent
        tied[:] = 1.0
        right[:] = 0.0
        g = start
        for i in range(length):
            j = usable[block * length + i]
            a = classes[j]
            if a >= 0:
                _vote(tallies[a], values[j, first:last], most, tied, right, shares[a], slack)
            if i + 1 == solutions[g]:
                for w in range(width):
                    outcome[g, first + w] += right[w] / tied[w]
                g += 1


@kernel
def _vote(tallies, scores, most, tied, right, share, slack):  # type: ignore[no-untyped-def]
    """Give one class a solution's scores, for all V at once; without branches, so it pipelines."""
    for w in range(scores.size):
        before = tallies[w]
        after = max(before, 0) + scores[w]
        tallies[w] = after
        top = most[w]
        leads = after > top + slack
        joins = (not leads) & (after >= top - slack) & (before < top - slack)
        most[w] = max(after, top)
        tied[w] = 1.0 if leads else (tied[w] + 1.0 if joins else tied[w])
        right[w] = share if leads else (right[w] + share if joins else right[w])

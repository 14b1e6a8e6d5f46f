"""Votes that stop early: one walk along an order of the solutions serves every stopping rule."""

import numpy as np

from svlaw.analysis.kernels.compilation import kernel
from svlaw.analysis.kernels.permutations import draw_next, next_permutation


@kernel
def stopped_votes(  # type: ignore[no-untyped-def]  # noqa: PLR0912
    classes, shares, tokens, needed, windows, limits, order, is_exhaustive, replays, stream, sums,
    squares, largest,
):  # fmt: skip
    """Add the outcome and the usage of votes with several stopping rules to running sums.

    A rule stops after n solutions where the leader has `needed[k, b]` votes and the runner-up b, or
    where n is a multiple of `windows[k]` and the last window agrees on one answer, or at
    `limits[k]`. The plurality of all drawn is the answer, and ties count as their expected value.

    Args:
        classes: (N,) int32, negative for no vote.
        shares: (number of classes,) float64, share of each class's solutions that are right.
        tokens: (N,) float64, tokens of each solution.
        needed: (K, >= limit + 1) int64, see `stopping_rules`.
        windows: (K,) int64; 0 for a rule without windows.
        limits: (K,) int64, most solutions.
        order: (N,) int64, an order of the solutions; changed in place.
        is_exhaustive: Whether replays go through all orders from this one on, in turn.
        replays: Number of replays.
        stream: stream state (see `random_streams`), advanced in place.
        sums: (K, Q) float64, increased by the columns of `usage.QUANTITIES`.
        squares: (K, Q) float64, increased by their squares.
        largest: (K, Q) float64, raised to the largest of them.
    """
    rules = limits.size
    votes = np.zeros(shares.size, np.int64)
    running = np.empty(rules, np.int64)
    found = np.zeros(sums.shape[1])
    for _ in range(replays):
        votes[:] = 0
        for k in range(rules):
            running[k] = k
        left, n = rules, 0
        top, second, leader, tied, right = 0, 0, -1, 1, 0.0
        before, run, read = -1, 0, 0.0
        while left > 0:
            chosen = order[n] if is_exhaustive else draw_next(order, n, stream)
            n += 1
            read += tokens[chosen]
            a = classes[chosen]
            if a >= 0:
                votes[a] += 1
                if votes[a] > top:
                    if a != leader:
                        second = top
                        leader = a
                    top, tied, right = votes[a], 1, shares[a]
                else:
                    if votes[a] == top:
                        tied += 1
                        right += shares[a]
                    second = max(second, votes[a])
            run = (run + 1 if a == before else 1) if a >= 0 else 0
            before = a
            i = 0
            while i < left:
                k = running[i]
                window = windows[k]
                agrees = window > 0 and n % window == 0 and run >= window
                decided = agrees or top >= needed[k, second]
                if decided or n == limits[k] or n == order.size:
                    found[0] = right / tied
                    found[1] = n
                    found[4] = read
                    found[7] = n if window == 0 else (n + window - 1) // window
                    found[8] = 0.0 if decided or n == limits[k] else 1.0
                    for q in range(found.size):
                        sums[k, q] += found[q]
                        squares[k, q] += found[q] * found[q]
                        largest[k, q] = max(largest[k, q], found[q])
                    left -= 1
                    running[i] = running[left]
                else:
                    i += 1
        if is_exhaustive:
            next_permutation(order)

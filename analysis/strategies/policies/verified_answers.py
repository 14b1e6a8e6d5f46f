"""Policies that draw S solutions at once and then decide what to verify."""

import numpy as np

from svlaw.analysis.kernels.compilation import kernel
from svlaw.analysis.kernels.permutations import draw_next
from svlaw.analysis.strategies.policies.verdict_replay import (
    TIE,
    forget,
    record,
    score_of,
    verify,
)


@kernel
def verify_distinct(  # type: ignore[no-untyped-def]
    cache, drawn, order, solutions, verifications, by_votes, replays, stream, sums, squares,
    largest,
):  # fmt: skip
    """Add outcome and usage of S solutions with V verdicts on one solution of each answer.

    Of each answer the solution drawn first is verified. The answer of the largest score times votes
    wins, or of the largest score, and ties count as their expected value.

    Args:
        cache: A `Cache`.
        drawn: Its `Drawn`.
        order: (n,) int64, the solutions with enough verdicts; changed in place.
        solutions: (K,) int64, values of S, ascending.
        verifications: V.
        by_votes: (K,) bool, whether votes count beside the score.
        replays: Number of replays.
        stream: stream state (see `random_streams`), advanced in place.
        sums: (K, Q) float64, increased by the columns of `usage.QUANTITIES`.
        squares: (K, Q) float64, increased by their squares.
        largest: (K, Q) float64, raised to the largest of them.
    """
    votes = np.zeros(cache.shares.size, np.int64)
    scores = np.zeros(cache.shares.size)
    found = np.zeros(sums.shape[1])
    for _ in range(replays):
        votes[:] = 0
        forget(drawn)
        n, k, read = 0, 0, 0.0
        while k < solutions.size:
            while n < min(solutions[k], order.size):
                chosen = draw_next(order, n, stream)
                n += 1
                read += cache.tokens[chosen]
                a = cache.classes[chosen]
                if a < 0:
                    continue
                votes[a] += 1
                if votes[a] == 1:
                    if not cache.unverified[chosen]:
                        verify(cache, drawn, chosen, verifications, stream)
                    scores[a] = score_of(drawn, chosen)
            found[0] = _elect(votes, scores, cache.shares, by_votes[k])
            found[1], found[4] = n, read
            found[7] = 2 if drawn.used[1] > 0 else 1
            found[8] = 1.0 if n < solutions[k] else 0.0
            record(found, drawn.used, sums[k], squares[k], largest[k])
            k += 1


@kernel
def _elect(votes, scores, shares, by_votes):  # type: ignore[no-untyped-def]
    """Expected correctness of the answer with the largest score, or votes times score."""
    most, tied, right = -1.0, 1, 0.0
    for a in range(votes.size):
        if votes[a] == 0:
            continue
        value = votes[a] * scores[a] if by_votes else scores[a]
        if value > most + TIE:
            most, tied, right = value, 1, shares[a]
        elif value >= most - TIE:
            tied += 1
            right += shares[a]
    return right / tied


@kernel
def verify_if_split(  # type: ignore[no-untyped-def]
    cache, drawn, order, solutions, verifications, agreements, replays, stream, sums, squares,
    largest,
):  # fmt: skip
    """Add outcome and usage of S solutions that are verified only where their votes disagree.

    Where the leader has at least a share `agreements[k]` of the votes cast, it is the answer.
    Elsewhere each of the S solutions gets V verdicts, and the answer with the largest sum of mean
    scores wins. Ties count as their expected value.

    Args:
        cache: A `Cache`.
        drawn: Its `Drawn`.
        order: (n,) int64, the solutions with enough verdicts; changed in place.
        solutions: (K,) int64, values of S, ascending.
        verifications: V.
        agreements: (K,) float64.
        replays: Number of replays.
        stream: stream state (see `random_streams`), advanced in place.
        sums: (K, Q) float64, increased by the columns of `usage.QUANTITIES`.
        squares: (K, Q) float64, increased by their squares.
        largest: (K, Q) float64, raised to the largest of them.
    """
    votes = np.zeros(cache.shares.size, np.int64)
    sums_of_scores = np.zeros(cache.shares.size)
    found = np.zeros(sums.shape[1])
    unused = np.zeros(5)
    for _ in range(replays):
        votes[:] = 0
        sums_of_scores[:] = 0.0
        forget(drawn)
        n, cast, verified, read = 0, 0, 0, 0.0
        for k in range(solutions.size):
            while n < min(solutions[k], order.size):
                chosen = draw_next(order, n, stream)
                n += 1
                read += cache.tokens[chosen]
                if cache.classes[chosen] >= 0:
                    votes[cache.classes[chosen]] += 1
                    cast += 1
            top, tied, right = 0, 1, 0.0
            for a in range(votes.size):
                if votes[a] > top:
                    top, tied, right = votes[a], 1, cache.shares[a]
                elif votes[a] == top and top > 0:
                    tied += 1
                    right += cache.shares[a]
            agrees = top >= agreements[k] * cast - TIE
            found[0] = right / tied
            if not agrees:
                while verified < n:
                    j = order[verified]
                    if not cache.unverified[j]:
                        verify(cache, drawn, j, verifications, stream)
                    if cache.classes[j] >= 0:
                        sums_of_scores[cache.classes[j]] += score_of(drawn, j)
                    verified += 1
                found[0] = _elect(votes, sums_of_scores, cache.shares, False)
            found[1], found[4] = n, read
            found[7] = 1 if agrees else 2
            found[8] = 1.0 if n < solutions[k] else 0.0
            record(found, unused if agrees else drawn.used, sums[k], squares[k], largest[k])

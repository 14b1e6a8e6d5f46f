"""Policies that choose a solution by its verdicts: the first good enough, or the last left."""

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
def accept_first(  # type: ignore[no-untyped-def]
    cache, drawn, order, limits, verifications, thresholds, replays, stream, sums, squares, largest,
):  # fmt: skip
    """Add outcome and usage of sampling until a solution's score is high enough.

    Each solution gets V verdicts as soon as it is drawn. The first whose mean score is at least
    `thresholds[k]` is the answer; at `limits[k]` solutions it is the best so far, and ties count
    as their expected value.

    Args:
        cache: A `Cache`.
        drawn: Its `Drawn`.
        order: (n,) int64, the solutions with enough verdicts; changed in place.
        thresholds: (K,) float64.
        limits: (K,) int64, most solutions.
        verifications: V.
        replays: Number of replays.
        stream: stream state (see `random_streams`), advanced in place.
        sums: (K, Q) float64, increased by the columns of `usage.QUANTITIES`.
        squares: (K, Q) float64, increased by their squares.
        largest: (K, Q) float64, raised to the largest of them.
    """
    running = np.empty(limits.size, np.int64)
    found = np.zeros(sums.shape[1])
    for _ in range(replays):
        forget(drawn)
        for k in range(limits.size):
            running[k] = k
        left, n, read, rounds = limits.size, 0, 0.0, 0
        most, tied, right = -1.0, 1, 0.0
        while left > 0:
            chosen = draw_next(order, n, stream)
            n += 1
            rounds += 1
            read += cache.tokens[chosen]
            before = drawn.used[1]
            if not cache.unverified[chosen]:
                verify(cache, drawn, chosen, verifications, stream)
            rounds += drawn.used[1] > before
            score = score_of(drawn, chosen)
            if score > most + TIE:
                most, tied, right = score, 1, cache.correct[chosen]
            elif score >= most - TIE:
                tied += 1
                right += cache.correct[chosen]
            i = 0
            while i < left:
                k = running[i]
                accepted = score >= thresholds[k] - TIE
                if accepted or n == limits[k] or n == order.size:
                    found[0] = cache.correct[chosen] if accepted else right / tied
                    found[1], found[4], found[7] = n, read, rounds
                    found[8] = 0.0 if accepted or n == limits[k] else 1.0
                    record(found, drawn.used, sums[k], squares[k], largest[k])
                    left -= 1
                    running[i] = running[left]
                else:
                    i += 1


@kernel
def halving(  # type: ignore[no-untyped-def]
    cache, drawn, order, solutions, verifications, _, replays, stream, sums, squares, largest,
):  # fmt: skip
    """Add outcome and usage of S solutions whose better half goes on from round to round.

    In each round every solution still in the race gets V further verdicts, and the half with the
    larger mean of all its verdicts goes on, the larger half of an odd number. Of equals those
    drawn first go on, which is a fair lot. The last one left is the answer. A solution without
    further verdicts keeps its score, and the replay counts as censored.

    Args:
        cache: A `Cache`.
        drawn: Its `Drawn`.
        order: (n,) int64, the solutions with enough verdicts; changed in place.
        solutions: (K,) int64, values of S, ascending.
        verifications: V.
        replays: Number of replays.
        stream: stream state (see `random_streams`), advanced in place.
        sums: (K, Q) float64, increased by the columns of `usage.QUANTITIES`.
        squares: (K, Q) float64, increased by their squares.
        largest: (K, Q) float64, raised to the largest of them.
    """
    race = np.empty(order.size, np.int64)
    scores = np.empty(order.size)
    found = np.zeros(sums.shape[1])
    for _ in range(replays):
        n, read = 0, 0.0
        for k in range(solutions.size):
            forget(drawn)
            while n < min(solutions[k], order.size):
                read += cache.tokens[draw_next(order, n, stream)]
                n += 1
            race[:n] = order[:n]
            runners, wanted, rounds, short = n, 0, 1, n < solutions[k]
            while runners > 1:
                wanted += verifications
                rounds += 1
                for i in range(runners):
                    j = race[i]
                    if not cache.unverified[j]:
                        short |= verify(cache, drawn, j, wanted, stream) < wanted
                    scores[i] = score_of(drawn, j)
                _sort_falling(scores, race, runners)
                runners = (runners + 1) // 2
            found[0] = cache.correct[race[0]]
            found[1], found[4], found[7] = n, read, rounds
            found[8] = 1.0 if short else 0.0
            record(found, drawn.used, sums[k], squares[k], largest[k])


@kernel
def _sort_falling(scores, race, runners):  # type: ignore[no-untyped-def]
    """Order the runners by falling score, equals as they were."""
    for i in range(1, runners):
        score, j, place = scores[i], race[i], i
        while place > 0 and scores[place - 1] < score - TIE:
            scores[place] = scores[place - 1]
            race[place] = race[place - 1]
            place -= 1
        scores[place], race[place] = score, j

"""Walks of rules: random verdict draws and permutations, and the subsets of a few solutions."""

import numpy as np

from svlaw.analysis.kernels.compilation import kernel
from svlaw.analysis.kernels.random_streams import shuffle
from svlaw.analysis.kernels.verdict_draws import draw_scores
from svlaw.analysis.strategies.rules.ballots import (
    LAST_ORDERED,
    add_by_order,
    add_by_totals,
    fill_weights,
)


@kernel
def rule_walks(  # type: ignore[no-untyped-def]
    draws, values, units, classes, shares, kind, parameters, tables, solutions, starts, active,
    replicates, stream, sums, squares,
):  # fmt: skip
    """Add a rule's outcomes at every (S, setting, V) to running sums, one per replicate.

    A replicate draws verdicts and a permutation of the solutions; all settings read the same draw.
    The outcome is the mean over disjoint subsets along the permutation, see `permutation_walks`.

    Args:
        draws: A `VerdictDraws`.
        values: (N, W) room for the scores.
        units: (W,) float64, what a score of 1 is in `values`.
        classes: (N,) int32, negative for no answer.
        shares: (K,) float64, share of each class's solutions that are right.
        kind: The rule, see `ballots`.
        parameters: (P, 3) float64, its settings.
        tables: (P, W, 3, B) float64, what it looks up.
        solutions: (G,) int64, ascending.
        starts: (H + 1,) int64, where each walk begins in `solutions`.
        active: (H,) bool, walks to do.
        replicates: Number of replicates.
        stream: stream state (see `random_streams`), advanced in place.
        sums: (G, P * W) float64, increased by the outcomes; untouched where S > n.
        squares: (G, P * W) float64, increased by their squares.
    """
    order = np.arange(classes.size)
    for _ in range(replicates):
        draw_scores(draws, values.shape[1], stream, values)
        shuffle(order, stream)
        for w in range(units.size):
            drawn, scores = in_order(order, classes, values, w, units[w])
            walk(
                drawn, scores, draws.verifications[w], w, units.size, shares, kind, parameters,
                tables, solutions, starts, active, sums, squares,
            )  # fmt: skip


@kernel
def in_order(order, classes, values, w, unit):  # type: ignore[no-untyped-def]
    """Classes and scores of the solutions with enough verdicts, in a given order."""
    drawn, scores = np.empty(order.size, np.int32), np.empty(order.size)
    held = 0
    for j in order:
        if values[j, w] >= 0:
            drawn[held], scores[held] = classes[j], values[j, w] / unit
            held += 1
    return drawn[:held], scores[:held]


@kernel
def walk(  # type: ignore[no-untyped-def]
    drawn, scores, verifications, w, width, shares, kind, parameters, tables, solutions, starts,
    active, sums, squares,
):  # fmt: skip
    """Add the outcomes along one permutation at one V; see `rule_walks`."""
    n, K = drawn.size, shares.size
    counts, totals, present = np.zeros(K, np.int64), np.zeros(K), np.empty(K, np.int64)
    ranked, ordered = np.empty(n, np.int32), np.empty(n)
    weights, chances = np.empty(n), np.empty(n)
    found = np.empty(solutions.size)
    for p in range(parameters.shape[0]):
        if kind > LAST_ORDERED and n > 0:
            fill_weights(scores, kind, parameters[p], tables[p, w], weights, chances)
        for h in range(active.size):
            start, stop = starts[h], starts[h + 1]
            while stop > start and solutions[stop - 1] > n:
                stop -= 1
            if not active[h] or stop == start:
                continue
            length = solutions[stop - 1]
            blocks = n // length
            found[start:stop] = 0.0
            if kind > LAST_ORDERED:
                add_by_totals(
                    drawn, weights, chances, blocks, solutions[start:stop], verifications, shares,
                    kind, parameters[p], counts, totals, present, found[start:stop],
                )  # fmt: skip
            else:
                add_by_order(
                    drawn, scores, blocks, solutions[start:stop], shares, kind, parameters[p],
                    tables[p, w], counts, totals, present, ranked, ordered, found[start:stop],
                )  # fmt: skip
            for g in range(start, stop):
                mean = found[g] / blocks
                sums[g, p * width + w] += mean
                squares[g, p * width + w] += mean * mean


@kernel
def mean_over_subsets(  # type: ignore[no-untyped-def]
    drawn, scores, size, verifications, shares, kind, parameters, table
):
    """Mean outcome over all subsets of a given size of the solutions.

    Args:
        drawn: (n,) int32 classes, negative for no answer.
        scores: (n,) float64.
        size: S, at least 1 and at most n.
        verifications: V.
        shares: (K,) float64.
        kind: The rule.
        parameters: (3,) float64, its settings.
        table: (3, B) float64, what it looks up.
    """
    parameters, tables = parameters.reshape(1, -1), table.reshape(1, 1, 3, table.shape[1])
    chosen, solutions, starts = np.arange(size), np.array([size]), np.array([0, 1])
    active, total, squares = np.ones(1, np.bool_), np.zeros((1, 1)), np.zeros((1, 1))
    subsets = 0
    while True:
        walk(
            drawn[chosen], scores[chosen], verifications, 0, 1, shares, kind, parameters, tables,
            solutions, starts, active, total, squares,
        )  # fmt: skip
        subsets += 1
        i = size - 1
        while i >= 0 and chosen[i] == drawn.size - size + i:
            i -= 1
        if i < 0:
            return total[0, 0] / subsets
        chosen[i] += 1
        for k in range(i + 1, size):
            chosen[k] = chosen[k - 1] + 1

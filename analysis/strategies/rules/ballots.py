"""Ballots: the answer that a rule makes of the first S solutions of a block, for nested S.

A ballot grows by one solution at a time, so one pass along a block gives the outcome at every S.
Solutions without an answer never enter it. Some rules read the totals of each answer, others the
solutions in order of score. Arrays go by themselves and not as one tuple: a tuple's arrays are
counted at every use, which took ten times as long as the vote.
"""

from typing import Final

import numpy as np

from svlaw.analysis.kernels.compilation import kernel

FILTERED, RANKED, BESTS = 0, 1, 2
"""Rules that read the solutions in order of score."""
SOFTMAX, LOGIT, GATED, PESSIMISTIC, CALIBRATED = 3, 4, 5, 6, 7
"""Rules that read the totals of each answer."""
LAST_ORDERED: Final = BESTS
SLACK: Final = 1e-12
"""Totals closer than this share of all weight cast are equal: only rounding told them apart."""
_EDGE: Final = 1e-9
"""A pool's chance to be right stays this far from 0 and 1, so that its log-odds are finite."""
_LOWEST: Final = -700.0
"""Exponents stay above this, so that no weight is 0."""


@kernel
def fill_weights(scores, kind, parameters, table, weights, chances):  # type: ignore[no-untyped-def]
    """Write each solution's weight, and its chance to be right where the rule asks for it.

    Args:
        scores: (n,) float64.
        kind: The rule, one of the numbers above.
        parameters: (3,) float64, its settings, see `catalogue`.
        table: (3, B) float64, what the rule looks up: a calibration's scores, log ratios, chances.
        weights: (n,) float64, written.
        chances: (n,) float64, written.
    """
    chances[:] = 0.0
    if kind == SOFTMAX:
        top = scores.max()
        for i in range(scores.size):
            weights[i] = np.exp(max((scores[i] - top) / parameters[0], _LOWEST))
    elif kind == LOGIT:
        shift = np.log(parameters[0] / (1 - parameters[0]))
        for i in range(scores.size):
            inside = min(max(scores[i], parameters[1]), 1 - parameters[1])
            weights[i] = np.log(inside / (1 - inside)) - shift
    elif kind == CALIBRATED:
        for i in range(scores.size):
            weights[i], chances[i] = _looked_up(table, scores[i])
    else:
        weights[:] = scores


@kernel
def _looked_up(table, score):  # type: ignore[no-untyped-def]
    """Log ratio and chance at a score: linear between the table's scores, constant outside."""
    low, high = 0, table.shape[1]
    while low < high:
        middle = (low + high) // 2
        if table[0, middle] < score:
            low = middle + 1
        else:
            high = middle
    if low == table.shape[1]:
        return table[1, low - 1], table[2, low - 1]
    if low == 0:
        return table[1, 0], table[2, 0]
    part = (score - table[0, low - 1]) / (table[0, low] - table[0, low - 1])
    return (
        table[1, low - 1] + part * (table[1, low] - table[1, low - 1]),
        table[2, low - 1] + part * (table[2, low] - table[2, low - 1]),
    )


@kernel
def add_by_totals(  # type: ignore[no-untyped-def]
    drawn, weights, chances, blocks, solutions, verifications, shares, kind, parameters, counts,
    totals, present, found,
):  # fmt: skip
    """Add the outcomes at nested values of S of a rule that reads the totals of each answer.

    Args:
        drawn: (n,) int32 classes, negative for no answer.
        weights: (n,) float64, see `fill_weights`.
        chances: (n,) float64.
        blocks: Number of blocks, each as long as the largest S, to go through.
        solutions: (G,) int64, values of S, ascending.
        verifications: V, the verdicts behind each score.
        shares: (K,) float64, share of each class's solutions that are right.
        kind: The rule.
        parameters: (3,) float64, its settings.
        counts: (K,) int64, room; 0 before and after.
        totals: (K,) float64, room; 0 before and after.
        present: (K,) int64, room.
        found: (G,) float64, increased by the outcomes.
    """
    length = solutions[-1]
    for block in range(blocks):
        n, m, g, scale, sure = 0, 0, 0, 0.0, 0.0
        for i in range(block * length, (block + 1) * length):
            a = drawn[i]
            if a >= 0:
                if counts[a] == 0:
                    present[m] = a
                    m += 1
                n += 1
                counts[a] += 1
                totals[a] += weights[i]
                scale += abs(weights[i])
                sure += chances[i]
            if i + 1 - block * length == solutions[g]:
                found[g] += _best_by_totals(
                    n, m, scale, sure, verifications, shares, kind, parameters, counts, totals,
                    present,
                )  # fmt: skip
                g += 1
        for i in range(m):
            counts[present[i]] = 0
            totals[present[i]] = 0.0


@kernel
def _best_by_totals(  # type: ignore[no-untyped-def]
    n, m, scale, sure, verifications, shares, kind, parameters, counts, totals, present
):
    """Expected success of the answer with the largest value; 0 where there is none."""
    gate, offset, penalty = 0.0, 0.0, 0.0
    if kind == GATED:
        gate, most = (parameters[0] - SLACK) * n, 0
        for i in range(m):
            most = max(most, counts[present[i]])
        if most < gate:
            gate = 0.0
    elif kind == PESSIMISTIC:
        penalty = parameters[0] * np.log(max(n, 1) * verifications)
    elif kind == CALIBRATED and m > 1:
        chance = min(max(sure / n, _EDGE), 1 - _EDGE)
        offset = np.log(chance / (1 - chance)) + np.log(m - 1)
        scale += n * abs(offset)
    best, tied, right = -np.inf, 1.0, 0.0
    for i in range(m):
        a = present[i]
        value, count = totals[a], counts[a]
        if kind == GATED:
            if count < gate:
                continue
            value /= count
        elif kind == PESSIMISTIC:
            value = value / count - penalty / (count * verifications + 1)
        elif kind == CALIBRATED:
            value += count * offset
        if value > best + SLACK * scale:
            best, tied, right = value, 1.0, shares[a]
        elif value >= best - SLACK * scale:
            tied += 1.0
            right += shares[a]
    return right / tied


@kernel
def add_by_order(  # type: ignore[no-untyped-def]
    drawn, scores, blocks, solutions, shares, kind, parameters, table, counts, totals, present,
    ranked, ordered, found,
):  # fmt: skip
    """Add the outcomes at nested values of S of a rule that reads solutions in order of score.

    Equal scores stay in order of appearance, which is random.

    Args:
        drawn: (n,) int32 classes, negative for no answer.
        scores: (n,) float64.
        blocks: Number of blocks, each as long as the largest S, to go through.
        solutions: (G,) int64, values of S, ascending.
        shares: (K,) float64, share of each class's solutions that are right.
        kind: The rule.
        parameters: (3,) float64, its settings.
        table: (3, B) float64; its first row has the weights of the last 0, 1, 2, ... ranks, summed.
        counts: (K,) int64, room; 0 before and after.
        totals: (K,) float64, room.
        present: (K,) int64, room.
        ranked: (n,) int32, room.
        ordered: (n,) float64, room.
        found: (G,) float64, increased by the outcomes.
    """
    length = solutions[-1]
    for block in range(blocks):
        n, m, g = 0, 0, 0
        for i in range(block * length, (block + 1) * length):
            a = drawn[i]
            if a >= 0:
                score, place = scores[i], n
                while place > 0 and ordered[place - 1] < score:
                    ordered[place] = ordered[place - 1]
                    ranked[place] = ranked[place - 1]
                    place -= 1
                ordered[place], ranked[place] = score, a
                if counts[a] == 0:
                    present[m] = a
                    m += 1
                counts[a] += 1
                n += 1
            if i + 1 - block * length == solutions[g]:
                if n > 0:
                    scale = _give_totals(
                        n, m, kind, parameters, table, present, ranked, ordered, totals
                    )
                    found[g] += _elected(m, SLACK * scale, shares, present, totals)
                g += 1
        for i in range(m):
            counts[present[i]] = 0


@kernel
def _give_totals(  # type: ignore[no-untyped-def]
    n, m, kind, parameters, table, present, ranked, ordered, totals
):
    """Write the total of each answer, -inf for one that has no vote; return the sum of weights."""
    if kind == FILTERED:
        for i in range(m):
            totals[present[i]] = -np.inf
        return _count_kept(n, parameters, ranked, ordered, totals)
    for i in range(m):
        totals[present[i]] = 0.0
    size = int(parameters[0]) if parameters[0] > 0 else int(np.sqrt(n) + _EDGE)
    size = min(size, n)
    start, above = 0, 1.0
    while start < n:
        stop = start + 1
        while stop < n and ordered[stop] == ordered[start]:
            stop += 1
        if kind == RANKED:
            weight = table[0, n - start] - table[0, n - stop]
        else:
            below = _power((n - stop) / n, size)
            weight, above = above - below, below
        weight /= stop - start
        for i in range(start, stop):
            totals[ranked[i]] += weight
        start = stop
    return table[0, n] if kind == RANKED else 1.0


@kernel
def _count_kept(n, parameters, ranked, ordered, totals):  # type: ignore[no-untyped-def]
    """Let the k best vote."""
    kept, is_share, is_weighted = parameters[0], parameters[1] > 0, parameters[2] > 0
    k = max(int(np.ceil(kept * n - _EDGE)), 1) if is_share else int(min(kept, n))
    scale = 0.0
    for i in range(k):
        weight = ordered[i] if is_weighted else 1.0
        before = totals[ranked[i]]
        totals[ranked[i]] = weight if before == -np.inf else before + weight
        scale += abs(weight)
    return scale


@kernel
def _power(base, exponent):  # type: ignore[no-untyped-def]
    """A whole power by squaring: four times as fast as the general one."""
    result = 1.0
    while exponent > 0:
        if exponent & 1:
            result *= base
        base *= base
        exponent >>= 1
    return result


@kernel
def _elected(m, slack, shares, present, totals):  # type: ignore[no-untyped-def]
    """Mean share of the answers with the largest total."""
    best, tied, right = -np.inf, 1.0, 0.0
    for i in range(m):
        value = totals[present[i]]
        if value > best + slack:
            best, tied, right = value, 1.0, shares[present[i]]
        elif value >= best - slack:
            tied += 1.0
            right += shares[present[i]]
    return right / tied

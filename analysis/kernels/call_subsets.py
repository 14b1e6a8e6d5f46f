"""All subsets of V shared calls, one after another, with the scores that each gives."""

import math
from typing import Final

import numpy as np

from svlaw.analysis.kernels.compilation import kernel
from svlaw.analysis.kernels.problem_sample import ProblemSample
from svlaw.analysis.kernels.verdict_draws import add_call, write_scores

MOST_SCORES: Final = 2**20
"""Scores (subsets of calls times solutions) up to which all subsets are cheaper than draws."""
MOST_STEPS: Final = 2**18
"""Votes (subsets of calls, times those of solutions, times S) up to which all are counted."""


def can_enumerate(sample: ProblemSample, verifications: int) -> bool:
    """Whether every subset of V of a problem's shared calls is affordable: V = 1 and V = M always.

    Args:
        sample: The problem.
        verifications: V.
    """
    if sample.calls is None or verifications > sample.n_calls:
        return False
    if verifications in (1, sample.n_calls):
        return True
    return math.comb(sample.n_calls, verifications) * sample.n_solutions <= MOST_SCORES


def can_enumerate_votes(sample: ProblemSample, solutions: int, verifications: int) -> bool:
    """Whether every subset of V shared calls and of S verified solutions is affordable.

    Args:
        sample: The problem.
        solutions: S.
        verifications: V.
    """
    if not can_enumerate(sample, verifications):
        return False
    held = sample.n_verified(verifications)
    votes = math.comb(held, solutions) * solutions if solutions <= held else 0
    return 0 < votes * math.comb(sample.n_calls, verifications) <= MOST_STEPS


@kernel
def next_subset(chosen, size):  # type: ignore[no-untyped-def]
    """Advance to the next subset of 0 .. size - 1, in lexicographic order, in place.

    Args:
        chosen: (V,) the subset, ascending.
        size: Number of things to choose from.

    Returns:
        The first place that changed; -1, with the subset as it was, after the last one.
    """
    place = chosen.size - 1
    while place >= 0 and chosen[place] == size - chosen.size + place:
        place -= 1
    if place >= 0:
        chosen[place] += 1
        for later in range(place + 1, chosen.size):
            chosen[later] = chosen[later - 1] + 1
    return place


@kernel
def score_subset(draws, chosen, place, totals, parsed, values, w):  # type: ignore[no-untyped-def]
    """Write the score that a subset of the calls gives every solution, as column w.

    Args:
        draws: A `VerdictDraws` of shared calls.
        chosen: (V,) the subset.
        place: First place of it that has changed since the last call; 0 at first.
        totals: (V + 1, N) int64, row p the sums of the first p calls; zeros at first.
        parsed: (V + 1, N) int64, likewise the counts of parsed verdicts.
        values: (N, W) integers, written.
        w: The column.
    """
    for p in range(place, chosen.size):
        totals[p + 1] = totals[p]
        parsed[p + 1] = parsed[p]
        add_call(draws.matrix[chosen[p]], totals[p + 1], parsed[p + 1])
    write_scores(draws, totals[chosen.size], parsed[chosen.size], values, w)


@kernel
def room_for(size, n_solutions):  # type: ignore[no-untyped-def]
    """Room for the sums or counts of `score_subset`."""
    return np.zeros((size + 1, n_solutions), np.int64)

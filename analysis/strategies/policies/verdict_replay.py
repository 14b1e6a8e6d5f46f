"""Verdicts drawn one after another in a replay, each solution's own or those of shared calls."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from svlaw.analysis.kernels.compilation import kernel
from svlaw.analysis.kernels.permutations import draw_next
from svlaw.analysis.kernels.random_streams import draw_below

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

UNIT = 1e-9
"""A score of one billionth, the unit in which scores are held."""
TIE = 1e-10
"""Scores, and sums of scores, within this are equal: means of verdicts are rounded."""


class Cache(NamedTuple):
    """One problem with N solutions, for compiled kernels of policies that verify.

    Attributes:
        classes: (N,) int32, negative for no vote.
        shares: (number of classes,) share of each class's solutions that are right.
        correct: (N,) float64, 1 for a right solution.
        unverified: (N,) bool, solutions that score 0 without being verified.
        tokens: (N,) tokens of each solution.
        prompt_tokens: (N,) tokens of the prompt that verifies a solution.
        scores: (all verdicts,) in billionths, negative where unparsed.
        verdict_tokens: (all verdicts,) tokens of each verdict.
        offsets: (N + 1,) where each solution's verdicts begin.
        calls: (N, C) verdict of each shared call on each solution, in billionths, negative where
            unparsed or none; no columns for independent verdicts.
        call_tokens: (C,) tokens of each shared call.
        call_prompt: Tokens of the prompt of shared calls, which is read once.
    """

    classes: npt.NDArray[np.int32]
    shares: F64
    correct: F64
    unverified: npt.NDArray[np.bool_]
    tokens: F64
    prompt_tokens: F64
    scores: npt.NDArray[np.int32]
    verdict_tokens: F64
    offsets: I64
    calls: npt.NDArray[np.int32]
    call_tokens: F64
    call_prompt: float


class Drawn(NamedTuple):
    """The verdicts that a replay has drawn so far.

    Attributes:
        depth: (N,) verdicts drawn of each solution.
        total: (N,) sum of the parsed ones, in billionths.
        parsed: (N,) how many were parsed.
        places: (all verdicts,) the verdicts, those drawn of each solution first.
        call_order: (C,) the shared calls, those drawn first.
        used: (5,) prompts, verifications, unused, prompt tokens and verification tokens so far;
            the fourth and fifth in the order of `usage.QUANTITIES`.
        n_calls: (1,) shared calls drawn so far.
    """

    depth: I64
    total: I64
    parsed: I64
    places: I64
    call_order: I64
    used: F64
    n_calls: I64


def nothing_drawn(cache: Cache) -> Drawn:
    """Room for the verdicts that a replay draws."""
    n = cache.classes.size
    return Drawn(
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.arange(cache.scores.size),
        np.arange(cache.calls.shape[1]),
        np.zeros(5),
        np.zeros(1, np.int64),
    )


@kernel
def forget(drawn):  # type: ignore[no-untyped-def]
    """Begin another replay."""
    drawn.depth[:] = 0
    drawn.total[:] = 0
    drawn.parsed[:] = 0
    drawn.used[:] = 0.0
    drawn.n_calls[0] = 0


@kernel
def verify(cache, drawn, j, wanted, stream):  # type: ignore[no-untyped-def]
    """Draw verdicts on solution j until it has so many, or all there are; and return how many."""
    depth, start = drawn.depth[j], cache.offsets[j]
    shared = cache.calls.shape[1]
    held = shared if shared > 0 else cache.offsets[j + 1] - start
    if shared == 0 and depth == 0 and wanted > 0 and held > 0:
        drawn.used[0] += 1
        drawn.used[3] += cache.prompt_tokens[j]
    while depth < wanted and depth < held:
        if shared > 0:
            if depth == drawn.n_calls[0]:
                if depth == 0:
                    drawn.used[0] += 1
                    drawn.used[3] += cache.call_prompt
                call = draw_next(drawn.call_order, depth, stream)
                drawn.n_calls[0] += 1
                drawn.used[1] += 1
                drawn.used[4] += cache.call_tokens[call]
            score = cache.calls[j, drawn.call_order[depth]]
        else:
            pick = start + depth + draw_below(stream, held - depth)
            place = drawn.places[pick]
            drawn.places[pick] = drawn.places[start + depth]
            drawn.places[start + depth] = place
            drawn.used[1] += 1
            drawn.used[4] += cache.verdict_tokens[place]
            score = cache.scores[place]
        depth += 1
        if score >= 0:
            drawn.total[j] += score
            drawn.parsed[j] += 1
    drawn.depth[j] = depth
    return depth


@kernel
def score_of(drawn, j):  # type: ignore[no-untyped-def]
    """Mean of the parsed verdicts drawn on solution j; 0 where there is none."""
    if drawn.parsed[j] == 0:
        return 0.0
    return drawn.total[j] * UNIT / drawn.parsed[j]


@kernel
def record(found, used, sums, squares, largest):  # type: ignore[no-untyped-def]
    """Add one replay of one setting to its running sums, with what its verdicts used."""
    found[2], found[3], found[5], found[6] = used[0], used[1], used[3], used[4]
    for q in range(found.size):
        sums[q] += found[q]
        squares[q] += found[q] * found[q]
        largest[q] = max(largest[q], found[q])

"""Random verdict draws: the score of every solution at every V, V of its verdicts at a time.

A score is the mean of V verdicts drawn without replacement: for each solution its own, or, where
calls are shared, the verdicts that the same V calls gave on every solution. Scores are held as
whole numbers that order and add up as the means do, so that equal means are equal and sums do not
depend on order: the sum of the V verdicts where all are parsed, else the mean in units of
1 / `MEAN_UNIT`.
"""

from typing import Final, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from svlaw.analysis.kernels.compilation import kernel
from svlaw.analysis.kernels.problem_sample import SCORE_UNIT, UNPARSED, ProblemSample
from svlaw.analysis.kernels.random_streams import draw_below

MEAN_UNIT: Final = 100_000_000_000_000
"""A mean score of 1; at 10^14 the sum over 90,000 solutions still fits 64 bits."""
_FINER: Final = MEAN_UNIT // SCORE_UNIT

I64 = npt.NDArray[np.int64]
NO_SCORE: Final = -1
"""Held in place of the score of a solution with fewer than V verdicts."""


class VerdictDraws(NamedTuple):
    """What a draw needs of one problem with N solutions, for compiled kernels.

    Attributes:
        is_binary: Whether every parsed verdict is 0 or 1; then only their counts matter.
        is_averaged: Whether scores are means in `MEAN_UNIT`, not sums: some verdict is unparsed.
        yes: (N,) verdicts of 1, when binary.
        no: (N,) verdicts of 0, when binary.
        held: (N,) all verdicts, unparsed ones included.
        table: (V + 1, V + 1) score by number of parsed and of yes verdicts, when binary.
        scores: (sum of held,) verdicts in billionths, `UNPARSED` where null, when not binary;
            shuffled in place.
        offsets: (N + 1,) where each solution's verdicts begin in `scores`.
        verifications: (W,) values of V, ascending.
        matrix: (M, N) verdict of each shared call on each solution, `UNPARSED` where null: 1 or 0
            when binary, else in billionths; no rows where calls are independent.
        order: (M,) the calls, shuffled in place.
        totals: (N,) room for sums of verdicts.
        parsed: (N,) room for counts of parsed verdicts.
    """

    is_binary: bool
    is_averaged: bool
    yes: I64
    no: I64
    held: I64
    table: npt.NDArray[np.signedinteger]
    scores: npt.NDArray[np.int32]
    offsets: I64
    verifications: I64
    matrix: npt.NDArray[np.int32]
    order: I64
    totals: I64
    parsed: I64

    @property
    def levels(self) -> int:
        """Number of different scores, 0 .. levels - 1, when the table holds ranks; else 0."""
        return int(self.table.max(initial=-1)) + 1 if self.is_binary else 0

    def empty_values(self) -> npt.NDArray[np.signedinteger]:
        """An (N, W) array for `draw_scores` to fill."""
        dtype = self.table.dtype if self.is_binary else np.int64
        return np.empty((self.held.size, self.verifications.size), dtype)


def prepare_draws(
    sample: ProblemSample,
    verifications: I64,
    *,
    count_unparsed: bool,
    zero_missing: bool,
    ranked: bool,
) -> VerdictDraws:
    """Apply the policies and choose how scores are held.

    Args:
        sample: The problem.
        verifications: (W,) values of V, ascending.
        count_unparsed: True counts an unparsed verdict as a no, False leaves it out of the mean.
        zero_missing: Whether a solution without an answer scores 0 whatever its verdicts.
        ranked: Whether only the order of scores matters, so that ranks may stand in for them.
    """
    if sample.calls is not None:
        return _prepare_shared(sample, verifications, count_unparsed, zero_missing, ranked)
    scores, held = sample.scores.copy(), sample.n_verdicts
    if zero_missing:
        scores[np.repeat(sample.missing, held)] = 0
    if count_unparsed:
        scores[scores == UNPARSED] = 0
    is_averaged = bool((scores == UNPARSED).any())
    is_binary = bool(np.isin(scores, (UNPARSED, 0, SCORE_UNIT)).all())
    yes = no = np.zeros(0, np.int64)
    table = np.zeros((0, 0), np.int64)
    if is_binary:
        yes, no = (_count(scores == value, sample.offsets) for value in (SCORE_UNIT, 0))
        table = _score_table(int(verifications[-1]), is_averaged, ranked, sample.n_solutions)
        scores = scores[:0]
    return VerdictDraws(
        is_binary,
        is_averaged,
        yes,
        no,
        held,
        table,
        scores,
        sample.offsets,
        verifications,
        *_NO_CALLS,
    )


def _prepare_shared(
    sample: ProblemSample,
    verifications: I64,
    count_unparsed: bool,
    zero_missing: bool,
    ranked: bool,
) -> VerdictDraws:
    """The same where calls are shared: a call without a verdict on a solution did not parse."""
    assert sample.calls is not None
    held = sample.depths
    matrix = np.full((sample.n_calls, sample.n_solutions), UNPARSED, np.int32)
    solutions = np.repeat(np.arange(sample.n_solutions), sample.n_verdicts)
    matrix[sample.calls, solutions] = sample.scores
    matrix[:, held == 0] = 0  # without a score anyway
    if zero_missing:
        matrix[:, sample.missing] = 0
    if count_unparsed:
        matrix[matrix == UNPARSED] = 0
    is_averaged = bool((matrix == UNPARSED).any())
    is_binary = bool(np.isin(matrix, (UNPARSED, 0, SCORE_UNIT)).all())
    table = np.zeros((0, 0), np.int64)
    if is_binary:
        matrix[matrix == SCORE_UNIT] = 1
        table = _score_table(int(verifications[-1]), is_averaged, ranked, sample.n_solutions)
    room = np.zeros((2, sample.n_solutions), np.int64)
    none = np.zeros(sample.n_solutions, np.int64)
    return VerdictDraws(
        is_binary,
        is_averaged,
        none,
        none,
        held,
        table,
        np.zeros(0, np.int32),
        sample.offsets,
        verifications,
        matrix,
        np.arange(sample.n_calls),
        room[0],
        room[1],
    )


_NO_CALLS: Final = (
    np.zeros((0, 0), np.int32),
    np.zeros(0, np.int64),
    np.zeros(0, np.int64),
    np.zeros(0, np.int64),
)
"""What draws of independent calls hold of shared ones."""


def _count(mask: npt.NDArray[np.bool_], offsets: I64) -> I64:
    before = np.concatenate(([0], np.cumsum(mask)))
    result: I64 = np.diff(before[offsets]).astype(np.int64)
    return result


def _score_table(
    deepest: int, is_averaged: bool, ranked: bool, n_solutions: int
) -> npt.NDArray[np.signedinteger]:
    """Scores by [parsed, yes]: the yes verdicts, their mean, or the rank of their mean."""
    yes = np.arange(deepest + 1, dtype=np.int64)
    if not is_averaged:
        small = deepest * n_solutions < 2**31
        return np.tile(yes, (deepest + 1, 1)).astype(np.int32 if small else np.int64)
    parsed = np.maximum(yes, 1)[:, None]
    means: I64 = (2 * np.minimum(yes, parsed) * MEAN_UNIT + parsed) // (2 * parsed)
    if not ranked:
        return means
    ranks = np.unique(means, return_inverse=True)[1].astype(np.int32)
    return ranks.reshape(means.shape)


@kernel
def draw_scores(draws, depth, stream, values):  # type: ignore[no-untyped-def]
    """Draw an order of every solution's verdicts, or of all calls, and write the score at each V.

    Args:
        draws: A `VerdictDraws`.
        depth: How many of the W values of V to do.
        stream: stream state (see `streams`), advanced in place.
        values: (N, W) integers, written; `NO_SCORE` where a solution has fewer than V verdicts.
    """
    if draws.order.size > 0:
        _draw_calls(draws, depth, stream, values)
    elif draws.is_binary:
        _draw_counts(draws, depth, stream, values)
    else:
        _draw_sums(draws, depth, stream, values)


@kernel
def _draw_counts(draws, depth, stream, values):  # type: ignore[no-untyped-def]
    table, verifications = draws.table, draws.verifications
    for j in range(draws.held.size):
        yes, no, left = draws.yes[j], draws.no[j], draws.held[j]
        unanimous = left in (yes, no) or yes + no == 0
        drawn_yes, parsed, before = 0, 0, 0
        for w in range(depth):
            v = verifications[w]
            if v > draws.held[j]:
                values[j, w] = NO_SCORE
                continue
            if unanimous:
                drawn_yes = v if yes > 0 else 0
                parsed = v if yes + no > 0 else 0
            else:
                for _ in range(v - before):
                    pick = draw_below(stream, left)
                    is_yes = pick < yes
                    is_parsed = pick < yes + no
                    left -= 1
                    yes -= is_yes
                    no -= is_parsed and not is_yes
                    drawn_yes += is_yes
                    parsed += is_parsed
                before = v
            values[j, w] = table[parsed, drawn_yes]


@kernel
def _draw_sums(draws, depth, stream, values):  # type: ignore[no-untyped-def]
    scores, verifications = draws.scores, draws.verifications
    for j in range(draws.held.size):
        start, held = draws.offsets[j], draws.held[j]
        total, parsed, before = 0, 0, 0
        for w in range(depth):
            v = verifications[w]
            if v > held:
                values[j, w] = NO_SCORE
                continue
            for k in range(before, v):
                pick = start + k + draw_below(stream, held - k)
                score = scores[pick]
                scores[pick] = scores[start + k]
                scores[start + k] = score
                if score >= 0:
                    total += score
                    parsed += 1
            before = v
            values[j, w] = _mean_score(draws.is_averaged, total, parsed)


@numba.njit(inline="always")
def _mean_score(is_averaged, total, parsed):  # type: ignore[no-untyped-def]
    """The score that a sum of so many parsed verdicts gives."""
    if not is_averaged:
        return total
    if parsed == 0:
        return 0
    return (2 * total * _FINER + parsed) // (2 * parsed)


@kernel
def _draw_calls(draws, depth, stream, values):  # type: ignore[no-untyped-def]
    verifications, order = draws.verifications, draws.order
    draws.totals[:] = 0
    draws.parsed[:] = 0
    before = 0
    for w in range(depth):
        v = verifications[w]
        if v > order.size:
            values[:, w] = NO_SCORE
            continue
        for k in range(before, v):
            pick = k + draw_below(stream, order.size - k)
            call = order[pick]
            order[pick] = order[k]
            order[k] = call
            add_call(draws.matrix[call], draws.totals, draws.parsed)
        before = v
        write_scores(draws, draws.totals, draws.parsed, values, w)


@kernel
def add_call(verdicts, totals, parsed):  # type: ignore[no-untyped-def]
    """Add the verdicts of a shared call on every solution to running sums and counts, each (N,)."""
    for j in range(verdicts.size):
        score = verdicts[j]
        totals[j] += max(score, 0)
        parsed[j] += score >= 0


@kernel
def write_scores(draws, totals, parsed, values, w):  # type: ignore[no-untyped-def]
    """Write the scores that sums and counts of verdicts of shared calls give, as column w."""
    for j in range(totals.size):
        if draws.held[j] == 0:
            values[j, w] = NO_SCORE
        elif draws.is_binary:
            values[j, w] = draws.table[parsed[j], totals[j]]
        else:
            values[j, w] = _mean_score(draws.is_averaged, totals[j], parsed[j])

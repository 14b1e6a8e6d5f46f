"""Random verdict draws: the score of every solution at every V, V of its verdicts at a time.

A score is the mean of V verdicts drawn without replacement. Scores are held as whole numbers that
order and add up as the means do, so that equal means are equal and sums do not depend on order:
the sum of the V verdicts where all are parsed, else the mean in units of 1 / `MEAN_UNIT`.
"""

from typing import Final, NamedTuple

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
        is_binary, is_averaged, yes, no, held, table, scores, sample.offsets, verifications
    )


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
    """Draw an order of every solution's verdicts and write its score at each V.

    Args:
        draws: A `VerdictDraws`.
        depth: How many of the W values of V to do.
        stream: stream state (see `streams`), advanced in place.
        values: (N, W) integers, written; `NO_SCORE` where a solution has fewer than V verdicts.
    """
    if draws.is_binary:
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
            if not draws.is_averaged:
                values[j, w] = total
            elif parsed == 0:
                values[j, w] = 0
            else:
                values[j, w] = (2 * total * _FINER + parsed) // (2 * parsed)

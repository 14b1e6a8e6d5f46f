"""Success of one problem under a rule of the user's own, at every (S, V)."""

from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from svlaw.analysis.kernels.compilation import kernel
from svlaw.analysis.kernels.permutation_walks import share_walks
from svlaw.analysis.kernels.problem_sample import ProblemSample
from svlaw.analysis.kernels.random_streams import new_stream, shuffle
from svlaw.analysis.kernels.verdict_draws import draw_scores
from svlaw.analysis.strategies.call_watch import Heartbeat
from svlaw.analysis.strategies.own_rule import Draws, OwnRule
from svlaw.analysis.strategies.rules.scores import score_units
from svlaw.analysis.success.estimators import (
    Estimate,
    Options,
    _draws,
    _is_mixed,
    _reach,
)
from svlaw.analysis.success.replication import replicate

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_VALUES_AT_ONCE: Final = 2**18
"""Scores that are drawn before the rule is asked; a batched rule is called once for all of them."""
_CHECKED: Final = 8
"""Draws at each point that are evaluated twice."""


def estimate_own_rule(
    rule: OwnRule,
    sample: ProblemSample,
    solutions: I64,
    verifications: I64,
    options: Options,
    n_problems: int,
    beat: Heartbeat | None = None,
) -> Estimate:
    """Estimate a rule of the user's own on one problem.

    Exact, with variance 0, only at S = 1; else from random verdict draws and permutations of the
    solutions. The first draws of every point are evaluated twice.

    Args:
        rule: The rule.
        sample: The problem.
        solutions: (G,) values of S, ascending.
        verifications: (W,) values of V, ascending.
        options: Policies, tolerance and seed.
        n_problems: Number of problems averaged over.
        beat: Moved on with every draw.

    Raises:
        BadInputError: The rule raised, returned nonsense, or is not deterministic.
    """
    usable, outside = _reach(sample, solutions, verifications)
    draws = _draws(sample, verifications, options, ranked=False)
    values, units = draws.empty_values(), score_units(draws)
    stream = new_stream(options.seed, "own rule", sample.problem_id)
    walks, shares = share_walks(solutions), sample.shares
    drawn = (solutions > 1) & ~outside & _is_mixed(sample)
    at_once = max(1, _VALUES_AT_ONCE // max(1, sample.n_solutions * verifications.size))
    unchecked = np.ones(outside.shape, np.bool_)

    def judge(answers: npt.NDArray[np.int32], scores: F64, correct: Mask, w: int, g: int) -> F64:
        """Outcomes of drawn sets at one point, the first of them checked."""
        judged = Draws(
            sample.problem_id,
            int(verifications[w]),
            _frozen(answers),
            _frozen(scores),
            correct,
            shares,
        )
        if unchecked[w, g]:
            unchecked[w, g] = False
            few = slice(_CHECKED)
            rule.check(
                Draws(
                    judged.problem_id,
                    judged.verifications,
                    judged.answers[few],
                    judged.scores[few],
                    correct,
                    shares,
                ),
                beat,
            )
        return rule.outcomes(judged, beat)

    def add(active: Mask, replicates: int, sums: F64, squares: F64) -> None:
        for begun in range(0, replicates, at_once):
            count = min(at_once, replicates - begun)
            orders, drawn_scores = _drawn(draws, values, units, count, stream)
            for w, n in enumerate(usable):
                held = drawn_scores[:, w] >= 0
                order = orders[held].reshape(count, n)
                scores = drawn_scores[:, w][held].reshape(count, n)
                for h, (start, stop) in enumerate(pairwise(walks.starts)):
                    fitting = solutions[start:stop][solutions[start:stop] <= n]
                    if not active[h] or not fitting.size:
                        continue
                    length = int(fitting[-1])
                    blocks = int(n) // length
                    shape = (count * blocks, length)
                    sets = order[:, : blocks * length].reshape(shape)
                    sets_of = (
                        sample.classes[sets],
                        scores[:, : blocks * length].reshape(shape),
                        sample.correct[sets],
                    )
                    for i, S in enumerate(fitting):
                        answers, their_scores, correct = (
                            np.ascontiguousarray(each[:, :S]) for each in sets_of
                        )
                        found = judge(answers, their_scores, correct, w, start + i)
                        means = found.reshape(count, blocks).mean(axis=1)
                        sums[start + i, w] += means.sum()
                        squares[start + i, w] += (means**2).sum()

    tries = np.stack([walks.subsets(int(n)) for n in usable], axis=1)
    success, variance = replicate(
        add,
        (solutions.size, verifications.size),
        walks.starts,
        drawn.T,
        np.maximum(tries, 1),
        options.target(n_problems),
        options.max_replicates,
    )
    return Estimate(np.where(outside, np.nan, success.T), np.where(outside, np.nan, variance.T))


def _frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    array.flags.writeable = False
    return array


@kernel
def _drawn(draws, values, units, count, stream):  # type: ignore[no-untyped-def]
    """(R, N) random orders of the solutions and (R, W, N) scores in that order; -1 for none."""
    n, width = values.shape
    orders, scores = np.empty((count, n), np.int64), np.empty((count, width, n))
    order = np.arange(n)
    for r in range(count):
        draw_scores(draws, width, stream, values)
        shuffle(order, stream)
        orders[r] = order
        for w in range(width):
            for i in range(n):
                value = values[order[i], w]
                scores[r, w, i] = value / units[w] if value >= 0 else -1.0
    return orders, scores

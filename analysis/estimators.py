"""Success of one problem at every (S, V) of each strategy, with its Monte-Carlo variance."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt

from svlaw.analysis.coverage import coverage
from svlaw.analysis.samples import ProblemSample
from svlaw.analysis.streams import new_stream
from svlaw.analysis.verification import (
    best_of_n_draws,
    rank_weights,
    weighted_vote_draws,
)
from svlaw.analysis.voting import exact_vote, is_affordable, permuted_vote

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

UnparsedPolicy = Literal["ignore", "no"]
MissingAnswerPolicy = Literal["zero", "keep"]
Population = Literal["all", "verified"]

_BATCH: Final = 8
"""Verdict draws per batch; best-of-N's Monte-Carlo variance comes from batch means."""


@dataclass(frozen=True)
class Options:
    """How success is estimated.

    Attributes:
        unparsed: `ignore` leaves unparsed verdicts out of a solution's mean score (none parsed:
            score 0, the paper's rule); `no` counts them as a score of 0.
        missing_answer: `zero` gives a solution without an answer the score 0 (the paper's rule);
            `keep` takes its verdicts as they are.
        population: `all` lets coverage and self-consistency use every solution; `verified` only
            those with a verdict, so that all strategies rest on the same solutions.
        tolerance: Wanted Monte-Carlo standard error of a mean over problems.
        max_replicates: Most replicates per problem; at this limit the error is what it is.
        seed: Seed of every random draw.
    """

    unparsed: UnparsedPolicy = "ignore"
    missing_answer: MissingAnswerPolicy = "zero"
    population: Population = "all"
    tolerance: float = 0.001
    max_replicates: int = 2**18
    seed: int = 0

    def __post_init__(self) -> None:
        if self.unparsed not in get_args(UnparsedPolicy):
            raise ValueError(f"unparsed is {self.unparsed!r}; use ignore or no")
        if self.missing_answer not in get_args(MissingAnswerPolicy):
            raise ValueError(f"missing_answer is {self.missing_answer!r}; use zero or keep")
        if self.population not in get_args(Population):
            raise ValueError(f"population is {self.population!r}; use all or verified")
        if not 0 < self.tolerance < 1:
            raise ValueError(f"tolerance is {self.tolerance}; use a number between 0 and 1")
        if self.max_replicates < 1:
            raise ValueError(f"max_replicates is {self.max_replicates}; use at least 1")
        if self.seed < 0:
            raise ValueError(f"seed is {self.seed}; use a number from 0")


@dataclass(frozen=True)
class Estimate:
    """Success of one problem at a grid of points.

    Attributes:
        success: (W, G) success for W values of V (one row where the strategy has no verifier) and G
            values of S; nan where the problem holds too little.
        variance: (W, G) Monte-Carlo variance of it; 0 where exact.
    """

    success: F64
    variance: F64


def estimate(
    strategy: str,
    sample: ProblemSample,
    solutions: I64,
    verifications: I64,
    options: Options,
    n_problems: int,
) -> Estimate:
    """Estimate one strategy on one problem.

    Replicates are added until this problem's share of the Monte-Carlo variance of the mean over
    `n_problems` is within the tolerance, so the result depends on no other problem.

    Args:
        strategy: One of `svlaw.data.schema.STRATEGIES`.
        sample: The problem.
        solutions: (G,) values of S, ascending.
        verifications: (W,) values of V, ascending; unused without a verifier.
        options: Policies, tolerance and seed.
        n_problems: Number of problems averaged over.
    """
    return _ESTIMATORS[strategy](sample, solutions, verifications, options, n_problems)


def _coverage(
    sample: ProblemSample, solutions: I64, verifications: I64, options: Options, n_problems: int
) -> Estimate:
    success = coverage(sample.n_solutions, sample.correct.sum(), solutions)[None, :]
    return Estimate(success, np.where(np.isnan(success), np.nan, 0.0))


def _self_consistency(
    sample: ProblemSample, solutions: I64, verifications: I64, options: Options, n_problems: int
) -> Estimate:
    success = np.full((1, solutions.size), np.nan)
    variance = success.copy()
    held = solutions[solutions <= sample.n_solutions]
    if held.size:
        shares = sample.shares
        votes = np.bincount(sample.classes[sample.classes >= 0], minlength=shares.size)
        if is_affordable(votes, int(held[-1]), sample.n_solutions):
            success[0, : held.size] = exact_vote(sample.classes, shares, held)
            variance[0, : held.size] = 0.0
        else:
            success[0, : held.size], variance[0, : held.size] = _permuted(
                sample, shares, held, options, n_problems
            )
    return Estimate(success, variance)


def _permuted(
    sample: ProblemSample, shares: F64, solutions: I64, options: Options, n_problems: int
) -> tuple[F64, F64]:
    stream = new_stream(options.seed, "self_consistency", sample.problem_id)
    sums, squares = np.zeros(solutions.size), np.zeros(solutions.size)
    drawn = (solutions > 1) & (solutions < sample.n_solutions) & _is_mixed(sample)

    def add(replicates: int) -> None:
        permuted_vote(sample.classes, shares, solutions, replicates, stream, sums, squares)

    return _replicate(add, sums, squares, drawn, options, n_problems)


def _best_of_n(
    sample: ProblemSample, solutions: I64, verifications: I64, options: Options, n_problems: int
) -> Estimate:
    usable, outside = _reach(sample, solutions, verifications)
    stream = new_stream(options.seed, "best_of_n", sample.problem_id)
    scores, zeroed = sample.scores.copy(), _zeroed(sample, options)
    ranks = np.empty((verifications.size, sample.n_solutions))
    sums, squares = np.zeros(outside.shape), np.zeros(outside.shape)
    drawn = _draws_verdicts(sample, verifications)[:, None] & (solutions > 1) & ~outside
    drawn &= _is_mixed(sample)
    weights = {int(n): rank_weights(int(n), solutions[solutions <= n]) for n in set(usable)}

    def add(replicates: int) -> None:
        for _ in range(replicates):
            best_of_n_draws(
                scores,
                sample.offsets,
                sample.correct,
                zeroed,
                verifications,
                options.unparsed == "no",
                _BATCH,
                stream,
                ranks,
            )
            for w, n in enumerate(usable):
                outcome = ranks[w, :n] @ weights[int(n)]
                sums[w, : outcome.size] += outcome
                squares[w, : outcome.size] += outcome**2

    success, variance = _replicate(add, sums, squares, drawn, options, n_problems, _BATCH)
    return Estimate(np.where(outside, np.nan, success), np.where(outside, np.nan, variance))


def _weighted_vote(
    sample: ProblemSample, solutions: I64, verifications: I64, options: Options, n_problems: int
) -> Estimate:
    usable, outside = _reach(sample, solutions, verifications)
    stream = new_stream(options.seed, "weighted_vote", sample.problem_id)
    scores, zeroed, shares = sample.scores.copy(), _zeroed(sample, options), sample.shares
    sums, squares = np.zeros(outside.shape), np.zeros(outside.shape)
    whole = (solutions == usable[:, None]) & ~_draws_verdicts(sample, verifications)[:, None]
    drawn = (solutions > 1) & ~whole & ~outside & _is_mixed(sample)

    def add(replicates: int) -> None:
        weighted_vote_draws(
            scores,
            sample.offsets,
            sample.classes,
            shares,
            zeroed,
            verifications,
            options.unparsed == "no",
            solutions,
            replicates,
            stream,
            sums,
            squares,
        )

    success, variance = _replicate(add, sums, squares, drawn, options, n_problems)
    return Estimate(np.where(outside, np.nan, success), np.where(outside, np.nan, variance))


def _reach(
    sample: ProblemSample, solutions: I64, verifications: I64
) -> tuple[I64, npt.NDArray[np.bool_]]:
    """(W,) number of solutions with V verdicts, and (W, G) where S is more than that."""
    usable = np.array([sample.n_verified(int(v)) for v in verifications], np.int64)
    return usable, solutions > usable[:, None]


def _replicate(
    add: Callable[[int], None],
    sums: F64,
    squares: F64,
    drawn: npt.NDArray[np.bool_],
    options: Options,
    n_problems: int,
    draws_each: int = 1,
) -> tuple[F64, F64]:
    """Call `add` for ever more replicates until the variance of their mean is small enough.

    Where `drawn` holds and no replicate has differed yet, an outcome of chance 1 / draws could
    still have been missed; the variance is at least that of missing it.
    """
    target = n_problems * options.tolerance**2
    limit = max(2, options.max_replicates // draws_each)
    least = math.ceil(1 / math.sqrt(target) / draws_each)
    replicates = 0
    wanted = min(max(least, 8), limit) if drawn.any() else 2
    while True:
        add(wanted - replicates)
        replicates = wanted
        mean = sums / replicates
        spread = np.maximum(squares / replicates - mean**2, 0.0) / (replicates - 1)
        spread[spread < 1e-20] = 0.0
        floor = np.where(drawn, 1.0 / (replicates * draws_each) ** 2, 0.0)
        variance = np.where(drawn, np.maximum(spread, floor), 0.0)
        worst = variance.max(initial=0.0)
        if worst <= target or replicates >= limit:
            return mean, variance
        needed = math.ceil(1.05 * replicates * worst / target)
        wanted = min(limit, max(replicates + 8, min(needed, 4 * replicates)))


def _zeroed(sample: ProblemSample, options: Options) -> npt.NDArray[np.bool_]:
    if options.missing_answer == "zero":
        return sample.missing
    return np.zeros(sample.n_solutions, np.bool_)


def _is_mixed(sample: ProblemSample) -> bool:
    """Whether the outcome can depend on the draw at all: not when every solution is wrong."""
    return bool(sample.correct.any())


def _draws_verdicts(sample: ProblemSample, verifications: I64) -> npt.NDArray[np.bool_]:
    """(W,) whether some solution has more than V verdicts, so that V of them are a draw."""
    deepest = sample.n_verdicts.max(initial=0)
    result: npt.NDArray[np.bool_] = verifications < deepest
    return result


_ESTIMATORS: Final = {
    "coverage": _coverage,
    "self_consistency": _self_consistency,
    "best_of_n": _best_of_n,
    "weighted_vote": _weighted_vote,
}

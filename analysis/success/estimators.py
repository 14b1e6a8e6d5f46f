"""Success of one problem at every (S, V) of each strategy, with its Monte-Carlo variance."""

import math
from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt

from svlaw.analysis.dust import settled_success
from svlaw.analysis.kernels.call_subsets import can_enumerate, can_enumerate_votes
from svlaw.analysis.kernels.permutation_walks import share_walks
from svlaw.analysis.kernels.problem_sample import Half, ProblemSample
from svlaw.analysis.kernels.random_streams import new_stream
from svlaw.analysis.kernels.verdict_draws import VerdictDraws, prepare_draws
from svlaw.analysis.strategies.best_of_n import (
    best_of_n_batches,
    best_of_n_over_calls,
    stack_weights,
)
from svlaw.analysis.strategies.coverage import coverage
from svlaw.analysis.strategies.self_consistency import exact_vote, is_affordable, permuted_vote
from svlaw.analysis.strategies.weighted_vote import (
    weighted_vote_over_calls,
    weighted_vote_walks,
)
from svlaw.analysis.success.replication import LEAST_REPLICATES, replicate

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

UnparsedPolicy = Literal["ignore", "no"]
MissingAnswerPolicy = Literal["zero", "keep"]
Population = Literal["all", "verified"]

_BATCH: Final = 8
"""Most verdict draws per batch; best-of-N's Monte-Carlo variance comes from batch means."""


_SHARED_BLOCKS: Final = 4
"""Disjoint subsets of solutions that one draw of shared calls judges in weighted voting."""


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
        half: `all` uses every solution; `analysis` only the half of each problem's solutions that
            has no part in its pass rate, which the `rating` half gives (see `difficulty`).
        tolerance: Wanted Monte-Carlo standard error of a mean over problems.
        max_replicates: Most replicates per problem, the pilot's aside; at this limit the error is
            what it is.
        seed: Seed of every random draw, that of the halves included.
    """

    unparsed: UnparsedPolicy = "ignore"
    missing_answer: MissingAnswerPolicy = "zero"
    population: Population = "all"
    half: Half = "all"
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
        if self.half not in get_args(Half):
            raise ValueError(f"half is {self.half!r}; use all, rating or analysis")
        if not 0 < self.tolerance < 1:
            raise ValueError(f"tolerance is {self.tolerance}; use a number between 0 and 1")
        if self.max_replicates < 1:
            raise ValueError(f"max_replicates is {self.max_replicates}; use at least 1")
        if self.seed < 0:
            raise ValueError(f"seed is {self.seed}; use a number from 0")

    def target(self, n_problems: int) -> float:
        """Monte-Carlo variance that each of P problems may have, P tolerance^2."""
        return n_problems * self.tolerance**2


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

    There are as many replicates as bring this problem's share of the Monte-Carlo variance of the
    mean over `n_problems` within the tolerance, so the result depends on no other problem.

    Args:
        strategy: One of `svlaw.data.schema.STRATEGIES`.
        sample: The problem.
        solutions: (G,) values of S, ascending.
        verifications: (W,) values of V, ascending; unused without a verifier.
        options: Policies, tolerance and seed.
        n_problems: Number of problems averaged over.
    """
    found = _ESTIMATORS[strategy](sample, solutions, verifications, options, n_problems)
    return replace(found, success=settled_success(found.success, solutions, sample.n_solutions))


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
    walks = share_walks(solutions)
    drawn = (solutions > 1) & (solutions < sample.n_solutions) & _is_mixed(sample)

    def add(active: Mask, replicates: int, sums: F64, squares: F64) -> None:
        permuted_vote(
            sample.classes,
            shares,
            solutions,
            walks.starts,
            active,
            replicates,
            stream,
            sums,
            squares,
        )

    success, variance = replicate(
        add,
        (solutions.size, 1),
        walks.starts,
        drawn[:, None],
        walks.subsets(sample.n_solutions)[:, None],
        options.target(n_problems),
        options.max_replicates,
    )
    return success[:, 0], variance[:, 0]


def _best_of_n(
    sample: ProblemSample, solutions: I64, verifications: I64, options: Options, n_problems: int
) -> Estimate:
    usable, outside = _reach(sample, solutions, verifications)
    stream = new_stream(options.seed, "best_of_n", sample.problem_id)
    draws = _draws(sample, verifications, options, ranked=True)
    levels = draws.levels if draws.levels <= 8 * sample.n_solutions else 0
    sizes, rows = np.unique(usable, return_inverse=True)
    weights, reach = stack_weights(sizes, solutions)
    values = draws.empty_values()
    drawn = _draws_verdicts(sample, verifications)[:, None] & (solutions > 1) & ~outside
    drawn &= _is_mixed(sample)
    whole = np.array([can_enumerate(sample, int(v)) for v in verifications])
    drawn &= ~whole[:, None]
    target = options.target(n_problems)
    size = min(_BATCH, math.ceil(1 / math.sqrt(target) / LEAST_REPLICATES))

    def add(active: Mask, batches: int, sums: F64, squares: F64) -> None:
        best_of_n_batches(
            draws,
            values,
            sample.correct,
            levels,
            rows,
            weights,
            reach,
            active,
            batches,
            size,
            stream,
            sums,
            squares,
        )

    success, variance = replicate(
        add,
        outside.shape,
        np.arange(verifications.size + 1),
        drawn,
        np.full(outside.shape, size),
        target,
        max(2, options.max_replicates // size),
    )
    for w in np.flatnonzero(whole):
        u = rows[w]
        best_of_n_over_calls(
            draws, values, sample.correct, levels, w, weights[u], reach[u], success[w]
        )
    return Estimate(np.where(outside, np.nan, success), np.where(outside, np.nan, variance))


def _weighted_vote(
    sample: ProblemSample, solutions: I64, verifications: I64, options: Options, n_problems: int
) -> Estimate:
    usable, outside = _reach(sample, solutions, verifications)
    stream = new_stream(options.seed, "weighted_vote", sample.problem_id)
    draws = _draws(sample, verifications, options, ranked=False)
    walks, shares, values = share_walks(solutions), sample.shares, draws.empty_values()
    depths = np.append(np.flatnonzero(np.diff(usable, prepend=-1)), usable.size)
    draws_verdicts = _draws_verdicts(sample, verifications)
    whole = (solutions == usable[:, None]) & ~draws_verdicts[:, None]
    counted = _countable(sample, solutions, verifications)
    drawn = (solutions > 1) & ~whole & ~counted & ~outside & _is_mixed(sample)

    def add(active: Mask, replicates: int, sums: F64, squares: F64) -> None:
        weighted_vote_walks(
            draws,
            values,
            sample.classes,
            shares,
            depths,
            solutions,
            walks.starts,
            active,
            replicates,
            sample.n_solutions if sample.calls is None else _SHARED_BLOCKS,
            stream,
            sums,
            squares,
        )

    tries = np.stack([walks.subsets(int(n)) for n in usable], axis=1)
    if sample.calls is not None:
        tries[:, draws_verdicts] = 1  # the disjoint subsets of a walk are judged by the same calls
    success, variance = replicate(
        add,
        (solutions.size, verifications.size),
        walks.starts,
        drawn.T,
        np.maximum(tries, 1),
        options.target(n_problems),
        options.max_replicates,
    )
    success, variance = success.T, variance.T
    for w in np.flatnonzero(counted.any(axis=1)):
        weighted_vote_over_calls(
            draws, values, sample.classes, shares, w, solutions, counted[w], success[w]
        )
    return Estimate(np.where(outside, np.nan, success), np.where(outside, np.nan, variance))


def _draws(
    sample: ProblemSample, verifications: I64, options: Options, *, ranked: bool
) -> VerdictDraws:
    return prepare_draws(
        sample,
        verifications,
        count_unparsed=options.unparsed == "no",
        zero_missing=options.missing_answer == "zero",
        ranked=ranked,
    )


def _reach(sample: ProblemSample, solutions: I64, verifications: I64) -> tuple[I64, Mask]:
    """(W,) number of solutions that support V, and (W, G) where S is more than that."""
    usable = np.array([sample.n_verified(int(v)) for v in verifications], np.int64)
    return usable, solutions > usable[:, None]


def _countable(sample: ProblemSample, solutions: I64, verifications: I64) -> Mask:
    """(W, G) whether all subsets of shared calls and of solutions are few enough to be counted."""
    if sample.calls is None:
        return np.zeros((verifications.size, solutions.size), np.bool_)
    return np.array(
        [[can_enumerate_votes(sample, int(s), int(v)) for s in solutions] for v in verifications]
    )


def _is_mixed(sample: ProblemSample) -> bool:
    """Whether the outcome can depend on the draw at all: not when every solution is wrong."""
    return bool(sample.correct.any())


def _draws_verdicts(sample: ProblemSample, verifications: I64) -> Mask:
    """(W,) whether some solution supports more than V, so that its V verdicts are a draw."""
    deepest = sample.depths.max(initial=0)
    result: Mask = verifications < deepest
    return result


_ESTIMATORS: Final = {
    "coverage": _coverage,
    "self_consistency": _self_consistency,
    "best_of_n": _best_of_n,
    "weighted_vote": _weighted_vote,
}

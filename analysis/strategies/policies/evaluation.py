"""The success and the usage of one problem at all settings of a family of policies."""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from svlaw.analysis.kernels.problem_sample import UNPARSED, ProblemSample
from svlaw.analysis.kernels.random_streams import new_stream
from svlaw.analysis.strategies.policies.accepted_solutions import accept_first, halving
from svlaw.analysis.strategies.policies.families import FAMILIES, Settings
from svlaw.analysis.strategies.policies.replays import Replayed, replay, replay_all
from svlaw.analysis.strategies.policies.stopped_votes import stopped_votes
from svlaw.analysis.strategies.policies.stopping_rules import (
    UNREACHABLE,
    votes_for_chance,
    votes_for_lead,
)
from svlaw.analysis.strategies.policies.usage import (
    PROMPT_TOKENS,
    PROMPTS,
    QUANTITIES,
    SOLUTION_TOKENS,
    SOLUTIONS,
    VERIFICATION_TOKENS,
    VERIFICATIONS,
)
from svlaw.analysis.strategies.policies.verdict_replay import Cache, nothing_drawn
from svlaw.analysis.strategies.policies.verified_answers import verify_distinct, verify_if_split

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

_EXHAUSTIVE: Final = 7
"""Solutions up to which all orders are gone through: 5,040."""


def evaluate(
    family: str,
    sample: ProblemSample,
    settings: Sequence[Settings],
    *,
    count_unparsed: bool,
    zero_missing: bool,
    target: float,
    limit: int,
    seed: int,
) -> Replayed:
    """Replay a family of policies on one problem.

    Args:
        family: Name of the family.
        sample: The problem, with at least one solution, or one with enough verdicts.
        settings: K settings, complete.
        count_unparsed: True counts an unparsed verdict as a no, False leaves it out of the mean.
        zero_missing: Whether a solution without an answer scores 0, which needs no verification.
        target: Monte-Carlo variance of the success to reach.
        limit: Most replays.
        seed: Seed of the replays.

    Returns:
        (K, ...) means, variances and largest values; token columns are 0 where the sample has no
        lengths.
    """
    if family in _VOTES:
        return _vote(family, sample, settings, target, limit, seed)
    if FAMILIES[family].is_own_vote:
        return _own_vote(family, sample, settings, target, limit, seed)
    cache = cache_of(sample, count_unparsed=count_unparsed, zero_missing=zero_missing)
    found = Replayed(*(np.zeros((len(settings), len(QUANTITIES))) for _ in range(3)))
    depths = np.array([int(one["verifications"]) for one in settings])
    for depth in np.unique(depths):
        places = np.flatnonzero(depths == depth).tolist()
        part = _verified(family, cache, sample, [settings[k] for k in places], target, limit, seed)
        found.mean[places] = part.mean
        found.variance[places] = part.variance
        found.largest[places] = part.largest
    return found


def _vote(
    family: str,
    sample: ProblemSample,
    settings: Sequence[Settings],
    target: float,
    limit: int,
    seed: int,
) -> Replayed:
    most = max(int(one["most"]) for one in settings)
    needed = np.stack([_needed(one, most) for one in settings])
    windows = np.array([int(one.get("window", 0)) for one in settings], np.int64)
    limits = np.array([int(one["most"]) for one in settings], np.int64)
    n = sample.n_solutions
    is_exhaustive = n <= _EXHAUSTIVE
    order = np.arange(n)
    shares, tokens = _shares(sample), _tokens(sample)
    stream = new_stream(seed, family, sample.problem_id)

    def add(replays: int, sums: F64, squares: F64, largest: F64) -> None:
        stopped_votes(
            *(sample.classes, shares, tokens, needed, windows, limits, order, is_exhaustive),
            *(replays, stream, sums, squares, largest),
        )

    if is_exhaustive:
        return replay_all(add, len(settings), math.factorial(n))
    return replay(add, len(settings), target, limit, is_mixed=bool(sample.correct.any()))


def _own_vote(
    family: str,
    sample: ProblemSample,
    settings: Sequence[Settings],
    target: float,
    limit: int,
    seed: int,
) -> Replayed:
    """A vote over the verifier's own answers, which are calls of the verifier and no solutions."""
    answers = sample.verifier_answers
    if answers is None:
        raise ValueError(f"{sample.problem_id}: the verifier has no answers of its own")
    # Without a lead all answers are asked for at once: a window as long as the vote.
    fixed = [one if "lead" in one else {**one, "window": one["most"]} for one in settings]
    found = _vote(family, answers, fixed, target, limit, seed)
    for values in (found.mean, found.variance, found.largest):
        for own, as_solution in _CALLS_OF_SOLUTIONS:
            values[:, own] = values[:, as_solution]
            values[:, as_solution] = 0.0
    for values in (found.mean, found.largest):
        values[:, PROMPTS] = 1.0
        values[:, PROMPT_TOKENS] = 0 if sample.lengths is None else sample.lengths.prompts.mean()
    return found


_CALLS_OF_SOLUTIONS: Final = (
    (VERIFICATIONS, SOLUTIONS),
    (VERIFICATION_TOKENS, SOLUTION_TOKENS),
)


def _needed(settings: Settings, most: int) -> I64:
    """(most + 1,) votes that the leader needs, see `stopping_rules`."""
    if "lead" in settings:
        return votes_for_lead(int(settings["lead"]), most)
    if "threshold" in settings:
        return _votes_for_chance(float(settings["threshold"]), most)
    return np.full(most + 1, UNREACHABLE, np.int64)


@lru_cache(maxsize=64)
def _votes_for_chance(threshold: float, most: int) -> I64:
    return votes_for_chance(threshold, most)


def _verified(
    family: str,
    cache: Cache,
    sample: ProblemSample,
    settings: Sequence[Settings],
    target: float,
    limit: int,
    seed: int,
) -> Replayed:
    """The same for settings of equal V, in any order."""
    depth = int(settings[0]["verifications"])
    order = np.flatnonzero(sample.depths >= depth)
    drawn = nothing_drawn(cache)
    stream = new_stream(seed, family, sample.problem_id, str(depth))
    name = "solutions" if "solutions" in settings[0] else "most"
    sizes = np.array([int(one[name]) for one in settings], np.int64)
    rising = np.argsort(sizes, kind="stable")
    walk, more = _WALKS[family]
    values = more([settings[k] for k in rising])

    def add(replays: int, sums: F64, squares: F64, largest: F64) -> None:
        walk(
            *(cache, drawn, order, sizes[rising], depth, values, replays, stream),
            *(sums, squares, largest),
        )

    found = replay(add, len(settings), target, limit, is_mixed=bool(sample.correct.any()))
    back = np.argsort(rising)
    return Replayed(found.mean[back], found.variance[back], found.largest[back])


def cache_of(sample: ProblemSample, *, count_unparsed: bool, zero_missing: bool) -> Cache:
    """One problem as replays of policies that verify take it; see `evaluate` for the options."""
    scores = sample.scores
    if count_unparsed:
        scores = np.where(scores == UNPARSED, 0, scores).astype(np.int32)
    lengths, n = sample.lengths, sample.n_solutions
    calls = np.zeros((n, 0), np.int32)
    call_tokens = np.zeros(sample.n_calls)
    if sample.calls is not None:
        # A call without a verdict on a solution is one that was not parsed.
        calls = np.full((n, sample.n_calls), 0 if count_unparsed else UNPARSED, np.int32)
        calls[np.repeat(np.arange(n), sample.n_verdicts), sample.calls] = scores
        if lengths is not None:
            call_tokens = lengths.of_calls(sample.calls, sample.n_calls)
    return Cache(
        sample.classes,
        _shares(sample),
        sample.correct.astype(float),
        sample.missing & zero_missing,
        _tokens(sample),
        np.zeros(n) if lengths is None else lengths.prompts,
        scores,
        np.zeros(scores.size) if lengths is None else lengths.verdicts,
        sample.offsets,
        calls,
        call_tokens,
        0.0 if lengths is None else float(lengths.prompts.mean()),
    )


def _shares(sample: ProblemSample) -> F64:
    """Shares of the classes, of which a kernel takes one at least."""
    shares = sample.shares
    return shares if shares.size else np.zeros(1)


def _tokens(sample: ProblemSample) -> F64:
    return np.zeros(sample.n_solutions) if sample.lengths is None else sample.lengths.solutions


def _shares_of(name: str) -> Callable[[Sequence[Settings]], npt.NDArray[np.generic]]:
    return lambda settings: np.array([float(one[name]) for one in settings])


def _by_votes(settings: Sequence[Settings]) -> npt.NDArray[np.generic]:
    return np.array([one.get("by", "votes") == "votes" for one in settings])


def _nothing(settings: Sequence[Settings]) -> npt.NDArray[np.generic]:
    return np.zeros(len(settings))


_VOTES: Final = ("adaptive_vote", "early_stopping")
_Values = Callable[[Sequence[Settings]], npt.NDArray[np.generic]]
_WALKS: Final[dict[str, tuple[Callable[..., None], _Values]]] = {
    "verify_distinct": (verify_distinct, _by_votes),
    "verify_if_split": (verify_if_split, _shares_of("agreement")),
    "accept_first": (accept_first, _shares_of("threshold")),
    "halving": (halving, _nothing),
}
"""The kernel of each family that verifies, and what it takes of the settings beside S and V."""

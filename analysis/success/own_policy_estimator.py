"""Success and usage of one problem under a policy of the user's own, by replay."""

import hashlib

import numpy as np
import numpy.typing as npt

from svlaw.analysis.kernels.problem_sample import ProblemSample
from svlaw.analysis.strategies.call_watch import Heartbeat
from svlaw.analysis.strategies.own_policy import OwnPolicy, PolicyProblem
from svlaw.analysis.strategies.policies.evaluation import cache_of
from svlaw.analysis.strategies.policies.replays import Replayed, replay
from svlaw.analysis.success.estimators import Options
from svlaw.data.errors import BadInputError

F64 = npt.NDArray[np.float64]

_CHECKED = 4
"""Replays that are played twice."""


def estimate_own_policy(
    policy: OwnPolicy, sample: ProblemSample, options: Options, n_problems: int, beat: Heartbeat
) -> Replayed:
    """Replay a policy of the user's own on one problem.

    Solutions with fewer verdicts than the policy may ask for take no part. The first replays are
    played twice.

    Args:
        policy: The policy.
        sample: The problem.
        options: Policies, tolerance and seed.
        n_problems: Number of problems averaged over.
        beat: Moved on with every replay.

    Raises:
        BadInputError: The policy raised, returned nonsense, broke its limits, or gave two results
            for one replay.
    """
    cache = cache_of(
        sample,
        count_unparsed=options.unparsed == "no",
        zero_missing=options.missing_answer == "zero",
    )
    able = np.flatnonzero(sample.depths >= policy.verifications)
    digest = hashlib.blake2b(f"own policy\0{sample.problem_id}".encode(), digest_size=8).digest()
    seed = (options.seed, *np.frombuffer(digest, np.uint32).tolist())
    begun = 0

    def play(number: int) -> F64:
        return policy.play(PolicyProblem(policy, sample.problem_id, cache, able, seed, number))

    def add(replays: int, sums: F64, squares: F64, largest: F64) -> None:
        nonlocal begun
        beat.begin(lambda n: f"problem {sample.problem_id}, replay {n}")
        for number in range(begun, begun + replays):
            beat.at[0] = number
            found = play(number)
            if number < _CHECKED and not np.array_equal(found, play(number)):
                raise BadInputError(
                    f"{policy.name} gave two results for one draw (problem {sample.problem_id},"
                    f" replay {number}); equal draws must give equal results"
                )
            sums[0] += found
            squares[0] += found**2
            np.maximum(largest[0], found, out=largest[0])
        begun += replays
        beat.rest()

    is_mixed = bool(sample.correct.any())
    return replay(add, 1, options.target(n_problems), options.max_replicates, is_mixed=is_mixed)

"""When a vote is decided: votes that the leader needs, given those of the runner-up."""

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]

UNREACHABLE = 2**31
"""More votes than any pool has."""


def votes_for_lead(lead: int, most: int) -> I64:
    """(most + 1,) votes at which the leader is `lead` votes ahead of a runner-up of n votes."""
    return np.arange(most + 1, dtype=np.int64) + lead


def votes_for_chance(threshold: float, most: int) -> I64:
    """(most + 1,) votes at which the leader is ahead of a runner-up of n votes with some chance.

    With a votes for the leader and b for the runner-up and a uniform prior, the leader's share p of
    the two has the posterior Beta(a + 1, b + 1), and

    P(p > 1/2) = P(at most a of a + b + 1 fair coins are heads).

    Args:
        threshold: Chance to reach, between 1/2 and 1.
        most: Most votes that a runner-up can have.

    Returns:
        The smallest a with a chance of at least the threshold, for b = 0 .. most;
        `UNREACHABLE` where none of at most 2 most + 1 has it.

    Source:
        Aggarwal et al. 2023, Adaptive-Consistency (arXiv 2305.11860), the Beta stopping criterion.
    """
    from scipy.special import bdtr  # noqa: PLC0415

    runner_up = np.arange(most + 1)[:, None]
    leader = np.arange(2 * most + 2)[None, :]
    enough = bdtr(leader, leader + runner_up + 1, 0.5) >= threshold
    enough &= leader > runner_up
    needed: I64 = np.where(enough.any(axis=1), enough.argmax(axis=1), UNREACHABLE)
    return needed.astype(np.int64)

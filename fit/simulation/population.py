"""Populations of problems with known parameters, and rates that vary over problems.

A rate that varies has a mean m and a spread r in [0, 1], its variance over the largest there can
be, m (1 - m): it is Beta(m k, (1 - m) k) with k = (1 - r) / r. At 0 all are alike, at 1 each is 0
or 1, and r is also the correlation of two draws that share a rate.
"""

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt

from svlaw.data.errors import BadInputError
from svlaw.data.shown import Shown

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Simulation(Shown):
    """A population of problems, solutions and verdicts.

    Attributes:
        pass_rate: Mean chance that a solution is right, over the problems that are neither
            unsolvable nor always solved.
        pass_rate_spread: Spread of that chance over problems.
        unsolvable: Share of the problems that no solution solves.
        always_solved: Share of the problems that every solution solves.
        wrong_answers: K, the number of different wrong answers of a problem.
        concentration: How far wrong solutions agree: the wrong answers have Zipf weights, j to the
            power of minus this; 0 makes all equally frequent.
        no_answer: Share of the wrong solutions that give no answer.
        true_positive_rate: Mean chance that a verdict on a right solution is yes.
        true_positive_spread: Spread of that chance over problems.
        false_positive_rate: Mean chance that a verdict on a wrong solution is yes.
        false_positive_spread: Spread of that chance over problems.
        correlation: Correlation of two verdicts on one solution, given its problem's rates: the
            solution has a chance of its own, of this spread, around the rate of its problem.
        solution_tokens: Mean length of a solution.
        verification_tokens: Mean length of a verification.
        token_spread: Standard deviation of the log of a length (lengths are lognormal).
        shared_calls: Whether calls are shared: call k gives all solutions of the same answer the
            same verdict, as a test or an answer of the verifier's own does. The answer, not the
            solution, then has the chance of its own that `correlation` speaks of; a solution
            without an answer is like no other.

    Raises:
        BadInputError: A value is out of its range.
    """

    pass_rate: float = 0.45
    pass_rate_spread: float = 0.4
    unsolvable: float = 0.05
    always_solved: float = 0.0
    wrong_answers: int = 30
    concentration: float = 1.2
    no_answer: float = 0.03
    true_positive_rate: float = 0.75
    true_positive_spread: float = 0.1
    false_positive_rate: float = 0.3
    false_positive_spread: float = 0.15
    correlation: float = 0.2
    solution_tokens: float = 500.0
    verification_tokens: float = 500.0
    token_spread: float = 0.5
    shared_calls: bool = False

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            low, high = _RANGES.get(field.name, (0, 1))
            if not low <= value <= high:
                raise BadInputError(
                    f"{field.name} = {value:g}: use a number from {low:,} to {high:,}"
                )
        if self.wrong_answers != int(self.wrong_answers):
            raise BadInputError(f"wrong_answers = {self.wrong_answers:g}: use a whole number")
        if self.unsolvable + self.always_solved > 1 + 1e-9:  # but for rounding
            raise BadInputError(
                f"unsolvable = {self.unsolvable:g} and always_solved = {self.always_solved:g}"
                " are more than all problems together; lower one of them"
            )

    @property
    def varied(self) -> float:
        """Share of the problems that are neither unsolvable nor always solved."""
        return max(0.0, 1 - self.unsolvable - self.always_solved)

    @property
    def mean_pass_rate(self) -> float:
        """Mean chance that a solution is right, over all problems."""
        return self.always_solved + self.varied * self.pass_rate

    @property
    def ratio(self) -> float:
        """lambda, the mean length of a verification over that of a solution."""
        return self.verification_tokens / self.solution_tokens

    @property
    def wrong_weights(self) -> F64:
        """(K,) chance of each wrong answer, given a wrong solution that has one."""
        weights = np.arange(1.0, self.wrong_answers + 1) ** -self.concentration
        normalised: F64 = weights / weights.sum()
        return normalised


_TOKENS: Final = (1, 100_000)
_RANGES: Final[dict[str, tuple[int, int]]] = {
    "wrong_answers": (1, 10_000),
    "concentration": (0, 10),
    "solution_tokens": _TOKENS,
    "verification_tokens": _TOKENS,
    "token_spread": (0, 2),
}

SETTINGS: Final[dict[str, Simulation]] = {
    "typical": Simulation(),
    "hard": Simulation(
        pass_rate=0.2,
        unsolvable=0.15,
        wrong_answers=50,
        concentration=1.0,
        true_positive_rate=0.6,
        false_positive_rate=0.35,
    ),
    "correlated": Simulation(
        true_positive_rate=0.85,
        false_positive_rate=0.2,
        correlation=0.5,
    ),
}
"""Examples: a typical population; hard problems with a weak verifier, which never overtakes
self-consistency at S up to 64; a strong verifier whose verdicts on a solution agree."""


def beta_parameters(mean: float, spread: float) -> tuple[float, float] | None:
    """Parameters of the Beta law of a rate; None where it takes only 0, 1 or its mean."""
    if spread in {0, 1} or mean in {0, 1}:
        return None
    total = (1 - spread) / spread
    return mean * total, (1 - mean) * total


def draw_rates(rng: np.random.Generator, means: F64, spread: float) -> F64:
    """Draw one rate around each mean.

    Args:
        rng: Source of randomness.
        means: (n,) means in [0, 1].
        spread: Their common spread in [0, 1].

    Returns:
        (n,) rates.
    """
    if spread == 0:
        return means
    if spread == 1:
        return (rng.random(means.size) < means).astype(float)
    total = (1 - spread) / spread
    fixed = (means <= 0) | (means >= 1)
    inner = np.where(fixed, 0.5, means)
    return np.where(fixed, means, rng.beta(total * inner, total * (1 - inner)))

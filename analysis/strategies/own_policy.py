"""A policy of the user's own: an object with a method `run` that samples, verifies and answers.

`run(problem)` works on one replay of a problem (`PolicyProblem`): it samples solutions, verifies
them, looks at their answers and scores, and returns either the position of one of the solutions it
has sampled, or a weight for each of them (the answer with the largest sum wins, ties count as their
expected value). `most` is the most solutions it samples, `verifications` the most verdicts it asks
for on a solution (0 without). Equal draws must give equal results.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from svlaw.analysis.kernels.problem_sample import NO_CLASS, SCORE_UNIT, UNPARSED
from svlaw.analysis.strategies.own_code import error_of_code
from svlaw.analysis.strategies.own_rule import shares_of_winners
from svlaw.analysis.strategies.policies import usage
from svlaw.analysis.strategies.policies.verdict_replay import Cache
from svlaw.data.errors import BadInputError

F64 = npt.NDArray[np.float64]


class _CutError(Exception):
    """The problem has no more solutions."""


@dataclass(frozen=True)
class OwnPolicy:
    """A policy that the user wrote.

    Attributes:
        name: What to call it.
        policy: The object with `run`.
        most: Most solutions that it samples.
        verifications: Most verdicts that it asks for on a solution.
    """

    name: str
    policy: Any
    most: int
    verifications: int

    @staticmethod
    def of(name: str, policy: Any) -> "OwnPolicy":
        """The policy of an object.

        Raises:
            BadInputError: Its limits are missing or no whole numbers.
        """
        limits = {}
        for what, least in (("most", 1), ("verifications", 0)):
            value = getattr(policy, what, 0 if what == "verifications" else None)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise BadInputError(
                    f"{name}: {what} = {value!r}; a policy needs '{what}', a whole number from"
                    f" {least}"
                )
            limits[what] = value
        return OwnPolicy(name, policy, limits["most"], limits["verifications"])

    def play(self, problem: "PolicyProblem") -> F64:
        """(Q,) what one replay came to and used, see `usage.QUANTITIES`.

        Raises:
            BadInputError: The policy raised, returned nonsense or broke its limits; the notes of
                the error have the traceback of the user's code.
        """
        try:
            returned = self.policy.run(problem)
        except _CutError:
            problem.used[usage.CENSORED] = 1.0
            returned = np.ones(len(problem.answers))
        except BadInputError:
            raise
        except Exception as error:
            raise error_of_code(f"{self.name} raised", error, f" on {problem.where}") from error
        problem.used[usage.SUCCESS] = self._outcome(returned, problem)
        return problem.used

    def _outcome(self, returned: Any, problem: "PolicyProblem") -> float:
        drawn = len(problem.answers)
        try:
            result = np.asarray(returned)
        except ValueError:
            result = np.asarray(None)
        if result.ndim == 0 and result.dtype.kind in "iu" and 0 <= int(result) < drawn:
            return float(problem.is_right(int(result)))
        if result.shape == (drawn,) and drawn and result.dtype.kind in "iufb":
            weights = result.astype(float)
            if np.isfinite(weights).all():
                return problem.share_of_winner(weights)
        shown = repr(returned)
        shown = shown if len(shown) <= 60 else shown[:57] + "..."
        raise BadInputError(
            f"{self.name} returned {shown} after {drawn} solutions of {problem.where}; return the"
            " position of one of them (from 0) or a finite weight for each"
        )


class PolicyProblem:
    """One replay of one problem: solutions and verdicts come in random order, without replacement.

    Positions of solutions count from 0 in the order in which they were sampled.

    Attributes:
        answers: Answer of each solution sampled so far: whole numbers, equal for equal answers, -1
            for none.
    """

    def __init__(
        self,
        owner: OwnPolicy,
        problem_id: str,
        cache: Cache,
        able: npt.NDArray[np.int64],
        seed: Sequence[int],
        replay: int,
    ) -> None:
        self.answers: list[int] = []
        self.used = np.zeros(len(usage.QUANTITIES))
        self._owner, self._cache = owner, cache
        self._problem_id, self._replay = problem_id, replay
        self._random = np.random.Generator(np.random.PCG64([*seed, replay]))
        self._order = able[self._random.permutation(able.size)]
        self._calls: npt.NDArray[np.int64] | None = None
        if cache.call_tokens.size:
            self._calls = self._random.permutation(cache.call_tokens.size)
        self._verdicts: dict[int, npt.NDArray[np.int64]] = {}
        self._asked: list[int] = []
        self._scores: list[list[float]] = []

    @property
    def where(self) -> str:
        """Problem and replay in words."""
        return f"problem {self._problem_id}, replay {self._replay}"

    @property
    def scores(self) -> list[float]:
        """Mean of the verdicts so far on each solution sampled; 0 where there are none."""
        return [sum(given) / len(given) if given else 0.0 for given in self._scores]

    def sample(self) -> int:
        """Sample one more solution; returns its position."""
        return self.sample_many(1)[0]

    def sample_many(self, count: int) -> range:
        """Sample several solutions at once, in one round; returns their positions."""
        first = len(self.answers)
        if first + count > self._owner.most:
            raise BadInputError(
                f"{self._owner.name} samples more than its limit most = {self._owner.most} on"
                f" {self.where}"
            )
        self.used[usage.ROUNDS] += 1
        for _ in range(count):
            self._draw()
        return range(first, first + count)

    def _draw(self) -> None:
        place = len(self.answers)
        if place == self._order.size:
            raise _CutError
        chosen = int(self._order[place])
        self.answers.append(max(int(self._cache.classes[chosen]), NO_CLASS))
        self._asked.append(0)
        self._scores.append([])
        self.used[usage.SOLUTIONS] += 1
        self.used[usage.SOLUTION_TOKENS] += self._cache.tokens[chosen]

    def verify(self, position: int) -> float | None:
        """Get one more verdict on a solution: its score, from 0 to 1; None where unparsed."""
        return self.verify_many([position])[0]

    def verify_many(self, positions: Sequence[int]) -> list[float | None]:
        """Get one more verdict on each of several solutions, in one round."""
        self.used[usage.ROUNDS] += 1
        return [self._judge(self._checked(position)) for position in positions]

    def _checked(self, position: int) -> int:
        if not 0 <= position < len(self.answers):
            raise BadInputError(
                f"{self._owner.name} verifies solution {position} of {self.where}, which it has not"
                f" sampled; it has {len(self.answers)}"
            )
        if self._asked[position] >= self._owner.verifications:
            raise BadInputError(
                f"{self._owner.name} asks for more verdicts on a solution of {self.where} than its"
                f" limit verifications = {self._owner.verifications}"
            )
        return int(position)

    def _judge(self, position: int) -> float | None:
        chosen, k = int(self._order[position]), self._asked[position]
        self._asked[position] += 1
        if self._cache.unverified[chosen]:
            self._scores[position].append(0.0)
            return 0.0
        units = self._verdict(chosen, k)
        if units == UNPARSED:
            return None
        score = units / SCORE_UNIT
        self._scores[position].append(score)
        return score

    def _verdict(self, chosen: int, k: int) -> int:
        """The k-th verdict on a solution, in billionths, once its use is written down."""
        cache = self._cache
        if self._calls is None:
            if chosen not in self._verdicts:
                first, last = int(cache.offsets[chosen]), int(cache.offsets[chosen + 1])
                self._verdicts[chosen] = first + self._random.permutation(last - first)
            row = int(self._verdicts[chosen][k])
            self._use(k == 0, cache.prompt_tokens[chosen], cache.verdict_tokens[row])
            return int(cache.scores[row])
        call = int(self._calls[k])
        if k >= self.used[usage.VERIFICATIONS]:
            self._use(k == 0, cache.call_prompt, cache.call_tokens[call])
        return int(cache.calls[chosen, call])

    def _use(self, is_prompted: bool, prompt_tokens: float, tokens: float) -> None:
        self.used[usage.VERIFICATIONS] += 1
        self.used[usage.VERIFICATION_TOKENS] += tokens
        if is_prompted:
            self.used[usage.PROMPTS] += 1
            self.used[usage.PROMPT_TOKENS] += prompt_tokens

    def is_right(self, position: int) -> bool:
        """Whether a sampled solution is right, for the outcome alone."""
        return bool(self._cache.correct[self._order[position]])

    def share_of_winner(self, weights: F64) -> float:
        """Mean share of right solutions of the answers with the largest sum of weights."""
        answers = np.array([self.answers], np.int32)
        return float(shares_of_winners(answers, weights[None], self._cache.shares)[0])

"""A rule of the user's own: a function of the drawn answers and scores.

`rule(answers, scores)` gets the S drawn solutions in random order: `answers` (S,) int32, equal
numbers for equal answers and -1 for none, and `scores` (S,) float64. It returns either

- the position of one solution, 0 to S - 1: the outcome is whether that solution is right; or
- S weights: the answer with the largest sum of weights wins, ties count as their expected value,
  and the outcome is the share of the winner's solutions that are right (0 without any answer).

The order is random, so a rule that takes the first of equal solutions takes one of them by lot. A
rule must give the same result for the same arrays, and cannot change them. A function marked with
`batched` gets many draws at once, (D, S) each, and returns (D,) positions or (D, S) weights; one
compiled by Numba is called from compiled code.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt
from numba.core.errors import NumbaError

from svlaw.analysis.kernels.compilation import kernel
from svlaw.analysis.strategies.call_watch import (
    BATCH_LIMIT_SECONDS,
    LIMIT_SECONDS,
    Heartbeat,
)
from svlaw.analysis.strategies.own_code import error_of_code
from svlaw.data.errors import BadInputError, first_line

F64 = npt.NDArray[np.float64]
I32 = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

_SHOWN: Final = 8
"""Answers and scores that a message shows."""


def batched(function: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a rule that takes many draws at once: answers and scores (D, S)."""
    function.batched = True  # type: ignore[attr-defined]
    return function


@dataclass(frozen=True)
class Draws:
    """Draws of one problem at one S and V, for a rule to judge.

    Attributes:
        problem_id: The problem.
        verifications: V.
        answers: (D, S) int32, -1 for none.
        scores: (D, S) float64.
        correct: (D, S) whether each solution is right.
        shares: (K,) share of each answer's solutions that are right.
    """

    problem_id: str
    verifications: int
    answers: I32
    scores: F64
    correct: Mask
    shares: F64

    def where(self, d: int) -> str:
        """A draw in words: problem, S, V, answers and scores."""
        S = self.answers.shape[1]
        more = "..." if S > _SHOWN else ""
        answers = ", ".join(str(a) for a in self.answers[d, :_SHOWN])
        scores = ", ".join(f"{x:.4g}" for x in self.scores[d, :_SHOWN])
        return (
            f"problem {self.problem_id}, S = {S}, V = {self.verifications}, "
            f"answers [{answers}{more}], scores [{scores}{more}]"
        )


@dataclass(frozen=True)
class OwnRule:
    """A rule that the user wrote.

    Attributes:
        name: What to call it.
        function: The function, see the module.
    """

    name: str
    function: Callable[..., Any]

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise BadInputError(
                f"{self.name} is {type(self.function).__name__}, not a function of answers, scores"
            )

    @property
    def is_batched(self) -> bool:
        """Whether it takes many draws at once."""
        return bool(getattr(self.function, "batched", False))

    @property
    def limit(self) -> float:
        """Seconds after which a call of the function is given up."""
        return BATCH_LIMIT_SECONDS if self.is_batched else LIMIT_SECONDS

    @property
    def is_compiled(self) -> bool:
        """Whether Numba compiles it."""
        return hasattr(self.function, "py_func")

    @cached_property
    def _compiled(self) -> Callable[..., Any]:
        """Calls the function on every draw, from compiled code."""
        answers = numba.types.Array(numba.int32, 1, "C", readonly=True)
        scores = numba.types.Array(numba.float64, 1, "C", readonly=True)
        function: Any = self.function
        try:
            function.compile((answers, scores))
            result = function.overloads[answers, scores].signature.return_type
        except NumbaError as error:
            raise BadInputError(
                f"{self.name}: Numba cannot compile it for answers (int32) and scores (float64), "
                f"which it may not change: {first_line(error)}"
            ) from error
        if isinstance(result, numba.types.Integer):
            return _positions_caller(self.function)
        if isinstance(result, numba.types.Array) and result.ndim == 1:
            return _weights_caller(self.function)
        raise BadInputError(
            f"{self.name} returns {result}; return the position of a solution or an array of "
            "weights"
        )

    def outcomes(self, draws: Draws, beat: Heartbeat | None = None) -> F64:
        """(D,) expected success of what the rule picks.

        Args:
            draws: The draws.
            beat: Moved on with every draw.

        Raises:
            BadInputError: It raised, or returned what is no position and no weights; the notes of
                the error hold the traceback of the user's code.
        """
        return _judged(self, draws, self._answered(draws, beat or Heartbeat()))

    def check(self, draws: Draws, beat: Heartbeat | None = None) -> None:
        """Evaluate draws twice.

        Args:
            draws: The draws.
            beat: Moved on with every draw.

        Raises:
            BadInputError: The results differ.
        """
        first, second = (self._answered(draws, beat or Heartbeat()) for _ in range(2))
        differs = np.ones(1, np.bool_)
        if first.shape == second.shape:
            same = (first == second) | (_is_nan(first) & _is_nan(second))
            differs = ~same.reshape(max(len(same), 1), -1).all(axis=1)
        if differs.any():
            raise BadInputError(
                f"{self.name} gave two results for one draw "
                f"({draws.where(int(differs.argmax()))}); a rule must give the same result for the "
                "same arrays"
            )

    def _answered(self, draws: Draws, beat: Heartbeat) -> npt.NDArray[Any]:
        """What the function returns: (D,) positions or (D, S) weights, not yet judged."""
        caller = self._compiled if self.is_compiled else None
        beat.begin(draws.where)
        try:
            return self._called(draws, beat, caller)
        finally:
            beat.rest()

    def _called(
        self, draws: Draws, beat: Heartbeat, caller: Callable[..., Any] | None
    ) -> npt.NDArray[Any]:
        if caller is not None:
            return self._answered_by_numba(draws, beat, caller)
        if self.is_batched:
            try:
                return np.asarray(self.function(draws.answers, draws.scores))
            except Exception as error:
                raise self._raised(error, draws, 0, among=len(draws.answers)) from error
        found: list[npt.NDArray[Any]] = []
        for d, (answers, scores) in enumerate(zip(draws.answers, draws.scores, strict=True)):
            beat.at[0] = d
            try:
                result = np.asarray(self.function(answers, scores))
            except Exception as error:
                raise self._raised(error, draws, d) from error
            if found and result.shape != found[0].shape:
                raise self._nonsense(result, draws, d)
            found.append(result)
        return np.stack(found)

    def _answered_by_numba(
        self, draws: Draws, beat: Heartbeat, caller: Callable[..., Any]
    ) -> npt.NDArray[Any]:
        at = beat.at
        try:
            result: npt.NDArray[Any] = caller(draws.answers, draws.scores, at)
        except BadInputError:
            raise
        except Exception as error:
            raise self._raised(error, draws, int(at[0])) from error
        return result

    def _raised(
        self, error: Exception, draws: Draws, d: int, among: int | None = None
    ) -> BadInputError:
        """The error of a function that raised; its note is the traceback of the user's part."""
        many = f"{among} draws such as " if among is not None and among > 1 else ""
        return error_of_code(f"{self.name} raised", error, f" on {many}{draws.where(d)}")

    def _nonsense(self, returned: Any, draws: Draws, d: int) -> BadInputError:
        S, result = draws.answers.shape[1], np.asarray(returned)
        shown = (
            str(result.item())
            if result.ndim == 0
            else f"an array of shape {result.shape} and type {result.dtype}"
        )
        return BadInputError(
            f"{self.name} returned {shown} for {draws.where(d)}; return the position of one of the "
            f"{S} solutions (a whole number from 0 to {S - 1}) or {S} finite weights"
        )


def _is_nan(found: npt.NDArray[Any]) -> Mask:
    result: Mask = found != found  # noqa: PLR0124 -- isnan refuses objects and words
    return result


def _judged(rule: OwnRule, draws: Draws, found: npt.NDArray[Any]) -> F64:
    D, S = draws.answers.shape
    if found.shape == (D,) and found.dtype.kind in "iu":
        wrong = (found < 0) | (found >= S)
        if wrong.any():
            d = int(np.argmax(wrong))
            raise rule._nonsense(found[d], draws, d)
        return draws.correct[np.arange(D), found.astype(np.int64)].astype(np.float64)
    if found.shape == (D, S) and found.dtype.kind in "iufb":
        weights = found.astype(np.float64)
        wrong = ~np.isfinite(weights).all(axis=1)
        if wrong.any():
            d = int(np.argmax(wrong))
            raise rule._nonsense(found[d], draws, d)
        outcome: F64 = shares_of_winners(draws.answers, weights, draws.shares)
        return outcome
    shaped = found if rule.is_batched or not len(found) else found[0]
    raise rule._nonsense(shaped, draws, 0)


def _positions_caller(function: Callable[..., Any]) -> Callable[..., Any]:
    @numba.njit(nogil=True)
    def call(answers, scores, at):  # type: ignore[no-untyped-def]
        found = np.empty(answers.shape[0], np.int64)
        for d in range(answers.shape[0]):
            at[0] = d
            found[d] = function(answers[d], scores[d])
        return found

    caller: Callable[..., Any] = call
    return caller


def _weights_caller(function: Callable[..., Any]) -> Callable[..., Any]:
    @numba.njit(nogil=True)
    def call(answers, scores, at):  # type: ignore[no-untyped-def]
        found = np.empty(answers.shape)
        for d in range(answers.shape[0]):
            at[0] = d
            weights = function(answers[d], scores[d])
            if weights.size != found.shape[1]:
                return found[:, :0]
            found[d] = weights
        return found

    caller: Callable[..., Any] = call
    return caller


@kernel
def shares_of_winners(answers, weights, shares):  # type: ignore[no-untyped-def]
    """(D,) mean share of the answers with the largest sum of weights; 0 without any answer."""
    found = np.zeros(answers.shape[0])
    totals, present = np.empty(shares.size), np.zeros(shares.size, np.bool_)
    for d in range(answers.shape[0]):
        present[:] = False
        scale = 0.0
        for i in range(answers.shape[1]):
            a = answers[d, i]
            if a >= 0:
                totals[a] = (totals[a] if present[a] else 0.0) + weights[d, i]
                present[a] = True
                scale += abs(weights[d, i])
        best, tied, right = -np.inf, 1.0, 0.0
        for a in range(shares.size):
            if present[a] and totals[a] > best + 1e-12 * scale:
                best, tied, right = totals[a], 1.0, shares[a]
            elif present[a] and totals[a] >= best - 1e-12 * scale:
                tied += 1.0
                right += shares[a]
        found[d] = right / tied
    return found

"""Estimators straight from their definitions, by plain Monte-Carlo in NumPy.

For problems too large to enumerate. Every replicate chooses S solutions and V verdicts of each by
itself. Written for this purpose only: it shares no code, no array layout and no formula with the
package. Problems are sequences of solutions with `answer`, `is_correct`, `gave_none`, `verdicts`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

Figure = tuple[float, float]
"""Mean and its standard error."""

TIE = 1e-9
"""Scores are thousandths and V at most 12, so that different sums differ by far more."""


def _choose(n: int, size: int, replicates: int, rng: np.random.Generator) -> np.ndarray:
    """(R, size) members of random subsets of n."""
    return np.argsort(rng.random((replicates, n)), axis=1)[:, :size]


def _figure(outcomes: np.ndarray) -> Figure:
    """An outcome that never came up may still have a chance of one in R."""
    R = outcomes.size
    return float(outcomes.mean()), max(float(outcomes.std()) / np.sqrt(R), 1 / R)


class _Voters:
    """Which answer each solution votes for, and how often each answer is right."""

    def __init__(self, problem: Sequence[Any]) -> None:
        self.answers = sorted({s.answer for s in problem if s.answer is not None})
        self.shares = np.array(
            [
                np.mean([float(s.is_correct) for s in problem if s.answer == answer])
                for answer in self.answers
            ]
        )

    def elect(self, voters: Sequence[Any], chosen: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """(R,) outcome of votes of so much weight by the chosen ones among the voters."""
        given = np.array([s.answer or "" for s in voters])[chosen]
        if not self.answers:
            return np.zeros(len(chosen))
        votes = np.stack([given == answer for answer in self.answers], axis=1)
        present = votes.any(axis=2)
        totals = np.where(present, (votes * weights[:, None, :]).sum(axis=2), -1.0)
        tied = present & (totals >= totals.max(axis=1, keepdims=True) - TIE)
        return (tied * self.shares).sum(axis=1) / np.maximum(tied.sum(axis=1), 1)


def self_consistency(
    problem: Sequence[Any], solutions: int, replicates: int, rng: np.random.Generator
) -> Figure | None:
    """The most frequent answer of S solutions."""
    if solutions > len(problem):
        return None
    chosen = _choose(len(problem), solutions, replicates, rng)
    return _figure(_Voters(problem).elect(problem, chosen, np.ones(chosen.shape)))


def _scores(
    solution: Any, verifications: int, policy: tuple[str, str], replicates: int, rng: Any
) -> np.ndarray:
    """(R,) mean scores over V of the solution's verdicts."""
    unparsed, missing_answer = policy
    if solution.gave_none and missing_answer == "zero":
        return np.zeros(replicates)
    values = np.array([np.nan if v is None else float(v) for v in solution.verdicts])
    drawn = values[_choose(values.size, verifications, replicates, rng)]
    parsed = ~np.isnan(drawn)
    counted = np.full(replicates, verifications) if unparsed == "no" else parsed.sum(axis=1)
    return np.nan_to_num(drawn).sum(axis=1) / np.maximum(counted, 1)


def best_of_n(
    problem: Sequence[Any],
    solutions: int,
    verifications: int,
    policy: tuple[str, str],
    replicates: int,
    rng: np.random.Generator,
) -> Figure | None:
    """The solution with the highest mean score."""
    usable = [s for s in problem if len(s.verdicts) >= verifications]
    if solutions > len(usable):
        return None
    scores = np.stack([_scores(s, verifications, policy, replicates, rng) for s in usable], 1)
    chosen = _choose(len(usable), solutions, replicates, rng)
    scores = np.take_along_axis(scores, chosen, axis=1)
    right = np.array([s.is_correct for s in usable])[chosen]
    tied = scores >= scores.max(axis=1, keepdims=True) - TIE
    return _figure((tied & right).sum(axis=1) / tied.sum(axis=1))


def weighted_vote(
    problem: Sequence[Any],
    solutions: int,
    verifications: int,
    policy: tuple[str, str],
    replicates: int,
    rng: np.random.Generator,
) -> Figure | None:
    """The answer with the largest sum of mean scores."""
    usable = [s for s in problem if len(s.verdicts) >= verifications]
    if solutions > len(usable):
        return None
    scores = np.stack([_scores(s, verifications, policy, replicates, rng) for s in usable], 1)
    chosen = _choose(len(usable), solutions, replicates, rng)
    weights = np.take_along_axis(scores, chosen, axis=1)
    return _figure(_Voters(problem).elect(usable, chosen, weights))

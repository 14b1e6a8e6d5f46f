"""The arrays estimators work on: one problem's solutions and verdict scores, without any text."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

SCORE_UNIT: Final = 1_000_000_000
"""Scores in [0, 1] are held as whole billionths, so that sums are exact and ties are ties."""
UNPARSED: Final = -1
"""Held in place of the score of an unparsed verdict."""
NO_CLASS: Final = -1
"""Held in place of the class of a solution that casts no vote."""


@dataclass(frozen=True)
class ProblemSample:
    """The cached generations of one problem, N solutions with M_j verdicts each.

    Attributes:
        problem_id: The problem.
        classes: (N,) answer class of each solution, `NO_CLASS` where it has none.
        correct: (N,) whether the solution is right.
        missing: (N,) whether the solution failed to give an answer.
        offsets: (N + 1,) where each solution's verdicts begin in `scores`.
        scores: (sum of M_j,) verdict scores in billionths, `UNPARSED` where null.
    """

    problem_id: str
    classes: npt.NDArray[np.int32]
    correct: npt.NDArray[np.bool_]
    missing: npt.NDArray[np.bool_]
    offsets: npt.NDArray[np.int64]
    scores: npt.NDArray[np.int32]

    @property
    def n_solutions(self) -> int:
        """N, the number of solutions."""
        return self.classes.size

    @property
    def n_verdicts(self) -> npt.NDArray[np.int64]:
        """(N,) number of verdicts of each solution, unparsed ones included."""
        return np.diff(self.offsets)

    def n_verified(self, verifications: int) -> int:
        """Number of solutions with at least V verdicts."""
        return int((self.n_verdicts >= verifications).sum())

    @property
    def shares(self) -> npt.NDArray[np.float64]:
        """(number of classes,) share of each class's solutions that are right."""
        voting = self.classes >= 0
        votes = np.bincount(self.classes[voting])
        right = np.bincount(self.classes[voting], weights=self.correct[voting])
        shares: npt.NDArray[np.float64] = right / np.maximum(votes, 1)
        return shares


def verified_only(sample: ProblemSample) -> ProblemSample:
    """The sample without the solutions that have no verdict."""
    kept = sample.n_verdicts > 0
    return ProblemSample(
        problem_id=sample.problem_id,
        classes=dense_classes(sample.classes[kept]),
        correct=sample.correct[kept],
        missing=sample.missing[kept],
        offsets=np.concatenate(([0], np.cumsum(sample.n_verdicts[kept]))),
        scores=sample.scores,
    )


def dense_classes(classes: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Renumber classes 0, 1, 2, ... so that kernels can index by them."""
    result = np.full(classes.size, NO_CLASS, np.int32)
    voting = classes >= 0
    result[voting] = np.unique(classes[voting], return_inverse=True)[1]
    return result

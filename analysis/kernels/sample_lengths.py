"""Tokens of one problem's solutions and verdicts, which strategies that stop early add up."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SampleLengths:
    """Tokens of the cached generations of one problem; nothing is missing.

    Attributes:
        solutions: (N,) tokens of each solution.
        prompts: (N,) tokens of the prompt with which a verifier reads each solution.
        verdicts: (sum of M_j,) tokens of each verdict, in the order of the scores.
    """

    solutions: F64
    prompts: F64
    verdicts: F64

    def of_calls(self, calls: npt.NDArray[np.int32], n_calls: int) -> F64:
        """(M,) tokens of each shared call: the mean over the solutions it judged.

        Args:
            calls: (sum of M_j,) which call gave each verdict.
            n_calls: M.
        """
        judged = np.bincount(calls, minlength=n_calls)
        total = np.bincount(calls, weights=self.verdicts, minlength=n_calls)
        tokens: F64 = total / np.maximum(judged, 1)
        return tokens

    def means(self, verifications: F64) -> F64:
        """(3,) mean tokens of a solution, a verifier's prompt and a verification; 0 without.

        Args:
            verifications: Tokens of each verification: those of the verdicts, or of shared calls.
        """
        verification = verifications.mean() if verifications.size else 0.0
        return np.array([self.solutions.mean(), self.prompts.mean(), verification])

    def subset(self, kept: npt.NDArray[np.bool_], depths: npt.NDArray[np.int64]) -> "SampleLengths":
        """The lengths of some of the solutions only.

        Args:
            kept: (N,) which solutions to keep.
            depths: (N,) number of verdicts of each solution.
        """
        return SampleLengths(
            self.solutions[kept], self.prompts[kept], self.verdicts[np.repeat(kept, depths)]
        )

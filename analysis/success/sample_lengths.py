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

    def subset(self, kept: npt.NDArray[np.bool_], depths: npt.NDArray[np.int64]) -> "SampleLengths":
        """The lengths of some of the solutions only.

        Args:
            kept: (N,) which solutions to keep.
            depths: (N,) number of verdicts of each solution.
        """
        return SampleLengths(
            self.solutions[kept], self.prompts[kept], self.verdicts[np.repeat(kept, depths)]
        )

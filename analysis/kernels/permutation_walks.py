"""Walks along a permutation: values of S of about the same size share the steps of one walk.

A permutation of N solutions holds N // S disjoint subsets of S, and all of them count. Walking each
S by itself takes N steps per S; a walk that records its outcome at every S between L / 2 and L
takes N steps for all of them, and still uses about half of the subsets or more.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Walks:
    """Values of S, ascending, in groups of equal bit length.

    Attributes:
        solutions: (G,) values of S.
        starts: (H + 1,) where each group begins in `solutions`.
    """

    solutions: I64
    starts: I64

    def subsets(self, held: int) -> I64:
        """(G,) disjoint subsets that one permutation of so many solutions gives; 0 where S > n."""
        result = np.zeros(self.solutions.size, np.int64)
        for start, stop in pairwise(self.starts):
            group = self.solutions[start:stop]
            fitting = group[group <= held]
            if fitting.size:
                result[start : start + fitting.size] = held // fitting[-1]
        return result


def share_walks(solutions: I64) -> Walks:
    """Group values of S that differ by less than a factor of two.

    Args:
        solutions: (G,) values of S, ascending, from 1.
    """
    _, starts = np.unique([int(s).bit_length() for s in solutions], return_index=True)
    return Walks(solutions, np.append(starts, solutions.size).astype(np.int64))

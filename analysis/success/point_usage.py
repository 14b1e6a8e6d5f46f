"""What the points of policies use: measured by replay, for each point and problem."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from svlaw.analysis.strategies.policies.usage import QUANTITIES
from svlaw.analysis.usage_cost import Amounts

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

USED: Final = QUANTITIES[1:]
"""What a point uses: a replay's columns but for its success."""


@dataclass(frozen=True)
class PointUsage:
    """Mean and largest usage of the points of policies.

    Attributes:
        rows: (R,) rows of the success table, ascending.
        means: (len(USED), R, P) mean usage of each point and problem; token counts are nan where no
            lengths are stored.
        largest: (len(USED), R, P) largest usage seen in a replay.
        tokens: (3, P) mean tokens of a solution, a verifier's prompt and a verification of each
            problem; nan where not stored.
    """

    rows: I64
    means: F64
    largest: F64
    tokens: F64

    def of(self, name: str) -> F64:
        """(R, P) mean usage by name, one of `USED`."""
        values: F64 = self.means[USED.index(name)]
        return values

    def amounts(self, *, largest: bool = False) -> Amounts:
        """What cost models price: (R, P) each."""
        values = self.largest if largest else self.means
        return Amounts(*(values[USED.index(name)] for name in Amounts._fields))

    def select(self, rows: npt.NDArray[np.bool_]) -> "PointUsage | None":
        """That of some rows of the success table, renumbered; None where none is a policy's.

        Args:
            rows: (points,) which rows of the table are kept.
        """
        kept = rows[self.rows]
        if not kept.any():
            return None
        places = np.cumsum(rows) - 1
        return PointUsage(
            places[self.rows[kept]], self.means[:, kept], self.largest[:, kept], self.tokens
        )

    def restrict(self, problems: npt.NDArray[np.bool_]) -> "PointUsage":
        """That of some of the problems."""
        return PointUsage(
            self.rows,
            self.means[:, :, problems],
            self.largest[:, :, problems],
            self.tokens[:, problems],
        )

"""Cost per problem, C(S, V): the compute of S solutions with V verifications each."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from svlaw.data.errors import BadInputError
from svlaw.data.lengths import LengthUnit, MeasuredLambda, measure_lambda
from svlaw.data.pool import Pool

__all__ = [
    "CostModel",
    "LengthUnit",
    "MeasuredLambda",
    "RelativeCost",
    "measure_lambda",
    "relative_cost",
]

F64 = npt.NDArray[np.float64]


class CostModel(Protocol):
    """Cost of a strategy's point; an increasing function of S and of V, linear in S."""

    @property
    def label(self) -> str:
        """Axis title: what the cost is counted in."""
        ...

    def __call__(self, solutions: npt.ArrayLike, verifications: npt.ArrayLike) -> F64:
        """C(S, V), elementwise; V = 0 for strategies without a verifier."""
        ...


@dataclass(frozen=True)
class RelativeCost:
    """C(S, V) = S (1 + lambda V), in units of one solution (arXiv 2504.01005, section 3).

    Attributes:
        ratio: lambda, the cost of one verification over that of one solution; above 0.
        origin: Where lambda comes from, in words.
    """

    ratio: float
    origin: str = "given"

    def __post_init__(self) -> None:
        if not (np.isfinite(self.ratio) and self.ratio > 0):
            raise BadInputError(f"lambda = {self.ratio:g}: use a number above 0")

    @property
    def label(self) -> str:
        """Axis title."""
        return "compute per problem (solutions)"

    def __call__(self, solutions: npt.ArrayLike, verifications: npt.ArrayLike) -> F64:
        """C(S, V), elementwise."""
        result: F64 = np.asarray(solutions, float) * (
            1 + self.ratio * np.asarray(verifications, float)
        )
        return result


def relative_cost(pool: Pool, ratio: float | None, verifier: str | None = None) -> RelativeCost:
    """The paper's cost with lambda as given, or else measured; 1 where nothing is verified.

    Raises:
        BadInputError: lambda is not above 0.
        NotInPoolError: lambda is to be measured and the pool holds no lengths.
    """
    if ratio is not None:
        return RelativeCost(ratio)
    if not pool.verifiers and not pool.is_published_table:
        return RelativeCost(1.0, "unused (no verifications)")
    measured = measure_lambda(pool, verifier)
    return RelativeCost(measured.ratio, f"measured in {measured.unit}")

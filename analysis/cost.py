"""Cost per problem, C(S, V): the compute of S solutions with V verifications each."""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.pool import Pool

F64 = npt.NDArray[np.float64]
LengthUnit = Literal["tokens", "characters"]


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


@dataclass(frozen=True)
class MeasuredLambda:
    """The mean length of a verification over that of a solution.

    Attributes:
        ratio: lambda.
        unit: What the lengths were counted in.
        solution_length: Mean length of a solution.
        verification_length: Mean length of a verification.
    """

    ratio: float
    unit: LengthUnit
    solution_length: float
    verification_length: float


def measure_lambda(pool: Pool, verifier: str | None = None) -> MeasuredLambda:
    """Measure lambda from the lengths stored in a pool: tokens, else characters.

    The mean is over problems of each problem's mean length, so that no problem counts for more
    because it has more rows. Only generated text counts; the verifier's prompt does not.

    Args:
        pool: The pool.
        verifier: The verifier; may be None when the pool has one.

    Raises:
        NotInPoolError: Lengths of solutions or verifications are missing.
    """
    if pool.is_published_table:
        raise NotInPoolError(f"{pool.path}: a published table has no lengths; give --lambda")
    verifier = pool.resolve_verifier(verifier)
    units: tuple[tuple[LengthUnit, str], ...] = (
        ("tokens", "output_tokens"),
        ("characters", "output_chars"),
    )
    for unit, column in units:
        solution = _mean_length(pool, "answers", column, None)
        verification = _mean_length(pool, "verdicts", column, verifier)
        if solution and verification:
            return MeasuredLambda(verification / solution, unit, solution, verification)
    raise NotInPoolError(
        f"{pool.path}: holds no lengths of solutions and verifications to measure lambda from;"
        " give --lambda"
    )


def _mean_length(pool: Pool, table: str, column: str, verifier: str | None) -> float | None:
    per_problem = pool.scan(table, verifier).group_by("problem_id").agg(pl.col(column).mean())
    # Sorted, because a mean over groups in no fixed order would differ in its last digits.
    frame = per_problem.sort("problem_id").collect()
    mean = frame[column].mean()
    return float(mean) if isinstance(mean, float) else None


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

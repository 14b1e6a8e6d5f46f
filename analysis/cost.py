"""Cost per problem, C(S, V): the compute of S solutions with V verifications each."""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from svlaw.data.errors import BadInputError
from svlaw.data.lengths import (
    LengthUnit,
    MeasuredLambda,
    TokenMeans,
    mean_tokens,
    measure_lambda,
)
from svlaw.data.pool import Pool

__all__ = [
    "CostChoice",
    "CostModel",
    "FlopsCost",
    "LengthUnit",
    "MeasuredLambda",
    "RelativeCost",
    "TokenMeans",
    "flops_cost",
    "mean_tokens",
    "measure_lambda",
    "relative_cost",
]

F64 = npt.NDArray[np.float64]


class CostModel(Protocol):
    """C(S, V) = unit S (1 + prefill [V > 0] + ratio V)."""

    @property
    def unit(self) -> float:
        """Cost of one solution."""
        ...

    @property
    def prefill(self) -> float:
        """Cost of reading a solution before it is verified, over that of writing it."""
        ...

    @property
    def ratio(self) -> float:
        """lambda, the cost of one verification over that of one solution."""
        ...

    @property
    def unit_name(self) -> str:
        """What the cost is counted in."""
        ...

    @property
    def origin(self) -> str:
        """Where the figures come from, in words."""
        ...

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

    unit: ClassVar[float] = 1.0
    prefill: ClassVar[float] = 0.0
    unit_name: ClassVar[str] = "solutions"

    ratio: float
    origin: str = "given"

    def __post_init__(self) -> None:
        _check_above_zero("lambda", self.ratio)

    @property
    def label(self) -> str:
        """Axis title."""
        return _label(self)

    def __call__(self, solutions: npt.ArrayLike, verifications: npt.ArrayLike) -> F64:
        """C(S, V), elementwise."""
        return _linear(self, solutions, verifications)


@dataclass(frozen=True)
class FlopsCost:
    """C(S, V) = 2 S [P_s T_s + P_v (T_p [V > 0] + T_v V)], in FLOPs.

    A token costs two FLOPs for each parameter, read or written. A verifier reads its prompt once
    for each solution: the V verifications of it share that, as prefix caching does. The solver's
    prompt, read once for each problem whatever the strategy, is left out.

    Attributes:
        solver_parameters: P_s, above 0; of a mixture of experts the active ones.
        verifier_parameters: P_v, above 0.
        tokens: Mean tokens T_s of a solution, T_v of a verification, T_p of a verifier's prompt.
        origin: Where the tokens come from, in words.

    Source:
        Kaplan et al. 2020 (arXiv 2001.08361), 2 P FLOPs for each token of a forward pass.
    """

    unit_name: ClassVar[str] = "FLOPs"

    solver_parameters: float
    verifier_parameters: float
    tokens: TokenMeans
    origin: str = "given"

    def __post_init__(self) -> None:
        _check_above_zero("solver parameters", self.solver_parameters)
        _check_above_zero("verifier parameters", self.verifier_parameters)

    @property
    def unit(self) -> float:
        """FLOPs of one solution."""
        return 2 * self.solver_parameters * self.tokens.solution

    @property
    def prefill(self) -> float:
        """Cost of reading a solution before it is verified, over that of writing it."""
        return 2 * self.verifier_parameters * self.tokens.prompt / self.unit

    @property
    def ratio(self) -> float:
        """lambda, the cost of one verification over that of one solution."""
        return 2 * self.verifier_parameters * self.tokens.verification / self.unit

    @property
    def label(self) -> str:
        """Axis title."""
        return _label(self)

    def __call__(self, solutions: npt.ArrayLike, verifications: npt.ArrayLike) -> F64:
        """C(S, V), elementwise."""
        return _linear(self, solutions, verifications)


@dataclass(frozen=True)
class CostChoice:
    """A cost model as asked for; it takes a pool's lengths to be one.

    Attributes:
        ratio: lambda of the relative cost; measured when None.
        solver_parameters: Parameters of the solver, for the cost in FLOPs; None for the relative
            cost.
        verifier_parameters: Parameters of the verifier; the solver's when None.
    """

    ratio: float | None = None
    solver_parameters: float | None = None
    verifier_parameters: float | None = None

    def __post_init__(self) -> None:
        if self.solver_parameters is None and self.verifier_parameters is not None:
            raise BadInputError("verifier parameters without solver parameters: give both")
        if self.solver_parameters is not None and self.ratio is not None:
            raise BadInputError(f"lambda = {self.ratio:g}: in FLOPs the sizes give lambda")

    def model(self, pool: Pool, verifier: str | None = None) -> CostModel:
        """The cost model of a pool.

        Raises:
            BadInputError: A figure is out of range.
            NotInPoolError: The pool holds no lengths, or has no such verifier.
        """
        if self.solver_parameters is None:
            return relative_cost(pool, self.ratio, verifier)
        return flops_cost(pool, self.solver_parameters, self.verifier_parameters, verifier)


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


def flops_cost(
    pool: Pool,
    solver_parameters: float,
    verifier_parameters: float | None = None,
    verifier: str | None = None,
) -> FlopsCost:
    """The cost in FLOPs of a solver and a verifier of given sizes, at the pool's token counts.

    Args:
        pool: The pool.
        solver_parameters: Parameters of the solver.
        verifier_parameters: Parameters of the verifier; the solver's when None.
        verifier: The verifier; may be None when the pool has one at most.

    Raises:
        BadInputError: A size is not above 0.
        NotInPoolError: The pool holds no token counts.
    """
    tokens = mean_tokens(pool, verifier)
    origin = "mean tokens measured"
    if tokens.is_prompt_assumed:
        origin += "; the verifier's prompt, of unknown length, counts as long as a solution"
    return FlopsCost(
        solver_parameters,
        solver_parameters if verifier_parameters is None else verifier_parameters,
        tokens,
        origin,
    )


def _label(cost: CostModel) -> str:
    return f"compute per problem ({cost.unit_name})"


def _linear(cost: CostModel, solutions: npt.ArrayLike, verifications: npt.ArrayLike) -> F64:
    S, V = np.asarray(solutions, float), np.asarray(verifications, float)
    result: F64 = cost.unit * S * (1 + cost.prefill * (V > 0) + cost.ratio * V)
    return result


def _check_above_zero(name: str, value: float) -> None:
    if not (np.isfinite(value) and value > 0):
        raise BadInputError(f"{name} = {value:g}: use a number above 0")

"""Cost per problem, C(S, V): what S solutions with V verifications each take or cost."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from svlaw.data.errors import BadInputError
from svlaw.data.lengths import (
    CHARACTERS_PER_TOKEN,
    LengthUnit,
    MeasuredLambda,
    TokenMeans,
    mean_tokens,
    measure_lambda,
)
from svlaw.data.pool import Pool

__all__ = [
    "CostModel",
    "FlopsCost",
    "LengthUnit",
    "MeasuredLambda",
    "PriceCost",
    "RelativeCost",
    "TokenCost",
    "TokenMeans",
    "WeightedTokens",
    "Weights",
    "flops_cost",
    "mean_tokens",
    "measure_lambda",
    "price_cost",
    "relative_cost",
    "token_cost",
]

F64 = npt.NDArray[np.float64]

ROUNDING: Final = 1e-9
"""Relative slack with which costs, S and V count as equal: a point as within a budget, say."""
TOKENS_OF_A_PRICE: Final = 1e6
"""Tokens that providers state prices for."""


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
    def quantity(self) -> str:
        """What is spent: compute, or for prices cost."""
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
    quantity: ClassVar[str] = "compute"
    unit_name: ClassVar[str] = "solutions"

    ratio: float
    origin: str = "given"

    def __post_init__(self) -> None:
        _check_above_zero("lambda", self.ratio)

    @property
    def label(self) -> str:
        """Axis title."""
        return axis_title(self.quantity, self.unit_name)

    def __call__(self, solutions: npt.ArrayLike, verifications: npt.ArrayLike) -> F64:
        """C(S, V), elementwise."""
        return _linear(self, solutions, verifications)


class Weights(NamedTuple):
    """What a token costs.

    Attributes:
        solution: One that the solver writes.
        prompt: One that the verifier reads.
        verification: One that the verifier writes.
    """

    solution: float
    prompt: float
    verification: float


class WeightedTokens(ABC):
    """C(S, V) = S [w_s T_s + w_p T_p [V > 0] + w_v T_v V], for tokens T of weights w.

    A verifier reads its prompt once for each solution: the V verifications of it share that, as
    prefix caching does, or one request for V samples. The solver's prompt, read once for each
    problem whatever the strategy, is left out.
    """

    quantity: ClassVar[str] = "compute"
    unit_name: ClassVar[str]
    tokens: TokenMeans
    origin: str

    @property
    @abstractmethod
    def weights(self) -> Weights:
        """What a token costs."""

    @property
    def unit(self) -> float:
        """Cost of one solution."""
        return self.weights.solution * self.tokens.solution

    @property
    def prefill(self) -> float:
        """Cost of reading a solution before it is verified, over that of writing it."""
        return self.weights.prompt * self.tokens.prompt / self.unit

    @property
    def ratio(self) -> float:
        """lambda, the cost of one verification over that of one solution."""
        return self.weights.verification * self.tokens.verification / self.unit

    @property
    def label(self) -> str:
        """Axis title."""
        return axis_title(self.quantity, self.unit_name)

    def __call__(self, solutions: npt.ArrayLike, verifications: npt.ArrayLike) -> F64:
        """C(S, V), elementwise."""
        return _linear(self, solutions, verifications)


@dataclass(frozen=True)
class TokenCost(WeightedTokens):
    """C(S, V) = S (T_s + T_p [V > 0] + T_v V), in tokens, read and written alike.

    Attributes:
        tokens: Mean tokens T_s of a solution, T_v of a verification, T_p of a verifier's prompt.
        origin: Where the tokens come from, in words.
    """

    unit_name: ClassVar[str] = "tokens"

    tokens: TokenMeans
    origin: str = "given"

    @property
    def weights(self) -> Weights:
        """1 for each token."""
        return Weights(1.0, 1.0, 1.0)


@dataclass(frozen=True)
class FlopsCost(WeightedTokens):
    """C(S, V) = 2 S [P_s T_s + P_v (T_p [V > 0] + T_v V)], in FLOPs.

    A token costs two FLOPs for each parameter, read or written.

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
    def weights(self) -> Weights:
        """FLOPs of a token."""
        verifier = 2 * self.verifier_parameters
        return Weights(2 * self.solver_parameters, verifier, verifier)


@dataclass(frozen=True)
class PriceCost(WeightedTokens):
    """C(S, V) = S [p_s T_s + p_in T_p [V > 0] + p_out T_v V] / 1e6, in US dollars.

    The verifier's prompt is billed once for each solution, as providers do for one request of V
    samples.

    Attributes:
        solver_price: p_s, US dollars per million tokens of the solver's output; above 0.
        verifier_input_price: p_in, of the verifier's input, 0 or more; None where nothing is
            verified.
        verifier_output_price: p_out, of its output, above 0; None where nothing is verified.
        tokens: Mean tokens T_s of a solution, T_v of a verification, T_p of a verifier's prompt.
        origin: Where the tokens come from, in words.
    """

    quantity: ClassVar[str] = "cost"
    unit_name: ClassVar[str] = "US$"

    solver_price: float
    verifier_input_price: float | None
    verifier_output_price: float | None
    tokens: TokenMeans
    origin: str = "given"

    def __post_init__(self) -> None:
        _check_above_zero("solver price", self.solver_price)
        prices = self.verifier_input_price, self.verifier_output_price
        if prices == (None, None) and not self.tokens.verification:
            return
        if prices[0] is None or prices[1] is None:
            raise BadInputError("verifier prices: give that of its input and that of its output")
        if not (np.isfinite(prices[0]) and prices[0] >= 0):
            raise BadInputError(f"verifier input price = {prices[0]:g}: use 0 or more")
        _check_above_zero("verifier output price", prices[1])

    @property
    def weights(self) -> Weights:
        """US dollars of a token."""
        prices = self.solver_price, self.verifier_input_price, self.verifier_output_price
        return Weights(*((price or 0.0) / TOKENS_OF_A_PRICE for price in prices))


def relative_cost(pool: Pool, ratio: float | None, verifier: str | None = None) -> RelativeCost:
    """The paper's cost with lambda as given, or else measured; 1 where nothing is verified.

    Raises:
        BadInputError: lambda is not above 0.
        NotInPoolError: lambda is to be measured and the pool holds no lengths.
    """
    if ratio is not None:
        return RelativeCost(ratio)
    if not pool.verifiers and not pool.is_published_table:
        return RelativeCost(1.0, "no verifications, so unused")
    measured = measure_lambda(pool, verifier)
    return RelativeCost(measured.ratio, f"measured in {measured.unit}")


def token_cost(pool: Pool, verifier: str | None = None) -> TokenCost:
    """The cost in tokens, at the pool's token counts, else its characters.

    Args:
        pool: The pool.
        verifier: The verifier; may be None when the pool has one at most.

    Raises:
        NotInPoolError: The pool holds no lengths.
    """
    tokens = mean_tokens(pool, verifier)
    return TokenCost(tokens, _origin(tokens))


def flops_cost(
    pool: Pool,
    solver_parameters: float,
    verifier_parameters: float | None = None,
    verifier: str | None = None,
) -> FlopsCost:
    """The cost in FLOPs of a solver and a verifier of given sizes, at the pool's lengths.

    Args:
        pool: The pool.
        solver_parameters: Parameters of the solver.
        verifier_parameters: Parameters of the verifier; the solver's when None.
        verifier: The verifier; may be None when the pool has one at most.

    Raises:
        BadInputError: A size is not above 0.
        NotInPoolError: The pool holds no lengths.
    """
    tokens = mean_tokens(pool, verifier)
    return FlopsCost(
        solver_parameters,
        solver_parameters if verifier_parameters is None else verifier_parameters,
        tokens,
        _origin(tokens),
    )


def price_cost(
    pool: Pool,
    solver_price: float,
    verifier_input_price: float | None = None,
    verifier_output_price: float | None = None,
    verifier: str | None = None,
) -> PriceCost:
    """The cost in US dollars at given prices per million tokens, at the pool's lengths.

    Args:
        pool: The pool.
        solver_price: Price of the solver's output.
        verifier_input_price: Price of the verifier's input; None only where nothing is verified.
        verifier_output_price: Price of the verifier's output; None only where nothing is verified.
        verifier: The verifier; may be None when the pool has one at most.

    Raises:
        BadInputError: A price is out of range, or missing.
        NotInPoolError: The pool holds no lengths.
    """
    prices = verifier_input_price, verifier_output_price
    if pool.verifiers and None in prices:
        raise BadInputError(
            f"{pool.path}: holds verifications; give the verifier's prices, such as"
            " --verifier-price 0.15/0.60"
        )
    tokens = mean_tokens(pool, verifier)
    return PriceCost(solver_price, *prices, tokens, _origin(tokens))


def _origin(tokens: TokenMeans) -> str:
    """Where token means come from, in words."""
    origin = "mean tokens measured"
    if tokens.is_estimated:
        origin = f"tokens estimated at {CHARACTERS_PER_TOKEN} characters each"
    if tokens.is_prompt_assumed:
        origin += "; the verifier's prompt, of unknown length, counts as long as a solution"
    return origin


def axis_title(quantity: str, unit_name: str) -> str:
    """Axis title of a cost: what is spent, and what it is counted in."""
    return f"{quantity} per problem ({unit_name})"


def _linear(cost: CostModel, solutions: npt.ArrayLike, verifications: npt.ArrayLike) -> F64:
    S, V = np.asarray(solutions, float), np.asarray(verifications, float)
    result: F64 = cost.unit * S * (1 + cost.prefill * (V > 0) + cost.ratio * V)
    return result


def _check_above_zero(name: str, value: float) -> None:
    if not (np.isfinite(value) and value > 0):
        raise BadInputError(f"{name} = {value:g}: use a number above 0")

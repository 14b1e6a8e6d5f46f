"""Costs by the token: in tokens, FLOPs or US dollars, for models of different sizes and prices."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple

import numpy as np

from svlaw.analysis.cost import LinearCost, calls_of, check_above_zero
from svlaw.data.errors import BadInputError
from svlaw.data.lengths import CHARACTERS_PER_TOKEN, TokenMeans, mean_tokens
from svlaw.data.pool import Pool
from svlaw.data.schema import Calls

__all__ = [
    "FlopsCost",
    "PriceCost",
    "TokenCost",
    "TokenMeans",
    "WeightedTokens",
    "Weights",
    "flops_cost",
    "mean_tokens",
    "price_cost",
    "token_cost",
]

TOKENS_OF_A_PRICE: Final = 1e6
"""Tokens that providers state prices for."""


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


class WeightedTokens(LinearCost, ABC):
    """C(S, V) = S [w_s T_s + w_p T_p [V > 0] + w_v T_v V], for tokens T of weights w.

    A verifier reads its prompt once for each solution: the V verifications of it share that, as
    prefix caching does, or one request for V samples. The solver's prompt, read once for each
    problem whatever the strategy, is left out. Where calls are shared, V calls judge all solutions
    and read one prompt, that of the problem: C(S, V) = w_s T_s S + w_p T_p [V > 0] + w_v T_v V.
    """

    quantity: ClassVar[str] = "compute"
    unit_name: ClassVar[str]
    tokens: TokenMeans
    origin: str
    calls: Calls

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
        """Cost of reading the verifier's prompt, once, over that of writing a solution."""
        return self.weights.prompt * self.tokens.prompt / self.unit

    @property
    def ratio(self) -> float:
        """lambda, the cost of one verification over that of one solution."""
        return self.weights.verification * self.tokens.verification / self.unit


@dataclass(frozen=True, repr=False)
class TokenCost(WeightedTokens):
    """C(S, V) = S (T_s + T_p [V > 0] + T_v V), in tokens, read and written alike.

    Attributes:
        tokens: Mean tokens T_s of a solution, T_v of a verification, T_p of a verifier's prompt.
        origin: Where the tokens come from, in words.
        calls: Whether each solution has V verifications of its own or V calls judge all of them.
    """

    unit_name: ClassVar[str] = "tokens"

    tokens: TokenMeans
    origin: str = "given"
    calls: Calls = "independent"

    @property
    def weights(self) -> Weights:
        """1 for each token."""
        return Weights(1.0, 1.0, 1.0)


@dataclass(frozen=True, repr=False)
class FlopsCost(WeightedTokens):
    """C(S, V) = 2 S [P_s T_s + P_v (T_p [V > 0] + T_v V)], in FLOPs.

    A token costs two FLOPs for each parameter, read or written.

    Attributes:
        solver_parameters: P_s, above 0; of a mixture of experts the active ones.
        verifier_parameters: P_v, above 0.
        tokens: Mean tokens T_s of a solution, T_v of a verification, T_p of a verifier's prompt.
        origin: Where the tokens come from, in words.
        calls: Whether each solution has V verifications of its own or V calls judge all of them.

    Source:
        Kaplan et al. 2020 (arXiv 2001.08361), 2 P FLOPs for each token of a forward pass.
    """

    unit_name: ClassVar[str] = "FLOPs"

    solver_parameters: float
    verifier_parameters: float
    tokens: TokenMeans
    origin: str = "given"
    calls: Calls = "independent"

    def __post_init__(self) -> None:
        check_above_zero("solver parameters", self.solver_parameters)
        check_above_zero("verifier parameters", self.verifier_parameters)

    @property
    def weights(self) -> Weights:
        """FLOPs of a token."""
        verifier = 2 * self.verifier_parameters
        return Weights(2 * self.solver_parameters, verifier, verifier)


@dataclass(frozen=True, repr=False)
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
        calls: Whether each solution has V verifications of its own or V calls judge all of them.
    """

    quantity: ClassVar[str] = "cost"
    unit_name: ClassVar[str] = "US$"

    solver_price: float
    verifier_input_price: float | None
    verifier_output_price: float | None
    tokens: TokenMeans
    origin: str = "given"
    calls: Calls = "independent"

    def __post_init__(self) -> None:
        check_above_zero("solver price", self.solver_price)
        prices = self.verifier_input_price, self.verifier_output_price
        if prices == (None, None) and not self.tokens.verification:
            return
        if prices[0] is None or prices[1] is None:
            raise BadInputError("verifier prices: give that of its input and that of its output")
        if not (np.isfinite(prices[0]) and prices[0] >= 0):
            raise BadInputError(f"verifier input price = {prices[0]:g}: use 0 or more")
        check_above_zero("verifier output price", prices[1])

    @property
    def weights(self) -> Weights:
        """US dollars of a token."""
        prices = self.solver_price, self.verifier_input_price, self.verifier_output_price
        return Weights(*((price or 0.0) / TOKENS_OF_A_PRICE for price in prices))


def token_cost(pool: Pool, verifier: str | None = None) -> TokenCost:
    """The cost in tokens, at the pool's token counts, else its characters.

    Args:
        pool: The pool.
        verifier: The verifier; may be None when the pool has one at most.

    Raises:
        NotInPoolError: The pool holds no lengths.

    Examples:
        >>> import svlaw as sv
        >>> sv.token_cost(sv.open_example("exams_gpt35_by_gpt4"))
        TokenCost: C(S, V) = 180 (S + 0.962 V)
          compute in tokens, lambda 0.962, tokens estimated at 4 characters each
    """
    tokens = mean_tokens(pool, verifier)
    return TokenCost(tokens, _origin(tokens), calls_of(pool, verifier))


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
        calls_of(pool, verifier),
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
    calls = calls_of(pool, verifier)
    return PriceCost(solver_price, *prices, tokens, _origin(tokens), calls)


def _origin(tokens: TokenMeans) -> str:
    """Where token means come from, in words."""
    origin = "mean tokens measured"
    if tokens.is_estimated:
        origin = f"tokens estimated at {CHARACTERS_PER_TOKEN} characters each"
    if tokens.is_prompt_assumed:
        origin += "; the verifier's prompt, of unknown length, counts as long as a solution"
    return origin

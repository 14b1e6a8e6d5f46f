"""A cost model as asked for, before there is a pool to take lengths from."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

from svlaw.analysis.cost import CostModel, relative_cost
from svlaw.analysis.token_costs import flops_cost, price_cost, token_cost
from svlaw.data.errors import BadInputError
from svlaw.data.pool import Pool
from svlaw.data.shown import Shown

CostName = Literal["relative", "tokens", "flops", "price"]

_FIGURES: Final[dict[CostName, tuple[str, ...]]] = {
    "relative": ("ratio",),
    "tokens": (),
    "flops": ("solver_parameters", "verifier_parameters"),
    "price": ("solver_price", "verifier_input_price", "verifier_output_price"),
}
"""Figures of `CostChoice` that each model takes."""


@dataclass(frozen=True, repr=False)
class CostChoice(Shown):
    """A cost model as asked for; it takes a pool's lengths to be one.

    Attributes:
        name: The model; the other figures must be those it takes.
        ratio: `relative`: lambda; measured when None.
        solver_parameters: `flops`: parameters of the solver.
        verifier_parameters: `flops`: parameters of the verifier; the solver's when None.
        solver_price: `price`: US dollars per million tokens of the solver's output.
        verifier_input_price: `price`: of the verifier's input; None where nothing is verified.
        verifier_output_price: `price`: of the verifier's output; None where nothing is verified.
    """

    name: CostName = "relative"
    ratio: float | None = None
    solver_parameters: float | None = None
    verifier_parameters: float | None = None
    solver_price: float | None = None
    verifier_input_price: float | None = None
    verifier_output_price: float | None = None

    def __post_init__(self) -> None:
        if self.name not in _FIGURES:
            raise BadInputError(f"cost '{self.name}': use one of {', '.join(get_args(CostName))}")
        for name in (name for names in _FIGURES.values() for name in names):
            value = getattr(self, name)
            if value is not None and name not in _FIGURES[self.name]:
                raise BadInputError(f"{name} = {value:g}: the cost '{self.name}' takes none")
            if value is None and name.startswith("solver") and name in _FIGURES[self.name]:
                raise BadInputError(f"cost '{self.name}': give {name}")

    def model(self, pool: Pool, verifier: str | None = None) -> CostModel:
        """The cost model of a pool.

        Raises:
            BadInputError: A figure is out of range, or prices of the verifier are missing.
            NotInPoolError: The pool holds no lengths, or has no such verifier.
        """
        if self.name == "tokens":
            return token_cost(pool, verifier)
        if self.solver_parameters is not None:
            return flops_cost(pool, self.solver_parameters, self.verifier_parameters, verifier)
        if self.solver_price is not None:
            prices = self.verifier_input_price, self.verifier_output_price
            return price_cost(pool, self.solver_price, *prices, verifier)
        return relative_cost(pool, self.ratio, verifier)

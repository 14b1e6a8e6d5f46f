"""Cost per problem, C(S, V): what S solutions and their verification take or cost.

V verifications of each solution where the verifier's calls are independent; V calls that judge all
S solutions where they are shared.
"""

from dataclasses import dataclass
from typing import ClassVar, Final, Protocol, cast

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.data.errors import BadInputError
from svlaw.data.lengths import LengthUnit, MeasuredLambda, measure_lambda
from svlaw.data.numerals import significant
from svlaw.data.pool import Pool
from svlaw.data.schema import Calls
from svlaw.data.shown import Shown, scalars, text_of
from svlaw.data.table_texts import TextTable

__all__ = [
    "ROUNDING",
    "CostModel",
    "LengthUnit",
    "LinearCost",
    "MeasuredLambda",
    "RelativeCost",
    "axis_title",
    "calls_of",
    "check_above_zero",
    "measure_lambda",
    "relative_cost",
]

F64 = npt.NDArray[np.float64]

ROUNDING: Final = 1e-9
"""Relative slack with which costs, S and V count as equal: a point as within a budget, say."""


class CostModel(Protocol):
    """What S and V cost.

    C(S, V) = unit S (1 + prefill [V > 0] + ratio V) where calls are independent: each solution is
    verified V times. C(S, V) = unit (S + prefill [V > 0] + ratio V) where they are shared: V calls
    judge all solutions.
    """

    @property
    def calls(self) -> Calls:
        """Whether the verifier's calls are independent or shared."""
        ...

    @property
    def unit(self) -> float:
        """Cost of one solution."""
        ...

    @property
    def prefill(self) -> float:
        """Cost of reading the verifier's prompt, once, over that of writing a solution."""
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

    def solutions_at(self, budgets: npt.ArrayLike, verifications: npt.ArrayLike) -> F64:
        """S, not rounded, at which C(S, V) is the budget, elementwise; may lie below 1."""
        ...

    def verifications_at(self, budgets: F64, solutions: F64, most: float) -> F64:
        """V, not rounded, from 0 to `most`, at which C(S, V) is the budget, elementwise."""
        ...


class LinearCost(Shown):
    """What the cost models share: a cost linear in S, and in V but for the prompt."""

    @property
    def label(self) -> str:
        """Axis title."""
        cost = _as_model(self)
        return axis_title(cost.quantity, cost.unit_name)

    def __call__(self, solutions: npt.ArrayLike, verifications: npt.ArrayLike) -> F64:
        """C(S, V), elementwise."""
        cost = _as_model(self)
        S, V = np.asarray(solutions, float), np.asarray(verifications, float)
        if cost.calls == "shared":
            together: F64 = cost.unit * (S + cost.prefill * (V > 0) + cost.ratio * V)
            return together
        result: F64 = cost.unit * S * (1 + cost.prefill * (V > 0) + cost.ratio * V)
        return result

    def solutions_at(self, budgets: npt.ArrayLike, verifications: npt.ArrayLike) -> F64:
        """S, not rounded, at which C(S, V) is the budget, elementwise; may lie below 1."""
        cost = _as_model(self)
        wanted = np.asarray(budgets, float)
        if cost.calls == "shared":
            left: F64 = (wanted - cost(0.0, verifications)) / cost.unit
            return left
        result: F64 = wanted / cost(1.0, verifications)
        return result

    def verifications_at(self, budgets: F64, solutions: F64, most: float) -> F64:
        """V, not rounded, from 0 to `most`, at which C(S, V) is the budget, elementwise.

        Linear between whole V, as every cost model is but for the prompt at V = 1.
        """
        cost = _as_model(self)
        grid = np.arange(0.0, most + 1)
        if cost.calls == "shared":
            shared: F64 = np.interp(budgets - cost(solutions, 0.0), cost(0.0, grid), grid)
            return shared
        result: F64 = np.interp(budgets / solutions, cost(1.0, grid), grid)
        return result

    def frame(self) -> pl.DataFrame:
        """One row: the figures that C(S, V) is made of, then those that the model was given."""
        cost = _as_model(self)
        names = ("unit", "prefill", "ratio", "quantity", "unit_name", "origin", "calls")
        figures = {name: getattr(cost, name) for name in names}
        return pl.DataFrame([{"model": type(self).__name__, **figures, **scalars(self)}])

    def _lines(self) -> list[str]:
        cost = _as_model(self)
        origin = f", {cost.origin}" if cost.origin else ""
        return [
            f"{type(self).__name__}: {formula(cost)}",
            f"  {cost.quantity} in {cost.unit_name}, lambda {significant(cost.ratio, 3)}{origin}",
        ]

    def _tables(self) -> list[TextTable]:
        rows = [(name, text_of(value)) for name, value in self.frame().row(0, named=True).items()]
        return [TextTable(formula(_as_model(self)), ("", "value"), rows)]


def _as_model(cost: "LinearCost") -> CostModel:
    """The cost model that inherits from `LinearCost`."""
    return cast("CostModel", cost)


@dataclass(frozen=True, repr=False)
class RelativeCost(LinearCost):
    """C(S, V) = S (1 + lambda V), in units of one solution (arXiv 2504.01005, section 3).

    C(S, V) = S + lambda V where calls are shared.

    Attributes:
        ratio: lambda, the cost of one verification over that of one solution; above 0.
        origin: Where lambda comes from, in words.
        calls: Whether each solution has V verifications of its own or V calls judge all of them.
    """

    unit: ClassVar[float] = 1.0
    prefill: ClassVar[float] = 0.0
    quantity: ClassVar[str] = "compute"
    unit_name: ClassVar[str] = "solutions"

    ratio: float
    origin: str = "given"
    calls: Calls = "independent"

    def __post_init__(self) -> None:
        check_above_zero("lambda", self.ratio)


def relative_cost(pool: Pool, ratio: float | None, verifier: str | None = None) -> RelativeCost:
    """The paper's cost with lambda as given, or else measured; 1 where nothing is verified.

    Raises:
        BadInputError: lambda is not above 0.
        NotInPoolError: lambda is to be measured and the pool holds no lengths.

    Examples:
        >>> import svlaw as sv
        >>> cost = sv.relative_cost(sv.open_example("singhi2025_fig1"), 2.0)
        >>> cost
        RelativeCost: C(S, V) = S (1 + 2 V)
          compute in solutions, lambda 2, given
        >>> float(cost(32, 4))
        288.0
    """
    if ratio is not None:
        return RelativeCost(ratio, calls=calls_of(pool, verifier))
    if not pool.verifiers and not pool.is_published_table:
        return RelativeCost(1.0, "no verifications, so unused")
    measured = measure_lambda(pool, verifier)
    return RelativeCost(measured.ratio, f"measured in {measured.unit}", calls_of(pool, verifier))


def formula(cost: CostModel) -> str:
    """C(S, V) with its figures: C(S, V) = S (1 + 2 V)."""
    unit, ratio, prefill = (
        significant(value, 3) for value in (cost.unit, cost.ratio, cost.prefill)
    )
    lead = "" if unit == "1" else f"{unit} "
    reading = f"{prefill} [V > 0] + " if cost.prefill else ""
    if cost.calls == "shared":
        inner = f"S + {reading}{ratio} V"
        return f"C(S, V) = {lead}({inner})" if lead else f"C(S, V) = {inner}"
    return f"C(S, V) = {lead}S (1 + {reading}{ratio} V)"


def axis_title(quantity: str, unit_name: str) -> str:
    """Axis title of a cost: what is spent, and what it is counted in."""
    return f"{quantity} per problem ({unit_name})"


def calls_of(pool: Pool, verifier: str | None) -> Calls:
    """Of which kind the calls are that a cost model charges for.

    Raises:
        BadInputError: No verifier is named, and the pool's are of both kinds.
    """
    kinds = {pool.calls(name) for name in pool.verifiers if verifier in (None, name)}
    return kinds.pop() if len(kinds) == 1 else pool.calls(verifier)


def check_above_zero(name: str, value: float) -> None:
    """Raise for a figure of a cost that must be above 0.

    Raises:
        BadInputError: It is not.
    """
    if not (np.isfinite(value) and value > 0):
        raise BadInputError(f"{name} = {value:g}: use a number above 0")

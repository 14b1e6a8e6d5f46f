"""Allocation laws: how the optimal S and V grow with compute, S_opt ~ C^a and V_opt ~ C^b."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.cost import CostModel
from svlaw.analysis.lines import lines_of
from svlaw.analysis.resampling import DEFAULT_RESAMPLES, interval, resample_means
from svlaw.analysis.success import SuccessTable
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.schema import VERIFIED
from svlaw.fit.envelope import envelope
from svlaw.fit.optima import Optima
from svlaw.fit.powerlaw import fit_power_law, resampled_exponents

F64 = npt.NDArray[np.float64]

METHODS: Final = ("envelope",)
BOUNDARY_LIMIT: Final = 0.2
"""Share of boundary budgets above which a law is called doubtful."""
LEAST_BUDGETS: Final = 4
"""Fewest budgets, and distinct optima, a law is fitted to."""

Status = Literal["ok", "boundary", "constant", "too_few_budgets"]
Quantity = Literal["solutions", "verifications"]

STATUS_WORDS: Final[dict[str, str]] = {
    "ok": "",
    "boundary": "many optima lie at the largest S or V: generate more, or take the exponent as"
    " censored",
    "constant": "the optimum does not change with the budget: no law to speak of",
    "too_few_budgets": "too few budgets at which more compute helps: generate more solutions and"
    " verifications",
}


@dataclass(frozen=True)
class AllocationLaw:
    """One law, quantity = coefficient * C^exponent.

    Attributes:
        method: How the optima were found.
        strategy: The strategy.
        quantity: `solutions` (exponent a) or `verifications` (exponent b).
        exponent: None when it cannot be fitted.
        conf_low: Lower end of its 95% interval; None without per-problem data.
        conf_high: Upper end.
        coefficient: The optimum at C = 1.
        r_squared: Of the fit in log space.
        n_budgets: Budgets fitted to.
        boundary_fraction: Share of the budgets whose optimum is at the largest S or V.
        status: `ok`; `boundary` (boundary_fraction above 0.2); `constant` (the optimum never
            changes); `too_few_budgets` (no exponent).
    """

    method: str
    strategy: str
    quantity: Quantity
    exponent: float | None
    conf_low: float | None
    conf_high: float | None
    coefficient: float | None
    r_squared: float | None
    n_budgets: int
    boundary_fraction: float | None
    status: Status


@dataclass(frozen=True)
class AllocationFit:
    """Laws and the optima they were fitted to.

    Attributes:
        laws: For each strategy the law of S, then that of V.
        optima: One row per budget used: `method`, `strategy`, `budget`, `solutions` (not rounded),
            `verifications`, `success`, `at_boundary`.
        cost: Label of the cost.
        n_problems: Number of problems; None for a published table.
        resamples: Resamples behind the intervals; 0 without.
        seed: Seed of the resampling.
    """

    laws: tuple[AllocationLaw, ...]
    optima: pl.DataFrame
    cost: str
    n_problems: int | None
    resamples: int
    seed: int


def fit_allocation(
    table: SuccessTable,
    cost: CostModel,
    method: str = "envelope",
    *,
    interior: bool = False,
    resamples: int = DEFAULT_RESAMPLES,
    seed: int = 0,
) -> AllocationFit:
    """Fit the allocation laws of every strategy with a verifier.

    Intervals come from resampling problems through the whole chain: mean success, optima, fit.

    Args:
        table: A success table with best_of_n or weighted_vote at several S and V.
        cost: The cost model.
        method: `envelope`.
        interior: Leave out budgets whose optimum is at the largest S or V.
        resamples: Resamples of problems; 0 for no intervals.
        seed: Seed of the resampling.

    Raises:
        BadInputError: The method is unknown.
        NotInPoolError: The table has no strategy with a verifier.
    """
    if method not in METHODS:
        raise BadInputError(f"unknown method '{method}'; use {', '.join(METHODS)}")
    strategies = [name for name in VERIFIED if name in table.strategies]
    if not strategies:
        raise NotInPoolError("a law needs verification: best_of_n or weighted_vote")
    means = resample_means(table, resamples, seed)
    laws: list[AllocationLaw] = []
    optima = []
    for name in strategies:
        lines = lines_of(table, cost, [name])
        found = envelope(lines, table.mean()[:, None])
        again = None if means is None else envelope(lines, means)
        laws += [_law(method, name, q, found, again, interior) for q in _QUANTITIES]
        optima.append(_optima(method, name, found))
    return AllocationFit(
        tuple(laws),
        pl.concat(optima),
        cost.label,
        table.n_problems or None,
        0 if means is None else resamples,
        seed,
    )


_QUANTITIES: Final[tuple[Quantity, ...]] = ("solutions", "verifications")


def _law(
    method: str,
    strategy: str,
    quantity: Quantity,
    found: Optima,
    again: Optima | None,
    interior: bool,
) -> AllocationLaw:
    used = _counted(found, interior)[:, 0]
    n = int(used.sum())
    x, y = found.budgets[used], _values(found, quantity)[used, 0]
    fraction = float(found.at_boundary[used, 0].mean()) if n else None
    if n < LEAST_BUDGETS:
        return AllocationLaw(
            method, strategy, quantity, None, None, None, None, None, n, fraction, "too_few_budgets"
        )
    law = fit_power_law(x, y)
    exponents = None
    if again is not None:
        exponents = resampled_exponents(
            found.budgets, _values(again, quantity), _counted(again, interior)
        )
    ends = interval(law.exponent, exponents)
    status: Status = "ok"
    if fraction is not None and fraction > BOUNDARY_LIMIT:
        status = "boundary"
    if np.ptp(y) == 0:
        status = "constant"
    return AllocationLaw(
        method=method,
        strategy=strategy,
        quantity=quantity,
        exponent=law.exponent,
        conf_low=ends.conf_low,
        conf_high=ends.conf_high,
        coefficient=law.coefficient,
        r_squared=law.r_squared,
        n_budgets=n,
        boundary_fraction=fraction,
        status=status,
    )


def _values(found: Optima, quantity: Quantity) -> F64:
    return found.solutions if quantity == "solutions" else found.verifications


def _counted(found: Optima, interior: bool) -> npt.NDArray[np.bool_]:
    return found.used & ~found.at_boundary if interior else found.used


def _optima(method: str, strategy: str, found: Optima) -> pl.DataFrame:
    used = found.used[:, 0]
    return pl.DataFrame(
        {
            "method": [method] * int(used.sum()),
            "strategy": [strategy] * int(used.sum()),
            "budget": found.budgets[used],
            "solutions": found.solutions[used, 0],
            "verifications": found.verifications[used, 0],
            "success": found.success[used, 0],
            "at_boundary": found.at_boundary[used, 0],
        }
    )

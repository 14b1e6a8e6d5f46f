"""Allocation laws as results, and what can be doubtful about a law."""

from dataclasses import dataclass
from typing import Final, Literal

from svlaw.data.shown import Shown
from svlaw.data.table_texts import decimals, number, span
from svlaw.fit.surfaces.surface_fits import SURFACE_WORDS

Status = Literal[
    "ok",
    "no_gain",
    "boundary",
    "all_boundary",
    "constant",
    "floor",
    "unclear",
    "unstable",
    "too_few_budgets",
    "poor_fit",
    "not_converged",
    "too_few_points",
]
Quantity = Literal["solutions", "verifications"]
QUANTITIES: Final[tuple[Quantity, ...]] = ("solutions", "verifications")

STATUS_WORDS: Final[dict[str, str]] = {
    "ok": "",
    "no_gain": "a larger budget buys no gain that is clear of noise, so there is nothing to divide:"
    " take a cheap point, or generate for more problems",
    "boundary": "many optima lie at or beyond the largest S or V: generate more, or take the"
    " exponent as censored",
    "all_boundary": "every optimum lies at the largest S or V, so the data say nothing of the"
    " exponent: generate more of the one that is at its largest",
    "constant": "the optimum does not change with the budget, so there is no law to speak of:"
    " generate for budgets further apart",
    "floor": "at most budgets one verification (or one solution) is best, so the law follows from"
    " the budget alone: generate for larger budgets, or take it that more do not pay",
    "unclear": "most budgets have no optimum inside the data: generate more values of V and more"
    " problems",
    "unstable": "too many resamples give no exponent, so there is no interval: generate more"
    " problems",
    "too_few_budgets": "too few budgets at which more compute helps: generate more solutions and"
    " verifications",
    **{status: words for status, words in SURFACE_WORDS.items() if words},
}


@dataclass(frozen=True, repr=False)
class AllocationLaw(Shown):
    """One law, quantity = coefficient * C^exponent.

    Attributes:
        method: How the optima were found.
        strategy: The strategy.
        quantity: `solutions` (exponent a) or `verifications` (exponent b).
        exponent: None when it cannot be fitted.
        conf_low: Lower end of its 95% interval; None without per-problem data.
        conf_high: Upper end.
        coefficient: The optimum at C = 1.
        coefficient_low: Lower end of its 95% interval.
        coefficient_high: Upper end.
        r_squared: Of the fit in log space.
        residual: Root mean square of log(optimum / law).
        n_budgets: Budgets fitted to.
        boundary_fraction: Share of the budgets whose optimum is at the largest S or V, or beyond.
        status: `ok`, or why the law is doubtful (see STATUS_WORDS).
        words: The same in words, with what to generate next; empty when ok.
        samples_low: Lower end of the exponent's 95% interval if these problems were sampled again;
            None without noise of sampling at all points.
        samples_high: Upper end.
    """

    method: str
    strategy: str
    quantity: Quantity
    exponent: float | None
    conf_low: float | None
    conf_high: float | None
    coefficient: float | None
    coefficient_low: float | None
    coefficient_high: float | None
    r_squared: float | None
    residual: float | None
    n_budgets: int
    boundary_fraction: float | None
    status: Status
    words: str
    samples_low: float | None = None
    samples_high: float | None = None

    def _lines(self) -> list[str]:
        symbol, exponent = ("S", "a") if self.quantity == "solutions" else ("V", "b")
        ends = span(self.conf_low, self.conf_high, decimals)
        return [
            f"AllocationLaw of {self.strategy} by {self.method}: status {self.status}",
            f"  {symbol} = {number(self.coefficient)} C^{exponent}, {exponent} ="
            f" {decimals(self.exponent)} {ends}, {self.n_budgets} budgets",
        ]


@dataclass(frozen=True, repr=False)
class ExponentSum(Shown):
    """a + b of one method and strategy, beside what the budget demands.

    Attributes:
        method: The method.
        strategy: The strategy.
        total: a + b; None when either is.
        conf_low: Lower end of its 95% interval.
        conf_high: Upper end.
        unit_exponent: u, how the cost of a solution and its verifications grows: 1 + lambda V ~
            C^u. S times that is C, so that a + u = 1 exactly; b nears u, and a + b nears 1, as
            lambda V grows. None where calls are shared: C = S + lambda V ties no exponents.
    """

    method: str
    strategy: str
    total: float | None
    conf_low: float | None
    conf_high: float | None
    unit_exponent: float | None

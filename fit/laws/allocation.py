"""Allocation laws: how the optimal S and V grow with compute, S_opt ~ C^a and V_opt ~ C^b."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from svlaw.analysis.cost import CostModel
from svlaw.analysis.intervals.resampling import DEFAULT_RESAMPLES, resample
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.schema import VERIFIED
from svlaw.data.shown import Shown, rows_of
from svlaw.data.table_texts import TextTable
from svlaw.fit.laws.allocation_law import AllocationLaw, ExponentSum
from svlaw.fit.laws.frontier_gain import frontier_gain
from svlaw.fit.laws.law_lookup import fit_lines, laws_named
from svlaw.fit.laws.law_pair import LawPair
from svlaw.fit.laws.law_tables import law_tables
from svlaw.fit.laws.methods import METHODS, find_optima


@dataclass(frozen=True, repr=False)
class AllocationFit(Shown):
    """Laws and the optima they were fitted to.

    Attributes:
        laws: For each method and strategy the law of S, then that of V.
        sums: For each method and strategy a + b.
        optima: One row per budget considered: `method`, `strategy`, `budget`, `solutions` (not
            rounded), `verifications`, `success`, `at_boundary`, `used` (in the fit),
            `solutions_residual` and `verifications_residual` (log of optimum over law; null where
            not used).
        distributions: One row per resample: `method`, `strategy`, `quantity`, `resample`,
            `exponent`, `coefficient`; empty without resamples.
        surfaces: One row per strategy and form tried; empty unless surfaces were fitted.
        cost: Label of the cost.
        n_problems: Number of problems; None for a published table.
        resamples: Resamples behind the intervals; 0 without.
        seed: Seed of the resampling.
    """

    laws: tuple[AllocationLaw, ...]
    sums: tuple[ExponentSum, ...]
    optima: pl.DataFrame
    distributions: pl.DataFrame
    surfaces: pl.DataFrame
    cost: str
    n_problems: int | None
    resamples: int
    seed: int

    def __getitem__(self, key: str | tuple[str, ...]) -> "AllocationFit | AllocationLaw":
        """Laws by strategy, method and quantity, in any order.

        `fit["best_of_n"]` is the fit of one strategy, `fit["best_of_n", "envelope"]` that of one
        method too, `fit["best_of_n", "solutions"]` the law of S by the method that `advise` names
        (the first one where it names none), `fit["best_of_n", "solutions", "envelope"]` that by the
        envelope.

        Raises:
            BadInputError: The fit has no strategy, method or quantity of that name, or a quantity
                is asked of several strategies.
        """
        return laws_named(self, (key,) if isinstance(key, str) else tuple(key))

    def frame(self) -> pl.DataFrame:
        """One row per law, with the fields of `AllocationLaw`."""
        return rows_of(self.laws)

    def _lines(self) -> list[str]:
        return fit_lines(self)

    def _tables(self) -> list[TextTable]:
        return law_tables(self)


def fit_allocation(
    table: SuccessTable,
    cost: CostModel,
    method: str | Sequence[str] = "all",
    *,
    interior: bool = False,
    needs_gain: bool = True,
    resamples: int = DEFAULT_RESAMPLES,
    seed: int = 0,
) -> AllocationFit:
    """Fit the allocation laws of every strategy with a verifier.

    Intervals come from resampling problems through the whole chain: mean success, optima, fit.

    Args:
        table: A success table with best_of_n or weighted_vote at several S and V; on a fine grid,
            since on powers of two the optima snap to them.
        cost: The cost model.
        method: `envelope`, `isobudget`, `surface`, several of them, or `all`.
        interior: Leave out budgets whose optimum is at the largest S or V, or at S = 1 or V = 1.
        needs_gain: Whether a law needs a gain that is clear of noise (see `frontier_gain`); a
            simulation, whose gain is known, does without.
        resamples: Resamples of problems; 0 for no intervals.
        seed: Seed of the resampling.

    Raises:
        BadInputError: The method is unknown.
        NotInPoolError: The table has no strategy with a verifier.
    """
    methods = _methods(method)
    strategies = [name for name in VERIFIED if name in table.strategies]
    if not strategies:
        raise NotInPoolError("a law needs verification: best_of_n or weighted_vote")
    drawn = resample(table, resamples, seed)
    means = None if drawn is None else drawn.means(table)
    gains = {
        name: not needs_gain or frontier_gain(table, name, cost, seed).is_clear
        for name in strategies
    }
    parts, laws = [], []
    for one in methods:
        for name in strategies:
            found = find_optima(one, table, name, cost, means, seed)
            parts.append(LawPair(found, interior, cost.calls, gains[name]))
            laws += parts[-1].laws()
            noise = table.select(name).noise
            if gains[name] and resamples and noise is not None and noise.known.all():
                again = table.noise.means(table.mean(), resamples, seed)  # type: ignore[union-attr]
                found = find_optima(one, table, name, cost, again, seed)
                laws[-2:] = _with_samples(laws[-2:], LawPair(found, interior, cost.calls).laws())
    return AllocationFit(
        tuple(laws),
        tuple(part.total() for part in parts),
        pl.concat([part.optima() for part in parts]),
        pl.concat([part.distributions() for part in parts]),
        pl.concat([part.found.forms for part in parts]),
        cost.label,
        table.n_problems or None,
        0 if drawn is None else resamples,
        seed,
    )


def _with_samples(
    laws: Sequence[AllocationLaw], again: Sequence[AllocationLaw]
) -> list[AllocationLaw]:
    """Laws with the intervals of the same laws if the problems were sampled again."""
    return [
        replace(law, samples_low=other.conf_low, samples_high=other.conf_high)
        for law, other in zip(laws, again, strict=True)
    ]


def _methods(method: str | Sequence[str]) -> tuple[str, ...]:
    wanted = [method] if isinstance(method, str) else list(method)
    for one in wanted:
        if one not in {*METHODS, "all"}:
            raise BadInputError(f"unknown method '{one}'; use {', '.join(METHODS)} or all")
    return METHODS if "all" in wanted else tuple(dict.fromkeys(wanted))

"""Everything the report says about one pool, computed once."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from svlaw.analysis.cost import RelativeCost, relative_cost
from svlaw.analysis.crossover import SATURATION_MARGIN, Crossover, crossover
from svlaw.analysis.curves import curves
from svlaw.analysis.estimators import Options
from svlaw.analysis.frontier import frontier
from svlaw.analysis.success import SuccessTable, success_table
from svlaw.data.errors import NotInPoolError
from svlaw.data.pool import Pool
from svlaw.data.progress import Progress
from svlaw.data.schema import VERIFIED
from svlaw.fit.laws import AllocationFit, fit_allocation


@dataclass(frozen=True)
class Findings:
    """The analyses of one pool.

    Attributes:
        name: What the pool is called in the report.
        pool: The pool.
        cost: The cost model.
        table: Success of every problem at every point.
        curves: What `curves` returns.
        frontier: What `frontier` returns.
        crossovers: One for each strategy with a verifier, then the better of the two.
        no_crossover: Why there is none, in words; empty when there is one.
        fit: The allocation laws; None without verifications.
        resamples: Resamples behind the intervals; 0 without.
        seed: Seed of the resampling.
    """

    name: str
    pool: Pool
    cost: RelativeCost
    table: SuccessTable
    curves: pl.DataFrame
    frontier: pl.DataFrame
    crossovers: tuple[Crossover, ...]
    no_crossover: str
    fit: AllocationFit | None
    resamples: int
    seed: int

    @property
    def verified(self) -> tuple[str, ...]:
        """Strategies with a verifier that have figures."""
        return tuple(name for name in VERIFIED if name in self._strategies)

    @property
    def has_voting(self) -> bool:
        """Whether self-consistency has figures."""
        return "self_consistency" in self._strategies

    @property
    def _strategies(self) -> set[str]:
        return set(self.curves.filter(pl.col("success").is_not_null())["strategy"])

    @property
    def best(self) -> pl.DataFrame:
        """The row of the frontier to choose at each budget."""
        return self.frontier.filter("best")

    @property
    def voting(self) -> pl.DataFrame:
        """Self-consistency's curve, by rising cost."""
        held = (pl.col("strategy") == "self_consistency") & pl.col("success").is_not_null()
        return self.curves.filter(held).sort("cost")

    @property
    def saturation(self) -> float | None:
        """Smallest computed budget at which self-consistency is within 0.25 points of its best."""
        rows = self.voting
        near = rows.filter(pl.col("success") >= pl.col("success").max() - SATURATION_MARGIN)
        return float(near["cost"][0]) if near.height else None

    @property
    def mc_error(self) -> float:
        """Largest Monte-Carlo standard error of any mean; 0 for a published table."""
        errors = self.table.mc_error()
        known = errors[np.isfinite(errors)]
        return float(known.max()) if known.size else 0.0


def examine(
    name: str,
    pool: Pool,
    *,
    ratio: float | None,
    verifier: str | None,
    options: Options | None,
    resamples: int,
    seed: int,
    progress: Progress,
) -> Findings:
    """Analyse one pool; parts it has no data for are left out.

    Raises:
        BadInputError: An argument does not fit.
        NotInPoolError: lambda is to be measured and the pool holds no lengths, or it has no such
            verifier.
    """
    cost = relative_cost(pool, ratio, verifier)
    table = success_table(pool, verifier=verifier, options=options, progress=progress)
    crossovers, no_crossover = _crossovers(table, cost, resamples, seed)
    return Findings(
        name=name,
        pool=pool,
        cost=cost,
        table=table,
        curves=curves(table, cost),
        frontier=frontier(table, cost, resamples=resamples, seed=seed),
        crossovers=crossovers,
        no_crossover=no_crossover,
        fit=_fit(table, cost, resamples, seed),
        resamples=resamples if table.has_problems else 0,
        seed=seed,
    )


def _crossovers(
    table: SuccessTable, cost: RelativeCost, resamples: int, seed: int
) -> tuple[tuple[Crossover, ...], str]:
    if not any(name in table.strategies for name in VERIFIED):
        return (), "This pool has no verifications."
    held: tuple[str, ...] = tuple(name for name in VERIFIED if name in table.strategies)
    if len(held) > 1:
        held = (*held, "best")
    try:
        found = [crossover(table, cost, name, resamples=resamples, seed=seed) for name in held]
    except NotInPoolError as error:
        return (), f"There is no crossover to look for: {error}."
    return tuple(found), ""


def _fit(
    table: SuccessTable, cost: RelativeCost, resamples: int, seed: int
) -> AllocationFit | None:
    try:
        return fit_allocation(table, cost, resamples=resamples, seed=seed)
    except NotInPoolError:
        return None

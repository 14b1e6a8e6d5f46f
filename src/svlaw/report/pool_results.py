"""Everything the report says about one pool, computed once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from svlaw.analysis.checks.pool_check import Check, check_pool
from svlaw.analysis.compare.crossover import SATURATION_MARGIN, Crossover, crossover
from svlaw.analysis.compare.curves import curves
from svlaw.analysis.compare.difficulty import PASS_RATE
from svlaw.analysis.compare.frontier import frontier
from svlaw.analysis.cost import CostModel
from svlaw.analysis.cost_choice import CostChoice
from svlaw.analysis.success.estimators import Options
from svlaw.analysis.success.pool_strategies import default_strategies
from svlaw.analysis.success.success_table import SuccessTable, success_table
from svlaw.data.errors import NotInPoolError
from svlaw.data.pool import Pool
from svlaw.data.progress import Progress
from svlaw.data.schema import VERIFIED
from svlaw.fit.laws.advice import Advice, advise
from svlaw.fit.laws.allocation import AllocationFit, fit_allocation
from svlaw.questions.defaults import LAW_RESAMPLES
from svlaw.report.difficulty_section import Difficulty, examine_difficulty
from svlaw.report.growth import Step, tenfold
from svlaw.report.verifier_quality import Quality, examine_quality

_STEPS: Final = 1000
"""Steps of progress in each part of several."""


@dataclass(frozen=True)
class Findings:
    """The analyses of one pool.

    Attributes:
        name: What the pool is called in the report.
        pool: The pool.
        cost: The cost model.
        table: Success of every problem at every point, on powers of two.
        law_table: The same on a fine grid, for the laws; None without verifications.
        curves: What `curves` returns.
        frontier: What `frontier` returns.
        crossovers: One for each strategy with a verifier, then the better of the two.
        no_crossover: Why there is none, in words; empty when there is one.
        fit: The allocation laws; None without verifications.
        growth: What ten times the budget buys.
        difficulty: The frontier in bins of problems.
        no_difficulty: Why there are no bins by pass rate, in words; empty when there are.
        quality: How good the verifier is; None without verdicts.
        checks: What `svlaw check` finds.
        resamples: Resamples behind the intervals; 0 without.
        seed: Seed of the resampling.
    """

    name: str
    pool: Pool
    cost: CostModel
    table: SuccessTable
    law_table: SuccessTable | None
    curves: pl.DataFrame
    frontier: pl.DataFrame
    crossovers: tuple[Crossover, ...]
    no_crossover: str
    fit: AllocationFit | None
    growth: tuple[Step, ...]
    difficulty: tuple[Difficulty, ...]
    no_difficulty: str
    quality: Quality | None
    checks: tuple[Check, ...]
    resamples: int
    seed: int

    @property
    def verified(self) -> tuple[str, ...]:
        """Strategies with a verifier that have figures."""
        return tuple(name for name in VERIFIED if name in self._strategies)

    @property
    def advice(self) -> tuple[Advice, ...]:
        """Which method's laws to believe, for each strategy with a verifier."""
        return () if self.fit is None else advise(self.fit.laws)

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
        tables = [self.table] if self.law_table is None else [self.table, self.law_table]
        errors = np.concatenate([table.mc_error() for table in tables])
        known = errors[np.isfinite(errors)]
        return float(known.max()) if known.size else 0.0

    @property
    def optimism(self) -> float | None:
        """Largest of what the choices gain by being scored on the problems they were made on.

        None where nothing can be cross-fitted.
        """
        known = self.best["optimism"].drop_nulls()
        return max(float(known.max()), 0.0) if len(known) else None  # type: ignore[arg-type]


def parts_of(progress: Progress, count: int) -> Iterator[Progress]:
    """The progress of each of some parts that follow each other, in thousandths of a part."""

    def part(before: int) -> Progress:
        def report(done: int, of: int) -> None:
            progress(before * _STEPS + done * _STEPS // max(of, 1), count * _STEPS)

        return report

    return map(part, range(count))


def examine(
    name: str,
    pool: Pool,
    *,
    strategies: Sequence[str] | None = None,
    cost: CostChoice,
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
    model = cost.model(pool, verifier)
    estimating, halving = parts_of(progress, 2)
    table, law_table = _tables(pool, strategies, verifier, options, estimating)
    crossovers, no_crossover = _crossovers(table, model, resamples, seed)
    difficulty, no_difficulty = examine_difficulty(
        pool, table, model, resamples=resamples, seed=seed, progress=halving
    )
    return Findings(
        name=name,
        pool=pool,
        cost=model,
        table=table,
        law_table=law_table,
        curves=curves(table, model),
        frontier=frontier(table, model, resamples=resamples, seed=seed),
        crossovers=crossovers,
        no_crossover=no_crossover,
        fit=_fit(law_table, model, resamples, seed),
        growth=tenfold(table, model, resamples, seed),
        difficulty=difficulty,
        no_difficulty=no_difficulty,
        quality=_quality(pool, table, difficulty),
        checks=tuple(check_pool(pool)),
        resamples=resamples if table.has_problems else 0,
        seed=seed,
    )


def _quality(pool: Pool, table: SuccessTable, difficulty: tuple[Difficulty, ...]) -> Quality | None:
    """The verifier on all problems, and by pass rate where there are such bins."""
    if table.verifier is None or table.options is None:
        return None
    groups = {
        part.name: part.table.problem_ids
        for each in difficulty
        if each.by == PASS_RATE
        for part in each.bins
    }
    return examine_quality(pool, table.verifier, groups, table.options.unparsed)


def _tables(
    pool: Pool,
    strategies: Sequence[str] | None,
    verifier: str | None,
    options: Options | None,
    progress: Progress,
) -> tuple[SuccessTable, SuccessTable | None]:
    """The table on powers of two and, with verifications, that on a fine grid.

    Both hold all strategies, so that each averages over the same problems throughout.
    """
    has_laws = any(name in VERIFIED for name in default_strategies(pool))
    fine = has_laws and not pool.is_published_table
    first, second = parts_of(progress, 2) if fine else (progress, progress)
    plain = strategies or default_strategies(pool)
    table = success_table(pool, plain, verifier=verifier, options=options, progress=first)
    if not fine:
        return table, table if has_laws else None
    second(0, 1)
    fine_table = success_table(
        pool,
        default_strategies(pool),
        solutions="fine",
        verifications="fine",
        verifier=verifier,
        options=options,
        progress=second,
    )
    return table, fine_table


def _crossovers(
    table: SuccessTable, cost: CostModel, resamples: int, seed: int
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
    table: SuccessTable | None, cost: CostModel, resamples: int, seed: int
) -> AllocationFit | None:
    if table is None:
        return None
    return fit_allocation(table, cost, resamples=min(resamples, LAW_RESAMPLES), seed=seed)

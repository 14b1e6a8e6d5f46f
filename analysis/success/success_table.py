"""The success table: the success of every problem at every (strategy, S, V)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.kernels.problem_sample import ProblemSample
from svlaw.analysis.success.estimators import Options
from svlaw.analysis.success.execution import estimate_here, estimate_on, holdings_on
from svlaw.analysis.success.grid import Grid, Values, choose_grid, split_values
from svlaw.analysis.success.sample_reader import BATCH_ROWS, SampleReader
from svlaw.analysis.success.table_store import Block, BlockEstimate, Store
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.pool import Pool
from svlaw.data.progress import Progress, silent
from svlaw.data.schema import STRATEGIES, VERIFIED
from svlaw.data.workers.ray_cluster import Cluster

F64 = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_BATCHES_PER_CORE: Final = 4
"""Batches for each core of a cluster, so that none of them waits long for the last."""


@dataclass(frozen=True)
class SuccessTable:
    """Success per point and problem; it does not depend on any cost.

    Attributes:
        points: One row per point: `strategy`, `solutions`, `verifications` (0 without a verifier).
        success: (points, problems) success; nan where no problem supports the point.
        variance: (points, problems) Monte-Carlo variance of it.
        problem_ids: The problems averaged over; empty for a published table.
        n_set_aside: Problems of the pool that cannot support the grid.
        options: How success was estimated; None for a published table.
        verifier: The verifier used, if any.
    """

    points: pl.DataFrame
    success: F64
    variance: F64
    problem_ids: tuple[str, ...]
    n_set_aside: int
    options: Options | None
    verifier: str | None = None

    @property
    def has_problems(self) -> bool:
        """Whether there is per-problem data, hence intervals."""
        return bool(self.problem_ids)

    @property
    def n_problems(self) -> int:
        """Number of problems averaged over; 0 for a published table."""
        return len(self.problem_ids)

    @property
    def strategies(self) -> tuple[str, ...]:
        """Strategies in the table, in order."""
        return tuple(self.points["strategy"].unique(maintain_order=True))

    def mean(self) -> F64:
        """(points,) mean success over problems."""
        result: F64 = self.success.mean(axis=1)
        return result

    def mc_error(self) -> F64:
        """(points,) Monte-Carlo standard error of the mean."""
        result: F64 = np.sqrt(self.variance.sum(axis=1)) / self.success.shape[1]
        return result

    def select(self, strategy: str) -> "SuccessTable":
        """The rows of one strategy.

        Raises:
            NotInPoolError: The table has none.
        """
        mask = (self.points["strategy"] == strategy).to_numpy()
        if not mask.any():
            raise NotInPoolError(f"there are no figures for {strategy}")
        return SuccessTable(
            self.points.filter(mask),
            self.success[mask],
            self.variance[mask],
            self.problem_ids,
            self.n_set_aside,
            self.options,
            self.verifier,
        )

    def restrict(self, problems: Mask) -> "SuccessTable":
        """The same points over some of the problems.

        Args:
            problems: (problems,) which to keep.
        """
        return replace(
            self,
            success=self.success[:, problems],
            variance=self.variance[:, problems],
            problem_ids=tuple(compress(self.problem_ids, problems)),
        )


def default_strategies(pool: Pool) -> tuple[str, ...]:
    """The strategies a pool has data for.

    Voting needs answers, verification needs verdicts.
    """
    if pool.is_published_table:
        present = set(pool.read("success", ("strategy",))["strategy"])
        return tuple(name for name in STRATEGIES if name in present)
    votes = pool.scan("answers").select(pl.col("answer_class").is_not_null().any()).collect().item()
    held = {"coverage": True, "self_consistency": votes}
    held |= {"best_of_n": bool(pool.verifiers), "weighted_vote": votes and bool(pool.verifiers)}
    return tuple(name for name in STRATEGIES if held[name])


def success_table(
    pool: Pool,
    strategies: Sequence[str] | None = None,
    solutions: Values = None,
    verifications: Values = None,
    *,
    verifier: str | None = None,
    options: Options | None = None,
    threads: int | None = None,
    batch_rows: int = BATCH_ROWS,
    reuse: bool = True,
    cluster: Cluster | None = None,
    progress: Progress = silent,
) -> SuccessTable:
    """Estimate the success of every problem at every point.

    All strategies average over the same problems; those that cannot support the grid are set aside.
    The result is the same for any number of threads, any batch size and any order of rows in the
    pool's files. Results are stored with the pool (see `store`) and found again.

    Args:
        pool: The pool; one that holds only a published table is returned as it is.
        strategies: Strategies wanted; all the pool has data for when None.
        solutions: Values of S; `all`; `fine`; powers of two when None.
        verifications: Values of V; `all`; `fine`; powers of two when None.
        verifier: Verifier to use; may be None when the pool has one.
        options: Policies, tolerance and seed.
        threads: Threads to use; all cores when None.
        batch_rows: Solutions and verdicts held in memory at a time.
        reuse: Whether to use stored results and to store new ones.
        cluster: Where to compute; this machine's threads when None.
        progress: Called with the number of problems done.

    Raises:
        BadInputError: A value cannot be used, or the pool does not hold that much.
        NotInPoolError: The pool lacks what a strategy needs.
    """
    strategies = tuple(dict.fromkeys(strategies or default_strategies(pool)))
    _check_strategies(pool, strategies)
    if pool.is_published_table:
        return _published_table(pool, strategies, solutions, verifications)
    options = options or Options()
    needs_verifier = any(name in VERIFIED for name in strategies)
    verifier = pool.resolve_verifier(verifier) if needs_verifier else None
    if options.population == "verified" and verifier is None:
        raise BadInputError("population 'verified' needs a strategy with a verifier")
    reader = SampleReader(
        pool,
        verifier,
        only_verified=options.population == "verified",
        half=options.half,
        seed=options.seed,
        batch_rows=batch_rows,
        least_batches=1 if cluster is None else _BATCHES_PER_CORE * cluster.cores,
    )
    holdings = reader.holdings() if cluster is None else holdings_on(cluster, reader)
    grid = choose_grid(holdings, strategies, solutions, verifications)
    ids = tuple(compress(reader.problem_ids, grid.problems))
    blocks = [Block(name, *grid.axes(name), ids, options, verifier) for name in strategies]
    store = Store(pool) if reuse and not pool.is_bundled else None
    estimates: dict[str, BlockEstimate] = {}
    for block in blocks:
        if store and (stored := store.load(block)):
            estimates[block.strategy] = stored
    missing = [block for block in blocks if block.strategy not in estimates]
    if missing:
        if cluster is None:
            samples = reader.batches(grid.problems)
            new = estimate_here(samples, missing, threads, progress)
        else:
            new = estimate_on(cluster, reader, grid.problems, missing, progress)
        for block, found in zip(missing, new, strict=True):
            estimates[block.strategy] = found
            if store:
                store.save(block, found)
    return _assemble(
        grid,
        [estimates[name] for name in strategies],
        ids,
        len(reader.problem_ids) - len(ids),
        options,
        verifier,
    )


def table_of_samples(
    samples: Sequence[ProblemSample],
    strategies: Sequence[str],
    solutions: Values = None,
    verifications: Values = None,
    *,
    options: Options | None = None,
    verifier: str | None = None,
    threads: int | None = None,
    progress: Progress = silent,
) -> SuccessTable:
    """Estimate success from samples in memory, as `success_table` does from a pool.

    Args:
        samples: The problems.
        strategies: Strategies wanted.
        solutions: Values of S; `all`; `fine`; powers of two when None.
        verifications: Values of V; `all`; `fine`; powers of two when None.
        options: Policies, tolerance and seed; the samples are used as they are, whatever
            population and half they name.
        verifier: What to call the verifier.
        threads: Threads to use; all cores when None.
        progress: Called with the number of problems done.

    Raises:
        BadInputError: A value cannot be used, or no problem holds that much.
        NotInPoolError: The samples lack what a strategy needs.
    """
    strategies, options = tuple(dict.fromkeys(strategies)), options or Options()
    grid = choose_grid(samples, strategies, solutions, verifications)
    kept = list(compress(samples, grid.problems))
    ids = tuple(sample.problem_id for sample in kept)
    blocks = [Block(name, *grid.axes(name), ids, options, verifier) for name in strategies]
    estimates = estimate_here([kept], blocks, threads, progress)
    return _assemble(grid, estimates, ids, len(samples) - len(ids), options, verifier)


def _assemble(
    grid: Grid,
    columns: Sequence[BlockEstimate],
    ids: tuple[str, ...],
    n_set_aside: int,
    options: Options,
    verifier: str | None,
) -> SuccessTable:
    """One table of the estimates of all strategies, in the order of the grid's points."""
    points = pl.DataFrame(
        grid.points,
        schema={"strategy": pl.String, "solutions": pl.Int32, "verifications": pl.Int32},
        orient="row",
    )
    return SuccessTable(
        points,
        np.concatenate([found.success for found in columns], axis=1).T,
        np.concatenate([found.variance for found in columns], axis=1).T,
        ids,
        n_set_aside,
        options,
        verifier,
    )


def _check_strategies(pool: Pool, strategies: Sequence[str]) -> None:
    available = default_strategies(pool)
    for name in strategies:
        if name not in STRATEGIES:
            raise BadInputError(f"unknown strategy '{name}'; use {', '.join(STRATEGIES)}")
        if name not in available:
            raise NotInPoolError(
                f"{pool.path}: holds nothing for {name}; it has data for {', '.join(available)}"
            )


def _published_table(
    pool: Pool, strategies: Sequence[str], solutions: Values, verifications: Values
) -> SuccessTable:
    (_, solutions), (_, verifications) = split_values(solutions), split_values(verifications)
    columns = ("strategy", "solutions", "verifications", "success")
    frame = pool.read("success", columns).filter(pl.col("strategy").is_in(strategies))
    for name, values in (("solutions", solutions), ("verifications", verifications)):
        for value in values or ():
            if value not in frame[name]:
                raise BadInputError(f"{pool.path}: the published table has no {name} = {value}")
    if solutions is not None:
        frame = frame.filter(pl.col("solutions").is_in(list(solutions)))
    if verifications is not None:
        frame = frame.filter(pl.col("verifications").is_in([0, *verifications]))
    order = pl.col("strategy").replace_strict({n: i for i, n in enumerate(strategies)})
    frame = frame.sort(order, "verifications", "solutions")
    success = frame["success"].to_numpy()[:, None]
    return SuccessTable(frame.drop("success"), success, np.zeros_like(success), (), 0, None, None)

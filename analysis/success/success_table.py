"""The success table: the success of every problem at every (strategy, S, V)."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, compress
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.cost import CostModel, calls_of
from svlaw.analysis.strategies.specs import (
    is_policy,
    needs_verifier,
    needs_verifier_answers,
    parse_spec,
    parse_specs,
)
from svlaw.analysis.success.estimators import Options
from svlaw.analysis.success.execution import calibrated, estimate_here, estimate_on, holdings_on
from svlaw.analysis.success.grid import Values
from svlaw.analysis.success.point_usage import PointUsage
from svlaw.analysis.success.pool_strategies import check_strategies, named_strategies
from svlaw.analysis.success.published_points import published_points
from svlaw.analysis.success.sample_reader import BATCH_ROWS, SampleReader
from svlaw.analysis.success.sampling_noise import SamplingNoise
from svlaw.analysis.success.stored_lengths import stored_lengths
from svlaw.analysis.success.table_blocks import Asked, plan_blocks, points_of, usage_of
from svlaw.analysis.success.table_store import Block, BlockEstimate, Store
from svlaw.analysis.success.table_summaries import table_lines, table_summary
from svlaw.analysis.usage_cost import cost_of_problems, usage_cost
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.pool import Pool
from svlaw.data.progress import Progress, silent
from svlaw.data.schema import Calls
from svlaw.data.shown import Shown
from svlaw.data.table_texts import TextTable
from svlaw.data.workers.ray_cluster import Cluster

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_BATCHES_PER_CORE: Final = 4
"""Batches for each core of a cluster, so that none of them waits long for the last."""


@dataclass(frozen=True, repr=False)
class SuccessTable(Shown):
    """Success per point and problem; it does not depend on any cost.

    Attributes:
        points: One row per point: `strategy`, `solutions`, `verifications` (0 without a verifier;
            both null where a policy decides them), and `setting` (of a policy, as canonical text;
            else empty).
        success: (points, problems) success; nan where no problem supports the point.
        variance: (points, problems) Monte-Carlo variance of it.
        problem_ids: The problems averaged over; empty for a published table.
        n_set_aside: Problems of the pool that cannot support the grid.
        options: How success was estimated; None for a published table.
        verifier: The verifier used, if any.
        usage: What the points of policies use; None where there are none. Other points are charged
            by their S and V.
        clusters: (problems,) number of each problem's family, from 0 on without a gap; None where
            every problem stands for itself.
        noise: Noise of sampling, for intervals of "these problems, sampled again"; None without.
        calls: Whether the verifier's calls are independent or shared, which cost models need to
            know.
    """

    points: pl.DataFrame
    success: F64
    variance: F64
    problem_ids: tuple[str, ...]
    n_set_aside: int
    options: Options | None
    verifier: str | None = None
    usage: PointUsage | None = None
    clusters: I64 | None = None
    noise: SamplingNoise | None = None
    calls: Calls = "independent"

    def __post_init__(self) -> None:
        if "setting" not in self.points.columns:
            plain = self.points.with_columns(setting=pl.lit(""))
            object.__setattr__(self, "points", plain)

    @property
    def has_problems(self) -> bool:
        """Whether there is per-problem data, hence intervals."""
        return bool(self.problem_ids)

    @property
    def n_problems(self) -> int:
        """Number of problems averaged over; 0 for a published table."""
        return len(self.problem_ids)

    @property
    def n_units(self) -> int:
        """Number of units that intervals rest on: families of problems, or problems."""
        return self.n_problems if self.clusters is None else int(self.clusters.max(initial=-1)) + 1

    @property
    def strategies(self) -> tuple[str, ...]:
        """Strategies in the table, in order."""
        return tuple(self.points["strategy"].unique(maintain_order=True))

    @property
    def specs(self) -> tuple[str, ...]:
        """The strategies with the settings of policies, as they are asked for."""
        keys = self.points.select("strategy", "setting").iter_rows()
        return tuple(dict.fromkeys(f"{name}:{text}" if text else name for name, text in keys))

    def mean(self) -> F64:
        """(points,) mean success over problems."""
        result: F64 = self.success.mean(axis=1)
        return result

    def mc_error(self) -> F64:
        """(points,) Monte-Carlo standard error of the mean."""
        result: F64 = np.sqrt(self.variance.sum(axis=1)) / self.success.shape[1]
        return result

    def is_of(self, strategy: str) -> Mask:
        """(points,) which points are those of a strategy.

        Args:
            strategy: Its name; with settings, those points of a policy that have them.
        """
        if strategy in self.strategies:
            exact: Mask = (self.points["strategy"] == strategy).to_numpy()
            return exact
        spec = parse_spec(strategy)
        keys = self.points.select("strategy", "setting").iter_rows()
        alike = [name == spec.strategy and spec.covers(text) for name, text in keys]
        return np.array(alike, np.bool_)

    def costs(self, cost: CostModel) -> F64:
        """(points,) mean cost over problems: C(S, V), or the price of what a policy used."""
        costs = cost(*self._sizes())
        if self.usage is not None:
            costs[self.usage.rows] = usage_cost(cost, self.usage.amounts()).mean(axis=1)
        return costs

    def problem_costs(self, cost: CostModel) -> F64:
        """(points, problems) cost of each problem.

        Where tokens are stored they vary with the problem, at fixed S and V too: in such a way that
        the mean over problems is C(S, V). Where they are not, a fixed point costs the same
        everywhere.
        """
        S, V = self._sizes()
        plain = cost(S, V)
        costs = np.tile(plain[:, None], max(self.n_problems, 1))
        if self.usage is None:
            return costs
        each = cost_of_problems(cost, S, V, self.usage.tokens)
        if each is not None:
            costs = each * (plain / each.mean(axis=1))[:, None]
        costs[self.usage.rows] = usage_cost(cost, self.usage.amounts())
        return costs

    def largest_costs(self, cost: CostModel) -> F64:
        """(points,) largest cost of a problem: C(S, V), or the most that a policy used."""
        costs = cost(*self._sizes())
        if self.usage is not None:
            costs[self.usage.rows] = usage_cost(cost, self.usage.amounts(largest=True)).max(axis=1)
        return costs

    def mean_counts(self, calls: Calls) -> tuple[F64, F64]:
        """(points,) mean number of solutions and of verifications used on a problem.

        Args:
            calls: Whether each solution has V verifications of its own or V calls judge all.
        """
        S, V = self._sizes()
        verifications = V if calls == "shared" else S * V
        if self.usage is not None:
            S[self.usage.rows] = self.usage.of("solutions").mean(axis=1)
            verifications[self.usage.rows] = self.usage.of("verifications").mean(axis=1)
        return S, verifications

    def _sizes(self) -> tuple[F64, F64]:
        """(points,) S and V; 1 and 0 for policies."""
        S = self.points["solutions"].fill_null(1).to_numpy().astype(float)
        return S, self.points["verifications"].fill_null(0).to_numpy().astype(float)

    def select(self, strategy: str) -> "SuccessTable":
        """The rows of one strategy.

        Raises:
            NotInPoolError: The table has none.
        """
        mask = (self.points["strategy"] == strategy).to_numpy()
        if not mask.any():
            raise NotInPoolError(f"there are no figures for {strategy}")
        return replace(
            self,
            points=self.points.filter(mask),
            success=self.success[mask],
            variance=self.variance[mask],
            usage=None if self.usage is None else self.usage.select(mask),
            noise=None if self.noise is None else self.noise.at(mask),
        )

    def restrict(self, problems: Mask) -> "SuccessTable":
        """The same points over some of the problems.

        Args:
            problems: (problems,) which to keep.
        """
        part = replace(
            self,
            success=self.success[:, problems],
            variance=self.variance[:, problems],
            problem_ids=tuple(compress(self.problem_ids, problems)),
            usage=None if self.usage is None else self.usage.restrict(problems),
            clusters=None,
            noise=None if self.noise is None else self.noise.of(problems),
        )
        return part if self.clusters is None else part.with_clusters(self.clusters[problems])

    def with_clusters(self, labels: Sequence[Hashable] | npt.NDArray[Any]) -> "SuccessTable":
        """The same table with families of problems, which are then the units of every interval.

        Resampling draws families, intervals count families, and cross-fitting never parts one.

        Args:
            labels: Family of each problem, in the order of `problem_ids`: numbers or texts.

        Raises:
            BadInputError: There is not one label for each problem.
        """
        if len(labels) != self.n_problems:
            raise BadInputError(
                f"{len(labels)} families for {self.n_problems} problems: give one for each problem"
            )
        numbers: dict[Any, int] = {}
        dense = [numbers.setdefault(label, len(numbers)) for label in labels]
        return replace(self, clusters=np.array(dense, np.int64))

    def __getitem__(self, strategy: str) -> "SuccessTable":
        """The rows of one strategy.

        Raises:
            NotInPoolError: The table has none.
        """
        return self.select(strategy)

    def frame(self) -> pl.DataFrame:
        """One row per point: `points` with the mean `success` and its `mc_error`."""
        return self.points.with_columns(
            pl.Series("success", self.mean()).fill_nan(None),
            pl.Series("mc_error", self.mc_error()).fill_nan(None),
        )

    def _lines(self) -> list[str]:
        return table_lines(self)

    def _tables(self) -> list[TextTable]:
        return [table_summary(self)]


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
        strategies: Strategies wanted, with settings where there are any (`specs.parse_spec`), or
            `all`; those without settings that the pool has data for when None.
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

    Examples:
        >>> import svlaw as sv
        >>> table = sv.success_table(sv.open_example("singhi2025_fig1"), solutions=[1, 4, 16])
        >>> table
        SuccessTable: 21 points, a published table
          self_consistency: 3 points, S 1 to 16, success 33.5 to 49.5%
          best_of_n: 18 points, S 1 to 16, V 1 to 32, success 34.4 to 54.3%
    """
    wanted = parse_specs(named_strategies(pool, strategies))
    check_strategies(pool, tuple(wanted))
    if pool.is_published_table:
        return _published_table(pool, tuple(wanted), solutions, verifications)
    options = options or Options()
    is_verified = any(needs_verifier(name) for name in wanted)
    verifier = pool.resolve_verifier(verifier) if is_verified else None
    has_policies = any(map(is_policy, wanted))
    lengths = stored_lengths(pool, verifier) if has_policies else None
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
        lengths=lengths,
        has_verifier_answers=any(map(needs_verifier_answers, wanted)),
    )
    holdings = reader.holdings() if cluster is None else holdings_on(cluster, reader)
    calls = "independent" if verifier is None else pool.calls(verifier)
    asked = Asked(wanted, solutions, verifications, options, verifier, calls, lengths)
    blocks, kept = plan_blocks(reader.problem_ids, holdings, asked)
    ids = blocks[0].problem_ids
    store = Store(pool) if reuse and not pool.is_bundled else None
    estimates: dict[str, BlockEstimate] = {}
    for block in blocks:
        if store and (stored := store.load(block)):
            estimates[block.strategy] = stored
    missing = [block for block in blocks if block.strategy not in estimates]
    missing = [
        calibrated(block, chain.from_iterable(reader.batches(kept)))
        if block.rules and block.rules[0].rule.needs_calibration
        else block
        for block in missing
    ]
    if missing:
        if cluster is None:
            samples = reader.batches(kept)
            new = estimate_here(samples, missing, threads, progress)
        else:
            new = estimate_on(cluster, reader, kept, missing, progress)
        for block, found in zip(missing, new, strict=True):
            estimates[block.strategy] = found
            if store:
                store.save(block, found)
    ordered = [estimates[block.strategy] for block in blocks]
    table = assemble(blocks, ordered, len(reader.problem_ids) - len(ids))
    return replace(table, calls=calls)


def assemble(
    blocks: Sequence[Block], found: Sequence[BlockEstimate], n_set_aside: int
) -> SuccessTable:
    """One table of the estimates of all strategies, block after block."""
    points = pl.concat([points_of(block) for block in blocks])
    return SuccessTable(
        points,
        np.concatenate([one.success for one in found], axis=1).T,
        np.concatenate([one.variance for one in found], axis=1).T,
        blocks[0].problem_ids,
        n_set_aside,
        blocks[0].options,
        blocks[0].verifier,
        usage_of(blocks, found),
    )


def _published_table(
    pool: Pool, strategies: Sequence[str], solutions: Values, verifications: Values
) -> SuccessTable:
    frame = published_points(pool, strategies, solutions, verifications)
    success = frame["success"].to_numpy()[:, None]
    return SuccessTable(
        frame.drop("success"),
        success,
        np.zeros_like(success),
        (),
        0,
        None,
        calls=calls_of(pool, None),
    )

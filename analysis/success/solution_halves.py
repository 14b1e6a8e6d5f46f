"""Success on two random halves of every problem's solutions: what noise of sampling there is."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import compress

import numpy as np
import polars as pl

from svlaw.analysis.strategies.specs import is_policy
from svlaw.analysis.success.sample_reader import Holding, SampleReader
from svlaw.analysis.success.sampling_noise import F64, SamplingNoise
from svlaw.analysis.success.success_table import SuccessTable, success_table
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.pool import Pool
from svlaw.data.workers.ray_cluster import Cluster

_HALVES = ("rating", "analysis")
_POINT = ("strategy", "solutions", "verifications")


def with_sampling_noise(
    pool: Pool, table: SuccessTable, *, cluster: Cluster | None = None
) -> SuccessTable:
    """The same table with the noise of sampling, for intervals of "these problems, sampled again".

    Both halves of every problem's solutions are analysed at the table's points. A half supports S
    up to about N / 2; larger points have no such interval.

    Args:
        pool: The pool that the table was made from.
        table: The success table.
        cluster: Where to compute; this machine's threads when None.

    Raises:
        NotInPoolError: The table is a published one, without solutions.
        BadInputError: The table rests on one half of the solutions already, or no problem of it
            has two solutions.
    """
    if not table.has_problems or table.options is None:
        raise NotInPoolError(f"{pool.path}: a published table has no solutions to sample again")
    if table.options.half != "all":
        raise BadInputError(
            "intervals for 'samples' need both halves of the solutions, but one of them rates the"
            " problems here (--by pass_rate)"
        )
    deviations = np.full(table.success.shape, np.nan)
    holdings = [_holdings(pool, table, half) for half in _HALVES]
    size = np.median(np.sum([[held.n_solutions for held in half] for half in holdings], axis=0))
    for strategy in table.strategies:
        if is_policy(strategy):  # which decide how much they draw
            continue
        solutions, verifications = _reach(table, strategy, holdings)
        if not solutions:
            continue
        halves = [
            success_table(
                pool,
                [strategy],
                solutions,
                verifications,
                verifier=table.verifier if verifications else None,
                options=replace(table.options, half=half),  # type: ignore[arg-type]
                cluster=cluster,
            )
            for half in _HALVES
        ]
        first, second = (_aligned(table, half) for half in halves)
        found = np.isfinite(first).all(axis=1) & np.isfinite(second).all(axis=1)
        deviations[found] = (first[found] - second[found]) / 2
    if np.isnan(deviations).all():
        raise BadInputError(f"{pool.path}: too few solutions to split each problem's in two halves")
    unseen = 2 * (table.points["solutions"].to_numpy() / size) ** 2
    return replace(table, noise=SamplingNoise(deviations, unseen))


def _holdings(pool: Pool, table: SuccessTable, half: str) -> list[Holding]:
    """What a half of each of the table's problems holds."""
    assert table.options is not None
    reader = SampleReader(
        pool,
        table.verifier,
        only_verified=table.options.population == "verified",
        half=half,  # type: ignore[arg-type]
        seed=table.options.seed,
    )
    kept = set(table.problem_ids)
    return list(compress(reader.holdings(), (name in kept for name in reader.problem_ids)))


def _reach(
    table: SuccessTable, strategy: str, holdings: Sequence[Sequence[Holding]]
) -> tuple[list[int], list[int] | None]:
    """The values of S that every half supports at every V of the table, and those V."""
    points = table.points.filter(pl.col("strategy") == strategy)
    depths = points["verifications"].unique().sort().to_list()
    halves = [held for half in holdings for held in half]
    if depths[-1] == 0:
        most = min(held.n_solutions for held in halves)
    else:
        most = min(int((held.depths >= depths[-1]).sum()) for held in halves)
    solutions = points["solutions"].unique().sort()
    return solutions.filter(solutions <= most).to_list(), depths if depths[-1] else None


def _aligned(table: SuccessTable, half: SuccessTable) -> F64:
    """Success of a half at the table's points and problems; nan where it has none."""
    rows = table.points.select(_POINT).join(
        half.points.with_row_index("row"), on=_POINT, how="left", maintain_order="left"
    )["row"]
    columns = {name: place for place, name in enumerate(half.problem_ids)}
    places = [columns[name] for name in table.problem_ids]
    result: F64 = half.success[rows.fill_null(0).to_numpy()][:, places]
    result[rows.is_null().to_numpy()] = np.nan
    return result

"""What a pool lacks: which samples of which parents, and the jobs that will bring them.

A *parent* is what samples are drawn of: a problem for solutions, a solution for verifications. Jobs
are cut from the whole plan at fixed places, before what is held is taken out, so that samples are
drawn together with the same others however often a run was stopped.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from svlaw.data.pool import Pool
from svlaw.data.schema import TABLES

Parent = tuple[str] | tuple[str, int]
"""Key of a parent: (problem_id,) or (problem_id, solution_id)."""


@dataclass(frozen=True)
class Span:
    """Consecutive samples of one parent that the pool lacks.

    Attributes:
        parent: Key of the parent.
        first: Number of the first sample.
        samples: How many.
    """

    parent: Parent
    first: int
    samples: int


@dataclass(frozen=True)
class Held:
    """Which samples a table holds, in memory that grows with its parents and not with its rows.

    Attributes:
        counts: Per parent how many it has, where they are numbered from 0 without a gap.
        others: Per parent the sorted numbers, where there are gaps.
    """

    counts: Mapping[Parent, int]
    others: Mapping[Parent, NDArray[np.int32]]

    def missing(self, parent: Parent, start: int, stop: int) -> list[tuple[int, int]]:
        """Runs (first, length) of the numbers from `start` to below `stop` that are not held."""
        count = self.counts.get(parent)
        if count is not None or parent not in self.others:
            begin = max(start, count or 0)
            return [(begin, stop - begin)] if begin < stop else []
        wanted = np.setdiff1d(np.arange(start, stop, dtype=np.int32), self.others[parent])
        if not wanted.size:
            return []
        breaks = np.flatnonzero(np.diff(wanted) > 1) + 1
        return [(int(run[0]), int(run.size)) for run in np.split(wanted, breaks)]


def held_samples(pool: Pool, table: str, verifier: str | None = None) -> Held:
    """Which samples a table of a pool holds.

    Raises:
        BadInputError: A part is damaged.
    """
    if not pool.has(table, verifier):
        return Held({}, {})
    *parent, number = TABLES[table].key
    summary = pool.collect(
        pool.scan(table, verifier)
        .group_by(parent)
        .agg(pl.len().alias("count"), pl.col(number).max().alias("last")),
        table,
    )
    whole = pl.col("last") == pl.col("count").cast(pl.Int64) - 1
    counts: dict[Parent, int] = {}
    for *key, count, _ in summary.filter(whole).iter_rows():
        counts[tuple(key)] = count
    gaps = summary.filter(~whole).select(parent)
    others: dict[Parent, NDArray[np.int32]] = {}
    if gaps.height:
        rows = pool.scan(table, verifier).select(*parent, number)
        rows = rows.join(gaps.lazy(), on=parent, how="semi").group_by(parent).agg(number)
        for *key, numbers in pool.collect(rows, table).iter_rows():
            others[tuple(key)] = np.unique(np.array(numbers, dtype=np.int32))
    return Held(counts, others)


@dataclass(frozen=True)
class Plan:
    """All samples a table is to have.

    Attributes:
        groups: Parents that are sampled together, where their samples are few.
        samples: How many samples of each parent.
        chunk: Most samples of a parent that are drawn together.
        held: What the table has already.
    """

    groups: Sequence[Sequence[Parent]]
    samples: int
    chunk: int
    held: Held

    @property
    def total(self) -> int:
        """Samples the table is to have."""
        return self.samples * sum(map(len, self.groups))

    def jobs(self) -> Iterator[list[Span]]:
        """What is missing, as spans to be sampled together.

        All parents get their first chunk before any gets its second, so that a run that was stopped
        leaves a pool of fewer samples rather than one of fewer problems.
        """
        for start in range(0, self.samples, self.chunk):
            stop = min(start + self.chunk, self.samples)
            for group in self.groups:
                spans = [
                    Span(parent, first, length)
                    for parent in group
                    for first, length in self.held.missing(parent, start, stop)
                ]
                if spans:
                    yield spans

    def missing(self) -> int:
        """How many samples the table lacks."""
        return sum(span.samples for spans in self.jobs() for span in spans)


BATCH_ROWS: Final = 64
"""Samples drawn together by an engine that computes batch by batch."""


def make_plan(
    families: Sequence[Sequence[Parent]], samples: int, held: Held, batch_rows: int = BATCH_ROWS
) -> Plan:
    """Cut the work into groups of parents and chunks of samples.

    Args:
        families: Parents in order; only parents of one family are sampled together.
        samples: How many samples of each parent.
        held: What the table has already.
        batch_rows: Most samples drawn together.
    """
    chunk = min(samples, batch_rows)
    size = max(1, batch_rows // chunk)
    groups = [
        family[start : start + size] for family in families for start in range(0, len(family), size)
    ]
    return Plan(groups, samples, chunk, held)

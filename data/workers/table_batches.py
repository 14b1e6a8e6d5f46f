"""Portions of a table: its rows a batch at a time, read here or on the nodes of a cluster.

Texts are large and what is derived from them is small, so what makes one of the other goes to where
the text is read.
"""

import socket
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Final, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from svlaw.data.errors import BadInputError, first_line
from svlaw.data.pool import Pool
from svlaw.data.pool_file import POOL_FILE
from svlaw.data.storage.object_stores import StorageError, storage_errors
from svlaw.data.storage.parquet import open_parquet
from svlaw.data.workers.ray_cluster import Cluster

_Result = TypeVar("_Result")

_SHARES_PER_CORE: Final = 4
"""So that no core of a cluster waits long for the last."""


@dataclass(frozen=True)
class Portion:
    """Rows of a part that lie one behind another.

    Attributes:
        part: The part.
        group: Its row group that holds them; None for the whole part.
        first: Place of the first of them in the group.
        rows: How many they are; None for all.
    """

    part: Path
    group: int | None = None
    first: int = 0
    rows: int | None = None

    def batches(self, columns: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
        """Read some columns, at most so many rows at a time.

        Raises:
            BadInputError: The part is damaged.
        """
        groups = None if self.group is None else [self.group]
        skip, left = self.first, self.rows
        with _opened(self.part) as file:
            for batch in file.iter_batches(rows, row_groups=groups, columns=list(columns)):
                held = batch.slice(min(skip, batch.num_rows), left)
                skip = max(skip - batch.num_rows, 0)
                if held.num_rows:
                    yield held
                if left is not None and not (left := left - held.num_rows):
                    return


def map_batches(
    function: Callable[[pa.RecordBatch], _Result],
    pool: Pool,
    table: str,
    verifier: str | None = None,
    *,
    columns: Sequence[str],
    rows: int,
    cluster: Cluster | None = None,
) -> Generator[_Result, None, None]:
    """Yield function(batch) for the rows of a table, in their order, at most so many at a time.

    On a cluster the nodes read the pool themselves, and results alone come back. Batches are cut in
    other places there, so a result should not depend on what else is in the batch.

    Args:
        function: What is made of a batch; for a cluster a function of a module that is installed on
            every node.
        pool: The pool.
        table: Name of the table.
        verifier: Verifier of a per-verifier table.
        columns: Columns that are read.
        rows: Rows in memory at a time.
        cluster: Where to compute; here when None.

    Raises:
        BadInputError: A part is damaged, or a node does not see the pool.
        SvlawError: The cluster is gone.
    """
    if cluster is None:
        for part in pool.sound_parts(table, verifier):
            yield from map(function, Portion(part).batches(columns, rows))
        return
    seen = for_nodes(pool)
    groups = [group for part in seen.sound_parts(table, verifier) for group in _row_groups(part)]
    total = sum(group.rows or 0 for group in groups)
    shares = cut(groups, max(total // (_SHARES_PER_CORE * cluster.cores), rows))
    work = partial(_map_share, function, seen, columns, rows)
    with closing(cluster.map_ordered(work, shares)) as results:
        for share in results:
            yield from share


def _map_share(
    function: Callable[[pa.RecordBatch], _Result],
    pool: Pool,
    columns: Sequence[str],
    rows: int,
    share: Sequence[Portion],
) -> list[_Result]:
    check_seen(pool)
    return [function(batch) for portion in share for batch in portion.batches(columns, rows)]


def cut(groups: Iterable[Portion], rows: int) -> Iterator[list[Portion]]:
    """Cut row groups into shares of at least so many rows, and not many more.

    Pieces of a row group are few: for its last rows all of it is decoded.

    Args:
        groups: Whole row groups.
        rows: Rows of a share; the last may have fewer.
    """
    share: list[Portion] = []
    held = 0
    for group in groups:
        size = group.rows or 0
        pieces = max(round(size / rows), 1)
        edges = [size * piece // pieces for piece in range(pieces + 1)]
        for first, end in pairwise(edges):
            share.append(replace(group, first=first, rows=end - first))
            held += end - first
            if held >= rows:
                yield share
                share, held = [], 0
    if held:
        yield share


def for_nodes(pool: Pool) -> Pool:
    """The pool under its full path, for processes with other working directories."""
    return replace(pool, path=pool.path.resolve())


def check_seen(pool: Pool) -> None:
    """Raise on a node that does not see a pool.

    Raises:
        BadInputError: It does not.
    """
    with storage_errors(pool.path):
        if (pool.path / POOL_FILE).is_file():
            return
    raise BadInputError(
        f"{pool.path}: not seen by node {socket.gethostname()}; every node needs the pool's folder"
        " under the same path"
    )


def _row_groups(part: Path) -> list[Portion]:
    """The row groups of a part.

    Raises:
        BadInputError: The part is damaged.
    """
    with _opened(part) as file:
        footer = file.metadata
        sizes = [footer.row_group(group).num_rows for group in range(footer.num_row_groups)]
    return [Portion(part, group, rows=size) for group, size in enumerate(sizes)]


@contextmanager
def _opened(part: Path) -> Iterator[pq.ParquetFile]:
    """Open a part.

    Raises:
        BadInputError: It is damaged, or what the block reads of it is.
        StorageError: The object store does not give it.
    """
    try:
        with open_parquet(part) as file:
            yield file
    except StorageError:
        raise
    except (pa.ArrowException, OSError) as error:
        raise BadInputError(
            f"{part}: damaged ({first_line(error)}); import the pool again"
        ) from error

"""Parquet files read in pieces, wherever they lie."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq

from svlaw.data.storage.object_stores import is_remote, storage_errors


@contextmanager
def open_parquet(path: Path) -> Iterator[pq.ParquetFile]:
    """Yield a Parquet file of a folder or an object store; it is closed when the block ends.

    Raises:
        StorageError: The object store does not give it.
    """
    if not is_remote(path):
        with pq.ParquetFile(path) as file:
            yield file
        return
    with storage_errors(path), path.open("rb") as content, pq.ParquetFile(content) as file:
        yield file

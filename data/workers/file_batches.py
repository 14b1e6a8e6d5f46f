"""Many files read by worker processes, in batches of about equal size and in their order.

Batches depend on the files alone, so what is made of them does not depend on the number of workers.
"""

import io
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

import polars as pl

from svlaw.data.progress import Progress
from svlaw.data.workers.processes import count_workers, map_ordered

BATCH_BYTES: Final = 8_000_000
_INLINE_BYTES: Final = 16_000_000


class SizedFile(Protocol):
    """A file whose size is known."""

    @property
    def size(self) -> int:
        """Bytes."""
        ...


_File = TypeVar("_File", bound=SizedFile)


@dataclass
class BatchReader:
    """Reads files in batches and reports how many are done.

    Attributes:
        total: Number of files of the whole import.
        workers: Worker processes; None chooses, and takes none for a few small files.
        progress: Called with the number of files read, of all files.
        batch_bytes: Size of a batch; a larger file is a batch of its own.
    """

    total: int
    workers: int | None
    progress: Progress
    batch_bytes: int = BATCH_BYTES
    done: int = field(default=0, init=False)

    def read(
        self, pack: Callable[[tuple[_File, ...]], tuple[bytes, ...]], files: Sequence[_File]
    ) -> Generator[tuple[pl.DataFrame, ...], None, None]:
        """Yield the frames that `pack` makes of a batch of files, batch by batch.

        Args:
            pack: A function of a module that turns files into frames, packed by `pack_frame`.
            files: The files, in order.
        """
        size = sum(file.size for file in files)
        batches = list(_batches(files, self.batch_bytes))
        # A worker takes longer to start than some megabytes to read, and one alone gains nothing.
        few = size < _INLINE_BYTES or len(batches) == 1
        workers = 0 if self.workers is None and few else count_workers(self.workers)
        with closing(map_ordered(pack, batches, min(workers, len(batches)))) as packed:
            for batch, frames in zip(batches, packed, strict=True):
                yield tuple(_unpack_frame(frame) for frame in frames)
                self.done += len(batch)
                self.progress(self.done, self.total)


def pack_frame(frame: pl.DataFrame) -> bytes:
    """Turn a frame into bytes that a worker can send."""
    buffer = io.BytesIO()
    frame.write_ipc(buffer)
    return buffer.getvalue()


def _unpack_frame(frame: bytes) -> pl.DataFrame:
    return pl.read_ipc(io.BytesIO(frame))


def _batches(files: Iterable[_File], batch_bytes: int) -> Iterator[tuple[_File, ...]]:
    """Cut files, in order, into batches of about equal size."""
    batch: list[_File] = []
    size = 0
    for file in files:
        if batch and size + file.size > batch_bytes:
            yield tuple(batch)
            batch, size = [], 0
        batch.append(file)
        size += file.size
    if batch:
        yield tuple(batch)

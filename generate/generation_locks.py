"""Locks on a pool, so that no two processes generate the same samples.

A run over all problems excludes every other run on the same table; shards i of n exclude each other
only when they may overlap. Locks lie in the pool's folder, so they hold between machines that share
it, and the system releases them when a process dies, however it dies. In an object store they are
leases, which end by themselves.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import Timeout

from svlaw.data.errors import BadInputError
from svlaw.data.pool_recovery import GUARD
from svlaw.data.storage.leases import LIFE_SECONDS
from svlaw.data.storage.locks import (
    LOCK_FOLDER,
    acquire,
    is_free,
    lock_folder,
    make_lock,
    pool_lock,
)
from svlaw.data.storage.object_stores import is_remote, storage_errors
from svlaw.generate.shards import Shard

_PATIENCE: Final = 30.0
_NAME: Final = re.compile(r"(?P<work>.+)\.\d+-of-(?P<count>\d+)")


@contextmanager
def generation_lock(pool: Path, work: str, shard: Shard) -> Iterator[None]:
    """Hold a shard of some work on a pool while the block runs.

    Args:
        pool: The pool's folder.
        work: Name of the work: the table, and the verifier where there is one.
        shard: Which of its problems.

    Raises:
        BadInputError: Another process is at work on some of them.
    """
    folder = lock_folder(pool)
    own = make_lock(folder / f"{work}.{shard.index}-of-{shard.count}")
    with guard(pool):
        for other in _locks(folder):
            if _overlaps(other.name, work, shard) and not is_free(other):
                raise _busy(pool, work, other.name)
        try:
            acquire(own, pool, 0)
        except Timeout:
            raise _busy(pool, work, Path(own.lock_file).name) from None
    try:
        yield
    finally:
        own.release()


@contextmanager
def guard(pool: Path) -> Iterator[None]:
    """Hold the pool for a moment: to take a lock, or to change its file.

    Raises:
        BadInputError: Somebody has held it for too long, or it cannot be written to.
    """
    with pool_lock(pool, GUARD, _PATIENCE):
        yield


def is_alone(pool: Path, work: str, shard: Shard) -> bool:
    """Whether nobody but this shard can be writing the same table."""
    names = [path.name for path in _locks(pool / LOCK_FOLDER)]
    own = f"{work}.{shard.index}-of-{shard.count}"
    others = [name for name in names if name.startswith(f"{work}.") and name != own]
    return all(is_free(pool / LOCK_FOLDER / name) for name in others)


def _locks(folder: Path) -> list[Path]:
    with storage_errors(folder):
        return sorted(folder.iterdir()) if folder.exists() else []


def _overlaps(name: str, work: str, shard: Shard) -> bool:
    match = _NAME.fullmatch(name)
    if match is None or match["work"] != work:
        return False
    return int(match["count"]) != shard.count  # of as many, each has a lock of its own


def _busy(pool: Path, work: str, held: str) -> BadInputError:
    killed = f"; a killed one holds it for {LIFE_SECONDS:.0f} s" if is_remote(pool) else ""
    return BadInputError(
        f"{pool}: another process is generating {work.replace('.', ' of ', 1)} here (lock"
        f" {LOCK_FOLDER}/{held}); wait for it, or give each process its own --shard i/n{killed}"
    )

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

from filelock import BaseFileLock, FileLock, Timeout

from svlaw.data.errors import BadInputError
from svlaw.data.storage.leases import LIFE_SECONDS, Lease, is_free
from svlaw.data.storage.object_stores import StorageError, is_remote, storage_errors
from svlaw.generate.shards import Shard

_FOLDER: Final = ".locks"
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
    folder = _folder(pool)
    own = _lock(folder / f"{work}.{shard.index}-of-{shard.count}")
    with guard(pool):
        for other in _locks(folder):
            if _overlaps(other.name, work, shard) and not _is_free(other):
                raise _busy(pool, work, other.name)
        try:
            _acquire(own, pool, 0)
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
    lock = _lock(_folder(pool) / "guard")
    try:
        _acquire(lock, pool, _PATIENCE)
    except Timeout:
        raise BadInputError(
            f"{pool}: locked by another process for {_PATIENCE:.0f} s; is one stuck?"
        ) from None
    try:
        yield
    finally:
        lock.release()


def is_alone(pool: Path, work: str, shard: Shard) -> bool:
    """Whether nobody but this shard can be writing the same table."""
    names = [path.name for path in _locks(pool / _FOLDER)]
    own = f"{work}.{shard.index}-of-{shard.count}"
    others = [name for name in names if name.startswith(f"{work}.") and name != own]
    return all(_is_free(pool / _FOLDER / name) for name in others)


def _folder(pool: Path) -> Path:
    folder = pool / _FOLDER
    if is_remote(pool):
        return folder
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise _unwritable(pool, error) from error
    return folder


def _lock(path: Path) -> BaseFileLock | Lease:
    return Lease(path) if is_remote(path) else FileLock(path)


def _locks(folder: Path) -> list[Path]:
    with storage_errors(folder):
        return sorted(folder.iterdir()) if folder.exists() else []


def _acquire(lock: BaseFileLock | Lease, pool: Path, patience: float) -> None:
    try:
        lock.acquire(timeout=patience)
    except (Timeout, StorageError):
        raise
    except OSError as error:
        raise _unwritable(pool, error) from error


def _unwritable(pool: Path, error: OSError) -> BadInputError:
    return BadInputError(
        f"{pool}: cannot be written to ({error.strerror or error}); a run adds to this folder, so"
        " make it writable or name another pool"
    )


def _overlaps(name: str, work: str, shard: Shard) -> bool:
    match = _NAME.fullmatch(name)
    if match is None or match["work"] != work:
        return False
    return int(match["count"]) != shard.count  # of as many, each has a lock of its own


def _is_free(path: Path) -> bool:
    if is_remote(path):
        return is_free(path)
    try:
        with FileLock(path, timeout=0):
            return True
    except Timeout:
        return False


def _busy(pool: Path, work: str, held: str) -> BadInputError:
    killed = f"; a killed one holds it for {LIFE_SECONDS:.0f} s" if is_remote(pool) else ""
    return BadInputError(
        f"{pool}: another process is generating {work.replace('.', ' of ', 1)} here (lock"
        f" {_FOLDER}/{held}); wait for it, or give each process its own --shard i/n{killed}"
    )

"""Locks on a pool, so that no two processes generate the same samples.

A run over all problems excludes every other run on the same table; shards i of n exclude each other
only when they may overlap. Locks lie in the pool's folder, so they hold between machines that share
it, and the system releases them when a process dies, however it dies.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import BaseFileLock, FileLock, Timeout

from svlaw.data.errors import BadInputError
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
    own = FileLock(folder / f"{work}.{shard.index}-of-{shard.count}")
    with guard(pool):
        for other in sorted(folder.iterdir()):
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
    lock = FileLock(_folder(pool) / "guard")
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
    names = [path.name for path in (pool / _FOLDER).iterdir()]
    own = f"{work}.{shard.index}-of-{shard.count}"
    others = [name for name in names if name.startswith(f"{work}.") and name != own]
    return all(_is_free(pool / _FOLDER / name) for name in others)


def _folder(pool: Path) -> Path:
    folder = pool / _FOLDER
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise _unwritable(pool, error) from error
    return folder


def _acquire(lock: BaseFileLock, pool: Path, patience: float) -> None:
    try:
        lock.acquire(timeout=patience)
    except Timeout:
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
    try:
        with FileLock(path, timeout=0):
            return True
    except Timeout:
        return False


def _busy(pool: Path, work: str, held: str) -> BadInputError:
    return BadInputError(
        f"{pool}: another process is generating {work.replace('.', ' of ', 1)} here (lock"
        f" {_FOLDER}/{held}); wait for it, or give each process its own --shard i/n"
    )

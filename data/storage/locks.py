"""Locks on a pool, so that no two writers change it at the same time.

They lie in the pool's folder, so they hold between machines that share it, and the system releases
them when a process dies, however it dies. In an object store they are leases, which end by
themselves.
"""

import json
import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import BaseFileLock, FileLock, Timeout

from svlaw.data.errors import BadInputError
from svlaw.data.storage.leases import LIFE_SECONDS, Lease
from svlaw.data.storage.leases import is_free as is_lease_free
from svlaw.data.storage.object_stores import StorageError, is_remote

LOCK_FOLDER: Final = ".locks"
WAIT_SECONDS: Final = 10.0
"""How long a writer waits for another one before it gives up."""


@dataclass
class _Held:
    """A lock that a thread of this process holds, and how many of its blocks do."""

    lock: BaseFileLock | Lease
    thread: int
    blocks: int = 1


_held: dict[Path, _Held] = {}
_registry = threading.Lock()


@contextmanager
def pool_lock(pool: Path, name: str, wait: float = WAIT_SECONDS) -> Iterator[bool]:
    """Hold a lock of a pool while the block runs; a thread may hold it more than once.

    Yields whether this block has taken it, rather than one around it.

    Args:
        pool: The pool's folder or address.
        name: What is locked: `guard` for any change of the pool, or the name of longer work.
        wait: Seconds to wait for another holder.

    Raises:
        BadInputError: Another process holds it for longer, or the pool cannot be written to.
    """
    path = lock_folder(pool) / name
    mine = threading.get_ident()
    with _registry:
        held = _held.get(path)
        again = held is not None and held.thread == mine
        if held is not None and again:
            held.blocks += 1
    if not again:
        lock = make_lock(path)
        try:
            acquire(lock, pool, wait)
        except Timeout:
            raise _busy(pool, path, wait) from None
        with _registry:
            _held[path] = _Held(lock, mine)
        _sign(path)
    try:
        yield not again
    finally:
        _release(path)


def _release(path: Path) -> None:
    with _registry:
        held = _held[path]
        held.blocks -= 1
        if held.blocks:
            return
        del _held[path]
    try:
        with suppress(OSError):
            _signature(path).unlink(missing_ok=True)
    finally:
        held.lock.release()


def lock_folder(pool: Path) -> Path:
    """Where the locks of a pool lie; made when it is not there.

    Raises:
        BadInputError: The pool cannot be written to.
    """
    folder = pool / LOCK_FOLDER
    if is_remote(pool):
        return folder
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise _unwritable(pool, error) from error
    return folder


def make_lock(path: Path) -> BaseFileLock | Lease:
    """The lock that lies at a path."""
    # One that belongs to a thread would be another one for each block of this process.
    return Lease(path) if is_remote(path) else FileLock(path, thread_local=False)


def acquire(lock: BaseFileLock | Lease, pool: Path, wait: float) -> None:
    """Take a lock within some seconds.

    Raises:
        Timeout: Another process holds it.
        BadInputError: The pool cannot be written to.
        StorageError: The object store refuses access or cannot be reached.
    """
    try:
        lock.acquire(timeout=wait)
    except (Timeout, StorageError):
        raise
    except OSError as error:
        raise _unwritable(pool, error) from error


def is_free(path: Path) -> bool:
    """Whether nobody holds a lock."""
    if is_remote(path):
        return is_lease_free(path)
    try:
        with FileLock(path, timeout=0):
            return True
    except Timeout:
        return False


def _unwritable(pool: Path, error: OSError) -> BadInputError:
    return BadInputError(
        f"{pool}: cannot be written to ({error.strerror or error}); this command adds to it, so"
        " make it writable or name another pool"
    )


def _signature(path: Path) -> Path:
    return path.with_name(f"{path.name}.holder.json")


def _sign(path: Path) -> None:
    """Note who holds a lock, for those who wait; that it cannot be noted changes nothing."""
    command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]]).strip()
    document = {"host": socket.gethostname(), "process": os.getpid(), "command": command}
    if not is_remote(path):
        with suppress(OSError):
            _signature(path).write_text(json.dumps(document), "utf-8")


def _busy(pool: Path, path: Path, wait: float) -> BadInputError:
    holder = "another process"
    with suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads(_signature(path).read_text("utf-8"))
        holder = f"'{found['command']}' (process {found['process']} on {found['host']})"
    killed = f"; a killed one holds it for {LIFE_SECONDS:.0f} s" if is_remote(pool) else ""
    return BadInputError(
        f"{pool}: in use by {holder} for more than {wait:g} s; wait until that has ended and run"
        f" the same command again, or wait longer with --wait{killed}"
    )

"""Leases: locks on pools in an object store, where no system releases what a dead process held.

A lease is an object that its holder writes again and again; one that nobody has written for two
minutes is free, and so is one of a process of this machine that is gone.
"""

import json
import os
import secrets
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from filelock import Timeout

from svlaw.data.storage.files import is_alive
from svlaw.data.storage.object_stores import (
    StorageError,
    create_object,
    storage_errors,
    write_times,
)

RENEWAL_SECONDS: Final = 20.0
"""How often a holder writes its lease,"""
LIFE_SECONDS: Final = 120.0
"""and how long one holds that is not written; clocks may differ by the difference."""
_SETTLING_SECONDS: Final = 1.0
"""How long one waits after taking a dead lease for others that took it at the same moment."""
_POLL_SECONDS: Final = 0.25


class Lease:
    """A lease on some work, with the methods of a `filelock.FileLock`.

    Args:
        path: Its object.

    Attributes:
        lock_file: Address of the object.
    """

    def __init__(self, path: Path) -> None:
        self.lock_file = str(path)
        self._path = path
        self._token = secrets.token_hex(8)
        self._released = threading.Event()
        self._renewal: threading.Thread | None = None

    def acquire(self, timeout: float) -> None:
        """Take the lease and keep it.

        Raises:
            Timeout: Somebody has held it for so many seconds.
            StorageError: The object store refuses access or cannot be reached.
        """
        deadline = time.monotonic() + timeout
        while not self._take():
            if time.monotonic() >= deadline:
                raise Timeout(self.lock_file)
            time.sleep(_POLL_SECONDS)
        self._released.clear()
        self._renewal = threading.Thread(target=self._renew, daemon=True)
        self._renewal.start()

    def release(self) -> None:
        """Give the lease back; one that another process has taken meanwhile stays."""
        self._released.set()
        if self._renewal is not None:
            self._renewal.join()
            with suppress(StorageError):  # it ends by itself
                self._remove()

    def _remove(self) -> None:
        with storage_errors(self._path):
            if self._holder().get("token") == self._token:
                self._path.unlink(missing_ok=True)

    def _take(self) -> bool:
        if create_object(self._path, self._content()):
            return True
        if not is_free(self._path):
            return False
        with storage_errors(self._path):
            self._path.write_bytes(self._content())
            time.sleep(_SETTLING_SECONDS)
            return bool(self._holder().get("token") == self._token)

    def _renew(self) -> None:
        """Write the lease anew until it is released, or another process has taken it."""
        while not self._released.wait(RENEWAL_SECONDS):
            with suppress(StorageError), storage_errors(self._path):  # tried again next time
                if self._holder().get("token") not in (None, self._token):
                    return
                self._path.write_bytes(self._content())

    def _holder(self) -> dict[str, Any]:
        return _read(self._path)

    def _content(self) -> bytes:
        document = {"token": self._token, "host": socket.gethostname(), "process": os.getpid()}
        return json.dumps(document).encode()


def is_free(path: Path) -> bool:
    """Whether nobody holds a lease.

    Raises:
        StorageError: The object store refuses access or cannot be reached.
    """
    written = write_times(path.parent).get(path.name)
    if written is None or time.time() - written > LIFE_SECONDS:
        return True
    holder = _read(path)
    here = holder.get("host") == socket.gethostname()
    return here and not is_alive(int(holder["process"]))


def _read(path: Path) -> dict[str, Any]:
    """What a lease says; nothing when there is none."""
    with storage_errors(path):
        try:
            return dict(json.loads(path.read_bytes()))
        except FileNotFoundError:
            return {}

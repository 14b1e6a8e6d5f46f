"""Changes of a pool that count whole or not at all, whenever their writer is killed.

A change of several files is announced in a journal first: the parts that there are, and the pool's
file as it is. Removing the journal is what makes the change count. A journal that is still there
when the next writer comes was left by a killed one, whose change is undone then. What a killed
writer left in temporary files is removed by the same look.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from svlaw.data.errors import BadInputError
from svlaw.data.pool_file import POOL_FILE
from svlaw.data.storage.files import is_abandoned, write_json, write_text
from svlaw.data.storage.locks import WAIT_SECONDS, pool_lock
from svlaw.data.storage.object_stores import is_remote

GUARD: Final = "guard"
"""Lock of every change of a pool."""
JOURNAL_FILE: Final = ".unfinished.json"
"""Journal of a change that does not count yet."""


@dataclass(frozen=True)
class Leftovers:
    """What killed writers left in a pool.

    Attributes:
        unfinished: Whether a change was begun that does not count.
        files: Temporary files and folders that nobody writes any more.
    """

    unfinished: bool
    files: tuple[Path, ...]

    def __bool__(self) -> bool:
        return self.unfinished or bool(self.files)


@contextmanager
def writing(pool: Path, wait: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold a pool for a change while the block runs, after undoing what a killed writer left.

    Args:
        pool: The pool's folder or address.
        wait: Seconds to wait for another writer.

    Raises:
        BadInputError: Another process holds it for longer, or it cannot be written to.
    """
    with pool_lock(pool, GUARD, wait) as taken:
        if taken:
            recover(pool)
        yield


def recover_if_free(pool: Path) -> None:
    """Undo what a killed writer began, unless somebody is writing or nobody may."""
    if is_unfinished(pool):
        with suppress(BadInputError), writing(pool, 0):
            pass


@contextmanager
def whole_change(pool: Path, folders: Sequence[Path]) -> Iterator[None]:
    """Let all that the block changes count, or nothing; within `writing`.

    In an object store, where nothing can be renamed, the caller undoes its own errors.

    Args:
        pool: The pool's folder.
        folders: Folders of tables whose parts the block adds or replaces.
    """
    if is_remote(pool):
        yield
        return
    journal = pool / JOURNAL_FILE
    held = {f.relative_to(pool).as_posix(): [part.name for part in _parts(f)] for f in folders}
    write_json(journal, {"parts": held, "pool_file": (pool / POOL_FILE).read_text("utf-8")})
    try:
        yield
    except BaseException:
        recover(pool)
        raise
    journal.unlink()


def leftovers(pool: Path) -> Leftovers:
    """What killed writers left in a pool; nothing in an object store, where they leave none."""
    return Leftovers(is_unfinished(pool), () if is_remote(pool) else tuple(_abandoned(pool)))


def is_unfinished(pool: Path) -> bool:
    """Whether a change of a pool was begun that does not count; not told of object stores."""
    return not is_remote(pool) and (pool / JOURNAL_FILE).exists()


def recover(pool: Path) -> None:
    """Undo what a killed writer began, and remove its temporary files; the pool must be held."""
    if is_remote(pool):
        return
    journal = _read_journal(pool / JOURNAL_FILE)
    if journal is not None:
        for name, parts in journal["parts"].items():
            _restore(pool / name, parts)
        if (pool / POOL_FILE).read_text("utf-8") != journal["pool_file"]:
            write_text(pool / POOL_FILE, journal["pool_file"])
    (pool / JOURNAL_FILE).unlink(missing_ok=True)
    for path in _abandoned(pool):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _restore(folder: Path, parts: Sequence[str]) -> None:
    """Bring a folder back to the parts that it held."""
    present = {part.name for part in _parts(folder)}
    if not set(parts) <= present:
        for old in sorted(folder.parent.glob(f".{folder.name}.*.old")):
            if {part.name for part in _parts(old)} >= set(parts):
                shutil.rmtree(folder, ignore_errors=True)
                old.rename(folder)
                return
    for part in _parts(folder):
        if part.name not in parts:
            part.unlink()
    if not parts and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("part-*.parquet"))


def _abandoned(pool: Path) -> list[Path]:
    """Temporary files and folders in a pool whose writer is gone."""
    places = (pool, *(path for path in pool.glob("**/") if not path.name.startswith(".")))
    found = {p for place in places for end in ("tmp", "old") for p in place.glob(f".*.{end}")}
    return sorted(path for path in found if is_abandoned(path))


def _read_journal(path: Path) -> dict[str, Any] | None:
    try:
        document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    return document

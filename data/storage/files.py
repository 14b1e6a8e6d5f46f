"""Files that appear whole or not at all, and readers that fail with one clear line."""

import errno
import glob
import json
import os
import re
import secrets
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import polars as pl

from svlaw.data.errors import BadInputError, SvlawError
from svlaw.data.storage.object_stores import StorageError, is_remote, storage_errors, upload
from svlaw.data.storage.part_digests import digest_of

_NO_ROOM: Final = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
_OS_ERROR: Final = re.compile(r"\(os error (\d+)\)")
_OF_WRITER: Final = re.compile(r"\.(?P<host>[A-Za-z0-9]+)-(?P<process>\d+)-[0-9a-f]{8}\.(tmp|old)$")
_ABANDONED_SECONDS: Final = 86_400.0


class WriteError(SvlawError, OSError):
    """What is to be written finds no room, or no right to be there.

    Attributes:
        number: What the system says, of those in `errno`; `strerror` has it in words.
    """

    def __init__(self, target: Path, number: int) -> None:
        remedy = "; make room and run the same command again" if number in _NO_ROOM else ""
        super().__init__(f"{target}: cannot be written ({os.strerror(number)}){remedy}")
        # With `errno` set as well, Python would show these two alone.
        self.number, self.strerror = number, os.strerror(number)


@contextmanager
def write_errors(target: Path, temporary: Path) -> Iterator[None]:
    """Turn what the system says of what the block writes into one line, in Polars' words too.

    Args:
        target: What to call it.
        temporary: Where it is written first. An error that names another file is none of writing,
            unless it says that there is no room.

    Raises:
        WriteError: There is no room for it, or no right to write it.
    """
    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as error:
        number = _number_of(error)
        # A `WriteError` is one of a file within `target`.
        of_this = isinstance(error, WriteError) or str(temporary) in str(error)
        if number is None or not (of_this or number in _NO_ROOM):
            raise
        raise WriteError(target, number) from error


def _number_of(error: Exception) -> int | None:
    """What the system said, as a number of `errno`; None when it said nothing."""
    if isinstance(error, WriteError):
        return error.number
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    said = _OS_ERROR.search(str(error))
    return int(said[1]) if said else None


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Yield a temporary file that takes the place of `target` when the block succeeds.

    It is a sibling that is renamed; for an object store it is a file of this machine, uploaded.

    Raises:
        WriteError: There is no room for it, or no right to write it.
        StorageError: The object store does not take it.
    """
    if is_remote(target):
        with _local_folder() as local:
            yield local / target.name
            upload(local / target.name, target)
        return
    temporary = target.with_name(f".{target.name}.{_writer()}.tmp")
    try:
        with write_errors(target, temporary):
            target.parent.mkdir(parents=True, exist_ok=True)
            remove_abandoned(target)
            yield temporary
            _sync(temporary)
            os.replace(temporary, target)  # noqa: PTH105  one call for files on every platform
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(target: Path, seal: str | None = None) -> Iterator[Path]:
    """Yield a new temporary folder beside `target`, renamed to it when the block succeeds.

    For an object store it lies on this machine; its files are uploaded when the block succeeds.

    Args:
        target: The folder.
        seal: In an object store, where files appear one by one, the file that comes last and
            without which readers do not take the folder for whole.

    Raises:
        BadInputError: `target` exists already.
        WriteError: There is no room for it, or no right to write it.
        StorageError: The object store does not take a file; those before it are removed again.
    """
    refuse_existing(target)
    if is_remote(target):
        with _local_folder() as local:
            yield local
            refuse_existing(target)
            _upload_folder(local, target, seal)
        return
    temporary = target.with_name(f".{target.name}.{_writer()}.tmp")
    try:
        with write_errors(target, temporary):
            target.parent.mkdir(parents=True, exist_ok=True)
            remove_abandoned(target)
            temporary.mkdir()
            yield temporary
            refuse_existing(target)
            temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def replaced_folder(target: Path) -> Iterator[Path]:
    """Yield a new temporary folder that takes the place of `target` when the block succeeds.

    What was there stays beside it, until `remove_replaced` is called or an error puts it back.

    Raises:
        WriteError: There is no room for it, or no right to write it; what was there stays.
        StorageError: The object store does not take it.
    """
    if is_remote(target):
        with _local_folder() as local:
            yield local
            _replace_objects(local, target)
        return
    writer = _writer()
    temporary, old = (target.with_name(f".{target.name}.{writer}.{end}") for end in ("tmp", "old"))
    try:
        with write_errors(target, temporary):
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary.mkdir()
            yield temporary
            if target.exists():
                target.rename(old)
            try:
                temporary.rename(target)
            except OSError:
                if old.exists():
                    old.rename(target)
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def remove_replaced(target: Path) -> None:
    """Remove what `replaced_folder` has put aside in this process."""
    if not is_remote(target):
        for old in target.parent.glob(f".{glob.escape(target.name)}.{_host()}-{os.getpid()}-*.old"):
            shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _local_folder() -> Iterator[Path]:
    """Yield a temporary folder of this machine for what goes to an object store."""
    with TemporaryDirectory(prefix="svlaw-") as folder, write_errors(Path(folder), Path(folder)):
        yield Path(folder)


def refuse_existing(target: Path) -> None:
    """Raise when an output folder exists.

    Raises:
        BadInputError: It does.
    """
    with storage_errors(target):
        exists = target.exists()
    if exists:
        raise BadInputError(f"{target}: exists already; choose another folder or remove this one")


def _upload_folder(folder: Path, target: Path, seal: str | None) -> None:
    """Upload a folder's files, the seal last; what was uploaded goes again if one cannot be."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    files.sort(key=lambda path: path == folder / (seal or ""))
    done: list[Path] = []
    try:
        for file in files:
            done.append(target.joinpath(*file.relative_to(folder).parts))
            upload(file, done[-1])
    except BaseException:
        for path in reversed(done):
            with storage_errors(target):
                path.unlink(missing_ok=True)
        raise


def _replace_objects(folder: Path, target: Path) -> None:
    """Put the one file of a folder in place of all objects of another.

    Objects cannot change together, so the new one takes the key of the first and the others go
    after it. A reader who comes in between finds keys twice, which it refuses.
    """
    (fresh,) = folder.iterdir()
    with storage_errors(target):
        first, *others = sorted(target.glob("*.parquet")) or [target / fresh.name]
        upload(fresh, first)
        for path in others:
            path.unlink(missing_ok=True)


def _writer() -> str:
    """Who writes a temporary file, for `is_abandoned`, and which of its files that is."""
    return f"{_host()}-{os.getpid()}-{secrets.token_hex(4)}"


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9]", "", socket.gethostname())[:24] or "host"


def is_abandoned(path: Path) -> bool:
    """Whether nobody writes a temporary file any more: its process is gone, or it is a day old.

    Of a process of another machine, and of a name of an earlier release, only the age is known.
    """
    found = _OF_WRITER.search(path.name)
    if found is not None and found["host"] == _host():
        return not is_alive(int(found["process"]))
    try:
        return time.time() - path.stat().st_mtime > _ABANDONED_SECONDS
    except OSError:
        return False


def is_alive(process: int) -> bool:
    """Whether a process of this machine is there."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        pass
    return True


def remove_abandoned(target: Path) -> None:
    """Remove what killed writers of a file or folder left beside it."""
    if is_remote(target) or not target.parent.is_dir():
        return
    for path in target.parent.glob(f".{glob.escape(target.name)}.*.tmp"):
        if is_abandoned(path):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def write_json(target: Path, document: Any) -> None:
    """Write a JSON document by atomic rename."""
    write_text(target, json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def write_text(target: Path, text: str) -> None:
    """Write a text by atomic rename."""
    with atomic_path(target) as temporary:
        temporary.write_text(text, "utf-8")


def write_part(folder: Path, number: int, frame: pl.DataFrame) -> Path:
    """Write a Parquet part by atomic rename, named by its number and a digest of its bytes.

    The digest keeps writers that share a folder apart, and equal contents equal in name.

    Returns:
        The part.

    Raises:
        WriteError: There is no room for it, or no right to write it.
        StorageError: The object store does not take it.
    """
    if is_remote(folder):
        with _local_folder() as local:
            part = write_part(local, number, frame)
            upload(part, folder / part.name)
        return folder / part.name
    temporary = folder / f".part-{number:06d}.{_writer()}.tmp"
    try:
        with write_errors(folder, temporary):
            folder.mkdir(parents=True, exist_ok=True)
            frame.write_parquet(temporary, compression="zstd", mkdir=False)
            _sync(temporary)
            part = folder / f"part-{number:06d}-{digest_of(temporary)}.parquet"
            return temporary.rename(part)
    finally:
        temporary.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Wait until a file is on the disk, so that a rename never names one a crash has emptied."""
    if path.is_file():
        with path.open("rb+") as file:
            os.fsync(file.fileno())


def read_parquet_schema(path: Path) -> pl.Schema:
    """Columns and types of a Parquet file, from its footer alone.

    Raises:
        BadInputError: The file is missing, empty, cut off, or not Parquet.
        StorageError: The object store does not give it.
    """
    if not is_remote(path):
        refuse_missing(path)
    try:
        with storage_errors(path):
            return pl.scan_parquet(str(path), glob=False).collect_schema()
    except StorageError:
        raise
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadInputError(
            f"{path}: not a readable Parquet file (cut off or damaged?); write it again"
        ) from error


def refuse_missing(path: Path) -> None:
    """Raise when an input file does not exist, is a folder, or is empty.

    Raises:
        BadInputError: It cannot be read.
    """
    if not path.exists():
        raise BadInputError(f"{path}: no such file")
    if path.is_dir():
        raise BadInputError(f"{path}: is a folder, not a file")
    if path.stat().st_size == 0:
        raise BadInputError(f"{path}: the file is empty")

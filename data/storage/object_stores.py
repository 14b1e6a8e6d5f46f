"""Object stores: pools at s3:// and gs:// addresses, which read and write like folders.

An address becomes a path with the methods of `pathlib.Path` (universal_pathlib over fsspec); Polars
reads Parquet by the address itself. Credentials are those of the environment, in the form that each
store's own tools use; svlaw neither takes nor keeps any.
"""

import importlib
import importlib.util
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from svlaw.data.errors import BadInputError, SvlawError, first_line

_PACKAGES: Final = {"s3": ("s3fs", "upath"), "gs": ("gcsfs", "upath")}
"""Modules that each store needs; the extra has the scheme's name."""
_ADDRESS: Final = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)", re.DOTALL)
_LIBRARIES: Final = frozenset(
    ("aiobotocore", "aiohttp", "boto3", "botocore", "fsspec", "gcsfs", "google", "s3fs")
)
_SECRETS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_SECRET_FORMS: Final = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}"
    r"|(?<=X-Amz-Signature=)[^&\s]+|(?<=X-Amz-Credential=)[^&\s]+"
    r"|(?<=X-Amz-Security-Token=)[^&\s]+|(?<=Bearer )\S+"
)


class StorageError(SvlawError, OSError):
    """An object store refuses a request or cannot be reached."""


def locate(path: str | Path) -> Path:
    """Where a pool is: a folder, or an address in an object store.

    Args:
        path: A folder, s3://BUCKET/... or gs://BUCKET/...

    Returns:
        A path; of an address one with the same methods, whose files are objects.

    Raises:
        BadInputError: The address is not of that form or holds credentials, or what reads it is not
            installed.
    """
    match = _ADDRESS.fullmatch(path) if isinstance(path, str) else None
    if match is None:
        return _refuse_collapsed(path if _is_path(path) else Path(path))
    scheme, rest = match["scheme"].lower(), match["rest"]
    bucket, _, key = rest.rstrip("/").partition("/")
    if "@" in bucket:
        raise BadInputError(
            f"{scheme}://...: leave credentials out of the address; they are read from the"
            " environment (see docs/object-stores.md)"
        )
    if scheme not in _PACKAGES:
        raise BadInputError(f"{path}: use a folder, s3://BUCKET/NAME or gs://BUCKET/NAME")
    if not bucket or not key:
        raise BadInputError(f"{path}: name a place in a bucket: {scheme}://BUCKET/NAME")
    if not all(map(importlib.util.find_spec, _PACKAGES[scheme])):
        raise BadInputError(f"{path}: needs what is not installed: pip install 'svlaw[{scheme}]'")
    upath = importlib.import_module("upath")
    # What other processes write has to be seen, so no listing is kept.
    address: Path = upath.UPath(f"{scheme}://{bucket}/{key}", use_listings_cache=False)
    return address


def is_remote(path: Path) -> bool:
    """Whether a path is an address in an object store."""
    return not isinstance(path, Path)


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn what an object store's libraries raise in the block into one line; for folders nothing.

    Raises:
        StorageError: The store refuses a request or cannot be reached.
        FileNotFoundError: There is no such object.
    """
    try:
        yield
    except (SvlawError, FileNotFoundError):
        raise
    except Exception as error:
        library = type(error).__module__.partition(".")[0]
        if not is_remote(path) or not (isinstance(error, OSError) or library in _LIBRARIES):
            raise
        # The cause is left out: what libraries say may hold keys.
        raise StorageError(f"{path}: {_explain(error)}") from None


def upload(local: Path, target: Path) -> None:
    """Put a file in a store, in place of any that is there.

    An object appears whole, when its last byte has been received, or not at all.

    Raises:
        StorageError: It cannot be written.
    """
    with storage_errors(target):
        _store(target).put_file(str(local), _key(target))


def create_object(target: Path, content: bytes) -> bool:
    """Write a small object unless there is one; whether there was none.

    Raises:
        StorageError: It cannot be written.
    """
    with storage_errors(target):
        try:
            _store(target).pipe_file(_key(target), content, mode="create")
        except FileExistsError:
            return False
    return True


def write_times(folder: Path) -> dict[str, float]:
    """Names of a folder's objects, and when each was written, in seconds since 1970.

    Raises:
        StorageError: They cannot be listed.
    """
    return {
        name: moment.timestamp()
        for name, entry in _list(folder).items()
        if (moment := entry.get("LastModified") or entry.get("mtime"))
    }


def fingerprints(parts: Sequence[Path]) -> list[str]:
    """What tells contents of objects apart without reading them: the store's own tags.

    Raises:
        StorageError: They cannot be listed.
    """
    listed: dict[str, Any] = {}
    for folder in dict.fromkeys(part.parent for part in parts):
        listed |= {f"{folder}/{name}": entry for name, entry in _list(folder).items()}
    entries = [listed[str(part)] for part in parts]
    return [f"{entry.get('ETag') or entry.get('etag')} {entry['size']}" for entry in entries]


def redact(text: str) -> str:
    """A text without keys and tokens."""
    for name in _SECRETS:
        secret = os.environ.get(name)
        if secret:
            text = text.replace(secret, "***")
    return _SECRET_FORMS.sub("***", text)


def _explain(error: Exception) -> str:
    """One line about what a store's libraries raised, without keys."""
    name = type(error).__name__
    if "Credential" in name or "TokenRetrieval" in name:
        return "no usable credentials for this store in the environment; see docs/object-stores.md"
    if isinstance(error, PermissionError):
        return f"the store refuses access ({_said(error)}); check credentials and rights"
    if isinstance(error, ConnectionError | TimeoutError) or "Connect" in name or "Timeout" in name:
        return f"the store cannot be reached ({_said(error)}); check address and network"
    return f"the store refuses ({_said(error)})"


def _said(error: Exception) -> str:
    return redact(first_line(error)).partition(": <?xml")[0]


def _is_path(path: object) -> bool:
    return hasattr(path, "joinpath")


def _refuse_collapsed(path: Any) -> Path:
    """Raise for an address that `pathlib.Path` has taken a slash from.

    Raises:
        BadInputError: It is one.
    """
    if isinstance(path, Path) and path.parts and path.parts[0] in ("s3:", "gs:"):
        raise BadInputError(f"{path}: give an address as text; as a Path it loses a slash")
    return path  # type: ignore[no-any-return]


def _list(folder: Path) -> dict[str, Any]:
    with storage_errors(folder):
        try:
            entries = _store(folder).ls(_key(folder), detail=True)
        except FileNotFoundError:
            return {}
    return {str(entry["name"]).rpartition("/")[2]: entry for entry in entries}


def _store(path: Any) -> Any:
    """The fsspec file system of an address."""
    return path.fs


def _key(path: Any) -> str:
    """What the file system calls it: BUCKET/KEY."""
    return str(path.path)

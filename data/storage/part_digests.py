"""Digests of parts: a part whose bytes are not those that were written is never read.

The name of a part ends in a digest of its bytes. A part is hashed before it is read. Large parts
that have not changed since (size, inode, times of modification and of change) are hashed once; a
small file in the pool remembers them. Object stores keep digests of their own.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from svlaw.data.errors import BadInputError
from svlaw.data.storage.object_stores import is_remote

DIGITS: Final = 8
"""Hexadecimal digits of a digest in a part's name."""
INDEX_FILE: Final = ".verified.json"
"""What remembers the large parts of a pool that were found whole."""
SMALL_BYTES: Final = 8 * 2**20
"""Parts below this size are hashed by every process that reads them."""

_NAME: Final = re.compile(rf"part-\d+-([0-9a-f]{{{DIGITS}}})\.parquet")

_seen: dict[Path, tuple[int, ...]] = {}
"""Parts that this process has found whole, as they were then."""


def digest_of(path: Path) -> str:
    """The digest of a file's bytes that stands in a part's name."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "blake2b").hexdigest()[:DIGITS]


def refuse_damaged(
    pool: Path, parts: Iterable[Path], *, anew: bool = False, remember: bool = True
) -> None:
    """Raise for a part whose bytes are not those that were written.

    Parts without a digest in their name, which other software wrote, are taken as they are.

    Args:
        pool: The pool's folder.
        parts: Parts of it.
        anew: Hash all of them, whatever is remembered.
        remember: Whether the pool may be written to, to note the large parts that are whole.

    Raises:
        BadInputError: A part is damaged.
    """
    parts = [part for part in parts if _NAME.fullmatch(part.name)]
    if is_remote(pool) or not parts:
        return
    states = {part: _state(part) for part in parts}
    unknown = [part for part in parts if anew or _seen.get(part) != states[part]]
    large = [part for part in unknown if states[part][0] >= SMALL_BYTES]
    remembered = _read_index(pool) if large and not anew else {}
    known = {part for part in large if remembered.get(_key(pool, part)) == list(states[part])}
    for part in unknown:
        if part not in known:
            _refuse(part)
        _seen[part] = states[part]
    if remember and set(large) - known:
        _remember(pool, {_key(pool, part): states[part] for part in large})


def _refuse(part: Path) -> None:
    match = _NAME.fullmatch(part.name)
    try:
        found = digest_of(part)
    except OSError as error:
        raise BadInputError(f"{part}: cannot be read ({error.strerror or error})") from error
    if match is not None and found != match[1]:
        raise BadInputError(
            f"{part}: damaged: its bytes have the digest {found}, not that of its name; put a sound"
            " copy in its place, or make the pool again"
        )


def _state(part: Path) -> tuple[int, ...]:
    """What changes when a file is written to, even where its time of modification is put back."""
    try:
        held = part.stat()
    except OSError as error:
        raise BadInputError(f"{part}: cannot be read ({error.strerror or error})") from error
    return held.st_size, held.st_ino, held.st_mtime_ns, held.st_ctime_ns


def _key(pool: Path, part: Path) -> str:
    return part.relative_to(pool).as_posix()


def _read_index(pool: Path) -> dict[str, list[int]]:
    """What is remembered; nothing where the file is missing or cannot be understood."""
    try:
        document = json.loads((pool / INDEX_FILE).read_text("utf-8"))
        return {str(name): list(state) for name, state in document.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _remember(pool: Path, found: dict[str, tuple[int, ...]]) -> None:
    """Note parts that were found whole; a pool that cannot be written to is hashed each time."""
    from svlaw.data.storage.files import write_json  # noqa: PLC0415  it imports this module

    index: dict[str, object] = {**_read_index(pool), **found}
    held = {name: state for name, state in index.items() if (pool / name).exists()}
    with suppress(OSError):
        write_json(pool / INDEX_FILE, held)

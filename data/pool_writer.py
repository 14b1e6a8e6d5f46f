"""Writing to a pool: new ones, further rows, derived tables made again.

Parts appear by atomic rename, so a reader never sees half of one. Writers exclude one another, and
what a killed one left is undone by the next (`svlaw.data.pool_recovery`).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from svlaw.data.errors import BadInputError
from svlaw.data.pool import Pool, table_folder
from svlaw.data.pool_file import POOL_FILE, read_pool_file, write_pool_file
from svlaw.data.pool_recovery import whole_change, writing
from svlaw.data.schema import DERIVED, TABLES, Table, conform
from svlaw.data.storage.files import atomic_folder, remove_replaced, replaced_folder, write_part
from svlaw.data.storage.locks import WAIT_SECONDS
from svlaw.data.storage.object_stores import locate, storage_errors


class PoolWriter:
    """Collects parts in a temporary folder; see `create_pool`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.verifiers: list[str] = []
        self.shared_calls: set[str] = set()

    def share_calls(self, verifier: str) -> None:
        """Note that the calls of a verifier judge every solution of a problem."""
        self.shared_calls.add(verifier)

    def add(
        self, table: str, frame: pl.DataFrame, *, verifier: str | None = None, source: str = ""
    ) -> None:
        """Check a frame against its table and write it as one part.

        Keys are checked within the frame; a caller that adds several parts keeps their keys apart.

        Raises:
            BadInputError: The frame does not fit the table.
        """
        spec = TABLES[table]
        _write_part(self._folder, spec, conform(frame, spec, source or table), verifier)
        if verifier is not None and verifier not in self.verifiers:
            self.verifiers.append(verifier)


@contextmanager
def create_pool(path: str | Path, metadata: Mapping[str, Any]) -> Iterator[PoolWriter]:
    """Write a new pool: parts go to a hidden sibling folder that is renamed at the end.

    An error or an interrupt inside the block leaves nothing behind.

    Args:
        path: The pool's folder or address; must not exist.
        metadata: Provenance to keep in `pool.json`.

    Raises:
        BadInputError: `path` exists.
    """
    with atomic_folder(locate(path), seal=POOL_FILE) as folder:
        writer = PoolWriter(folder)
        yield writer
        write_pool_file(folder, writer.verifiers, metadata, writer.shared_calls)


def append(
    pool: Pool,
    table: str,
    frame: pl.DataFrame,
    *,
    verifier: str | None = None,
    source: str = "",
    new_keys: bool = False,
    wait: float = WAIT_SECONDS,
) -> Pool:
    """Add rows to a table of an existing pool as one new part, by atomic rename.

    Args:
        pool: The pool.
        table: Name of the table.
        frame: Rows whose keys the table does not hold yet.
        verifier: Verifier of a per-verifier table; a new name adds a verifier.
        source: What to call the rows in an error.
        new_keys: The caller knows that the table holds none of the keys, which are not read then.
        wait: Seconds to wait for another writer of the pool.

    Returns:
        The pool as it is afterwards.

    Raises:
        BadInputError: The rows do not fit, a key is there already, or the pool is a bundled
            example. Nothing is written then.
        WriteError: There is no room for the part, or no right to write it.
    """
    return append_together(
        pool, {table: frame}, verifier=verifier, source=source, new_keys=new_keys, wait=wait
    )


def append_together(
    pool: Pool,
    frames: Mapping[str, pl.DataFrame],
    *,
    verifier: str | None = None,
    shared_calls: bool = False,
    source: str = "",
    new_keys: bool = False,
    wait: float = WAIT_SECONDS,
) -> Pool:
    """Add rows to several tables as `append` does to one: to all, or after an error to none.

    Args:
        pool: The pool.
        frames: The rows of each table.
        verifier: As in `append`, and so on.
        shared_calls: Whether the calls of the verifier, if it is new, judge every solution.
        source: What to call the rows in an error.
        new_keys: The caller knows that the tables hold none of the keys.
        wait: Seconds to wait for another writer of the pool.
    """
    refuse_bundled(pool)
    spec = {table: TABLES[table] for table in frames}
    fitting = {t: conform(frame, spec[t], source or t) for t, frame in frames.items()}
    if new_keys and len(frames) == 1 and verifier in (None, *pool.verifiers):
        for table, frame in fitting.items():  # one rename, which counts whole or not at all
            _write_part(pool.path, spec[table], frame, verifier)
        return pool
    with writing(pool.path, wait):
        if not new_keys:
            for table, frame in fitting.items():
                _refuse_held(pool, spec[table], frame, verifier, source or table)
        folders = [table_folder(pool.path, table, verifier) for table in spec.values()]
        with whole_change(pool.path, folders), _removed_after_errors() as written:
            for table, frame in fitting.items():
                written.append(_write_part(pool.path, spec[table], frame, verifier))
            return _with_verifier(pool, verifier, shared_calls=shared_calls)


@contextmanager
def _removed_after_errors() -> Iterator[list[Path]]:
    """Yield a list of parts that are removed when the block fails."""
    written: list[Path] = []
    try:
        yield written
    except BaseException:
        for part in written:
            with storage_errors(part):
                part.unlink(missing_ok=True)
        raise


def replace(
    pool: Pool,
    table: str,
    frame: pl.DataFrame,
    *,
    verifier: str | None = None,
    source: str = "",
    expected: Sequence[Path] | None = None,
    metadata: Mapping[str, Any] | None = None,
    wait: float = WAIT_SECONDS,
) -> Pool:
    """Put new rows in place of a derived table, which can be made again from the stored text.

    The new table is written beside the old one and takes its place by renaming; an error or an
    interrupt leaves the old one.

    Args:
        pool: The pool.
        table: `answers` or `verdicts`.
        frame: All rows of the new table.
        verifier: Verifier of `verdicts`; a new name adds a verifier.
        source: What to call the rows in an error.
        expected: The parts of the table that the rows were made from; None for any.
        metadata: What to note of the rows in `pool.json`, beside what stands there.
        wait: Seconds to wait for another writer of the pool.

    Returns:
        The pool as it is afterwards.

    Raises:
        BadInputError: The rows do not fit, the table has other parts than `expected`, or the pool
            is a bundled example.
    """
    if table not in DERIVED:
        raise ValueError(f"table {table!r}: only {', '.join(DERIVED)} can be made again")
    refuse_bundled(pool)
    spec = TABLES[table]
    frame = conform(frame, spec, source or table)
    folder = table_folder(pool.path, spec, verifier)
    with writing(pool.path, wait):
        if expected is not None and pool.parts(table, verifier) != list(expected):
            raise BadInputError(
                f"{pool.path}: another command has changed '{table}' meanwhile; run the same"
                " command again"
            )
        with whole_change(pool.path, [folder]):
            with replaced_folder(folder) as fresh:
                write_part(fresh, 0, frame.sort(spec.key))
            changed = _with_verifier(pool, verifier)
            if metadata:
                known = read_pool_file(pool.path)["metadata"]
                if any(known.get(name) != value for name, value in metadata.items()):
                    changed = _write_metadata(changed, {**known, **metadata}, verifier)
        remove_replaced(folder)
    return changed


def update_metadata(
    pool: Pool,
    metadata: Mapping[str, Any],
    verifier: str | None = None,
    *,
    shared_calls: bool = False,
) -> Pool:
    """Write a pool's file anew with other metadata, and note a verifier that is about to be added.

    Args:
        pool: The pool.
        metadata: Its new metadata.
        verifier: A verifier of the pool, or a new one.
        shared_calls: Whether the calls of a new verifier judge every solution of a problem.

    Raises:
        BadInputError: The pool is a bundled example, or the name cannot be a verifier's.
    """
    refuse_bundled(pool)
    if verifier is not None:
        table_folder(pool.path, TABLES["verifications"], verifier)
    with writing(pool.path):
        return _write_metadata(pool, metadata, verifier, shared_calls=shared_calls)


def _write_metadata(
    pool: Pool,
    metadata: Mapping[str, Any] | None,
    verifier: str | None,
    *,
    shared_calls: bool = False,
) -> Pool:
    """Write a pool's file anew from what it says now, which another writer may have changed.

    Args:
        pool: The pool, held by `writing`.
        metadata: What is to stand in it; None keeps what does.
        verifier: A verifier to be named in it, if any.
        shared_calls: Whether the calls of a new verifier judge every solution of a problem.
    """
    document = read_pool_file(pool.path)
    kept = document["metadata"] if metadata is None else dict(metadata)
    verifiers, shared = tuple(document["verifiers"]), document["shared_calls"]
    if verifier is not None and verifier not in verifiers:
        verifiers = (*verifiers, verifier)
        shared |= {verifier} if shared_calls else set()
    elif shared_calls and verifier not in shared:
        raise BadInputError(
            f"{pool.path}: another command has added '{verifier}' with independent calls meanwhile"
        )
    write_pool_file(pool.path, verifiers, kept, shared)
    return Pool(pool.path, verifiers, kept, shared)


def refuse_bundled(pool: Pool) -> None:
    """Raise when a pool is an example of the package.

    Raises:
        BadInputError: It is.
    """
    if pool.is_bundled:
        raise BadInputError(
            f"{pool.path}: comes with svlaw and is not written to; copy it out first"
            " ('svlaw examples NAME --out POOL')"
        )


def _refuse_held(
    pool: Pool, table: Table, frame: pl.DataFrame, verifier: str | None, source: str
) -> None:
    """Raise when a table of the pool holds a key already.

    Raises:
        BadInputError: It does.
    """
    if not pool.has(table.name, verifier):
        return
    held = pool.read(table.name, table.key, verifier)
    clash = frame.select(table.key).join(held, on=table.key, how="semi").head(1)
    if clash.height:
        label = ", ".join(f"{k} {v!r}" for k, v in clash.row(0, named=True).items())
        raise BadInputError(f"{source}: {label} is in the pool already; rows are never replaced")


def _with_verifier(pool: Pool, verifier: str | None, *, shared_calls: bool = False) -> Pool:
    """The pool, with a verifier's name noted in its file."""
    if verifier is None or verifier in pool.verifiers:
        return pool
    return _write_metadata(pool, None, verifier, shared_calls=shared_calls)


def _write_part(root: Path, table: Table, frame: pl.DataFrame, verifier: str | None) -> Path:
    folder = table_folder(root, table, verifier)
    number = len(list(folder.glob("part-*.parquet")))
    # In order of the key, so that a reader of some problems can skip the rest of the part.
    return write_part(folder, number, frame.sort(table.key))

"""The pool: a folder of Parquet datasets that holds cached generations.

Layout (schema version 1)::

    POOL/pool.json                               version, verifiers, provenance
    POOL/{problems,solutions,answers,success}/part-*.parquet
    POOL/{verifications,verdicts}/<verifier>/part-*.parquet

A pool is opened cheaply (no rows are read) and scanned lazily. Parts appear by atomic rename, so a
reader never sees half a part.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import polars as pl

from svlaw.data.errors import BadInputError, NotInPoolError, first_line
from svlaw.data.files import (
    atomic_folder,
    read_parquet_schema,
    replaced_folder,
    write_part,
)
from svlaw.data.object_stores import StorageError, is_remote, locate, storage_errors
from svlaw.data.pool_file import POOL_FILE, read_pool_file, write_pool_file
from svlaw.data.schema import DERIVED, TABLES, Table, conform

_BUNDLED = Path(__file__).resolve().parent / "examples"
_REQUESTS: Final = 16
"""Footers asked of an object store at a time."""
_VERIFIER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Pool:
    """An opened pool.

    Attributes:
        path: Its folder, or its address in an object store.
        verifiers: Names of its verifiers, in order of addition.
        metadata: Provenance, as written in `pool.json`.
    """

    path: Path
    verifiers: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its folder's name."""
        return self.path.name

    def parts(self, table: str, verifier: str | None = None) -> list[Path]:
        """Parquet files of a table, in order; empty when the pool does not hold it.

        Raises:
            StorageError: The object store does not list them.
        """
        with storage_errors(self.path):
            return sorted(_folder(self.path, TABLES[table], verifier).glob("part-*.parquet"))

    def has(self, table: str, verifier: str | None = None) -> bool:
        """Whether the pool holds a table (for a per-verifier table: of that verifier)."""
        return bool(self.parts(table, verifier))

    def scan(self, table: str, verifier: str | None = None) -> pl.LazyFrame:
        """A lazy frame over a table; only the columns that a query names are read.

        Raises:
            NotInPoolError: The pool does not hold the table.
        """
        parts = self.parts(table, verifier)
        if not parts:
            of = f" of verifier '{verifier}'" if verifier else ""
            remedy = ""
            if table == "answers" and self.has("solutions"):
                remedy = "; grade its solutions first ('svlaw grade')"
            elif table == "verdicts" and self.has("verifications", verifier):
                remedy = "; read them from its verifications first ('svlaw parse')"
            raise NotInPoolError(f"{self.path}: holds no {table}{of}{remedy}")
        return pl.scan_parquet([str(part) for part in parts], glob=False)

    def read(self, table: str, columns: Sequence[str], verifier: str | None = None) -> pl.DataFrame:
        """Read some columns of a table into memory.

        Raises:
            NotInPoolError: The pool does not hold the table.
            BadInputError: A part is damaged.
        """
        return self.collect(self.scan(table, verifier).select(columns), table)

    def collect(self, query: pl.LazyFrame, table: str) -> pl.DataFrame:
        """Run a query over a table, in Polars' streaming engine.

        Raises:
            BadInputError: A part is damaged.
            StorageError: The object store does not give it.
        """
        try:
            with storage_errors(self.path):
                return query.collect(engine="streaming")
        except StorageError:
            raise
        except (pl.exceptions.PolarsError, OSError) as error:
            raise BadInputError(
                f"{self.path}: a part of '{table}' is damaged ({first_line(error)});"
                " import the pool again"
            ) from error

    def resolve_verifier(self, verifier: str | None = None) -> str:
        """The verifier to use: the one named, or the only one there is.

        Raises:
            NotInPoolError: There is none, or none of that name.
            BadInputError: There are several and none is named.
        """
        names = ", ".join(self.verifiers)
        if not self.verifiers:
            raise NotInPoolError(f"{self.path}: holds no verifications; import some first")
        if verifier is None:
            if len(self.verifiers) > 1:
                raise BadInputError(f"{self.path}: name a verifier (--verifier), one of: {names}")
            return self.verifiers[0]
        if verifier not in self.verifiers:
            raise NotInPoolError(f"{self.path}: no verifier '{verifier}'; there are: {names}")
        return verifier

    @property
    def is_bundled(self) -> bool:
        """True for an example that lies in the package; nothing is ever written into it."""
        return not is_remote(self.path) and self.path.resolve().is_relative_to(_BUNDLED)

    @property
    def is_published_table(self) -> bool:
        """True for a pool that holds only a published success table."""
        return self.has("success") and not self.has("answers")


def open_pool(path: str | Path, *, unfinished: bool = False) -> Pool:
    """Open a pool: read `pool.json` and the footer of every part, but no rows.

    Args:
        path: Its folder, or its address in an object store: s3://BUCKET/NAME or gs://BUCKET/NAME.
        unfinished: Also open a pool that holds problems only, because generation has just begun.

    Raises:
        BadInputError: The folder is no pool, its version is newer than this release knows, or a
            part is damaged.
        StorageError: The object store refuses access or cannot be reached.
    """
    path = locate(path)
    document = read_pool_file(path)
    pool = Pool(path, tuple(document["verifiers"]), document["metadata"])
    _check_parts(pool)
    enough = ("answers", "solutions", "success", *(("problems",) if unfinished else ()))
    if any(map(pool.has, enough)):
        return pool
    if pool.has("problems"):
        raise BadInputError(
            f"{path}: holds problems but no solutions yet; if they are being generated, wait for"
            " the first part, else run 'svlaw generate solutions' again"
        )
    raise BadInputError(
        f"{path}: holds neither solutions, answers nor a success table; import or generate some"
    )


def open_pools(paths: Iterable[str | Path]) -> dict[str, Pool]:
    """Open several pools beside each other, keyed by a unique name.

    The name is the folder's; equal names are told apart by their parent folders.

    Raises:
        BadInputError: One of them cannot be opened, or one is given twice.
    """
    pools = [open_pool(path) for path in paths]
    resolved = [pool.path.resolve() for pool in pools]
    for pool, place in zip(pools, resolved, strict=True):
        if resolved.count(place) > 1:
            raise BadInputError(f"{pool.path}: this pool is given twice")
    depth = 1
    while True:
        names = ["/".join(place.parts[-depth:]) for place in resolved]
        if len(set(names)) == len(names):
            return dict(zip(names, pools, strict=True))
        depth += 1


class PoolWriter:
    """Collects parts in a temporary folder; see `create_pool`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.verifiers: list[str] = []

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
        write_pool_file(folder, writer.verifiers, metadata)


def append(
    pool: Pool,
    table: str,
    frame: pl.DataFrame,
    *,
    verifier: str | None = None,
    source: str = "",
    new_keys: bool = False,
) -> Pool:
    """Add rows to a table of an existing pool as one new part, by atomic rename.

    Args:
        pool: The pool.
        table: Name of the table.
        frame: Rows whose keys the table does not hold yet.
        verifier: Verifier of a per-verifier table; a new name adds a verifier.
        source: What to call the rows in an error.
        new_keys: The caller knows that the table holds none of the keys, which are not read then.

    Returns:
        The pool as it is afterwards.

    Raises:
        BadInputError: The rows do not fit, a key is there already, or the pool is a bundled
            example. Nothing is written then.
        WriteError: There is no room for the part, or no right to write it.
    """
    return append_together(
        pool, {table: frame}, verifier=verifier, source=source, new_keys=new_keys
    )


def append_together(
    pool: Pool,
    frames: Mapping[str, pl.DataFrame],
    *,
    verifier: str | None = None,
    source: str = "",
    new_keys: bool = False,
) -> Pool:
    """Add rows to several tables as `append` does to one: to all, or after an error to none.

    Args:
        pool: The pool.
        frames: The rows of each table.
        verifier: As in `append`, and so on.
        source: What to call the rows in an error.
        new_keys: The caller knows that the tables hold none of the keys.
    """
    refuse_bundled(pool)
    fitting = {}
    for table, frame in frames.items():
        fitting[table] = conform(frame, TABLES[table], source or table)
        if not new_keys:
            _refuse_held(pool, TABLES[table], fitting[table], verifier, source or table)
    written: list[Path] = []
    try:
        for table, frame in fitting.items():
            written.append(_write_part(pool.path, TABLES[table], frame, verifier))
        return _with_verifier(pool, verifier)
    except BaseException:
        for part in written:
            with storage_errors(part):
                part.unlink(missing_ok=True)
        raise


def replace(
    pool: Pool, table: str, frame: pl.DataFrame, *, verifier: str | None = None, source: str = ""
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

    Returns:
        The pool as it is afterwards.

    Raises:
        BadInputError: The rows do not fit, or the pool is a bundled example.
    """
    if table not in DERIVED:
        raise ValueError(f"table {table!r}: only {', '.join(DERIVED)} can be made again")
    refuse_bundled(pool)
    spec = TABLES[table]
    frame = conform(frame, spec, source or table)
    folder = _folder(pool.path, spec, verifier)
    with replaced_folder(folder) as fresh:
        write_part(fresh, 0, frame.sort(spec.key))
    return _with_verifier(pool, verifier)


def update_metadata(pool: Pool, metadata: Mapping[str, Any], verifier: str | None = None) -> Pool:
    """Write a pool's file anew with other metadata, and note a verifier that is about to be added.

    Raises:
        BadInputError: The pool is a bundled example, or the name cannot be a verifier's.
    """
    refuse_bundled(pool)
    verifiers = pool.verifiers
    if verifier is not None and verifier not in verifiers:
        _folder(pool.path, TABLES["verifications"], verifier)
        verifiers = (*verifiers, verifier)
    write_pool_file(pool.path, verifiers, metadata)
    return Pool(pool.path, verifiers, dict(metadata))


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


def _with_verifier(pool: Pool, verifier: str | None) -> Pool:
    """The pool, with a verifier's name noted in its file."""
    if verifier is None or verifier in pool.verifiers:
        return pool
    return update_metadata(pool, pool.metadata, verifier)


def _folder(root: Path, table: Table, verifier: str | None) -> Path:
    if not table.per_verifier:
        return root / table.name
    if verifier is None:
        raise ValueError(f"table '{table.name}' needs the name of a verifier")
    if not _VERIFIER_NAME.fullmatch(verifier):
        raise BadInputError(
            f"verifier name {verifier!r}: use letters, digits, '.', '_' and '-' only"
        )
    return root / table.name / verifier


def _write_part(root: Path, table: Table, frame: pl.DataFrame, verifier: str | None) -> Path:
    folder = _folder(root, table, verifier)
    number = len(list(folder.glob("part-*.parquet")))
    # In order of the key, so that a reader of some problems can skip the rest of the part.
    return write_part(folder, number, frame.sort(table.key))


def _check_parts(pool: Pool) -> None:
    parts = [
        (part, table)
        for table in TABLES.values()
        for verifier in (pool.verifiers if table.per_verifier else (None,))
        for part in pool.parts(table.name, verifier)
    ]
    if not is_remote(pool.path):
        for part, table in parts:
            _check_part(part, table)
        return
    with ThreadPoolExecutor(_REQUESTS) as requests:
        for checked in [requests.submit(_check_part, part, table) for part, table in parts]:
            checked.result()


def _check_part(part: Path, table: Table) -> None:
    held = read_parquet_schema(part)
    for name, dtype in table.columns.items():
        if name not in held:
            raise BadInputError(f"{part}: column '{name}' is missing; import the pool again")
        if held[name] != dtype:
            raise BadInputError(
                f"{part}: column '{name}' is {held[name]}, not {dtype}; import the pool again"
            )

"""The pool: a folder of Parquet datasets that holds cached generations.

Layout (schema version 1)::

    POOL/pool.json                               version, verifiers, provenance
    POOL/{problems,solutions,answers,success}/part-*.parquet
    POOL/{verifications,verdicts,verifier_answers}/<verifier>/part-*.parquet

A pool is opened cheaply (no rows are read) and scanned lazily. Parts appear by atomic rename, so a
reader never sees half a part.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import polars as pl

from svlaw.data.errors import BadInputError, NotInPoolError, SvlawError, first_line
from svlaw.data.pool_file import read_pool_file
from svlaw.data.pool_recovery import is_unfinished, recover_if_free
from svlaw.data.schema import TABLES, Calls, Table
from svlaw.data.shown import Shown
from svlaw.data.storage.files import read_parquet_schema
from svlaw.data.storage.object_stores import StorageError, is_remote, locate, storage_errors
from svlaw.data.storage.part_digests import refuse_damaged
from svlaw.data.table_texts import TextTable

_BUNDLED = Path(__file__).resolve().parent / "examples"
_REQUESTS: Final = 16
"""Footers asked of an object store at a time."""
_VERIFIER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, repr=False)
class Pool(Shown):
    """An opened pool.

    Attributes:
        path: Its folder, or its address in an object store.
        verifiers: Names of its verifiers, in order of addition.
        metadata: Provenance, as written in `pool.json`.
        shared_calls: Those of the verifiers whose calls judge every solution of a problem.
    """

    path: Path
    verifiers: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    shared_calls: frozenset[str] = frozenset()

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
            return sorted(table_folder(self.path, TABLES[table], verifier).glob("part-*.parquet"))

    def sound_parts(self, table: str, verifier: str | None = None) -> list[Path]:
        """The same, once their bytes are found to be those that were written.

        Raises:
            BadInputError: A part is damaged.
            StorageError: The object store does not list them.
        """
        parts = self.parts(table, verifier)
        refuse_damaged(self.path, parts)
        return parts

    def has(self, table: str, verifier: str | None = None) -> bool:
        """Whether the pool holds a table (for a per-verifier table: of that verifier)."""
        return bool(self.parts(table, verifier))

    def scan(self, table: str, verifier: str | None = None) -> pl.LazyFrame:
        """A lazy frame over a table; only the columns that a query names are read.

        Raises:
            NotInPoolError: The pool does not hold the table.
            BadInputError: A part is damaged.
        """
        parts = self.sound_parts(table, verifier)
        if not parts:
            of = f" of verifier '{verifier}'" if verifier else ""
            remedy = ""
            if is_unfinished(self.path):
                remedy = "; a command was killed while it changed this pool: run it again"
            elif table == "answers" and self.has("solutions"):
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

    def calls(self, verifier: str | None = None) -> Calls:
        """Whether a verifier's calls are independent or shared; independent where there is none.

        Args:
            verifier: The verifier; may be None when the pool has one at most.

        Raises:
            NotInPoolError: There is none of that name.
            BadInputError: There are several and none is named.
        """
        if verifier is None and not self.verifiers:
            return "independent"
        return "shared" if self.resolve_verifier(verifier) in self.shared_calls else "independent"

    @property
    def is_bundled(self) -> bool:
        """True for an example that lies in the package; nothing is ever written into it."""
        return not is_remote(self.path) and self.path.resolve().is_relative_to(_BUNDLED)

    @property
    def is_published_table(self) -> bool:
        """True for a pool that holds only a published success table."""
        return self.has("success") and not self.has("answers")

    def frame(self) -> pl.DataFrame:
        """One row per table that the pool has: `table`, `verifier`, `parts` and `rows`.

        Raises:
            BadInputError: A part is damaged.
            StorageError: The object store does not list the parts.
        """
        held = [
            (table.name, verifier, self.parts(table.name, verifier))
            for table in TABLES.values()
            for verifier in (self.verifiers if table.per_verifier else (None,))
        ]
        rows = [
            (table, verifier, len(parts), self._count(table, parts))
            for table, verifier, parts in held
            if parts
        ]
        schema = {"table": pl.String, "verifier": pl.String, "parts": pl.Int64, "rows": pl.Int64}
        return pl.DataFrame(rows, schema, orient="row")

    def _count(self, table: str, parts: list[Path]) -> int:
        query = pl.scan_parquet([str(part) for part in parts], glob=False).select(pl.len())
        return int(self.collect(query, table).item())

    def _lines(self) -> list[str]:
        lines = [f"Pool {self.name}: {self.path}"]
        lines += [
            f"  verifier {name}{', shared calls' if name in self.shared_calls else ''}"
            for name in self.verifiers
        ]
        return lines if self.verifiers else [*lines, "  no verifier"]

    def _tables(self) -> list[TextTable]:
        title, header = f"pool {self.name}: {self.path}", ("table", "verifier", "parts", "rows")
        try:
            held = self.frame()
        except (SvlawError, OSError) as error:  # to show a pool is no reason to fail
            return [TextTable(title, header, (), (first_line(error),))]
        rows = [
            (table, verifier or "", f"{parts:,}", f"{count:,}")
            for table, verifier, parts, count in held.iter_rows()
        ]
        return [TextTable(title, header, rows)]


def open_pool(path: str | Path, *, unfinished: bool = False) -> Pool:
    """Open a pool: read `pool.json` and the footer of every part, but no rows.

    Args:
        path: Its folder, or its address in an object store: s3://BUCKET/NAME or gs://BUCKET/NAME.
        unfinished: Also open a pool that holds problems only, because generation has just begun.

    Raises:
        BadInputError: The folder is no pool, its version is newer than this release knows, or a
            part is damaged.
        StorageError: The object store refuses access or cannot be reached.

    Examples:
        >>> import svlaw as sv
        >>> path = sv.open_example("exams_gpt35_by_gpt4").path
        >>> sv.open_pool(path).verifiers
        ('gpt4_resolve',)
    """
    path = locate(path)
    recover_if_free(path)
    document = read_pool_file(path)
    pool = Pool(path, tuple(document["verifiers"]), document["metadata"], document["shared_calls"])
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


def table_folder(root: Path, table: Table, verifier: str | None) -> Path:
    """Where a table lies within a pool.

    Raises:
        BadInputError: The name cannot be a verifier's.
    """
    if not table.per_verifier:
        return root / table.name
    if verifier is None:
        raise ValueError(f"table '{table.name}' needs the name of a verifier")
    if not _VERIFIER_NAME.fullmatch(verifier):
        raise BadInputError(
            f"verifier name {verifier!r}: use letters, digits, '.', '_' and '-' only"
        )
    return root / table.name / verifier


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

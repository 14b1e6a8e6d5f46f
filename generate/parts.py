"""Rows of a table on their way into a pool: gathered in memory, written part by part."""

import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import polars as pl

from svlaw.data.errors import SvlawError, first_line
from svlaw.data.pool import Pool
from svlaw.data.pool_writer import append
from svlaw.data.schema import TABLES
from svlaw.data.storage.files import atomic_path
from svlaw.data.storage.object_stores import is_remote, storage_errors
from svlaw.generate.interrupts import delayed_interrupts

LOG_FILE: Final = "generation_log.jsonl"
"""One line per part: when, what, how many rows and tokens, and how fast.

In an object store each run has a log of its own, whose name goes on with when it began.
"""


@dataclass(frozen=True)
class Part:
    """A part that has been written.

    Attributes:
        table: The table.
        verifier: The verifier of a per-verifier table.
        engine: The engine and its version.
        rows: Rows.
        output_tokens: Generated tokens in it.
        seconds: Time since the part before it.
    """

    table: str
    verifier: str | None
    engine: str
    rows: int
    output_tokens: int
    seconds: float


@dataclass
class PartWriter:
    """Gathers rows and writes them as parts, each by atomic rename and with a line in the log.

    Attributes:
        pool: The pool.
        table: The table the rows belong to.
        verifier: The verifier of a per-verifier table.
        engine: What to call the engine in the log.
        rows: A part is written when it has this many rows,
        seconds: or when it is this old.
        on_part: Called with every part that has been written.
    """

    pool: Pool
    table: str
    verifier: str | None
    engine: str
    rows: int
    seconds: float
    on_part: Callable[[Part], None] = field(default=lambda part: None)

    def __post_init__(self) -> None:
        self._blocks: list[Sequence[Mapping[str, Any]]] = []
        self._began = time.monotonic()
        log = Path(LOG_FILE)
        token = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{secrets.token_hex(4)}"
        self._own_log = self.pool.path / f"{log.stem}-{token}{log.suffix}"
        self._lines: list[str] = []

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Take rows that belong together; they end up in one part.

        Raises:
            SvlawError: A part cannot be written.
        """
        self._blocks.append(rows)
        if sum(map(len, self._blocks)) >= self.rows or self._age >= self.seconds:
            self.flush()

    def flush(self) -> None:
        """Write the rows gathered so far, if there are any; an interrupt waits until that is done.

        Raises:
            SvlawError: They cannot be written; the pool is as it was before.
        """
        with delayed_interrupts():
            rows = [row for block in self._blocks for row in block]
            self._blocks = []
            if rows:
                self._write(rows)

    def _write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        schema = TABLES[self.table].columns
        columns = {name: [row.get(name) for row in rows] for name in schema}
        frame = pl.DataFrame(columns, schema=schema)
        tokens = int(frame["output_tokens"].sum())
        part = Part(self.table, self.verifier, self.engine, len(rows), tokens, self._age)
        try:
            append(self.pool, self.table, frame, verifier=self.verifier, new_keys=True)
            self._log(part)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise SvlawError(
                f"{self.pool.path}: a part of {len(rows):,} rows of {self.table} cannot be written"
                f" ({_reason(error)}); everything before it is safe: mend that and run the same"
                " command again"
            ) from error
        self._began = time.monotonic()
        self.on_part(part)

    def _log(self, part: Part) -> None:
        """Add a line to the log; in an object store, where nothing grows, by writing it anew."""
        stamp = {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        document = stamp | vars(part) | {"seconds": round(part.seconds, 3)}
        line = json.dumps(document) + "\n"
        if is_remote(self.pool.path):
            self._lines.append(line)
            with atomic_path(self._own_log) as temporary:
                temporary.write_text("".join(self._lines), "utf-8")
            return
        with (self.pool.path / LOG_FILE).open("a", encoding="utf-8") as file:
            file.write(line)

    @property
    def _age(self) -> float:
        return time.monotonic() - self._began


def read_log(pool: Path) -> list[Part]:
    """The parts a pool's log tells of, oldest first; lines that were cut off are left out."""
    stem, _, suffix = LOG_FILE.partition(".")
    with storage_errors(pool):
        logs = sorted(pool.glob(f"{stem}*.{suffix}"))
        lines = [line for log in logs for line in log.read_text("utf-8").splitlines()]
    parts = []
    for line in lines:
        try:
            document = json.loads(line)
            parts.append(Part(**{name: document[name] for name in Part.__dataclass_fields__}))
        except (ValueError, KeyError, TypeError):
            continue
    return parts


def _reason(error: Exception) -> str:
    """What the system said."""
    return getattr(error, "strerror", None) or first_line(error)

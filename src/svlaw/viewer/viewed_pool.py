"""A pool that is looked at: read as elsewhere, but nothing is written into it."""

from dataclasses import dataclass, fields
from pathlib import Path

import polars as pl

from svlaw.data.errors import NotInPoolError
from svlaw.data.pool import Pool, open_pool
from svlaw.data.storage.part_digests import refuse_damaged


@dataclass(frozen=True, repr=False)
class ViewedPool(Pool):
    """A pool whose large parts are hashed once by this process, and not noted in the pool."""

    def sound_parts(self, table: str, verifier: str | None = None) -> list[Path]:
        """Parts of a table, once their bytes are found to be those that were written.

        Raises:
            BadInputError: A part is damaged.
            StorageError: The object store does not list them.
        """
        parts = self.parts(table, verifier)
        refuse_damaged(self.path, parts, remember=False)
        return parts

    @property
    def judges(self) -> tuple[str, ...]:
        """The verifiers whose verdicts the pool holds."""
        return tuple(name for name in self.verifiers if self.has("verdicts", name))

    def rows_of(self, table: str, problem: str, verifier: str | None = None) -> pl.DataFrame:
        """All rows of one problem in order of their key; none where the table is missing.

        Parts are sorted by problem, so that Polars skips the row groups of other problems.

        Raises:
            BadInputError: A part is damaged.
        """
        return self.select(table, pl.col("problem_id") == problem, verifier)

    def select(self, table: str, wanted: pl.Expr, verifier: str | None = None) -> pl.DataFrame:
        """The rows of a table that an expression wants, sorted by whole numbers of their key.

        Raises:
            BadInputError: A part is damaged.
        """
        if not self.has(table, verifier):
            return pl.DataFrame()
        frame = self.collect(self.scan(table, verifier).filter(wanted), table)
        key = [name for name in ("solution_id", "verification_id") if name in frame.columns]
        return frame.sort(key) if key else frame


def open_viewed(path: str | Path) -> ViewedPool:
    """Open a pool to look at its problems.

    Raises:
        BadInputError: It is no pool, or a part is damaged.
        NotInPoolError: It holds only a published table, or its solutions were not graded.
    """
    pool = open_pool(path)
    viewed = ViewedPool(**{field.name: getattr(pool, field.name) for field in fields(pool)})
    if viewed.is_published_table:
        raise NotInPoolError(f"{viewed.path}: a published table holds no problems to look at")
    viewed.scan("answers")  # says what to do where there are none
    return viewed

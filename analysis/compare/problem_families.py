"""Families of problems: variants, translations or parts that a column of the problems names."""

import polars as pl

from svlaw.analysis.compare.difficulty import problem_values
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.data.errors import NotInPoolError
from svlaw.data.pool import Pool


def family_labels(pool: Pool, column: str) -> pl.DataFrame:
    """The family of each problem that has one.

    Args:
        pool: A pool with a table of problems.
        column: The column of it that says which problems belong together.

    Returns:
        Columns `problem_id` and `value`, null where a problem belongs to no family.

    Raises:
        NotInPoolError: The pool has no such column, or the column is empty.
        BadInputError: The column holds neither text nor numbers.
    """
    if pool.is_published_table:
        raise NotInPoolError(f"{pool.path}: a published table has no problems to put in families")
    return problem_values(pool, column)


def in_families(pool: Pool, table: SuccessTable, column: str) -> SuccessTable:
    """The same table with problems in families, the units of every interval from then on.

    Problems of a family are not independent: a model that fails one variant of a question mostly
    fails the others too. Intervals that count problems are then too short.

    Args:
        pool: The pool that the table was made from.
        table: The success table.
        column: A column of the pool's table of problems; a problem without a value there stands
            for itself.

    Raises:
        NotInPoolError: The pool has no such column, or the column is empty.
        BadInputError: The column holds neither text nor numbers.
    """
    held = dict(family_labels(pool, column).iter_rows())
    names = (held.get(problem) for problem in table.problem_ids)
    ids = table.problem_ids
    return table.with_clusters(
        [("alone", i) if name is None else name for name, i in zip(names, ids, strict=True)]
    )

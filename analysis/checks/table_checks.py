"""Checks of a pool's tables: keys, values, and rows that belong to nothing."""

from collections.abc import Iterator

import polars as pl

from svlaw.analysis.checks.findings import Check, subject_of
from svlaw.data.pool import Pool
from svlaw.data.schema import TABLES, Table

_SHARES = {"verdicts": "score", "success": "success"}
"""Columns that must lie in [0, 1], by table."""
_OF_PROBLEMS = ("answers", "solutions", "verifier_answers")
_MEND = "import the pool again"


def check_tables(pool: Pool) -> list[Check]:
    """Look for repeated keys, missing or impossible values, and orphans, in all tables.

    Raises:
        BadInputError: A part is damaged.
    """
    checks: list[Check] = []
    for table, verifier in tables_of(pool):
        checks += [_check_keys(pool, table, verifier), *_check_values(pool, table, verifier)]
    return [*checks, *_check_orphans(pool)]


def tables_of(pool: Pool) -> Iterator[tuple[Table, str | None]]:
    """The tables a pool holds, with their verifiers."""
    for table in TABLES.values():
        for verifier in pool.verifiers if table.per_verifier else (None,):
            if pool.has(table.name, verifier):
                yield table, verifier


def _check_keys(pool: Pool, table: Table, verifier: str | None) -> Check:
    *owner, number = table.key
    scan = pool.scan(table.name, verifier)
    counts = (pl.len().alias("rows"), pl.col(number).n_unique().alias("keys"))
    grouped = scan.group_by(owner).agg(counts) if owner else scan.select(counts)
    # Summed as wide integers: sums of the counts' own type could overflow.
    sums = grouped.select(pl.col("rows", "keys").cast(pl.Int64).sum())
    rows, keys = pool.collect(sums, table.name).row(0)
    subject = subject_of(f"{table.name} keys", verifier)
    if rows > keys:
        return Check("error", subject, f"{rows - keys:,} rows repeat a key; {_MEND}")
    return Check("ok", subject, f"{rows:,} rows, every key once")


def _check_values(pool: Pool, table: Table, verifier: str | None) -> list[Check]:
    problems = {f"rows have no {name}": pl.col(name).is_null() for name in table.required} | {
        f"rows have an unknown {name}": pl.col(name).is_not_null() & ~pl.col(name).is_in(values)
        for name, values in table.allowed.items()
    }
    if table.name in _SHARES:
        column = _SHARES[table.name]
        name = {"score": "scores"}.get(column, column)
        problems[f"{name} are not a number"] = pl.col(column).is_nan()
        problems[f"{name} lie outside [0, 1]"] = ~pl.col(column).fill_nan(None).is_between(0, 1)
    counts = [bad.fill_null(False).sum().alias(words) for words, bad in problems.items()]
    found = pool.collect(pool.scan(table.name, verifier).select(counts), table.name)
    subject = subject_of(f"{table.name} values", verifier)
    return [
        Check("error", subject, f"{count:,} {words}; {_MEND}")
        for words, count in found.row(0, named=True).items()
        if count
    ]


def _check_orphans(pool: Pool) -> list[Check]:
    """Look for rows whose problem or solution is not in the pool."""
    checks: list[Check] = []
    for table, verifier in tables_of(pool):
        if table.name in _OF_PROBLEMS and pool.has("problems"):
            owner, key, what = "problems", ["problem_id"], "problem"
        elif table.name in ("verdicts", "verifications") and pool.has("answers"):
            owner, key, what = "answers", ["problem_id", "solution_id"], "solution"
        else:
            continue
        strangers = (
            pool.scan(table.name, verifier)
            .group_by(key)
            .len()
            .join(pool.scan(owner).select(key), on=key, how="anti")
            .select(pl.col("len").cast(pl.Int64).sum())
        )
        count = pool.collect(strangers, table.name).item()
        if not count:
            continue
        subject = subject_of(table.name, verifier)
        if table.name in ("answers", "verdicts", "verifier_answers"):
            words = f"{count:,} belong to no {what}; import the {what}s too, or the pool again"
            checks.append(Check("error", subject, words))
        else:
            words = f"{count:,} belong to no {what}; they are not analysed"
            checks.append(Check("note", subject, words))
    return checks

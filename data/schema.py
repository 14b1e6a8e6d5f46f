"""Tables of a pool: their columns, types, unique keys and allowed values.

A pool is a folder of Parquet datasets. Text lives in `problems`, `solutions` and `verifications`;
`answers` and `verdicts` are the small derived tables that analysis reads; `verifier_answers` holds
the answers of a verifier that solves the problems itself; `success` holds a published success table
for pools that have no generations.
"""

from dataclasses import dataclass, field
from typing import Final, Literal

import polars as pl

from svlaw.data.errors import BadInputError

SCHEMA_VERSION: Final = 1
"""Version of the pool format written by this release; a newer one is refused."""

STRATEGIES: Final = ("coverage", "self_consistency", "best_of_n", "weighted_vote")
BASELINES: Final = ("coverage", "self_consistency")
"""Strategies that use no verifications; their rows carry verifications = 0."""
VERIFIED: Final = ("best_of_n", "weighted_vote")
Calls = Literal["independent", "shared"]
"""What `verification_id` names: a verdict on one solution, or a call that judges every solution.

Verdicts of *independent* calls were each asked for one solution. A *shared* call is one test, or an
answer of the verifier's own, that judges all solutions of its problem: verdict j of every solution
comes from call j.
"""
DERIVED: Final = ("answers", "verdicts")
"""Tables made from stored text, which can be made again."""

ANSWER_STATUS: Final = ("graded", "no_answer", "truncated", "timeout")
VERDICT_STATUS: Final = ("graded", "unparsed", "truncated")
VERDICTS: Final = ("yes", "no")
PROBLEM_KINDS: Final = ("math", "choice", "numeric", "code", "external")


@dataclass(frozen=True)
class Table:
    """One table of a pool.

    Attributes:
        name: Folder of the dataset inside the pool.
        key: Columns that identify a row.
        columns: Every known column with its Polars type, the key first.
        required: Columns without nulls.
        per_verifier: True when the pool holds one such table per verifier.
        open_columns: True when further columns of the user are kept.
        allowed: Allowed values of enumerated text columns.
    """

    name: str
    key: tuple[str, ...]
    columns: dict[str, pl.DataType]
    required: tuple[str, ...]
    per_verifier: bool = False
    open_columns: bool = False
    allowed: dict[str, tuple[str, ...]] = field(default_factory=dict)


_PROBLEM = {"problem_id": pl.String()}
_SOLUTION = {**_PROBLEM, "solution_id": pl.Int32()}
_VERIFICATION = {**_SOLUTION, "verification_id": pl.Int32()}
_GENERATION = {
    "text": pl.String(),
    "prompt_tokens": pl.Int32(),
    "output_tokens": pl.Int32(),
    "finish_reason": pl.String(),
    "seed": pl.Int64(),
}
_LENGTH = {"output_tokens": pl.Int32(), "output_chars": pl.Int32()}

TABLES: Final[dict[str, Table]] = {
    table.name: table
    for table in (
        Table(
            "problems",
            ("problem_id",),
            {
                **_PROBLEM,
                "question": pl.String(),
                "reference_answer": pl.String(),
                "kind": pl.String(),
                "subject": pl.String(),
                "level": pl.String(),
            },
            ("problem_id",),
            open_columns=True,
            allowed={"kind": PROBLEM_KINDS},
        ),
        Table(
            "solutions",
            ("problem_id", "solution_id"),
            {**_SOLUTION, **_GENERATION},
            ("problem_id", "solution_id"),
        ),
        Table(
            "verifications",
            ("problem_id", "solution_id", "verification_id"),
            {**_VERIFICATION, **_GENERATION, "p_yes": pl.Float64(), "p_no": pl.Float64()},
            ("problem_id", "solution_id", "verification_id"),
            per_verifier=True,
        ),
        Table(
            "answers",
            ("problem_id", "solution_id"),
            {
                **_SOLUTION,
                "answer": pl.String(),
                "answer_class": pl.Int32(),
                "is_correct": pl.Boolean(),
                "status": pl.String(),
                **_LENGTH,
            },
            ("problem_id", "solution_id", "is_correct", "status"),
            allowed={"status": ANSWER_STATUS},
        ),
        Table(
            "verdicts",
            ("problem_id", "solution_id", "verification_id"),
            {
                **_VERIFICATION,
                "verdict": pl.String(),
                "score": pl.Float64(),
                "status": pl.String(),
                **_LENGTH,
            },
            ("problem_id", "solution_id", "verification_id", "status"),
            per_verifier=True,
            allowed={"verdict": VERDICTS, "status": VERDICT_STATUS},
        ),
        Table(
            "verifier_answers",
            ("problem_id", "verification_id"),
            {
                **_PROBLEM,
                "verification_id": pl.Int32(),
                "answer": pl.String(),
                "answer_class": pl.Int32(),
                "is_correct": pl.Boolean(),
                "status": pl.String(),
                **_LENGTH,
            },
            ("problem_id", "verification_id", "is_correct", "status"),
            per_verifier=True,
            allowed={"status": ANSWER_STATUS},
        ),
        Table(
            "success",
            ("strategy", "solutions", "verifications"),
            {
                "strategy": pl.String(),
                "solutions": pl.Int32(),
                "verifications": pl.Int32(),
                "success": pl.Float64(),
            },
            ("strategy", "solutions", "verifications", "success"),
            allowed={"strategy": STRATEGIES},
        ),
    )
}


def conform(frame: pl.DataFrame, table: Table, source: str) -> pl.DataFrame:
    """Bring a frame to a table's columns and types, and refuse values it does not allow.

    Missing optional columns are added as nulls, unknown columns are dropped unless the table keeps
    them. Types must already fit: casting with a message per row is the importers' work.

    Args:
        frame: Rows to be stored.
        table: The table they belong to.
        source: What to call the rows in an error (a file, as a rule).

    Raises:
        BadInputError: A required column is missing or holds nulls, a value is not allowed, or two
            rows have the same key.
    """
    for name in table.required:
        if name not in frame.columns:
            raise BadInputError(f"{source}: column '{name}' is missing; {table.name} needs it")
    known = [
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in table.columns.items()
    ]
    further = [n for n in frame.columns if n not in table.columns] if table.open_columns else []
    frame = frame.select(*known, *further)
    for name in table.required:
        refuse_rows(frame, pl.col(name).is_null(), name, source, "is missing; give every row one")
    for name, values in table.allowed.items():
        bad = pl.col(name).is_not_null() & ~pl.col(name).is_in(values)
        refuse_rows(frame, bad, name, source, f"is not one of {', '.join(values)}")
    refuse_duplicates(frame, table.key, source)
    return frame


def refuse_rows(frame: pl.DataFrame, bad: pl.Expr, column: str, source: str, why: str) -> None:
    """Raise for the first row (counted from 1) where `bad` holds, naming its value.

    Raises:
        BadInputError: At least one row is bad.
    """
    rows = frame.with_row_index("__row").filter(bad).select("__row", column).head(1)
    if rows.height:
        row, value = rows.row(0)
        raise BadInputError(f"{source}, row {row + 1}: {column} {value!r} {why}")


def refuse_duplicates(frame: pl.DataFrame, key: tuple[str, ...], source: str) -> None:
    """Raise when two rows share a key, naming both.

    Raises:
        BadInputError: A key occurs twice.
    """
    keys = frame.select(key)
    if keys.n_unique() == frame.height:
        return
    indexed = keys.with_row_index("__row")
    groups = (
        indexed.group_by(key)
        .agg(pl.col("__row").sort().head(2))
        .filter(pl.col("__row").list.len() > 1)
    )
    first = groups.sort(pl.col("__row").list.get(1)).row(0, named=True)
    label = ", ".join(f"{name} {first[name]!r}" for name in key)
    rows = first["__row"]
    raise BadInputError(
        f"{source}, row {rows[1] + 1}: duplicate key ({label}), already in row {rows[0] + 1};"
        " keep one of them"
    )

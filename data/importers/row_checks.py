"""Checks of rows on their way into a pool, each of which refuses them in one clear line."""

from dataclasses import replace

import polars as pl

from svlaw.data.errors import BadInputError
from svlaw.data.schema import Table, conform, refuse_rows


def check_keys(frame: pl.DataFrame, table: Table, source: str) -> None:
    """Raise for a row that does not fit, or a key that a verifier has twice.

    Raises:
        BadInputError: There is one.
    """
    if "verifier" in frame.columns:
        table = replace(
            table,
            key=("verifier", *table.key),
            columns={"verifier": pl.String(), **table.columns},
            required=("verifier", *table.required),
        )
    conform(frame, table, source)


def refuse_scores(frame: pl.DataFrame, source: str) -> None:
    """Raise for a score outside [0, 1].

    Raises:
        BadInputError: There is one.
    """
    if "score" in frame.columns:
        outside = ~pl.col("score").is_between(0, 1)
        why = "is outside [0, 1]; leave it empty if unparsed"
        refuse_rows(frame, outside, "score", source, why)


def refuse_strangers(
    frame: pl.DataFrame, known: pl.DataFrame, key: tuple[str, ...], source: str, what: str
) -> None:
    """Raise when a row refers to a problem or solution that is not there.

    Raises:
        BadInputError: One does.
    """
    rows = frame.select(key).join(known, on=key, how="anti").sort(key).head(1)
    if rows.height:
        label = ", ".join(f"{name} {value!r}" for name, value in rows.row(0, named=True).items())
        owner = "problem" if what == "solution" else "solution"
        raise BadInputError(
            f"{source}: {what} for an unknown {owner} ({label}); import that {owner} too or remove"
            " the row"
        )


def refuse_unanswerable(solutions: pl.DataFrame, problems: pl.DataFrame, source: str) -> None:
    """Raise when a problem's solutions could never be graded.

    Raises:
        BadInputError: A problem has no reference answer, or is of a kind that only its user grades.
    """
    known = problems.join(solutions, on="problem_id", how="semi").sort("problem_id")
    if "reference_answer" not in known.columns:
        raise BadInputError(
            f"{source}: holds no 'reference_answer' to grade by, and the solutions no 'is_correct';"
            " give one of them (--problems, --rename)"
        )
    kind = known["kind"] if "kind" in known.columns else pl.Series([None] * known.height)
    for name, reference, sort in zip(
        known["problem_id"], known["reference_answer"], kind, strict=True
    ):
        if sort in ("code", "external"):
            raise BadInputError(
                f"{source}: problem {name!r} is of kind '{sort}', which svlaw does not grade; give"
                " its solutions is_correct"
            )
        if reference is None:
            raise BadInputError(
                f"{source}: problem {name!r} has no reference_answer; give it one, or its solutions"
                " is_correct"
            )

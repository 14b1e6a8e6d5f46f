"""Checks a pool: is it sound, how large is it, how good is its verifier."""

from dataclasses import dataclass
from statistics import median
from typing import Literal

import polars as pl

from svlaw.data.pool import Pool
from svlaw.data.schema import TABLES

Level = Literal["ok", "note", "error"]


@dataclass(frozen=True)
class Check:
    """One finding.

    Attributes:
        level: `ok`; `note`, worth knowing; `error`, the analysis would be unsound.
        subject: What was looked at.
        message: What was found, in words.
    """

    level: Level
    subject: str
    message: str


def check_pool(pool: Pool) -> list[Check]:
    """Read a pool's small tables whole and report what they hold and what is wrong with them.

    Raises:
        BadInputError: A part is damaged.
    """
    if pool.is_published_table:
        return [*_check_keys(pool, "success", None), *_published(pool)]
    checks = [*_check_keys(pool, "answers", None), *_answers(pool)]
    for verifier in pool.verifiers:
        checks += [*_check_keys(pool, "verdicts", verifier), *_verdicts(pool, verifier)]
    return checks


def _check_keys(pool: Pool, table: str, verifier: str | None) -> list[Check]:
    key = list(TABLES[table].key)
    frame = pool.read(table, key, verifier)
    subject = f"{table} keys" if verifier is None else f"{table} keys ({verifier})"
    twice = frame.height - frame.n_unique()
    if twice:
        return [Check("error", subject, f"{twice:,} rows repeat a key; import the pool again")]
    return [Check("ok", subject, f"{frame.height:,} rows, every key once")]


def _published(pool: Pool) -> list[Check]:
    frame = pool.read("success", ("strategy", "solutions", "verifications"))
    grouped = frame.group_by("strategy", maintain_order=True).agg(
        pl.len(), pl.col("solutions").max(), pl.col("verifications").max()
    )
    return [
        Check("ok", strategy, f"{count} points, S up to {most}, V up to {deepest}")
        for strategy, count, most, deepest in grouped.iter_rows()
    ] + [Check("note", "per-problem data", "none: figures will have no intervals")]


def _answers(pool: Pool) -> list[Check]:
    columns = ("problem_id", "is_correct", "answer_class", "status")
    frame = pool.read("answers", columns)
    per_problem = frame.group_by("problem_id").agg(
        pl.len().alias("n"), pl.col("is_correct").any().alias("solved")
    )
    n_problems = per_problem.height
    if pool.has("problems"):
        n_problems = pool.read("problems", ("problem_id",)).height
    checks = [
        _spread("solutions", "per problem", per_problem["n"]),
        _rate("accuracy", frame["is_correct"].mean()),
        _count("problems never solved", n_problems - int(per_problem["solved"].sum()), n_problems),
    ]
    if n_problems > per_problem.height:
        checks.append(
            Check("note", "problems", f"{n_problems - per_problem.height} have no solution")
        )
    if frame["answer_class"].is_null().all():
        return [*checks, Check("note", "answers", "none imported: voting is not available")]
    missing = frame.select(
        (pl.col("answer_class").is_null() & (pl.col("status") != "graded")).sum()
    ).item()
    mixed = (
        frame.drop_nulls("answer_class")
        .group_by("problem_id", "answer_class")
        .agg(pl.col("is_correct").n_unique() > 1)["is_correct"]
    )
    return [
        *checks,
        _count("solutions without an answer", missing, frame.height),
        _count("answer classes that mix right and wrong", int(mixed.sum()), mixed.len()),
        _count("truncated solutions", int((frame["status"] == "truncated").sum()), frame.height),
    ]


def _verdicts(pool: Pool, verifier: str) -> list[Check]:
    key = ["problem_id", "solution_id"]
    frame = pool.read("verdicts", (*key, "verdict", "score"), verifier)
    answers = pool.read("answers", (*key, "is_correct"))
    joined = frame.join(answers, on=key, how="left")
    strangers = joined["is_correct"].null_count()
    subject = f"verdicts ({verifier})"
    if strangers:
        return [Check("error", subject, f"{strangers:,} belong to no solution; import it again")]
    outside = frame.filter(~pl.col("score").is_between(0, 1)).height
    if outside:
        return [Check("error", subject, f"{outside:,} scores lie outside [0, 1]; import it again")]
    counts = joined.group_by(key).len()["len"]
    rates = dict(
        joined.drop_nulls("verdict")
        .group_by("is_correct")
        .agg((pl.col("verdict") == "yes").mean())
        .iter_rows()
    )
    return [
        _spread(subject, "per verified solution", counts),
        _count(f"verified solutions ({verifier})", counts.len(), answers.height, notable=False),
        *_selection(verifier, joined, answers),
        _count(f"unparsed verdicts ({verifier})", frame["score"].null_count(), frame.height),
        _rate(f"true positive rate ({verifier})", rates.get(True)),
        _rate(f"false positive rate ({verifier})", rates.get(False)),
    ]


def _selection(verifier: str, joined: pl.DataFrame, answers: pl.DataFrame) -> list[Check]:
    """Compare the accuracy of the verified solutions with that of all."""
    verified = joined.unique(["problem_id", "solution_id"])
    if verified.height == answers.height:
        return []
    rates = [
        frame.select(pl.col("is_correct").cast(pl.Float64).mean()).item()
        for frame in (verified, answers)
    ]
    words = f"{rates[0]:.3f} against {rates[1]:.3f} of all; --population verified compares equals"
    return [Check("note", f"accuracy of verified solutions ({verifier})", words)]


def _spread(subject: str, per: str, counts: pl.Series) -> Check:
    sizes = sorted(counts)
    total = f"{sum(sizes):,} in all"
    if sizes[0] == sizes[-1]:
        return Check("ok", subject, f"{sizes[0]} {per}, {total}")
    ends = f"{sizes[0]} to {sizes[-1]} {per} (median {median(sizes):g})"
    return Check("note", subject, f"ragged, {ends}, {total}")


def _rate(subject: str, value: object) -> Check:
    if not isinstance(value, float):
        return Check("note", subject, "cannot be measured")
    return Check("ok", subject, f"{value:.3f}")


def _count(subject: str, count: int, total: int, *, notable: bool = True) -> Check:
    share = f"{count:,} of {total:,} ({count / max(total, 1):.1%})"
    return Check("note" if notable and count else "ok", subject, share)

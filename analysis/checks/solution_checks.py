"""Checks of solutions and their answers: how many, how right, and what voting can count."""

import math

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.checks.findings import Check, Level, count, figure, spread
from svlaw.analysis.intervals.clustered_rates import clustered_rate
from svlaw.analysis.success.grid import SUPPORT
from svlaw.data.pool import Pool

_KEY = ("problem_id", "solution_id")


def read_answers(pool: Pool) -> pl.DataFrame:
    """Read what checks need of the answers: one row per solution, in order of the key.

    Raises:
        BadInputError: A part is damaged.
    """
    columns = (*_KEY, "is_correct", "answer_class", "status")
    return pool.read("answers", columns).unique(_KEY, keep="first").sort(_KEY)


def read_problem_ids(pool: Pool, answers: pl.DataFrame) -> pl.Series:
    """The ids of all problems: those of the table of problems, else those with a solution."""
    held = pool.read("problems", ("problem_id",)) if pool.has("problems") else answers
    return held["problem_id"].drop_nulls().unique().sort()


def check_answers(answers: pl.DataFrame, problem_ids: pl.Series) -> list[Check]:
    """Report sizes, accuracy, problems never solved, and the state of the answers."""
    per_problem = answers.group_by("problem_id").agg(
        pl.len().alias("n"), pl.col("is_correct").sum().alias("right")
    )
    held = problem_ids.to_frame().join(per_problem, on="problem_id", how="left").fill_null(0)
    sizes, right = held["n"].to_numpy(), held["right"].to_numpy()
    empty = int((sizes == 0).sum())
    return [
        _problems(sizes.size, empty),
        spread("solutions", "per problem", sizes[sizes > 0]),
        _reach(sizes, empty),
        figure("accuracy", clustered_rate(right, sizes)),
        count("problems never solved", int((right == 0).sum()), sizes.size),
        *_answers(answers),
    ]


def most_held(counts: npt.ArrayLike) -> tuple[int, int]:
    """The largest number that every problem holds, and that 80% of the problems hold."""
    ordered = np.sort(np.asarray(counts, np.int64))[::-1]
    if not ordered.size:
        return 0, 0
    return int(ordered[-1]), int(ordered[math.ceil(SUPPORT * ordered.size) - 1])


def _problems(total: int, empty: int) -> Check:
    if not total:
        return Check("error", "problems", "none; import some")
    if empty:
        return Check("note", "problems", f"{total:,} in all, {empty:,} have no solution")
    return Check("ok", "problems", f"{total:,} in all")


def _reach(sizes: npt.NDArray[np.integer], empty: int) -> Check:
    everywhere, mostly = most_held(sizes)
    level: Level = "ok" if everywhere else "note"
    words = f"{everywhere:,} in every problem"
    if not everywhere:
        words = f"none in every problem ({empty:,} have no solution)"
    if mostly > everywhere:
        words += f", {mostly:,} in 80% of the problems"
    return Check(level, "largest S", words)


def _answers(answers: pl.DataFrame) -> list[Check]:
    status = answers["status"]
    timeouts = int((status == "timeout").sum())
    late = [count("answers that ran out of grading time", timeouts, answers.height)]
    if answers["answer_class"].is_null().all():
        none = Check("note", "answers", "none: voting is not available")
        return [none, *(late if timeouts else ())]
    missing = answers.select(
        (pl.col("answer_class").is_null() & (pl.col("status") != "graded")).sum()
    ).item()
    mixed = (
        answers.drop_nulls("answer_class")
        .group_by("problem_id", "answer_class")
        .agg(pl.col("is_correct").n_unique() > 1)["is_correct"]
    )
    return [
        count("solutions without an answer", missing, answers.height),
        count("answer classes that mix right and wrong", int(mixed.sum()), mixed.len()),
        *(late if timeouts else ()),
    ]

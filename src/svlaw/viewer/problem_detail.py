"""One problem: its answers by frequency, its solutions, and what is stored of their texts."""

from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from svlaw.viewer.problem_table import scored
from svlaw.viewer.viewed_pool import ViewedPool

TEXTS: Final = 10
"""Solutions, or verdicts, with their texts on a page."""
ANSWERS: Final = 100
"""Most answers that are listed."""


@dataclass(frozen=True)
class ProblemDetail:
    """What a pool holds of one problem.

    Attributes:
        problem_id: The problem.
        stated: Filled columns of the table of problems: question, reference answer and others.
        answers: The most frequent answers: `answer`, `votes`, `share` of the solutions, `right`
            (share of them that is right), `score` (mean over those with verdicts; null without
            any), `status` and `is_vote` (whether a vote of all solutions could choose it).
        n_answers: Number of different answers.
        solutions: All solutions in order, with `verdicts` and `score` (null without verdicts).
        page: Which solutions are shown with their texts, counted from 1.
        pages: Number of pages, at least 1.
        shown: Those solutions; `text` and `output_tokens` are null where not stored.
    """

    problem_id: str
    stated: dict[str, Any]
    answers: pl.DataFrame
    n_answers: int
    solutions: pl.DataFrame
    page: int
    pages: int
    shown: pl.DataFrame


@dataclass(frozen=True)
class SolutionDetail:
    """One solution with the verdicts on it.

    Attributes:
        solution: Its row, with its `text` (None where not stored).
        n_verdicts: Number of verdicts.
        page: Which verdicts are shown, counted from 1.
        pages: Number of pages, at least 1.
        verdicts: Those verdicts: `verification_id`, `verdict`, `score`, `status`, and `text` (null
            where not stored).
    """

    solution: dict[str, Any]
    n_verdicts: int
    page: int
    pages: int
    verdicts: pl.DataFrame


def read_problem(
    pool: ViewedPool, problem: str, verifier: str | None, page: int = 1
) -> ProblemDetail | None:
    """Read one problem; None where the pool has no such one.

    Args:
        pool: A pool with answers.
        problem: Its id.
        verifier: A verifier whose verdicts the pool holds; None leaves verification out.
        page: Which solutions to show with their texts, counted from 1.

    Raises:
        BadInputError: A part is damaged.
    """
    stated = pool.rows_of("problems", problem)
    solutions = _solutions(pool, pl.col("problem_id") == problem, verifier)
    if not stated.height and not solutions.height:
        return None
    row = stated.row(0, named=True) if stated.height else {}
    answers = _by_answer(solutions)
    pages = max(1, -(-solutions.height // TEXTS))
    page = min(max(page, 1), pages)
    shown = _with_texts(pool, problem, solutions.slice((page - 1) * TEXTS, TEXTS))
    return ProblemDetail(
        problem,
        {name: row[name] for name in row if name != "problem_id" and row[name] is not None},
        answers.head(ANSWERS),
        answers.height,
        solutions,
        page,
        pages,
        shown,
    )


def read_solution(
    pool: ViewedPool, problem: str, solution: int, verifier: str | None, page: int = 1
) -> SolutionDetail | None:
    """Read one solution and the verdicts on it; None where the pool has no such one.

    Args:
        pool: A pool with answers.
        problem: Id of its problem.
        solution: Its number.
        verifier: A verifier whose verdicts the pool holds; None leaves verification out.
        page: Which verdicts to show, counted from 1.

    Raises:
        BadInputError: A part is damaged.
    """
    wanted = (pl.col("problem_id") == problem) & (pl.col("solution_id") == solution)
    rows = _solutions(pool, wanted, verifier)
    if not rows.height:
        return None
    row = _with_texts(pool, problem, rows).row(0, named=True)
    verdicts, texts = pl.DataFrame(), pl.DataFrame()
    if verifier is not None:
        verdicts = pool.select("verdicts", wanted, verifier)
    pages = max(1, -(-verdicts.height // TEXTS))
    page = min(max(page, 1), pages)
    shown = verdicts.slice((page - 1) * TEXTS, TEXTS)
    if shown.height:
        of_page = wanted & pl.col("verification_id").is_in(shown["verification_id"].to_list())
        texts = pool.select("verifications", of_page, verifier)
    shown = _joined(shown, texts, "verification_id")
    return SolutionDetail(row, verdicts.height, page, pages, shown)


def _solutions(pool: ViewedPool, wanted: pl.Expr, verifier: str | None) -> pl.DataFrame:
    """The solutions that an expression wants, with the sums of their verdicts."""
    answers = pool.select("answers", wanted)
    none = [pl.lit(None, pl.Int64).alias("verdicts"), pl.lit(None, pl.Float64).alias("score")]
    if verifier is None or not answers.height:
        return answers.with_columns(none)
    judged = scored(pool, answers, pool.scan("verdicts", verifier).filter(wanted))
    sums = judged.select("solution_id", "verdicts", "score")
    return answers.join(sums, on="solution_id", how="left", maintain_order="left")


def _by_answer(solutions: pl.DataFrame) -> pl.DataFrame:
    """Answers, the most frequent first; what has no class is told apart by text and status."""
    has_class = pl.col("answer_class").is_not_null()
    unclassed = pl.when(~has_class)
    groups = [
        pl.col("answer_class").alias("group"),
        unclassed.then(pl.col("answer").fill_null("")).alias("unclassed"),
        unclassed.then(pl.col("status")).alias("unclassed_status"),
        unclassed.then(pl.col("is_correct")).alias("unclassed_right"),
    ]
    counted = (
        solutions.with_columns(groups)
        .group_by("group", "unclassed", "unclassed_status", "unclassed_right")
        .agg(
            pl.col("answer").drop_nulls().first(),
            pl.len().cast(pl.Int64).alias("votes"),
            pl.col("is_correct").mean().alias("right"),
            pl.col("score").mean(),
            pl.col("status").first(),
            pl.col("solution_id").min().alias("first"),
        )
    )
    classed = pl.col("group").is_not_null()
    return (
        counted.with_columns(
            (pl.col("votes") / solutions.height).alias("share"),
            (classed & (pl.col("votes") == pl.col("votes").filter(classed).max()))
            .fill_null(False)
            .alias("is_vote"),
        )
        .sort("votes", "first", descending=[True, False])
        .select("answer", "votes", "share", "right", "score", "status", "is_vote")
    )


def _with_texts(pool: ViewedPool, problem: str, solutions: pl.DataFrame) -> pl.DataFrame:
    """Solutions with their texts, where the pool stores them."""
    wanted = pl.col("problem_id") == problem
    if solutions.height:
        wanted &= pl.col("solution_id").is_in(solutions["solution_id"].to_list())
    return _joined(solutions, pool.select("solutions", wanted), "solution_id")


def _joined(rows: pl.DataFrame, texts: pl.DataFrame, key: str) -> pl.DataFrame:
    """Rows with the column `text` of others, null where there is none."""
    if not rows.height or not texts.height:
        return rows.with_columns(pl.lit(None, pl.String).alias("text"))
    return rows.join(texts.select(key, "text"), on=key, how="left", maintain_order="left")

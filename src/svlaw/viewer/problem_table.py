"""The figures of every problem: how often it is solved, and what voting and verification change.

All figures rest on all solutions of a problem and all their verdicts. So both strategies need no
draws: they are exact, and anyone can check them against the answers of the problem. Where every
problem holds N solutions with V verdicts each they are the success at (N, V) of all other commands.
"""

from dataclasses import dataclass
from typing import Final

import polars as pl

from svlaw.analysis.dust import DUST
from svlaw.analysis.kernels.problem_sample import SCORE_UNIT
from svlaw.data.errors import BadInputError
from svlaw.viewer.viewed_pool import ViewedPool

ROWS: Final = 50
"""Problems on a page."""
FIXES: Final = "fixes"
BREAKS: Final = "breaks"
SORTABLE: Final = (
    "problem_id",
    "solutions",
    "accuracy",
    "answers",
    "agreement",
    "vote",
    "best_of_n",
    "yes_right",
    "yes_wrong",
    "voting",
    "verification",
)
"""Columns of the table, in order."""
CHANGES: Final = {
    "voting-fixes": ("voting", FIXES),
    "voting-breaks": ("voting", BREAKS),
    "verification-fixes": ("verification", FIXES),
    "verification-breaks": ("verification", BREAKS),
}
"""What the table can be narrowed to: a column, and its word."""

_KEY: Final = ("problem_id", "solution_id")


@dataclass(frozen=True)
class Selection:
    """Which problems are shown, and how.

    Attributes:
        search: Text that the id or the question contains, whatever its case.
        change: One of `CHANGES`, or empty for all problems.
        sort: One of `SORTABLE`.
        is_falling: Whether the largest come first.
        page: Counted from 1.
    """

    search: str = ""
    change: str = ""
    sort: str = "problem_id"
    is_falling: bool = False
    page: int = 1

    def __post_init__(self) -> None:
        if self.sort not in SORTABLE:
            raise BadInputError(f"sort is {self.sort!r}; use one of {', '.join(SORTABLE)}")
        if self.change and self.change not in CHANGES:
            raise BadInputError(f"change is {self.change!r}; use one of {', '.join(CHANGES)}")


@dataclass(frozen=True)
class TablePage:
    """A page of the table.

    Attributes:
        rows: Its problems.
        found: Number of problems on all pages.
        page: Its number, counted from 1; the last one where more was asked for.
        pages: Number of pages, at least 1.
    """

    rows: pl.DataFrame
    found: int
    page: int
    pages: int


def problem_table(pool: ViewedPool, verifier: str | None = None) -> pl.DataFrame:
    """One row for each problem that has solutions, in order of problem.

    Args:
        pool: A pool with answers.
        verifier: A verifier whose verdicts it holds; None leaves verification out.

    Returns:
        Columns `problem_id`, `question` (null where not stored), `solutions` (N), `accuracy` (share
        of right solutions), `answers` (different ones), `agreement` (share of the votes that the
        leading answer has), `vote` and `best_of_n` (success with all solutions and verdicts, ties
        by their expected value), `yes_right` and `yes_wrong` (shares of accepting verdicts on right
        and on wrong solutions), `voting` and `verification` (`fixes`, `breaks` or `same`: voting
        against one solution, best-of-N against voting, or against one solution where there are no
        votes). Null where unknown.

    Raises:
        BadInputError: A part is damaged.
    """
    columns = (*_KEY, "answer_class", "is_correct", "status")
    answers = pool.read("answers", columns)
    table = answers.group_by("problem_id").agg(
        pl.len().cast(pl.Int64).alias("solutions"), pl.col("is_correct").mean().alias("accuracy")
    )
    table = table.join(_votes(answers), on="problem_id", how="left")
    if answers["answer_class"].is_not_null().any():
        table = table.with_columns(pl.col("vote").fill_null(0.0))
    judged = _judged(pool, answers, verifier)
    table = table.join(_verification(judged), on="problem_id", how="left")
    before = pl.coalesce("vote", "accuracy")
    table = table.with_columns(
        _change(pl.col("vote") - pl.col("accuracy")).alias("voting"),
        _change(pl.col("best_of_n") - before).alias("verification"),
    )
    table = table.join(_questions(pool), on="problem_id", how="left")
    return table.select("problem_id", "question", *SORTABLE[1:]).sort("problem_id")


def scored(pool: ViewedPool, answers: pl.DataFrame, verdicts: pl.LazyFrame) -> pl.DataFrame:
    """Sum the verdicts of each solution up, as best-of-N ranks them.

    An unparsed verdict is left out of the mean; a solution without a parsed one, or without an
    answer, scores 0.

    Args:
        pool: The pool.
        answers: Solutions with `answer_class`, `is_correct` and `status`.
        verdicts: Verdicts on them.

    Returns:
        The solutions that have verdicts, with `verdicts`, `said`, `yes` and `score` added.
    """
    units = (pl.col("score").fill_nan(None) * SCORE_UNIT).round().cast(pl.Int64)
    yes = pl.coalesce(pl.col("verdict") == "yes", pl.col("score").fill_nan(None) >= 0.5)
    query = verdicts.group_by(_KEY).agg(
        pl.len().cast(pl.Int64).alias("verdicts"),
        units.sum().alias("total"),
        units.count().cast(pl.Int64).alias("parsed"),
        yes.count().cast(pl.Int64).alias("said"),
        yes.sum().cast(pl.Int64).alias("yes"),
    )
    # Whole numbers add up in any order, and equal means become equal floats.
    missing = (pl.col("status") != "graded") & pl.col("answer_class").is_null()
    score = (
        pl.when(missing | (pl.col("parsed") == 0))
        .then(0.0)
        .otherwise(pl.col("total") / (pl.col("parsed") * SCORE_UNIT))
    )
    sums = pool.collect(query, "verdicts")
    joined = answers.join(sums, on=_KEY, how="inner")
    return joined.with_columns(score.alias("score")).drop("total", "parsed")


def page_of(table: pl.DataFrame, selection: Selection) -> TablePage:
    """The problems that a selection wants, sorted; ties in order of problem, unknown ones last."""
    if selection.search:
        sought = selection.search.lower()
        named = [
            pl.col(name).str.to_lowercase().str.contains(sought, literal=True).fill_null(False)
            for name in ("problem_id", "question")
        ]
        table = table.filter(pl.any_horizontal(named))
    if selection.change:
        column, word = CHANGES[selection.change]
        table = table.filter(pl.col(column) == word)
    table = table.sort(
        selection.sort, descending=selection.is_falling, nulls_last=True, maintain_order=True
    )
    pages = max(1, -(-table.height // ROWS))
    page = min(max(selection.page, 1), pages)
    return TablePage(table.slice((page - 1) * ROWS, ROWS), table.height, page, pages)


def _votes(answers: pl.DataFrame) -> pl.DataFrame:
    """What the vote of each problem says; only problems with votes."""
    of_class = (
        answers.filter(pl.col("answer_class").is_not_null())
        .group_by("problem_id", "answer_class")
        .agg(pl.len().alias("votes"), pl.col("is_correct").mean().alias("share"))
    )
    votes, share = pl.col("votes"), pl.col("share")
    return of_class.group_by("problem_id").agg(
        pl.len().cast(pl.Int64).alias("answers"),
        (votes.max() / votes.sum()).alias("agreement"),
        share.filter(votes == votes.max()).mean().alias("vote"),
    )


def _judged(pool: ViewedPool, answers: pl.DataFrame, verifier: str | None) -> pl.DataFrame:
    if verifier is not None:
        return scored(pool, answers, pool.scan("verdicts", verifier))
    added = {"said": pl.Int64, "yes": pl.Int64, "score": pl.Float64}
    return answers.clear().with_columns(pl.lit(None, dtype).alias(n) for n, dtype in added.items())


def _verification(judged: pl.DataFrame) -> pl.DataFrame:
    """What the verdicts on each problem say; only problems with verdicts."""
    right, score = pl.col("is_correct"), pl.col("score")

    def rate(which: pl.Expr) -> pl.Expr:
        said = pl.col("said").filter(which).sum()
        return pl.when(said > 0).then(pl.col("yes").filter(which).sum() / said)

    return judged.group_by("problem_id").agg(
        right.filter(score == score.max()).mean().alias("best_of_n"),
        rate(right).alias("yes_right"),
        rate(~right).alias("yes_wrong"),
    )


def _change(gain: pl.Expr) -> pl.Expr:
    """What a gain does to a problem."""
    words = pl.when(gain > DUST).then(pl.lit(FIXES)).when(gain < -DUST).then(pl.lit(BREAKS))
    return words.when(gain.is_not_null()).then(pl.lit("same"))


def _questions(pool: ViewedPool) -> pl.DataFrame:
    if not pool.has("problems"):
        return pl.DataFrame(schema={"problem_id": pl.String, "question": pl.String})
    return pool.read("problems", ("problem_id", "question")).unique("problem_id", keep="first")

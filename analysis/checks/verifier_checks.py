"""Checks of a verifier: how many verdicts, how good they are, and how far they agree."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.checks.findings import Check, count, figure, in_words, spread, subject_of
from svlaw.analysis.checks.solution_checks import most_held
from svlaw.analysis.intervals.clustered_rates import (
    clustered_difference,
    clustered_rate,
    intraclass_correlation,
)
from svlaw.data.pool import Pool

F64 = npt.NDArray[np.float64]

_KEY: Final = ("problem_id", "solution_id")
_AGREEMENT: Final = 0.9
"""Correlation from which on further verdicts of a solution say next to nothing new."""


@dataclass(frozen=True)
class VerdictTotals:
    """Verdicts of a verifier, summed up.

    Attributes:
        solutions: A row per verified solution of the pool, in order of the key: `n` verdicts,
            `scored` ones, the `total` and `squares` of their scores, and of the `said` (yes or no)
            those with a `yes`; `is_correct`.
        rows: All verdicts, those of unknown solutions included.
        truncated: Those with status `truncated`.
    """

    solutions: pl.DataFrame
    rows: int
    truncated: int


def read_verdicts(pool: Pool, verifier: str, answers: pl.DataFrame) -> VerdictTotals:
    """Sum the verdicts of each solution up, in a stream.

    Raises:
        NotInPoolError: The pool holds no verdicts of the verifier.
        BadInputError: A part is damaged.
    """
    score = pl.col("score").fill_nan(None)
    yes = pl.coalesce(pl.col("verdict") == "yes", score >= 0.5)
    query = (
        pool.scan("verdicts", verifier)
        .group_by(_KEY)
        .agg(
            pl.len().cast(pl.Int64).alias("n"),
            score.count().cast(pl.Int64).alias("scored"),
            score.sum().alias("total"),
            (score**2).sum().alias("squares"),
            yes.count().cast(pl.Int64).alias("said"),
            yes.sum().cast(pl.Int64).alias("yes"),
            (pl.col("status") == "truncated").sum().cast(pl.Int64).alias("truncated"),
        )
    )
    sums = pool.collect(query, "verdicts")
    known = sums.join(answers.select(*_KEY, "is_correct"), on=_KEY, how="inner").sort(_KEY)
    return VerdictTotals(known, int(sums["n"].sum()), int(sums["truncated"].sum()))


def check_verdicts(
    verifier: str, totals: VerdictTotals, answers: pl.DataFrame, problem_ids: pl.Series
) -> list[Check]:
    """Report sizes, unparsed verdicts, quality and agreement of a verifier."""
    solutions = totals.solutions
    if not solutions.height:
        return [Check("note", subject_of("verdicts", verifier), "none of a known solution")]
    unscored = int((solutions["n"] - solutions["scored"]).sum())
    verified = count(
        subject_of("verified solutions", verifier),
        solutions.height,
        answers.height,
        notable=False,
    )
    return [
        spread(subject_of("verdicts", verifier), "per verified solution", solutions["n"]),
        verified,
        *_selection(verifier, solutions, answers),
        _reach(verifier, solutions, problem_ids),
        count(subject_of("unparsed verdicts", verifier), unscored, int(solutions["n"].sum())),
        *_quality(verifier, solutions),
        _agreement(verifier, solutions),
    ]


def _selection(verifier: str, solutions: pl.DataFrame, answers: pl.DataFrame) -> list[Check]:
    """Compare the accuracy of the verified solutions with that of all."""
    if solutions.height == answers.height:
        return []
    rate = pl.col("is_correct").cast(pl.Float64).mean()
    rates = [frame.select(rate).item() for frame in (solutions, answers)]
    words = f"{rates[0]:.3f} against {rates[1]:.3f} of all; --population verified compares equals"
    return [Check("note", subject_of("accuracy of verified solutions", verifier), words)]


def _reach(verifier: str, solutions: pl.DataFrame, problem_ids: pl.Series) -> Check:
    """Report the largest S and V of every problem, and of 80% of the problems.

    S counts a problem's verified solutions; V is what so many of them hold.
    """
    held = problem_ids.to_frame().join(
        solutions.group_by("problem_id").agg(pl.col("n").sort(descending=True)),
        on="problem_id",
        how="left",
    )["n"]
    depths = [[] if depths is None else depths for depths in held.to_list()]
    words = []
    for place in (0, 1):
        S = most_held([len(ns) for ns in depths])[place]
        V = most_held([ns[S - 1] if 0 < S <= len(ns) else 0 for ns in depths])[place]
        words.append(f"S = {S:,} with V = {V:,}")
    subject = subject_of("largest S and V", verifier)
    bare = sum(not ns for ns in depths)
    if bare:
        most = "" if words[1].startswith("S = 0") else f", {words[1]} in 80% of the problems"
        return Check("note", subject, f"none in every problem ({bare:,} have no verdict){most}")
    if words[0] == words[1]:
        return Check("ok", subject, f"{words[0]} in every problem")
    return Check("ok", subject, f"{words[0]} in every problem, {words[1]} in 80% of the problems")


def _quality(verifier: str, solutions: pl.DataFrame) -> list[Check]:
    """Report true and false positive rates, problems being the sampling unit."""
    sums = [_by_problem(solutions, right) for right in (True, False)]
    rates = [clustered_rate(*pair) for pair in sums]
    better = clustered_difference(*sums[0], *sums[1])
    subject = subject_of("better than chance", verifier)
    if better.estimate is None:
        chance = Check("note", subject, in_words(better))
    elif better.estimate <= 0 or (better.conf_low is not None and better.conf_low <= 0):
        words = f"true less false positive rate {in_words(better)}: no better than chance"
        chance = Check("note", subject, words)
    else:
        chance = Check("ok", subject, f"true less false positive rate {in_words(better)}")
    return [
        figure(subject_of("true positive rate", verifier), rates[0]),
        figure(subject_of("false positive rate", verifier), rates[1]),
        chance,
    ]


def _by_problem(solutions: pl.DataFrame, right: bool) -> tuple[F64, F64]:
    """Verdicts of yes, and all that say something, of each problem's right or wrong solutions."""
    counted = pl.col("is_correct") == right
    sums = (
        solutions.group_by("problem_id")
        .agg(pl.col("yes", "said").filter(counted).sum().cast(pl.Float64))
        .sort("problem_id")
    )
    return sums["yes"].to_numpy(), sums["said"].to_numpy()


def _agreement(verifier: str, solutions: pl.DataFrame) -> Check:
    """Report how far verdicts of one solution agree, beyond what its correctness explains."""
    subject = subject_of("correlation of verdicts", verifier)
    overall = _correlation(solutions)
    if overall is None:
        return Check("note", subject, "cannot be measured (needs solutions with several verdicts)")
    parts = [
        (name, _correlation(solutions.filter(pl.col("is_correct") == right)))
        for name, right in (("right", True), ("wrong", False))
    ]
    given = [f"{value:.3f} among {name} ones" for name, value in parts if value is not None]
    words = f"{overall:.3f} within a solution"
    if given:
        words += f" ({', '.join(given)})"
    values = [value for _, value in parts if value is not None]
    if values and min(values) >= _AGREEMENT:
        return Check("note", subject, f"{words}: more verdicts of a solution say little new")
    return Check("ok", subject, words)


def _correlation(solutions: pl.DataFrame) -> float | None:
    return intraclass_correlation(
        *(solutions[name].to_numpy() for name in ("scored", "total", "squares"))
    )

"""Checks of a verifier: how many verdicts, how good they are, and how far they agree."""

from dataclasses import dataclass
from itertools import compress
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.checks.findings import Check, count, figure, in_words, spread, subject_of
from svlaw.analysis.checks.selection_checks import (
    kept_selection,
    kept_words,
    verified_selection,
    verified_words,
)
from svlaw.analysis.checks.solution_checks import most_held
from svlaw.analysis.intervals.clustered_rates import (
    clustered_difference,
    clustered_rate,
    intraclass_correlation,
)
from svlaw.analysis.success.grid import choose_grid
from svlaw.analysis.success.sample_reader import Holding
from svlaw.data.errors import SvlawError
from svlaw.data.pool import Pool

F64 = npt.NDArray[np.float64]

_KEY: Final = ("problem_id", "solution_id")
_AGREEMENT: Final = 0.9
"""Correlation from which on further verdicts of a solution say next to nothing new."""


@dataclass(frozen=True)
class VerdictTotals:
    """Verdicts of a verifier, summed up.

    Attributes:
        solutions: A row per verified solution of the pool, in order of the key: `n` verdicts; the
            `depth` or largest V that it supports (the problem's calls where they are shared);
            `scored` verdicts, the `total` and `squares` of their scores, and of the `said` (yes or
            no) those with a `yes`; `is_correct`.
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
    if verifier in pool.shared_calls:
        distinct = pl.col("verification_id").n_unique().cast(pl.Int64).alias("depth")
        query = pool.scan("verdicts", verifier).group_by("problem_id").agg(distinct)
        sums = sums.join(pool.collect(query, "verdicts"), on="problem_id", how="left")
    else:
        sums = sums.with_columns(pl.col("n").alias("depth"))
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
        *_selection(verifier, solutions, answers, problem_ids),
        _reach(verifier, solutions, problem_ids),
        count(subject_of("unparsed verdicts", verifier), unscored, int(solutions["n"].sum())),
        *_quality(verifier, solutions),
        _agreement(verifier, solutions),
    ]


def _selection(
    verifier: str, solutions: pl.DataFrame, answers: pl.DataFrame, problem_ids: pl.Series
) -> list[Check]:
    """Compare verified solutions with all, and problems that a grid keeps with the others."""
    checks = []
    found = verified_selection(solutions, answers)
    if found is not None:
        if found.is_clear:
            words = verified_words(found)
        else:
            words = (
                f"{found.rate:.3f} against {found.other:.3f} of all, over {found.count:,} problems"
                f" ({found.tested}); --population verified compares equals"
            )
        checks.append(Check("note", subject_of("accuracy of verified solutions", verifier), words))
    kept = kept_selection(answers, _kept(solutions, answers, problem_ids))
    if kept is not None:
        if kept.is_clear:
            words = kept_words(kept)
        else:
            words = (
                f"{kept.rate:.3f} in {kept.count:,} problems, against {kept.other:.3f} in"
                f" {kept.other_count:,} set aside ({kept.tested})"
            )
        subject = subject_of("accuracy of problems that the default grid keeps", verifier)
        checks.append(Check("note", subject, words))
    return checks


def _kept(solutions: pl.DataFrame, answers: pl.DataFrame, problem_ids: pl.Series) -> list[str]:
    """The problems that hold enough for the default grid of strategies with a verifier."""
    ids = problem_ids.to_frame()
    sizes = ids.join(
        answers.group_by("problem_id").len(), on="problem_id", how="left", maintain_order="left"
    )["len"].fill_null(0)
    depths = ids.join(
        solutions.group_by("problem_id").agg("n"),
        on="problem_id",
        how="left",
        maintain_order="left",
    )["n"].to_list()
    holders = [
        Holding(size, np.array([*held, *[0] * (size - len(held))], np.int64))
        for size, held in zip(sizes.to_list(), (each or [] for each in depths), strict=True)
    ]
    try:
        grid = choose_grid(holders, ("coverage", "best_of_n"))
    except SvlawError:  # nothing to analyse, as other lines say
        return []
    return list(compress(problem_ids.to_list(), grid.problems))


def _reach(verifier: str, solutions: pl.DataFrame, problem_ids: pl.Series) -> Check:
    """Report the largest S and V of every problem, and of 80% of the problems.

    S counts a problem's verified solutions; V is what so many of them hold.
    """
    held = problem_ids.to_frame().join(
        solutions.group_by("problem_id").agg(pl.col("depth").sort(descending=True)),
        on="problem_id",
        how="left",
    )["depth"]
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

"""How good a verifier is: what it accepts, how it ranks, and where it does so best."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.checks.solution_checks import read_answers
from svlaw.analysis.checks.verifier_checks import read_verdicts
from svlaw.analysis.intervals.clustered_rates import clustered_difference, clustered_rate
from svlaw.analysis.intervals.interval import Interval
from svlaw.analysis.intervals.success_intervals import success_intervals
from svlaw.data.pool import Pool

F64 = npt.NDArray[np.float64]

ALL: Final = "all problems"
_KEY: Final = ("problem_id", "solution_id")
_DIGITS: Final = 4
"""Decimals by which scores of single verdicts are told apart."""
_EXACT: Final = 12
"""Decimals by which mean scores are told apart."""
_MOST_STEPS: Final = 200
"""Points of a drawn curve."""
_CALIBRATION_BINS: Final = 10


@dataclass(frozen=True)
class Rates:
    """What a verifier does on some problems; an estimate is None where it cannot be told.

    Attributes:
        group: Which problems.
        n_problems: How many of them have a verdict.
        right_accepted: Share of the verdicts of right solutions that say yes.
        wrong_accepted: The same of wrong ones.
        balanced_accuracy: Mean of right accepted and wrong refused; a half is chance.
        ranking: Mean, over problems with both, of the share of pairs of a right and a wrong
            solution in which the right one has the higher mean score, ties half; a half is chance.
        n_ranked: Problems with both.
    """

    group: str
    n_problems: int
    right_accepted: Interval
    wrong_accepted: Interval
    balanced_accuracy: Interval
    ranking: Interval
    n_ranked: int


@dataclass(frozen=True)
class Quality:
    """The quality of a verifier.

    Attributes:
        verifier: Its name.
        rates: On all problems, then by pass rate where there are bins.
        curves: Receiver operating characteristics: `verdict` (`one` or `mean`), `wrong_accepted`,
            `right_accepted`, `area`. Of single verdicts, and of a solution's mean score.
        calibration: `score` (mean score of the solutions in a tenth), `right` (the share of them
            that is right), `conf_low`, `conf_high`, `n_solutions`.
        depth: Verdicts of a solution, the median.
        unparsed: Share of the verdicts without a score.
    """

    verifier: str
    rates: tuple[Rates, ...]
    curves: pl.DataFrame
    calibration: pl.DataFrame
    depth: float
    unparsed: float


def examine_quality(
    pool: Pool, verifier: str, groups: Mapping[str, Iterable[str]], unparsed: str
) -> Quality | None:
    """Judge a verifier by all its verdicts of known solutions.

    Args:
        pool: The pool.
        verifier: The verifier.
        groups: Ids of the problems of each group that is looked at besides all.
        unparsed: What becomes of verdicts without a score: `ignore`, or `no`, a score of 0.

    Returns:
        None where no known solution has a verdict.
    """
    totals = read_verdicts(pool, verifier, read_answers(pool)).solutions
    if not totals.height:
        return None
    count = pl.col("scored") if unparsed == "ignore" else pl.col("n")
    mean = pl.when(count > 0).then(pl.col("total") / count).otherwise(0.0)
    # Sums of a stream differ in their last digits, which must not decide between equal scores.
    solutions = totals.with_columns(mean.round(_EXACT).alias("score"))
    rates = [_rates(ALL, solutions)]
    for name, ids in groups.items():
        held = solutions.filter(pl.col("problem_id").is_in(list(ids)))
        if held.height:
            rates.append(_rates(name, held))
    means = solutions.group_by(score=pl.col("score").round(_DIGITS)).agg(
        right=pl.col("is_correct").sum(), wrong=(~pl.col("is_correct")).sum()
    )
    return Quality(
        verifier,
        tuple(rates),
        pl.concat([_curve("one", _single(pool, verifier)), _curve("mean", means)]),
        _calibration(solutions),
        float(solutions["n"].median()),  # type: ignore[arg-type]
        1 - int(totals["scored"].sum()) / int(totals["n"].sum()),
    )


def _rates(group: str, solutions: pl.DataFrame) -> Rates:
    said = pl.col("said").cast(pl.Float64)
    yes, right = pl.col("yes").cast(pl.Float64), pl.col("is_correct")
    sums = solutions.group_by("problem_id").agg(
        yes.filter(right).sum().alias("right_yes"),
        said.filter(right).sum().alias("right_said"),
        yes.filter(~right).sum().alias("wrong_yes"),
        said.filter(~right).sum().alias("wrong_said"),
    )
    # Sorted, because sums over groups in no fixed order would differ in their last digits.
    sums = sums.sort("problem_id")
    pairs = [
        (sums[f"{name}_yes"].to_numpy(), sums[f"{name}_said"].to_numpy())
        for name in ("right", "wrong")
    ]
    difference = clustered_difference(*pairs[0], *pairs[1])
    ranks = _rankings(solutions)
    return Rates(
        group,
        sums.height,
        clustered_rate(*pairs[0]),
        clustered_rate(*pairs[1]),
        _balanced(difference),
        _mean(ranks),
        ranks.size,
    )


def _balanced(difference: Interval) -> Interval:
    """Balanced accuracy, (1 + J) / 2 for J = right accepted less wrong accepted."""
    return Interval(
        *(
            None if value is None else float(np.clip((1 + value) / 2, 0, 1))
            for value in (difference.estimate, difference.conf_low, difference.conf_high)
        )
    )


def _rankings(solutions: pl.DataFrame) -> F64:
    """Each problem's share of pairs of a right and a wrong solution that scores rank rightly.

    The statistic of Mann and Whitney: (sum of the ranks of the right ones - r (r + 1) / 2) / (r w).
    """
    ranks = solutions.select(
        "problem_id", "is_correct", rank=pl.col("score").rank("average").over("problem_id")
    )
    sums = ranks.group_by("problem_id").agg(
        ranks=pl.col("rank").filter("is_correct").sum(),
        right=pl.col("is_correct").sum().cast(pl.Float64),
        wrong=(~pl.col("is_correct")).sum().cast(pl.Float64),
    )
    held = sums.filter((pl.col("right") > 0) & (pl.col("wrong") > 0)).sort("problem_id")
    r, w = pl.col("right"), pl.col("wrong")
    share: F64 = held.select((pl.col("ranks") - r * (r + 1) / 2) / (r * w)).to_series().to_numpy()
    return share


def _mean(shares: F64) -> Interval:
    if not shares.size:
        return Interval(None)
    if shares.size == 1:
        return Interval(float(shares[0]))
    low, high = success_intervals(shares[None])
    return Interval(float(shares.mean()), float(low[0]), float(high[0]))


def _single(pool: Pool, verifier: str) -> pl.DataFrame:
    """Verdicts of right and of wrong solutions by their score, counted in a stream."""
    answers = pool.scan("answers").select(*_KEY, "is_correct")
    score = pl.col("score").fill_nan(None).round(_DIGITS)
    query = (
        pool.scan("verdicts", verifier)
        .select(*_KEY, score)
        .drop_nulls("score")
        .join(answers, on=_KEY, how="inner")
        .group_by("score")
        .agg(right=pl.col("is_correct").sum(), wrong=(~pl.col("is_correct")).sum())
    )
    return pool.collect(query, "verdicts")


def _curve(name: str, counts: pl.DataFrame) -> pl.DataFrame:
    """The characteristic of a score: what is accepted as the threshold falls.

    Args:
        name: What the scores are.
        counts: `score` and the numbers `right` and `wrong` that have it.
    """
    ordered = counts.sort("score", descending=True)
    right, wrong = (
        np.concatenate([[0.0], np.cumsum(ordered[column].to_numpy().astype(float))])
        for column in ("right", "wrong")
    )
    if not (right[-1] and wrong[-1]):
        right = wrong = np.zeros(0)
        area = None
    else:
        right, wrong = right / right[-1], wrong / wrong[-1]
        area = float(np.trapezoid(right, wrong))
        kept = np.unique(np.linspace(0, right.size - 1, min(right.size, _MOST_STEPS)).round())
        right, wrong = right[kept.astype(int)], wrong[kept.astype(int)]
    return pl.DataFrame(
        {"verdict": [name] * right.size, "wrong_accepted": wrong, "right_accepted": right},
        {"verdict": pl.String, "wrong_accepted": pl.Float64, "right_accepted": pl.Float64},
    ).with_columns(pl.lit(area, pl.Float64).alias("area"))


def _calibration(solutions: pl.DataFrame) -> pl.DataFrame:
    last = _CALIBRATION_BINS - 1
    tenth = (
        (pl.col("score") * _CALIBRATION_BINS).round(_EXACT - 2).floor().clip(0, last).cast(pl.Int32)
    )
    rows = []
    for (_,), part in solutions.group_by(tenth.alias("tenth")):
        sums = part.group_by("problem_id").agg(
            right=pl.col("is_correct").sum(), n=pl.len().cast(pl.Float64)
        )
        sums = sums.sort("problem_id")
        rate = clustered_rate(sums["right"].to_numpy(), sums["n"].to_numpy())
        if rate.estimate is not None:
            score = part.sort(*_KEY)["score"].mean()
            rows.append((score, rate.estimate, rate.conf_low, rate.conf_high, part.height))
    schema = {
        **dict.fromkeys(("score", "right", "conf_low", "conf_high"), pl.Float64),
        "n_solutions": pl.Int64,
    }
    return pl.DataFrame(rows, schema, orient="row").sort("score")

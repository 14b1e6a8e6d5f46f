"""Whether what is analysed differs from what is left out: verified solutions, problems kept.

Verdicts that are missing at random do no harm. Verdicts that are missing because a solution is
wrong, long or odd bend every figure that rests on them, and no interval shows it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.intervals.difference_intervals import too_few_differ
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.data.pool import Pool

F64 = npt.NDArray[np.float64]

CLEAR: Final = 0.01
"""Level of both tests: of 100 pools where data are missing at random one is accused by each."""
_KEY: Final = ("problem_id", "solution_id")


@dataclass(frozen=True)
class Selection:
    """A comparison of what is analysed with what it stands for, by success at S = 1.

    Attributes:
        rate: Success of what is analysed, a mean over problems.
        other: Success of what it is compared with.
        p_value: Of the hypothesis that both are alike; None where it cannot be tested.
        count: Problems compared (problems kept).
        other_count: The same of the other side (problems set aside).
    """

    rate: float
    other: float
    p_value: float | None
    count: int
    other_count: int

    @property
    def is_clear(self) -> bool:
        """Whether the two differ by more than chance."""
        return self.p_value is not None and self.p_value < CLEAR

    @property
    def tested(self) -> str:
        """The p-value in words."""
        if self.p_value is None:
            return "too few differ to test"
        return f"p = {self.p_value:.2g}" if self.p_value >= 1e-4 else "p < 0.0001"


def verified_selection(verified: pl.DataFrame, answers: pl.DataFrame) -> Selection | None:
    """Compare the verified solutions of each problem with all of its solutions.

    The test is a paired t over the problems with a verified solution. Verdicts that are missing at
    random within a problem leave its expected success as it is, whatever the share that is missing.

    Args:
        verified: Verified solutions: `problem_id`, `is_correct`.
        answers: All solutions, likewise.

    Returns:
        None where all solutions are verified, or none.
    """
    if verified.height in (0, answers.height):
        return None
    rates = [
        frame.group_by("problem_id").agg(pl.col("is_correct").cast(pl.Float64).mean())
        for frame in (verified, answers)
    ]
    held = rates[0].join(rates[1], on="problem_id", how="inner", suffix="_all").sort("problem_id")
    rate, other = held["is_correct"].to_numpy(), held["is_correct_all"].to_numpy()
    difference = rate - other
    tested = difference.size > 1 and not too_few_differ(difference[None])[0]
    return Selection(
        float(rate.mean()),
        float(other.mean()),
        _paired_t(difference) if tested else None,
        difference.size,
        difference.size,
    )


def kept_selection(answers: pl.DataFrame, kept: Collection[str]) -> Selection | None:
    """Compare problems that a grid keeps with those that hold too little for it.

    The test is Welch's t.

    Args:
        answers: All solutions: `problem_id`, `is_correct`.
        kept: Problems that are kept.

    Returns:
        None where every problem with a solution is kept, or none.
    """
    rates = answers.group_by("problem_id").agg(pl.col("is_correct").cast(pl.Float64).mean())
    is_kept = pl.col("problem_id").is_in(list(kept))
    ours = rates.filter(is_kept)["is_correct"].sort().to_numpy()
    theirs = rates.filter(~is_kept)["is_correct"].sort().to_numpy()
    if not ours.size or not theirs.size:
        return None
    p_value = _welch_t(ours, theirs) if min(ours.size, theirs.size) > 1 else None
    return Selection(float(ours.mean()), float(theirs.mean()), p_value, ours.size, theirs.size)


def selection_remarks(pool: Pool, table: SuccessTable) -> list[str]:
    """What to say beside figures whose verdicts or problems are clearly not missing at random.

    Args:
        pool: The pool.
        table: The success table that figures are made of.

    Raises:
        BadInputError: A part is damaged.
    """
    if not table.has_problems:
        return []
    answers = pool.read("answers", (*_KEY, "is_correct"))
    remarks = []
    if table.verifier is not None:
        keys = pool.scan("verdicts", table.verifier).select(_KEY).unique()
        held = answers.filter(pl.col("problem_id").is_in(list(table.problem_ids)))
        verified = held.join(pool.collect(keys, "verdicts"), on=_KEY, how="semi")
        found = verified_selection(verified, held)
        if found is not None and found.is_clear:
            remarks.append(verified_words(found))
    kept = kept_selection(answers, table.problem_ids)
    if kept is not None and kept.is_clear:
        remarks.append(kept_words(kept))
    return remarks


def verified_words(found: Selection) -> str:
    """A clear difference of verified solutions, and what follows."""
    return (
        f"verdicts are not missing at random: verified solutions are right in {found.rate:.1%} of"
        f" the cases, all solutions of the same problems in {found.other:.1%} ({found.tested});"
        " figures with a verifier are bent by it, and no interval shows it (see docs/checking.md)"
    )


def kept_words(found: Selection) -> str:
    """A clear difference of problems that are kept, and what follows."""
    return (
        f"problems are not set aside at random: the {found.count:,} that are left have"
        f" {found.rate:.1%} right solutions, the {found.other_count:,} set aside"
        f" {found.other:.1%} ({found.tested}); figures hold for the former alone"
    )


def _paired_t(difference: F64) -> float | None:
    """Two-sided p-value of a mean of 0."""
    n = difference.size
    spread = float(difference.std(ddof=1))
    if spread <= 0:
        return None
    return _two_sided(float(difference.mean()) / (spread / np.sqrt(n)), n - 1)


def _welch_t(ours: F64, theirs: F64) -> float | None:
    """Two-sided p-value of equal means."""
    parts = np.array([side.var(ddof=1) / side.size for side in (ours, theirs)])
    if parts.sum() <= 0:
        return None
    freedom = parts.sum() ** 2 / np.sum(parts**2 / (np.array([ours.size, theirs.size]) - 1))
    return _two_sided(float((ours.mean() - theirs.mean()) / np.sqrt(parts.sum())), float(freedom))


def _two_sided(t: float, freedom: float) -> float:
    from scipy.special import stdtr  # noqa: PLC0415

    return float(2 * stdtr(freedom, -abs(t)))

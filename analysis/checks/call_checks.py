"""Whether verdicts depend on the call that gave them, as those of shared calls do."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.checks.findings import Check, subject_of
from svlaw.data.pool import Pool
from svlaw.data.schema import Calls

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

_MOST_PROBLEMS: Final = 100
_MOST_SOLUTIONS: Final = 64
_MOST_CALLS: Final = 64
"""Most problems, solutions of each and calls that are looked at, however large the pool."""
_FAR: Final = 5.0
"""Standard errors above 0 from which on verdicts are said to depend on the call."""
_NOTABLE: Final = 0.02
"""Correlation below which such a dependence hardly matters."""
_ALIGNED: Final = 0.5
"""Share of the pairs of a solution and a shared call that should have a verdict."""


@dataclass(frozen=True)
class CallEffect:
    """How far verdicts of the same call on like solutions agree, beyond those of other calls.

    Attributes:
        correlation: Of two solutions' verdicts, call by call, each about its solution's mean.
        z: Its standard errors above 0, which it is where calls are independent.
    """

    correlation: float
    z: float


def call_effect(scores: F64, groups: I64) -> tuple[float, float, float]:
    """Agreement of the rows of one problem, column by column, within groups of like solutions.

    With r_ik the score of call k on solution i less the solution's mean, it sums r_i . r_j over the
    pairs of solutions of a group. Where a verdict depends on its solution alone, any order of a
    solution's verdicts is as likely as another, and then the sum has mean 0 and a known variance:
    for two complete rows of M verdicts |r_i|^2 |r_j|^2 / (M - 1).

    Args:
        scores: (N, M) scores, nan where there is none.
        groups: (N,) group of each solution.

    Returns:
        The sum, its variance under such orders, and the sum of |r_i| |r_j| over the common calls,
        which it would be if the rows were alike.
    """
    held = np.isfinite(scores)
    counts = held.sum(axis=1)
    usable = counts > 1
    scores, held, counts, groups = scores[usable], held[usable], counts[usable], groups[usable]
    means = np.where(held, scores, 0.0).sum(axis=1) / counts
    offsets = np.where(held, scores - means[:, None], 0.0)
    pairs = np.triu(groups[:, None] == groups, 1)
    common = held.astype(float) @ held.T
    variances = (offsets**2).sum(axis=1) / (counts - 1)
    # Over random orders of a row, two of its offsets have the covariance -variance / count.
    inverse = 1 / counts
    spread = common * (1 - inverse[:, None] - inverse) + common**2 * np.outer(inverse, inverse)
    products = offsets @ offsets.T
    scale = np.sqrt(np.outer(variances, variances))
    return (
        float(products[pairs].sum()),
        float((scale**2 * spread)[pairs].sum()),
        float((scale * np.maximum(common - 1, 0))[pairs].sum()),
    )


def measure_calls(
    pool: Pool, verifier: str, answers: pl.DataFrame
) -> tuple[CallEffect | None, F64]:
    """How far verdicts depend on the call, and how full the table of solutions and calls is.

    Rests on some of the problems, solutions and calls of large pools. Like solutions are those of
    the same answer; those with an answer of their own are grouped by whether they are right.

    Args:
        pool: The pool.
        verifier: A verifier with verdicts.
        answers: All answers, as `read_answers` gives them.

    Returns:
        The effect, None where no two like solutions have common calls; and for each problem looked
        at the share of the pairs of a verified solution and a call that have a verdict.

    Raises:
        BadInputError: A part is damaged.
    """
    names = answers["problem_id"].unique().sort()
    step = max(1, -(-names.len() // _MOST_PROBLEMS))
    chosen = names.gather_every(step)
    columns = ("problem_id", "solution_id", "verification_id", "score")
    query = pool.scan("verdicts", verifier).select(columns)
    rows = pool.collect(query.filter(pl.col("problem_id").is_in(chosen.implode())), "verdicts")
    key = ["problem_id", "solution_id"]
    known = rows.join(answers, on=key, how="inner").sort(*key, "verification_id")
    sums, shares = np.zeros(3), []
    for part in known.partition_by("problem_id", maintain_order=True):
        scores, groups, share = _matrix(part)
        sums += call_effect(scores, groups)
        shares.append(share)
    if sums[1] <= 0:
        return None, np.array(shares)
    return CallEffect(float(sums[0] / sums[2]), float(sums[0] / np.sqrt(sums[1]))), np.array(shares)


def check_calls(verifier: str, calls: Calls, effect: CallEffect | None, shares: F64) -> Check:
    """Say whether calls are what the pool says they are.

    Args:
        verifier: The verifier.
        calls: What the pool says.
        effect: How far verdicts depend on the call.
        shares: (P,) filled shares of the problems looked at.
    """
    subject = subject_of("calls", verifier)
    if calls == "shared":
        return _check_shared(subject, effect, shares)
    if effect is None:
        return Check("ok", subject, "independent; no two solutions alike have verdicts to compare")
    words = f"correlation {effect.correlation:.3f}, {effect.z:.1f} standard errors from 0"
    if effect.z >= _FAR and effect.correlation >= _NOTABLE:
        return Check(
            "note",
            subject,
            f"independent by the pool, but verdicts depend on the call far more than chance allows"
            f" ({words}): if a verification_id names one call (a test, an answer of the verifier's"
            " own) that judges every solution, import the pool again with --shared-calls",
        )
    return Check("ok", subject, f"independent, as the verdicts are ({words})")


def _check_shared(subject: str, effect: CallEffect | None, shares: F64) -> Check:
    filled = float(shares.mean()) if shares.size else 0.0
    if filled < _ALIGNED:
        return Check(
            "note",
            subject,
            f"shared by the pool, but only {filled:.1%} of the pairs of a solution and a call have"
            " a verdict: the ids do not name common calls, or most verdicts are missing",
        )
    words = f"shared; {filled:.1%} of the pairs of a solution and a call have a verdict"
    if effect is not None:
        words += f", correlation {effect.correlation:.3f} between solutions"
    return Check("ok", subject, words)


def _matrix(part: pl.DataFrame) -> tuple[F64, I64, float]:
    """Scores of one problem by solution and call, the solutions' groups, and the filled share."""
    solutions, rows = np.unique(part["solution_id"].to_numpy(), return_inverse=True)
    calls, columns = np.unique(part["verification_id"].to_numpy(), return_inverse=True)
    share = part.height / (solutions.size * calls.size)
    scores = np.full((solutions.size, calls.size), np.nan)
    scores[rows, columns] = part["score"].fill_null(float("nan")).to_numpy()
    first = np.unique(rows, return_index=True)[1]
    label = part["answer_class"].fill_null(-1).to_numpy()[first].astype(np.int64)
    right = part["is_correct"].to_numpy()[first].astype(np.int64)
    names, places, sizes = np.unique(label, return_inverse=True, return_counts=True)
    alone = (names[places] < 0) | (sizes[places] < 2)
    groups = np.where(alone, -1 - right, places)
    return scores[:_MOST_SOLUTIONS, :_MOST_CALLS], groups[:_MOST_SOLUTIONS], share

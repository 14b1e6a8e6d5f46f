"""The arrays estimators work on: one problem's solutions and verdict scores, without any text."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.data.pool import Pool

SCORE_UNIT: Final = 1_000_000_000
"""Scores in [0, 1] are held as whole billionths, so that sums are exact and ties are ties."""
UNPARSED: Final = -1
"""Held in place of the score of an unparsed verdict."""
NO_CLASS: Final = -1
"""Held in place of the class of a solution that casts no vote."""


@dataclass(frozen=True)
class ProblemSample:
    """The cached generations of one problem, N solutions with M_j verdicts each.

    Attributes:
        problem_id: The problem.
        classes: (N,) answer class of each solution, `NO_CLASS` where it has none.
        correct: (N,) whether the solution is right.
        missing: (N,) whether the solution failed to give an answer.
        offsets: (N + 1,) where each solution's verdicts begin in `scores`.
        scores: (sum of M_j,) verdict scores in billionths, `UNPARSED` where null.
    """

    problem_id: str
    classes: npt.NDArray[np.int32]
    correct: npt.NDArray[np.bool_]
    missing: npt.NDArray[np.bool_]
    offsets: npt.NDArray[np.int64]
    scores: npt.NDArray[np.int32]

    @property
    def n_solutions(self) -> int:
        """N, the number of solutions."""
        return self.classes.size

    @property
    def n_verdicts(self) -> npt.NDArray[np.int64]:
        """(N,) number of verdicts of each solution, unparsed ones included."""
        return np.diff(self.offsets)

    def n_verified(self, verifications: int) -> int:
        """Number of solutions with at least V verdicts."""
        return int((self.n_verdicts >= verifications).sum())

    @property
    def shares(self) -> npt.NDArray[np.float64]:
        """(number of classes,) share of each class's solutions that are right."""
        voting = self.classes >= 0
        votes = np.bincount(self.classes[voting])
        right = np.bincount(self.classes[voting], weights=self.correct[voting])
        shares: npt.NDArray[np.float64] = right / np.maximum(votes, 1)
        return shares


def verified_only(sample: ProblemSample) -> ProblemSample:
    """The sample without the solutions that have no verdict."""
    kept = sample.n_verdicts > 0
    return ProblemSample(
        problem_id=sample.problem_id,
        classes=_dense(sample.classes[kept]),
        correct=sample.correct[kept],
        missing=sample.missing[kept],
        offsets=np.concatenate(([0], np.cumsum(sample.n_verdicts[kept]))),
        scores=sample.scores,
    )


def load_samples(pool: Pool, verifier: str | None = None) -> list[ProblemSample]:
    """Read a pool's answers, and a verifier's verdicts, as one sample per problem.

    Problems come in order of their id, solutions and verdicts in order of theirs, whatever the
    order of rows in the files. Problems without any solution have N = 0.

    Args:
        pool: A pool with answers.
        verifier: A verifier of the pool; None leaves the verdicts out.

    Raises:
        NotInPoolError: The pool holds no answers, or nothing of that verifier.
    """
    return list(_split(_read_answers(pool), _read_verdicts(pool, verifier), _problem_ids(pool)))


def _problem_ids(pool: Pool) -> list[str]:
    table = "problems" if pool.has("problems") else "answers"
    return sorted(pool.read(table, ("problem_id",))["problem_id"].unique())


def _read_answers(pool: Pool) -> pl.DataFrame:
    columns = ("problem_id", "solution_id", "answer_class", "is_correct", "status")
    return pool.read("answers", columns).sort("problem_id", "solution_id")


def _read_verdicts(pool: Pool, verifier: str | None) -> pl.DataFrame | None:
    if verifier is None:
        return None
    key = ("problem_id", "solution_id", "verification_id")
    frame = pool.read("verdicts", (*key, "score"), verifier).sort(key)
    units = (pl.col("score") * SCORE_UNIT).round().cast(pl.Int32).fill_null(UNPARSED)
    return frame.select("problem_id", "solution_id", units.alias("score"))


def _split(
    answers: pl.DataFrame, verdicts: pl.DataFrame | None, problem_ids: list[str]
) -> Iterator[ProblemSample]:
    missing = (pl.col("status") != "graded") & pl.col("answer_class").is_null()
    counts: pl.DataFrame | None = None
    scores = np.empty(0, np.int32)
    if verdicts is not None:
        counts = verdicts.group_by("problem_id", "solution_id").agg(pl.len().alias("verdicts"))
        scores = verdicts["score"].to_numpy()
        answers = answers.join(
            counts, on=["problem_id", "solution_id"], how="left", maintain_order="left"
        )
    else:
        answers = answers.with_columns(pl.lit(0, pl.UInt32).alias("verdicts"))
    columns = answers.select(
        pl.col("answer_class").fill_null(NO_CLASS).cast(pl.Int32),
        pl.col("is_correct"),
        missing.alias("missing"),
        pl.col("verdicts").fill_null(0).cast(pl.Int64),
    )
    classes = columns["answer_class"].to_numpy()
    correct = columns["is_correct"].to_numpy()
    absent = columns["missing"].to_numpy()
    offsets = np.concatenate(([0], np.cumsum(columns["verdicts"].to_numpy())))
    sizes = dict(answers.group_by("problem_id").len().iter_rows())
    start = 0
    for problem_id in problem_ids:
        stop = start + sizes.get(problem_id, 0)
        first, last = offsets[start], offsets[stop]
        yield ProblemSample(
            problem_id=problem_id,
            classes=_dense(classes[start:stop]),
            correct=correct[start:stop],
            missing=absent[start:stop],
            offsets=offsets[start : stop + 1] - first,
            scores=scores[first:last],
        )
        start = stop


def _dense(classes: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Renumber classes 0, 1, 2, ... so that kernels can index by them."""
    result = np.full(classes.size, NO_CLASS, np.int32)
    voting = classes >= 0
    result[voting] = np.unique(classes[voting], return_inverse=True)[1]
    return result

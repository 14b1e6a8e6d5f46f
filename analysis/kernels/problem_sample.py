"""The arrays estimators work on: one problem's solutions and verdict scores, without any text."""

import hashlib
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from svlaw.analysis.kernels.sample_lengths import SampleLengths

SCORE_UNIT: Final = 1_000_000_000
"""Scores in [0, 1] are held as whole billionths, so that sums are exact and ties are ties."""
UNPARSED: Final = -1
"""Held in place of the score of an unparsed verdict."""
NO_CLASS: Final = -1
"""Held in place of the class of a solution that casts no vote."""

Half = Literal["all", "rating", "analysis"]
"""Which of a problem's solutions: all, those that rate its difficulty, or the others."""
Mask = npt.NDArray[np.bool_]


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
        calls: (sum of M_j,) which of the problem's calls gave each verdict, from 0, where calls are
            shared: each of them judges every solution. None where they are independent.
        n_calls: M, the number of shared calls; 0 where they are independent.
        lengths: Tokens of solutions and verdicts; None where they are not stored or nothing asks
            for them.
        verifier_answers: The verifier's own answers to the problem, in place of solutions; None
            where it gave none or nothing asks for them.
    """

    problem_id: str
    classes: npt.NDArray[np.int32]
    correct: npt.NDArray[np.bool_]
    missing: npt.NDArray[np.bool_]
    offsets: npt.NDArray[np.int64]
    scores: npt.NDArray[np.int32]
    calls: npt.NDArray[np.int32] | None = None
    n_calls: int = 0
    lengths: SampleLengths | None = None
    verifier_answers: "ProblemSample | None" = None

    @property
    def n_solutions(self) -> int:
        """N, the number of solutions."""
        return self.classes.size

    @property
    def n_verifier_answers(self) -> int:
        """Number of the verifier's own answers."""
        return 0 if self.verifier_answers is None else self.verifier_answers.n_solutions

    @property
    def n_verdicts(self) -> npt.NDArray[np.int64]:
        """(N,) number of verdicts of each solution, unparsed ones included."""
        return np.diff(self.offsets)

    @property
    def depths(self) -> npt.NDArray[np.int64]:
        """(N,) largest V that each solution supports, see `supported_depths`."""
        shared = None if self.calls is None else self.n_calls
        return supported_depths(self.n_verdicts, shared)

    def n_verified(self, verifications: int) -> int:
        """Number of solutions that support V."""
        return int((self.depths >= verifications).sum())

    @property
    def shares(self) -> npt.NDArray[np.float64]:
        """(number of classes,) share of each class's solutions that are right."""
        voting = self.classes >= 0
        votes = np.bincount(self.classes[voting])
        right = np.bincount(self.classes[voting], weights=self.correct[voting])
        shares: npt.NDArray[np.float64] = right / np.maximum(votes, 1)
        return shares


def supported_depths(
    n_verdicts: npt.NDArray[np.integer], n_calls: int | None
) -> npt.NDArray[np.int64]:
    """Largest V that each solution of a problem supports.

    With independent calls it is the number of the solution's verdicts. With shared calls it is the
    number of the problem's calls, since a call without a verdict on the solution counts as one that
    was not parsed; a solution without any verdict was not verified and supports none.

    Args:
        n_verdicts: (N,) number of verdicts of each solution.
        n_calls: Number of shared calls; None where they are independent.
    """
    if n_calls is None:
        return n_verdicts.astype(np.int64)
    return np.where(n_verdicts > 0, n_calls, 0).astype(np.int64)


def in_half(half: Half, problem_id: str, solution_ids: npt.NDArray[np.integer], seed: int) -> Mask:
    """Which of a problem's solutions are in a half of them.

    Solutions are ordered by a hash of seed, problem and solution; the first N // 2 are the rating
    half and the others the analysis half. So the split depends neither on the order of rows nor on
    any other problem, and no outcome has a part in it.

    Args:
        half: The half, or `all`.
        problem_id: The problem.
        solution_ids: (N,) its solutions.
        seed: Seed of the split.

    Source:
        The hash is the finalizer of splitmix64 (Steele, Lea and Flood 2014) over a counter that a
        cryptographic digest of seed and problem offsets.
    """
    n = solution_ids.size
    if half == "all":
        return np.ones(n, np.bool_)
    digest = hashlib.blake2b(f"halves\0{seed}\0{problem_id}".encode(), digest_size=8).digest()
    offset = np.frombuffer(digest, "<u8")
    bits = offset + solution_ids.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    bits ^= bits >> np.uint64(31)
    rating = np.zeros(n, np.bool_)
    rating[np.argsort(bits)[: n // 2]] = True
    return rating if half == "rating" else ~rating


def subset(sample: ProblemSample, kept: Mask) -> ProblemSample:
    """The sample with some of its solutions only; it keeps all calls.

    Args:
        sample: The problem.
        kept: (N,) which solutions to keep.
    """
    sizes = sample.n_verdicts
    rows = np.repeat(kept, sizes)
    return ProblemSample(
        problem_id=sample.problem_id,
        classes=dense_classes(sample.classes[kept]),
        correct=sample.correct[kept],
        missing=sample.missing[kept],
        offsets=np.concatenate(([0], np.cumsum(sizes[kept]))),
        scores=sample.scores[rows],
        calls=None if sample.calls is None else sample.calls[rows],
        n_calls=sample.n_calls,
        lengths=None if sample.lengths is None else sample.lengths.subset(kept, sizes),
        verifier_answers=sample.verifier_answers,
    )


def dense_classes(classes: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Renumber classes 0, 1, 2, ... so that kernels can index by them."""
    result = np.full(classes.size, NO_CLASS, np.int32)
    voting = classes >= 0
    result[voting] = np.unique(classes[voting], return_inverse=True)[1]
    return result

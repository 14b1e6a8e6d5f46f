"""How far success on these very problems would move if their solutions were sampled again."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class SamplingNoise:
    """What two random halves of every problem's solutions differ by.

    Problem, model and verifier are the same in both halves, so the difference is noise of sampling
    alone. With h1 and h2 the success of a problem on the halves, (h1 - h2)^2 / 4 estimates the
    variance of (h1 + h2) / 2, and is at least that of the success on all solutions.

    Attributes:
        deviations: (points, problems) (h1 - h2) / 2; nan at points that a half is too small for.
        unseen: (points,) variance added to the sum over problems, 2 (S / N)^2: that of two
            problems in which one solution of N decides. It rules where the halves agree exactly.
    """

    deviations: F64
    unseen: F64

    @property
    def known(self) -> Mask:
        """(points,) which points the halves are large enough for."""
        return np.asarray(np.isfinite(self.deviations).all(axis=1))

    def at(self, points: npt.NDArray[np.integer] | Mask) -> "SamplingNoise":
        """The noise at some of the points."""
        return SamplingNoise(self.deviations[points], self.unseen[points])

    def of(self, problems: Mask) -> "SamplingNoise":
        """The noise of some of the problems."""
        return SamplingNoise(self.deviations[:, problems], self.unseen)

    def less(self, other: "SamplingNoise") -> "SamplingNoise":
        """The noise of the difference of two points, row by row: common noise falls out."""
        unseen = np.maximum(self.unseen, other.unseen)
        return SamplingNoise(self.deviations - other.deviations, unseen)

    def means(self, mean: F64, count: int, seed: int) -> F64:
        """Mean success as other samples of the same problems might have given it.

        Every problem's deviation is added or subtracted at random, at all points alike (a wild
        bootstrap), so that points keep the correlation of their noise.

        Args:
            mean: (points,) mean success.
            count: B, how often.
            seed: Seed of the signs.

        Returns:
            (points, B) means; nan at points without deviations.

        Source:
            Wu 1986, Jackknife, bootstrap and other resampling methods in regression analysis.
        """
        P = self.deviations.shape[1]
        signs = np.random.default_rng([seed, 0x5161]).choice([-1.0, 1.0], (P, count))
        means: F64 = mean[:, None] + self.deviations @ signs / P
        return means

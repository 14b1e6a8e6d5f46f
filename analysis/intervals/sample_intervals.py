"""Intervals of "these problems, sampled again": the noise of solutions and verdicts alone."""

import numpy as np
import numpy.typing as npt

from svlaw.analysis.intervals.interval import LEVEL
from svlaw.analysis.success.sampling_noise import SamplingNoise

F64 = npt.NDArray[np.float64]


def sample_intervals(means: F64, noise: SamplingNoise, least: float = 0.0) -> tuple[F64, F64]:
    """Intervals of mean success, or of mean differences, over these very problems.

    With d the deviation of a problem, (h1 - h2) / 2, and u what is added as unseen,

        variance    v = (sum d^2 + u) / P^2
        freedom     f = 3 (sum d^2 + u)^2 / sum d^4, from 2 to P
        interval    mean -+ t(f) sqrt(v).

    f is Satterthwaite's for a sum of squares whose sizes differ: a few problems that carry all of
    the noise tell little about it.

    Args:
        means: (n,) mean success or mean differences.
        noise: Noise at the n points, or of the n differences.
        least: The least a figure can be: 0 for success, -1 for differences.

    Returns:
        Lower and upper ends, two arrays (n,); nan where the noise is unknown.

    Source:
        Satterthwaite 1946, An approximate distribution of estimates of variance components.
    """
    from scipy.special import stdtrit  # noqa: PLC0415

    P = noise.deviations.shape[1]
    squares = np.square(noise.deviations)
    total, fourth = squares.sum(axis=1) + noise.unseen, np.square(squares).sum(axis=1)
    freedom = np.divide(3 * total**2, fourth, out=np.full_like(total, P), where=fourth > 0)
    freedom = np.clip(freedom, 2, max(P, 2))
    half = stdtrit(freedom, (1 + LEVEL) / 2) * np.sqrt(total) / P
    low: F64 = np.where(noise.known, np.clip(means - half, least, 1.0), np.nan)
    high: F64 = np.where(noise.known, np.clip(means + half, least, 1.0), np.nan)
    return low, high

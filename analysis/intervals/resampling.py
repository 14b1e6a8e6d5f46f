"""Resampling problems, the sampling unit; comparisons share their resamples."""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from svlaw.analysis.intervals.interval import LEVEL, Interval, reached
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.data.errors import BadInputError

F64 = npt.NDArray[np.float64]

DEFAULT_RESAMPLES: Final = 2000


@dataclass(frozen=True)
class Resamples:
    """Resampled sets of problems, the same for all that is computed from them.

    Attributes:
        weights: (B, P) share of each problem in each resample.
        drawn: (B, G) share of each unit that was drawn: of families where problems come in
            families; None where problems are the units.
    """

    weights: F64
    drawn: F64 | None = None

    @property
    def count(self) -> int:
        """B."""
        return int(self.weights.shape[0])

    def means(self, table: SuccessTable) -> F64:
        """(points, B) mean success of every point in each resample."""
        means: F64 = table.success @ self.weights.T
        return means

    def intervals(self, estimates: F64, resampled: F64) -> tuple[F64, F64]:
        """Bias-corrected and accelerated intervals (BCa) of figures computed on each resample.

        With z0 the normal quantile of the share of resampled figures below the estimate and a the
        acceleration, the ends are the resampled figures of ranks Phi(z0 + (z0 + z) / (1 - a (z0 +
        z))) at z = -1.96 and 1.96. The acceleration is a sixth of the skewness of the problems'
        influence, which is estimated by the covariance of weights and normal scores of the
        figures; so no figure has to be computed without each problem in turn, and infinite ones,
        "never", are ranked as such.

        Args:
            estimates: (n,) figures from all problems.
            resampled: (n, B) the same in each resample.

        Returns:
            Two arrays (n,).

        Source:
            Efron 1987, Better Bootstrap Confidence Intervals; Efron 2014, Estimation and Accuracy
            After Model Selection, for the influence.
        """
        # Imported here, as below, because scipy.special takes a while and most commands wait.
        from scipy.special import ndtr, ndtri  # noqa: PLC0415

        B = self.count
        ordered = np.sort(resampled, axis=1)
        below = _midranks(ordered, estimates[:, None])[:, 0]
        z0 = ndtri(np.clip(below / B, 1 / (B + 1), B / (B + 1)))
        acceleration = self._acceleration(resampled, ordered)
        ends = []
        for z in (_z(-1), _z(1)):
            stretch = np.maximum(1 - acceleration * (z0 + z), 1e-3)
            share = ndtr(z0 + (z0 + z) / stretch)
            ranks = np.clip(np.ceil(B * share).astype(int) - 1, 0, B - 1)
            ends.append(np.take_along_axis(ordered, ranks[:, None], axis=1)[:, 0])
        return ends[0], ends[1]

    def interval(self, estimate: float, resampled: F64) -> Interval:
        """The interval of one figure that may be infinite ("never") or nan ("undefined").

        Undefined resamples count as never.
        """
        seen = np.where(np.isnan(resampled), np.inf, resampled)
        value = np.array([np.inf if np.isnan(estimate) else estimate])
        low, high = (float(end[0]) for end in self.intervals(value, seen[None]))
        return replace(
            reached(estimate),
            conf_low=low if np.isfinite(low) else None,
            conf_high=high if np.isfinite(high) else None,
            never=float(np.mean(~np.isfinite(seen))),
        )

    def _acceleration(self, resampled: F64, ordered: F64) -> F64:
        """(n,) acceleration of each figure."""
        from scipy.special import ndtri  # noqa: PLC0415

        scores = ndtri(_midranks(ordered, resampled) / self.count)
        units = self.weights if self.drawn is None else self.drawn
        influence = scores @ (units - units.mean(axis=0))
        influence -= influence.mean(axis=1, keepdims=True)
        spread = (influence**2).sum(axis=1)
        skew = (influence**3).sum(axis=1)
        result: F64 = np.divide(skew, 6 * spread**1.5, out=np.zeros_like(skew), where=spread > 0)
        return result


def resample(table: SuccessTable, count: int, seed: int) -> Resamples | None:
    """Draw problems with replacement, as many as there are, B times.

    Where problems come in families (`SuccessTable.clusters`), whole families are drawn, as many as
    there are, and all their problems count alike; so resamples differ in size.

    Args:
        table: The success table.
        count: B, the number of resamples; 0 for none.
        seed: Seed of the draws.

    Returns:
        None for a published table, a single problem or family, which varies with nothing, or
        when B is 0.

    Raises:
        BadInputError: B is negative or too small for an interval.
    """
    if count and count < 40:
        raise BadInputError(f"resamples = {count}: use at least 40 (or 0 for no intervals)")
    n = table.n_units
    if not table.has_problems or n < 2 or not count:
        return None
    rng = np.random.default_rng([seed, 0x5EED])
    counts = rng.multinomial(n, np.full(n, 1 / n), size=count)
    if table.clusters is None:
        return Resamples(counts / n)
    weights = counts[:, table.clusters].astype(float)
    weights /= weights.sum(axis=1, keepdims=True)
    return Resamples(weights, counts / n)


def _midranks(ordered: F64, values: F64) -> F64:
    """Rank of values among those of a row, half a tie below; from 0.5 on for a row's own."""
    return np.stack(
        [
            (np.searchsorted(row, v, "left") + np.searchsorted(row, v, "right")) / 2
            for row, v in zip(ordered, values, strict=True)
        ]
    )


def _z(sign: int) -> float:
    from scipy.special import ndtri  # noqa: PLC0415

    return float(sign * ndtri((1 + LEVEL) / 2))


def percentile_interval(values: F64) -> tuple[F64, F64]:
    """Lower and upper end of the percentile interval along the last axis.

    The ends are values of the data, with 2.5% of them below the one and above the other. For
    figures that jump as the resample changes, such as where a maximum lies, it keeps its coverage
    where the bias correction of `Resamples.intervals` does not.
    """
    n = values.shape[-1]
    outside = math.floor(n * (1 - LEVEL) / 2 + 1e-9)
    ranks = [outside, n - 1 - outside]
    ordered = np.partition(values, ranks, axis=-1)
    return ordered[..., ranks[0]], ordered[..., ranks[1]]

"""Maximum-likelihood fits of pass-rate distributions, many weightings of the problems at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from svlaw.fit.pass_rates.distributions import MODELS, Model, Pairs

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
_Evaluate = Callable[[F64, F64], tuple[F64, F64]]

INFLATION_RATIO: Final = 2.71
"""Twice the gain in log-likelihood from which zero inflation is believed.

Without inflation its share lies on the edge of its range, so that twice the gain is 0 half of the
time and chi-squared with one degree of freedom otherwise (Self and Liang 1987): 2.71 is exceeded
in 5% of the cases.
"""

_STEPS: Final = 60
_TRIALS: Final = 8
_LONGEST: Final = 2.0
"""Longest step in a parameter."""
_PROBE: Final = 1e-4
_TOLERANCE: Final = 1e-5
"""Gain in log-likelihood that ends a fit, far below what one problem says."""
_LEAST_CURVATURE: Final = 1e-3
_LEAST_SHARE: Final = 0.05
"""Share of zeros that fits start from at least: at none, the family alone may be a maximum."""


@dataclass(frozen=True)
class RateFits:
    """Every model fitted to each of B weightings, and which of them to use.

    Attributes:
        parameters: (B, K) parameters of each model, by name.
        log_likelihoods: (B, M) in the order of MODELS.
        chosen: (B,) which model, by `choose`.
    """

    parameters: Mapping[str, F64]
    log_likelihoods: F64
    chosen: I64

    def misses(self, solutions: npt.ArrayLike) -> F64:
        """(B, J) E[(1 - p)^k] by the model chosen for each weighting."""
        k = np.atleast_1d(np.asarray(solutions, float))
        result = np.empty((self.chosen.size, k.size))
        for place, model in enumerate(MODELS):
            mine = self.chosen == place
            if mine.any():
                result[mine] = model.misses(self.parameters[model.name][mine], k)
        return result

    def row(self, place: int) -> "RateFits":
        """The fit to one of the weightings."""
        one = slice(place, place + 1)
        parameters = {name: theta[one] for name, theta in self.parameters.items()}
        return RateFits(parameters, self.log_likelihoods[one], self.chosen[one])

    def repeat(self, times: int) -> dict[str, F64]:
        """Parameters to start from, those of each weighting so many times in a row."""
        return {name: np.repeat(theta, times, axis=0) for name, theta in self.parameters.items()}


def fit_rates(pairs: Pairs, weights: F64, start: Mapping[str, F64] | None = None) -> RateFits:
    """Fit every model to every weighting of the problems.

    Args:
        pairs: U pairs of N and c.
        weights: (B, U) number of problems of each pair.
        start: (B, K) parameters to start from, by model; from several starts when None.
    """
    fitted = [_fit_model(model, pairs, weights, start) for model in MODELS]
    likelihoods = np.stack([value for _, value in fitted], axis=1)
    parameters = {model.name: theta for model, (theta, _) in zip(MODELS, fitted, strict=True)}
    return RateFits(parameters, likelihoods, choose(likelihoods))


def choose(log_likelihoods: F64) -> I64:
    """Which model to use.

    Beta and Kumaraswamy have equally many parameters, so the likelier one has the lower AIC. Zero
    inflation has to raise twice the log-likelihood by INFLATION_RATIO, more than the 2 of AIC.

    Args:
        log_likelihoods: (B, M) in the order of MODELS.

    Returns:
        (B,) places in MODELS.
    """
    penalties = np.array([INFLATION_RATIO / 2 if model.zero_inflated else 0.0 for model in MODELS])
    chosen: I64 = (log_likelihoods - penalties).argmax(axis=1)
    return chosen


def _fit_model(
    model: Model, pairs: Pairs, weights: F64, start: Mapping[str, F64] | None
) -> tuple[F64, F64]:
    if start is not None:
        theta = start[model.name].copy()
        theta[:, 2:] = np.maximum(theta[:, 2:], _LEAST_SHARE)
        return maximise(model, pairs, weights, theta)
    starts = model.starts
    n, B = len(starts), len(weights)
    theta, value = maximise(model, pairs, np.repeat(weights, n, axis=0), np.tile(starts, (B, 1)))
    best = value.reshape(B, n).argmax(axis=1) + n * np.arange(B)
    return theta[best], value[best]


def maximise(model: Model, pairs: Pairs, weights: F64, theta: F64) -> tuple[F64, F64]:
    """Climb to the nearest maximum of the likelihood, each row by Newton's method.

    Curvature comes from differences of the exact gradient; directions that curve upwards are
    followed uphill as if they curved down. A step that does not gain is quartered.

    Args:
        model: The model.
        pairs: U pairs of N and c.
        weights: (B, U) number of problems of each pair.
        theta: (B, K) where to start.

    Returns:
        (B, K) parameters and (B,) log-likelihoods.
    """

    def evaluate(theta: F64, weights: F64) -> tuple[F64, F64]:
        value, gradient = model.log_likelihoods(theta, pairs)
        return (weights * value).sum(axis=1), np.einsum("bu,buk->bk", weights, gradient)

    theta = np.clip(theta, model.low, model.high)
    value, gradient = evaluate(theta, weights)
    live = np.arange(len(theta))
    for _ in range(_STEPS):
        step, gain = _newton_step(model, theta[live], gradient[live], weights[live], evaluate)
        live, step = live[gain >= _TOLERANCE], step[gain >= _TOLERANCE]
        pending = np.arange(live.size)
        for trial in range(_TRIALS):
            rows = live[pending]
            further = np.clip(theta[rows] + step[pending] / 4**trial, model.low, model.high)
            risen, slope = evaluate(further, weights[rows])
            better = risen > value[rows]
            theta[rows[better]], value[rows[better]] = further[better], risen[better]
            gradient[rows[better]] = slope[better]
            pending = pending[~better]
            if not pending.size:
                break
        live = np.delete(live, pending)
        if not live.size:
            break
    return theta, value


def _newton_step(
    model: Model, theta: F64, slope: F64, weights: F64, evaluate: _Evaluate
) -> tuple[F64, F64]:
    """(B, K) steps uphill and (B,) what they promise to gain."""
    unit = np.eye(model.n_parameters)
    curvature = np.stack(
        [(evaluate(theta + _PROBE * each, weights)[1] - slope) / _PROBE for each in unit], axis=1
    )
    stopped = ((theta <= model.low) & (slope < 0)) | ((theta >= model.high) & (slope > 0))
    slope = np.where(stopped, 0.0, slope)
    curvature = (curvature + curvature.transpose(0, 2, 1)) / 2
    curvature[stopped[:, :, None] | stopped[:, None, :]] = 0.0
    values, vectors = np.linalg.eigh(curvature)
    steepness = np.maximum(np.abs(values), _LEAST_CURVATURE)
    along = np.einsum("bji,bj->bi", vectors, slope) / steepness
    step = np.einsum("bij,bj->bi", vectors, along)
    gain = (step * slope).sum(axis=1) / 2
    longest = np.abs(step).max(axis=1, initial=0.0)
    return step * np.minimum(1, _LONGEST / np.maximum(longest, 1e-12))[:, None], gain

"""Least squares for one form of success surface, and cross-validation between forms."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from svlaw.fit.surfaces.forms import Form, logit

F64 = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

LEAST_PROBLEMS: Final = 10
"""Fewest problems whose folds are of problems; below, folds are of points."""

_PULL: Final = 2e-3
"""Success that a step of 1 in a parameter away from where fits start costs; see `fit_form`."""
_LEAST_VARIANCE: Final = 0.1
"""Points vary at least by this share of the average variance, so that none takes all the weight."""
_SHRINKAGE: Final = 0.05
"""Shrinkage of the covariance towards its diagonal where cross-validation scores with it."""
_PROBLEM_FOLDS, _PROBLEM_ROUNDS = 5, 10
_POINT_FOLDS, _POINT_ROUNDS = 10, 3
_EVALUATIONS: Final = 300
_TOLERANCE: Final = 1e-7
_CONVERGED: Final = (1, 2, 3, 4)
"""Codes by which MINPACK says that a fit ended by itself."""


@dataclass(frozen=True)
class Points:
    """What a form is fitted to.

    Attributes:
        solutions: (n,) S.
        verifications: (n,) V.
        success: (n,) mean success.
        weights: (n,) factors of the residuals.
    """

    solutions: F64
    verifications: F64
    success: F64
    weights: F64

    def of(self, success: F64) -> "Points":
        """The same points with another success."""
        return Points(self.solutions, self.verifications, success, self.weights)

    def some(self, mask: Mask) -> "Points":
        """Some of the points."""
        return Points(
            self.solutions[mask], self.verifications[mask], self.success[mask], self.weights[mask]
        )


@dataclass(frozen=True)
class FormFit:
    """A fitted form.

    Attributes:
        form: The form.
        theta: (K,) its parameters.
        loss: Half the sum of squares minimised.
        converged: Whether the fit ended by itself.
    """

    form: Form
    theta: F64
    loss: float
    converged: bool

    def residual(self, points: Points) -> float:
        """Root mean square of fitted less measured success, unweighted."""
        return float(np.sqrt(np.mean(self.errors(points) ** 2)))

    def errors(self, points: Points) -> F64:
        """(n,) fitted less measured success."""
        fitted = self.form.success(self.theta, points.solutions, points.verifications)
        result: F64 = fitted - points.success
        return result


def precision_weights(success: F64) -> F64:
    """(n,) inverse standard errors of the points' means over problems, of mean square 1.

    Args:
        success: (n, problems) success; weights are equal without problems to compare.
    """
    if success.shape[1] < 2:
        return np.ones(success.shape[0])
    variance = success.var(axis=1, ddof=1)
    if not variance.any():
        return np.ones(variance.size)
    weights = 1 / np.sqrt(np.maximum(variance, _LEAST_VARIANCE * variance.mean()))
    result: F64 = weights / np.sqrt(np.mean(weights**2))
    return result


def fit_form(form: Form, points: Points, start: F64) -> FormFit:
    """Fit a form from one start by Levenberg-Marquardt.

    Where the points leave a parameter open (the rate at which something saturates that never does),
    a faint pull towards the starts settles it: a step of 1 costs as much as 0.2 points of success
    at one of the points.

    Args:
        form: The form.
        points: What to fit to.
        start: (K,) parameters to start from.
    """
    # Imported here because it takes a third of a second that other commands need not wait for.
    from scipy.optimize import leastsq  # noqa: PLC0415

    S, V, y, w = points.solutions, points.verifications, points.success, points.weights
    centre = np.mean(form.starts, axis=0)
    pulls = np.eye(start.size)[1:] * _PULL

    def residuals(theta: F64) -> F64:
        return np.concatenate([w * (form.success(theta, S, V) - y), _PULL * (theta[1:] - centre)])

    def jacobian(theta: F64) -> F64:
        return np.concatenate([w[:, None] * form.jacobian(theta, S, V), pulls])

    # Of SciPy's ways to call MINPACK the one that adds least to it: there are thousands of fits.
    theta, _, details, _, status = leastsq(
        residuals,
        start,
        Dfun=jacobian,
        full_output=True,
        ftol=_TOLERANCE,
        xtol=_TOLERANCE,
        gtol=1e-12,
        maxfev=_EVALUATIONS,
    )
    loss = 0.5 * float(details["fvec"] @ details["fvec"])
    return FormFit(form, theta, loss, status in _CONVERGED and bool(np.isfinite(theta).all()))


def fit_from_starts(form: Form, points: Points) -> FormFit:
    """The best fit from all starts of the form, the first of equals; converged ones come first."""
    first = points.success[points.solutions == points.solutions.min()].mean()
    level = float(logit(np.clip(first, 1e-3, 1 - 1e-3)))
    found = [fit_form(form, points, np.array([level, *start])) for start in form.starts]
    return min(found, key=lambda fit: (not fit.converged, fit.loss))


@dataclass(frozen=True)
class _Split:
    """One fold: what is fitted, what it is scored on, and (m, m) the metric of its errors."""

    fitted: Points
    held_out: Points
    metric: F64


def cross_validate(
    fits: list[FormFit], points: Points, success: F64, seed: int
) -> dict[str, float]:
    """Error of each form on what it was not fitted to, by name, all forms on the same folds.

    Five folds of the problems, ten times: the mean of four fifths is fitted, from where the fit to
    all is, and scored on the mean of the others by the root mean square of the errors in the metric
    of their covariance. Below 10 problems, or where problems do not differ: ten folds of the points
    beyond the smallest S, three times, scored in success.

    Args:
        fits: The forms, fitted to all.
        points: All points.
        success: (n, problems) success behind their means.
        seed: Seed of the folds.
    """
    rng = np.random.default_rng([seed, 0xF01D])
    by_problems = success.shape[1] >= LEAST_PROBLEMS and bool(success.var(axis=1).any())
    draw = _problem_splits if by_problems else _point_splits
    splits = list(draw(points, success, rng))
    return {fit.form.name: _score(fit, splits) for fit in fits}


def _problem_splits(points: Points, success: F64, rng: np.random.Generator) -> Iterator[_Split]:
    n = success.shape[1]
    whitening = _whitening(success)
    for _ in range(_PROBLEM_ROUNDS):
        order = rng.permutation(n)
        for fold in range(_PROBLEM_FOLDS):
            held = np.zeros(n, np.bool_)
            held[order[fold::_PROBLEM_FOLDS]] = True
            fitted = points.of(success[:, ~held].mean(axis=1))
            scored = points.of(success[:, held].mean(axis=1))
            yield _Split(fitted, scored, whitening * np.sqrt(held.sum()))


def _point_splits(points: Points, success: F64, rng: np.random.Generator) -> Iterator[_Split]:
    drawn = np.flatnonzero(points.solutions > points.solutions.min())
    folds = min(_POINT_FOLDS, drawn.size)
    for _ in range(_POINT_ROUNDS):
        order = rng.permutation(drawn)
        for fold in range(folds):
            held = np.zeros(points.solutions.size, np.bool_)
            held[order[fold::folds]] = True
            yield _Split(points.some(~held), points.some(held), np.eye(int(held.sum())))


def _whitening(success: F64) -> F64:
    """(n, n) matrix that makes errors of one problem's success uncorrelated, of variance 1.

    The covariance of many points over fewer problems is singular, hence shrunk to its diagonal.
    """
    covariance = np.cov(success)
    variance = np.maximum(np.diag(covariance), 1e-3 * np.diag(covariance).mean())
    shrunk = (1 - _SHRINKAGE) * covariance + _SHRINKAGE * np.diag(variance)
    result: F64 = np.linalg.inv(np.linalg.cholesky(shrunk))
    return result


def _score(fit: FormFit, splits: list[_Split]) -> float:
    squares = []
    for split in splits:
        errors = fit_form(fit.form, split.fitted, fit.theta).errors(split.held_out)
        squares.append(float(np.mean((split.metric @ errors) ** 2)))
    return float(np.sqrt(np.mean(squares)))

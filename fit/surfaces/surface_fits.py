"""The parametric success surface of a strategy: fitted, chosen by cross-validation, refitted."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.success.success_table import SuccessTable
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.schema import VERIFIED
from svlaw.fit.surfaces.folds import (
    FormFit,
    Points,
    cross_validate,
    fit_form,
    fit_from_starts,
    precision_weights,
)
from svlaw.fit.surfaces.forms import FORMS, Form

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Status = Literal["ok", "poor_fit", "not_converged", "too_few_points"]

POOR_FIT: Final = 0.01
"""Residual above which a surface is not to be believed: one percentage point."""
SURFACE_WORDS: Final[dict[str, str]] = {
    "ok": "",
    "poor_fit": "no surface comes within a percentage point of the measured success: trust the"
    " envelope, or generate verdicts for more problems",
    "not_converged": "no surface could be fitted from any start: generate more problems, solutions"
    " and verifications",
    "too_few_points": "too few points for a surface, which takes at least three values of S and"
    " three of V: generate more solutions and verifications",
}

MOST_SOLUTIONS: Final = 13
MOST_VERIFICATIONS: Final = 10
"""Most values of S and of V fitted to; a denser grid only repeats what its neighbours say."""
LEAST_VALUES: Final = 3
"""Fewest values of S, and of V: two cannot tell a curve from a line."""


@dataclass(frozen=True)
class SurfaceFit:
    """The success surface of a strategy.

    Attributes:
        strategy: The strategy.
        form: Name of the form chosen, one of `surface_forms.FORMS`; empty with too few points.
        parameters: Its parameters by name; positive ones are held as logs.
        residual: Root mean square of fitted less measured success over the points; nan without.
        cv: One row per form: `form`, `n_parameters`, `residual`, `cv_error` (see `cross_validate`;
            null where there is nothing to compare), `status`.
        n_points: Points fitted to.
        n_problems: Number of problems; None for a published table.
        status: `ok`; `poor_fit` (a residual above one point); `not_converged`; `too_few_points`.
        seed: Seed of the folds.
        rows: (n_points,) rows of the success table fitted to.
        solutions: (n_points,) their S.
        verifications: (n_points,) their V.
        weights: (n_points,) weights of their residuals, of mean square 1.
    """

    strategy: str
    form: str
    parameters: dict[str, float]
    residual: float
    cv: pl.DataFrame
    n_points: int
    n_problems: int | None
    status: Status
    seed: int
    rows: I64
    solutions: F64
    verifications: F64
    weights: F64

    @property
    def theta(self) -> F64:
        """(K,) parameters; none with too few points."""
        return np.array(list(self.parameters.values()), float)

    def predict(self, solutions: npt.ArrayLike, verifications: npt.ArrayLike) -> F64:
        """Success at real S and V of at least 1, broadcast; nan with too few points."""
        S, V = np.asarray(solutions, float), np.asarray(verifications, float)
        if not self.form:
            return np.full(np.broadcast_shapes(S.shape, V.shape), np.nan)
        return form_named(self.form).success(self.theta, S, V)


def form_named(name: str) -> Form:
    """The form of a name.

    Raises:
        BadInputError: There is none.
    """
    for form in FORMS:
        if form.name == name:
            return form
    raise BadInputError(f"unknown surface '{name}'; use {', '.join(f.name for f in FORMS)}")


def fit_surface(
    table: SuccessTable,
    strategy: str,
    *,
    seed: int = 0,
    rows: Mask | None = None,
    form: str | None = None,
) -> SurfaceFit:
    """Fit every form to the mean success of a strategy and choose one by cross-validation.

    A fit minimises sum (w (f(S, V) - success))^2 over at most 130 points, log-spaced in S and V,
    from several starts; w is the inverse of the point's standard error over problems. The form with
    the lowest error on held-out problems (`cross_validate`) is chosen. docs/surfaces.md has the
    evidence for both.

    Args:
        table: The success table.
        strategy: A strategy with a verifier.
        seed: Seed of the folds.
        rows: (points,) rows of the table to use; all when None.
        form: Fit only the form of this name.

    Raises:
        BadInputError: There is no such form, or the strategy has no verifier.
        NotInPoolError: The table has no figure of the strategy.
    """
    forms = FORMS if form is None else (form_named(form),)
    kept = _choose_rows(table, strategy, rows)
    S = table.points["solutions"].to_numpy()[kept].astype(float)
    V = table.points["verifications"].to_numpy()[kept].astype(float)
    success = table.success[kept]
    points = Points(S, V, success.mean(axis=1), precision_weights(success))
    enough = min(np.unique(S).size, np.unique(V).size) >= LEAST_VALUES
    fits = [
        fit_from_starts(each, points)
        for each in forms
        if enough and S.size >= each.n_parameters + 2
    ]
    settled = [fit for fit in fits if fit.converged]
    errors = cross_validate(settled, points, success, seed) if len(settled) > 1 else {}
    chosen = _choose(fits, settled, errors)
    parameters = {} if chosen is None else _named(chosen)
    return SurfaceFit(
        strategy=strategy,
        form="" if chosen is None else chosen.form.name,
        parameters=parameters,
        residual=np.nan if chosen is None else chosen.residual(points),
        cv=_comparison(forms, fits, points, errors),
        n_points=S.size,
        n_problems=table.n_problems or None,
        status=_status(chosen, points),
        seed=seed,
        rows=kept,
        solutions=S,
        verifications=V,
        weights=points.weights,
    )


def resampled_parameters(surface: SurfaceFit, means: F64) -> F64:
    """Refit the form of a surface to many means, each from where the surface is.

    Args:
        surface: The surface.
        means: (points, B) mean success of every point of its table, in each resample.

    Returns:
        (K, B) parameters; nan where a refit does not converge. K is 0 with too few points.
    """
    result = np.full((len(surface.parameters), means.shape[1]), np.nan)
    if not surface.form:
        return result
    form, theta = form_named(surface.form), surface.theta
    columns = np.ascontiguousarray(means[surface.rows].T)
    for b, success in enumerate(columns):
        if np.isfinite(success).all():
            points = Points(surface.solutions, surface.verifications, success, surface.weights)
            found = fit_form(form, points, theta)
            if found.converged:
                result[:, b] = found.theta
    return result


def predict_resampled(
    surface: SurfaceFit, parameters: F64, solutions: npt.ArrayLike, verifications: npt.ArrayLike
) -> F64:
    """Success of every refitted surface.

    Args:
        surface: The surface.
        parameters: (K, B) from `resampled_parameters`.
        solutions: (n,) S, or one for all.
        verifications: (n,) V, likewise.

    Returns:
        (n, B); nan where the refit failed.
    """
    S, V = np.broadcast_arrays(
        np.atleast_1d(np.asarray(solutions, float)), np.atleast_1d(np.asarray(verifications, float))
    )
    if not surface.form:
        return np.full((S.size, parameters.shape[1]), np.nan)
    return form_named(surface.form).success(parameters, S[:, None], V[:, None])


def _choose_rows(table: SuccessTable, strategy: str, rows: Mask | None) -> I64:
    """Rows of the strategy at log-spaced S and V, by S and then V."""
    if strategy not in VERIFIED:
        raise BadInputError(f"no surface for {strategy}: use {' or '.join(VERIFIED)}")
    mask = (table.points["strategy"] == strategy).to_numpy()
    mask &= np.isfinite(table.success).all(axis=1)
    if not mask.any():
        raise NotInPoolError(f"there are no figures for {strategy}")
    if rows is not None:
        mask &= rows
    S, V = table.points["solutions"].to_numpy(), table.points["verifications"].to_numpy()
    mask &= np.isin(S, _log_spaced(S[mask], MOST_SOLUTIONS))
    mask &= np.isin(V, _log_spaced(V[mask], MOST_VERIFICATIONS))
    kept = np.flatnonzero(mask)
    order: I64 = kept[np.lexsort((V[kept], S[kept]))]
    return order


def _log_spaced(values: npt.NDArray[np.int32], most: int) -> npt.NDArray[np.int32]:
    """At most so many of the values, about log-spaced, the first and the last among them."""
    held = np.unique(values)
    if held.size <= most:
        return held
    logs = np.log(held)
    wanted = np.linspace(logs[0], logs[-1], most)
    kept: npt.NDArray[np.int32] = held[np.unique(np.abs(logs - wanted[:, None]).argmin(axis=1))]
    return kept


def _choose(
    fits: list[FormFit], settled: list[FormFit], errors: dict[str, float]
) -> FormFit | None:
    """The least error on what was held out; without such errors, the least loss."""
    if errors:
        return min(settled, key=lambda fit: errors[fit.form.name])
    return min(settled or fits, key=lambda fit: fit.loss, default=None)


def _named(fit: FormFit) -> dict[str, float]:
    return dict(zip(fit.form.parameters, fit.theta.tolist(), strict=True))


def _status(fit: FormFit | None, points: Points) -> Status:
    if fit is None:
        return "too_few_points"
    if not fit.converged:
        return "not_converged"
    return "poor_fit" if fit.residual(points) > POOR_FIT else "ok"


def _comparison(
    forms: tuple[Form, ...], fits: list[FormFit], points: Points, errors: dict[str, float]
) -> pl.DataFrame:
    """One row per form tried."""
    found = {fit.form.name: fit for fit in fits}
    rows = [
        (
            form.name,
            form.n_parameters,
            found[form.name].residual(points) if form.name in found else None,
            errors.get(form.name),
            _status(found.get(form.name), points),
        )
        for form in forms
    ]
    schema = {
        "form": pl.String,
        "n_parameters": pl.Int32,
        "residual": pl.Float64,
        "cv_error": pl.Float64,
        "status": pl.String,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")

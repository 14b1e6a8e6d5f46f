"""The best S and V of a fitted success surface at each of many budgets."""

from typing import Final

import numpy as np
import numpy.typing as npt

from svlaw.analysis.cost import ROUNDING, CostModel
from svlaw.fit.laws.optima import Optima, improving
from svlaw.fit.surfaces.forms import Form
from svlaw.fit.surfaces.surface_fits import SurfaceFit, form_named

F64 = npt.NDArray[np.float64]

_GRID: Final = 33
"""Values of V tried along each budget before the search is refined."""
_NEAR: Final = 1e-7
"""How near the refined log V lies to the optimum's."""
_DIGITS: Final = 9
"""Digits of success in which a budget must buy more than a smaller one."""
_AT_ONCE: Final = 100
"""Resamples searched at a time."""


def surface_optima(
    surface: SurfaceFit,
    cost: CostModel,
    budgets: F64,
    parameters: F64 | None,
    largest_S: float,
    largest_V: float,
) -> Optima:
    """Find the best real (S, V) with C(S, V) = budget on a surface and on its refits.

    V runs from 1 to where the budget buys a single solution, S follows from the cost; the best of a
    grid in log V is refined by Chandrupatla's search for a minimum. Budgets that buy no more than a
    smaller one are not used.

    Args:
        surface: The surface.
        cost: The cost model, linear in S.
        budgets: (n,) budgets, ascending, of at least C(1, 1).
        parameters: (K, B) from `resampled_parameters`; those of the surface when None.
        largest_S: Largest S sampled; optima from there on are `at_boundary`: extrapolated.
        largest_V: Largest V sampled, likewise.
    """
    if parameters is None:
        parameters = surface.theta[:, None]
    B = parameters.shape[1]
    n = budgets.size
    solutions, verifications, success = (np.full((n, B), np.nan) for _ in range(3))
    deepest = _largest_depths(cost, budgets)
    fitted = np.flatnonzero(np.isfinite(parameters).all(axis=0) & bool(surface.form))
    for start in range(0, fitted.size, _AT_ONCE):
        some = fitted[start : start + _AT_ONCE]
        found = _search(form_named(surface.form), parameters[:, some], cost, budgets, deepest)
        solutions[:, some], verifications[:, some], success[:, some] = found
    used = improving(np.round(success, _DIGITS))
    at_boundary = (solutions >= largest_S * (1 - ROUNDING)) | (
        verifications >= largest_V * (1 - ROUNDING)
    )
    missing = np.isnan(success[:, 0])
    counts = {
        "no surface": int(missing.sum()),
        "no better than a smaller budget": int((~used[:, 0] & ~missing).sum()),
    }
    flags = {reason: count for reason, count in counts.items() if count}
    return Optima(budgets, solutions, verifications, success, used, used, at_boundary, flags)


def _largest_depths(cost: CostModel, budgets: F64) -> F64:
    """(n,) ln V at which each budget buys a single solution; 0 below C(1, 1)."""
    from scipy.optimize import elementwise  # noqa: PLC0415

    def excess(depth: F64, budget: F64) -> F64:
        return cost(1.0, np.exp(depth)) - budget

    within = np.maximum(budgets, cost(1.0, np.ones(1)))
    high = np.ones(within.size)
    while (dear := excess(high, within) < 0).any():
        high[dear] *= 2
    found = elementwise.find_root(excess, (np.zeros(within.size), high), args=(within,))
    depths: F64 = found.x
    return depths


def _search(
    form: Form, parameters: F64, cost: CostModel, budgets: F64, deepest: F64
) -> tuple[F64, F64, F64]:
    """S, V and success, (n, B) each."""
    from scipy.optimize import elementwise  # noqa: PLC0415

    def gain(depth: F64, budget: F64, *parameters: F64) -> F64:
        # At the deepest V rounding may leave S a little below 1.
        S = np.maximum(cost.solutions_at(np.exp(budget), np.exp(depth)), 1.0)
        return form.gain(np.stack(parameters), np.log(S), depth)

    v = deepest[:, None] * np.linspace(0, 1, _GRID)
    logs, theta = np.log(budgets)[:, None], parameters[1:]
    grid = gain(v[..., None], logs[..., None], *theta)
    best = grid.argmax(axis=1)
    rows = np.arange(budgets.size)[:, None]
    around = (np.maximum(best - 1, 0), best, np.minimum(best + 1, _GRID - 1))
    arguments = np.broadcast_arrays(logs, *theta)
    # Where the best lies at an end, the middle of the bracket is that end, and a width is 0.
    with np.errstate(invalid="ignore", divide="ignore"):
        found = elementwise.find_minimum(
            lambda *at: -gain(*at),
            tuple(v[rows, place] for place in around),
            args=tuple(arguments),
            tolerances={"xatol": _NEAR, "xrtol": _NEAR},
        )
    top = np.take_along_axis(grid, best[:, None], axis=1)[:, 0]
    V = np.exp(np.where(-found.f_x > top, found.x, v[rows, best]))
    S = np.maximum(cost.solutions_at(budgets[:, None], V), 1.0)
    return S, V, form.success(parameters[:, None], S, V)

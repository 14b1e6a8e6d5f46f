"""The best S and V of a fitted success surface at each of many budgets."""

from collections.abc import Callable
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
_SECTIONS: Final = 12
"""Golden sections around the best of them."""
_GOLDEN: Final = (np.sqrt(5) - 1) / 2
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
    grid in log V is refined by golden sections and a parabola. Budgets that buy no more than a
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
    steps = np.linspace(0, 1, _GRID)
    v = deepest[:, None] * steps
    x = np.log(budgets)[:, None] - np.log(cost(1.0, np.exp(v)))
    # At the deepest V rounding may leave S a little below 1.
    grid = form.gain(parameters[1:, None, None], np.maximum(x, 0)[..., None], v[..., None])
    best = grid.argmax(axis=1)
    rows = np.arange(budgets.size)[:, None]

    def gain(depth: F64) -> F64:
        wide = np.log(budgets)[:, None] - np.log(cost(1.0, np.exp(depth)))
        return form.gain(parameters[1:, None], np.maximum(wide, 0), depth)

    start, top = v[rows, best], np.take_along_axis(grid, best[:, None], axis=1)[:, 0]
    refined = _refine(
        gain, v[rows, np.maximum(best - 1, 0)], v[rows, np.minimum(best + 1, _GRID - 1)]
    )
    better = gain(refined) > top
    depth = np.where(better, refined, start)
    V = np.exp(depth)
    S = np.maximum(budgets[:, None] / cost(1.0, V), 1.0)
    return S, V, form.success(parameters[:, None], S, V)


def _refine(function: Callable[[F64], F64], low: F64, high: F64) -> F64:
    """Where a function of one variable is largest between two ends, elementwise."""
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = function(left), function(right)
    for _ in range(_SECTIONS):
        keep_left = at_left >= at_right
        low, high = np.where(keep_left, low, left), np.where(keep_left, right, high)
        middle = np.where(keep_left, left, right)
        at_middle = np.where(keep_left, at_left, at_right)
        fresh = np.where(keep_left, high - _GOLDEN * (high - low), low + _GOLDEN * (high - low))
        at_fresh = function(fresh)
        left, right = np.where(keep_left, fresh, middle), np.where(keep_left, middle, fresh)
        at_left, at_right = (
            np.where(keep_left, at_fresh, at_middle),
            np.where(keep_left, at_middle, at_fresh),
        )
    return _vertex(function, low, high)


def _vertex(function: Callable[[F64], F64], low: F64, high: F64) -> F64:
    """Top of the parabola through three points; their middle where it is not concave."""
    middle, half = (low + high) / 2, (high - low) / 2
    at_low, at_middle, at_high = function(low), function(middle), function(high)
    bend = at_low - 2 * at_middle + at_high
    step = np.divide(at_low - at_high, 2 * bend, out=np.zeros_like(bend), where=bend < 0)
    result: F64 = middle + half * np.clip(step, -1, 1)
    return result

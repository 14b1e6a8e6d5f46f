"""Iso-budget parabolas: the best S and V at a budget from the curvature along its line."""

from typing import Final

import numpy as np
import numpy.typing as npt

from svlaw.analysis.compare.cost_lines import Line
from svlaw.analysis.cost import CostModel
from svlaw.fit.laws.optima import F64, Mask, Optima, improving, spaced_budgets

WINDOW: Final = 8.0
"""Points within this factor of the best S take part in a parabola."""
LEAST_POINTS: Final = 4
"""Fewest points a parabola is fitted to."""

_NOT_CONCAVE: Final = "not concave"
_OUTSIDE: Final = "vertex outside the data"
_FEW: Final = f"fewer than {LEAST_POINTS} values of V at this budget"


def isobudget(lines: list[Line], means: F64, cost: CostModel) -> Optima:
    """Fit success = alpha + beta x + gamma x^2, x = log S, along each budget; take the vertex.

    At a budget C every V has one S that spends it, where success is interpolated. The
    points are weighted by the width of log S they stand for, so that a grid that is denser at one
    end does not pull the vertex there, and only those within a factor of 8 of the best S count.
    S_opt = exp(-beta / (2 gamma)); V_opt is what the budget then leaves. A budget whose parabola
    is not concave, or whose vertex lies outside its points, has no optimum; one whose vertex is no
    better than a smaller budget's does not say how to spend.

    Args:
        lines: Lines of one strategy.
        means: (points, B) mean success in each resample.
        cost: The cost model the lines were made with.

    Source:
        The second approach of Hoffmann et al. 2022 (arXiv 2203.15556), for (S, V).
    """
    budgets = spaced_budgets(lines)
    values = np.stack([line.success_at(budgets, means) for line in lines], axis=1)
    depth = np.array([float(line.verifications) for line in lines])
    shape = (budgets.size, means.shape[1])
    vertex, height = np.full(shape, np.nan), np.full(shape, -np.inf)
    low, high = np.full((2, budgets.size, 1), np.nan)
    # Whether an end of the line is one of the grid, not of what can be bought (S = 1, V = 1).
    cut_low, cut_high = np.zeros((2, budgets.size, 1), np.bool_)
    concave, enough = np.zeros(shape, np.bool_), np.zeros(budgets.size, np.bool_)
    for i, budget in enumerate(budgets):
        held = np.isfinite(values[i, :, 0])
        enough[i] = held.sum() >= LEAST_POINTS
        if not enough[i]:
            continue
        # By rising S, which is falling V.
        order = np.flatnonzero(held)[np.argsort(-depth[held], kind="stable")]
        x = np.log(cost.solutions_at(budget, depth[order]))
        low[i], high[i] = x[0], x[-1]
        cut_low[i], cut_high[i] = held[depth.argmax()], not held[depth.argmin()]
        vertex[i], height[i], concave[i] = _vertices(x, values[i, order])
    inside = concave & (vertex >= low) & (vertex <= high)
    used = inside & improving(np.where(inside, height, -np.inf))
    solutions = np.exp(np.where(inside, vertex, np.nan))
    beyond = concave & ((cut_low & (vertex < low)) | (cut_high & (vertex > high)))
    return Optima(
        budgets,
        solutions,
        cost.verifications_at(budgets[:, None], solutions, depth.max()),
        np.where(inside, height, np.nan),
        considered=used | beyond,
        used=used,
        at_boundary=beyond,
        flags=_flags(enough, concave[:, 0], inside[:, 0], used[:, 0]),
        clear_share=float(used[enough, 0].mean()) if enough.any() else 0.0,
    )


def _vertices(x: F64, y: F64) -> tuple[F64, F64, Mask]:
    """Vertex, height and concavity of a weighted parabola for each of B columns.

    Args:
        x: (n,) rising log S.
        y: (n, B) success.
    """
    near = np.abs(x[:, None] - x[y.argmax(axis=0)]) <= np.log(WINDOW)
    step = np.diff(x, prepend=x[0], append=x[-1])
    weights = ((step[:-1] + step[1:]) / 2)[:, None] * near
    total = weights.sum(axis=0)
    centre = (weights * x[:, None]).sum(axis=0) / total
    offset = x[:, None] - centre
    powers = [(weights * offset**k).sum(axis=0) for k in range(5)]
    matrix = np.stack([np.stack(powers[k : k + 3], axis=-1) for k in range(3)], axis=-2)
    right = np.stack([(weights * y * offset**k).sum(axis=0) for k in range(3)], axis=-1)
    solvable = near.sum(axis=0) >= LEAST_POINTS
    matrix[~solvable] = np.eye(3)
    alpha, beta, gamma = np.moveaxis(np.linalg.solve(matrix, right[..., None])[..., 0], -1, 0)
    # A curve that is flat to rounding has no vertex.
    concave = solvable & (gamma < -1e-12)
    shift = -beta / (2 * np.where(concave, gamma, -1.0))
    return centre + shift, alpha + beta * shift + gamma * shift**2, concave


def _flags(
    enough: Mask, concave: Mask, inside: Mask, used: npt.NDArray[np.bool_]
) -> dict[str, int]:
    counts = {
        _FEW: ~enough,
        _NOT_CONCAVE: enough & ~concave,
        _OUTSIDE: concave & ~inside,
        "no better than a smaller budget": inside & ~used,
    }
    return {reason: int(mask.sum()) for reason, mask in counts.items() if mask.any()}

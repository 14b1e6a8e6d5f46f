"""Frontier and crossover by plain scans, from the definitions in words alone.

Tables are dictionaries from (strategy, S, V) to success, costs a function of S and V. The crossover
twin walks a very fine grid of budgets; its answers are up to one step of that grid too large.
"""

from collections.abc import Callable
from itertools import pairwise
from math import exp, inf, log

Points = dict[tuple[str, int, int], float]
Cost = Callable[[int, int], float]

STEPS = 1500
MARGIN = 0.0025
LEAD = 0.0025
LEVEL = 1e-12


def affordable_best(
    points: Points, cost: Cost, strategy: str, budget: float
) -> tuple[int, int] | None:
    """(S, V) of the best computed point within a budget, the cheapest of equals."""
    best = None
    for (name, s, v), success in points.items():
        if name == strategy and cost(s, v) <= budget * (1 + 1e-9):
            key = (-round(success, 9), cost(s, v))  # better by rounding alone is not better
            if best is None or key < best[0]:
                best = (key, (s, v))
    return None if best is None else best[1]


def _curve(points: Points, cost: Cost, strategy: str, v: int) -> list[tuple[float, float]]:
    return sorted(
        (cost(s, v), success)
        for (name, s, depth), success in points.items()
        if (name, depth) == (strategy, v)
    )


def _read(curve: list[tuple[float, float]], budget: float) -> float | None:
    """Linear in log cost between neighbours; nothing outside."""
    for c, success in curve:
        if abs(budget - c) <= 1e-12 * c:
            return success
    for (c0, y0), (c1, y1) in pairwise(curve):
        if c0 < budget < c1:
            part = (log(budget) - log(c0)) / (log(c1) - log(c0))
            return y0 + part * (y1 - y0)
    return None


def crossover(points: Points, cost: Cost, strategies: tuple[str, ...]) -> dict[str, float]:
    """Every figure of the crossover; inf for never. `step` is the grid's ratio."""
    baseline = _curve(points, cost, "self_consistency", 0)
    lines = [
        _curve(points, cost, name, v)
        for name, v in sorted({(name, v) for name, _, v in points if name in strategies})
    ]
    top = max(success for _, success in baseline)
    saturation = next(c for c, success in baseline if success >= top - MARGIN)
    low = max(baseline[0][0], min(line[0][0] for line in lines))
    high = min(baseline[-1][0], max(line[-1][0] for line in lines))
    grid = {exp(log(low) + (log(high) - log(low)) * i / STEPS) for i in range(1, STEPS)}
    computed = {c for curve in [baseline, *lines] for c, _ in curve}
    budgets = sorted({b for b in grid | computed if low <= b <= high} | {low, high})
    best, gaps = -inf, []
    for line in lines:
        best = max([best] + [success for c, success in line if c <= low])
    for budget in budgets:
        values = [_read(line, budget) for line in lines]
        best = max([best] + [value for value in values if value is not None])
        reference = _read(baseline, budget)
        assert reference is not None
        gaps.append(best - reference)
    level = [gap >= -LEVEL for gap in gaps]
    matching = next((b for b, a in zip(budgets, level, strict=True) if a), inf)
    return {
        "saturation_budget": saturation,
        "crossover_budget": _from_here_on(budgets, [gap >= LEAD - LEVEL for gap in gaps]),
        "match_budget": matching,
        "match_ratio": matching / saturation,
        "gain": gaps[-1],
        "gain_ratio": budgets[-1] / saturation,
        "ahead_budget": _from_here_on(budgets, level),
        "step": (high / low) ** (1 / STEPS) if high > low else 1.0,
    }


def _from_here_on(budgets: list[float], is_so: list[bool]) -> float:
    """The budget from which on something is so to the end; inf for never."""
    otherwise = [i for i, so in enumerate(is_so) if not so]
    if not otherwise:
        return budgets[0]
    return budgets[otherwise[-1] + 1] if otherwise[-1] + 1 < len(budgets) else inf

"""What verification gains along the frontier that an allocation law describes.

A law says how to divide a growing budget. Where a growing budget buys nothing that is clear of
noise, the best S and V are the places where noise was largest, and a line through them is no law.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from svlaw.analysis.compare.cost_lines import lines_of
from svlaw.analysis.compare.frontier import offer
from svlaw.analysis.cost import CostModel
from svlaw.analysis.dust import settled
from svlaw.analysis.intervals.difference_intervals import difference_intervals
from svlaw.analysis.success.success_table import SuccessTable

F64 = npt.NDArray[np.float64]

CLEAR_OF_NOISE: Final = 5.0
"""Rise of a frontier without problems, in standard errors of its points, that is no noise."""


@dataclass(frozen=True)
class FrontierGain:
    """A gain in success, and how sure it is.

    Attributes:
        gain: The gain.
        conf_low: Lower end of its 95% interval; None without per-problem data.
        conf_high: Upper end; None likewise.
        is_clear: Whether it is above 0 beyond noise.
    """

    gain: float
    conf_low: float | None
    conf_high: float | None
    is_clear: bool


def frontier_gain(
    table: SuccessTable, strategy: str, cost: CostModel, seed: int = 0
) -> FrontierGain:
    """Gain of a strategy's best point at the largest budget over that at the smallest.

    The points are cross-fitted where there are ten problems or more, so that the gain does not
    reward a choice among many points. Weighted voting rises with S whatever its verifier is worth;
    so it has to be ahead of self-consistency with as many solutions too, where the table has it.

    Without problems the noise of a point is estimated from second differences along each V, which
    are small for smooth curves: the root of their mean square over sqrt(6). A rise below five times
    that is noise.

    Args:
        table: The success table.
        strategy: A strategy with a verifier.
        cost: The cost model.
        seed: Seed of the cross-fitting.
    """
    if not table.has_problems:
        return _published_gain(table, strategy, cost)
    costs = table.costs(cost)
    own = table.points["strategy"].to_numpy() == strategy
    own &= np.isfinite(table.mean())
    found = offer(table, costs, [strategy], np.array([costs[own].min(), costs[own].max()]), seed)
    success = table.success[found.rows] if found.crossfit is None else found.crossfit
    gains = [_gain(success[1] - success[0], table)]
    peers = _same_solutions(table, int(found.rows[1]))
    if strategy == "weighted_vote" and peers.size:
        gains.append(_gain(table.success[found.rows[1]] - table.success[peers[0]], table))
    return min(gains, key=lambda one: one.conf_low if one.conf_low is not None else one.gain)


def _gain(differences: F64, table: SuccessTable) -> FrontierGain:
    differences = settled(differences)
    ends = difference_intervals(differences[None], table.clusters)
    low, high = (float(end[0]) for end in ends)
    return FrontierGain(float(differences.mean()), low, high, low > 0)


def _same_solutions(table: SuccessTable, row: int) -> npt.NDArray[np.int64]:
    """Row of self-consistency with as many solutions; none where the table lacks it."""
    same = table.points["solutions"].to_numpy() == table.points["solutions"][row]
    rows: npt.NDArray[np.int64] = np.flatnonzero(
        same & (table.points["strategy"].to_numpy() == "self_consistency")
    )
    return rows


def _published_gain(table: SuccessTable, strategy: str, cost: CostModel) -> FrontierGain:
    lines, mean = lines_of(table, cost, [strategy]), table.mean()
    curves = [mean[line.rows] for line in lines]
    bends = np.concatenate([np.diff(curve, 2) for curve in curves])
    cheapest = min(lines, key=lambda line: line.costs[0])
    gain = float(max(curve.max() for curve in curves) - mean[cheapest.rows[0]])
    noise = float(np.sqrt(np.mean(bends**2) / 6)) if bends.size else 0.0
    return FrontierGain(gain, None, None, gain > CLEAR_OF_NOISE * noise)

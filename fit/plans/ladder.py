"""The ladder: the best computed point within each budget, and what else could be had for it."""

from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from svlaw.analysis.compare.frontier import Offer, by_cost, offer
from svlaw.analysis.cost import ROUNDING, CostModel
from svlaw.analysis.intervals.resampling import Resamples
from svlaw.analysis.intervals.success_intervals import success_intervals
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.numerals import amount, rounded_up

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

NEGLIGIBLE: Final = 0.0025
"""A smaller difference of success, a quarter of a percentage point, is called negligible."""
SMALL: Final = 0.01
"""A difference that is not clear of chance may be this large where a cheaper plan is named."""

_EQUAL: Final = 12
"""Decimals to which success is compared, whatever the order of summation."""


@dataclass(frozen=True)
class PlannedPoint:
    """A strategy with its S and V.

    Attributes:
        strategy: The strategy.
        solutions: S.
        verifications: V; 0 without a verifier.
        cost: C(S, V).
        success: Expected accuracy: what a strategy and a point chosen in the same way on other
            problems achieve (cross-fitted). In-sample where there is no cross-fitting.
        conf_low: Lower end of the 95% interval of the point's accuracy; None without per-problem
            data or resamples.
        conf_high: Upper end.
        in_sample: Mean success on the problems the point was chosen on; on average too high.
    """

    strategy: str
    solutions: int
    verifications: int
    cost: float
    success: float
    conf_low: float | None
    conf_high: float | None
    in_sample: float


@dataclass(frozen=True)
class Alternative(PlannedPoint):
    """A plan beside the recommended one.

    Attributes:
        difference: Success of the recommended plan less that of this one.
        difference_low: Lower end of its paired 95% interval; None without.
        difference_high: Upper end.
    """

    difference: float
    difference_low: float | None
    difference_high: float | None

    @property
    def is_clear(self) -> bool | None:
        """Whether the recommended plan is ahead beyond chance; None without an interval."""
        return None if self.difference_low is None else self.difference_low > 0

    @property
    def matters(self) -> bool | None:
        """Whether the lead is clear of chance and not negligible.

        Without an interval, None; but a negligible lead does not matter for certain.
        """
        return False if self.difference < NEGLIGIBLE else self.is_clear

    @property
    def is_good_enough(self) -> bool:
        """Whether next to nothing is lost: 0.25 points, or 1 point that may well be chance."""
        return self.difference < (SMALL if self.is_clear is False else NEGLIGIBLE)


class Ladder:
    """The best point of any strategy at every budget that buys a better one.

    A strategy's figures are those of the best of its points within the budget. `expected` counts
    that the strategy was chosen too; intervals and the comparison of strategies do not, which
    simulation finds right (docs/planning.md).

    Attributes:
        count: Number of budgets.
        expected: (count,) expected accuracy at each.
        largest_cost: Largest cost computed for a strategy that needs no oracle.
        is_crossfitted: Whether expected accuracy is cross-fitted; else it is in-sample.
    """

    def __init__(
        self,
        table: SuccessTable,
        cost: CostModel,
        budget: float | None,
        drawn: Resamples | None,
        seed: int,
    ) -> None:
        """Find all of them.

        Args:
            table: The success table.
            cost: The cost model.
            budget: The last budget; when None, the last that buys a better point.
            drawn: Resamples for the intervals.
            seed: Seed of the cross-fitting.

        Raises:
            BadInputError: The budget is below the cheapest computed point.
            NotInPoolError: No strategy can be run without an oracle.
        """
        self._table, self._cost, self._drawn = table, cost, drawn
        self._mean, self._names = table.mean(), table.points["strategy"].to_list()
        self._costs = cost(table.points["solutions"], table.points["verifications"])
        names = [name for name in table.strategies if name != "coverage"]
        rows = by_cost(table, self._costs, names)
        if not rows.size:
            raise NotInPoolError("a plan needs self_consistency, best_of_n or weighted_vote")
        self.largest_cost = float(self._costs[rows[-1]])
        self._limit = np.inf if budget is None else budget
        budgets = self._budgets(rows, budget)
        self.count = budgets.size
        self._best = offer(table, self._costs, names, budgets, seed)
        self._offers = {name: offer(table, self._costs, [name], budgets, seed) for name in names}
        self.is_crossfitted = self._best.crossfit is not None
        self.expected = self._scores(self._best).mean(axis=1)

    def point(self, place: int) -> PlannedPoint:
        """The best point at one of the budgets."""
        row = int(self._best.rows[place])
        success = float(self.expected[place])
        return self._point(row, success, self._own(place))

    def runner_up(self, place: int) -> Alternative | None:
        """The best point of another strategy at the same budget; None when there is none."""
        best = self._names[self._best.rows[place]]
        others = [n for n, o in self._offers.items() if n != best and o.rows[place] >= 0]
        if not others:
            return None
        name = max(others, key=lambda other: self._offers[other].success[place])
        found = self._offers[name]
        scores = self._scores(found)[place]
        differences = self._own(place) - scores
        # The discount for choosing between strategies is taken from both alike.
        success = float(np.clip(self.expected[place] - differences.mean(), 0, 1))
        return self._beside(self._point(int(found.rows[place]), success, scores), differences)

    def cheaper(self, place: int) -> Alternative | None:
        """The best point at the smallest budget where it is good enough beside that at `place`."""
        scores, paid = self._scores(self._best), self._costs[self._best.rows[place]]
        for below in range(place):
            other = self._beside(self.point(below), scores[place] - scores[below])
            if other.is_good_enough:
                return other if other.cost < paid * (1 - ROUNDING) else None
        return None

    def reaching(self, target: float) -> int | None:
        """Place of the smallest budget at which expected accuracy reaches a target."""
        places = np.flatnonzero(np.round(self.expected, _EQUAL) >= round(target, _EQUAL))
        return int(places[0]) if places.size else None

    def assured(self, target: float) -> PlannedPoint | None:
        """The point at the smallest budget where its whole interval reaches a target."""
        points = (self.point(place) for place in range(self.count))
        reaching = (p for p in points if p.conf_low is not None and p.conf_low >= target)
        return next(reaching, None)

    def edges(self, point: PlannedPoint, budget: float) -> str:
        """Which of S and V are the largest computed though the budget would pay for more."""
        held = self._table.points[by_cost(self._table, self._costs, [point.strategy]).tolist()]
        S, V = point.solutions, point.verifications
        edges = []
        if held["solutions"].max() == S and self._cost(S + 1, V) <= budget:
            edges.append(f"S = {S}")
        if V and held["verifications"].max() == V and self._cost(S, V + 1) <= budget:
            edges.append(f"V = {V}")
        return " and ".join(edges)

    def _budgets(self, rows: I64, budget: float | None) -> F64:
        """Costs at which the best gets better, then the budget itself."""
        means, costs = self._mean[rows], self._costs[rows]
        better = means > np.maximum.accumulate(np.append(-np.inf, means[:-1]))
        steps: F64 = np.unique(costs[better])
        if budget is None:
            return steps
        least = float(steps[0]) / (1 + ROUNDING)
        if budget < least:
            raise BadInputError(
                f"budget = {budget:g}: the cheapest computed point costs"
                f" {amount(rounded_up(least, 3))}; give at least that much"
            )
        return np.append(steps[steps < budget], budget)

    def _scores(self, found: Offer) -> F64:
        """(count, P) success of each problem, cross-fitted if possible."""
        return self._table.success[found.rows] if found.crossfit is None else found.crossfit

    def _own(self, place: int) -> F64:
        """(P,) the same for the strategy of the best point at one of the budgets."""
        scores: F64 = self._scores(self._offers[self._names[self._best.rows[place]]])[place]
        return scores

    def _point(self, row: int, success: float, scores: F64) -> PlannedPoint:
        low, high = None, None
        if self._drawn is not None:
            ends = success_intervals(scores[None])
            low, high = min(float(ends[0][0]), success), max(float(ends[1][0]), success)
        points = self._table.points
        return PlannedPoint(
            self._names[row],
            int(points["solutions"][row]),
            int(points["verifications"][row]),
            min(float(self._costs[row]), self._limit),
            success,
            low,
            high,
            float(self._mean[row]),
        )

    def _beside(self, point: PlannedPoint, differences: F64) -> Alternative:
        low, high = None, None
        if self._drawn is not None:
            resampled = self._drawn.weights @ differences
            ends = self._drawn.intervals(differences.mean(keepdims=True), resampled[None])
            low, high = (float(end[0]) for end in ends)
        return Alternative(
            **values_of(point),
            difference=float(differences.mean()),
            difference_low=low,
            difference_high=high,
        )


def values_of(record: Any) -> dict[str, Any]:
    """Fields of a dataclass by name."""
    return {field.name: getattr(record, field.name) for field in fields(record)}

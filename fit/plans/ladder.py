"""The ladder: the best computed point within each budget, and what else could be had for it."""

from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.compare.frontier import Offer, by_cost, offer
from svlaw.analysis.cost import ROUNDING, CostModel
from svlaw.analysis.dust import DUST, settled
from svlaw.analysis.intervals.difference_intervals import difference_intervals, too_few_differ
from svlaw.analysis.intervals.resampling import Resamples
from svlaw.analysis.intervals.sample_intervals import sample_intervals
from svlaw.analysis.intervals.success_intervals import success_intervals
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.numerals import amount, rounded_up
from svlaw.data.schema import VERIFIED
from svlaw.data.shown import Shown

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

NEGLIGIBLE: Final = 0.0025
"""A smaller difference of success, a quarter of a percentage point, is called negligible."""
SMALL: Final = 0.01
"""A difference that is not clear of chance may be this large where a cheaper plan is named."""

DEFAULT_VOTE: Final = 16
"""Solutions of the vote that is run where nothing else is known."""


@dataclass(frozen=True, repr=False)
class PlannedPoint(Shown):
    """A strategy with its S and V, or with its setting.

    Attributes:
        strategy: The strategy.
        setting: Setting of a policy; empty for any other strategy.
        solutions: S; None where a policy decides it.
        verifications: V; 0 without a verifier, None where a policy decides it.
        cost: C(S, V), or the mean cost of a policy over problems.
        limit: Largest cost of a problem: C(S, V), or the most that a policy used in a
            replay.
        success: Expected accuracy: what a strategy and a point chosen in the same way on other
            problems achieve (cross-fitted), at this budget or, where that is more, at a smaller
            one. In-sample where there is no cross-fitting.
        conf_low: Lower end of the 95% interval of the point's accuracy; None without per-problem
            data or resamples.
        conf_high: Upper end.
        in_sample: Mean success on the problems the point was chosen on; on average too high.
        samples_low: Lower end of the 95% interval if these problems were sampled again; None
            without noise of sampling.
        samples_high: Upper end.
    """

    strategy: str
    setting: str
    solutions: int | None
    verifications: int | None
    cost: float
    limit: float
    success: float
    conf_low: float | None
    conf_high: float | None
    in_sample: float
    samples_low: float | None
    samples_high: float | None


@dataclass(frozen=True, repr=False)
class Alternative(PlannedPoint):
    """A plan beside the recommended one.

    Attributes:
        difference: Success of the recommended plan less that of this one.
        difference_low: Lower end of its paired 95% interval; None without.
        difference_high: Upper end.
        few_differ: Whether too few problems differ to tell the sign of the difference; None
            without an interval.
    """

    difference: float
    difference_low: float | None
    difference_high: float | None
    few_differ: bool | None

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
        self._costs, self._largest = table.costs(cost), table.largest_costs(cost)
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
        self.expected = self._promises(budgets, self._scores(self._best).mean(axis=1))

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
        best_of_others = max(self._offers[other].success[place] for other in others)
        name = next(n for n in others if self._offers[n].success[place] >= best_of_others - DUST)
        found = self._offers[name]
        return self._beside(place, int(found.rows[place]), self._scores(found)[place])

    def voting(self, place: int) -> Alternative | None:
        """Plain voting with the most solutions the budget pays for; None where nothing is known."""
        paid = self._costs[self._best.rows[place]]
        limit = paid if np.isinf(self._limit) else self._limit
        rows = by_cost(self._table, self._costs, ["self_consistency"])
        rows = rows[self._costs[rows] <= limit * (1 + ROUNDING)]
        if not rows.size:
            return None
        return self._beside(place, int(rows[-1]), self._table.success[rows[-1]])

    def default_vote(self, place: int) -> Alternative | None:
        """Plain voting over 16 solutions, whatever it costs; None where it was not computed."""
        points = self._table.points
        rows = np.flatnonzero(
            points.select(
                (pl.col("strategy") == "self_consistency")
                & (pl.col("solutions") == DEFAULT_VOTE).fill_null(False)
            )
            .to_series()
            .to_numpy()
        )
        if not rows.size or not np.isfinite(self._mean[rows[0]]):
            return None
        return self._beside(place, int(rows[0]), self._table.success[rows[0]])

    def cheaper(self, place: int) -> Alternative | None:
        """The best point at the smallest budget where it is good enough beside that at `place`."""
        paid = self._costs[self._best.rows[place]]
        for below in range(place):
            other = self._beside(place, int(self._best.rows[below]), self._own(below))
            if other.is_good_enough:
                return other if other.cost < paid * (1 - ROUNDING) else None
        return None

    def reaching(self, target: float) -> int | None:
        """Place of the smallest budget at which expected accuracy reaches a target."""
        places = np.flatnonzero(self.expected >= target - DUST)
        return int(places[0]) if places.size else None

    def assured(self, target: float) -> PlannedPoint | None:
        """The point at the smallest budget where its whole interval reaches a target."""
        points = (self.point(place) for place in range(self.count))
        reaching = (p for p in points if p.conf_low is not None and p.conf_low >= target)
        return next(reaching, None)

    def never_reaches(self, target: float) -> str:
        """Why no verifier could help towards a target, in words; empty where one might."""
        strategies = self._table.strategies
        if "coverage" in strategies:
            most = float(np.nanmax(self._table.select("coverage").mean()))
            if most < target:
                return (
                    f"In only {100 * most:.1f}% of the cases is any solution correct, so that not"
                    " even a perfect verifier would reach it: take a better solver, or generate"
                    " more solutions."
                )
        if not set(VERIFIED) & set(strategies):
            return "Generate more solutions; svlaw forecast extrapolates."
        return ""

    def edges(self, point: PlannedPoint, budget: float) -> str:
        """Which of S and V are the largest computed though the budget would pay for more."""
        held = self._table.points[by_cost(self._table, self._costs, [point.strategy]).tolist()]
        S, V = point.solutions, point.verifications
        if S is None or V is None:
            return ""
        edges = []
        if held["solutions"].max() == S and self._cost(S + 1, V) <= budget:
            edges.append(f"S = {S}")
        if V and held["verifications"].max() == V and self._cost(S, V + 1) <= budget:
            edges.append(f"V = {V}")
        return " and ".join(edges)

    def _budgets(self, rows: I64, budget: float | None) -> F64:
        """Costs at which the best gets better, then the budget itself."""
        means, costs = self._mean[rows], self._costs[rows]
        better = means > np.maximum.accumulate(np.append(-np.inf, means[:-1])) + DUST
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

    def _promises(self, budgets: F64, scored: F64) -> F64:
        """(count,) expected accuracy, which never falls as the budget rises.

        Whatever is bought with less can be bought with more. Between two budgets that buy a better
        point the smaller one counts, so that plans of several budgets agree with one another.
        """
        at_step = scored.copy()
        if budgets.size > 1 and self._best.rows[-1] == self._best.rows[-2]:
            at_step[-1] = at_step[-2]
        result: F64 = np.maximum.accumulate(at_step)
        return result

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
            ends = success_intervals(scores[None], self._table.clusters)
            low, high = min(float(ends[0][0]), success), max(float(ends[1][0]), success)
        of = self._table.points.row(row, named=True)
        cost = float(self._costs[row])
        if cost <= self._limit * (1 + ROUNDING):
            cost = min(cost, self._limit)
        largest = cost if of["solutions"] is not None else float(self._largest[row])
        noise_low, noise_high = self._sampled_again(row, success)
        return PlannedPoint(
            self._names[row],
            of["setting"],
            of["solutions"],
            of["verifications"],
            cost,
            largest,
            success,
            low,
            high,
            float(self._mean[row]),
            noise_low,
            noise_high,
        )

    def _sampled_again(self, row: int, success: float) -> tuple[float | None, float | None]:
        noise = self._table.noise
        if noise is None or not noise.known[row]:
            return None, None
        ends = sample_intervals(np.array([success]), noise.at(np.array([row])))
        return float(ends[0][0]), float(ends[1][0])

    def _beside(self, place: int, row: int, scores: F64) -> Alternative:
        """A point beside the best at one of the budgets.

        Both points are given, so their difference is that of their success on the same problems:
        cross-fitting would compare what other problems choose, near equals with the wrong sign.
        """
        best = self._table.success[self._best.rows[place]]
        differences = settled(best - self._table.success[row])
        # The discount for choosing the best is taken from both alike.
        success = float(np.clip(self.expected[place] - differences.mean(), 0, 1))
        point = self._point(row, success, scores)
        low, high, few = None, None, None
        if self._drawn is not None:
            ends = difference_intervals(differences[None], self._table.clusters)
            low, high = (float(end[0]) for end in ends)
            few = bool(too_few_differ(differences[None], self._table.clusters)[0])
        return Alternative(
            **values_of(point),
            difference=float(settled(differences.mean())),
            difference_low=low,
            difference_high=high,
            few_differ=few,
        )


def values_of(record: Any) -> dict[str, Any]:
    """Fields of a dataclass by name."""
    return {field.name: getattr(record, field.name) for field in fields(record)}

"""Headroom: what any division of a total budget among problems could still gain.

A fixed point spends alike on every problem. Were the curve of each problem known, more could be
spent where it helps and less where it does not. The bound is the best such division over the points
of a success table; real policies lie below it, since they must find out first.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.compare.frontier import doubling_budgets
from svlaw.analysis.cost import ROUNDING, CostModel
from svlaw.analysis.intervals.difference_intervals import difference_intervals
from svlaw.analysis.success.success_table import SuccessTable, success_table
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.pool import Pool

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

_BISECTIONS = 60


def headroom(pool: Pool, table: SuccessTable, cost: CostModel) -> pl.DataFrame:
    """The best division of each budget among problems, beside the best fixed point.

    Both are chosen on one half of every problem's solutions and scored on the other, and the other
    way round, so that noise is not rewarded: a problem that looks easy by luck is not counted as
    easy. Half the solutions tell the curves less well than all would, so the bound is low rather
    than high.

    Args:
        pool: The pool that the table was made from.
        table: The success table; coverage, which needs an oracle, is left out, and points of more
            solutions than a half has.
        cost: The cost model.

    Returns:
        Columns `budget` (mean cost of a problem, doubling), `fixed` (success of the best point for
        all problems), `divided` (that of the best division), `headroom` (their difference),
        `headroom_low` and `headroom_high` (95% interval over problems).

    Raises:
        NotInPoolError: The table is a published one, without solutions.
        BadInputError: The table rests on one half of the solutions already, or a half has no point
            that all problems support.
    """
    if not table.has_problems or table.options is None:
        raise NotInPoolError(f"{pool.path}: a published table has no solutions to divide")
    if table.options.half != "all":
        raise BadInputError("headroom needs both halves of the solutions; leave out --by pass_rate")
    halves = _halves(pool, table)
    costs = [half.problem_costs(cost) for half in halves]
    budgets = doubling_budgets(np.mean([c.mean(axis=1) for c in costs], axis=0))
    rows = []
    for budget in budgets.tolist():
        pairs = [
            _scored(halves[a].success, costs[a], halves[b].success, costs[b], budget)
            for a, b in ((0, 1), (1, 0))
        ]
        if any(pair is None for pair in pairs):
            continue
        fixed, divided = np.mean([pair for pair in pairs if pair is not None], axis=0)
        differences = (divided - fixed)[None, :]
        low, high = difference_intervals(differences, halves[0].clusters)
        rows.append(
            {
                "budget": budget,
                "fixed": float(fixed.mean()),
                "divided": float(divided.mean()),
                "headroom": float(differences.mean()),
                "headroom_low": float(low[0]),
                "headroom_high": float(high[0]),
            }
        )
    return pl.DataFrame(rows)


def _halves(pool: Pool, table: SuccessTable) -> tuple[SuccessTable, SuccessTable]:
    """Success on either half, at the same points and problems."""
    assert table.options is not None
    least = _least_half(pool, table)
    texts = [text for text in table.specs if text.partition(":")[0] != "coverage"]
    names = list(dict.fromkeys(filter(None, (_of_half(text, least) for text in texts))))
    if not names:
        raise NotInPoolError("headroom needs a strategy that needs no oracle")
    plain = table.points.filter(pl.col("solutions").is_not_null())
    S = plain["solutions"].unique().sort()
    V = plain["verifications"].unique().sort()
    found = [
        success_table(
            pool,
            names,
            S.filter(least >= S).to_list() or None,
            V.filter(V > 0).to_list() or None,
            verifier=table.verifier,
            options=replace(table.options, half=half),
        )
        for half in ("rating", "analysis")
    ]
    common = sorted(set(found[0].problem_ids) & set(found[1].problem_ids) & set(table.problem_ids))
    if not common:
        raise BadInputError(f"{pool.path}: no problem has enough solutions to halve them")
    first, second = (half.restrict(np.isin(np.array(half.problem_ids), common)) for half in found)
    if table.clusters is None:
        return first, second
    family = dict(zip(table.problem_ids, table.clusters.tolist(), strict=True))
    return first.with_clusters([family[name] for name in first.problem_ids]), second


def _of_half(text: str, least: int) -> str:
    """A strategy with settings that half the solutions are enough for; empty where there is none.

    Args:
        text: The strategy with its settings.
        least: Solutions of a half.
    """
    parts = text.split(":")
    if any(_asks(part, "solutions") > least for part in parts):
        return ""
    is_own_vote = parts[0] == "verifier_vote"  # whose answers are not halved
    return ":".join(part for part in parts if is_own_vote or _asks(part, "most") <= least)


def _asks(part: str, name: str) -> int:
    """How many a setting asks for; 0 for another setting."""
    key, _, value = part.partition("=")
    return int(value) if key == name and value.isdecimal() else 0


def _least_half(pool: Pool, table: SuccessTable) -> int:
    """Solutions that the smaller half of every problem of the table has."""
    counts = pool.read("answers", ("problem_id",)).group_by("problem_id").len()
    held = counts.filter(pl.col("problem_id").is_in(list(table.problem_ids)))["len"]
    return int(held.min() or 0) // 2  # type: ignore[arg-type]


def _scored(
    seen: F64, seen_costs: F64, success: F64, costs: F64, budget: float
) -> tuple[F64, F64] | None:
    """(P,) success of the best fixed point and of the best division, chosen on what is seen.

    Args:
        seen: (points, P) success that the choice rests on.
        seen_costs: (points, P) its costs.
        success: (points, P) success that is counted.
        costs: (points, P) costs that the choice is checked by; the same but for policies.
        budget: Mean cost to keep to.

    Returns:
        None where no point is within the budget.
    """
    able = np.isfinite(seen).all(axis=1) & np.isfinite(success).all(axis=1)
    means = np.where(able, seen.mean(axis=1), -np.inf)
    means[seen_costs.mean(axis=1) > budget * (1 + ROUNDING)] = -np.inf
    if not np.isfinite(means).any():
        return None
    fixed = success[int(np.argmax(means))]
    low, high, share = divide(seen[able], seen_costs[able], budget)
    columns = np.arange(seen.shape[1])
    divided = (1 - share) * success[able][low, columns] + share * success[able][high, columns]
    return fixed, divided


def divide(success: F64, costs: F64, budget: float) -> tuple[I64, I64, float]:
    """The division of a total budget that maximises mean success, if the curves are known.

    Each problem takes the point with the largest success - price x cost; a higher price spends
    less. The price at which the mean cost meets the budget gives the best division (the dual of
    the knapsack's linear relaxation); where it is met between two prices, the two divisions are
    mixed.

    Args:
        success: (points, P) success.
        costs: (points, P) costs.
        budget: Mean cost.

    Returns:
        (P,) the point of each problem in a division within the budget; (P,) that in one beyond;
        and the share of the second, with which the mean cost is the budget, or what is spent at
        most.
    """
    columns = np.arange(success.shape[1])

    def at(price: float) -> I64:
        # Equal values: the cheapest.
        value = success - price * costs
        near = value >= value.max(axis=0) - 1e-12
        return np.asarray(np.argmin(np.where(near, costs, np.inf), axis=0), np.int64)

    def spent(points: I64) -> float:
        return float(costs[points, columns].mean())

    most = at(0.0)
    if spent(most) <= budget:
        return most, most, 0.0
    cheap, dear = 1.0, 0.0
    while spent(at(cheap)) > budget and cheap < 1e12:
        cheap *= 4
    for _ in range(_BISECTIONS):
        middle = (cheap + dear) / 2
        if spent(at(middle)) > budget:
            dear = middle
        else:
            cheap = middle
    low, high = at(cheap), at(dear)
    gap = spent(high) - spent(low)
    share = (budget - spent(low)) / gap if gap > 0 and spent(low) <= budget else 0.0
    return low, high, float(np.clip(share, 0.0, 1.0))

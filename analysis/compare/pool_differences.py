"""What changed between two pools over the same problems: another model, another prompt."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.compare.comparison_tables import differences_table, point_texts
from svlaw.analysis.compare.crossfit import best_within
from svlaw.analysis.compare.frontier import by_cost
from svlaw.analysis.cost import ROUNDING, CostModel
from svlaw.analysis.dust import settled
from svlaw.analysis.intervals.difference_intervals import difference_intervals, too_few_differ
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.data.errors import BadInputError
from svlaw.data.numerals import counted
from svlaw.data.shown import Shown
from svlaw.data.table_texts import TextTable, harmless, number, percent, span

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

_KEY: Final = ("strategy", "solutions", "verifications", "setting")
_SPARE: Final = 2**0.25
"""How far a budget may exceed what a strategy can spend of it."""
_MOST_TOLD: Final = 4
"""Strategies that `repr` says something of."""


@dataclass(frozen=True, repr=False)
class PoolDifferences(Shown):
    """Success in two pools, A and B, and the paired differences B - A.

    Attributes:
        rows: The comparisons (see `pool_differences`).
        n_problems: Problems that both tables have; every figure is over these.
        n_only_a: Problems that only the table of A has.
        n_only_b: Problems that only the table of B has.
        n_units: Units that the intervals rest on: families of the common problems, or problems.
        unit_name: Unit of budgets and costs, such as tokens.
    """

    rows: pl.DataFrame
    n_problems: int
    n_only_a: int
    n_only_b: int
    n_units: int
    unit_name: str

    def frame(self) -> pl.DataFrame:
        """The comparisons: `rows`."""
        return self.rows

    def _lines(self) -> list[str]:
        told = [f"PoolDifferences: {self.in_words()}"]
        for (name,), part in self.rows.group_by("strategy", maintain_order=True):
            row = part.row(-1, named=True)
            at = point_texts(row, "a") if row["budget"] is None else f"at {number(row['budget'])}"
            ends = span(row["difference_low"], row["difference_high"])
            told.append(f"  {name}, {at}: {percent(row['difference'])} {ends}")
        most = _MOST_TOLD + 1
        return told if len(told) <= most else [*told[:most], f"  ... {len(told) - most} more"]

    def in_words(self) -> str:
        """How many problems both have, and how many only one has."""
        both = counted(self.n_problems, "problem")
        return (
            f"B - A over {both} in both pools;"
            f" {self.n_only_a:,} only in A, {self.n_only_b:,} only in B"
        )

    def _tables(self) -> list[TextTable]:
        return [differences_table(self.rows, self.unit_name, self.in_words())]


def pool_differences(
    table_a: SuccessTable, table_b: SuccessTable, cost_a: CostModel, cost_b: CostModel
) -> PoolDifferences:
    """Compare two pools over the problems that both have, strategy by strategy.

    Only points that both tables have count. They are compared twice. At an equal point each row is
    one (S, V), or one setting of a policy. At an equal budget each row takes from each pool the
    best of these points that the budget pays for, at the pool's own costs; the two may differ.
    Budgets double from the cost of the cheapest point, in the pool where that costs more. A
    strategy's budgets end where it can no longer spend 84% (a quarter doubling less) in both pools:
    beyond, a pool would stand still only because it holds no more.

    A best point is chosen on the problems that it is scored on, in A as in B, so that each
    success is on average a little too high (`frontier` says by how much).

    Args:
        table_a: The success table of A.
        table_b: The success table of B; problems are the same where their ids are.
        cost_a: The cost model of A.
        cost_b: The cost model of B, in the same unit.

    Returns:
        The differences, with one row per comparison: `compared` (`budget` or `point`), `strategy`,
        `budget` (null at equal points); `solutions_a`, `verifications_a` (null for a policy),
        `setting_a` (of a policy; else empty), `cost_a` and
        `success_a` (means over the common problems), and the same of B; `difference` (mean of
        B - A), `difference_low`, `difference_high` (95%, paired by problem, see
        `difference_intervals`) and `few_differ` (true where too few problems differ to tell the
        sign, see `too_few_differ`). Families of problems are those of A's table. Every interval
        holds for its own row (pointwise).

    Raises:
        BadInputError: A table has no problems, the tables have none in common, or no point; or the
            costs have different units.
    """
    a, b, order = _common(table_a, table_b)
    if cost_a.unit_name != cost_b.unit_name:
        raise BadInputError(
            f"A costs {cost_a.unit_name} and B {cost_b.unit_name}: give both the same cost model"
        )
    rows_a, rows_b = _common_points(a, b)
    costs = (a.costs(cost_a)[rows_a], b.costs(cost_b)[rows_b])
    a, b = _at(a, rows_a), _at(b, rows_b)
    success = (a.success, b.success[:, order])
    parts = _at_budgets((a, b), costs)
    every = np.arange(rows_a.size)
    parts.append(("point", np.full(every.size, np.nan), every, every))
    rows = pl.concat(
        _rows(part, a.points, costs, success, a.clusters) for part in parts if part[1].size
    )
    return PoolDifferences(
        rows.with_columns(pl.col(pl.Float64).fill_nan(None)),
        a.n_problems,
        table_a.n_problems - a.n_problems,
        table_b.n_problems - a.n_problems,
        a.n_units,
        cost_a.unit_name,
    )


def common_problems(ids_a: Sequence[str], ids_b: Sequence[str]) -> set[str]:
    """The problems of both pools.

    Args:
        ids_a: Problems of A, at least one.
        ids_b: Problems of B, likewise.

    Raises:
        BadInputError: There is none.
    """
    both = set(ids_a) & set(ids_b)
    if not both:
        raise BadInputError(
            f"no problem_id is in both pools: A has '{harmless(ids_a[0])}', B has"
            f" '{harmless(ids_b[0])}'; compare pools over the same problems"
        )
    return both


def _common(table_a: SuccessTable, table_b: SuccessTable) -> tuple[SuccessTable, SuccessTable, I64]:
    """Both tables over the problems of both, and where in B each problem of A is."""
    for name, table in (("A", table_a), ("B", table_b)):
        if not table.has_problems:
            raise BadInputError(
                f"{name} is a published table without problems; a comparison pairs problems"
            )
    both = common_problems(table_a.problem_ids, table_b.problem_ids)
    a, b = (
        table.restrict(np.array([name in both for name in table.problem_ids], np.bool_))
        for table in (table_a, table_b)
    )
    place = {name: number for number, name in enumerate(b.problem_ids)}
    return a, b, np.array([place[name] for name in a.problem_ids], np.int64)


def _common_points(a: SuccessTable, b: SuccessTable) -> tuple[I64, I64]:
    """Rows of A and of B of the points that have a result in both, in the order of A."""
    known = [
        {
            key: row
            for row, key in enumerate(table.points.select(_KEY).iter_rows())
            if np.isfinite(table.success[row]).all()
        }
        for table in (a, b)
    ]
    both = [key for key in known[0] if key in known[1]]
    if not both:
        raise BadInputError(
            f"the pools have no point of a strategy in common: A has {', '.join(a.strategies)},"
            f" B has {', '.join(b.strategies)}"
        )
    rows_a, rows_b = (np.array([rows[key] for key in both], np.int64) for rows in known)
    return rows_a, rows_b


def _at(table: SuccessTable, rows: I64) -> SuccessTable:
    """The points at some rows, in this order, as far as choosing among them needs it."""
    return replace(
        table,
        points=table.points[rows.tolist()],
        success=table.success[rows],
        variance=table.variance[rows],
        usage=None,
        noise=None,
    )


Part = tuple[str, F64, I64, I64]
"""What is compared, budgets, and the rows of A and of B."""


def _at_budgets(tables: tuple[SuccessTable, SuccessTable], costs: tuple[F64, F64]) -> list[Part]:
    """The best point of each strategy within each budget that it can spend in both pools."""
    first = max(float(each.min()) for each in costs)
    parts = []
    for name in tables[0].strategies:
        held = tables[0].is_of(name)
        least = max(float(each[held].min()) for each in costs)
        most = min(float(each[held].max()) for each in costs)
        budgets = _doublings(first, most * _SPARE)
        within = budgets[budgets * (1 + ROUNDING) >= least]
        chosen = [
            _best(table, each, name, within) for table, each in zip(tables, costs, strict=True)
        ]
        parts.append(("budget", within, chosen[0], chosen[1]))
    return parts


def _best(table: SuccessTable, costs: F64, strategy: str, budgets: F64) -> I64:
    """(n_budgets,) row of a strategy's best point within each budget, the cheapest of equals."""
    rows = by_cost(table, costs, [strategy])
    counts = np.searchsorted(costs[rows], budgets * (1 + ROUNDING), side="right")
    return rows[best_within(table.mean()[rows][:, None], counts)[:, 0]]


def _doublings(low: float, high: float) -> F64:
    """`low` and its doublings up to `high`; none where that is smaller."""
    if low > high * (1 + ROUNDING):
        return np.empty(0)
    budgets: F64 = low * 2.0 ** np.arange(np.floor(np.log2(high / low * (1 + ROUNDING))) + 1)
    return budgets


def _rows(
    part: Part,
    points: pl.DataFrame,
    costs: tuple[F64, F64],
    success: tuple[F64, F64],
    clusters: I64 | None,
) -> pl.DataFrame:
    """The rows of one part of the comparison."""
    compared, budgets, *chosen = part
    pairs = success[1][chosen[1]] - success[0][chosen[0]]
    low, high = difference_intervals(pairs, clusters)
    sides = [
        column
        for letter, rows, cost, value in zip("ab", chosen, costs, success, strict=True)
        for column in (
            *(points[name][rows.tolist()].alias(f"{name}_{letter}") for name in _KEY[1:]),
            pl.Series(f"cost_{letter}", cost[rows]),
            pl.Series(f"success_{letter}", value[rows].mean(axis=1)),
        )
    ]
    return pl.DataFrame(
        [
            pl.Series("compared", [compared] * len(budgets)),
            points["strategy"][chosen[0].tolist()],
            pl.Series("budget", budgets),
            *sides,
            pl.Series("difference", settled(settled(pairs).mean(axis=1))),
            pl.Series("difference_low", low),
            pl.Series("difference_high", high),
            pl.Series("few_differ", too_few_differ(pairs, clusters)),
        ]
    )

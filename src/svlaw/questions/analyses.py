"""The questions asked most: curves, frontier, crossover, laws, plan and forecast.

Each function takes a success table, a pool or the path of a pool, and a cost model or lambda. It
hands a table and a cost model to the analysis of the same name. From a pool, the grid and the
strategies are those of the command.
"""

from collections.abc import Sequence

from svlaw.analysis.compare import crossover as crossovers
from svlaw.analysis.compare import curves as curve_rows
from svlaw.analysis.compare import frontier as frontiers
from svlaw.analysis.compare.crossover import Crossover
from svlaw.fit.forecasts import forecast as forecasts
from svlaw.fit.forecasts.coverage_forecast import Counts, correct_counts
from svlaw.fit.forecasts.forecast import Forecast
from svlaw.fit.laws import allocation as laws
from svlaw.fit.laws.allocation import AllocationFit
from svlaw.fit.plans import planner
from svlaw.fit.plans.planner import Plan
from svlaw.questions.defaults import FORECAST_RESAMPLES, LAW_RESAMPLES, RESAMPLES
from svlaw.questions.result_frames import CurveFrame, FrontierFrame
from svlaw.questions.sources import Price, Source, ask


def curves(
    source: Source,
    cost: Price = None,
    *,
    verifier: str | None = None,
    false_positive_rate: float | None = None,
    seed: int = 0,
) -> CurveFrame:
    """Mean success, its interval and its cost at every (S, V), as `svlaw curves` gives them.

    Args:
        source: A success table, a pool, or the path of a pool. From a pool, S and V run over powers
            of two.
        cost: A cost model or lambda. From a pool it may be None, which measures lambda.
        verifier: Verifier of the pool; may be None when the pool has one.
        false_positive_rate: F, to show what coverage would read if a share F of the incorrect
            solutions were graded correct.
        seed: Seed of the estimators.

    Returns:
        A Polars frame with one row per point. Columns `strategy`, `solutions`, `verifications`,
        `cost`, `success`, `conf_low`, `conf_high` (95%), `mc_error`, `n_problems`, `setting`,
        `mean_solutions`, `mean_verifications`, `cost_low`, `cost_high` and `censored`; further ones
        are explained in `svlaw.analysis.compare.curves`.

    Raises:
        BadInputError: An argument has a wrong type, or the rate is no share.
        NotInPoolError: The pool lacks what the analysis needs.

    Examples:
        >>> import svlaw as sv
        >>> rows = sv.curves(sv.open_example("singhi2025_fig1"), 2.0)
        >>> rows
        curves: 69 rows x 15 columns
          best_of_n, S = 256, V = 32: 59.2%
          self_consistency, S = 128: 55.6%
        >>> rows.filter(strategy="self_consistency", solutions=4)["success"].item()
        0.4133
    """
    asked = ask("curves", source, cost, verifier, seed)
    rate = false_positive_rate
    return CurveFrame(curve_rows.curves(asked.table, asked.cost, false_positive_rate=rate))


def frontier(
    source: Source,
    cost: Price = None,
    *,
    verifier: str | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> FrontierFrame:
    """The best point of every strategy within each budget, as `svlaw frontier` gives it.

    Args:
        source: A success table, a pool, or the path of a pool. From a pool, S and V run over powers
            of two.
        cost: A cost model or lambda. From a pool it may be None, which measures lambda.
        verifier: Verifier of the pool; may be None when the pool has one.
        resamples: Resamples of problems for the intervals; 0 for none.
        seed: Seed of every random draw.

    Returns:
        A Polars frame with one row per budget and strategy. Columns `budget`, `strategy`,
        `solutions`, `verifications`, `setting`, `cost`, `success`, `conf_low`, `conf_high`,
        `crossfit`, `optimism`, `gain` (over self-consistency at the same budget), `gain_low`,
        `gain_high`, `few_differ` and `best`; see `svlaw.analysis.compare.frontier`.

    Raises:
        BadInputError: An argument has a wrong type.
        NotInPoolError: The pool lacks what the analysis needs.

    Examples:
        >>> import svlaw as sv
        >>> best = sv.frontier(sv.open_example("singhi2025_fig1"), 2.0).filter("best")
        >>> best.select("budget", "strategy", "solutions").row(3)
        (8.0, 'self_consistency', 8)
    """
    asked = ask("frontier", source, cost, verifier, seed)
    rows = frontiers.frontier(asked.table, asked.cost, resamples=resamples, seed=seed)
    return FrontierFrame(rows)


def crossover(
    source: Source,
    cost: Price = None,
    strategy: str | None = None,
    against: str = "self_consistency",
    *,
    verifier: str | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Crossover:
    """The budget at which verification takes the lead over self-consistency.

    Args:
        source: A success table, a pool, or the path of a pool. From a pool, S and V run over powers
            of two, and the two strategies alone decide which problems count.
        cost: A cost model or lambda. From a pool it may be None, which measures lambda.
        strategy: `best_of_n`, `weighted_vote`, `best` for the better of the two at each budget, or
            any other strategy. When None, best_of_n where there is any, else weighted_vote.
        against: What the strategy is compared with.
        verifier: Verifier of the pool; may be None when the pool has one.
        resamples: Resamples of problems for the intervals; 0 for none.
        seed: Seed of every random draw.

    Raises:
        BadInputError: An argument has a wrong type, or there is no such strategy.
        NotInPoolError: One of the strategies is missing, or their budgets do not overlap.

    Source:
        arXiv 2504.01005, section 4.1 (definitions made exact in docs/comparing.md).

    Examples:
        >>> import svlaw as sv
        >>> found = sv.crossover(sv.open_example("singhi2025_fig1"), 2.0)
        >>> found
        Crossover of best_of_n: published table, status ok
          saturation budget 128
          crossover budget 1,231
          match budget 1,014
          gain (points) 3.7
        >>> round(found.crossover_budget.estimate)
        1231
    """
    asked = ask("crossover", source, cost, verifier, seed, (strategy, against))
    return crossovers.crossover(
        asked.table,
        asked.cost,
        strategy or asked.strategy,
        against,
        resamples=resamples,
        seed=seed,
    )


def fit_allocation(
    source: Source,
    cost: Price = None,
    method: str | Sequence[str] = "all",
    *,
    verifier: str | None = None,
    interior: bool = False,
    needs_gain: bool = True,
    resamples: int = LAW_RESAMPLES,
    seed: int = 0,
) -> AllocationFit:
    """Fit the allocation laws S_opt ~ C^a and V_opt ~ C^b, as `svlaw fit` does.

    Args:
        source: A success table, a pool, or the path of a pool. From a pool, S and V run over the
            fine grid of eight values per doubling; on powers of two the optima would snap to them.
        cost: A cost model or lambda. From a pool it may be None, which measures lambda.
        method: `envelope`, `isobudget`, `surface`, several of them, or `all`.
        verifier: Verifier of the pool; may be None when the pool has one.
        interior: Exclude optima at the largest S or V, or at S = 1 or V = 1.
        needs_gain: Whether a law needs a gain that is clear of noise; a simulation, whose gain is
            known, does without.
        resamples: Resamples of problems for the intervals; 0 for none.
        seed: Seed of every random draw.

    Raises:
        BadInputError: An argument has a wrong type, or the method is unknown.
        NotInPoolError: There is no strategy with a verifier.

    Examples:
        >>> import svlaw as sv
        >>> fit = sv.fit_allocation(sv.open_example("singhi2025_fig1"), 2.0)
        >>> fit
        AllocationFit by envelope, isobudget, surface: published table
          best_of_n: S ~ C^0.51, V ~ C^0.53 (isobudget)
        >>> round(fit["best_of_n", "solutions", "envelope"].exponent, 2)
        0.56
    """
    asked = ask("fit", source, cost, verifier, seed)
    return laws.fit_allocation(
        asked.table,
        asked.cost,
        method,
        interior=interior,
        needs_gain=needs_gain,
        resamples=resamples,
        seed=seed,
    )


def plan(
    source: Source,
    cost: Price = None,
    *,
    budget: float | None = None,
    target: float | None = None,
    verifier: str | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Plan:
    """The strategy, S and V to run within a budget or for a target, as `svlaw plan` chooses them.

    Args:
        source: A success table, a pool, or the path of a pool. From a pool, S and V run over the
            fine grid of eight values per doubling.
        cost: A cost model or lambda. From a pool it may be None, which measures lambda.
        budget: Maximum cost per problem, in the units of the cost.
        target: Accuracy to reach at the lowest cost, above 0 and at most 1. Give either a budget or
            a target.
        verifier: Verifier of the pool; may be None when the pool has one.
        resamples: Resamples of problems for the intervals; 0 for none.
        seed: Seed of every random draw.

    Raises:
        BadInputError: An argument has a wrong type, both or neither of budget and target are given,
            one is out of range, or the budget is below the cheapest computed point.
        NotInPoolError: No strategy can be run without an oracle.

    Examples:
        >>> import svlaw as sv
        >>> found = sv.plan(sv.open_example("singhi2025_fig1"), 2.0, budget=64)
        >>> found
        Plan for a budget of 64: status ok
          recommended: self_consistency, S = 64, cost 64, expected 55.1%
          voting: self_consistency, S = 64, cost 64, expected 55.1%
          default vote: self_consistency, S = 16, cost 16, expected 49.5%
          runner-up: best_of_n, S = 4, V = 4, cost 36, expected 44.9%
        >>> found.frame()["role"].to_list()
        ['recommended', 'voting', 'default vote', 'runner-up']
    """
    planner.check_request(budget, target)
    asked = ask("plan", source, cost, verifier, seed)
    return planner.plan(
        asked.table, asked.cost, budget=budget, target=target, resamples=resamples, seed=seed
    )


def forecast(
    source: Source,
    cost: Price = None,
    counts: Counts | None = None,
    *,
    verifier: str | None = None,
    solutions: Sequence[int] | None = None,
    budgets: Sequence[float] | None = None,
    resamples: int = FORECAST_RESAMPLES,
    seed: int = 0,
) -> Forecast:
    """Forecast success beyond the sampled data, with a backtest of every forecast.

    Args:
        source: A success table, a pool, or the path of a pool. From a pool, S and V run over the
            fine grid of eight values per doubling.
        cost: A cost model or lambda. From a pool it may be None, which measures lambda.
        counts: Correct solutions of a success table's problems, from `correct_counts`; without them
            coverage is left out. From a pool they are counted.
        verifier: Verifier of the pool; may be None when the pool has one.
        solutions: Numbers of solutions for coverage; 4 and 16 times those sampled when None.
        budgets: Budgets for the other strategies; 4 and 16 times the largest cost of each when
            None.
        resamples: Resamples of problems; 0 for no intervals.
        seed: Seed of every random draw.

    Raises:
        BadInputError: An argument has a wrong type, or a number of solutions or a budget cannot be
            used.
        NotInPoolError: Nothing can be forecast.

    Examples:
        >>> import svlaw as sv
        >>> found = sv.forecast(sv.open_example("singhi2025_fig1"), 2.0, budgets=[1e5])
        >>> found["best_of_n"]["status"].to_list()
        ['ok']
    """
    asked = ask("forecast", source, cost, verifier, seed)
    table = asked.table
    if counts is None and asked.pool and table.has_problems and "coverage" in table.strategies:
        counts = correct_counts(asked.pool, table)
    return forecasts.forecast(
        table,
        asked.cost,
        counts,
        solutions=solutions,
        budgets=budgets,
        resamples=resamples,
        seed=seed,
    )

"""What a question is asked of: a success table, a pool or a path, and what compute costs there."""

from numbers import Real
from pathlib import Path
from typing import Final, NamedTuple

from svlaw.analysis.cost import CostModel, RelativeCost
from svlaw.analysis.cost_choice import CostChoice
from svlaw.analysis.success.estimators import Options
from svlaw.analysis.success.pool_strategies import contenders, default_strategies
from svlaw.analysis.success.success_table import SuccessTable, success_table
from svlaw.data.errors import BadInputError
from svlaw.data.pool import Pool, open_pool
from svlaw.data.schema import VERIFIED
from svlaw.questions.defaults import CONTESTS, GRIDS

Source = SuccessTable | Pool | str | Path
"""What a question may be asked of."""
Price = CostModel | CostChoice | float | None
"""A cost model, one to be made from the pool, lambda, or None for a lambda that is measured."""

_MODEL: Final = ("solutions_at", "unit", "ratio", "calls")
"""Attributes by which a cost model is recognised."""


class Asked(NamedTuple):
    """What an analysis takes, and where it came from."""

    table: SuccessTable
    cost: CostModel
    pool: Pool | None
    strategy: str | None


def ask(
    question: str,
    source: Source,
    cost: Price,
    verifier: str | None,
    seed: int,
    sides: tuple[str | None, str] | None = None,
) -> Asked:
    """The success table and the cost model of a question.

    Args:
        question: The command whose defaults count.
        source: What is asked.
        cost: What it costs.
        verifier: Verifier of the pool.
        seed: Seed of the estimators.
        sides: For a comparison, the strategy (best_of_n when None) and what it is compared with.

    Raises:
        BadInputError: An argument has a wrong type, or goes with a pool only.
    """
    if isinstance(source, SuccessTable):
        if verifier is not None:
            raise BadInputError(
                f"verifier '{verifier}': a success table has one already; choose it when the table"
                " is made"
            )
        return Asked(source, _price_of_table(cost, source), None, None)
    pool = _pool(source)
    if verifier is not None:
        pool.resolve_verifier(verifier)
    price = _price_of_pool(cost, pool, verifier)
    names: list[str] | None = None
    strategy = None
    if question == "fit":
        names = list(default_strategies(pool))
        names += [] if set(names) & set(VERIFIED) else VERIFIED
    elif question in CONTESTS:
        names = list(contenders(pool))
    elif sides is not None:
        strategy = sides[0] or _verified(pool)
        names = [sides[1], *(VERIFIED if strategy == "best" else [strategy])]
    grid = GRIDS[question]
    options = Options(seed=seed)
    table = success_table(pool, names, grid, grid, verifier=verifier, options=options)
    return Asked(table, price, pool, strategy)


def _pool(source: object) -> Pool:
    """A pool from itself or its path.

    Raises:
        BadInputError: It is neither.
    """
    if isinstance(source, Pool):
        return source
    if isinstance(source, str | Path):
        return open_pool(source)
    raise BadInputError(
        f"the first argument is {_kind(source)}: give a success table (sv.success_table), a pool"
        " (sv.open_pool) or the path of a pool"
    )


def _price_of_table(cost: Price, table: SuccessTable) -> CostModel:
    """The cost model for a success table, which has no lengths to measure lambda from."""
    if cost is None or isinstance(cost, CostChoice):
        raise BadInputError(
            "a success table has no lengths to measure lambda from: give a number for lambda or a"
            " cost model, such as sv.relative_cost(pool, None)"
        )
    ratio = _number(cost)
    return _model(cost) if ratio is None else RelativeCost(ratio, calls=table.calls)


def _price_of_pool(cost: Price, pool: Pool, verifier: str | None) -> CostModel:
    """The cost model for a pool."""
    if isinstance(cost, CostChoice):
        return cost.model(pool, verifier)
    ratio = _number(cost)
    if cost is None or ratio is not None:
        return CostChoice(ratio=ratio).model(pool, verifier)
    return _model(cost)


def _number(value: object) -> float | None:
    """A number that is lambda; None for anything else."""
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    return float(value) if is_number else None  # type: ignore[arg-type]


def _model(cost: object) -> CostModel:
    """A cost model.

    Raises:
        BadInputError: It is none.
    """
    if callable(cost) and all(hasattr(cost, name) for name in _MODEL):
        return cost  # type: ignore[return-value]
    raise BadInputError(
        f"the second argument is {_kind(cost)}: give a cost model (sv.relative_cost,"
        " sv.token_cost, ...) or a number for lambda, the cost of one verification relative to one"
        " solution"
    )


def _verified(pool: Pool) -> str:
    """The strategy that is compared where none is named."""
    present = default_strategies(pool)
    return next((name for name in VERIFIED if name in present), VERIFIED[0])


def _kind(value: object) -> str:
    """What a value is, in words: a DataFrame, an int."""
    name = type(value).__name__
    return "None" if value is None else f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"

"""The points of a published success table, as the pool holds them."""

from collections.abc import Sequence

import polars as pl

from svlaw.analysis.success.grid import Values, split_values
from svlaw.data.errors import BadInputError
from svlaw.data.pool import Pool


def published_points(
    pool: Pool, strategies: Sequence[str], solutions: Values, verifications: Values
) -> pl.DataFrame:
    """The points of a published table, with their `success`.

    Args:
        pool: A pool that holds a published table.
        strategies: Strategies, in the order wanted.
        solutions: Values of S; all when None.
        verifications: Values of V; all when None.

    Raises:
        BadInputError: A value is not in the table, or a part is damaged.
    """
    (_, solutions), (_, verifications) = split_values(solutions), split_values(verifications)
    columns = ("strategy", "solutions", "verifications", "success")
    frame = pool.read("success", columns).filter(pl.col("strategy").is_in(strategies))
    for name, values in (("solutions", solutions), ("verifications", verifications)):
        for value in values or ():
            if value not in frame[name]:
                raise BadInputError(f"{pool.path}: the published table has no {name} = {value}")
    if solutions is not None:
        frame = frame.filter(pl.col("solutions").is_in(list(solutions)))
    if verifications is not None:
        frame = frame.filter(pl.col("verifications").is_in([0, *verifications]))
    order = pl.col("strategy").replace_strict({n: i for i, n in enumerate(strategies)})
    return frame.sort(order, "verifications", "solutions")

"""Success curves: what stands in each row."""

import numpy as np
import polars as pl
import pytest

from svlaw.analysis.compare.curves import curves
from svlaw.analysis.cost import RelativeCost
from svlaw.data.errors import BadInputError

COST = RelativeCost(2.0)
COLUMNS = {
    "strategy": pl.String,
    "solutions": pl.Int32,
    "verifications": pl.Int32,
    "cost": pl.Float64,
    "success": pl.Float64,
    "conf_low": pl.Float64,
    "conf_high": pl.Float64,
    "mc_error": pl.Float64,
    "n_problems": pl.Int32,
    "setting": pl.String,
    "mean_solutions": pl.Float64,
    "mean_verifications": pl.Float64,
    "cost_low": pl.Float64,
    "cost_high": pl.Float64,
    "censored": pl.Float64,
}


@pytest.fixture
def table(tables):
    rng = np.random.default_rng(0)
    made = tables.of(
        {
            ("coverage", 1, 0): rng.random(60),
            ("best_of_n", 4, 8): rng.random(60),
            ("best_of_n", 8, 8): np.full(60, np.nan),
        }
    )
    made.variance[1] = 0.0036
    made.variance[2] = np.nan
    return made


def test_rows(table) -> None:
    found = curves(table, COST)
    assert dict(found.schema) == COLUMNS
    assert found["cost"].to_list() == [1, 68, 136]
    assert found["success"][:2].to_list() == pytest.approx(table.success[:2].mean(axis=1))
    assert found["mc_error"][:2].to_list() == pytest.approx([0, 0.06 / np.sqrt(60)])
    assert found["n_problems"].to_list() == [60, 60, 0]
    inside = found[:2].select(
        (pl.col("conf_low") < pl.col("success")) & (pl.col("success") < pl.col("conf_high"))
    )
    assert inside.to_series().all()
    width = (found["conf_high"] - found["conf_low"])[0]
    assert width == pytest.approx(2 * 1.96 * table.success[0].std() / np.sqrt(60), rel=0.15)


def test_what_nobody_supports_is_null(table) -> None:
    last = curves(table, COST).row(2, named=True)
    assert [last[n] for n in ("success", "conf_low", "conf_high", "mc_error")] == [None] * 4


def test_a_published_table_has_no_intervals(published) -> None:
    found = curves(published, COST)
    assert dict(found.schema) == COLUMNS
    for name in ("conf_low", "conf_high", "mc_error", "n_problems"):
        assert found[name].null_count() == found.height
    assert found["success"].null_count() == 0


def test_coverage_as_false_positives_would_show_it(tables) -> None:
    """Every wrong solution of S is taken for right with probability F, each on its own."""
    success = np.array([0.0, 0.25, 1.0])
    table = tables.of({("coverage", 4, 0): success, ("self_consistency", 4, 0): success})
    found = curves(table, COST, false_positive_rate=0.1)
    expected = np.mean(success + (1 - success) * (1 - 0.9**4))
    assert found["with_false_positives"].to_list() == [pytest.approx(expected), None]
    with pytest.raises(BadInputError, match="false-positive rate = 2"):
        curves(table, COST, false_positive_rate=2)

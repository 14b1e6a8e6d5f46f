"""The rows of a forecast: columns, statuses, notes."""

import numpy as np
import polars as pl
import pytest

from svlaw.analysis.cost import RelativeCost
from svlaw.analysis.success.success_table import SuccessTable, success_table
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.examples import open_example
from svlaw.fit.forecasts.coverage_forecast import Counts, correct_counts, coverage_bounds
from svlaw.fit.forecasts.forecast import RATES_SCHEMA, ROWS_SCHEMA, Forecast, forecast

COST = RelativeCost(2.0)


@pytest.fixture(scope="module")
def exams() -> tuple[SuccessTable, Counts]:
    pool = open_example("exams_gpt35_by_gpt4")
    table = success_table(pool, ["coverage", "self_consistency"], "fine")
    return table, correct_counts(pool, table)


@pytest.fixture(scope="module")
def found(exams) -> Forecast:
    table, counts = exams
    return forecast(table, COST, counts, resamples=80)


def test_rows(found: Forecast) -> None:
    rows = found.rows
    assert dict(rows.schema) == ROWS_SCHEMA
    assert rows["strategy"].to_list() == ["coverage"] * 2 + ["self_consistency"] * 2
    assert rows["solutions"].to_list() == [360, 1440] * 2
    assert rows["cost"].to_list() == [360, 1440] * 2
    assert rows["verifications"].to_list() == [0] * 4
    assert rows["held_back"].to_list() == [
        "22 to 90 solutions",
        "5 to 90 solutions",
        "S 22 to 90",
        "S 8 to 90",
    ]
    assert rows.null_count().sum_horizontal().item() == 0
    assert (rows["conf_low"] < rows["success"]).all()
    assert (rows["success"] < rows["conf_high"]).all()
    assert rows["status"].to_list() == ["ok", "ok", "ok", "untested"]
    assert found.n_problems == 99
    assert found.resamples == 80
    assert found.notes == ()


def test_models(found: Forecast) -> None:
    assert dict(found.rates.schema) == RATES_SCHEMA
    assert found.rates["model"].to_list() == [
        "beta",
        "kumaraswamy",
        "zero_inflated_beta",
        "zero_inflated_kumaraswamy",
    ]
    assert found.rates["chosen"].to_list() == [True, False, False, False]
    chosen = found.rates.row(0, named=True)
    assert chosen["aic"] == pytest.approx(4 - 2 * chosen["log_likelihood"])
    assert [(m.strategy, m.model) for m in found.models] == [
        ("coverage", "beta"),
        ("self_consistency", "stretched_exponential"),
    ]
    assert found.models[0].parameters == {"a": chosen["a"], "b": chosen["b"], "unsolvable": 0.0}


def test_the_same_seed_gives_the_same_rows(exams, found: Forecast) -> None:
    table, counts = exams
    one, same = (
        forecast(table, COST, counts, solutions=[360], resamples=80, seed=1).rows for _ in range(2)
    )
    assert one.equals(same)
    before = found.rows.filter(pl.col("solutions") == 360)
    assert one["success"][0] == pytest.approx(before["success"][0], rel=1e-12)
    assert one["conf_low"][1] != before["conf_low"][1]
    assert one["error"][0] != before["error"][0]


def test_without_resamples_there_are_no_intervals(exams) -> None:
    table, counts = exams
    found = forecast(table, COST, counts, solutions=[1000], budgets=[500], resamples=0)
    assert found.rows["solutions"].to_list() == [1000, 500]
    for name in ("conf_low", "conf_high", "held"):
        assert found.rows[name].null_count() == 2
    assert found.resamples == 0


def test_a_budget_within_the_data_needs_no_forecast(exams) -> None:
    table, counts = exams
    found = forecast(table, COST, counts, budgets=[50, 200], resamples=0)
    assert found.rows["solutions"].to_list() == [360, 1440, 200]
    assert found.notes == (
        "self_consistency was sampled up to a cost of 90, so that 50 needs no forecast: see 'svlaw"
        " frontier'",
    )
    with pytest.raises(NotInPoolError, match="sampled up to a cost of 90"):
        forecast(table.select("self_consistency"), COST, None, budgets=[50])
    with pytest.raises(BadInputError, match="budget = -5: use a number above 0"):
        forecast(table, COST, counts, budgets=[-5])


def test_what_cannot_be_tested_is_left_out(exams, tables) -> None:
    table, _ = exams
    without = forecast(table, COST, None, resamples=0)
    assert without.rows["strategy"].unique().to_list() == ["self_consistency"]
    assert without.rates.is_empty()
    assert "no counts of right solutions" in without.notes[0]
    few = tables.of({("self_consistency", s, 0): np.full(9, 0.1 * s) for s in range(1, 5)})
    with pytest.raises(NotInPoolError, match="values of S from 4 on"):
        forecast(few, COST)


def test_few_problems_are_doubtful() -> None:
    pool = open_example("exams_gpt35_by_gpt4")
    table = success_table(pool, ["coverage"], [1])
    counts = correct_counts(pool, table)
    mask = np.arange(99) % 12 == 0
    few = Counts(counts.n_solutions[mask], counts.n_correct[mask])
    rows = forecast(table.restrict(mask), COST, few, resamples=0).rows
    assert rows["status"].unique().to_list() == ["doubtful"]


def test_a_published_table(published) -> None:
    found = forecast(published, COST, resamples=200)
    assert found.rows["strategy"].unique(maintain_order=True).to_list() == [
        "self_consistency",
        "best_of_n",
    ]
    assert found.rows["conf_low"].null_count() == 4
    assert found.rows["status"].to_list() == ["ok"] * 4
    assert found.n_problems is None
    assert found.resamples == 0
    bound = found.rows.filter(pl.col("strategy") == "best_of_n")
    assert (bound["cost"] <= pl.Series([4 * 16640, 16 * 16640])).all()


def test_no_strategy_exceeds_coverage(monkeypatch: pytest.MonkeyPatch, exams) -> None:
    """A model that promises everything is lowered to coverage at its S, and is doubtful."""
    table, counts = exams

    class Promise:
        model, parameters, is_poor = "promise", {"all": 1.0}, False

        def predict(self, solutions, verifications):
            return np.full(solutions.size, 0.999)

        def predict_resampled(self, means, solutions, verifications):
            return np.full((solutions.size, means.shape[1]), 0.999)

        def best(self, cost, budget):
            return int(budget), 0

    monkeypatch.setattr("svlaw.fit.forecasts.strategy_forecast.extrapolator", lambda *_: Promise())
    found = forecast(table, COST, counts, resamples=40)
    coverage, votes = (
        found.rows.filter(strategy=name) for name in ("coverage", "self_consistency")
    )
    assert votes["success"].to_list() == pytest.approx(coverage["success"].to_list(), rel=1e-9)
    assert (votes["conf_high"] <= coverage["conf_high"] + 1e-9).all()
    assert (votes["conf_low"] <= votes["success"]).all()
    assert votes["status"].to_list() == ["doubtful"] * 2
    assert len(found.notes) == 2
    assert "its model reaches 99.9%, more than coverage, " in found.notes[0]
    without = forecast(table, COST, None, budgets=[400.0], resamples=0)
    assert without.rows["success"].to_list() == [0.999]
    assert without.rows["conf_high"].to_list() == [None]


def test_coverage_bounds_are_coverage(exams) -> None:
    table, counts = exams
    values = table.points.filter(strategy="coverage")["solutions"].to_numpy().astype(np.int64)
    bounds = coverage_bounds(counts, values)
    assert bounds is not None
    assert bounds[0] == pytest.approx(table.select("coverage").mean(), abs=1e-12)
    assert (bounds[1] == 1).all()
    assert coverage_bounds(Counts(np.full(5, 8), np.zeros(5, np.int64)), values) is None

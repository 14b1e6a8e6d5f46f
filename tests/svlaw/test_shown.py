"""Every public result shows itself: a few lines, a table for notebooks, a tidy frame."""

import inspect
from dataclasses import is_dataclass, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import polars as pl
import pytest

import svlaw as sv
from svlaw.analysis.checks.findings import Check
from svlaw.data.shown import Shown
from svlaw.fit.simulation.population import SETTINGS

HOSTILE = "<b>&\"'\x00\n]]> " + "x" * 300
SETTINGS_AND_ERRORS = {"Options", "Configuration", "ProblemSource", "Shard", "CostModel"}
"""Public types that are asked with, not answered with."""


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> sv.Pool:
    path = tmp_path_factory.mktemp("shown") / "pool"
    sizes = {"problems": 24, "solutions": 16, "verifications": 4}
    return sv.simulate_pool(path, SETTINGS["typical"], **sizes, seed=3)


@pytest.fixture(scope="module")
def results(pool: sv.Pool) -> dict[str, Any]:
    """A result of every public type."""
    table = sv.success_table(pool, solutions="fine", verifications="fine")
    cost = sv.relative_cost(pool, 2.0)
    fit = sv.fit_allocation(table, cost, ["envelope", "isobudget"], resamples=40)
    population = sv.fit_population(pool)
    savings = sv.savings(table, cost, "best_of_n", resamples=40)
    crossover = sv.crossover(table, cost, resamples=40)
    design = sv.design(pool, width=0.5, method="envelope", cost=cost, resamples=40, threads=1)
    laws = sv.true_exponents(SETTINGS["typical"], cost, [8.0, 16.0, 32.0, 64.0, 128.0])
    found = [
        *(pool, table, cost, crossover, crossover.gain, savings, savings.levels[0], fit),
        *(fit.laws[0], sv.advise(fit.laws)[0], population, population.simulation, design),
        *(design.candidates[0], laws[0], sv.check_pool(pool)[0], sv.CostChoice()),
        *(sv.measure_lambda(pool), sv.token_cost(pool), sv.flops_cost(pool, 8e9)),
        *(sv.price_cost(pool, 0.6, 0.1, 0.2), sv.mean_tokens(pool)),
        sv.pool_differences(table, table, cost, cost),
        sv.plan(table, cost, budget=16, resamples=40),
        sv.forecast(table, cost, resamples=0),
        sv.reliability(pool),
        sv.verification_map(SETTINGS["typical"], 1.0, 2.0, cells=2),
        sv.Bin("level", "3", table),
        sv.PoolGrading(pool, *([1] * 9), "rules", *([1] * 3)),
        sv.ParsedVerdicts("verifier", "text", None, 1, 2, 3, 4),
        sv.Generation(pool, "solutions", None, 4, 4, {"timeout": 1}, 100, 1.0, ("a remark",)),
    ]
    return {type(each).__name__: each for each in found} | {
        "curves": sv.curves(table, cost),
        "frontier": sv.frontier(table, cost, resamples=40),
    }


def test_every_public_result_is_among_them(results: dict[str, Any]) -> None:
    types = {
        name
        for name in set(sv.__all__) - {"__version__"}
        if inspect.isclass(getattr(sv, name)) and not issubclass(getattr(sv, name), Exception)
    }
    assert types - SETTINGS_AND_ERRORS == set(results) - {"curves", "frontier"}


def test_a_few_lines(results: dict[str, Any]) -> None:
    for name, result in results.items():
        lines = repr(result).splitlines()
        assert len(repr(result)) < 600, name
        assert lines[0].startswith(name), name
        assert all(line.strip() for line in lines), name


def test_html_is_well_formed_and_holds_the_figures(results: dict[str, Any]) -> None:
    for name, result in results.items():
        page = ET.fromstring(result._repr_html_())
        cells = [len(row) for row in page.iter("tr")]
        assert cells, name
        assert len(set(cells)) == 1, name
    text = "".join(ET.fromstring(results["Plan"]._repr_html_()).itertext())
    assert f"recommended: {results['Plan'].strategy}" in text


def test_frames_are_tidy(results: dict[str, Any]) -> None:
    for name, result in results.items():
        frame = result.frame()
        assert type(frame) is pl.DataFrame, name
        assert frame.height > 0, name
        assert not any(dtype.is_nested() for dtype in frame.dtypes), name
    fit, plan = results["AllocationFit"], results["Plan"]
    assert fit.frame()["exponent"].to_list() == [law.exponent for law in fit.laws]
    assert plan.frame().row(0, named=True)["role"] == "recommended"
    assert plan.frame()["solutions"][0] == plan.solutions
    crossover = results["Crossover"].frame()
    assert dict(crossover.select("figure", "estimate").iter_rows())["gain"] == (
        results["Crossover"].gain.estimate
    )
    counts = dict(results["Pool"].frame().select("table", "rows").iter_rows())
    assert counts["answers"] == 24 * 16


def test_hostile_names(results: dict[str, Any]) -> None:
    """Names come from files; none may break a page, nor a terminal."""
    table = results["SuccessTable"]
    hostile = [
        replace(results["Pool"], path=Path(HOSTILE.replace("\x00", "")), verifiers=()),
        replace(table, verifier=HOSTILE, points=table.points.with_columns(setting=pl.lit(HOSTILE))),
        replace(results["RelativeCost"], origin=HOSTILE),
        replace(results["Crossover"], strategy=HOSTILE),
        replace(results["Savings"], against=HOSTILE),
        replace(
            results["PoolDifferences"],
            rows=results["PoolDifferences"].rows.with_columns(strategy=pl.lit(HOSTILE)),
        ),
        replace(results["Plan"], strategy=HOSTILE, notes=(HOSTILE,)),
        replace(results["AllocationLaw"], strategy=HOSTILE),
        replace(results["Bin"], name=HOSTILE),
        replace(results["Simulation"]),
        Check("note", HOSTILE, HOSTILE),
        results["Forecast"].__class__(
            results["Forecast"].rows.with_columns(strategy=pl.lit(HOSTILE)),
            *((), pl.DataFrame(), (), 1, 0, 0),
        ),
        type(results["frontier"])(results["frontier"].with_columns(setting=pl.lit(HOSTILE))),
    ]
    for result in hostile:
        text = repr(result)
        assert len(text) < 600
        assert not any(ord(each) < 32 and each != "\n" for each in text), type(result)
        page = result._repr_html_()
        assert "<b>" not in page
        ET.fromstring(page)


def test_look_up_by_name(results: dict[str, Any]) -> None:
    table, fit, forecast = (results[n] for n in ("SuccessTable", "AllocationFit", "Forecast"))
    assert table["best_of_n"].strategies == ("best_of_n",)
    assert {law.strategy for law in fit["best_of_n"].laws} == {"best_of_n"}
    one = fit["solutions", "envelope", "best_of_n"]
    assert (one.strategy, one.quantity, one.method) == ("best_of_n", "solutions", "envelope")
    part = fit["envelope"]
    assert {law.method for law in part.laws} == {"envelope"}
    assert set(part.optima["method"]) == {"envelope"}
    advised = sv.advise(fit["weighted_vote"].laws)[0].method
    assert fit["weighted_vote", "verifications"].method == (advised or fit.laws[0].method)
    name = forecast.rows["strategy"][0]
    assert set(forecast[name]["strategy"]) == {name}
    with pytest.raises(sv.NotInPoolError):
        table["genrm"]
    with pytest.raises(sv.NotInPoolError):
        forecast["genrm"]
    with pytest.raises(sv.BadInputError, match="the fit has no 'genrm'; it has best_of_n"):
        fit["genrm"]
    with pytest.raises(sv.BadInputError, match="of which strategy"):
        fit["solutions"]


def test_rows_stay_a_polars_frame(results: dict[str, Any]) -> None:
    rows = results["frontier"]
    assert isinstance(rows, pl.DataFrame)
    assert type(rows.filter("best")) is pl.DataFrame
    assert str(rows) == str(rows.frame())
    assert rows.equals(rows.frame())


def test_a_result_that_says_no_more_of_itself() -> None:
    """What the base class makes of any dataclass."""
    shown = sv.Simulation()
    assert is_dataclass(shown)
    assert isinstance(shown, Shown)
    assert repr(shown).startswith("Simulation: pass_rate 0.")
    assert shown.frame()["pass_rate"].to_list() == [shown.pass_rate]

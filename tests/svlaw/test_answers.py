"""One question has one answer: from Python or the command line, from a path, a pool or a table."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import svlaw as sv
from svlaw.fit.simulation.population import SETTINGS

Run = Callable[..., tuple[int, str, str]]

LAMBDA = 2.0


@pytest.fixture(scope="module", params=["independent", "shared"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pool of either kind of calls, since lambda costs something else in each."""
    path = tmp_path_factory.mktemp("answers") / request.param
    population = replace(SETTINGS["typical"], shared_calls=request.param == "shared")
    sv.simulate_pool(path, population, problems=24, solutions=16, verifications=4, seed=3)
    return path


@pytest.fixture
def ask(svlaw: Run, folder: Path) -> Callable[..., dict[str, Any]]:
    """The JSON document of a command on the pool."""

    def run(*words: object) -> dict[str, Any]:
        code, out, err = svlaw(*words[:1], folder, "--lambda", LAMBDA, *words[1:], "--json")
        assert code == 0, err
        document: dict[str, Any] = json.loads(out)
        return document

    return run


def plain(value: Any) -> Any:
    """A result as JSON holds it."""
    return json.loads(json.dumps(value, default=str))


def test_plan(ask: Callable[..., dict[str, Any]], folder: Path) -> None:
    document = ask("plan", "--budget", 24)
    found = plain(asdict(sv.plan(folder, LAMBDA, budget=24)))
    shared = found.keys() & document.keys() - {"notes"}
    assert {"strategy", "solutions", "cost", "success", "conf_low", "runner_up"} <= shared
    assert {name: document[name] for name in shared if "samples" not in name} == {
        name: without_samples(found[name]) for name in shared if "samples" not in name
    }


def without_samples(value: Any) -> Any:
    """A point without the intervals that the command was not asked for."""
    if not isinstance(value, dict):
        return value
    return {name: each for name, each in value.items() if not name.startswith("samples_")}


def test_fit(ask: Callable[..., dict[str, Any]], folder: Path) -> None:
    document = ask("fit")
    found = sv.fit_allocation(folder, LAMBDA)
    assert document["laws"] == [without_samples(plain(asdict(law))) for law in found.laws]
    assert document["advice"] == [plain(asdict(each)) for each in sv.advise(found.laws)]


def test_frontier(ask: Callable[..., dict[str, Any]], folder: Path) -> None:
    assert ask("frontier")["frontier"] == sv.frontier(folder, LAMBDA).to_dicts()


def test_curves(ask: Callable[..., dict[str, Any]], folder: Path) -> None:
    assert ask("curves")["curves"] == sv.curves(folder, LAMBDA).to_dicts()


def test_crossover(ask: Callable[..., dict[str, Any]], folder: Path) -> None:
    document = ask("crossover")
    found = sv.crossover(folder, LAMBDA)
    assert (document["strategy"], document["status"]) == (found.strategy, found.status)
    for name in ("crossover_budget", "saturation_budget", "gain", "match_ratio"):
        assert document[name] == without_samples(asdict(getattr(found, name))), name


def test_forecast(ask: Callable[..., dict[str, Any]], folder: Path) -> None:
    document = ask("forecast")
    found = sv.forecast(folder, LAMBDA)
    assert document["forecast"] == found.rows.to_dicts()
    assert "coverage" in found.rows["strategy"], "counts come with the pool"


def test_a_path_a_pool_and_a_table_are_asked_alike(folder: Path) -> None:
    pool = sv.open_pool(folder)
    cost = sv.relative_cost(pool, LAMBDA)
    expected = sv.frontier(sv.success_table(pool), cost)
    for source in (str(folder), folder, pool, sv.success_table(pool)):
        for price in (LAMBDA, int(LAMBDA), np.float64(LAMBDA), cost):
            assert sv.frontier(source, price).equals(expected)


def test_lambda_is_measured_where_none_is_given(folder: Path) -> None:
    pool = sv.open_pool(folder)
    measured = sv.curves(pool, sv.relative_cost(pool, None))
    assert not measured.equals(sv.curves(pool, LAMBDA))
    assert sv.curves(folder).equals(measured)
    assert sv.curves(folder, sv.CostChoice()).equals(measured)


def test_the_better_of_two_needs_both(folder: Path) -> None:
    assert sv.crossover(folder, LAMBDA, "best", resamples=0).strategy == "best"
    assert sv.crossover(folder, LAMBDA, resamples=0).strategy == "best_of_n"


def test_wrong_types_get_a_sentence(folder: Path, exams: sv.SuccessTable) -> None:
    frame = pl.DataFrame({"a": [1]})
    for source in (frame, None, 3, [folder]):
        with pytest.raises(sv.BadInputError, match=r"^the first argument is an? \w+|None"):
            sv.plan(source, LAMBDA, budget=8)  # type: ignore[arg-type]
    for price in ("2", frame, True, [2.0], str):
        with pytest.raises(sv.BadInputError, match=r"^the second argument is an? \w+: give a cost"):
            sv.frontier(folder, price)  # type: ignore[arg-type]
    with pytest.raises(sv.BadInputError, match=r"^lambda = -1: use a number above 0$"):
        sv.curves(folder, -1)
    with pytest.raises(sv.BadInputError, match="no lengths to measure lambda from"):
        sv.curves(exams)
    with pytest.raises(sv.BadInputError, match="a success table has one already"):
        sv.curves(exams, LAMBDA, verifier="gpt-4")
    with pytest.raises(sv.NotInPoolError, match="no verifier 'other'"):
        sv.curves(folder, LAMBDA, verifier="other")
    with pytest.raises(sv.BadInputError, match="give a budget or a target"):
        sv.plan("nowhere", LAMBDA)

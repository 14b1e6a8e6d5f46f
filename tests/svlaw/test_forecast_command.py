"""`svlaw forecast`: its contract, its table for people, and its one-line errors."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from svlaw.data.examples import copy_example, open_example
from svlaw.fit.forecasts.forecast import ROWS_SCHEMA
from svlaw.fit.simulation.population import SETTINGS
from svlaw.fit.simulation.simulator import simulate_pool

Run = Callable[..., tuple[Any, str, str]]

QUICK = ("--resamples", 40, "--tolerance", 0.02)


@pytest.fixture
def bad(svlaw: Run) -> Callable[..., str]:
    """Runs a command that must fail with one line and exit code 2; returns the line."""

    def run(*arguments: Any) -> str:
        code, out, err = svlaw(*arguments)
        assert code == 2, err
        assert out == ""
        assert err.count("\n") == 1
        assert err.startswith("svlaw: ")
        return err

    return run


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small simulated pool with one verifier; its success tables are stored with it."""
    path = tmp_path_factory.mktemp("pools") / "simulated"
    simulate_pool(path, SETTINGS["typical"], problems=24, solutions=40, verifications=6)
    return path


@pytest.fixture(scope="module")
def exams(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pools") / "exams"
    copy_example("exams_gpt35_by_gpt4", path)
    return path


@pytest.fixture
def figure() -> Path:
    return open_example("singhi2025_fig1").path


def answers(sizes: dict[str, tuple[int, int]]) -> pl.DataFrame:
    """Answers of problems with (N, c): a right answer is 0, a wrong one 1."""
    names = ["problem_id", "solution_id", "answer_class", "is_correct", "status"]
    rows = [
        (name, j, int(j >= c), j < c, "graded") for name, (N, c) in sizes.items() for j in range(N)
    ]
    return pl.DataFrame(rows, names, orient="row")


def test_json(svlaw: Run, pool: Path) -> None:
    code, out, err = svlaw("forecast", pool, *QUICK, "--lambda", 1, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    rows = found["forecast"]
    assert [row["strategy"] for row in rows] == [
        name
        for name in ("coverage", "self_consistency", "best_of_n", "weighted_vote")
        for _ in range(2)
    ]
    assert [row["solutions"] for row in rows[:4]] == [160, 640] * 2
    for row in rows:
        assert list(row) == list(ROWS_SCHEMA)
        assert row["conf_low"] <= row["success"] <= row["conf_high"]
        assert row["status"] in {"ok", "doubtful", "untested"}
        assert row["held_back"]
        assert abs(row["error"]) <= row["error_rms"] + 1e-12
        assert row["cost"] == row["solutions"] * (1 + row["verifications"])
    for row in rows[4:]:
        assert row["cost"] <= 16 * 40 * 7
    assert {m["strategy"] for m in found["models"]} == {row["strategy"] for row in rows}
    assert [rate["chosen"] for rate in found["rates"]].count(True) == 1
    assert (found["n_problems"], found["cost"]["lambda"]) == (24, 1)


def test_wanted_solutions_and_budgets(svlaw: Run, pool: Path) -> None:
    _, out, err = svlaw(
        *("forecast", pool, *QUICK, "--strategies", "coverage,best_of_n", "--lambda", 1),
        *("--solutions", "1e3,10000", "--budget", "100,5e3", "--json"),
    )
    rows = json.loads(out)["forecast"]
    assert [row["solutions"] for row in rows[:2]] == [1000, 10_000]
    assert [row["strategy"] for row in rows[2:]] == ["best_of_n"]
    assert 4500 < rows[2]["cost"] <= 5000 or rows[2]["solutions"] <= 40
    assert (
        "best_of_n was sampled up to a cost of 280, so that 100 needs no forecast"
        in (json.loads(out)["notes"][0])
    )
    assert err == ""


def test_a_table_for_people(svlaw: Run, exams: Path) -> None:
    code, out, err = svlaw("forecast", exams, "--strategies", "coverage", "--resamples", 40)
    assert code == 0
    assert "99 problems" in out
    assert "22 to 90 solutions" in out
    assert "coverage: beta (a 0.492, b 0.332, unsolvable 0)" in out
    assert "97.4" in out
    assert err == ""


def test_notes_and_statuses_are_explained(svlaw: Run, exams: Path) -> None:
    _, out, err = svlaw(
        *("forecast", exams, "--strategies", "coverage", "--resamples", 0, "--solutions", "1e6"),
    )
    assert "untested" in out
    assert err == (
        "note: untested: the forecast looks further beyond the data than its backtest could; ask"
        " for less, or generate more solutions\n"
    )


def test_rows_to_a_file(svlaw: Run, exams: Path, tmp_path: Path) -> None:
    target = tmp_path / "rows.parquet"
    arguments = ("forecast", exams, "--strategies", "self_consistency", "--resamples", 40)
    code, out, _ = svlaw(*arguments, "-o", target)
    assert (code, out) == (0, "")
    written = pl.read_parquet(target)
    assert dict(written.schema) == ROWS_SCHEMA
    assert written.height == 2


def test_a_published_table(svlaw: Run, figure: Path) -> None:
    code, out, err = svlaw("forecast", figure, "--lambda", 2, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert {row["strategy"] for row in found["forecast"]} == {"self_consistency", "best_of_n"}
    assert {row["conf_low"] for row in found["forecast"]} == {None}
    assert {row["held"] for row in found["forecast"]} == {None}
    assert found["rates"] == []


def test_a_ragged_pool(svlaw: Run, make_pool) -> None:
    sizes = {f"p{i:02d}": (20 + i % 3, (i * i) % 21) for i in range(20)} | {"short": (2, 1)}
    path = make_pool(answers(sizes)).path
    code, out, err = svlaw(
        *("forecast", path, "--resamples", 40, "--solutions", "80", "--strategies", "coverage"),
        "--json",
    )
    assert code == 0
    found = json.loads(out)
    assert (found["n_problems"], found["n_set_aside"]) == (20, 1)
    assert found["forecast"][0]["held_back"] == "5 to 20 solutions"
    assert "1 problem with too few solutions or verdicts" in err


def test_all_solved(svlaw: Run, make_pool) -> None:
    path = make_pool(answers({f"p{i:02d}": (20, 20) for i in range(12)})).path
    arguments = ("--resamples", 40, "--strategies", "coverage", "--solutions", 80, "--json")
    code, out, _ = svlaw("forecast", path, *arguments)
    assert code == 0
    (row,) = json.loads(out)["forecast"]
    assert (row["success"], row["status"]) == (1, "ok")
    assert row["conf_low"] < 0.9


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ((20, 0), "no solution of any problem is right"),
        ((1, 1), "at least 4 solutions per problem"),
        ((3, 1), "most problems hold 3: generate more"),
    ],
)
def test_nothing_to_forecast(bad, make_pool, size: tuple[int, int], message: str) -> None:
    path = make_pool(answers({f"p{i:02d}": size for i in range(12)})).path
    assert message in bad("forecast", path, "--strategies", "coverage")


def test_a_strategy_that_cannot_be_tested_is_left_out(svlaw: Run, make_pool) -> None:
    path = make_pool(answers({f"p{i:02d}": (8, 1 + i % 7) for i in range(14)})).path
    code, out, err = svlaw("forecast", path, "--resamples", 40, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert {row["strategy"] for row in found["forecast"]} == {"coverage"}
    assert "self_consistency: the data reach too short" in found["notes"][0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--solutions", "50"), "solutions = 50: 90 were sampled"),
        (("--solutions", "many"), "--solutions many: 'many' is not a positive number"),
        (("--solutions", "1.5"), "--solutions: 1.5 is not a whole number"),
        (("--solutions", "1e12"), "use at most 1,000,000,000"),
        (("--solutions", "100,"), "'' is not a positive number"),
        (("--budget", "-3"), "--budget -3: '-3' is not a positive number"),
        (("--budget", "inf"), "--budget inf: 'inf' is not a positive number"),
        (("--resamples", "5"), "resamples = 5: use at least 40"),
        (("--lambda", "0"), "lambda = 0: use a number above 0"),
        (("--strategies", "guess"), "unknown strategy 'guess'"),
        (("--cost", "money"), "use 'relative'"),
        (("--output", "rows.txt"), "write rows to a .parquet, .csv or .json file"),
    ],
)
def test_bad_input(bad, exams: Path, arguments: tuple[str, ...], message: str) -> None:
    if "--strategies" not in arguments:
        arguments = ("--strategies", "coverage", *arguments)
    assert message in bad("forecast", exams, *arguments)


def test_bad_budgets_of_strategies(bad, exams: Path) -> None:
    only = ("--strategies", "self_consistency", "--resamples", 0)
    line = bad("forecast", exams, *only, "--budget", "50")
    assert "sampled up to a cost of 90, so that 50 needs no forecast" in line
    assert "at most 1e12" in bad("forecast", exams, *only, "--budget", "1e13")


def test_nothing_is_written_when_it_fails(bad, exams: Path, tmp_path: Path) -> None:
    target = tmp_path / "rows.csv"
    bad("forecast", exams, "--strategies", "coverage", "--solutions", "50", "-o", target)
    assert list(tmp_path.iterdir()) == []


def test_not_a_pool(bad, tmp_path: Path) -> None:
    assert "not a pool" in bad("forecast", tmp_path)

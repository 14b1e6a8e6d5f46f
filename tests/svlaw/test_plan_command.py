"""`svlaw plan`: its contract, its tables for people, and its one-line errors."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from svlaw.data.examples import copy_example, open_example
from svlaw.fit.simulation.population import Simulation
from svlaw.fit.simulation.simulator import simulate_pool

Run = Callable[..., tuple[Any, str, str]]

CONTRACT = (
    "strategy",
    "solutions",
    "verifications",
    "cost",
    "success",
    "conf_low",
    "conf_high",
)
SMALL = ("--solutions", "1,4,16", "--verifications", "1,2", "--tolerance", "0.01", "--lambda", 2)


@pytest.fixture
def exams(tmp_path: Path) -> Path:
    """The example without the verifier's own answers, which would beat all that is planned here."""
    path = copy_example("exams_gpt35_by_gpt4", tmp_path / "exams").path
    shutil.rmtree(path / "verifier_answers")
    return path


@pytest.fixture
def figure() -> Path:
    return open_example("singhi2025_fig1").path


def test_a_budget_as_json(svlaw: Run, exams: Path) -> None:
    code, out, _ = svlaw("plan", exams, "--budget", 20, *SMALL, "--json")
    found = json.loads(out)
    assert code == 0
    assert {*CONTRACT} <= {*found}
    assert found["strategy"] in {"best_of_n", "weighted_vote"}
    assert (found["solutions"], found["verifications"], found["cost"]) == (16, 2, 20)
    assert found["conf_low"] < found["success"] < found["conf_high"]
    assert found["success"] <= found["in_sample"] + 0.01
    relative = {"model": "relative", "lambda": 2, "origin": "given"}
    assert found["cost_model"] == {**relative, "calls": "shared"}
    assert (found["n_problems"], found["method"]) == (99, "crossfit")
    runner_up = found["runner_up"]
    assert {*CONTRACT, "difference", "difference_low", "difference_high"} <= {*runner_up}
    assert runner_up["strategy"] not in {found["strategy"], "coverage"}
    assert found["difference_matters"] in {True, False}
    _, again, _ = svlaw("plan", exams, "--budget", 20, *SMALL, "--json")
    assert again == out


def test_a_target_as_share_or_percentage(svlaw: Run, exams: Path) -> None:
    _, out, _ = svlaw("plan", exams, "--target", "0.69", *SMALL, "--json")
    _, same, _ = svlaw("plan", exams, "--target", "69%", *SMALL, "--json")
    assert out == same
    found = json.loads(out)
    assert found["success"] >= 0.69
    assert (found["target"], found["budget"]) == (0.69, None)


def test_a_target_that_is_not_reached_is_an_answer(svlaw: Run, exams: Path) -> None:
    code, out, err = svlaw("plan", exams, "--target", "99%", *SMALL, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["status"] == "not_reached"
    assert [found[name] for name in CONTRACT] == [None] * len(CONTRACT)
    assert {*CONTRACT} <= {*found["reachable"]}
    assert err == ""
    code, out, err = svlaw("plan", exams, "--target", "99%", *SMALL)
    assert code == 0
    assert "closest: " in out
    assert "No computed plan is expected to reach 99.0%" in err


def test_beyond_the_data(svlaw: Run, exams: Path) -> None:
    code, out, err = svlaw("plan", exams, "--budget", 1000, *SMALL)
    assert code == 0
    assert "status: beyond_data" in out
    assert "exceeds the largest cost computed, 20:" in err
    assert "svlaw forecast" in err


def test_for_people(svlaw: Run, exams: Path) -> None:
    code, out, _ = svlaw("plan", exams, "--budget", 20, *SMALL)
    assert code == 0
    assert "recommended: " in out
    assert "runner-up: " in out
    assert "…" not in out


def test_a_published_table(svlaw: Run, figure: Path) -> None:
    code, out, err = svlaw("plan", figure, "--budget", 1000, "--lambda", 2, "--json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert [found[name] for name in CONTRACT[:4]] == ["self_consistency", 128, 0, 128]
    assert (found["conf_low"], found["n_problems"]) == (None, None)
    assert svlaw("plan", figure, "--budget", 1000, "--lambda", 2)[0] == 0


def test_dense_values_by_default(svlaw: Run, exams: Path) -> None:
    _, out, _ = svlaw("plan", exams, "--budget", 9, "--lambda", 2, "--tolerance", "0.02", "--json")
    found = json.loads(out)
    assert found["solutions"] not in (1, 2, 4, 8)  # not a power of two
    assert found["cost"] == found["solutions"] + 2 * found["verifications"] <= 9


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "neither given"),
        (("--budget", 4, "--target", "0.5"), "both given"),
        (("--budget", 0), "budget = 0:"),
        (("--budget", -3), "budget = -3:"),
        (("--budget", "nan"), "budget = nan"),
        (("--budget", "inf"), "budget = inf"),
        (("--budget", 0.5), "cheapest computed point costs 1"),
        (("--budget", "much"), "--budget"),
        (("--target", 0), "target = 0:"),
        (("--target", 75), "target = 75:"),
        (("--target", "101%"), "target = 1.01"),
        (("--target", "nan"), "target = nan"),
        (("--target", "most"), "--target most"),
        (("--budget", 4, "--strategies", "coverage"), "needs self_consistency"),
        (("--budget", 4, "--cost", "price"), "--cost price"),
    ],
)
def test_bad_input_is_one_line(svlaw: Run, exams: Path, options: Any, words: str) -> None:
    code, out, err = svlaw("plan", exams, *SMALL, *options)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert err.startswith("svlaw: ")
    assert words in err


def test_the_default_vote_and_dollars(svlaw: Run, tmp_path: Path, exams: Path) -> None:
    sizes = {"problems": 20, "solutions": 16, "verifications": 2}
    mine = simulate_pool(tmp_path / "mine", Simulation(), **sizes).path
    prices = (
        "--cost",
        "price",
        "--solver-price",
        0.6,
        "--verifier-price",
        "0.15/0.60",
        *SMALL[:-2],
    )
    code, out, _ = svlaw("plan", mine, "--budget", 0.02, *prices)
    assert code == 0
    assert "$ per 1,000" in out
    assert ["voting:", "self_consistency", "16"] in [line.split()[:3] for line in out.splitlines()]
    _, out, _ = svlaw("plan", mine, "--budget", 0.02, *prices, "--json")
    found = json.loads(out)
    assert found["default_vote"]["solutions"] == 16
    dollars = found["dollars_per_1000_problems"]
    assert dollars["recommended"] == pytest.approx(1000 * found["cost"])
    assert dollars["voting"] == pytest.approx(1000 * found["baseline"]["cost"])
    _, out, _ = svlaw("plan", exams, "--budget", 20, *SMALL, "--json")
    assert "dollars_per_1000_problems" not in json.loads(out)

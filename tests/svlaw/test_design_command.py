"""`svlaw design` as a user meets it: its JSON, its tables, and how it fails."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from svlaw.data.examples import open_example
from svlaw.data.pool import Pool
from svlaw.fit.simulation.population import SETTINGS
from svlaw.fit.simulation.simulator import simulate_pool

Run = Callable[..., tuple[Any, str, str]]

QUICK = ("--solutions", "16", "--verifications", "4", "--tolerance", "0.01")
KEYS = [
    "pool",
    "verifier",
    "problems",
    "solutions",
    "verifications",
    "generations",
    "half_width",
    "exponent",
    "grid_exponent",
    "true_exponent",
    "bias",
    "method",
    "strategy",
    "quantity",
    "width",
    "candidates",
    "population",
    "pilot",
    "n_problems",
    "cost",
    "seed",
    "status",
    "notes",
    "gap",
    "words",
]


pytestmark = pytest.mark.usefixtures("few_trials")


@pytest.fixture(scope="module")
def pilot(pilot: Pool) -> Path:
    """The folder of the pilot."""
    return pilot.path


def test_it_speaks_json(svlaw: Run, pilot: Path) -> None:
    code, out, err = svlaw("design", pilot, "--width", 0.1, *QUICK, "--lambda", 1, "--json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert list(found) == KEYS
    assert (found["solutions"], found["verifications"]) == (16, 4)
    assert found["generations"] == found["problems"] * 80
    assert found["half_width"] == pytest.approx(0.1, rel=0.25)
    assert found["cost"] == {"model": "relative", "lambda": 1, "origin": "given"}
    assert set(found["candidates"][0]) == {
        "solutions",
        "verifications",
        "method",
        "problems",
        "generations",
        "budget",
        "half_width",
        "simulated",
        "rate",
        "grid_exponent",
        "true_exponent",
        "bias",
        "status",
        "words",
    }
    population = found["population"]
    assert population["pass_rate"] == pytest.approx(0.45, abs=0.2)
    assert population["gap"] == found["gap"]
    assert {"method", "moments", "moments_gap", "comparison", "status"} <= population.keys()
    assert found["pilot"]["problems"] == 40
    _, again, _ = svlaw("design", pilot, "--width", 0.1, *QUICK, "--lambda", 1, "--json")
    assert again == out


def test_for_people(svlaw: Run, pilot: Path) -> None:
    code, out, err = svlaw("design", pilot, "--width", 0.05, *QUICK, "--seed", 1)
    assert (code, err) == (0, "")
    assert "pilot: 40 problems, lambda 1.02 (measured in tokens)" in out
    assert ["16", "x", "4", "isobudget"] in [line.split()[:4] for line in out.splitlines()]
    line = next(line for line in out.splitlines() if line.startswith("generate "))
    assert "16 solutions of each and 4 verdicts on each" in line
    assert " to within 0.0" in line
    assert "success at most" in out
    assert "status: ok" in out
    assert "…" not in out


def test_what_cannot_be_done_is_an_answer(svlaw: Run, pilot: Path) -> None:
    code, out, err = svlaw(
        "design", pilot, "--width", 0.05, *QUICK, "--problems-at-most", 30, "--method", "isobudget"
    )
    assert code == 0
    assert "status: too_many" in out
    assert "generate" not in out
    assert "with at most 30 problems" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--width", "0"), "width = 0: use a number between 0 and 1"),
        (("--width", "narrow"), "--width"),
        (("--strategy", "coverage"), "unknown strategy 'coverage'"),
        (("--quantity", "tokens"), "unknown quantity 'tokens'"),
        (("--method", "all"), "unknown method 'all'"),
        (("--problems-at-most", "3"), "problems_at_most = 3"),
        (("--solutions", "fine"), "--solutions fine: use whole numbers, such as 32,64"),
        (("--solutions", "16,x"), "--solutions 16,x: 'x' is not a whole number"),
        (("--solutions", "4"), "solutions = 4: use whole numbers from 8"),
        (("--verifications", "1"), "verifications = 1: use whole numbers from 2"),
        (("--verifier", "nobody"), "nobody"),
        (("--lambda", "0"), "lambda = 0"),
        (("--seed", "-1"), "seed is -1"),
        (("--unparsed", "maybe"), "unparsed is 'maybe'"),
    ],
)
def test_bad_input_is_one_line(
    svlaw: Run, pilot: Path, options: tuple[str, ...], words: str
) -> None:
    code, out, err = svlaw("design", pilot, "--tolerance", 0.01, *options)
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1


def test_pools_that_are_no_pilots(svlaw: Run, tmp_path: Path) -> None:
    figure = open_example("singhi2025_fig1").path
    humaneval = open_example("humaneval_codegen16b").path
    sizes = {"problems": 12, "solutions": 4, "verifications": 2}
    small = simulate_pool(tmp_path / "small", SETTINGS["typical"], **sizes).path
    for path, words in (
        (figure, "a published table has no problems to learn from"),
        (humaneval, "give --lambda"),
        (small, "a pilot needs at least 8 verified solutions in most problems; this one has 4"),
        (tmp_path / "nowhere", "nowhere"),
    ):
        code, out, err = svlaw("design", path)
        assert (code, out) == (2, "")
        assert words in err
        assert err.count("\n") == 1


@pytest.mark.slow
def test_an_interrupt_is_clean(tmp_path: Path) -> None:
    sizes = {"problems": 40, "solutions": 16, "verifications": 4}
    simulate_pool(tmp_path / "pilot", SETTINGS["typical"], **sizes)
    process = subprocess.Popen(
        [sys.executable, "-c", "from svlaw.cli import main; main()", "design", "pilot",
         "--solutions", "256", "--verifications", "32", "--width", "0.01"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    while not list((tmp_path / "pilot").glob("**/best_of_n*")):  # the pilot's success is stored
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(2)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130
    assert out == ""
    assert "Traceback" not in err

"""`svlaw map` as a user meets it: files, words, dots, and how it fails."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from svlaw.fit.simulation.population import Simulation
from svlaw.fit.simulation.simulator import simulate_pool

Run = Callable[..., tuple[Any, str, str]]

SMALL = ("--lambda", 1, "--budget", 6, "--cells", 2)


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    simulation = Simulation(true_positive_rate=0.9, false_positive_rate=0.1)
    simulate_pool(tmp_path / "mine", simulation, problems=30, solutions=8, verifications=4)
    return tmp_path / "mine"


def test_it_answers_in_a_table(svlaw: Run) -> None:
    code, out, err = svlaw("map", *SMALL)
    assert (code, err) == (0, "")
    assert out.startswith("budget 6, lambda 1; by the verifier's balanced accuracy\n")
    rows = [line.split() for line in out.splitlines()]
    assert [row[0] for row in rows if row and row[0] in {"23.8", "71.2"}] == ["23.8", "71.2"]


def test_the_same_seed_gives_the_same_bytes(svlaw: Run, tmp_path: Path) -> None:
    for ending in (".parquet", ".csv", ".json", ".html"):
        files = [tmp_path / f"{name}{ending}" for name in "ab"]
        for file in files:
            code, out, err = svlaw("map", *SMALL, "-o", file)
            assert (code, out, err) == (0, f"{file}: written\n", "")
        assert files[0].read_bytes() == files[1].read_bytes()
    assert pl.read_parquet(tmp_path / "a.parquet").height == 4
    assert "balanced accuracy" in (tmp_path / "a.html").read_text("utf-8")


def test_pools_are_dots(svlaw: Run, pool: Path, tmp_path: Path) -> None:
    file = tmp_path / "map.html"
    code, out, err = svlaw("map", pool, *SMALL, "-o", file, "--json")
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert "mine" in file.read_text("utf-8")
    (place,) = document["pools"]
    assert place["pool"] == "mine"
    assert place["quality"] == pytest.approx(0.9, abs=0.05)
    assert place["accuracy"] == pytest.approx(0.43, abs=0.2)
    assert place["measured_gain"] is not None
    assert (document["lambda"], document["budget"], len(document["cells"])) == (1.0, 6.0, 4)
    code, out, err = svlaw("map", pool, *SMALL, "--tpr", 0.8, "--shared-calls")
    assert code == 0
    assert "by the verifier's false positive rate" in out
    assert "measured gain" in out
    assert err == (
        "note: mine: the verifier's calls are not shared, as the map's are; leave out"
        " --shared-calls for a map of their kind\n"
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--lambda", 1), "--budget: give it"),
        (("--budget", 8), "--lambda: give it"),
        (("--lambda", 0, "--budget", 8), "lambda = 0: use a number above 0"),
        (("--lambda", 1, "--budget", 5000), "budget = 5000: use a number of solutions from 1"),
        ((*SMALL[:4], "--cells", 1), "cells = 1: use a whole number from 2 to 60"),
        ((*SMALL, "--tpr", 0.8, "--fpr", 0.2), "--tpr and --fpr: give one of the two"),
        ((*SMALL, "--tpr", 1.2), "true_positive_rate = 1.2: use a number from 0 to 1"),
        ((*SMALL, "--setting", "easy"), "--setting easy: use typical, hard, correlated"),
        ((*SMALL, "--columns", 3), "columns = 3"),
        ((*SMALL, "-o", "map.txt"), "map.txt: write a figure (.svg, .pdf, .png, .html)"),
        ((*SMALL, "-o", "nowhere/map.csv"), "there is no folder nowhere"),
        ((*SMALL, "--seed", -1), "seed = -1"),
    ],
)
def test_bad_inputs_get_one_line(svlaw: Run, options: tuple[Any, ...], words: str) -> None:
    code, out, err = svlaw("map", *options)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert words in err


def test_pools_that_have_no_place(svlaw: Run, tmp_path: Path, pool: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("strategy,solutions,verifications,success\nself_consistency,1,0,0.5\n")
    assert svlaw("import", "success", table, "--out", tmp_path / "published")[0] == 0
    code, out, err = svlaw("map", tmp_path / "published", *SMALL)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "a published table has no solutions and verdicts" in err
    code, _, err = svlaw("map", pool, *SMALL, "--verifier", "nobody")
    assert (code, err.count("\n")) == (2, 1)
    code, _, err = svlaw("map", pool, *SMALL, "-o", pool / "map.parquet")
    assert (code, err.count("\n")) == (2, 1)
    assert "lies in the pool" in err

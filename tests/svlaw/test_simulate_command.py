"""`svlaw simulate` as a user meets it: the pool, the truth, and how it fails."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from svlaw.analysis.checks.pool_check import check_pool, is_sound
from svlaw.analysis.success.success_table import success_table
from svlaw.data.pool import open_pool
from svlaw.fit.simulation.population import SETTINGS
from svlaw.fit.simulation.simulator import simulation_of
from svlaw.fit.simulation.truth import true_success

TINY = ("--problems", 6, "--solutions", 8, "--verifications", 4, "--tolerance", 0.02)


def test_it_writes_a_pool_and_prints_the_truth(svlaw, tmp_path: Path) -> None:
    code, out, err = svlaw("simulate", "--out", tmp_path / "pool", *TINY)
    assert (code, err) == (0, "")
    pool = open_pool(tmp_path / "pool")
    assert is_sound(check_pool(pool))
    assert simulation_of(pool) == SETTINGS["typical"]
    table = success_table(pool, ["best_of_n"])
    assert table.n_problems == 6
    assert table.points["solutions"].max() == 8
    assert table.points["verifications"].max() == 4
    rows = [line.split() for line in out.splitlines()]
    assert ["strategy", "V", "S", "=", "1", "S", "=", "4", "S", "=", "8"] in rows
    assert ["coverage", "0", "42.8", "68.8", "77.8"] in rows
    laws = [row for row in rows if row[:2] == ["best_of_n:", "S_opt"]]
    assert len(laws) == 1
    assert 0.3 < float(laws[0][2]) < 0.9


def test_it_speaks_json(svlaw, tmp_path: Path) -> None:
    code, out, _ = svlaw(
        "simulate", "--out", tmp_path / "pool", *TINY, "--seed", 3, "--setting", "hard",
        "--pass-rate", 0.3, "--pass-rate-spread", 0.2, "--unsolvable", 0.1, "--always-solved", 0.02,
        "--wrong-answers", 7, "--concentration", 0.5, "--no-answer", 0.3, "--tpr", 0.9,
        "--true-positive-spread", 0.01, "--false-positive-rate", 0.2,
        "--false-positive-spread", 0.02, "--correlation", 0.4, "--solution-tokens", 100,
        "--verification-tokens", 250, "--token-spread", 0.1, "--json",
    )  # fmt: skip
    document = json.loads(out)
    assert code == 0
    assert list(document) == [
        "pool",
        "seed",
        "problems",
        "solutions",
        "verifications",
        "simulation",
        "lambda",
        "mean_pass_rate",
        "success",
        "laws",
    ]
    assert document["simulation"] == {
        "shared_calls": False,
        "pass_rate": 0.3,
        "pass_rate_spread": 0.2,
        "unsolvable": 0.1,
        "always_solved": 0.02,
        "wrong_answers": 7,
        "concentration": 0.5,
        "no_answer": 0.3,
        "true_positive_rate": 0.9,
        "true_positive_spread": 0.01,
        "false_positive_rate": 0.2,
        "false_positive_spread": 0.02,
        "correlation": 0.4,
        "solution_tokens": 100,
        "verification_tokens": 250,
        "token_spread": 0.1,
    }
    assert document["lambda"] == 2.5
    assert document["mean_pass_rate"] == pytest.approx(0.02 + 0.88 * 0.3)
    assert (document["seed"], document["problems"], document["solutions"]) == (3, 6, 8)
    assert len(document["success"]) == 3 + 3 + 6 + 6
    assert set(document["success"][0]) == {
        "strategy",
        "solutions",
        "verifications",
        "success",
        "error",
    }
    assert [law["quantity"] for law in document["laws"]] == ["solutions", "verifications"]
    pool = open_pool(tmp_path / "pool")
    assert simulation_of(pool).wrong_answers == 7
    rows = [row for row in document["success"] if row["strategy"] != "weighted_vote"]
    points = pl.DataFrame(rows).drop("success", "error")
    expected = true_success(simulation_of(pool), points)["success"]
    assert [row["success"] for row in rows] == pytest.approx(expected.to_list(), abs=1e-6)


def test_what_is_not_given_comes_from_the_setting(svlaw, tmp_path: Path) -> None:
    svlaw("simulate", "--out", tmp_path / "pool", *TINY, "--setting", "hard", "--fpr", 0.1)
    held = simulation_of(open_pool(tmp_path / "pool"))
    assert held.false_positive_rate == 0.1
    assert held.true_positive_rate == SETTINGS["hard"].true_positive_rate
    assert held.wrong_answers == SETTINGS["hard"].wrong_answers


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_truth_comes_back_as_a_published_table(svlaw, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"truth.{suffix}"
    code, out, _ = svlaw("simulate", "--out", tmp_path / "pool", *TINY, "--truth", file, "--json")
    assert code == 0
    code, _, err = svlaw("import", "success", "--out", tmp_path / "published", file)
    assert code == 0, err
    table = success_table(open_pool(tmp_path / "published"))
    assert not table.has_problems
    assert table.strategies == ("coverage", "self_consistency", "best_of_n", "weighted_vote")
    assert set(table.points["solutions"]) == set(range(1, 9))
    assert set(table.points["verifications"]) == set(range(5))
    held = dict(zip(table.points.drop("setting").rows(), table.mean(), strict=True))
    for row in json.loads(out)["success"]:
        key = (row["strategy"], row["solutions"], row["verifications"])
        assert held[key] == row["success"]  # to the last digit
    code, out, _ = svlaw("fit", tmp_path / "published", "--lambda", 1, "--json")
    assert code == 0


def test_the_same_seed_gives_the_same_bytes(svlaw, tmp_path: Path) -> None:
    for name in "ab":
        svlaw("simulate", "--out", tmp_path / name, *TINY, "--truth", tmp_path / f"{name}.csv")
    files = [sorted(f for f in (tmp_path / n).rglob("*") if f.is_file()) for n in "ab"]
    assert [f.name for f in files[0]] == [f.name for f in files[1]]
    assert [f.read_bytes() for f in files[0]] == [f.read_bytes() for f in files[1]]
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--pass-rate", "1.5"), "pass_rate = 1.5: use a number from 0 to 1"),
        (("--correlation", "nan"), "correlation = nan: use a number from 0 to 1"),
        (("--problems", "0"), "problems = 0: use a whole number from 1"),
        (("--verifications", "0"), "verifications = 0"),
        (("--seed", "-1"), "seed = -1: use a whole number from 0"),
        (("--setting", "magic"), "--setting magic: use typical, hard, correlated"),
        (("--unsolvable", "0.7", "--always-solved", "0.7"), "more than all problems together"),
        (("--tolerance", "0"), "tolerance = 0: use a number between 0 and 1"),
        (("--truth", "truth.txt"), "truth.txt: write rows to a .parquet, .csv or .json file"),
        (("--truth", "truth.json"), "truth.json: write the truth to .parquet or .csv"),
        (("--truth", "nowhere/truth.csv"), "there is no folder nowhere"),
        (("--tpr", "often"), "Invalid value for '--true-positive-rate' / '--tpr'"),
    ],
)
def test_bad_values_write_nothing(
    svlaw, tmp_path: Path, monkeypatch, options: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = svlaw("simulate", "--out", "pool", *TINY, *options)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert message in err
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_refused(svlaw, tmp_path: Path) -> None:
    (tmp_path / "pool").mkdir()
    truth = tmp_path / "truth.csv"
    code, _, err = svlaw("simulate", "--out", tmp_path / "pool", *TINY, "--truth", truth)
    assert code == 2
    assert "exists already" in err
    assert list((tmp_path / "pool").iterdir()) == []
    assert not truth.exists()


def test_more_solutions_than_the_truth_reaches(svlaw, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("svlaw.fit.simulation.truth.MOST_SOLUTIONS", 7)
    code, out, err = svlaw("simulate", "--out", tmp_path / "pool", *TINY)
    assert code == 0
    assert "true success is given up to S = 7" in err
    assert "S = 7" in out
    assert "S = 8" not in out
    assert success_table(open_pool(tmp_path / "pool")).points["solutions"].max() == 8


@pytest.mark.slow
def test_an_interrupt_leaves_no_pool(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", "from svlaw.cli import main; main()", "simulate", "--out", "pool",
         "--problems", "200000", "--solutions", "16", "--verifications", "8",
         "--tolerance", "0.05", "--truth", "truth.csv"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    while not list(tmp_path.glob(".pool.*.tmp/verdicts/simulated/*.parquet")):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    assert err.strip() == "svlaw: interrupted; nothing was left half-written"
    assert list(tmp_path.iterdir()) == []

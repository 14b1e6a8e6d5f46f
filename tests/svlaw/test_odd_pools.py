"""Pools that hold next to nothing, and places that cannot be used."""

import json
import os
import subprocess
import sys

import polars as pl
import pytest

import svlaw as sv
from svlaw.analysis.cost import RelativeCost
from svlaw.analysis.figures.axes import decade_axis
from svlaw.data.pool_writer import create_pool
from svlaw.report.overlay import plot_pools
from svlaw.report.pool_results import examine
from svlaw.report.words import answers as in_words
from svlaw.report.words import doubts

COST = RelativeCost(0.5)


@pytest.fixture
def pool_of(tmp_path):
    """Makes a pool of some problems, solutions and verdicts."""

    def make(problems=3, solutions=4, verdicts=2, right=lambda i, j: (i + j) % 3 > 0, score=None):
        rows = [(f"p{i}", j, right(i, j)) for i in range(problems) for j in range(solutions)]
        answers = pl.DataFrame(rows, ("problem_id", "solution_id", "is_correct"), orient="row")
        answers = answers.with_columns(
            pl.col("solution_id").cast(pl.Int32),
            answer_class=pl.when("is_correct").then(0).otherwise(pl.col("solution_id") + 1),
            status=pl.lit("graded"),
        )
        keys = answers.select("problem_id", "solution_id", "is_correct").join(
            pl.DataFrame({"verification_id": range(verdicts)}, {"verification_id": pl.Int32}),
            how="cross",
        )
        found = keys.select(
            pl.exclude("is_correct"),
            score=pl.col("is_correct").cast(pl.Float64) if score is None else score,
            status=pl.lit("graded" if score is None else "unparsed"),
        )
        path = tmp_path / f"pool-{len(list(tmp_path.iterdir()))}"
        with create_pool(path, {}) as writer:
            writer.add("answers", answers)
            if verdicts:
                writer.add("verdicts", found, verifier="judge")
        return sv.open_pool(path)

    return make


def findings(pool):
    settings = {"verifier": None, "options": None, "resamples": 100, "seed": 0}
    return examine(
        pool.name, pool, cost=sv.CostChoice(ratio=0.5), progress=lambda *_: None, **settings
    )


def test_a_single_problem_has_no_intervals(svlaw, pool_of):
    pool = pool_of(problems=1)
    table = sv.success_table(pool)
    gains = sv.frontier(table, COST)
    assert gains["gain"].drop_nulls().len()
    assert gains["gain_low"].drop_nulls().is_empty()
    found = sv.crossover(table, COST)
    assert (found.gain.conf_low, found.gain.conf_high, found.resamples) == (None, None, 0)
    code, out, _ = svlaw("plan", pool.path, "--lambda", 0.5, "--budget", 4, "--json")
    assert (code, json.loads(out)["conf_low"]) == (0, None)
    code, out, _ = svlaw("curves", pool.path, "--lambda", 0.5)
    assert out.startswith(f"{pool.name}: 1 problem, ")
    words = findings(pool)
    assert "With only 1 problem no figure has an interval." in doubts(words)


def test_one_solution_cannot_improve(pool_of):
    found = findings(pool_of(solutions=1))
    said = " ".join(map(str, [*in_words(found), *doubts(found)]))
    assert "computed at 1 alone" in said
    assert "still improves" not in said


def test_verdicts_that_could_not_be_read_are_spoken_of(pool_of):
    unread = pl.lit(None, pl.Float64)
    assert any(
        "100.0% of the verdicts could not" in text
        for text in doubts(findings(pool_of(score=unread)))
    )
    assert not any("could not be read" in text for text in doubts(findings(pool_of())))


@pytest.mark.parametrize(("right", "low", "high"), [(True, 95, 100), (False, 0, 5)])
def test_level_success_stays_between_0_and_100(pool_of, right, low, high):
    curves = sv.curves(sv.success_table(pool_of(right=lambda i, j: right)), COST)
    surface = sv.plot_surface(curves, COST).layout.coloraxis
    for ends in (sv.plot_solutions(curves).layout.yaxis.range, (surface.cmin, surface.cmax)):
        assert ends == pytest.approx((low, high), abs=0.25)


def test_an_axis_always_has_a_tick():
    assert decade_axis(pl.Series([1.33]))["ticktext"] == ["1.3"]
    assert decade_axis(pl.Series([6.0, 7.0]))["ticktext"] == ["6", "7"]
    assert decade_axis(pl.Series([0.0024, 0.0069]))["ticktext"] == ["0.003", "0.005", "0.007"]


def test_many_pools_are_told_apart(pool_of):
    found = findings(pool_of(verdicts=0))
    figure = plot_pools([found] * 12)
    looks = {(t.line.color, t.marker.symbol) for t in figure.data if t.mode == "lines+markers"}
    assert len(looks) == 12


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("curves", "POOL", "--verifier", "nobody"), "holds no verifications"),
        (("report", "POOL", "-o", "FOLDER"), "is a folder; name the HTML file"),
        (("frontier", "POOL", "--resamples", 10**12), "svlaw: not enough memory ("),
    ],
)
def test_what_cannot_be_is_one_line(svlaw, pool_of, tmp_path, arguments, message):
    pool = pool_of(verdicts=0)
    places = {"POOL": pool.path, "FOLDER": tmp_path}
    code, out, complaints = svlaw(*(places.get(word, word) for word in arguments))
    assert (code, out) == (2, "")
    assert message in complaints
    assert complaints.count("svlaw: ") == 1
    assert all(line.startswith(("svlaw: ", "note: ")) for line in complaints.splitlines())


@pytest.mark.skipif(sys.platform == "win32", reason="a shell that closes streams")
@pytest.mark.parametrize(
    ("command", "code", "lines"),
    [
        ("examples --json >&-", 0, 0),
        ("examples --json >/dev/full", 2, 1),
        ("examples >/dev/full", 2, 1),
        ("examples nothing 2>&-", 2, 0),
        ("examples nothing 2>/dev/full", 2, 0),
        ("examples --json | true", 1, 0),
    ],
)
def test_outputs_that_are_closed_or_full(command, code, lines):
    """Whether or not Python itself writes out at once."""
    program = f"{sys.executable} -P -c 'from svlaw.cli import main; main()' {command}"
    for unbuffered in ("", "1")[: 1 + (lines > 0)]:
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", program],
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (code, "")
        assert done.stderr.count("\n") == lines, done.stderr


@pytest.mark.parametrize(("unread", "is_told"), [(0, False), (1, True), (4, True)])
def test_verdicts_that_cannot_be_read_are_told_of(svlaw, pool_of, unread, is_told):
    """Of the four verdicts of every solution so many have no score."""
    missing = pl.when(pl.col("verification_id") < unread).then(None).otherwise(1.0)
    pool = pool_of(verdicts=4, score=missing)
    code, out, err = svlaw("frontier", pool.path, "--lambda", 1, "--resamples", 0, "--json")
    assert code == 0, err
    assert json.loads(out)["unparsed_rate"] == unread / 4
    assert ("% of the verdicts could not be read" in err) == is_told


def test_grading_that_finds_no_answer_says_what_to_do(svlaw, tmp_path):
    (tmp_path / "problems.csv").write_text("problem_id,reference_answer\np,42\n")
    (tmp_path / "answers.csv").write_text("problem_id,solution_id,answer\np,0,42\np,1,41\n")
    files = ("--solutions", tmp_path / "answers.csv", "--problems", tmp_path / "problems.csv")
    pool = tmp_path / "pool"
    assert svlaw("import", "tables", "--out", pool, *files, "--rename", "answer=text")[0] == 0
    code, _, err = svlaw("grade", pool, "--workers", 1)
    assert (code, "--extractor whole" in err) == (0, True)
    code, out, err = svlaw("grade", pool, "--workers", 1, "--extractor", "whole", "--json")
    assert (code, json.loads(out)["correct"], "--extractor" in err) == (0, 1, False)


def test_of_the_current_folder_grading_takes_an_extractor_and_nothing_else(
    svlaw, tmp_path, monkeypatch
):
    (tmp_path / "problems.csv").write_text("problem_id,reference_answer\np,sqrt(9)\n")
    (tmp_path / "answers.csv").write_text("problem_id,solution_id,text\np,0,it is: 3\n")
    files = ("--solutions", tmp_path / "answers.csv", "--problems", tmp_path / "problems.csv")
    pool = tmp_path / "pool"
    assert svlaw("import", "tables", "--out", pool, *files)[0] == 0
    here = tmp_path / "here"
    here.mkdir()
    for name in ("svlaw", "data", "polars", "random", "numbers"):
        (here / f"{name}.py").write_text("raise RuntimeError('imported from here')")
    (here / "after_a_colon.py").write_text("def find(text):\n    return text.split(':')[1]\n")
    monkeypatch.chdir(here)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    options = ("--workers", 1, "--extractor", "after_a_colon:find", "--json")
    code, out, err = svlaw("grade", pool, *options)
    assert code == 0, err
    assert (json.loads(out)["graded"], json.loads(out)["correct"]) == (1, 1)
    assert json.loads(out)["examined"] > 0  # by a worker

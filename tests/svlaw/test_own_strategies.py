"""Strategies of the user's own in the commands: found, checked, stored by their code, given up."""

import json
import textwrap

import numpy as np
import polars as pl
import pytest

import svlaw as sv
from svlaw.analysis.strategies import call_watch
from svlaw.analysis.strategies.own_template import TEMPLATE
from svlaw.fit.simulation.population import SETTINGS
from svlaw.fit.simulation.simulator import simulate_pool

RULES = """
import numpy as np

def first(answers, scores):
    return 0

def scored(answers, scores):
    return scores

def plurality(answers, scores):
    return np.ones(len(answers))

def broken(answers, scores):
    return {}["x"]

def word(answers, scores):
    return "first"

def outside(answers, scores):
    return len(answers)

random = np.random.default_rng()

def fickle(answers, scores):
    return random.random(len(answers))

def endless(answers, scores):
    while True:
        pass

class Vote:
    most = 8

    def run(self, problem):
        problem.sample_many(8)
        return [1.0] * 8

class Accept:
    most = 8
    verifications = 2

    def run(self, problem):
        for _ in range(self.most):
            i = problem.sample()
            if problem.verify(i):
                return i
        return i

class Greedy(Accept):
    most = 1000

class Unlimited:
    def run(self, problem):
        return problem.sample()

class Beyond(Accept):
    def run(self, problem):
        problem.sample_many(9)

class Raises(Accept):
    def run(self, problem):
        return 1 / 0

class Nothing(Accept):
    def run(self, problem):
        problem.sample()

class Fickle(Vote):
    def run(self, problem):
        return problem.sample_many(8)[int(random.integers(8))]

class Endless(Vote):
    def run(self, problem):
        while True:
            pass
"""


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    path = tmp_path_factory.mktemp("own") / "pool"
    sizes = {"problems": 12, "solutions": 12, "verifications": 3}
    return simulate_pool(path, SETTINGS["typical"], **sizes, seed=3)


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a module under a name of its own into the current folder; returns the name."""
    monkeypatch.chdir(tmp_path)
    made = 0

    def write(text=RULES, name=None):
        nonlocal made
        made += 1
        name = name or f"rules_{tmp_path.name.replace('-', '_')}_{made}"
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(text))
        return name

    return write


def _curves(svlaw, pool, tmp_path, strategies, *more):
    out = tmp_path / "curves.parquet"
    options = ("--lambda", "1", "--tolerance", "0.01", "-o", out)
    code, _, complaints = svlaw("curves", pool.path, "--strategies", strategies, *options, *more)
    assert code == 0, complaints
    return pl.read_parquet(out)


def test_they_agree_with_the_strategies_they_write_again(svlaw, pool, module, tmp_path) -> None:
    name = module()
    asked = (
        f"{name}:plurality,self_consistency,{name}:scored,weighted_vote,{name}:Vote,"
        f"{name}:Accept,accept_first:threshold=0.000001:verifications=1:most=8"
    )
    frame = _curves(svlaw, pool, tmp_path, asked, "--solutions", "1,2,8", "--verifications", "2")
    rows = {
        (row["strategy"], row["solutions"]): row
        for row in frame.iter_rows(named=True)
        if not row["setting"] or row["strategy"] == "accept_first"
    }
    for S in (1, 2, 8):
        own, built_in = rows[f"{name}:plurality", S], rows["self_consistency", S]
        assert own["success"] == pytest.approx(built_in["success"], abs=0.02)
        own, built_in = rows[f"{name}:scored", S], rows["weighted_vote", S]
        assert own["success"] == pytest.approx(built_in["success"], abs=0.02)
        assert own["cost"] == built_in["cost"]
    vote = rows[f"{name}:Vote", None]
    assert vote["success"] == pytest.approx(rows["self_consistency", 8]["success"], abs=0.02)
    assert (vote["mean_solutions"], vote["mean_verifications"]) == (8, 0)
    own, built_in = rows[f"{name}:Accept", None], rows["accept_first", None]
    assert own["success"] == pytest.approx(built_in["success"], abs=0.03)
    assert own["cost"] == pytest.approx(built_in["cost"], rel=0.05)


def test_every_analysis_takes_them(svlaw, pool, module, tmp_path) -> None:
    name = module()
    own = f"{name}:scored,{name}:Vote,self_consistency"
    few = ("--lambda", "1", "--tolerance", "0.02", "--resamples", "40")
    for arguments in (
        ("frontier", pool.path, "--strategies", own),
        ("plan", pool.path, "--strategies", own, "--budget", "8"),
        ("crossover", pool.path, "--strategy", f"{name}:scored", "--against", "self_consistency"),
        ("savings", pool.path, "--strategy", f"{name}:Vote", "--against", "self_consistency"),
    ):
        code, out, complaints = svlaw(*arguments, *few, "--json")
        assert code == 0, complaints
        json.loads(out)
    figure = tmp_path / "frontier.html"
    code, _, complaints = svlaw(
        *("plot", "frontier", pool.path, "--strategies", own, "-o", figure, *few[:4])
    )
    assert code == 0, complaints
    assert f"{name}:scored" in figure.read_text()


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        ("broken", "raised KeyError: 'x' on problem"),
        ("word", "returned first for problem"),
        ("outside", "return the position of one of the"),
        ("fickle", "gave two results for one draw"),
        ("missing", "has no missing"),
        ("Greedy", "most = 1000 is larger than the pool holds (at most 12 solutions per problem)"),
        ("Unlimited", "a policy needs 'most'"),
        ("Beyond", "samples more than its limit most = 8"),
        ("Raises", "raised ZeroDivisionError: division by zero on problem"),
        ("Nothing", "returned None after 1 solutions of problem"),
        ("Fickle", "gave two results for one draw"),
    ],
)
def test_a_fault_is_one_line_and_nothing_is_stored(svlaw, pool, module, strategy, message) -> None:
    stored = sorted(pool.path.rglob("*"))
    name = module()
    code, out, complaints = svlaw("curves", pool.path, "--strategies", f"{name}:{strategy}")
    first, *more = complaints.strip().splitlines()
    assert (code, out) == (2, "")
    assert first.startswith("svlaw: ")
    assert message in first
    assert len(first) <= 400
    raised = strategy in ("broken", "Raises")
    assert bool(more) is raised
    if raised:
        assert more[0] == "Traceback (most recent call last):"
        assert f"{name}.py" in more[1]
        assert "own_rule.py" not in complaints
        assert "own_policy.py" not in complaints
    assert sorted(pool.path.rglob("*")) == stored


@pytest.mark.parametrize("strategy", ["endless", "Endless"])
def test_one_that_never_returns_is_given_up(svlaw, pool, module, strategy, monkeypatch) -> None:
    monkeypatch.setattr("svlaw.analysis.success.execution.LIMIT_SECONDS", 0.5)
    monkeypatch.setattr("svlaw.analysis.strategies.own_rule.LIMIT_SECONDS", 0.5)
    assert call_watch.LIMIT_SECONDS == 10
    code, _, complaints = svlaw("curves", pool.path, "--strategies", f"{module()}:{strategy}")
    assert code == 2
    assert "did not return within 0.5 seconds on problem" in complaints
    assert len(complaints.strip().splitlines()) == 1


def test_one_character_more_and_the_figures_are_new(svlaw, pool, module, tmp_path) -> None:
    """The stored table of the first text is not that of the second."""
    found = []
    for text in (
        "def rule(answers, scores): return 0",
        "def rule(answers, scores): return -scores",
    ):
        name = module(text, name="rules_changed")
        for _ in range(2):
            frame = _curves(svlaw, pool, tmp_path, f"{name}:rule", "--solutions", "8")
        found.append(frame["success"].to_list())
    assert found[0] != found[1]


def test_python_objects_are_strategies(pool) -> None:
    def best(answers, scores):
        return int(np.argmax(scores))

    class Single:
        most = 1

        def run(self, problem):
            return problem.sample()

    asked = ["best_of_n", best, Single(), "coverage"]
    table = sv.success_table(pool, asked, [1, 8], [2], options=sv.Options(tolerance=0.01))
    names = table.strategies
    assert names[1].endswith(":test_python_objects_are_strategies.best")
    best_of_n, own = (table.mean()[table.is_of(name)] for name in names[:2])
    np.testing.assert_allclose(own, best_of_n, atol=0.02)
    single = table.mean()[table.is_of(names[2])]
    assert single[0] == pytest.approx(table.mean()[table.is_of("coverage")][0], abs=0.02)


@pytest.mark.slow
def test_nodes_of_a_cluster_get_their_code(svlaw, pool, module, tmp_path, two_nodes) -> None:
    name = module()
    options = (f"{name}:scored,{name}:Accept", "--solutions", "4", "--verifications", "2")
    here = _curves(svlaw, pool, tmp_path, *options)
    for table in pool.path.rglob("success_tables/**/*.parquet"):
        table.unlink()
    there = _curves(svlaw, pool, tmp_path, *options, "--on", "ray")
    assert there.equals(here)
    code, _, complaints = svlaw(
        "curves", pool.path, "--strategies", f"{name}:Raises", "--on", "ray"
    )
    assert code == 2
    assert "raised ZeroDivisionError" in complaints


def test_the_template_runs_as_it_is_written(svlaw, pool, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = svlaw("strategies", "--new", "begun_rules.py")
    assert code == 0
    assert out.startswith("begun_rules.py: written")
    asked = "begun_rules:best_two,begun_rules:AcceptFirst"
    options = ("--solutions", "4", "--verifications", "2")
    assert _curves(svlaw, pool, tmp_path, asked, *options).height == 2
    assert "begun_rules:best_two" in (tmp_path / "begun_rules.py").read_text()
    before = (tmp_path / "begun_rules.py").read_bytes()
    for name, message in (
        ("begun_rules.py", "exists already"),
        ("begun-rules.py", "a module's file is named by letters"),
        ("nowhere/rules.py", "there is no folder"),
        (pool.path / "rules.py", "lies in the pool"),
    ):
        code, _, complaints = svlaw("strategies", "--new", name)
        assert code == 2
        assert message in complaints
    assert (tmp_path / "begun_rules.py").read_bytes() == before
    assert len(TEMPLATE.partition("def best_two")[2].partition("class ")[0].splitlines()) < 30

"""`--cost`, `--lambda`, `--solver-size` and `--verifier-size`, which all analyses share."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import svlaw as sv
from svlaw.data.pool import create_pool

Run = Callable[..., tuple[Any, str, str]]

SIZES = ("--cost", "flops", "--solver-size", "8B", "--verifier-size", "0.5e9")


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pool with token counts: 12 problems, 8 solutions, 4 verifications."""
    rng = np.random.default_rng(2)
    answers = pl.DataFrame(
        {
            "problem_id": [f"p{i:02}" for i in range(12) for _ in range(8)],
            "solution_id": pl.Series([*range(8)] * 12, dtype=pl.Int32),
            "is_correct": rng.random(96) < 0.5,
            "status": "graded",
            "output_tokens": pl.Series([300] * 96, dtype=pl.Int32),
        }
    ).with_columns(answer_class=pl.col("is_correct").cast(pl.Int32))
    keys = answers.select("problem_id", "solution_id", "is_correct").join(
        pl.DataFrame({"verification_id": pl.Series(range(4), dtype=pl.Int32)}), how="cross"
    )
    agrees = rng.random(keys.height) < 0.8
    verdicts = keys.select(
        "problem_id",
        "solution_id",
        "verification_id",
        score=pl.Series(np.where(agrees, keys["is_correct"], ~keys["is_correct"])).cast(pl.Float64),
        status=pl.lit("graded"),
        output_tokens=pl.lit(600, pl.Int32),
    )
    path = tmp_path_factory.mktemp("counted") / "pool"
    with create_pool(path, {"source": "test"}) as writer:
        writer.add("answers", answers)
        writer.add("verdicts", verdicts, verifier="judge")
    return path


def test_curves_and_frontier_cost_flops(svlaw: Run, counted: Path) -> None:
    code, out, _ = svlaw("curves", counted, *SIZES, "--json")
    document = json.loads(out)
    assert code == 0
    assert document["cost"] == {
        "model": "flops",
        "lambda": 0.5 * 600 / (8 * 300),
        "origin": document["cost"]["origin"],
        "solver_parameters": 8e9,
        "verifier_parameters": 0.5e9,
        "solution_tokens": 300,
        "verification_tokens": 600,
        "prompt_tokens": 300,
        "prefill": 0.5 / 8,
        "flops_of_a_solution": 2 * 8e9 * 300,
    }
    cost = sv.flops_cost(sv.open_pool(counted), 8e9, 0.5e9)
    for row in document["curves"]:
        assert row["cost"] == cost(row["solutions"], row["verifications"])
    _, out, _ = svlaw("frontier", counted, *SIZES, "--resamples", 0)
    assert "cost in FLOPs" in out
    assert "4.8e12" in out


def test_a_budget_in_flops(svlaw: Run, counted: Path) -> None:
    _, out, _ = svlaw("plan", counted, *SIZES, "--budget", "2e13", "--json")
    found = json.loads(out)
    table = sv.success_table(sv.open_pool(counted), solutions="fine", verifications="fine")
    cost = sv.flops_cost(sv.open_pool(counted), 8e9, 0.5e9)
    same = sv.plan(table, cost, budget=2e13)
    assert (found["strategy"], found["solutions"], found["verifications"], found["cost"]) == (
        same.strategy,
        same.solutions,
        same.verifications,
        same.cost,
    )
    _, alone, _ = svlaw("plan", counted, *SIZES[:4], "--budget", "2e13", "--json")
    assert json.loads(alone)["cost_model"]["verifier_parameters"] == 8e9


@pytest.mark.parametrize(
    "command",
    [
        ("crossover",),
        ("fit", "--method", "envelope"),
        ("forecast", "--strategies", "weighted_vote"),
        ("report", "-o", "r.html"),
    ],
)
def test_every_analysis_takes_sizes(
    svlaw: Run, counted: Path, command: tuple[Any, ...], tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = svlaw(command[0], counted, *command[1:], *SIZES, "--resamples", 0, "--json")
    assert code == 0, err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--cost", "price"), "--cost price: use 'relative', S (1 + lambda V), or 'flops'"),
        (("--cost", "flops"), "give the solver's parameters, such as --solver-size 8B"),
        (("--solver-size", "8B"), "--solver-size 8B: sizes go with --cost flops"),
        (("--verifier-size", "8B"), "--verifier-size 8B: sizes go with --cost flops"),
        ((*SIZES, "--lambda", "2"), "--lambda 2: with --cost flops the sizes give lambda"),
        (("--cost", "flops", "--solver-size", "big"), "--solver-size big: write a number"),
        (("--cost", "flops", "--solver-size", "0"), "--solver-size 0: write a number"),
        (("--cost", "flops", "--solver-size", "1.2.3B"), "--solver-size 1.2.3B: write a number"),
    ],
)
def test_bad_costs_are_one_line(
    svlaw: Run, counted: Path, arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = svlaw("curves", counted, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("svlaw: ")
    assert message in " ".join(err.split())


def test_a_pool_without_token_counts_has_no_flops(svlaw: Run) -> None:
    pool = sv.open_example("exams_gpt35_by_gpt4").path
    code, _, err = svlaw("curves", pool, *SIZES)
    assert code == 2
    assert "holds no token counts of solutions" in " ".join(err.split())

"""`--cost` and the figures that go with it, which all analyses share."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import svlaw as sv
from svlaw.data.pool_writer import create_pool

Run = Callable[..., tuple[Any, str, str]]

PRICES = ("--cost", "price", "--solver-price", "0.60", "--verifier-price", "0.15/0.60")
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
        "tokens_are_estimated": False,
        "prefill": 0.5 / 8,
        "flops_of_a_solution": 2 * 8e9 * 300,
    }
    cost = sv.flops_cost(sv.open_pool(counted), 8e9, 0.5e9)
    for row in document["curves"]:
        assert row["cost"] == cost(row["solutions"], row["verifications"])
    _, out, _ = svlaw("frontier", counted, *SIZES, "--resamples", 0)
    assert "cost in FLOPs" in out
    assert "4.8e12" in out


def test_costs_in_tokens_and_dollars(svlaw: Run, counted: Path) -> None:
    """300 tokens of a solution and of a prompt, 600 of a verification."""
    _, out, _ = svlaw("curves", counted, "--cost", "tokens", "--json")
    document = json.loads(out)
    shared = {
        "solution_tokens": 300,
        "verification_tokens": 600,
        "prompt_tokens": 300,
        "tokens_are_estimated": False,
    }
    origin = document["cost"].pop("origin")
    assert document["cost"] == {"model": "tokens", "lambda": 2.0, **shared, "prefill": 1.0}
    for row in document["curves"]:
        V = row["verifications"]
        assert row["cost"] == pytest.approx(row["solutions"] * (300 + 300 * (V > 0) + 600 * V))

    _, out, _ = svlaw("curves", counted, *PRICES, "--json")
    document = json.loads(out)
    assert document["cost"] == {
        "model": "price",
        "lambda": pytest.approx(2.0),
        "origin": origin,
        **shared,
        "prefill": pytest.approx(0.25),
        "solver_price": 0.60,
        "verifier_input_price": 0.15,
        "verifier_output_price": 0.60,
        "dollars_of_a_solution": pytest.approx(0.00018),
    }
    for row in document["curves"]:
        V = row["verifications"]
        dollars = row["solutions"] * (180 + 45 * (V > 0) + 360 * V) / 1e6
        assert row["cost"] == pytest.approx(dollars)


def test_tiny_amounts_are_readable(svlaw: Run, counted: Path) -> None:
    cheap = ("--cost", "price", "--solver-price", "0.06", "--verifier-price", "0/0.24")
    _, out, _ = svlaw("frontier", counted, *cheap, "--resamples", 0)
    assert "cost in US$" in out
    assert " 0.000018 " in out
    assert "e-0" not in out


def test_a_price_buys_what_its_lambda_does(svlaw: Run, counted: Path) -> None:
    """With free input, dollars are solutions at 0.00018 each."""
    prices = ("--cost", "price", "--solver-price", "0.60", "--verifier-price", "0/0.60")
    found, twin = (
        json.loads(svlaw("plan", counted, *options, "--json")[1])
        for options in ((*prices, "--budget", 20 * 0.00018), ("--lambda", 2, "--budget", 20))
    )
    assert found["cost"] == pytest.approx(twin["cost"] * 0.00018)
    for name in ("strategy", "solutions", "verifications", "success", "conf_low", "status"):
        assert found[name] == twin[name]


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


TOKENS = ("--cost", "tokens")
CROSSOVER = ("crossover",)
FIT = ("fit", "--method", "envelope")
FORECAST = ("forecast", "--strategies", "weighted_vote")
REPORT = ("report", "-o", "r.html")


@pytest.mark.parametrize(
    ("command", "cost"),
    [
        *((command, cost) for command in (CROSSOVER, FIT) for cost in (SIZES, PRICES, TOKENS)),
        (FORECAST, PRICES),  # slower, and costs are read by the same lines
        (REPORT, SIZES),
    ],
    ids=lambda words: words[min(1, len(words) - 1)],
)
def test_every_analysis_takes_every_cost(
    svlaw: Run,
    counted: Path,
    command: tuple[Any, ...],
    cost: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: Any,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = svlaw(command[0], counted, *command[1:], *cost, "--resamples", 0, "--json")
    assert code == 0, err


@pytest.mark.parametrize("figure", ["frontier", "surface", "crossover", "paper"])
def test_figures_are_in_dollars(svlaw: Run, counted: Path, figure: str, tmp_path: Path) -> None:
    path = tmp_path / "figure.html"
    code, _, err = svlaw("plot", figure, counted, "-o", path, *PRICES)
    assert code == 0, err
    title = "equal cost (US$)" if figure == "surface" else "cost per problem (US$)"
    assert title in path.read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--cost", "money"), "--cost money: use 'relative', S (1 + lambda V), 'tokens', 'flops'"),
        (("--cost", "price"), "--cost price: give US dollars per million tokens of the solver's"),
        (PRICES[:4], "holds verifications; give the verifier's prices"),
        ((*PRICES[:3], "0"), "--solver-price 0: use a number above 0"),
        ((*PRICES[:3], "nan"), "--solver-price nan: use a number above 0"),
        ((*PRICES[:5], "0.15"), "--verifier-price 0.15: write US dollars per million tokens of"),
        ((*PRICES[:5], "0.15/0"), "--verifier-price 0.15/0: write US dollars"),
        ((*PRICES[:5], "1/2/3"), "--verifier-price 1/2/3: write US dollars"),
        ((*PRICES[:5], "-1/2"), "--verifier-price -1/2: write US dollars"),
        ((*PRICES, "--lambda", "2"), "--lambda 2: with --cost price the prices give lambda"),
        ((*PRICES, "--solver-size", "8B"), "--solver-size 8B: sizes go with --cost flops"),
        (PRICES[2:4], "--solver-price 0.6: prices go with --cost price"),
        ((*SIZES, *PRICES[4:]), "--verifier-price 0.15/0.60: prices go with --cost price"),
        (("--cost", "tokens", "--lambda", "2"), "with --cost tokens the lengths give lambda"),
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


def test_a_pool_of_characters_has_every_cost(svlaw: Run) -> None:
    pool = sv.open_example("exams_gpt35_by_gpt4").path
    for cost in (SIZES, PRICES, ("--cost", "tokens")):
        code, out, _ = svlaw("curves", pool, *cost, "--solutions", 4, "--json")
        assert code == 0
        assert json.loads(out)["cost"]["tokens_are_estimated"]
    _, out, _ = svlaw("curves", pool, *PRICES, "--solutions", 4)
    assert "tokens estimated at 4 characters each" in " ".join(out.split())


@pytest.mark.parametrize("name", ["humaneval_codegen16b", "singhi2025_fig1"])
def test_a_pool_without_lengths_has_the_relative_cost_only(svlaw: Run, name: str) -> None:
    pool = sv.open_example(name).path
    for cost in (SIZES, PRICES, ("--cost", "tokens")):
        code, out, err = svlaw("curves", pool, *cost)
        assert (code, out) == (2, "")
        assert "token counts" in " ".join(err.split())

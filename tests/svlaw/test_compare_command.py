"""`svlaw compare` as a user meets it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from svlaw.data.examples import copy_example
from svlaw.data.pool import open_pool
from svlaw.data.pool_writer import create_pool
from svlaw.fit.simulation.population import SETTINGS
from svlaw.fit.simulation.simulator import simulate_pool

Run = Callable[..., tuple[Any, str, str]]


@pytest.fixture(scope="module")
def pools(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("two")
    sizes = {"solutions": 4, "verifications": 2}
    simulate_pool(folder / "a", SETTINGS["typical"], problems=14, seed=1, **sizes)
    simulate_pool(folder / "b", SETTINGS["hard"], problems=12, seed=2, **sizes)
    return folder / "a", folder / "b"


def test_tables_json_and_files(svlaw: Run, pools: tuple[Path, Path], tmp_path: Path) -> None:
    code, out, err = svlaw("compare", *pools, "--lambda", 1)
    assert (code, err) == (0, "")
    assert out.startswith("A: a, lambda 1 (given), cost in solutions\nB: b, lambda 1 ")
    assert "B - A over 12 problems in both pools; 2 only in A, 0 only in B\n" in out
    assert "S 4, V 2" in out
    code, out, _ = svlaw("compare", *pools, "--lambda", 1, "--json")
    document = json.loads(out)
    assert code == 0
    counts = [document[name] for name in ("n_problems", "n_only_a", "n_only_b")]
    assert counts == [12, 2, 0]
    assert document["a"]["cost"]["lambda"] == 1
    assert document["b"]["n_problems"] == 12
    for suffix in ("parquet", "csv", "json"):
        path = tmp_path / f"rows.{suffix}"
        assert svlaw("compare", *pools, "--lambda", 1, "-o", path)[:2] == (0, "")
    assert pl.read_parquet(tmp_path / "rows.parquet").to_dicts() == document["differences"]
    assert json.loads((tmp_path / "rows.json").read_text()) == document["differences"]
    assert pl.read_csv(tmp_path / "rows.csv").height == len(document["differences"])


def test_cost_in_tokens_is_each_pools_own(svlaw: Run, pools: tuple[Path, Path]) -> None:
    asked = ("--cost", "tokens", "--strategies", "self_consistency", "--solutions", "1,4", "--json")
    _, out, _ = svlaw("compare", *pools, *asked)
    document = json.loads(out)
    last = document["differences"][-1]
    for letter in "ab":
        tokens = document[letter]["cost"]["solution_tokens"]
        assert last[f"cost_{letter}"] == pytest.approx(4 * tokens)
    assert document["a"]["cost"]["solution_tokens"] != document["b"]["cost"]["solution_tokens"]


def test_families_and_other_references(svlaw: Run, tmp_path: Path) -> None:
    answers = pl.DataFrame(
        [(f"p{i}", j, 0, (i + j) % 3 > 0, "graded") for i in range(6) for j in range(2)],
        ["problem_id", "solution_id", "answer_class", "is_correct", "status"],
        orient="row",
    ).with_columns(pl.col("solution_id", "answer_class").cast(pl.Int32))
    names = [f"p{i}" for i in range(6)]
    for pool, references in (("a", "uvwxyz"), ("b", "uvwxy-")):
        problems = {
            "problem_id": names,
            "reference_answer": list(references),
            "item": ["s", "s", "t", "t", "u", "u"],
        }
        with create_pool(tmp_path / pool, {}) as writer:
            writer.add("answers", answers)
            writer.add("problems", pl.DataFrame(problems))
    both = (tmp_path / "a", tmp_path / "b", "--lambda", 1)
    code, out, err = svlaw("compare", *both, "--cluster", "item", "--json")
    assert code == 0
    assert json.loads(out)["n_clusters"] == 3
    assert "1 problem of 6 with another reference answer in B: are these the same problems?" in err
    assert "here 3" in err
    code, out, err = svlaw("compare", *both, "--cluster", "subject")
    assert (code, out, err.count("\n")) == (2, "", 1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--strategies", "vote"), "vote"),
        (("--solutions", "9"), "S = 9 is larger than the pool holds"),
        (("--solutions", "few"), "'few' is not a whole number"),
        (("-o", "rows.txt"), "rows.txt: write rows to a .parquet, .csv or .json file"),
        (("--verifier", "nobody"), "nobody"),
    ],
)
def test_bad_inputs_get_one_line(
    svlaw: Run, pools: tuple[Path, Path], options: tuple[str, ...], words: str
) -> None:
    code, out, err = svlaw("compare", *pools, *options)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert words in err


def test_pools_that_cannot_be_compared(
    svlaw: Run, pools: tuple[Path, Path], tmp_path: Path
) -> None:
    a, b = pools
    held = open_pool(b)
    columns = ("problem_id", "solution_id", "answer_class", "is_correct", "status")
    answers = held.read("answers", columns)
    with create_pool(tmp_path / "strangers", {}) as writer:
        writer.add(
            "answers", answers.with_columns(pl.format("other {}", "problem_id").alias("problem_id"))
        )
    output = tmp_path / "rows.csv"
    code, out, err = svlaw("compare", a, tmp_path / "strangers", "--lambda", 1, "-o", output)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "no problem_id is in both pools" in err
    assert not output.exists()
    copy_example("singhi2025_fig1", tmp_path / "published")
    code, out, err = svlaw("compare", a, tmp_path / "published")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "a published table has no problems to pair" in err

"""`svlaw reliability` as a user meets it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from svlaw.fit.simulation.population import Simulation
from svlaw.fit.simulation.simulator import simulate_pool

Run = Callable[..., tuple[Any, str, str]]


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    simulate_pool(tmp_path / "pool", Simulation(), problems=12, solutions=4, verifications=0)
    return tmp_path / "pool"


def test_tables_json_and_files(svlaw: Run, pool: Path, tmp_path: Path) -> None:
    code, out, err = svlaw("reliability", pool, "--tau", "0.5")
    assert (code, err) == (0, "")
    assert out.startswith("pool: 12 problems\n")
    assert "g_pass@k 0.5" in out
    assert "the vote's limit for ever more solutions: " in out
    code, out, _ = svlaw("reliability", pool, "--json")
    document = json.loads(out)
    assert code == 0
    assert len(document["rows"]) == 3 * 5 + 1
    assert sum(document["most_likely_answer"].values()) == document["n_problems"] == 12
    assert len(document["problems"]) == 12
    assert svlaw("reliability", pool, "-o", tmp_path / "rows.parquet")[0] == 0
    assert pl.read_parquet(tmp_path / "rows.parquet").to_dicts() == document["rows"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--tau", "half"), "--tau half: 'half' is not a number"),
        (("--tau", "1"), "tau = 1: use a share between 0 and 1; 1 is pass^k"),
        (("--solutions", "9"), "S = 9 is larger than the pool holds"),
        (("--population", "verified"), "reliability counts all solutions"),
        (("-o", "rows.txt"), "rows.txt: write rows to a .parquet, .csv or .json file"),
    ],
)
def test_bad_inputs_get_one_line(
    svlaw: Run, pool: Path, options: tuple[str, ...], words: str
) -> None:
    code, out, err = svlaw("reliability", pool, *options)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert words in err

"""The commands from problems to verdicts, with the demonstration model in every engine."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from svlaw.data.pool import open_pool
from svlaw.generate.seeds import first_seed

DEMO = Path(__file__).parents[2] / "generate" / "demo"
VLLM = {"max_num_seqs": 16, "max_model_len": 512, "kv_cache_memory_bytes": 1 << 28}
PROBLEMS, SOLUTIONS, VERIFIED, VERDICTS = 3, 6, 2, 4

pytestmark = pytest.mark.slow


@pytest.fixture(params=["transformers", "vllm", "openai"])
def engine(request: pytest.FixtureRequest) -> dict[str, Any]:
    """How each engine is told of the demonstration model."""
    if request.param == "openai":
        server = request.getfixturevalue("vllm_server")
        return {
            "engine": "openai",
            "model": server.model,
            "engine_options": {"base_url": server.url},
        }
    pytest.importorskip(request.param)
    options = VLLM | {"enforce_eager": True} if request.param == "vllm" else {"threads": 1}
    return {
        "engine": request.param,
        "model": str(DEMO / "model"),
        "engine_options": options,
    }


def svlaw(*arguments: str) -> str:
    """Run a command in a process of its own; what it prints."""
    program = "from svlaw.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_from_problems_to_a_frontier(engine: dict[str, Any], tmp_path: Path) -> None:
    config = tmp_path / "demo.yaml"
    document = {
        "pool": str(tmp_path / "pool"),
        "problems": {"source": str(DEMO / "problems.jsonl"), "limit": PROBLEMS},
        "solutions": engine
        | {
            "prompt": str(DEMO / "prompts" / "solve.jinja"),
            "samples": SOLUTIONS,
            "sampling": {"temperature": 1.0, "max_tokens": 160},
        },
        "verifications": engine
        | {
            "verifier": "demo",
            "prompt": str(DEMO / "prompts" / "verify.jinja"),
            "samples": VERDICTS,
            "solutions_per_problem": VERIFIED,
            "sampling": {"temperature": 1.0, "max_tokens": 320},
        },
    }
    config.write_text(json.dumps(document))  # JSON is YAML
    assert json.loads(svlaw("generate", "solutions", str(config), "--json"))["generated"] == 18
    svlaw("grade", document["pool"])
    made = json.loads(svlaw("generate", "verifications", str(config), "--json"))
    assert made["generated"] == PROBLEMS * VERIFIED * VERDICTS
    assert json.loads(svlaw("generate", "solutions", str(config), "--json"))["generated"] == 0
    svlaw("parse", document["pool"])
    frontier = json.loads(svlaw("frontier", document["pool"], "--json"))
    assert frontier

    pool = open_pool(document["pool"])
    answers = pool.read("answers", ["problem_id", "is_correct", "status"])
    assert answers.filter(pl.col("status") == "graded").height >= 16  # it nearly always answers
    assert answers["is_correct"].any()
    solutions = pool.read("solutions", ["problem_id", "solution_id", "text", "seed"])
    seeds = {(p, s): seed for p, s, _, seed in solutions.iter_rows()}
    assert all(seed == first_seed(0, p) + s for (p, s), seed in seeds.items())
    assert solutions["text"].n_unique() > PROBLEMS
    rows = pool.read("verifications", ["text", "p_yes", "p_no", "output_tokens"], "demo")
    assert rows["p_yes"].null_count() <= 1  # where a text gives no verdict
    sums = rows.drop_nulls().select(pl.col("p_yes") + pl.col("p_no")).to_series()
    assert sums.is_between(0.9, 1.001).all()
    assert (rows["output_tokens"] > 20).all()

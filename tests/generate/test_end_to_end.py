"""The commands from problems to verdicts, with the demonstration model in every engine."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from svlaw.data.pool import open_pool
from svlaw.generate.seeds import first_seed

DEMO = Path(__file__).parents[2] / "generate" / "demo"
OPTIONS: dict[str, dict[str, Any]] = {
    "transformers": {"threads": 1},
    "vllm": {
        "enforce_eager": True,  # nothing to compile
        "max_num_seqs": 16,
        "max_model_len": 512,
        "kv_cache_memory_bytes": 1 << 28,
    },
}
PROBLEMS, SOLUTIONS, VERIFIED, VERDICTS = 3, 6, 2, 4

SERVED = pytest.mark.xdist_group("server")

pytestmark = pytest.mark.slow


@pytest.fixture
def section(request: pytest.FixtureRequest) -> Callable[[str], dict[str, Any]]:
    """How an engine is told of the demonstration model."""

    def tell(engine: str) -> dict[str, Any]:
        pytest.importorskip(engine)
        if engine == "openai":
            server = request.getfixturevalue("vllm_server")
            model, options = server.model, {"base_url": server.url}
        else:
            model, options = str(DEMO / "model"), OPTIONS[engine]
        return {"engine": engine, "model": model, "engine_options": options}

    return tell


@pytest.fixture
def command(svlaw: Callable[..., tuple[Any, str, str]]) -> Callable[..., str]:
    """Runs a command, which succeeds; what it prints. In this process, as imports take seconds."""

    def run(*arguments: str) -> str:
        code, output, complaints = svlaw(*arguments)
        assert code == 0, complaints
        return output

    return run


@pytest.mark.parametrize(
    ("solver", "verifier"),
    [
        ("transformers", "transformers"),
        pytest.param("openai", "openai", marks=SERVED),
        pytest.param("openai", "vllm", marks=SERVED),
    ],
)
def test_from_problems_to_a_frontier(
    solver: str,
    verifier: str,
    section: Callable[[str], dict[str, Any]],
    command: Callable[..., str],
    tmp_path: Path,
) -> None:
    config = tmp_path / "demo.yaml"
    document = {
        "pool": str(tmp_path / "pool"),
        "problems": {"source": str(DEMO / "problems.jsonl"), "limit": PROBLEMS},
        "solutions": section(solver)
        | {
            "prompt": str(DEMO / "prompts" / "solve.jinja"),
            "samples": SOLUTIONS,
            "sampling": {"temperature": 1.0, "max_tokens": 160},
        },
        "verifications": section(verifier)
        | {
            "verifier": "demo",
            "prompt": str(DEMO / "prompts" / "verify.jinja"),
            "samples": VERDICTS,
            "solutions_per_problem": VERIFIED,
            "sampling": {"temperature": 1.0, "max_tokens": 320},
        },
    }
    config.write_text(json.dumps(document))  # JSON is YAML
    assert json.loads(command("generate", "solutions", str(config), "--json"))["generated"] == 18
    command("grade", document["pool"])
    made = json.loads(command("generate", "verifications", str(config), "--json"))
    assert made["generated"] == PROBLEMS * VERIFIED * VERDICTS
    assert json.loads(command("generate", "solutions", str(config), "--json"))["generated"] == 0
    command("parse", document["pool"])
    frontier = json.loads(command("frontier", document["pool"], "--json"))
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

"""A run of all commands with the demonstration model, for tests of engines."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from svlaw.data.pool import open_pool
from svlaw.generate.seeds import first_seed

DEMO = Path(__file__).parents[2] / "generate" / "demo"
PROBLEMS, SOLUTIONS, VERIFIED, VERDICTS = 3, 6, 2, 4

Demonstrate = Callable[[Mapping[str, Any], Mapping[str, Any]], None]


@pytest.fixture
def demonstrate(svlaw: Callable[..., tuple[Any, str, str]], tmp_path: Path) -> Demonstrate:
    """Runs the commands from problems to a frontier, and checks what they have made.

    It takes how the solver and how the verifier are told of their engines and the model. The
    commands run in this process, as what they import takes seconds.
    """

    def command(*arguments: str) -> str:
        code, output, complaints = svlaw(*arguments)
        assert code == 0, complaints
        return output

    def run(solver: Mapping[str, Any], verifier: Mapping[str, Any]) -> None:
        config = tmp_path / "demo.yaml"
        document = {
            "pool": str(tmp_path / "pool"),
            "problems": {"source": str(DEMO / "problems.jsonl"), "limit": PROBLEMS},
            "solutions": {**solver}
            | {
                "prompt": str(DEMO / "prompts" / "solve.jinja"),
                "samples": SOLUTIONS,
                "sampling": {"temperature": 1.0, "max_tokens": 160},
            },
            "verifications": {**verifier}
            | {
                "verifier": "demo",
                "prompt": str(DEMO / "prompts" / "verify.jinja"),
                "samples": VERDICTS,
                "solutions_per_problem": VERIFIED,
                "sampling": {"temperature": 1.0, "max_tokens": 320},
            },
        }
        config.write_text(json.dumps(document))  # JSON is YAML
        assert (
            json.loads(command("generate", "solutions", str(config), "--json"))["generated"] == 18
        )
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

    return run

"""The files of the demonstration: problems kept from training, prompts, and a small model."""

import json
from importlib.resources import files
from pathlib import Path

import pytest

from svlaw.data.schema import PROBLEM_KINDS
from svlaw.generate.demo.demo_problems import demonstration_chains, problem_rows
from svlaw.generate.prompts import load_prompt

DEMO = Path(str(files("svlaw.generate.demo")))


def stored_rows() -> list[dict[str, str]]:
    return [json.loads(line) for line in (DEMO / "problems.jsonl").read_text().splitlines()]


def test_the_stored_problems_are_those_of_the_script() -> None:
    assert stored_rows() == list(problem_rows())


def test_no_demonstration_problem_is_trained_on() -> None:
    chains = [chain for _, chain in demonstration_chains()]
    assert all(chain.held_out for chain in chains)
    assert len({chain.question for chain in chains}) == len(chains)
    assert 64 <= len(chains) <= 128


def test_the_problems_are_a_problem_set() -> None:
    rows = stored_rows()
    assert len({row["problem_id"] for row in rows}) == len(rows)
    assert {row["kind"] for row in rows} == {"numeric"} <= set(PROBLEM_KINDS)
    assert len({row["level"] for row in rows}) > 1


@pytest.mark.parametrize("name", ["solve", "verify"])
def test_prompts_hold_the_question_and_the_solution(name: str) -> None:
    prompt = load_prompt(str(DEMO / "prompts" / f"{name}.jinja"))
    assert prompt.verifies == (name == "verify")
    filled = prompt.render({"question": "What is 39*3?"}, solution="39*3=117")
    assert filled.startswith("What is 39*3?")
    assert ("39*3=117" in filled) == prompt.verifies


def test_the_model_is_small_and_suits_vllm() -> None:
    sizes = [path.stat().st_size for path in (DEMO / "model").iterdir()]
    assert sum(sizes) < 4 * 2**20
    config = json.loads((DEMO / "model" / "config.json").read_text())
    assert config["hidden_size"] // config["num_attention_heads"] == config["head_dim"] == 32


def test_the_tokenizer_knows_digits_verdicts_and_every_byte() -> None:
    vocabulary = json.loads((DEMO / "model" / "tokenizer.json").read_text())["model"]["vocab"]
    assert set("0123456789*+-=") <= set(vocabulary)
    assert {"ĠYes", "ĠNo"} <= set(vocabulary)  # Ġ stands for a space
    assert sum(len(token) == 1 for token in vocabulary) == 256
    numbers = [token for token in vocabulary if len(token) > 1 and any(c.isdigit() for c in token)]
    assert not numbers

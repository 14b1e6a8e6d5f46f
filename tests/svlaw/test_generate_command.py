"""`svlaw generate` as a user meets it: what it prints, what it writes, and how it fails."""

import importlib.util
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from svlaw.data.pool import open_pool

ENGINE = Path(__file__).parents[1] / "generate" / "instant_engine.py"
CONFIGURATION = """\
pool: {folder}/pool
problems: {{source: {folder}/problems.csv}}
solutions:
  model: solver
  engine: openai
  samples: 8
  sampling: {{max_tokens: 100}}
verifications: {{model: org/verifier, engine: openai, samples: 4, solutions_per_problem: 3}}
batch_rows: 8
part_rows: 16
"""

Run = Callable[..., tuple[Any, str, str]]


@pytest.fixture(scope="module")
def instant() -> ModuleType:
    """The module of the engine that answers at once, which stands in for the engine `openai`."""
    spec = importlib.util.spec_from_file_location("instant_engine", ENGINE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["instant_engine"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration of four problems."""
    rows = [f"p{n},What is {n} + {n}?,{2 * n}\n" for n in range(4)]
    text = "problem_id,question,reference_answer\n" + "".join(rows)
    (tmp_path / "problems.csv").write_text(text)
    file = tmp_path / "study.yaml"
    file.write_text(CONFIGURATION.format(folder=tmp_path))
    return file


@pytest.fixture
def generate(svlaw: Run, instant: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `svlaw generate` with the engine that answers at once."""
    monkeypatch.setitem(sys.modules, instant.REPLACED, instant.engine_module())
    return lambda *arguments: svlaw("generate", *arguments)


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def flat(text: str) -> str:
    return " ".join(text.split())


def test_a_first_run_says_what_it_did_and_what_is_next(generate: Run, config: Path) -> None:
    code, out, err = generate("solutions", config)
    pool = open_pool(config.parent / "pool")
    tokens = pool.read("solutions", ["output_tokens"])["output_tokens"].sum()
    first, second = out.splitlines()
    assert code == 0
    assert first.startswith(f"{pool.path}: 32 solutions, 32 of them new ({tokens:,} tokens, ")
    assert first.endswith(" tokens/s)")
    assert second == f"next: svlaw grade {pool.path}"
    lines = err.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("part of solutions: 16 rows, ") for line in lines)
    assert all(line.endswith(" tokens/s)") for line in lines)


def test_a_second_run_has_nothing_to_do(generate: Run, config: Path) -> None:
    generate("solutions", config)
    before = contents(config.parent)
    pool = config.parent / "pool"
    assert generate("solutions", config) == (
        0,
        f"{pool}: 32 solutions, 0 of them new\nnext: svlaw grade {pool}\n",
        "",
    )
    assert contents(config.parent) == before


def test_more_is_added_by_an_override(generate: Run, config: Path) -> None:
    generate("solutions", config)
    _, out, _ = generate("solutions", config, "--set", "solutions.samples=10", "--set", "seed=0")
    assert "40 solutions, 8 of them new" in out


def test_verifications(generate: Run, config: Path) -> None:
    generate("solutions", config)
    code, out, err = generate("verifications", config)
    pool = config.parent / "pool"
    first, second = out.splitlines()
    assert code == 0
    assert first.startswith(f"{pool}: 48 verifications of verifier verifier, 48 of them new (")
    assert second == f"next: svlaw parse {pool} --verifier verifier"
    assert err.startswith("part of verifications: 20 rows, ")
    assert open_pool(pool).verifiers == ("verifier",)


def test_json(generate: Run, config: Path) -> None:
    code, out, err = generate("solutions", config, "--json")
    document = json.loads(out)
    assert code == 0
    assert list(document) == [
        "pool",
        "table",
        "verifier",
        "total",
        "generated",
        "failed",
        "output_tokens",
        "seconds",
    ]
    seconds, tokens = document.pop("seconds"), document.pop("output_tokens")
    assert document == {
        "pool": str(config.parent / "pool"),
        "table": "solutions",
        "verifier": None,
        "total": 32,
        "generated": 32,
        "failed": {},
    }
    assert tokens > 32
    assert 0 < seconds < 60
    assert err.count("part of solutions") == 2
    document = json.loads(generate("verifications", config, "--json")[1])
    assert (document["table"], document["verifier"], document["total"]) == (
        "verifications",
        "verifier",
        48,
    )


def test_failed_requests_are_said_and_tried_again(generate: Run, config: Path) -> None:
    failing = ("--set", r"solutions.engine_options={failing: 'What is [13] \+'}")
    code, out, err = generate("solutions", config, *failing)
    assert code == 1
    assert "16 solutions, 16 of them new" in out
    assert (
        "note: 16 samples failed (server busy: 16); run the same command to try them again"
        in err.splitlines()
    )
    code, out, _ = generate("solutions", config, *failing, "--json")
    assert code == 1
    assert json.loads(out)["failed"] == {"server busy": 16}
    code, out, _ = generate("solutions", config)
    assert code == 0
    assert "32 solutions, 16 of them new" in out


def test_a_shard(generate: Run, config: Path) -> None:
    totals = []
    for i in (1, 2):
        code, out, _ = generate("solutions", config, "--shard", f"{i}/2", "--json")
        assert code == 0
        totals.append(json.loads(out)["generated"])
    assert sum(totals) == 32
    assert "32 solutions, 0 of them new" in generate("solutions", config)[1]


def test_a_dry_run_of_a_first_run(generate: Run, config: Path) -> None:
    before = contents(config.parent)
    code, out, err = generate("solutions", config, "--dry-run")
    figures, prompt = out.split("\nThe first prompt:\n\n")
    assert (code, err) == (0, "")
    lines = figures.splitlines()
    assert lines[0] == "32 solutions to generate, of 32 for 4 problems; 0 are there"
    assert lines[1].startswith("4 prompts of about ")
    assert lines[1].endswith(" tokens together (four characters a token)")
    assert lines[2:] == [
        "3,200 tokens to generate at most",
        "FLOPs unknown; give the model's size in the field 'parameters'",
        "time unknown before a first part; try a run of a few samples",
    ]
    assert "What is 0 + 0?" in prompt
    assert "\\boxed{}" in prompt
    assert contents(config.parent) == before
    assert not (config.parent / "pool").exists()


def test_a_dry_run_of_a_run_that_goes_on(generate: Run, config: Path) -> None:
    generate("solutions", config)
    before = contents(config.parent)
    more = ("--set", "solutions.samples=16", "--set", "solutions.parameters=7e9")
    code, out, _ = generate("solutions", config, *more, "--dry-run")
    assert code == 0
    assert "32 solutions to generate, of 64 for 4 problems; 32 are there" in out
    assert " FLOPs (2 x 7e+09 parameters x tokens)" in out
    assert "at the speed of the last parts" in out
    assert " at most" not in out
    code, out, _ = generate("solutions", config, "--dry-run")
    assert "0 solutions to generate, of 32 for 4 problems; 32 are there" in out
    assert "The first prompt" not in out
    assert contents(config.parent) == before


def test_a_dry_run_of_verifications(generate: Run, config: Path) -> None:
    generate("solutions", config)
    before = contents(config.parent)
    code, out, _ = generate("verifications", config, "--dry-run", "--shard", "1/1")
    assert code == 0
    assert "48 verifications to generate, of 48 for 12 solutions; 0 are there" in out
    assert "Proposed solution:" in out
    assert contents(config.parent) == before


def test_a_dry_run_as_json(generate: Run, config: Path) -> None:
    code, out, _ = generate("solutions", config, "--dry-run", "--json")
    outlook = json.loads(out)["outlook"]
    assert code == 0
    assert (outlook["missing"], outlook["prompts"], outlook["seconds"]) == (32, 4, None)
    assert "What is 0 + 0?" in outlook["first_prompt"]


def bad(generate: Run, *arguments: Any) -> str:
    """The one line that a bad input gets."""
    code, out, err = generate(*arguments)
    assert (code, out) == (2, "")
    assert err.endswith("\n")
    assert err.count("\n") == 1
    return err[:-1]


def test_bad_inputs_get_one_line(generate: Run, config: Path, tmp_path: Path) -> None:
    none = tmp_path / "none.yaml"
    assert bad(generate, "solutions", none) == f"svlaw: {none}: no such file"
    assert bad(generate, "solutions", config, "--set", "seed") == (
        "svlaw: --set seed: write FIELD=VALUE, such as solutions.samples=64"
    )
    assert bad(generate, "solutions", config, "--set", "solutions.sample=3") == (
        f"svlaw: {config}: there is no field 'solutions.sample'; see docs/generating.md for those"
        " there are"
    )
    assert bad(generate, "solutions", config, "--shard", "3/2") == (
        "svlaw: --shard 3/2: use 1/2 to 2/2"
    )
    assert bad(generate, "solutions", config, "--set", "problems.source=gone.csv") == (
        "svlaw: gone.csv: no such file"
    )
    assert bad(generate, "solutions", config, "--set", "solutions.prompt=boxd").startswith(
        "svlaw: prompt 'boxd': use one of boxed, few-shot, choice, verify"
    )
    assert bad(generate, "verifications", config) == (
        f"svlaw: {tmp_path}/pool: holds no text of solutions to verify; generate some first"
        " ('svlaw generate solutions')"
    )
    assert not (tmp_path / "pool").exists()


def test_an_empty_problem_set(generate: Run, config: Path) -> None:
    (config.parent / "problems.csv").write_text("problem_id,question,reference_answer\n")
    assert bad(generate, "solutions", config).startswith(f"svlaw: {config.parent}/problems.csv: ")
    assert not (config.parent / "pool").exists()


def test_changed_settings(generate: Run, config: Path) -> None:
    generate("solutions", config)
    changed = ("--set", "solutions.sampling.temperature=1")
    complaint = (
        f"svlaw: {config.parent}/pool: its solutions were generated with other settings:"
        " sampling.temperature was 0.7, now 1.0. Generate into another pool, or put the settings"
        " back"
    )
    assert bad(generate, "solutions", config, *changed) == complaint
    assert bad(generate, "solutions", config, *changed, "--dry-run") == complaint


def test_an_engine_that_dies(generate: Run, config: Path) -> None:
    dying = ("--set", "solutions.engine_options={dies_after: 3}")
    code, out, err = generate("solutions", config, *dying)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == "svlaw: engine instant: the model is gone"
    assert "32 solutions, 8 of them new" in generate("solutions", config)[1]


@pytest.mark.skipif(
    importlib.util.find_spec("transformers") is not None, reason="the package is there"
)
def test_a_package_that_is_not_there(svlaw: Run, config: Path) -> None:
    code, _, err = svlaw("generate", "solutions", config, "--set", "solutions.engine=transformers")
    assert code == 2
    assert err.count("\n") == 1
    assert "pip install 'svlaw[transformers]'" in err


def test_a_remark_on_the_problems(generate: Run, config: Path) -> None:
    (config.parent / "problems.csv").write_text("problem_id,question\na,What?\nb,Why?\n")
    _, _, err = generate("solutions", config)
    assert "note: 2 of 2 problems have no reference answer: they can be sampled" in flat(err)


@pytest.mark.slow
def test_a_bar_on_a_terminal(config: Path) -> None:
    shown, terminal = pty.openpty()
    options = 'solutions.engine_options={"sleep": 0.4}'
    process = subprocess.Popen(
        [sys.executable, ENGINE, "generate", "solutions", config, "--set", options],
        stdout=subprocess.PIPE,
        stderr=terminal,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(terminal)
    seen = b""
    try:
        while block := os.read(shown, 4096):
            seen += block
    except OSError:  # how a terminal says that nobody writes to it any more
        pass
    os.close(shown)
    out, _ = process.communicate()
    assert process.returncode == 0
    assert b"32 solutions, 32 of them new" in out
    text = seen.decode()
    for piece in ("solutions", "loading", "24/32", "tokens/s", "0:00:", "part of solutions: 16"):
        assert piece in text


@pytest.mark.slow
def test_from_problems_to_a_check(generate: Run, svlaw: Run, config: Path) -> None:
    pool = config.parent / "pool"
    too_long = ("--set", r"solutions.engine_options={too_long: 'What is 3 \+'}")
    assert generate("solutions", config, *too_long)[0] == 0
    assert svlaw("grade", pool)[0] == 0
    assert generate("verifications", config)[0] == 0
    assert svlaw("parse", pool)[0] == 0
    assert svlaw("parse", pool, "--score", "p_yes")[0] == 0
    opened = open_pool(pool)
    assert opened.metadata["source"] == "svlaw generate"
    answers = opened.scan("answers").collect()
    assert (answers.height, answers["is_correct"].any()) == (32, True)
    assert answers.filter(pl.col("problem_id") == "p3")["status"].unique().to_list() == [
        "no_answer"
    ]
    verdicts = opened.scan("verdicts", "verifier").collect()
    assert (verdicts.height, verdicts["score"].null_count() < 48) == (48, True)
    code, out, _ = svlaw("check", pool, "--json")
    assert code == 0
    assert json.loads(out)

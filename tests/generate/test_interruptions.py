"""Processes that are killed or interrupted, and runs that go on from there."""

import importlib.util
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from svlaw.generate.parts import LOG_FILE

Study = Any

KILLS = 10
BATCH = 64
PART = 256
DEMO = Path(__file__).parents[2] / "generate" / "demo"


def fill(study: Study) -> None:
    """64 problems x 64 solutions, or 64 x 8 solutions x 8 verifications: 64 batches, 16 parts."""
    study.set_problems(64)
    study.document |= {"batch_rows": BATCH, "part_rows": PART - BATCH + 1}
    study.document["solutions"]["samples"] = 64
    study.document["verifications"] |= {"samples": 8, "solutions_per_problem": 8}


def generate(study: Study, table: str) -> Any:
    """Generate here, at once."""
    return study.solutions() if table == "solutions" else study.verifications()


def rows(study: Study, table: str) -> pl.DataFrame:
    """All rows by key, each there once; none before there is a part."""
    verifier = "verifier" if table == "verifications" else None
    if not study.opened().has(table, verifier):
        return pl.DataFrame(schema={"seed": pl.Int64})
    return study.rows(table, verifier)


def wanted(make_study: Callable[[str], Study], table: str) -> pl.DataFrame:
    """What an uninterrupted run comes to."""
    study = make_study("wanted")
    fill(study)
    study.solutions()
    return rows(study, table) if table == "solutions" else _verified(study)


def _verified(study: Study) -> pl.DataFrame:
    study.verifications()
    return rows(study, "verifications")


def begin(study: Study, table: str) -> None:
    """Bring a study to where the table is generated."""
    fill(study)
    if table == "verifications":
        study.solutions()
        study.record.unlink()


def done(study: Study) -> tuple[int, set[int]]:
    """How many samples engines have done, and which, by their seeds."""
    entries = [e for e in study.instant.read_record(study.record) if e.event == "done"]
    seeds = {e.seed + place for e in entries for place in range(e.samples)}
    return sum(e.samples for e in entries), seeds


@pytest.mark.slow
@pytest.mark.parametrize("table", ["solutions", "verifications"])
def test_killed_at_ten_random_moments(
    study: Study, make_study: Callable[[str], Study], table: str
) -> None:
    begin(study, table)
    moments = random.Random(table)
    lost = repeated = 0
    for _ in range(KILLS):
        # The stall is there in case that this process sleeps longer than it asks for.
        process = study.start(table, sleep=0.1, in_flight=3, stalls_after=6)
        study.wait_for(process)
        time.sleep(moments.uniform(0, 0.5))
        assert process.poll() is None
        process.kill()
        process.communicate()
        total, seeds = done(study)
        now_lost = len(seeds - set(rows(study, table)["seed"]))
        assert now_lost <= PART
        lost += now_lost
        repeated = total - len(seeds)
        assert repeated <= lost
    assert generate(study, table).generated > 0
    total, seeds = done(study)
    assert len(seeds) == 64 * 64
    assert total - len(seeds) <= KILLS * PART
    assert rows(study, table).equals(wanted(make_study, table))
    assert list(study.pool.rglob("*.tmp")) == []
    assert generate(study, table).generated == 0


@pytest.mark.slow
def test_killed_while_it_starts(study: Study, make_study: Callable[[str], Study]) -> None:
    moments = random.Random(0)
    for _ in range(4):
        process = study.start_afresh("solutions")
        time.sleep(moments.uniform(0.3, 1.2))
        process.kill()
        process.communicate()
    study.solutions()
    other = make_study("wanted")
    other.solutions()
    assert study.rows().equals(other.rows())
    assert study.rows("problems").equals(other.rows("problems"))


@pytest.mark.slow
@pytest.mark.parametrize("table", ["solutions", "verifications"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_writes_what_is_done(
    study: Study, make_study: Callable[[str], Study], table: str, number: int
) -> None:
    begin(study, table)
    process = study.start(table, "--set", "part_rows=100000", in_flight=3, stalls_after=12)
    study.wait_for(process, samples=15 * BATCH)  # three are held
    process.send_signal(number)
    out, complaints = process.communicate()
    assert process.returncode == 130
    assert out == ""
    part, complaint = complaints.splitlines()
    assert complaint == "svlaw: interrupted; nothing was left half-written"
    total, seeds = done(study)
    held = rows(study, table)
    assert part.startswith(f"part of {table}: {held.height:,} rows, ")
    assert 8 * BATCH <= held.height < 64 * 64
    assert set(held["seed"]) <= seeds
    assert held.height >= total - BATCH  # a batch may be on its way from the engine
    assert list(study.pool.rglob("*.tmp")) == []
    assert generate(study, table).generated == 64 * 64 - held.height
    assert rows(study, table).equals(wanted(make_study, table))


def test_under_nohup_a_closed_terminal_ends_nothing(study: Study) -> None:
    fill(study)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # processes inherit that
    try:
        process = study.start_afresh("solutions", sleep=0.02, in_flight=3)
    finally:
        signal.signal(signal.SIGHUP, before)
    study.wait_for(process, samples=12 * BATCH)
    process.send_signal(signal.SIGHUP)
    process.communicate()
    assert process.returncode == 0
    assert rows(study, "solutions").height == 64 * 64


FORKS = """
import os, sys
import torch, transformers
from transformers import AutoModelForCausalLM, AutoTokenizer
import svlaw.cli.generate_commands, svlaw.generate.engines.transformers, svlaw.generate.runs
from svlaw.cli import main

for line in sys.stdin:
    child = os.fork()
    if not child:
        os.dup2(2, 1)
        sys.argv = ["svlaw", *line.split()]
        main()
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Commands:
    """Runs commands of svlaw in processes that have torch loaded from the beginning."""

    def __init__(self, complaints: Path) -> None:
        with complaints.open("w") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-c", FORKS],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                env=os.environ | {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"},
                text=True,
            )

    def start(self, *arguments: Any) -> int:
        """Start one; its process id."""
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(map(str, arguments)) + "\n")
        self._process.stdin.flush()
        return self._number()

    def finish(self) -> int:
        """Wait for the one that was started: its exit code, negative for a signal."""
        return self._number()

    def close(self) -> None:
        """Stop."""
        self._process.communicate()

    def _number(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


@pytest.fixture
def commands(tmp_path: Path) -> Iterator[Commands]:
    """A runner of commands."""
    made = Commands(tmp_path / "complaints")
    yield made
    made.close()


def parts_of(study: Study) -> list[dict[str, Any]]:
    """The log of a pool, as far as there is one."""
    log = study.pool / LOG_FILE
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def wait_for_part(study: Study, parts: int) -> None:
    """Wait until a pool has more parts than so many."""
    while len(parts_of(study)) <= parts:
        time.sleep(0.01)


def solve_for_real(study: Study) -> None:
    """48 problems x 64 solutions by the demonstration model, cut off soon: 48 batches, 24 parts.

    It is so hot that samples differ, whatever the model: equal rows would else tell little.
    """
    study.document |= {
        "problems": {"source": str(DEMO / "problems.jsonl"), "limit": 48},
        "batch_rows": BATCH,
        "part_rows": 2 * BATCH,
    }
    study.document["solutions"] |= {
        "model": str(DEMO / "model"),
        "engine": "transformers",
        "engine_options": {"device": "cpu", "threads": 1},
        "prompt": str(DEMO / "prompts" / "solve.jinja"),
        "samples": 64,
        "sampling": {"max_tokens": 8, "temperature": 3.0},
    }


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("transformers") is None, reason="transformers is not installed"
)
def test_a_model_killed_at_ten_random_moments(
    study: Study, make_study: Callable[[str], Study], commands: Commands
) -> None:
    whole = make_study("whole")
    solve_for_real(whole)
    commands.start("generate", "solutions", whole.write())
    assert commands.finish() == 0
    wanted = whole.rows()
    assert wanted.height == 48 * 64
    assert wanted["text"].n_unique() > 48 * 16
    took = sum(part["seconds"] for part in parts_of(whole))

    solve_for_real(study)
    file = study.write()
    moments = random.Random(0)
    for _ in range(KILLS):
        before = len(parts_of(study))
        child = commands.start("generate", "solutions", file)
        wait_for_part(study, before)
        time.sleep(moments.uniform(0, took / 24))
        os.kill(child, signal.SIGKILL)
        assert commands.finish() == -signal.SIGKILL
    assert KILLS * 2 * BATCH <= study.rows().height < wanted.height
    commands.start("generate", "solutions", file)
    assert commands.finish() == 0
    assert study.rows().equals(wanted)

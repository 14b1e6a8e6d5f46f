"""The demonstration model on a real Ray cluster of two nodes (`make test-vllm`).

Whatever becomes of workers, nodes and the command itself, tables are those of a run without Ray.
"""

import importlib.util
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest

from svlaw.data.workers.ray_cluster import Cluster
from svlaw.generate.assignments import assign_solutions, assign_verifications
from svlaw.generate.parts import Part, read_log
from svlaw.generate.runs import Reporting, open_engine, run_assignment

Study = Any
WorkersOf = Callable[[Any], list[psutil.Process]]

DEMO = Path(__file__).parents[3] / "generate" / "demo"
PROBLEMS, SOLUTIONS, VERIFIED, VERDICTS = 8, 16, 2, 4
BATCH, PART = 8, 16
COMMAND = "from svlaw.cli import main; main()"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("transformers") is None, reason="transformers is not installed"
    ),
]


@pytest.fixture(scope="module")
def make_demo(study_at: Callable[[Path], Study]) -> Callable[[Path], Study]:
    """Makes a study of the demonstration model in a folder: 16 batches, 8 of verifications."""

    def make(folder: Path) -> Study:
        study = study_at(folder)
        model = {
            "model": str(DEMO / "model"),
            "engine": "transformers",
            "engine_options": {"device": "cpu", "threads": 1},
            "sampling": {"max_tokens": 40, "temperature": 3.0},  # hot, so that samples differ
        }
        study.document |= {
            "problems": {"source": str(DEMO / "problems.jsonl"), "limit": PROBLEMS},
            "solutions": model
            | {"prompt": str(DEMO / "prompts" / "solve.jinja"), "samples": SOLUTIONS},
            "verifications": model
            | {
                "verifier": "verifier",
                "prompt": str(DEMO / "prompts" / "verify.jinja"),
                "samples": VERDICTS,
                "solutions_per_problem": VERIFIED,
            },
            "batch_rows": BATCH,
            "part_rows": PART,
        }
        return study

    return make


@pytest.fixture
def demo(make_demo: Callable[[Path], Study], tmp_path: Path) -> Study:
    """A study of the demonstration model."""
    return make_demo(tmp_path / "demo")


def generate(
    study: Study,
    table: str,
    cluster: Cluster | None = None,
    on_part: Callable[[Part], None] = lambda part: None,
) -> int:
    """Generate a table, here or on a cluster; how many rows it brought."""
    assign = assign_solutions if table == "solutions" else assign_verifications
    configuration = study.configuration()
    return run_assignment(
        configuration,
        assign(configuration),
        engine=partial(open_engine, cluster=cluster),
        reporting=Reporting(on_part=on_part),
    ).generated


def table_of(study: Study, table: str) -> pl.DataFrame:
    """All rows of a table."""
    return study.rows(table, "verifier" if table == "verifications" else None)


@pytest.fixture(scope="module")
def solved(make_demo: Callable[[Path], Study], tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Solutions of a run without Ray."""
    study = make_demo(tmp_path_factory.mktemp("solved"))
    assert generate(study, "solutions") == PROBLEMS * SOLUTIONS
    return study


@pytest.fixture(scope="module")
def wanted(
    make_demo: Callable[[Path], Study], solved: Study, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, pl.DataFrame]:
    """The tables of runs without Ray."""
    study = make_demo(tmp_path_factory.mktemp("wanted"))
    shutil.copytree(solved.pool, study.pool)
    assert generate(study, "verifications") == PROBLEMS * VERIFIED * VERDICTS
    tables = {name: table_of(study, name) for name in ("solutions", "verifications")}
    assert tables["solutions"]["text"].n_unique() > 4 * PROBLEMS
    return tables


def one_at_work(nodes: Any, workers_of: WorkersOf) -> psutil.Process:
    """A worker that has batches, not one that still loads the model."""
    titles = {worker: worker.cmdline()[0] for worker in workers_of(nodes)}
    return next(worker for worker, title in titles.items() if not title.endswith(".start"))


def node_of(worker: psutil.Process, nodes: Any) -> Any:
    """The node that a worker is on."""
    above = {process.pid for process in worker.parents()}
    return next(
        node for node in nodes.worker_nodes if node.all_processes["raylet"][0].process.pid in above
    )


@pytest.mark.parametrize(("table", "loss"), [("solutions", "worker"), ("verifications", "node")])
def test_a_loss_in_the_middle_changes_nothing(
    table: str,
    loss: str,
    demo: Study,
    solved: Study,
    wanted: dict[str, pl.DataFrame],
    two_nodes: Any,
    cluster: Cluster,
    workers_of: WorkersOf,
) -> None:
    if table == "verifications":
        shutil.copytree(solved.pool, demo.pool)
    lost: list[int] = []

    def lose(part: Part) -> None:
        """After the first part, what has the next batches."""
        if lost:
            return
        worker = one_at_work(two_nodes, workers_of)
        lost.append(worker.pid)
        if loss == "worker":
            worker.kill()
        else:
            two_nodes.remove_node(node_of(worker, two_nodes))

    assert generate(demo, table, cluster, lose) == wanted[table].height
    assert lost
    assert table_of(demo, table).equals(wanted[table])


@pytest.fixture
def commands() -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts commands of svlaw in processes of their own."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: Any) -> "subprocess.Popen[str]":
        program = [sys.executable, "-c", COMMAND, *map(str, arguments)]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(program, stdout=pipe, stderr=pipe, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def wait_for_part(study: Study, process: "subprocess.Popen[str]") -> None:
    """Wait until a command has written a part."""
    while not (study.pool.exists() and read_log(study.pool)):
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.01)


def test_a_killed_command_goes_on_from_where_it_was(
    demo: Study,
    wanted: dict[str, pl.DataFrame],
    two_nodes: Any,
    workers_of: WorkersOf,
    commands: Callable[..., "subprocess.Popen[str]"],
) -> None:
    arguments = ("generate", "solutions", demo.write(), "--on", "ray", "--json")
    first = commands(*arguments)
    wait_for_part(demo, first)
    orphans = workers_of(two_nodes)
    first.kill()
    assert first.wait(10) == -signal.SIGKILL
    held = demo.rows().height
    assert PART <= held < PROBLEMS * SOLUTIONS
    second = commands(*arguments)
    output, complaints = second.communicate()
    assert second.returncode == 0, complaints
    assert json.loads(output)["generated"] == PROBLEMS * SOLUTIONS - held
    assert demo.rows().equals(wanted["solutions"])
    ended, left = psutil.wait_procs(orphans, timeout=600)
    assert ended
    assert left == []

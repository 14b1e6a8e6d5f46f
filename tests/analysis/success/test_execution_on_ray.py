"""Success tables of a real Ray cluster of two nodes: those of this machine, to the byte."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import psutil
import pytest

from svlaw.analysis.success.estimators import Options
from svlaw.analysis.success.success_table import SuccessTable, success_table
from svlaw.data.errors import BadInputError
from svlaw.data.pool import Pool, open_pool
from svlaw.data.workers.ray_cluster import Cluster
from svlaw.fit.simulation.population import Simulation
from svlaw.fit.simulation.simulator import simulate_pool

PROBLEMS = 41
SIZES = {"problems": PROBLEMS, "solutions": 16, "verifications": 6}

WorkersOf = Callable[[Any], list[psutil.Process]]


@pytest.fixture(scope="module")
def pools(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pool]:
    """Simulated pools with and without a verifier."""
    folder = tmp_path_factory.mktemp("pools")
    return {
        name: simulate_pool(folder / name, Simulation(), **{**SIZES, **sizes})
        for name, sizes in (("verified", {}), ("unverified", {"verifications": 0}))
    }


def assert_equal(found: SuccessTable, expected: SuccessTable) -> None:
    """Every byte is the same."""
    assert found.success.tobytes() == expected.success.tobytes()
    assert found.variance.tobytes() == expected.variance.tobytes()
    assert found.points.equals(expected.points)
    assert found.problem_ids == expected.problem_ids
    assert found.n_set_aside == expected.n_set_aside
    assert (found.options, found.verifier) == (expected.options, expected.verifier)


def test_the_table_of_a_cluster_is_that_of_this_machine(
    pools: dict[str, Pool], cluster: Cluster
) -> None:
    for pool in pools.values():
        here = success_table(pool, reuse=False, batch_rows=97)
        for batch_rows in (97, 4_000_000):
            done: list[int] = []
            there = success_table(
                pool,
                reuse=False,
                batch_rows=batch_rows,
                cluster=cluster,
                progress=lambda count, total, done=done: done.append(count),  # type: ignore[misc]
            )
            assert_equal(there, here)
            assert len(done) >= 4 * 2  # four batches for each core, at least
            assert done == sorted(done)
            assert done[-1] == PROBLEMS
    options = Options(half="analysis", population="verified", seed=3)
    there = success_table(pools["verified"], ["weighted_vote"], options=options, cluster=cluster)
    here = success_table(pools["verified"], ["weighted_vote"], options=options, reuse=False)
    assert_equal(there, here)
    stored = success_table(pools["verified"], ["weighted_vote"], options=options)
    assert_equal(stored, here)


def test_problems_that_hold_too_little_are_set_aside_there_too(
    make_pool: Callable[..., Pool], problems: Any, cluster: Cluster
) -> None:
    answers, verdicts = problems.frames(problems.many(3, 30))
    names = [f"p{n:02d}" for n in range(33)]  # the last have no solution at all
    pool = make_pool(answers, problems=names, v=verdicts)
    here = success_table(pool, solutions=[1, 2], verifications=[1], reuse=False)
    there = success_table(
        pool, solutions=[1, 2], verifications=[1], reuse=False, cluster=cluster, batch_rows=20
    )
    assert 0 < here.n_set_aside < 33
    assert_equal(there, here)


@pytest.mark.parametrize("loss", ["worker", "node"])
def test_a_loss_in_the_middle_leaves_the_table_as_it_is(
    loss: str, pools: dict[str, Pool], two_nodes: Any, cluster: Cluster, workers_of: WorkersOf
) -> None:
    lost: list[int] = []

    def lose(done: int, total: int) -> None:
        if lost or done == total:
            return
        if loss == "node":
            two_nodes.remove_node(next(iter(two_nodes.worker_nodes)))
        for worker in workers_of(two_nodes)[:1]:
            worker.kill()
        lost.append(done)

    pool = pools["verified"]
    there = success_table(pool, reuse=False, batch_rows=97, cluster=cluster, progress=lose)
    assert lost
    assert_equal(there, success_table(pool, reuse=False))


def test_a_node_that_does_not_see_the_pool_is_named(
    pools: dict[str, Pool], cluster: Cluster, tmp_path: Path
) -> None:
    pool = pools["unverified"]
    folder = tmp_path / "here"
    folder.symlink_to(pool.path)
    seen = open_pool(folder)

    def leave(done: int, total: int) -> None:
        if not (pool.path / "gone.json").exists():
            (pool.path / "pool.json").rename(pool.path / "gone.json")

    try:
        with pytest.raises(BadInputError) as caught:
            success_table(seen, reuse=False, batch_rows=20, cluster=cluster, progress=leave)
    finally:
        (pool.path / "gone.json").rename(pool.path / "pool.json")
    message = str(caught.value)
    assert message.startswith(f"{pool.path}: not seen by node ")
    assert message.endswith("; every node needs the pool's folder under the same path")


def test_a_damaged_part_is_told_as_on_this_machine(
    make_pool: Callable[..., Pool], problems: Any, cluster: Cluster
) -> None:
    answers, verdicts = problems.frames(problems.many(3, 12))
    pool = make_pool(answers, v=verdicts)
    (part,) = pool.parts("verdicts", "v")
    held = pl.read_parquet(part)
    part = part.rename(part.with_name("part-000000.parquet"))  # as others name it
    pl.concat([held, held.tail(1)]).write_parquet(part)
    messages = []
    for where in (None, cluster):
        with pytest.raises(BadInputError) as caught:
            success_table(pool, solutions=[1], verifications=[1], cluster=where, batch_rows=20)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
    assert "keys repeat in verdicts" in messages[0]


COMMANDS = {
    "curves": ["curves", "--lambda", "2"],
    "curves by pass rate": ["curves", "--lambda", "2", "--by", "pass_rate", "--bins", "2"],
    "plan": ["plan", "--lambda", "2", "--budget", "16"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_print_the_same(
    command: str,
    cluster: Cluster,
    svlaw: Callable[..., tuple[Any, str, str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    sent: list[Any] = []

    def map_ordered(self: Cluster, function: Any, tasks: Any) -> Any:
        sent.append(function)
        return ordered(self, function, tasks)

    ordered = Cluster.map_ordered
    monkeypatch.setattr(Cluster, "map_ordered", map_ordered)
    name, *options = COMMANDS[command]
    printed = []
    for place in ([], ["--on", "ray"]):
        assert not sent
        pool = simulate_pool(tmp_path / f"{len(place)}" / "pool", Simulation(), **SIZES)
        code, out, complaints = svlaw(name, pool.path, *options, "--json", *place)
        assert (code, complaints) == (0, "")
        printed.append(out.replace(str(pool.path), "pool"))
    assert sent
    assert printed[0] == printed[1]


def start(*arguments: Any) -> "subprocess.Popen[str]":
    """Start a command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", "from svlaw.cli import main; main()", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_in_a_process_of_its_own_a_command_prints_no_more(
    two_nodes: Any, svlaw: Callable[..., tuple[Any, str, str]], tmp_path: Path
) -> None:
    pool = simulate_pool(tmp_path / "pool", Simulation(), **SIZES)
    arguments = ("curves", pool.path, "--lambda", "2", "--json")
    process = start(*arguments, "--on", "ray")
    out, complaints = process.communicate()
    assert (process.returncode, complaints) == (0, "")
    assert out == svlaw(*arguments)[1]


@pytest.mark.slow
def test_what_many_tasks_complain_of_is_one_line(two_nodes: Any, tmp_path: Path) -> None:
    pool = simulate_pool(tmp_path / "pool", Simulation(), **SIZES)
    for part in pool.parts("answers"):
        held = pl.read_parquet(part)
        twice = part.rename(part.with_name("part-000000.parquet"))  # as others name it
        pl.concat([held, held]).write_parquet(twice)
    process = start("curves", pool.path, "--lambda", "2", "--on", "ray")
    out, complaints = process.communicate()
    assert process.returncode == 2
    assert out == ""
    assert complaints.startswith(f"svlaw: {pool.path}: keys repeat in answers (problem_id")
    assert complaints.count("\n") == 1


@pytest.mark.slow
def test_an_interrupt_ends_the_wait(two_nodes: Any, tmp_path: Path, workers_of: WorkersOf) -> None:
    pool = simulate_pool(
        *(tmp_path / "pool", Simulation()), problems=60, solutions=256, verifications=16
    )
    options = ("--solutions", "all", "--tolerance", "0.00001", "--lambda", "2")
    process = start("curves", pool.path, *options, "--on", "ray")
    while not workers_of(two_nodes):
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    out, complaints = process.communicate()
    assert process.returncode == 130
    assert out == ""
    assert complaints == "svlaw: interrupted; nothing was left half-written\n"
    while workers_of(two_nodes):
        time.sleep(0.1)
    assert np.isfinite(success_table(pool, ["coverage"], [1]).success).all()

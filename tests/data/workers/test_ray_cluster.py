"""Work on a real Ray cluster of two nodes, and what becomes of it when these are lost."""

import importlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from svlaw.data.errors import BadInputError, NotInPoolError, SvlawError
from svlaw.data.workers import ray_cluster
from svlaw.data.workers.ray_addresses import check_place
from svlaw.data.workers.ray_cluster import Cluster
from svlaw.data.workers.ray_connection import connect

# Functions within tests travel by value: nodes cannot import test modules.


@pytest.fixture
def silent_port() -> int:
    """A port of this machine on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_results_come_in_the_order_of_tasks(cluster: Cluster) -> None:
    read: list[int] = []
    most = 0

    def square(task: int) -> int:
        time.sleep(0.05 * (task % 3))
        return task * task

    def tasks() -> Iterator[int]:
        for number in range(40):
            read.append(number)
            yield number

    results = []
    for result in cluster.map_ordered(square, tasks()):
        results.append(result)
        most = max(most, len(read) - len(results))
    assert results == [number * number for number in range(40)]
    assert most == 4 * 2 - 1  # four for each core, less the one just given
    assert cluster.cores == 2
    assert cluster.gpus == 0
    assert cluster.room_for(2, 0) == 0
    assert list(cluster.map_ordered(square, [])) == []


def test_results_come_as_they_are_there(cluster: Cluster, tmp_path: Path) -> None:
    def work(task: int) -> int:
        while task == 0 and not (tmp_path / "go").exists():
            time.sleep(0.05)
        return -task

    results = cluster.map_unordered(work, range(12))  # more than are in flight
    found = {next(results) for _ in range(11)}
    assert found == {-task for task in range(1, 12)}
    (tmp_path / "go").touch()
    assert list(results) == [0]


def test_every_process_has_one_core_and_one_thread(cluster: Cluster) -> None:
    def threads(task: int) -> tuple[int, str | None, str | None]:
        import polars as pl

        time.sleep(0.3)  # so that both nodes get some
        names = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS")
        return (pl.thread_pool_size(), *(os.environ.get(name) for name in names))

    assert set(cluster.map_ordered(threads, range(4))) == {(1, "1", "1")}


def test_errors_of_tasks_are_one_clear_line(cluster: Cluster) -> None:
    def refuse(task: type[Exception]) -> None:
        raise task("no such thing\nat all")

    for kind in (BadInputError, NotInPoolError):
        with pytest.raises(kind) as caught:
            list(cluster.map_ordered(refuse, [kind]))
        assert str(caught.value) == "no such thing\nat all"
        assert caught.value.__cause__ is None
    with pytest.raises(SvlawError) as caught:
        list(cluster.map_ordered(refuse, [RuntimeError]))
    where = f"node {socket.gethostname()}"
    assert str(caught.value) == f"a task failed on {where} (RuntimeError: no such thing at all)"
    lock = threading.Lock()
    with pytest.raises(BadInputError) as caught:
        list(cluster.map_ordered(lambda task: lock, [1]))
    assert str(caught.value) == (
        "a function that is to run on the cluster cannot be sent there (cannot pickle"
        " '_thread.lock' object); use a function of a module"
    )
    assert list(cluster.map_ordered(abs, [-1])) == [1]  # it can still be used


def test_other_versions_on_the_nodes_are_refused(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = ray_cluster.versions()
    monkeypatch.setattr(ray_cluster, "versions", lambda: {**ours, "numpy": "1.26.0"})
    with pytest.raises(BadInputError) as caught:
        list(cluster.map_ordered(abs, [1]))
    assert str(caught.value) == (
        f"node {socket.gethostname()} has numpy {ours['numpy']}, this machine 1.26.0: install the"
        " same versions on every node"
    )


def test_a_killed_worker_is_replaced_without_a_word(
    cluster: Cluster, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def work(task: int) -> int:
        mark = tmp_path / str(task)
        if task % 3 == 0 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return -task

    with connect("ray") as again:  # within the test, whose standard output is one of its own
        assert again is not None
        assert list(again.map_ordered(work, range(7))) == [-task for task in range(7)]
        assert len(list(tmp_path.iterdir())) == 3
        time.sleep(1)  # Ray tells of them later
        sys.stdout.write("a result\n")
    assert capfd.readouterr().out == "a result\n"


def test_a_task_that_kills_every_worker_ends_in_one_line(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(task: int) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(ray_cluster, "_RETRIES", 1)
    with pytest.raises(SvlawError, match=r"^the cluster lost a task for good") as caught:
        list(cluster.map_ordered(die, [1]))
    assert "run the same command again" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_removed_node_leaves_its_tasks_to_the_other(
    two_nodes: Any, cluster: Cluster, tmp_path: Path
) -> None:
    def work(task: int) -> int:
        (tmp_path / f"{task}-{os.getpid()}").touch()
        while task < 2 and not (tmp_path / "go").exists():
            time.sleep(0.05)
        return -task

    def remove() -> Iterator[int]:
        yield from range(7)  # one less than are in flight, so that the rest runs beside them
        while len(list(tmp_path.iterdir())) < 2:
            time.sleep(0.05)
        two_nodes.remove_node(next(iter(two_nodes.worker_nodes)))
        (tmp_path / "go").touch()

    results = cluster.map_ordered(work, remove())
    assert list(results) == [-task for task in range(7)]
    while cluster.cores != 1:  # nodes are looked at once a second
        time.sleep(0.1)
    assert len([*tmp_path.glob("0-*"), *tmp_path.glob("1-*")]) == 3  # one of them twice


def test_a_cluster_without_nodes_is_given_up(
    two_nodes: Any, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_cluster, "PATIENCE_SECONDS", 1.0)

    def sleep(task: int) -> None:
        time.sleep(600)

    def tasks() -> Iterator[int]:
        yield 1
        for node in list(two_nodes.worker_nodes):
            two_nodes.remove_node(node)

    with pytest.raises(SvlawError) as caught:
        list(cluster.map_ordered(sleep, tasks()))
    assert str(caught.value) == (
        "the cluster has no node left of 1 core; what is stored is safe: start nodes, then run the"
        " same command again"
    )


def test_a_connection_that_is_there_is_used_and_left(cluster: Cluster) -> None:
    with connect("ray") as again:
        assert again is not None
        assert list(again.map_ordered(abs, [-3])) == [3]
    assert list(cluster.map_ordered(abs, [-4])) == [4]


def test_this_machine_needs_no_ray() -> None:
    with connect(None) as cluster:
        assert cluster is None


@pytest.mark.parametrize(
    "place", ["", "spark", "Ray", "ray:", "ray://", "ray://host", "ray://host:port", "http://a:1"]
)
def test_other_places_are_refused(place: str) -> None:
    with pytest.raises(BadInputError, match=r"^--on .*: use 'ray' .* or ray://HOST:PORT$"):
        check_place(place)


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_an_address_where_nothing_answers_is_told_at_once(
    scheme: str, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray").shutdown()  # leaves the connection of the tests before
    address = f"{scheme}127.0.0.1:{silent_port}"
    monkeypatch.setenv("RAY_ADDRESS", address)
    place = address if scheme else "ray"
    with pytest.raises(BadInputError) as caught, connect(place):
        pass
    assert str(caught.value).startswith(
        f"--on {place}: no cluster answers at {address} (Connection refused); start one"
    )


def test_a_cluster_of_this_machine_that_has_ended_is_told_at_once(
    silent_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ray keeps the address of the latest cluster, and would try it for minutes."""
    pytest.importorskip("ray").shutdown()
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    (tmp_path / "ray").mkdir()
    address = f"127.0.0.1:{silent_port}"
    (tmp_path / "ray" / "ray_current_cluster").write_text(address)
    with pytest.raises(BadInputError) as caught, connect("ray"):
        pass
    assert str(caught.value).startswith(
        f"--on ray: no cluster answers at {address} (Connection refused); start one"
    )


def test_files_of_the_current_folder_are_no_part_of_a_node(
    two_nodes: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under the names of installed modules; a module of the user's own is found there."""
    pytest.importorskip("ray").shutdown()
    for name in ("svlaw", "polars", "random", "numbers"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('imported from here')")
    (tmp_path / "module_of_a_user.py").write_text("import random\ndef double(x): return 2 * x\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    double = importlib.import_module("module_of_a_user").double
    with connect("ray") as cluster:
        assert cluster is not None
        assert list(cluster.map_ordered(double, [1, 2])) == [2, 4]
    del sys.modules["module_of_a_user"]


WITHOUT_RAY = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "ray":
            raise ModuleNotFoundError(f"No module named {name!r}")

sys.meta_path.insert(0, Blocker())
from svlaw.cli import main
main()
"""


def test_without_ray_one_line_says_what_to_install() -> None:
    pool = Path(ray_cluster.__file__).parents[1] / "examples" / "singhi2025_fig1"
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_RAY, "curves", pool, "--lambda", "2", "--on", "ray"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "svlaw: --on ray: needs Ray, which is not installed: pip install 'svlaw[ray]'\n"
    )


HEAD_IS_LOST = """
import sys, time
from svlaw.data.errors import SvlawError
from svlaw.data.workers import ray_cluster
from svlaw.data.workers.ray_connection import connect

ray_cluster.HEAD_PATIENCE_SECONDS = 2.0

def sleep(task):
    time.sleep(600)

with connect("ray") as cluster:
    print("connected", flush=True)
    try:
        list(cluster.map_ordered(sleep, [1]))
    except SvlawError as error:
        print(error)
"""


@pytest.mark.slow
def test_a_cluster_without_its_head_is_given_up(
    persistently: Callable[[Callable[[], Any]], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    utils = pytest.importorskip("ray.cluster_utils")
    head = {"num_cpus": 1, "include_dashboard": False}
    nodes = persistently(lambda: utils.Cluster(initialize_head=True, head_node_args=head))
    monkeypatch.setenv("RAY_ADDRESS", nodes.address)
    driver = subprocess.Popen(
        [sys.executable, "-c", HEAD_IS_LOST], stdout=subprocess.PIPE, text=True
    )
    try:
        assert driver.stdout is not None
        assert driver.stdout.readline() == "connected\n"
        time.sleep(1)
        address = nodes.address
        nodes.head_node.kill_gcs_server()
        message, _ = driver.communicate()
    finally:
        driver.kill()
        nodes.shutdown()
    assert message == (
        f"the cluster's head node is gone ({address} does not answer); what is stored is safe:"
        " start a cluster, then run the same command again\n"
    )

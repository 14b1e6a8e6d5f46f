"""Engines on a real Ray cluster of two nodes: small ones, that fail at will."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from svlaw.data.errors import BadInputError, SvlawError
from svlaw.data.workers import ray_cluster
from svlaw.data.workers.ray_cluster import Cluster
from svlaw.generate.engines import ray_engines as cluster_engines
from svlaw.generate.engines.protocol import Batch, Model, Request, Sample, Sampling
from svlaw.generate.engines.ray_engines import ClusterEngine, Place, open_on

WorkersOf = Callable[[Any], list[psutil.Process]]

ONE_CORE = Place(1, 0)
BATCHES = 24


@pytest.fixture
def few_losses(monkeypatch: pytest.MonkeyPatch) -> int:
    """How many losses are too many, less than else, as every start takes seconds."""
    monkeypatch.setattr(cluster_engines, "MOST_LOSSES", 3)
    return 3


def make_recipe(
    behave: Callable[[str], None] = lambda prompt: None,
    load: Callable[[], None] = lambda: None,
    held: int = 1,
) -> Any:
    """What opens an engine that says its prompts again, and which process it is.

    It holds so many batches at a time, and waits for another before it gives one back. It travels
    to the nodes by value, as these cannot import test modules.
    """

    class Echo:
        name, version = "echo", "1"

        def __init__(self) -> None:
            self.remarks = ["echoes"]

        def run(self, batches: Any) -> Any:
            holding: list[Any] = []
            for batch in batches:
                time.sleep(0.01)
                for request in batch.requests:
                    behave(request.prompt)
                holding.append(batch)
                if len(holding) == held:
                    yield self.result(holding.pop(0))
            yield from map(self.result, holding)

        def result(self, batch: Any) -> Any:
            return batch, [[Sample(r.prompt, os.getpid(), 1, "stop")] for r in batch.requests]

        def close(self) -> None:
            pass

    @dataclass(frozen=True)
    class Recipe:
        engine: str = "echo"

        def open(self) -> Any:
            load()
            return Echo()

    return Recipe()


def make_batches(count: int = BATCHES) -> list[Batch]:
    """Batches of two requests each, whose prompts tell which batch they are of."""
    return [
        Batch(n, (Request(f"{n}", 2 * n, 1), Request(f"{n} again", 2 * n + 1, 1)))
        for n in range(count)
    ]


def assert_all(results: list[Any], count: int = BATCHES) -> set[int]:
    """Every batch is there once with outcomes of its own; the processes they come from."""
    assert sorted(batch.number for batch, _ in results) == list(range(count))
    for batch, outcomes in results:
        texts = [sample.text for (sample,) in outcomes]
        assert texts == [f"{batch.number}", f"{batch.number} again"]
    return {sample.prompt_tokens for _, outcomes in results for (sample,) in outcomes}


def wait_until(condition: Callable[[], Any]) -> None:
    """Wait until something holds."""
    while not condition():
        time.sleep(0.05)


def meeting_at(folder: Path) -> Callable[[str], None]:
    """What a batch does that waits until another process has one too."""

    def meet(prompt: str) -> None:
        (folder / f"{os.getpid()}").touch()
        while len(list(folder.iterdir())) < 2:
            time.sleep(0.01)

    return meet


def test_batches_come_back_once_from_all_engines(
    two_nodes: Any, cluster: Cluster, workers_of: WorkersOf, tmp_path: Path
) -> None:
    engine = ClusterEngine(cluster, make_recipe(meeting_at(tmp_path)), ONE_CORE)
    assert (engine.name, engine.version) == ("echo", "1")
    assert len(assert_all(list(engine.run(make_batches())))) == 2
    assert engine.remarks == ["echoes"]
    begun = engine.run(make_batches())
    next(begun)
    begun.close()  # type: ignore[attr-defined]
    assert_all(list(engine.run(make_batches(5))), 5)  # none of what was dropped
    engine.close()
    wait_until(lambda: not workers_of(two_nodes))


def test_batches_are_read_as_far_as_engines_are_busy(cluster: Cluster) -> None:
    engine = ClusterEngine(cluster, make_recipe(), ONE_CORE)
    read: list[int] = []

    def batches() -> Iterator[Batch]:
        for batch in make_batches(100):
            read.append(batch.number)
            yield batch

    for done, _ in enumerate(engine.run(batches())):
        assert len(read) <= done + 1 + 2 * 4  # one under way, two that wait, one just done
    engine.close()


@pytest.mark.parametrize("count", [1, 5, 30])
def test_an_engine_that_wants_more_first_never_waits_in_vain(
    count: int, cluster: Cluster, tmp_path: Path
) -> None:
    def behave(prompt: str) -> None:
        mark = tmp_path / prompt
        if prompt == f"{count - 1}" and not mark.exists():  # when the others know of no more
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    def hang(number: int, frame: Any) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, hang)
    signal.alarm(60)
    try:
        engine = ClusterEngine(cluster, make_recipe(behave, held=4), ONE_CORE)
        assert_all(list(engine.run(make_batches(count))), count)
        engine.close()
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def test_a_killed_engine_is_replaced(cluster: Cluster, tmp_path: Path) -> None:
    def behave(prompt: str) -> None:
        mark = tmp_path / prompt
        if prompt in ("3", "11 again") and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    engine = ClusterEngine(cluster, make_recipe(behave), ONE_CORE)
    assert_all(list(engine.run(make_batches())))
    assert len(list(tmp_path.iterdir())) == 2
    engine.close()


@pytest.mark.slow
def test_a_batch_that_kills_every_engine_ends_in_one_line(
    cluster: Cluster, few_losses: int, tmp_path: Path
) -> None:
    def behave(prompt: str) -> None:
        if prompt == "3":
            (tmp_path / f"{os.getpid()}").touch()
            os.kill(os.getpid(), signal.SIGKILL)

    engine = ClusterEngine(cluster, make_recipe(behave), ONE_CORE)
    with pytest.raises(SvlawError, match=r"^engines on the cluster are lost again and again \("):
        list(engine.run(make_batches()))
    assert len(list(tmp_path.iterdir())) == few_losses
    engine.close()


def test_an_engine_that_fails_leaves_its_batches_to_others(
    cluster: Cluster, tmp_path: Path
) -> None:
    def behave(prompt: str) -> None:
        mark = tmp_path / prompt
        if prompt == "3" and not mark.exists():
            mark.touch()
            raise RuntimeError("the GPU fell off the bus\n(a long story)")

    engine = ClusterEngine(cluster, make_recipe(behave), ONE_CORE)
    assert_all(list(engine.run(make_batches())))
    assert len(list(tmp_path.iterdir())) == 1
    engine.close()


@pytest.mark.parametrize("kind", [RuntimeError, SvlawError, BadInputError])
def test_what_two_engines_say_is_believed(kind: type[Exception], cluster: Cluster) -> None:
    def behave(prompt: str) -> None:
        if prompt == "3":
            raise kind("too long for me")

    engine = ClusterEngine(cluster, make_recipe(behave), ONE_CORE)
    with pytest.raises(SvlawError) as caught:
        list(engine.run(make_batches()))
    where = f"a task failed on node {socket.gethostname()} (RuntimeError: too long for me)"
    assert str(caught.value) == (where if kind is RuntimeError else "too long for me")
    engine.close()


@pytest.mark.parametrize("kind", [BadInputError, ValueError])
def test_a_model_that_cannot_be_loaded_is_told_with_its_node(
    kind: type[Exception], two_nodes: Any, cluster: Cluster, workers_of: WorkersOf
) -> None:
    node = f"node {socket.gethostname()}"
    expected = {
        BadInputError: f"no such folder ({node})",
        ValueError: f"a task failed on {node} (ValueError: no such folder)",
    }

    def load() -> None:
        raise kind("no such folder")

    with pytest.raises(SvlawError) as caught:
        ClusterEngine(cluster, make_recipe(load=load), ONE_CORE)
    assert str(caught.value) == expected[kind]
    assert isinstance(caught.value, BadInputError) == (kind is BadInputError)
    wait_until(lambda: not workers_of(two_nodes))


@pytest.mark.slow
def test_an_engine_that_cannot_be_started_again_is_done_without(
    two_nodes: Any, cluster: Cluster, few_losses: int, tmp_path: Path, workers_of: WorkersOf
) -> None:
    def load() -> None:
        starts = len(list(tmp_path.iterdir()))
        (tmp_path / f"{starts}").touch()
        if starts >= 2:
            raise BadInputError("GPU memory is taken")

    def behave(prompt: str) -> None:
        time.sleep(0.05)

    engine = ClusterEngine(cluster, make_recipe(behave, load), ONE_CORE)
    wait_until(lambda: len(list(tmp_path.iterdir())) == 2)
    read: list[Batch] = []

    def batches() -> Iterator[Batch]:
        for batch in make_batches(1_000):
            if engine.remarks:  # it has been given up
                return
            read.append(batch)
            yield batch

    results = engine.run(batches())
    found = [next(results) for _ in range(4)]
    workers_of(two_nodes)[0].kill()
    found += results
    assert_all(found, len(read))
    assert len(read) < 1_000
    assert engine.remarks[0].startswith("an engine could not be started again (GPU memory is taken")
    assert len(list(tmp_path.iterdir())) == 2 + few_losses
    engine.close()


def test_an_engine_larger_than_every_node_is_refused(cluster: Cluster) -> None:
    message = r"^--on: the cluster has no node of 2 cores and 0 GPUs, which an engine takes; "
    with pytest.raises(BadInputError, match=message):
        ClusterEngine(cluster, make_recipe(), Place(2, 0))
    with pytest.raises(BadInputError, match=r"no node of 1 cores and 1 GPUs"):
        ClusterEngine(cluster, make_recipe(), Place(1, 1))


@pytest.mark.parametrize(
    ("engine", "options", "message"),
    [
        ("openai", {}, "^--on: a server shares out its requests itself; leave --on out$"),
        ("vllm", {"data_parallel_size": 2}, "^--on: .*; leave data_parallel_size out$"),
    ],
)
def test_what_shares_out_by_itself_is_refused(
    engine: str, options: dict[str, Any], message: str, cluster: Cluster
) -> None:
    with pytest.raises(BadInputError, match=message):
        open_on(cluster, engine, Model("m"), Sampling(), options)


@pytest.mark.slow
def test_a_removed_node_leaves_its_batches_to_the_other(
    two_nodes: Any, cluster: Cluster, tmp_path: Path
) -> None:
    engine = ClusterEngine(cluster, make_recipe(meeting_at(tmp_path)), ONE_CORE)
    results = engine.run(make_batches(100))
    found = [next(results) for _ in range(10)]
    two_nodes.remove_node(next(iter(two_nodes.worker_nodes)))
    found += results
    assert len(assert_all(found, 100)) == 2
    engine.close()


def test_without_any_node_a_run_is_given_up(
    two_nodes: Any, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_cluster, "PATIENCE_SECONDS", 1.0)
    engine = ClusterEngine(cluster, make_recipe(), ONE_CORE)
    results = engine.run(make_batches(10_000))
    next(results)
    for node in list(two_nodes.worker_nodes):
        two_nodes.remove_node(node)
    with pytest.raises(SvlawError, match=r"^the cluster has no node left of 1 core; "):
        list(results)
    engine.close()

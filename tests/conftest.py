"""Fixtures shared by all tests."""

import logging
import os
import shutil
import signal
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import psutil
import pytest
from hypothesis import HealthCheck, settings

from svlaw.analysis.success.success_table import SuccessTable, success_table
from svlaw.cli import main
from svlaw.data.examples import open_example
from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_writer import create_pool
from svlaw.data.workers.ray_cluster import Cluster
from svlaw.data.workers.ray_connection import connect
from svlaw.fit.simulation.population import SETTINGS
from svlaw.fit.simulation.simulator import simulate_pool

MakePool = Callable[..., Pool]
Svlaw = Callable[..., tuple[Any, str, str]]

REFERENCE = Path(__file__).parent / "reference"

# Neither the speed of a machine nor luck decides a test.
settings.register_profile(
    "steady",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("steady")

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def pytest_configure() -> None:
    """Whoever runs the tests under nohup ignores hang-ups; processes of tests do not inherit that.

    A signal that is ignored stays so in every process that is started, one with a handler does not.
    """
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda number, frame: None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest come first, so that no process waits for another's at the end."""
    items.sort(key=lambda item: item.path.name != "test_notebooks.py")


@pytest.fixture
def make_pool(tmp_path: Path) -> MakePool:
    """Writes answers, and each verifier's verdicts, as a pool of its own folder."""
    made = 0

    def make(
        answers: pl.DataFrame,
        *,
        problems: list[str] | None = None,
        **verdicts: pl.DataFrame,
    ) -> Pool:
        nonlocal made
        made += 1
        path = tmp_path / f"pool-{made}"
        with create_pool(path, {"source": "test"}) as writer:
            if problems is not None:
                writer.add("problems", pl.DataFrame({"problem_id": problems}))
            writer.add("answers", answers)
            for verifier, frame in verdicts.items():
                writer.add("verdicts", frame, verifier=verifier)
        return open_pool(path)

    return make


@pytest.fixture
def svlaw(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Svlaw:
    """Runs a command in this process: (exit code, standard output, standard error)."""

    def run(*arguments: Any) -> tuple[Any, str, str]:
        monkeypatch.setattr(sys, "argv", ["svlaw", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main()
        captured = capsys.readouterr()
        return caught.value.code, captured.out, captured.err

    return run


@pytest.fixture
def workers_alive() -> Callable[[], bool]:
    """Tells whether a worker process is left; browsers and clusters of other tests are none.

    Nor is a worker that was there before the test.
    """

    def workers() -> set[int]:
        found = set()
        for child in psutil.Process().children():
            with suppress(psutil.NoSuchProcess):  # it ends as it is looked at
                if "spawn_main" in " ".join(child.cmdline()):
                    found.add(child.pid)
        return found

    before = workers()
    return lambda: not workers() <= before


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a browser; without one tests skip, or fail where SVLAW_BROWSER_TESTS=1."""
    named = os.environ.get("BROWSER_PATH")
    found = named or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None and os.environ.get("SVLAW_BROWSER_TESTS") == "1":
        pytest.fail("SVLAW_BROWSER_TESTS=1, but there is no Chromium; apt-get install chromium")
    if found is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    return found


@pytest.fixture(scope="session")
def persistently() -> Callable[[Callable[[], Any]], Any]:
    """Starts a node of Ray, which gives it up after 30 seconds: on a busy machine, once more."""

    def start(node: Callable[[], Any]) -> Any:
        for _ in range(9):
            try:
                return node()
            except Exception as error:
                if "timed out during startup" not in str(error):
                    raise
        return node()

    return start


@pytest.fixture(scope="session")
def _ray_nodes(persistently: Callable[[Callable[[], Any]], Any]) -> Iterator[Any]:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    utils = pytest.importorskip("ray.cluster_utils")
    head = {"num_cpus": 0, "include_dashboard": False}
    cluster = persistently(lambda: utils.Cluster(initialize_head=True, head_node_args=head))
    yield cluster
    cluster.shutdown()


@pytest.fixture
def two_nodes(
    _ray_nodes: Any,
    persistently: Callable[[Callable[[], Any]], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> Any:
    """A Ray cluster on this machine that RAY_ADDRESS names: two nodes of one core beside a head."""
    while len(_ray_nodes.worker_nodes) < 2:
        persistently(lambda: _ray_nodes.add_node(num_cpus=1))
    _ray_nodes.wait_for_nodes(600)
    monkeypatch.setenv("RAY_ADDRESS", _ray_nodes.address)
    return _ray_nodes


@pytest.fixture(scope="module")
def _connection(_ray_nodes: Any) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_ADDRESS", _ray_nodes.address)
        with connect("ray"):
            yield


@pytest.fixture
def cluster(two_nodes: Any, _connection: None) -> Iterator[Cluster]:
    """A connection to the cluster of two nodes, with the workers of the module's tests before."""
    with connect("ray") as connected:
        assert connected is not None
        yield connected


@pytest.fixture(scope="session")
def workers_of() -> Callable[[Any], list[psutil.Process]]:
    """Finds the processes that work for a job of svlaw on a cluster's nodes."""

    def find(nodes: Any) -> list[psutil.Process]:
        raylets = [
            psutil.Process(node.all_processes["raylet"][0].process.pid)
            for node in nodes.worker_nodes
        ]
        children = [child for raylet in raylets for child in raylet.children(recursive=True)]
        return list(filter(is_at_work, children))

    def is_at_work(process: psutil.Process) -> bool:
        try:
            title = " ".join(process.cmdline())
        except psutil.NoSuchProcess:  # it ends as it is looked at
            return False
        return title.startswith(("ray::carry_out", "ray::Worker"))

    return find


@pytest.fixture(scope="session")
def exams() -> SuccessTable:
    """The success table of the example with exam questions, made once."""
    return success_table(open_example("exams_gpt35_by_gpt4"))


@pytest.fixture(scope="session")
def humaneval() -> SuccessTable:
    """The success table of the example with programs, made once."""
    return success_table(open_example("humaneval_codegen16b"))


@pytest.fixture(scope="session")
def published() -> SuccessTable:
    """The published success table."""
    return success_table(open_example("singhi2025_fig1"))


@pytest.fixture(scope="module")
def few_trials() -> Iterator[None]:
    """Designs by few pools: half-widths are noisier for it, what is decided by them is the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("svlaw.fit.designs.search._POOLS", (4, 4))
        yield


@pytest.fixture(scope="module")
def pilot(tmp_path_factory: pytest.TempPathFactory) -> Pool:
    """A small simulated pool to design studies from."""
    path = tmp_path_factory.mktemp("design") / "pilot"
    sizes = {"problems": 40, "solutions": 16, "verifications": 4}
    return simulate_pool(path, SETTINGS["typical"], **sizes, seed=2)


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of published figures."""
    return REFERENCE


class Tables:
    """Success tables made of given figures."""

    @staticmethod
    def of(points: dict[tuple[str, int, int], Any]) -> SuccessTable:
        """A table from (strategy, S, V) to success: one number, or one for each problem."""
        success = np.array([np.atleast_1d(v) for v in points.values()], float)
        per_problem = any(np.ndim(v) for v in points.values())
        ids = tuple(f"p{i:03d}" for i in range(success.shape[1])) if per_problem else ()
        frame = pl.DataFrame(
            list(points),
            {"strategy": pl.String, "solutions": pl.Int32, "verifications": pl.Int32},
            orient="row",
        )
        return SuccessTable(frame, success, np.zeros_like(success), ids, 0, None)


@pytest.fixture(scope="session")
def tables() -> type[Tables]:
    """Maker of success tables."""
    return Tables


@pytest.fixture(scope="session")
def _s3_server() -> Iterator[str]:
    """The address of a server that speaks S3, on this machine."""
    moto = pytest.importorskip("moto.server")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(_s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of an S3 server that the environment names; it holds one bucket, `lab`, empty."""
    import boto3

    monkeypatch.setenv("AWS_ENDPOINT_URL", _s3_server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    urllib.request.urlopen(f"{_s3_server}/moto-api/reset", data=b"").close()
    client = boto3.client("s3")
    client.create_bucket(Bucket="lab")
    return client

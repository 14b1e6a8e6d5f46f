"""A vLLM server on loopback with the demonstration model, for tests of what speaks to servers."""

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

DEMO_MODEL = Path(__file__).parents[2] / "generate" / "demo" / "model"

_START_SECONDS = 240
_END_SECONDS = 20
_OPTIONS = (
    "--enforce-eager",  # nothing to compile
    "--no-enable-chunked-prefill",  # with seeds it fails on the CPU
    "--max-num-seqs=32",
    f"--kv-cache-memory-bytes={1 << 28}",
    "--uvicorn-log-level=warning",
)


@dataclass(frozen=True)
class VllmServer:
    """A server that answers.

    Attributes:
        url: Its base URL, as clients want it.
        model: The name it knows its model by.
    """

    url: str
    model: str


@contextmanager
def serve(model: Path, log: Path) -> Iterator[VllmServer]:
    """Serve a model while the block runs.

    Args:
        model: Its folder.
        log: Where the server's output goes.
    """
    port = _free_port()
    module = "vllm.entrypoints.openai.api_server"  # the command `vllm` wants metadata of its own
    arguments = [f"--model={model}", "--served-model-name=demo", "--host=127.0.0.1"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments, f"--port={port}", *_OPTIONS],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1"},
            start_new_session=True,
        )
    try:
        _wait(process, port, log)
        yield VllmServer(f"http://127.0.0.1:{port}/v1", "demo")
    finally:
        _end(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    """Return when the server answers; fail with the end of its log when it does not."""
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
            return
        time.sleep(0.2)
    pytest.fail("the vLLM server does not start:\n" + log.read_text("utf-8", "replace")[-4000:])


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the server and all it has started."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_END_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture(scope="session")
def vllm_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VllmServer]:
    """A server with the demonstration model; the test is skipped where vLLM is not installed."""
    if importlib.util.find_spec("vllm") is None:
        pytest.skip("vLLM is not installed")
    with serve(DEMO_MODEL, tmp_path_factory.mktemp("vllm") / "server.log") as server:
        yield server

"""Connections to a Ray cluster, where work goes that is too much for one machine."""

import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from typing import Any, Final, TextIO, cast
from weakref import WeakSet

from svlaw.data.errors import BadInputError
from svlaw.data.workers.ray_addresses import address_of, check_place, trouble_at
from svlaw.data.workers.ray_cluster import Cluster
from svlaw.data.workers.ray_tasks import in_one_line

_SETTINGS: Final = {
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_IGNORE_UNHANDLED_ERRORS": "1",  # of tasks that nobody waits for after a first has failed
    "RAY_USAGE_STATS_ENABLED": "0",
}
"""Of Ray in this process: it is to send nothing out, and to print nothing of its own accord."""
_FIRST_CALL: Final = "svlaw.data.workers.import_order.installed_first"
"""What every process on the nodes begins with."""
_ENVIRONMENT: Final = {"POLARS_MAX_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
"""Of processes on the nodes: each has one core. Ray sets OMP_NUM_THREADS itself."""
_ray_threads: Final = WeakSet[threading.Thread]()
"""Threads that Ray has begun in this process."""


@contextmanager
def connect(place: str | None) -> Iterator[Cluster | None]:
    """Connect to a cluster for the length of a block; nothing is None, this machine without Ray.

    Args:
        place: `ray`: the cluster that this process is connected to already, else that of the
            environment's RAY_ADDRESS, else the one this machine belongs to, else one made of this
            machine alone. `ray://HOST:PORT`: the cluster of that Ray Client server.

    Raises:
        BadInputError: Ray is missing, or there is no cluster at that address.
    """
    check_place(place)
    if place is None:
        yield None
        return
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        import ray  # noqa: PLC0415
    except ImportError:
        raise BadInputError(
            f"--on {place}: needs Ray, which is not installed: pip install 'svlaw[ray]'"
        ) from None
    if ray.is_initialized():
        with _without_ray():
            yield Cluster(ray, _head(ray))
        return
    _join(ray, place)
    try:
        with _without_ray():
            yield Cluster(ray, _head(ray))
    finally:
        # It may still print what it kept back of lost workers.
        with redirect_stdout(StringIO()):
            ray.shutdown()


class _Output:
    """Standard output, where results go, without what Ray's own threads print of lost workers.

    They print it whatever `log_to_driver` says.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        if threading.current_thread() in _ray_threads:
            return len(text)
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _without_ray() -> redirect_stdout[TextIO]:
    return redirect_stdout(cast(TextIO, _Output(sys.stdout)))


def _join(ray: Any, place: str) -> None:
    """Connect, if anything listens at the address; else Ray itself would try for minutes.

    Raises:
        BadInputError: Nothing does, or no cluster.
    """
    address = address_of(place)
    if address and (trouble := trouble_at(address)):
        raise BadInputError(
            f"--on {place}: no cluster answers at {address} ({trouble}); start one with 'ray start"
            " --head', or see RAY_ADDRESS; 'ray stop' clears away one that has ended"
        )
    before = set(threading.enumerate())
    try:
        ray.init(
            address=None if place == "ray" else place,
            log_to_driver=False,
            logging_level=logging.ERROR,
            runtime_env={"env_vars": _ENVIRONMENT, "worker_process_setup_hook": _FIRST_CALL},
        )
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        where = address or "this machine"
        raise BadInputError(
            f"--on {place}: cannot connect to {where} ({in_one_line(error)})"
        ) from error
    _ray_threads.update(set(threading.enumerate()) - before)


def _head(ray: Any) -> str | None:
    """HOST:PORT of the head node; None through Ray Client, which sees to that itself."""
    from ray.util.client import ray as client  # noqa: PLC0415

    if client.is_connected():
        return None
    address: str = ray.get_runtime_context().gcs_address
    return address

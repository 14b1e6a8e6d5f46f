"""Clusters: where work goes that is too much for one machine, through Ray."""

import itertools
import logging
import os
import socket
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.metadata import version
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from svlaw.data.errors import BadInputError, SvlawError

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")

PATIENCE_SECONDS: Final = 60.0
"""How long a cluster may be without a node that could do the work before it is given up."""
HEAD_PATIENCE_SECONDS: Final = 20.0
"""How long its head node may be silent; Ray itself ends the process after 60 seconds."""
_RETRIES: Final = 10
"""How often a task is done again whose worker or node was lost."""
_WAITING: Final = 4
"""Tasks in flight for each core of the cluster, so that a slow one does not leave others idle."""
_LOOK_SECONDS: Final = 1.0
"""Seconds between looks for Ctrl-C and at the nodes, while nothing comes back."""
_PROBE_SECONDS: Final = 5.0
_ALIKE: Final = ("svlaw", "numpy", "numba", "polars")
"""Packages that have to be of one version everywhere: random streams and kernels are theirs."""
_SETTINGS: Final = {
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_IGNORE_UNHANDLED_ERRORS": "1",  # of tasks that nobody waits for after a first has failed
    "RAY_USAGE_STATS_ENABLED": "0",
}
"""Of Ray in this process: it is to send nothing out, and to print nothing of its own accord."""
_ENVIRONMENT: Final = {"POLARS_MAX_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
"""Of processes on the nodes: each has one core. Ray sets OMP_NUM_THREADS itself."""
_FIRST_CALL: Final = "svlaw.data.workers.import_order.installed_first"
"""What every process on the nodes begins with."""


class Cluster:
    """A connection to a Ray cluster; see `connect`.

    Args:
        ray: The module `ray`, connected.
        head: HOST:PORT of the head node, where this machine reaches it.

    Attributes:
        ray: The module `ray`.
    """

    def __init__(self, ray: Any, head: str | None = None) -> None:
        self.ray = ray
        self._head = head
        self._nodes: list[dict[str, Any]] = ray.nodes()
        self._looked = self._heard = time.monotonic()

    @property
    def cores(self) -> int:
        """Cores of all nodes that are alive, at least 1."""
        return max(self.room_for(1, 0), 1)

    @property
    def gpus(self) -> int:
        """GPUs of all nodes that are alive."""
        return self.room_for(0, 1)

    def room_for(self, cores: int, gpus: int) -> int:
        """How many processes of so many cores and GPUs the nodes have room for, were they free.

        Raises:
            SvlawError: The head node is gone.
        """
        self._look()
        room = 0
        for node in self._nodes:
            held = node["Resources"] if node["Alive"] else {}
            wanted = ((held.get("CPU", 0), cores), (held.get("GPU", 0), gpus))
            room += min(int(has) // needs for has, needs in wanted if needs)
        return room

    def _look(self) -> None:
        """See which nodes there are, once a second.

        Without its head node a cluster does nothing new, and Ray ends this process after a minute
        without a word to it, so it is given up before.

        Raises:
            SvlawError: The head node is gone.
        """
        now = time.monotonic()
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        if self._head is None or _listens(self._head) is None:
            self._nodes, self._heard = self.ray.nodes(), now
        elif now - self._heard > HEAD_PATIENCE_SECONDS:
            raise SvlawError(
                f"the cluster's head node is gone ({self._head} does not answer); what is stored is"
                " safe: start a cluster, then run the same command again"
            )

    def map_ordered(
        self, function: Callable[[_Task], _Result], tasks: Iterable[_Task]
    ) -> Generator[_Result, None, None]:
        """Yield function(task) for each task, in the order of the tasks; one core for each.

        A task whose worker or node is lost is done again elsewhere. A bounded number is in flight,
        so that the driver's memory does not grow with their number.

        Args:
            function: A function of a module that is installed on every node; it is sent once, with
                what is bound to it.
            tasks: Its arguments.

        Raises:
            SvlawError: A task failed, was lost again and again, or the cluster is gone. A named
                error of svlaw that a task raises is raised here as it is.
        """
        return self._map(function, tasks, in_order=True)

    def map_unordered(
        self, function: Callable[[_Task], _Result], tasks: Iterable[_Task]
    ) -> Generator[_Result, None, None]:
        """As `map_ordered`, but as results come, so that none waits for a slow one before it."""
        return self._map(function, tasks, in_order=False)

    def _map(
        self, function: Callable[[_Task], _Result], tasks: Iterable[_Task], *, in_order: bool
    ) -> Generator[_Result, None, None]:
        remote = self.ray.remote(num_cpus=1, max_retries=_RETRIES)(_carry_out)
        sent = self._send(function)
        remaining = iter(tasks)
        flying: list[Any] = []
        try:
            while True:
                room = _WAITING * self.cores - len(flying)
                flying.extend(
                    remote.remote(sent, task, versions())
                    for task in itertools.islice(remaining, max(room, 0))
                )
                if not flying:
                    return
                for reference in self.first_ready(flying[:1] if in_order else flying):
                    flying.remove(reference)
                    yield self.get(reference)
        finally:
            if self.ray.is_initialized():
                for reference in flying:
                    self.ray.cancel(reference)

    def _send(self, function: Callable[[_Task], _Result]) -> Any:
        """Put a function where all nodes find it.

        Raises:
            BadInputError: Something is bound to it that stays in this process, such as a lock.
        """
        try:
            return self.ray.put(function)
        except TypeError as error:
            raise BadInputError(
                "a function that is to run on the cluster cannot be sent there"
                f" ({in_one_line(error.__cause__ or error)}); use a function of a module"
            ) from error

    def first_ready(self, references: Sequence[Any], cores: int = 1, gpus: int = 0) -> list[Any]:
        """Wait until something has come back.

        Args:
            references: What is under way.
            cores: Cores that a node needs to have to do it.
            gpus: GPUs that it needs.

        Returns:
            Those references that are there, or lost.

        Raises:
            SvlawError: For a minute the cluster has had no node that could do it, or its head is
                gone.
        """
        seen = time.monotonic()
        while True:
            room = self.room_for(cores, gpus)
            ready, others = self.ray.wait(
                list(references), num_returns=1, timeout=_LOOK_SECONDS, fetch_local=False
            )
            if ready:
                more = self.ray.wait(others, num_returns=len(others), timeout=0) if others else [[]]
                return [*ready, *more[0]]
            if room:
                seen = time.monotonic()
            elif time.monotonic() - seen > PATIENCE_SECONDS:
                raise SvlawError(
                    f"the cluster has no node left of {_size(cores, gpus)}; what is stored is safe:"
                    " start nodes, then run the same command again"
                )

    def get(self, reference: Any) -> Any:
        """What a reference stands for.

        Raises:
            SvlawError: It was lost for good, or its task failed. A named error of svlaw that its
                task raised is raised here as it is.
        """
        errors = self.ray.exceptions
        try:
            return self.ray.get(reference)
        except errors.RayTaskError as error:
            raise told_error(error) from None
        except errors.RayError as error:
            raise SvlawError(
                f"the cluster lost a task for good ({in_one_line(error)}); what is stored is safe:"
                " run the same command again"
            ) from error


def told_error(error: Any) -> SvlawError:
    """What a task raised, from Ray's account of it."""
    cause = error.cause
    if isinstance(cause, SvlawError):
        return cause
    return SvlawError(f"a node could not begin a task ({in_one_line(cause)})")


@contextmanager
def named_errors() -> Iterator[None]:
    """Let what goes wrong on a node arrive as one of svlaw's named errors.

    Raises:
        SvlawError: Something that is none of them went wrong in the block.
    """
    try:
        yield
    except SvlawError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {in_one_line(error)}"
        raise SvlawError(f"a task failed on node {socket.gethostname()} ({reason})") from None


def in_one_line(error: BaseException) -> str:
    """The first sentence of what Ray said, which breaks its lines within sentences."""
    return " ".join(str(error).split()).partition(". ")[0].strip(" .:") or type(error).__name__


def check_place(place: str | None) -> None:
    """Raise for a place that is not `ray` or an address of a cluster.

    Raises:
        BadInputError: It is neither.
    """
    if place is None or place == "ray":
        return
    if not place.startswith("ray://") or None in _host_and_port(place):
        raise BadInputError(
            f"--on {place}: use 'ray' (the cluster of RAY_ADDRESS or of this machine, else one made"
            " of it), or ray://HOST:PORT"
        )


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
        yield Cluster(ray, _head(ray))
        return
    with _silenced():
        _join(ray, place)
        try:
            yield Cluster(ray, _head(ray))
        finally:
            ray.shutdown()


@contextmanager
def _silenced() -> Iterator[None]:
    """Keep what Ray prints of lost workers off standard output, where results go.

    It prints them whatever `log_to_driver` says, and has no public name for it.
    """
    worker: Any = import_module("ray._private.worker")
    printing = getattr(worker, "print_to_stdstream", None)
    worker.print_to_stdstream = lambda *_, **__: None
    try:
        yield
    finally:
        worker.print_to_stdstream = printing


def _join(ray: Any, place: str) -> None:
    """Connect, if anything listens at the address; else Ray itself would try for minutes.

    Raises:
        BadInputError: Nothing does, or no cluster.
    """
    address = _address(place)
    if address and (trouble := _listens(address)):
        raise BadInputError(
            f"--on {place}: no cluster answers at {address} ({trouble}); start one with 'ray start"
            " --head', or see RAY_ADDRESS; 'ray stop' clears away one that has ended"
        )
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


def _address(place: str) -> str | None:
    """Where Ray is going to look for a cluster; None where it will make one."""
    if place != "ray":
        return place
    if named := os.environ.get("RAY_ADDRESS"):
        return named
    from ray._private.utils import read_ray_address  # noqa: PLC0415  # there is no public name

    found: str | None = read_ray_address()
    return found


def _head(ray: Any) -> str | None:
    """HOST:PORT of the head node; None through Ray Client, which sees to that itself."""
    from ray.util.client import ray as client  # noqa: PLC0415

    if client.is_connected():
        return None
    address: str = ray.get_runtime_context().gcs_address
    return address


def _listens(address: str) -> str | None:
    """What keeps an address from answering; None where something listens, or it has no port."""
    host, port = _host_and_port(address)
    if host is None or port is None:  # a word such as 'auto'
        return None
    try:
        socket.create_connection((host, port), _PROBE_SECONDS).close()
    except OSError as error:
        return error.strerror or str(error)
    return None


def _host_and_port(address: str) -> tuple[str | None, int | None]:
    parts = urlsplit(address if "://" in address else f"//{address}")
    try:
        return parts.hostname, parts.port
    except ValueError:
        return parts.hostname, None


def _size(cores: int, gpus: int) -> str:
    words = f"{cores} core{'s' * (cores != 1)}"
    return f"{words} and {gpus} GPU{'s' * (gpus != 1)}" if gpus else words


@cache
def versions() -> Mapping[str, str]:
    """Versions of what has to be the same on every node for results to be the same."""
    return {name: version(name) for name in _ALIKE}


def check_versions(expected: Mapping[str, str]) -> None:
    """Raise where this node has other versions than the process that sent it work.

    Raises:
        BadInputError: It has.
    """
    for name, wanted in expected.items():
        if (held := versions()[name]) != wanted:
            raise BadInputError(
                f"node {socket.gethostname()} has {name} {held}, this machine {wanted}: install the"
                " same versions on every node"
            )


def _carry_out(
    function: Callable[[_Task], _Result], task: _Task, expected: Mapping[str, str]
) -> _Result:
    with named_errors():
        check_versions(expected)
        return function(task)

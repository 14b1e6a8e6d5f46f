"""Clusters: where work goes that is too much for one machine, through Ray."""

import itertools
import logging
import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from svlaw.data.errors import BadInputError, SvlawError, first_line

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")

RETRIES: Final = 10
"""How often a task is tried again whose worker or node was lost."""
_WAITING: Final = 2
"""Tasks in flight for each core of the cluster, so that none of them waits for the driver."""


class Cluster:
    """A connection to a Ray cluster; see `connect`.

    Attributes:
        ray: The module `ray`, connected.
    """

    def __init__(self, ray: Any) -> None:
        self.ray = ray

    @property
    def cores(self) -> int:
        """Cores of all nodes that are alive."""
        return max(int(self.ray.cluster_resources().get("CPU", 1)), 1)

    @property
    def gpus(self) -> int:
        """GPUs of all nodes that are alive."""
        return int(self.ray.cluster_resources().get("GPU", 0))

    def room_for(self, cores: int, gpus: int) -> int:
        """How many processes of so many cores and GPUs the nodes have room for, were they free."""
        room = 0
        for node in self.ray.nodes():
            held = node["Resources"] if node["Alive"] else {}
            fits = int(held.get("CPU", 0)) // cores
            room += min(fits, int(held.get("GPU", 0)) // gpus) if gpus else fits
        return room

    def map_ordered(
        self, function: Callable[[_Task], _Result], tasks: Iterable[_Task]
    ) -> Generator[_Result, None, None]:
        """Yield function(task) for each task, in the order of the tasks; one core for each.

        A task whose worker or node is lost is done again elsewhere. A bounded number is in flight,
        so that the driver's memory does not grow with their number.

        Args:
            function: A function of a module that is installed on every node.
            tasks: Its arguments.

        Raises:
            SvlawError: A task was lost again and again, or the cluster is gone. What a task raises
                is raised here.
        """
        remote = self.ray.remote(num_cpus=1, max_retries=RETRIES)(function)
        remaining = iter(tasks)
        flying: deque[Any] = deque()
        try:
            while True:
                room = _WAITING * self.cores - len(flying)
                flying.extend(remote.remote(task) for task in itertools.islice(remaining, room))
                if not flying:
                    return
                yield self.wait(flying.popleft())
        finally:
            for reference in flying:
                self.ray.cancel(reference)

    def wait(self, reference: Any) -> Any:
        """What a reference stands for.

        Raises:
            SvlawError: It was lost, or the cluster is gone. What its task raised is raised here.
        """
        errors = self.ray.exceptions
        try:
            return self.ray.get(reference)
        except errors.RayTaskError as error:
            raise error.cause from None
        except errors.RayError as error:
            raise SvlawError(
                f"the cluster lost a task for good ({first_line(error)}); what is stored is safe:"
                " run the same command again"
            ) from error


def check_place(place: str | None) -> None:
    """Raise for a place that is not `ray` or an address of a cluster.

    Raises:
        BadInputError: It is neither.
    """
    if place is not None and place != "ray" and not place.startswith("ray://"):
        raise BadInputError(
            f"--on {place}: use 'ray' (the cluster of RAY_ADDRESS or of this machine, else one made"
            " of it), or ray://HOST:PORT"
        )


@contextmanager
def connect(place: str | None) -> Iterator[Cluster | None]:
    """Connect to a cluster for the length of a block; nothing is None, this machine without Ray.

    Args:
        place: `ray`: the cluster that the environment's RAY_ADDRESS names, else the one this
            machine belongs to, else one made of this machine alone. `ray://HOST:PORT`: the cluster
            of that Ray Client server.

    Raises:
        BadInputError: Ray is missing, or there is no cluster at that address.
    """
    check_place(place)
    if place is None:
        yield None
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray  # noqa: PLC0415
    except ImportError:
        raise BadInputError(
            f"--on {place}: needs Ray, which is not installed: pip install 'svlaw[ray]'"
        ) from None
    try:
        ray.init(
            address=None if place == "ray" else place,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        address = os.environ.get("RAY_ADDRESS", "") if place == "ray" else place
        raise BadInputError(
            f"--on {place}: no cluster answers at {address or 'this machine'} ({first_line(error)})"
        ) from error
    try:
        yield Cluster(ray)
    finally:
        ray.shutdown()

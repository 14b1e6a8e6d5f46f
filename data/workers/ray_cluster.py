"""A Ray cluster one is connected to: its nodes, and tasks done on them."""

import itertools
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any, Final, TypeVar

from svlaw.data.errors import BadInputError, SvlawError
from svlaw.data.workers.ray_addresses import trouble_at
from svlaw.data.workers.ray_tasks import carry_out, in_one_line, told_error, versions

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


class Cluster:
    """A connection to a Ray cluster; see `ray_connection.connect`.

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
        if self._head is None or trouble_at(self._head) is None:
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
        remote = self.ray.remote(num_cpus=1, max_retries=_RETRIES)(carry_out)
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


def _size(cores: int, gpus: int) -> str:
    words = f"{cores} core{'s' * (cores != 1)}"
    return f"{words} and {gpus} GPU{'s' * (gpus != 1)}" if gpus else words

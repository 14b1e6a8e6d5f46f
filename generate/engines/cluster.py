"""Engines on the nodes of a Ray cluster, one for each GPU or group of GPUs, behind one protocol.

Batches are handed to whichever engine has room, and taken back in any order. An engine whose
process or node is lost is started again elsewhere, while the others take over its batches; what a
batch becomes does not depend on who samples it.
"""

import math
import queue
import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from svlaw.data.clusters import Cluster
from svlaw.data.errors import BadInputError, SvlawError, first_line
from svlaw.generate.engines.protocol import Batch, Engine, Model, Outcome, Sampling

Result = tuple[Batch, Sequence[Outcome]]

MOST_LOSSES: Final = 5
"""How often a batch may take its engine with it, or engines may end before they are ready."""
_LEAST_BATCHES: Final = 2
"""Batches an engine has at least, so that it never waits for the driver."""
_MOST_BATCHES: Final = 256


@dataclass(frozen=True)
class Recipe:
    """What an engine is opened with, wherever it runs.

    Attributes:
        engine: Name of the engine's module.
        model: The model.
        sampling: How text is sampled.
        options: The engine's options.
    """

    engine: str
    model: Model
    sampling: Sampling
    options: Mapping[str, Any]

    def open(self) -> Engine:
        """Load the model.

        Raises:
            BadInputError: Its package is missing, or the model or an option is wrong.
        """
        module = import_module(f"svlaw.generate.engines.{self.engine}")
        engine: Engine = module.open_engine(self.model, self.sampling, self.options)
        return engine


@dataclass(frozen=True)
class Place:
    """What one engine needs of a node.

    Attributes:
        cores: CPU cores.
        gpus: GPUs.
    """

    cores: int
    gpus: int


class Worker:
    """An engine in a process of its own on a node; the class of Ray actors.

    Many batches may be sampled at a time: each call waits for its own.
    """

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._coming: queue.SimpleQueue[Batch | None] = queue.SimpleQueue()
        self._waiting: dict[int, Future[Sequence[Outcome]]] = {}
        self._engine: Engine | None = None

    def start(self) -> tuple[str, str, int | None]:
        """Load the model.

        Returns:
            Name and version of the engine, and how many samples it has under way at a time; None
            where it computes batch by batch.
        """
        self._engine = self._recipe.open()
        threading.Thread(target=self._run, daemon=True).start()
        return self._engine.name, self._engine.version, getattr(self._engine, "capacity", None)

    def sample(self, batch: Batch) -> Sequence[Outcome]:
        """Sample a batch."""
        future = self._waiting[batch.number] = Future()
        self._coming.put(batch)
        return future.result()

    def remarks(self) -> list[str]:
        """What the user should know about the run so far."""
        return [] if self._engine is None else list(self._engine.remarks)

    def _run(self) -> None:
        assert self._engine is not None
        try:
            for batch, outcomes in self._engine.run(iter(self._coming.get, None)):
                self._waiting.pop(batch.number).set_result(outcomes)
        except BaseException as error:
            for future in self._waiting.values():
                future.set_exception(error)


@dataclass
class _Member:
    """A worker as the driver knows it: how many samples it should have, and its batches."""

    handle: Any
    starting: Any
    capacity: int = 0
    flying: dict[Any, Batch] = field(default_factory=dict)

    @property
    def has_room(self) -> bool:
        """Whether it wants another batch."""
        if self.starting is not None:
            return False
        samples = sum(request.samples for b in self.flying.values() for request in b.requests)
        return len(self.flying) < _LEAST_BATCHES or (
            samples < self.capacity and len(self.flying) < _MOST_BATCHES
        )

    @property
    def references(self) -> list[Any]:
        """What there is to wait for."""
        return [self.starting, *self.flying] if self.starting is not None else [*self.flying]


class ClusterEngine:
    """Many engines that look like one.

    Attributes:
        name: Name of the engine they all are.
        version: Version of the library behind it.
        remarks: What a user should know about the run.
    """

    def __init__(self, cluster: Cluster, recipe: Recipe, place: Place) -> None:
        self._ray, self._recipe, self._place = cluster.ray, recipe, place
        count = cluster.room_for(place.cores, place.gpus)
        if not count:
            raise BadInputError(
                f"the cluster has no node of {place.cores} cores and {place.gpus} GPUs,"
                " which an engine takes; see 'ray status'"
            )
        self.name, self.version = recipe.engine, "unknown"
        self.remarks: list[str] = []
        self._again: deque[Batch] = deque()
        self._losses: Counter[int] = Counter()
        self._false_starts = 0
        self._members = [self._member() for _ in range(count)]
        try:
            # The first to be ready tells that the model can be loaded.
            while all(member.starting is not None for member in self._members):
                self._wait()
        except BaseException:
            self.close()
            raise

    def run(self, batches: Iterable[Batch]) -> Iterator[Result]:
        """Sample batches, in any order; see the protocol.

        Raises:
            SvlawError: An engine cannot go on, or engines are lost again and again.
        """
        coming = iter(batches)
        more = True
        try:
            while True:
                more = self._hand_out(coming, more)
                if not (more or self._again or any(m.flying for m in self._members)):
                    break
                yield from self._wait()
            self._ask_remarks()
        finally:
            for member in self._members:
                member.flying.clear()
            self._again.clear()

    def close(self) -> None:
        """End the engines."""
        for member in self._members:
            self._ray.kill(member.handle)
        self._members = []

    def _hand_out(self, coming: Iterator[Batch], more: bool) -> bool:
        """Give batches to those that have fewest, while there is room; whether more may come."""
        while free := [member for member in self._members if member.has_room]:
            batch = self._again.popleft() if self._again else next(coming, None) if more else None
            if batch is None:
                return False
            member = min(free, key=lambda each: len(each.flying))
            member.flying[member.handle.sample.remote(batch)] = batch
        return more

    def _wait(self) -> list[Result]:
        """Wait until something has come back, and see to those that were lost."""
        references = [each for member in self._members for each in member.references]
        ready, _ = self._ray.wait(references, num_returns=1)
        (reference,) = ready
        member = next(m for m in self._members if reference in m.references)
        try:
            answer = self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except self._ray.exceptions.RayError as error:
            self._replace(member, error)
            return []
        if reference is member.starting:
            member.starting, member.capacity = None, 2 * (answer[2] or 0)
            self.name, self.version = answer[:2]
            self._false_starts = 0
            return []
        return [(member.flying.pop(reference), answer)]

    def _replace(self, lost: _Member, error: Exception) -> None:
        """Start an engine in place of one that is gone; its batches are for the others."""
        if lost.starting is not None:
            self._false_starts += 1
        for batch in lost.flying.values():
            self._losses[batch.number] += 1
        worst = max((self._losses[batch.number] for batch in lost.flying.values()), default=0)
        if max(worst, self._false_starts) >= MOST_LOSSES:
            raise SvlawError(
                f"engines on the cluster are lost again and again ({first_line(error)}); is memory"
                " short? What was done is stored: run the same command again"
            ) from error
        self._again.extend(lost.flying.values())
        self._members.remove(lost)
        self._members.append(self._member())

    def _ask_remarks(self) -> None:
        """Gather what the engines have to say; one that is lost by now has nothing to."""
        ready = [
            member.handle.remarks.remote() for member in self._members if member.starting is None
        ]
        for reference in ready:
            with suppress(self._ray.exceptions.RayError):
                self.remarks += [r for r in self._ray.get(reference) if r not in self.remarks]

    def _member(self) -> _Member:
        actor = self._ray.remote(Worker).options(
            num_cpus=self._place.cores,
            num_gpus=self._place.gpus,
            max_concurrency=_MOST_BATCHES + 2,
            scheduling_strategy="SPREAD",
        )
        handle = actor.remote(self._recipe)
        return _Member(handle, handle.start.remote())


def open_on(
    cluster: Cluster, engine: str, model: Model, sampling: Sampling, options: Mapping[str, Any]
) -> ClusterEngine:
    """Start engines on a cluster, as many as it has room for.

    Args:
        cluster: The cluster.
        engine: Name of the engine.
        model: The model; a folder must be seen by every node under the same path.
        sampling: How text is sampled.
        options: The engine's options.

    Raises:
        BadInputError: The engine cannot be spread over a cluster, no node is large enough for it,
            its package is missing there, or the model or an option is wrong.
    """
    if engine == "openai":
        raise BadInputError("--on: a server shares out its requests itself; leave --on out")
    if options.get("data_parallel_size", 1) != 1:
        raise BadInputError(
            "--on: starts an engine for each GPU, or for each tensor_parallel_size of them; leave"
            " data_parallel_size out"
        )
    folder = Path(model.name)
    if folder.exists():
        model = replace(model, name=str(folder.resolve()))
    place = _place(engine, options, cluster.gpus)
    if engine == "transformers" and not place.gpus:
        options = {"threads": place.cores, **options}
    return ClusterEngine(cluster, Recipe(engine, model, sampling, dict(options)), place)


def _place(engine: str, options: Mapping[str, Any], gpus: int) -> Place:
    """What an engine needs: GPUs where the cluster has any, else cores."""
    on_cpu = options.get("device") == "cpu"
    if gpus and not on_cpu:
        sizes = (options.get(f"{kind}_parallel_size", 1) for kind in ("tensor", "pipeline"))
        return Place(1, math.prod(int(size) for size in sizes))
    return Place(int(options.get("threads") or 1), 0)

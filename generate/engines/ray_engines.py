"""Engines on the nodes of a Ray cluster, one for each GPU or group of GPUs, behind one protocol.

Batches are handed to whichever engine has room, and taken back in any order. An engine whose
process or node is lost is started again elsewhere, while the others take over its batches; what a
batch becomes does not depend on who samples it.
"""

import itertools
import math
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from svlaw.data.errors import BadInputError, SvlawError
from svlaw.data.workers.ray_cluster import Cluster
from svlaw.data.workers.ray_tasks import in_one_line, told_error, versions
from svlaw.generate.engines.protocol import Batch, Model, Outcome, Sampling
from svlaw.generate.engines.ray_worker import News, Recipe, Worker

Result = tuple[Batch, Sequence[Outcome]]

MOST_LOSSES: Final = 5
"""How often a batch may take its engine with it, or engines may end before they are ready."""
_MOST_COMPLAINTS: Final = 2
"""How many engines may say that they cannot go on with a batch; a second opinion, no more."""
_BATCHES_AHEAD: Final = 2
"""Batches that wait at an engine for it to take them up, so that it never waits for the driver."""
_CALLS_AT_ONCE: Final = 4
"""Calls to an engine at a time: news, remarks, its end, and one to spare."""
_END_SECONDS: Final = 10.0
"""How long engines may take to end by themselves, with the processes they have."""


@dataclass(frozen=True)
class Place:
    """What one engine needs of a node.

    Attributes:
        cores: CPU cores.
        gpus: GPUs.
    """

    cores: int
    gpus: int


@dataclass(eq=False)
class _Member:
    """A worker as the driver knows it.

    Attributes:
        handle: The actor.
        is_replacement: Whether it came in place of one that was lost.
        is_ready: Whether its model is loaded.
        batches: What it has, by the number it goes by there.
        waiting: Those of them that its engine has not taken up yet.
        is_called: Whether a call to it is under way.
    """

    handle: Any
    is_replacement: bool
    is_ready: bool = False
    batches: dict[int, Batch] = field(default_factory=dict)
    waiting: set[int] = field(default_factory=set)
    is_called: bool = True


class ClusterEngine:
    """Many engines that look like one.

    Attributes:
        name: Name of the engine they all are.
        version: Version of the library behind it.
        remarks: What a user should know about the run.
    """

    def __init__(self, cluster: Cluster, recipe: Recipe, place: Place) -> None:
        self._cluster, self._ray, self._recipe, self._place = cluster, cluster.ray, recipe, place
        count = cluster.room_for(place.cores, place.gpus)
        if not count:
            raise BadInputError(
                f"--on: the cluster has no node of {place.cores} cores and {place.gpus} GPUs, which"
                " an engine takes; see 'ray status'"
            )
        self.name, self.version = recipe.engine, ""
        self.remarks: list[str] = []
        self._numbers = itertools.count()
        self._again: deque[Batch] = deque()
        self._losses: Counter[int] = Counter()
        self._complaints: Counter[int] = Counter()
        self._false_starts = 0
        self._members: list[_Member] = []
        self._calls: dict[Any, _Member] = {}
        try:
            for _ in range(count):
                self._add(is_replacement=False)
            # The first to be ready tells that the model can be loaded.
            while not any(member.is_ready for member in self._members):
                self._wait()
        except BaseException:
            self.close()
            raise

    def run(self, batches: Iterable[Batch]) -> Iterator[Result]:
        """Sample batches, in any order; see the protocol.

        Raises:
            SvlawError: An engine cannot go on, or engines are lost again and again.
        """
        coming: Iterator[Batch] | None = iter(batches)
        self._losses.clear()
        self._complaints.clear()
        try:
            while True:
                coming = self._hand_out(coming)
                held = any(member.batches for member in self._members)
                if coming is None and not held and not self._again:
                    break
                yield from self._wait()
            self._ask_remarks()
        finally:
            for member in self._members:
                self._take_back(member)
            self._again.clear()

    def close(self) -> None:
        """End the engines."""
        members, self._members = self._members, []
        self._calls.clear()
        try:
            ending = [member.handle.close.remote() for member in members if member.is_ready]
            if ending:
                self._ray.wait(ending, num_returns=len(ending), timeout=_END_SECONDS)
        finally:
            for member in members:
                self._kill(member)

    def _hand_out(self, coming: Iterator[Batch] | None) -> Iterator[Batch] | None:
        """Call all that are free, with batches ahead of what they do; what may still come."""
        free = [member for member in self._members if not member.is_called]
        for member in sorted(free, key=lambda each: len(each.batches)):
            given: list[Batch] = []
            while len(member.waiting) < _BATCHES_AHEAD:
                batch = self._again.popleft() if self._again else next(coming or iter(()), None)
                if batch is None:
                    coming = None
                    break
                number = next(self._numbers)
                member.batches[number] = batch
                member.waiting.add(number)
                given.append(replace(batch, number=number))
            if member.batches:
                is_last = coming is None and not self._again
                self._call(member, member.handle.exchange.remote(given, is_last))
        return coming

    def _call(self, member: _Member, reference: Any) -> None:
        member.is_called = True
        self._calls[reference] = member

    def _wait(self) -> list[Result]:
        """Wait until something has come back, and see to those that were lost."""
        place = self._place
        ready = self._cluster.first_ready(list(self._calls), place.cores, place.gpus)
        results: list[Result] = []
        lost: dict[_Member, Exception] = {}
        for reference in ready:
            member = self._calls.pop(reference)
            member.is_called = False
            try:
                answer = self._ray.get(reference)
            except self._ray.exceptions.RayTaskError as error:
                lost[member] = told_error(error)
            except self._ray.exceptions.RayError as error:
                lost[member] = error
            else:
                if member.is_ready:
                    results += self._take(member, answer)
                else:
                    self._welcome(member, *answer)
        for member, reason in lost.items():
            if isinstance(reason, SvlawError):
                self._hear(member, reason)
            self._replace(member, reason)
        return results

    def _take(self, member: _Member, news: News) -> Iterator[Result]:
        """Batches that are done, but not those that a run before this one has dropped."""
        member.waiting.difference_update(news.begun)
        for number, outcomes in news.done:
            batch = member.batches.pop(number, None)
            if batch is not None:
                yield batch, outcomes

    def _welcome(self, member: _Member, name: str, version: str) -> None:
        """Count an engine among those that are ready."""
        if self.version and version != self.version:
            raise BadInputError(
                f"--on: nodes have different versions of {name} ({self.version}, {version});"
                " install the same on every node"
            )
        self.name, self.version = name, version
        member.is_ready = True
        self._false_starts = 0

    def _hear(self, member: _Member, complaint: SvlawError) -> None:
        """Raise what an engine says that cannot go on, unless another may still do better.

        An engine that comes in place of a lost one may find its memory still taken.
        """
        begun = [batch.number for n, batch in member.batches.items() if n not in member.waiting]
        self._complaints.update(begun)
        heard = max((self._complaints[number] for number in begun), default=0)
        if member.is_ready:
            hopeless = heard >= _MOST_COMPLAINTS or isinstance(complaint, BadInputError)
        else:
            hopeless = not member.is_replacement
        if hopeless:
            raise complaint

    def _replace(self, lost: _Member, error: Exception) -> None:
        """Start an engine in place of one that is gone; its batches are for the others.

        Raises:
            SvlawError: It went so too often.
        """
        batches = self._take_back(lost)
        self._members.remove(lost)
        self._kill(lost)
        self._losses.update(batch.number for batch in batches)
        self._again.extend(batches)
        self._false_starts += not lost.is_ready
        if any(self._losses[batch.number] >= MOST_LOSSES for batch in batches):
            raise _lost_again(error)
        if self._false_starts < MOST_LOSSES:
            self._add(is_replacement=True)
            return
        if not any(member.is_ready for member in self._members):
            raise _lost_again(error)
        self._false_starts = 0
        self.remarks.append(f"an engine could not be started again ({in_one_line(error)})")

    def _take_back(self, member: _Member) -> list[Batch]:
        """Expect a member's batches no longer; return them."""
        batches = list(member.batches.values())
        member.batches.clear()
        member.waiting.clear()
        return batches

    def _ask_remarks(self) -> None:
        """Gather what the engines have to say; one that is lost by now has nothing to."""
        asked = [member.handle.remarks.remote() for member in self._members if member.is_ready]
        for reference in asked:
            with suppress(self._ray.exceptions.RayError):
                self.remarks += [r for r in self._ray.get(reference) if r not in self.remarks]

    def _add(self, *, is_replacement: bool) -> None:
        actor = self._ray.remote(Worker).options(
            num_cpus=self._place.cores,
            num_gpus=self._place.gpus,
            max_concurrency=_CALLS_AT_ONCE,
            scheduling_strategy="SPREAD",
        )
        member = _Member(actor.remote(self._recipe), is_replacement)
        self._members.append(member)
        self._call(member, member.handle.start.remote(versions()))

    def _kill(self, member: _Member) -> None:
        """End a process, also one that is out of reach for now and would keep its GPU."""
        with suppress(self._ray.exceptions.RayError):
            self._ray.kill(member.handle)


def _lost_again(error: Exception) -> SvlawError:
    return SvlawError(
        f"engines on the cluster are lost again and again ({in_one_line(error)}); is memory short?"
        " What was done is stored: run the same command again"
    )


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

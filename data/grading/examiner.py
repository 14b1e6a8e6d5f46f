"""The examiner: finds out what answers mean, whatever of it is not known yet.

Nearly all answers are read here, in a fraction of a millisecond to a few milliseconds each. Sums,
integrals and limits need algebra, which worker processes do under a time limit.
"""

import math
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from functools import partial
from types import TracebackType
from typing import Final, Self, TypeVar

from svlaw.data.errors import BadInputError
from svlaw.data.grading.algebra import prepare_worker, read_with_algebra
from svlaw.data.grading.answer_readings import read
from svlaw.data.grading.judgements import Judgements
from svlaw.data.grading.meanings import Reading
from svlaw.data.grading.values import HeavyFormulaError
from svlaw.data.progress import Progress, silent
from svlaw.data.workers.processes import (
    Landing,
    WorkerDiedError,
    Workers,
    count_workers,
    standing_worker,
    worker_pool,
)
from svlaw.data.workers.ray_cluster import Cluster

TIME_LIMIT: Final = 5.0
"""Seconds of wall clock for one sum, integral or limit; a usual one takes a tenth."""

_IN_FLIGHT: Final = 64
_ON_NODE: Final = 2
"""The same of a worker on a node, which goes on with them when nobody waits for them any more."""
_SHARE: Final = 32
"""Questions that a core of a cluster gets at a time, at most; usual ones take it 0.3 s."""
_SHARES_PER_CORE: Final = 4
"""Shares for each core, about, where there are too few questions for full ones."""

_Task = TypeVar("_Task", bound=tuple[str, ...])
_Outcome = TypeVar("_Outcome")
_Question = Callable[..., _Outcome]


class Examiner:
    """Reads and compares answers in worker processes, each answer and each pair once.

    Use it as a context: workers start when they are first needed and are gone when it ends.

    Args:
        judgements: What is known; grows.
        time_limit: Seconds for one sum, integral or limit. One that runs out of time or memory ends
            there, while the others go on.
        workers: Worker processes; None chooses.
        cluster: Where workers are, one on each core; this machine when None.
        progress: Called with the number of answers read, of those needed so far.

    Attributes:
        judgements: As given.
        examined: Answers that were read.

    Raises:
        BadInputError: `time_limit` or `workers` is not positive, or a cluster is to have other
            workers than one on each core.
        SvlawError: Workers cannot be started, or the cluster is gone (raised by `read` and
            `compare`).
    """

    def __init__(
        self,
        judgements: Judgements | None = None,
        *,
        time_limit: float = TIME_LIMIT,
        workers: int | None = None,
        cluster: Cluster | None = None,
        progress: Progress = silent,
    ) -> None:
        if not time_limit > 0:
            raise BadInputError(f"time_limit {time_limit}: use seconds above 0")
        if cluster is not None and workers is not None:
            raise BadInputError(
                f"workers {workers}: a cluster has one on each of its cores; leave the number out"
            )
        self.judgements = Judgements() if judgements is None else judgements
        self.examined = 0
        self._time_limit = time_limit
        self._workers = count_workers(workers)
        self._cluster = cluster
        self._progress = progress
        self._needed = 0
        self._stack = ExitStack()
        self._pool: Workers | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._pool = None
        self._stack.close()

    def read(self, answers: Iterable[str]) -> None:
        """Make sure of the readings of answers."""
        heavy: list[tuple[str]] = []
        unread = self.judgements.unread(answers, self._time_limit)
        self._needed += len(unread)
        for answer in unread:
            try:
                reading = read(answer)
            except HeavyFormulaError:
                heavy.append((answer,))
                continue
            self._note(answer, reading)
        for (answer,), found in self._ask(read_with_algebra, heavy):
            self._note(answer, found)

    def _note(self, answer: str, reading: Reading | None) -> None:
        self.judgements.readings[answer] = (reading, self._time_limit)
        self.judgements.changed = True
        self.examined += 1
        self._progress(self.examined, self._needed)

    def _ask(
        self, question: _Question[_Outcome], tasks: Sequence[_Task]
    ) -> Iterator[tuple[_Task, _Outcome | None]]:
        """Yield each task with its outcome, None where time or memory ran out."""
        if not tasks:
            return
        ask = self._ask_here if self._cluster is None else partial(_ask_on, self._cluster)
        with closing(ask(question, tasks, self._time_limit)) as asked:
            yield from asked

    def _ask_here(
        self, question: _Question[_Outcome], tasks: Sequence[_Task], time_limit: float
    ) -> Generator[tuple[_Task, _Outcome | None], None, None]:
        if self._pool is None:
            pool = worker_pool(min(self._workers, len(tasks)), prepare_worker)
            self._pool = self._stack.enter_context(pool)
        yield from _ask(self._pool, question, tasks, time_limit, _IN_FLIGHT)


def _ask_on(
    cluster: Cluster, question: _Question[_Outcome], tasks: Sequence[_Task], time_limit: float
) -> Generator[tuple[_Task, _Outcome | None], None, None]:
    """Yield each task with its outcome, in any order."""
    size = min(len(tasks) // (_SHARES_PER_CORE * cluster.cores) + 1, _SHARE)
    count = math.ceil(len(tasks) / size)
    # Neighbours are often alike; dealt out, those that hang do not all meet one core.
    shares = (tasks[place::count] for place in range(count))
    work = partial(_ask_on_node, question, time_limit)
    with closing(cluster.map_unordered(work, shares)) as answered:
        for outcomes in answered:
            yield from outcomes


def _ask_on_node(
    question: _Question[_Outcome], time_limit: float, tasks: Sequence[_Task]
) -> list[tuple[_Task, _Outcome | None]]:
    return list(_ask(standing_worker(prepare_worker), question, tasks, time_limit, _ON_NODE))


def _ask(
    workers: Workers,
    question: _Question[_Outcome],
    tasks: Iterable[_Task],
    time_limit: float,
    in_flight: int,
) -> Iterator[tuple[_Task, _Outcome | None]]:
    flying: deque[tuple[_Task, Landing[_Outcome]]] = deque()
    for task in tasks:
        flying.append((task, workers.submit(question, *task, time_limit=time_limit)))
        if len(flying) >= in_flight:
            first, landing = flying.popleft()
            yield first, _outcome(landing)
    for last, landing in flying:
        yield last, _outcome(landing)


def _outcome(landing: Landing[_Outcome]) -> _Outcome | None:
    try:
        return landing.result()
    except (TimeoutError, MemoryError, WorkerDiedError):
        return None

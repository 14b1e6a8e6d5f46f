"""The examiner: has worker processes find out about answers whatever is not known yet."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Final, Self, TypeVar

from svlaw.data.errors import BadInputError
from svlaw.data.grading.algebra import agree, prepare_worker, read
from svlaw.data.grading.judgements import Judgements, Pair
from svlaw.data.progress import Progress, silent
from svlaw.data.workers import Landing, WorkerDiedError, Workers, count_workers, worker_pool

TIME_LIMIT: Final = 5.0
"""Seconds of wall clock for one answer or pair; a usual one takes a hundredth."""

_IN_FLIGHT: Final = 64

_Task = TypeVar("_Task", str, Pair)
_Outcome = TypeVar("_Outcome")


class Examiner:
    """Reads and compares answers in worker processes, each answer and each pair once.

    Use it as a context: workers start when they are first needed and are gone when it ends.

    Args:
        judgements: What is known; grows.
        time_limit: Seconds for one answer or pair. One that runs out of time or memory ends there,
            while the others go on.
        workers: Worker processes; None chooses.
        progress: Called with the number of answers and pairs done, of those needed so far.

    Attributes:
        judgements: As given.
        examined: Answers and pairs that workers were asked about.

    Raises:
        BadInputError: `time_limit` or `workers` is not positive.
        SvlawError: Workers cannot be started (raised by `read` and `compare`).
    """

    def __init__(
        self,
        judgements: Judgements | None = None,
        *,
        time_limit: float = TIME_LIMIT,
        workers: int | None = None,
        progress: Progress = silent,
    ) -> None:
        if not time_limit > 0:
            raise BadInputError(f"time_limit {time_limit}: use seconds above 0")
        self.judgements = Judgements() if judgements is None else judgements
        self.examined = 0
        self._time_limit = time_limit
        self._workers = count_workers(workers)
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
        unread = self.judgements.unread(answers, self._time_limit)
        for answer, reading in self._ask(read, [(a,) for a in unread], unread):
            self.judgements.readings[answer] = (reading, self._time_limit)

    def compare(self, pairs: Iterable[Pair]) -> None:
        """Make sure of the agreements of pairs of an answer and a reference."""
        undecided = self.judgements.undecided(pairs, self._time_limit)
        for pair, agreement in self._ask(agree, undecided, undecided):
            self.judgements.agreements[pair] = (agreement, self._time_limit)

    def _ask(
        self,
        function: Callable[..., _Outcome],
        arguments: Sequence[tuple[str, ...]],
        tasks: Sequence[_Task],
    ) -> Iterator[tuple[_Task, _Outcome | None]]:
        """Yield each task with its outcome, None where time or memory ran out."""
        if not tasks:
            return
        self._needed += len(tasks)
        flying: deque[tuple[_Task, Landing[_Outcome]]] = deque()
        workers = self._start(len(tasks))
        for task, given in zip(tasks, arguments, strict=True):
            flying.append((task, workers.submit(function, *given, time_limit=self._time_limit)))
            if len(flying) >= _IN_FLIGHT:
                first, landing = flying.popleft()
                outcome = self._land(landing)
                yield first, outcome
        for last, landing in flying:
            outcome = self._land(landing)
            yield last, outcome

    def _land(self, landing: Landing[_Outcome]) -> _Outcome | None:
        outcome: _Outcome | None
        try:
            outcome = landing.result()
        except (TimeoutError, MemoryError, WorkerDiedError):
            outcome = None
        self.judgements.changed = True
        self.examined += 1
        self._progress(self.examined, self._needed)
        return outcome

    def _start(self, tasks: int) -> Workers:
        if self._pool is None:
            pool = worker_pool(min(self._workers, tasks), prepare_worker)
            self._pool = self._stack.enter_context(pool)
        return self._pool

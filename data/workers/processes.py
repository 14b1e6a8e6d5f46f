"""Worker processes: ordered results, few tasks in flight, and no process left behind."""

import atexit
import itertools
import logging
import os
import sys
import threading
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from multiprocessing import get_context
from multiprocessing.context import SpawnProcess
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from svlaw.data.errors import BadInputError, SvlawError
from svlaw.data.workers.cores import usable_cores

if TYPE_CHECKING:
    from pebble import ProcessPool

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")

MOST_WORKERS: Final = 4
"""Workers used by default at most; each holds 0.1 to 0.2 GB."""


def count_workers(workers: int | None) -> int:
    """Resolve a number of workers; None means one per usable core, at most four.

    Raises:
        BadInputError: It is below 1.
    """
    if workers is None:
        return min(usable_cores(), MOST_WORKERS)
    if workers < 1:
        raise BadInputError(f"workers {workers}: use 1 or more")
    return workers


class Landing(Generic[_Result]):
    """A task under way in a worker; `result` waits for it."""

    def __init__(self, future: "Future[_Result]") -> None:
        self._future = future

    def result(self) -> _Result:
        """Wait for the result; what the task raised is raised here.

        Raises:
            TimeoutError: The task ran out of time, and its worker was killed.
            WorkerDiedError: The worker died on the task.
            SvlawError: Workers cannot be started.
        """
        from pebble import ProcessExpired  # noqa: PLC0415  see `worker_pool`

        try:
            return self._future.result()
        except ProcessExpired as error:
            raise WorkerDiedError(
                f"a worker process died (exit code {error.exitcode}); was memory short?"
            ) from error
        except BrokenProcessPool as error:
            raise SvlawError(_BROKEN) from error


class WorkerDiedError(SvlawError):
    """A worker process ended in the middle of a task."""


_BROKEN: Final = "worker processes cannot be started, or end at once; is memory short?"

_SAFE_PATH: Final = "PYTHONSAFEPATH"
"""Set in the environment, it keeps the current folder from being the first to import from."""

_starting = threading.Lock()


class _Process(SpawnProcess):
    """A spawned process that imports modules only, and does not run the caller's script again.

    So the script needs no `if __name__ == "__main__":`, and may come from standard input or a
    notebook, which cannot be run again. Of modules, those of the current folder are found last, so
    that a file there that is called `random.py` is no part of the worker.
    """

    def __init__(self, siblings: "_Context", **options: Any) -> None:
        super().__init__(**options)
        self._siblings: _Context | None = siblings

    def start(self) -> None:
        siblings, self._siblings = self._siblings, None  # not for the child
        with _starting:
            if siblings is None or siblings.closed:
                raise OSError("the pool is closing")
            with _as_a_worker_inherits_it():
                super().start()
            siblings.started.append(self)


@contextmanager
def _as_a_worker_inherits_it() -> Iterator[None]:
    """Hide the caller's script, and let the current folder be the last to import from."""
    main, path = sys.modules["__main__"], sys.path
    safe = os.environ.get(_SAFE_PATH)
    sys.modules["__main__"] = ModuleType("__main__")
    sys.path = [*filter(None, path), *([""] if "" in path else [])]
    os.environ[_SAFE_PATH] = "1"
    try:
        yield
    finally:
        sys.modules["__main__"], sys.path = main, path
        if safe is None:
            del os.environ[_SAFE_PATH]
        else:
            os.environ[_SAFE_PATH] = safe


class _Context:
    """What Pebble asks of a way to start processes."""

    def __init__(self) -> None:
        spawn = get_context("spawn")
        self.Pipe, self.RLock = spawn.Pipe, spawn.RLock
        self.started: list[_Process] = []
        self.closed = False

    def Process(self, **options: Any) -> _Process:  # noqa: N802  as in multiprocessing
        return _Process(self, **options)

    def close(self) -> None:
        """Kill all processes, and start no more.

        Pebble takes the locks away before it stops its workers; one that is starting just then
        would complain on standard error.
        """
        with _starting:
            self.closed = True
            for process in self.started:
                process.kill()


class Workers:
    """A pool of worker processes; see `worker_pool`."""

    def __init__(self, pool: "ProcessPool") -> None:
        self._pool = pool

    def submit(
        self, function: Callable[..., _Result], *args: Any, time_limit: float | None = None
    ) -> Landing[_Result]:
        """Hand a call to a worker, which is killed when the call exceeds its seconds.

        Raises:
            SvlawError: Workers cannot be started.
        """
        try:
            return Landing(self._pool.schedule(function, args=args, timeout=time_limit))
        except RuntimeError as error:
            raise SvlawError(_BROKEN) from error


@cache
def standing_worker(initializer: Callable[[], None] | None = None) -> Workers:
    """One worker process that stays until this process ends: for tasks of a cluster's nodes.

    A cluster has a task for so little that starting a worker for each would take longer.
    """
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(worker_pool(1, initializer))


@contextmanager
def worker_pool(workers: int, initializer: Callable[[], None] | None = None) -> Iterator[Workers]:
    """Yield worker processes that are gone when the block ends, however it ends.

    Workers are spawned, so that they share no locks with the threads of the caller, who may itself
    be a thread. They ignore an interrupt from the keyboard, which is the caller's to handle.
    """
    # Imported here, because many commands start no worker, and it takes a while.
    from pebble import ProcessPool  # noqa: PLC0415

    context = _Context()
    start = partial(_begin, initializer)
    pool = ProcessPool(max_workers=workers, initializer=start, context=context)
    try:
        yield Workers(pool)
    finally:
        context.close()
        pool.stop()
        pool.join()


def _begin(initializer: Callable[[], None] | None) -> None:
    """Start a worker, whose libraries have nothing to say to the terminal."""
    warnings.simplefilter("ignore")
    logging.lastResort = None
    if initializer is not None:
        initializer()


def map_ordered(
    function: Callable[[_Task], _Result], tasks: Iterable[_Task], workers: int
) -> Generator[_Result, None, None]:
    """Yield function(task) for each task, in the order of the tasks.

    At most `workers` + 1 tasks are in flight, so that memory stays bounded by their results. Close
    the generator (`contextlib.closing`) to be rid of the workers when not all results are taken.

    Args:
        function: A function of a module; it and its tasks are sent to other processes.
        tasks: Its arguments.
        workers: Number of processes; 0 runs everything here.

    Raises:
        SvlawError: A worker died or cannot be started.
    """
    if workers == 0:
        yield from map(function, tasks)
        return
    remaining = iter(tasks)
    with worker_pool(workers) as pool:
        flying = deque(
            pool.submit(function, task) for task in itertools.islice(remaining, workers + 1)
        )
        while flying:
            result = flying.popleft().result()
            flying.extend(pool.submit(function, task) for task in itertools.islice(remaining, 1))
            yield result

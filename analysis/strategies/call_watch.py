"""A limit to the time that code of the user may take, so that one that never returns is told of."""

import ctypes
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from svlaw.data.errors import BadInputError

Result = TypeVar("Result")

LIMIT_SECONDS: Final = 10.0
"""Longest that a rule may take for one draw, a policy for one replay."""
BATCH_LIMIT_SECONDS: Final = 60.0
"""Longest that a batched rule may take for all draws that it is given at once."""
_POLL_SECONDS: Final = 0.2


@dataclass
class Heartbeat:
    """Where code of the user is, as far as one can see from outside.

    Attributes:
        turns: Counts what it began with, apart from what `at` counts; 0 before it begins.
        at: (1,) the draw that it is at; compiled code writes it too.
        where: The draw of a number in words.
        is_running: Whether code of the user runs at all.
    """

    turns: int = 0
    at: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))
    where: Callable[[int], str] = str
    is_running: bool = False

    def begin(self, where: Callable[[int], str]) -> None:
        """Say that the code begins with draws which `where` names."""
        self.where = where
        self.at[0] = 0
        self.turns += 1
        self.is_running = True

    def rest(self) -> None:
        """Say that the code has returned."""
        self.is_running = False

    @property
    def state(self) -> tuple[int, int]:
        """What changes as long as the code comes on."""
        return self.turns, int(self.at[0])


def watched(name: str, work: Callable[[Heartbeat], Result], limit: float) -> Result:
    """Do some work that calls code of the user, and give up where that does not come on.

    The work runs in a thread of its own. A thread of plain Python that is given up is ended; one of
    compiled code runs on until the process ends.

    Args:
        name: What to call the code.
        work: The work; it moves the heartbeat on.
        limit: Seconds without a move after which it is given up.

    Raises:
        BadInputError: It was given up. Whatever the work raises is raised as well.
    """
    beat = Heartbeat()
    results: list[Result] = []
    failures: list[BaseException] = []
    done = threading.Event()

    def run() -> None:
        try:
            results.append(work(beat))
        except BaseException as error:
            failures.append(error)
        finally:
            done.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    last, since = beat.state, time.monotonic()
    while not done.wait(_POLL_SECONDS):
        now = time.monotonic()
        if beat.state != last or not beat.is_running:
            last, since = beat.state, now
        elif now - since > limit:
            _end(thread)
            raise BadInputError(
                f"{name} did not return within {limit:g} seconds on {beat.where(int(beat.at[0]))}"
            )
    if failures:
        raise failures[0]
    return results[0]


def _end(thread: threading.Thread) -> None:
    """Raise SystemExit in a thread, at its next step of plain Python."""
    if thread.ident is not None:
        identity = ctypes.c_ulong(thread.ident)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(identity, ctypes.py_object(SystemExit))

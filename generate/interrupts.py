"""Interrupts that end a run, and that wait while something must not be left half done."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stoppable() -> Iterator[None]:
    """Let a request to terminate end the block as Ctrl-C does, with KeyboardInterrupt.

    Both then end a wait as well: Polars, once imported, keeps Ctrl-C from that
    (https://github.com/pola-rs/polars/issues/21739).
    """

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    signal.siginterrupt(signal.SIGINT, True)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def delayed_interrupts() -> Iterator[None]:
    """Keep Ctrl-C and a request to terminate waiting until the block is done.

    Signals are handled in the main thread alone, so in any other nothing is to be done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []

    def keep(number: int, frame: FrameType | None) -> None:
        waiting.append(number)

    before = {number: signal.signal(number, keep) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if waiting:
            signal.raise_signal(waiting[0])

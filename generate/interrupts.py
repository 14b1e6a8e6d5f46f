"""Interrupts that end a run, and that wait while something must not be left half done."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_ENDING: Final = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""A request to terminate, and a closed terminal, which Windows does not tell of."""
_SIGNALS: Final = (signal.SIGINT, *_ENDING)


@contextmanager
def stoppable() -> Iterator[None]:
    """Let a request to terminate or a closed terminal end the block as Ctrl-C does.

    That is with KeyboardInterrupt. Under nohup, which ignores the latter, it stays ignored.
    All of them then end a wait as well: Polars, once imported, keeps Ctrl-C from that
    (https://github.com/pola-rs/polars/issues/21739).
    """

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    heeded = [n for n in _ENDING if signal.getsignal(n) != signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in heeded}
    signal.siginterrupt(signal.SIGINT, True)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def delayed_interrupts() -> Iterator[None]:
    """Keep Ctrl-C, a request to terminate and a closed terminal waiting until the block is done.

    Signals are handled in the main thread alone, so in any other nothing is to be done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []

    def keep(number: int, frame: FrameType | None) -> None:
        waiting.append(number)

    heeded = [n for n in _SIGNALS if signal.getsignal(n) != signal.SIG_IGN]
    before = {number: signal.signal(number, keep) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if waiting:
            signal.raise_signal(waiting[0])

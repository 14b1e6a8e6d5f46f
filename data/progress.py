"""How long work tells its caller how far it is; the command line draws a bar from it."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called as progress(done, total), from the thread that called the work."""


def silent(done: int, total: int) -> None:
    """Report nothing."""

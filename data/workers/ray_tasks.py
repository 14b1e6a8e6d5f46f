"""Tasks on a node of a Ray cluster: with the same packages as here, and errors in one line."""

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from typing import Any, Final, TypeVar

from svlaw.data.errors import BadInputError, SvlawError

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")

_ALIKE: Final = ("svlaw", "numpy", "numba", "polars")
"""Packages that have to be of one version everywhere: random streams and kernels are theirs."""


def told_error(error: Any) -> SvlawError:
    """What a task raised, from Ray's account of it."""
    cause = error.cause
    if isinstance(cause, SvlawError):
        return cause
    return SvlawError(f"a node could not begin a task ({in_one_line(cause)})")


@contextmanager
def named_errors() -> Iterator[None]:
    """Let what goes wrong on a node arrive as one of svlaw's named errors.

    Raises:
        SvlawError: Something that is none of them went wrong in the block.
    """
    try:
        yield
    except SvlawError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {in_one_line(error)}"
        raise SvlawError(f"a task failed on node {socket.gethostname()} ({reason})") from None


def in_one_line(error: BaseException) -> str:
    """The first sentence of what Ray said, which breaks its lines within sentences."""
    return " ".join(str(error).split()).partition(". ")[0].strip(" .:") or type(error).__name__


@cache
def versions() -> Mapping[str, str]:
    """Versions of what has to be the same on every node for results to be the same."""
    return {name: version(name) for name in _ALIKE}


def check_versions(expected: Mapping[str, str]) -> None:
    """Raise where this node has other versions than the process that sent it work.

    Raises:
        BadInputError: It has.
    """
    for name, wanted in expected.items():
        if (held := versions()[name]) != wanted:
            raise BadInputError(
                f"node {socket.gethostname()} has {name} {held}, this machine {wanted}: install the"
                " same versions on every node"
            )


def carry_out(
    function: Callable[[_Task], _Result], task: _Task, expected: Mapping[str, str]
) -> _Result:
    """Do one task; the function that Ray runs on a node.

    Args:
        function: What to do.
        task: Its argument.
        expected: Versions of packages in the process that sends the task.

    Raises:
        SvlawError: It failed, or this node has other versions.
    """
    with named_errors():
        check_versions(expected)
        return function(task)

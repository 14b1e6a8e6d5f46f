"""Options that commands have in common, stated once with the function that reads them."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from svlaw.cli.options import OPTION_PANELS

Command = Callable[..., None]


def reads(**readers: Callable[..., Any]) -> Callable[[Command], Command]:
    """Give a command the options of a reader in place of the parameter that it fills.

    Typer makes an option of each parameter of a function. With `@reads(choice=read_cost)` a command
    has the parameters of `read_cost` as options, and gets what that returns as `choice`.

    Args:
        readers: By the name of a parameter of the command, the function that makes its value.
    """

    def give(command: Command) -> Command:
        signature = inspect.signature(command)
        options = {name: inspect.signature(read).parameters for name, read in readers.items()}
        parameters = [
            each.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for name, parameter in signature.parameters.items()
            for each in (options[name].values() if name in options else [parameter])
        ]
        parameters.sort(key=_panel_rank)  # stable: within a panel in the order given

        @functools.wraps(command)
        def run(**values: Any) -> None:
            read = {
                name: readers[name](**{option: values.pop(option) for option in taken})
                for name, taken in options.items()
            }
            command(**read, **values)

        run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {each.name: each.annotation for each in parameters}
        return run

    return give


def _panel_rank(parameter: inspect.Parameter) -> int:
    """Place of an option's panel in the help: the question's own options first, rare ones last."""
    for option in getattr(parameter.annotation, "__metadata__", ()):
        panel = getattr(option, "rich_help_panel", None)
        if panel in OPTION_PANELS:
            return 1 + OPTION_PANELS.index(panel)
    return 0

"""`svlaw strategies`."""

from pathlib import Path
from typing import Annotated

import typer

from svlaw.cli.options import Json
from svlaw.cli.output import console, print_json, refuse_inside_pool


def strategies(
    new: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.py", help="Write a file to begin strategies of your own with, and stop."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the strategies with their settings and sources, or begin one of your own."""
    from svlaw.analysis.strategies.own_template import write_template
    from svlaw.analysis.strategies.strategy_list import list_strategies

    if new is not None:
        refuse_inside_pool(new)
        write_template(new)
        console.print(
            f"{new}: written; next, in its folder: svlaw curves POOL --strategies"
            f" {new.stem}:best_two,{new.stem}:AcceptFirst",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        return

    found = list_strategies()
    if as_json:
        print_json({"strategies": found})
        return
    for one in found:
        console.print(f"[bold]{one['name']}[/bold]  ({one['kind']}, needs {one['needs']})")
        console.print(f"  {one['summary']}", markup=False, highlight=False, soft_wrap=True)
        for setting in one["settings"]:
            default = "" if setting["default"] is None else f"; default {setting['default']}"
            console.print(
                f"  {setting['name']}: {setting['meaning']}, {setting['values']}{default}",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )
        console.print(f"  source: {one['source']}", markup=False, highlight=False, soft_wrap=True)

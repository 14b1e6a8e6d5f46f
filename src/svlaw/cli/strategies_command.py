"""`svlaw strategies`."""

from svlaw.cli.options import Json
from svlaw.cli.output import console, print_json


def strategies(as_json: Json = False) -> None:
    """List the strategies with their settings and sources."""
    from svlaw.analysis.strategies.strategy_list import list_strategies

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

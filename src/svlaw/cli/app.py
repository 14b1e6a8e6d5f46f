"""The application and its commands."""

from typing import Annotated, Any, Final

import typer
import typer.core

from svlaw.cli import (
    compare_command,
    comparison_commands,
    design_command,
    export_command,
    fit_command,
    forecast_command,
    generate_commands,
    grade_command,
    import_commands,
    map_command,
    parse_command,
    plan_command,
    plot_commands,
    pool_commands,
    recognition_commands,
    reliability_command,
    report_command,
    savings_command,
    simulate_command,
    strategies_command,
    view_command,
)

PANELS: Final[dict[str, tuple[str, ...]]] = {
    "Get a pool": ("examples", "import", "generate", "simulate", "grade", "parse"),
    "Look at a pool": ("check", "view", "strategies"),
    "Compare strategies": (
        *("curves", "frontier", "crossover", "savings", "reliability"),
        "compare",
    ),
    "Decide": ("plan", "fit", "forecast", "map", "design"),
    "Show and share": ("report", "plot", "export"),
}
"""The commands by what one wants, as `svlaw --help` lists them."""


class _Commands(typer.core.TyperGroup):
    """The commands in the order of their panels."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of `PANELS`."""
        return [name for names in PANELS.values() for name in names]


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # 0.06 s

        typer.echo(f"svlaw {version('svlaw')}")
        raise typer.Exit


app = typer.Typer(
    name="svlaw",
    cls=_Commands,
    help="When to solve and when to verify: inference scaling laws from cached generations.",
    epilog="Start with: svlaw examples. Options of a command: svlaw COMMAND --help.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def _main(
    *,
    show: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """When to solve and when to verify: inference scaling laws from cached generations."""


def _panel(name: str) -> str:
    return next(panel for panel, names in PANELS.items() if name in names)


for group, inner in (
    ("generate", generate_commands.app),
    ("import", import_commands.app),
    ("plot", plot_commands.app),
):
    app.add_typer(inner, name=group, rich_help_panel=_panel(group))
import_commands.app.command()(recognition_commands.auto)
import_commands.app.command()(recognition_commands.outputs)
for command in (
    *(pool_commands.examples, simulate_command.simulate, grade_command.grade),
    *(parse_command.parse, pool_commands.check, strategies_command.strategies),
    view_command.view,
    *(comparison_commands.curves, comparison_commands.frontier, comparison_commands.crossover),
    *(savings_command.savings, reliability_command.reliability, compare_command.compare),
    *(plan_command.plan, fit_command.fit, forecast_command.forecast),
    *(design_command.design, report_command.report, export_command.export),
):
    app.command(rich_help_panel=_panel(command.__name__))(command)
app.command("map", rich_help_panel=_panel("map"))(map_command.draw_map)

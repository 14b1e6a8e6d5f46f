"""The application and its commands."""

from importlib.metadata import version
from typing import Annotated

import typer

from svlaw.cli import (
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
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"svlaw {version('svlaw')}")
        raise typer.Exit


app = typer.Typer(
    name="svlaw",
    help="When to solve and when to verify: inference scaling laws from cached generations.",
    no_args_is_help=True,
    add_completion=False,
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


app.add_typer(generate_commands.app, name="generate")
app.add_typer(import_commands.app, name="import")
import_commands.app.command()(recognition_commands.auto)
import_commands.app.command()(recognition_commands.outputs)
app.command()(grade_command.grade)
app.command()(parse_command.parse)
app.command()(pool_commands.check)
app.command()(pool_commands.examples)
app.command()(export_command.export)
app.command()(comparison_commands.curves)
app.command()(comparison_commands.frontier)
app.command()(comparison_commands.crossover)
app.command()(savings_command.savings)
app.command()(reliability_command.reliability)
app.command()(strategies_command.strategies)
app.command()(fit_command.fit)
app.command()(plan_command.plan)
app.command()(forecast_command.forecast)
app.command("map")(map_command.draw_map)
app.command()(report_command.report)
app.add_typer(plot_commands.app, name="plot")
app.command()(simulate_command.simulate)
app.command()(design_command.design)

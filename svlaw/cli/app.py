"""The application and its commands."""

import typer

from svlaw.cli import (
    analyses,
    designing,
    exports,
    forecasting,
    generating,
    grading,
    imports,
    laws,
    parsing,
    planning,
    plotting,
    pools,
    reports,
    simulations,
)

app = typer.Typer(
    name="svlaw",
    help="When to solve and when to verify: inference scaling laws from cached generations.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(generating.app, name="generate")
app.add_typer(imports.app, name="import")
app.command()(grading.grade)
app.command()(parsing.parse)
app.command()(pools.check)
app.command()(pools.examples)
app.command()(exports.export)
app.command()(analyses.curves)
app.command()(analyses.frontier)
app.command()(analyses.crossover)
app.command()(laws.fit)
app.command()(planning.plan)
app.command()(forecasting.forecast)
app.command()(reports.report)
app.add_typer(plotting.app, name="plot")
app.command()(simulations.simulate)
app.command()(designing.design)

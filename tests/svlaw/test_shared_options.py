"""Options that commands have in common."""

import inspect

import pytest
import typer
from typer.testing import CliRunner

from svlaw.cli.shared_options import reads


def read_span(low: int = 1, high: int = 9) -> range:
    """What --low and --high span."""
    if low > high:
        raise ValueError(f"--low {low}: use {high} at most")
    return range(low, high)


def read_unit(unit: str = "s") -> str:
    """What --unit says."""
    return unit.upper()


@reads(span=read_span, unit=read_unit)
def show(name: str, *, span: range, times: int = 1, unit: str, loud: bool = False) -> None:
    """Show a span."""
    print(name, list(span) * times, unit, loud)  # noqa: T201


def run(*arguments: str) -> str:
    app = typer.Typer()
    app.command()(show)
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output.strip()


def test_the_options_of_readers_stand_where_the_parameters_stood():
    names = list(inspect.signature(show).parameters)
    assert names == ["name", "low", "high", "times", "unit", "loud"]
    assert inspect.getdoc(show) == "Show a span."


def test_a_command_gets_what_its_readers_make():
    assert run("x") == "x [1, 2, 3, 4, 5, 6, 7, 8] S False"
    given = ("x", "--low", "3", "--high", "5", "--times", "2", "--unit", "kg", "--loud")
    assert run(*given) == "x [3, 4, 3, 4] KG True"


def test_what_a_reader_refuses_is_refused():
    with pytest.raises(ValueError, match="--low 8: use 2 at most"):
        run("x", "--low", "8", "--high", "2")

"""The command line leads: groups, panels, completion, the next step, names of files by default."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import typer.main

import svlaw as sv
from svlaw.analysis.compare.comparison_tables import without_repeats
from svlaw.analysis.compare.frontier import frontier
from svlaw.analysis.cost import RelativeCost
from svlaw.cli import output
from svlaw.cli.app import PANELS, app
from svlaw.cli.options import OPTION_PANELS, RARE

Run = Callable[..., tuple[int, str, str]]
SMALL = ("--lambda", 2, "--solutions", "1,4", "--verifications", "1,2")


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    path = tmp_path / "pool"
    sizes = {"problems": 16, "solutions": 8, "verifications": 4}
    return sv.simulate_pool(path, sv.Simulation(), **sizes, seed=1).path


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard output is one."""
    monkeypatch.setattr(output.console, "_force_terminal", True)


def test_every_command_stands_in_one_panel(svlaw: Run) -> None:
    named = [name for names in PANELS.values() for name in names]
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert sorted(named) == sorted(commands)
    code, out, _ = svlaw("--help")
    assert code == 0
    places = [out.index(f" {panel} ") for panel in PANELS]
    assert places == sorted(places)
    for (panel, names), start in zip(PANELS.items(), places, strict=True):
        lines = out[start:].split("╰")[0]
        assert re.findall(r"^│ (\w+) ", lines, re.M) == list(names), panel


def test_rare_options_come_last() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for name in ("curves", "frontier", "crossover", "savings", "plan", "fit", "report"):
        panels = [
            parameter.rich_help_panel
            for parameter in commands[name].params
            if parameter.param_type_name == "option"
        ]
        ranks = [0 if p is None else 1 + OPTION_PANELS.index(p) for p in panels]
        assert ranks == sorted(ranks), name
        assert panels[-1] == RARE, name


@pytest.mark.parametrize(
    ("instruction", "words"),
    [
        ("complete_bash", {"COMP_WORDS": "svlaw cro", "COMP_CWORD": "1"}),
        ("complete_zsh", {"_TYPER_COMPLETE_ARGS": "svlaw cro"}),
        (
            "complete_fish",
            {"_TYPER_COMPLETE_ARGS": "svlaw cro", "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
        ),
    ],
)
def test_shells_complete_commands(
    svlaw: Run, monkeypatch: pytest.MonkeyPatch, instruction: str, words: dict[str, str]
) -> None:
    for name, value in {"_SVLAW_COMPLETE": instruction, **words}.items():
        monkeypatch.setenv(name, value)
    code, out, _ = svlaw()
    assert code == 0
    assert "crossover" in out
    assert "frontier" not in out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_are_told_how(svlaw: Run, monkeypatch: pytest.MonkeyPatch, shell: str) -> None:
    monkeypatch.setenv("_SVLAW_COMPLETE", f"source_{shell}")
    code, out, _ = svlaw()
    assert code == 0
    assert f"_SVLAW_COMPLETE=complete_{shell}" in out


def next_step(err: str) -> list[str]:
    return [line.removeprefix("next: ") for line in err.splitlines() if line.startswith("next: ")]


@pytest.mark.parametrize(
    "words",
    [
        ("curves", *SMALL),
        ("frontier", *SMALL),
        ("crossover", *SMALL),
        ("savings", *SMALL, "--strategy", "best_of_n"),
        ("plan", *SMALL, "--budget", 8),
        ("check",),
    ],
)
@pytest.mark.usefixtures("terminal")
def test_a_last_line_says_what_to_do_next(svlaw: Run, pool: Path, words: tuple[str, ...]) -> None:
    command, *options = words
    code, out, err = svlaw(command, pool, *options)
    assert code == 0
    assert "next:" not in out
    (step,) = next_step(err)
    assert err.endswith(f"next: {step}\n")
    program, name, *rest = shlex.split(step.replace("COST", "8"))
    assert program == "svlaw"
    assert rest[0] == str(pool)
    assert ("--lambda" in rest) == ("--lambda" in options)
    if name == "plan":
        assert svlaw(name, *rest)[0] == 0
    _, out, err = svlaw(command, pool, *options, "--json")
    assert json.loads(out)
    assert "next:" not in err


def test_no_such_line_where_the_output_is_no_terminal(
    svlaw: Run, pool: Path, tmp_path: Path
) -> None:
    assert "next:" not in "".join(map(str, svlaw("frontier", pool, *SMALL)))
    assert "next:" not in "".join(map(str, svlaw("curves", pool, *SMALL, "-o", tmp_path / "a.csv")))


@pytest.mark.usefixtures("terminal")
def test_a_plot_has_a_name_by_default(
    svlaw: Run, pool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = svlaw("plot", "frontier", pool, *SMALL)
    assert code == 0
    assert next_step(err) == ["open frontier.html"]
    assert (tmp_path / "frontier.html").read_text("utf-8").lower().startswith("<!doctype html>")


def test_repeated_rows_are_left_out_of_the_table_alone(
    svlaw: Run, tables: type, tmp_path: Path
) -> None:
    points = {("self_consistency", s, 0): min(s, 4) / 10 for s in (1, 2, 4, 8, 16)}
    points[("best_of_n", 2, 1)] = 0.25
    rows = frontier(tables.of(points), RelativeCost(2.0))  # type: ignore[attr-defined]
    kept = without_repeats(rows)
    votes = rows.filter(strategy="self_consistency")
    assert votes["budget"].to_list() == [1, 2, 4, 8, 16]
    assert votes["solutions"].to_list() == [1, 2, 4, 4, 4]
    assert kept.filter(strategy="self_consistency")["budget"].to_list() == [1, 2, 4]
    assert kept.filter(strategy="best_of_n")["budget"].to_list() == [8]
    sv.copy_example("singhi2025_fig1", tmp_path / "figure")
    file = tmp_path / "rows.csv"
    svlaw("frontier", tmp_path / "figure", "--lambda", 2, "-o", file)
    _, out, _ = svlaw("frontier", tmp_path / "figure", "--lambda", 2)
    printed = [line for line in out.splitlines() if "self_consistency" in line]
    whole = pl.read_csv(file).filter(strategy="self_consistency")
    assert len(printed) == without_repeats(whole).height < whole.height
    assert "a row that repeats the row of a smaller budget is left out" in out

"""`svlaw map`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from svlaw.cli.options import Json, Seed, Verifier, read_place
from svlaw.cli.output import (
    check_suffix,
    console,
    print_json,
    print_rows,
    progress_bar,
    refuse_inside_pool,
    warn,
    write_rows,
)
from svlaw.data.errors import BadInputError
from svlaw.data.table_texts import number, percent

if TYPE_CHECKING:
    import polars as pl

    from svlaw.fit.maps.verification_map import Axis, VerificationMap
    from svlaw.fit.simulation.population import Simulation

_ROWS: Final = (".parquet", ".csv", ".json")
_HEIGHTS: Final = {1: 3.6, 2: 4.2}
"""Inches, by columns of the page."""

Rate = float | None


def _population(text: str, metavar: str = "X") -> Any:
    return typer.Option(metavar=metavar, help=text, rich_help_panel="Population")


def draw_map(
    pools: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[POOL]...", parser=read_place, help="Pools with verdicts, shown as dots."
        ),
    ] = None,
    ratio: Annotated[
        float | None,
        typer.Option(
            "--lambda", metavar="X", help="Cost of a verification over that of a solution."
        ),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(metavar="B", help="Most to spend on a problem, in solutions."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="File to write: a figure (.svg, .pdf, .png, .html) or the cells (.parquet, .csv,"
            " .json).",
        ),
    ] = None,
    true_positive_rate: Annotated[
        Rate,
        typer.Option(
            "--true-positive-rate",
            "--tpr",
            metavar="X",
            help="Fix the true positive rate; the map then runs along the false positive rate.",
        ),
    ] = None,
    false_positive_rate: Annotated[
        Rate,
        typer.Option(
            "--false-positive-rate",
            "--fpr",
            metavar="X",
            help="Fix the false positive rate; the map then runs along the true positive rate."
            " Default: along the balanced accuracy, with TPR = 1 - FPR.",
        ),
    ] = None,
    setting: Annotated[
        str,
        _population("What the options below start from: typical, hard or correlated.", "NAME"),
    ] = "typical",
    correlation: Annotated[
        Rate, _population("Correlation of two verdicts on the same solution, from 0 to 1.")
    ] = None,
    verifier_spread: Annotated[
        float,
        _population("How far the verifier's rates vary over problems, from 0 to 1."),
    ] = 0.0,
    pass_rate_spread: Annotated[
        Rate, _population("How far the solver's accuracy varies over problems, from 0 to 1.")
    ] = None,
    concentration: Annotated[
        Rate,
        _population("How far wrong solutions agree: Zipf exponent of the wrong answers; 0 least."),
    ] = None,
    shared_calls: Annotated[
        bool,
        typer.Option(
            "--shared-calls",
            help="A call gives all solutions of the same answer the same verdict.",
            rich_help_panel="Population",
        ),
    ] = False,
    cells: Annotated[int, typer.Option(metavar="N", help="Cells along each axis.")] = 20,
    verifier: Verifier = None,
    columns: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Columns of the page that the figure spans: 1 (3.3 inches) or 2 (6.9).",
        ),
    ] = 1,
    title: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Title above the figure.")
    ] = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Where voting, verifying or stopping early wins, by simulation; pools as dots."""
    from svlaw.fit.maps.verification_map import check_request, verification_map

    if ratio is None or budget is None:
        missing = "--lambda" if ratio is None else "--budget"
        raise BadInputError(f"{missing}: give it; the map is that of one lambda and one budget")
    check_request(ratio, budget, cells, seed)
    _check_output(output, columns)
    axis, rates = _read_axis(true_positive_rate, false_positive_rate)
    changes = {
        "correlation": correlation,
        "pass_rate_spread": pass_rate_spread,
        "concentration": concentration,
        "true_positive_spread": verifier_spread,
        "false_positive_spread": verifier_spread,
        **rates,
    }
    simulation = _read_simulation(setting, changes, shared_calls)
    places = _place(pools or [], ratio, budget, axis, verifier, seed)
    with progress_bar("cells") as progress:
        found = verification_map(
            simulation,
            ratio,
            budget,
            axis=axis,
            cells=cells,
            places=places,
            seed=seed,
            progress=progress,
        )
    if output is not None:
        _write(found, output, columns, title)
    if as_json:
        print_json(_document(found, output))
    elif output is None:
        _show(found)
    else:
        console.print(f"{output}: written", markup=False, highlight=False, soft_wrap=True)
    _remark(found)


def _check_output(output: Path | None, columns: int) -> None:
    """Raise before any work when the file could not be written."""
    from svlaw.analysis.figures.figure_files import (
        FILE_KINDS,
        check_figure_path,
        check_print_size,
    )

    check_print_size(columns)
    if output is None:
        return
    if output.suffix in _ROWS:
        check_suffix(output)
        return
    if output.suffix.lower() not in FILE_KINDS:
        raise BadInputError(
            f"{output}: write a figure (.svg, .pdf, .png, .html) or rows (.parquet, .csv, .json)"
        )
    refuse_inside_pool(output)
    check_figure_path(output)


def _read_axis(tpr: Rate, fpr: Rate) -> "tuple[Axis, dict[str, float]]":
    """The axis of the verifier, and the rate that is fixed."""
    if tpr is not None and fpr is not None:
        raise BadInputError("--tpr and --fpr: give one of the two; the other is an axis of the map")
    if tpr is not None:
        return "false_positive_rate", {"true_positive_rate": tpr}
    if fpr is not None:
        return "true_positive_rate", {"false_positive_rate": fpr}
    return "balanced_accuracy", {}


def _read_simulation(setting: str, changes: dict[str, Rate], shared_calls: bool) -> "Simulation":
    from dataclasses import replace

    from svlaw.fit.simulation.population import SETTINGS

    if setting not in SETTINGS:
        raise BadInputError(f"--setting {setting}: use {', '.join(SETTINGS)}")
    given: dict[str, Any] = {name: value for name, value in changes.items() if value is not None}
    return replace(SETTINGS[setting], **given, shared_calls=shared_calls)


def _place(
    paths: list[Path], ratio: float, budget: float, axis: "Axis", verifier: str | None, seed: int
) -> "pl.DataFrame | None":
    if not paths:
        return None
    from svlaw.data.pool import open_pool
    from svlaw.fit.maps.pool_places import check_pool_for_map, place_pools

    pools = [open_pool(path) for path in paths]
    for pool in pools:
        check_pool_for_map(pool, verifier)
    with progress_bar("pools") as progress:
        return place_pools(
            pools, ratio, budget, axis=axis, verifier=verifier, seed=seed, progress=progress
        )


def _write(found: "VerificationMap", output: Path, columns: int, title: str | None) -> None:
    if output.suffix in _ROWS:
        write_rows(output, found.rows)
        return
    from svlaw.analysis.figures.figure_files import write_figure
    from svlaw.fit.maps.map_figure import plot_map

    write_figure(plot_map(found, title=title), output, columns=columns, height=_HEIGHTS[columns])


def _document(found: "VerificationMap", output: Path | None) -> dict[str, Any]:
    from dataclasses import asdict

    from svlaw.fit.maps.verification_map import APPROACHES

    return {
        "lambda": found.ratio,
        "budget": found.budget,
        "axis": found.axis,
        "seed": found.seed,
        "simulation": asdict(found.simulation),
        "shares": {approach: found.share(approach) for approach in APPROACHES},
        "pays_from": found.pays_from().to_dicts(),
        "pools": found.places.to_dicts(),
        "cells": found.rows.to_dicts(),
        "output": None if output is None else str(output),
    }


def _show(found: "VerificationMap") -> None:
    from svlaw.fit.maps.verification_map import AXIS_NAMES

    print_rows(
        f"budget {number(found.budget)}, lambda {found.ratio:.3g}; by the {AXIS_NAMES[found.axis]}",
        ("solver's accuracy", "voting", "stopping early", "verifying wins from", "gain at best"),
        [
            (
                percent(row["accuracy"]),
                percent(row["voting"]),
                percent(row["stopping"]),
                "never" if row["pays_from"] is None else f"{row['pays_from']:.3f}",
                percent(row["gain"]),
            )
            for row in found.pays_from().to_dicts()
        ],
    )
    console.print(
        "in %; gain: success of verifying less that of the best without a verifier, at the best"
        " verifier of the map, in points",
        soft_wrap=True,
    )
    if not found.places.height:
        return
    print_rows(
        "pools",
        ("pool", "solver's accuracy", "TPR", "FPR", "correlation", "measured gain", "simulated"),
        [
            (
                row["pool"],
                percent(row["accuracy"]),
                f"{row['true_positive_rate']:.2f}",
                f"{row['false_positive_rate']:.2f}",
                f"{row['correlation']:.2f}",
                percent(row["measured_gain"]),
                percent(row["gain"]),
            )
            for row in found.places.to_dicts()
        ],
    )
    console.print(
        "measured gain: of the pool's best points within the budget; simulated: of a population"
        " with all of the pool's rates, not only those that the map shows",
        soft_wrap=True,
    )


def _remark(found: "VerificationMap") -> None:
    kind = "shared" if found.simulation.shared_calls else "independent"
    others = [row["pool"] for row in found.places.to_dicts() if row["calls"] != kind]
    if others:
        wanted = "leave out --shared-calls" if kind == "shared" else "add --shared-calls"
        warn(
            f"{', '.join(others)}: the verifier's calls are not {kind}, as the map's are;"
            f" {wanted} for a map of their kind"
        )

"""`svlaw fit`."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from svlaw.analysis.intervals.interval_choice import IntervalChoice
from svlaw.cli.cost_options import as_options, read_cost
from svlaw.cli.interval_options import read_intervals
from svlaw.cli.options import (
    Bins,
    By,
    FineSolutions,
    FineVerifications,
    Json,
    On,
    PoolPath,
    Resamples,
    Verifier,
    read_names,
    read_options,
)
from svlaw.cli.output import console, print_json, print_table, suggest, warn
from svlaw.cli.shared_options import reads
from svlaw.cli.study import describe, headings, open_study
from svlaw.questions.defaults import FINE, LAW_RESAMPLES

if TYPE_CHECKING:
    from svlaw.analysis.cost_choice import CostChoice
    from svlaw.analysis.success.estimators import Options
    from svlaw.fit.laws.allocation import AllocationFit


@reads(choice=read_cost, options=read_options, intervals=read_intervals)
def fit(
    pool: PoolPath,
    method: Annotated[
        str,
        typer.Option(
            metavar="METHOD,...",
            help="Methods: envelope, isobudget, surface; or all, to compare them.",
        ),
    ] = "all",
    interior: Annotated[
        bool,
        typer.Option(
            "--interior",
            help="Exclude optima at the largest S or V, or at S = 1 or V = 1.",
        ),
    ] = False,
    solutions: FineSolutions = FINE,
    verifications: FineVerifications = FINE,
    *,
    choice: "CostChoice",
    verifier: Verifier = None,
    resamples: Resamples = LAW_RESAMPLES,
    options: "Options",
    intervals: "IntervalChoice",
    on: On = None,
    by: By = None,
    bins: Bins = None,
    as_json: Json = False,
) -> None:
    """Fit the allocation laws S_opt ~ C^a and V_opt ~ C^b by three methods."""
    study = open_study(
        pool,
        None,
        solutions,
        verifications,
        choice,
        verifier,
        options,
        needs_verified=True,
        by=by,
        cuts=bins,
        on=on,
        intervals=intervals,
        figures="exponent",
    )
    from svlaw.fit.laws.allocation import fit_allocation

    fits = [
        fit_allocation(
            table,
            study.cost,
            read_names(method) or method,
            interior=interior,
            resamples=resamples,
            seed=options.seed,
        )
        for table in study.tables
    ]
    if as_json:
        print_json(describe(study, [_document(found) for found in fits]))
        return
    for heading, found in zip(headings(study), fits, strict=True):
        _print_laws(heading, found, intervals)
    from svlaw.fit.laws.law_tables import EDGE

    console.print(EDGE)
    suggest(f"svlaw plot law {pool}{as_options(choice)}")


def _document(found: "AllocationFit") -> dict[str, Any]:
    from svlaw.fit.laws.advice import advise

    return {
        "advice": [asdict(advice) for advice in advise(found.laws)],
        "laws": [asdict(law) for law in found.laws],
        "sums": [asdict(total) for total in found.sums],
        "optima": found.optima.to_dicts(),
        "surfaces": found.surfaces.to_dicts(),
    }


def _print_laws(heading: str, found: "AllocationFit", intervals: IntervalChoice) -> None:
    from svlaw.fit.laws.law_tables import law_tables

    for table in law_tables(found, heading, intervals):
        print_table(table)
    doubts: dict[str, list[str]] = {}
    for law in found.laws:
        if law.words:
            symbol = "S" if law.quantity == "solutions" else "V"
            doubts.setdefault(law.words, []).append(f"{law.strategy} {law.method} {symbol}")
    for words, laws in doubts.items():
        warn(f"{', '.join(laws)}: {words}")

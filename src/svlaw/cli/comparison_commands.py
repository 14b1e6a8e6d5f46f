"""`svlaw curves`, `frontier` and `crossover`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from svlaw.analysis.intervals.interval_choice import IntervalChoice
from svlaw.cli.cost_options import as_options, read_cost
from svlaw.cli.interval_options import read_intervals
from svlaw.cli.options import (
    Bins,
    By,
    Json,
    On,
    Output,
    PoolPath,
    Resamples,
    Solutions,
    Strategies,
    Verifications,
    Verifier,
    read_options,
)
from svlaw.cli.output import (
    check_suffix,
    console,
    print_json,
    print_rows,
    print_sentences,
    print_table,
    suggest,
    warn,
    write_rows,
)
from svlaw.cli.shared_options import reads
from svlaw.cli.study import Study, describe, headings, open_study, quoted, stack
from svlaw.data.errors import BadInputError
from svlaw.data.table_texts import labelled, number, percent, span
from svlaw.questions.defaults import RESAMPLES

MANY_CENSORED: Final = 0.01
"""Share of a policy's replays that were cut, from which it is said."""

if TYPE_CHECKING:
    import polars as pl

    from svlaw.analysis.compare.crossover import Crossover
    from svlaw.analysis.cost_choice import CostChoice
    from svlaw.analysis.intervals.interval import Interval
    from svlaw.analysis.success.estimators import Options


@reads(choice=read_cost, options=read_options, intervals=read_intervals)
def curves(
    pool: PoolPath,
    strategies: Strategies = None,
    solutions: Solutions = None,
    verifications: Verifications = None,
    *,
    choice: "CostChoice",
    verifier: Verifier = None,
    options: "Options",
    intervals: "IntervalChoice",
    on: On = None,
    by: By = None,
    bins: Bins = None,
    false_positive_rate: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Also show what coverage would be if this share of the incorrect solutions were"
            " graded correct.",
        ),
    ] = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Show success at every (S, V) or setting, with 95% intervals and cost."""
    check_suffix(output)
    study = open_study(
        pool,
        strategies,
        solutions,
        verifications,
        choice,
        verifier,
        options,
        by=by,
        cuts=bins,
        on=on,
        intervals=intervals,
    )
    from svlaw.analysis.compare.comparison_tables import curve_table
    from svlaw.analysis.compare.curves import curves as compute

    rate = false_positive_rate
    frames = [compute(t, study.cost, false_positive_rate=rate) for t in study.tables]
    if output is not None:
        write_rows(output, stack(study, frames))
    if as_json:
        print_json(describe(study, [{"curves": frame.to_dicts()} for frame in frames]))
    elif output is None:
        for heading, frame in zip(headings(study), frames, strict=True):
            print_table(curve_table(frame, heading, intervals, rate))
        if any(row["setting"] for row in frames[0].iter_rows(named=True)):
            console.print("S, V and cost of policies are means over problems")
        suggest(f"svlaw frontier {pool}{as_options(choice)}")
    _warn_of_censored(frames[0])


@reads(choice=read_cost, options=read_options, intervals=read_intervals)
def frontier(
    pool: PoolPath,
    strategies: Strategies = None,
    solutions: Solutions = None,
    verifications: Verifications = None,
    *,
    headroom: Annotated[
        bool,
        typer.Option(
            "--headroom",
            help="Also show what the best division of each budget among problems would reach.",
        ),
    ] = False,
    choice: "CostChoice",
    verifier: Verifier = None,
    resamples: Resamples = RESAMPLES,
    options: "Options",
    intervals: "IntervalChoice",
    on: On = None,
    by: By = None,
    bins: Bins = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Show the best (S, V) or setting of each strategy within each budget, and which wins."""
    check_suffix(output)
    study = open_study(
        pool,
        strategies,
        solutions,
        verifications,
        choice,
        verifier,
        options,
        by=by,
        cuts=bins,
        on=on,
        has_contenders=True,
        intervals=intervals,
    )
    from svlaw.analysis.compare.comparison_tables import frontier_table, headroom_table
    from svlaw.analysis.compare.frontier import frontier as compute

    divided = _headroom(pool, study, headroom)
    frames = [compute(t, study.cost, resamples=resamples, seed=options.seed) for t in study.tables]
    if output is not None:
        write_rows(output, stack(study, frames))
    if as_json:
        document = describe(study, [{"frontier": frame.to_dicts()} for frame in frames])
        print_json(document | ({} if divided is None else {"headroom": divided.to_dicts()}))
    elif output is None:
        tables = [
            frontier_table(frame, heading, intervals)
            for heading, frame in zip(headings(study), frames, strict=True)
        ]
        for table in tables:
            print_rows(table.title, table.header, table.rows)
        for note in dict.fromkeys(note for table in tables for note in table.notes):
            console.print(note, markup=False, highlight=False, soft_wrap=True)
        if divided is not None:
            print_table(headroom_table(divided))
        suggest(f"svlaw plan {pool}{as_options(choice)} --budget COST")


def _headroom(path: Path, study: "Study", is_wanted: bool) -> "pl.DataFrame | None":
    """The headroom of a study, where it is asked for."""
    from svlaw.analysis.compare.headroom import headroom
    from svlaw.data.pool import open_pool

    if not is_wanted:
        return None
    if study.bins is not None:
        raise BadInputError("--headroom is for all problems; leave out --by")
    return headroom(open_pool(path), study.table, study.cost)


@reads(choice=read_cost, options=read_options, intervals=read_intervals)
def crossover(
    pool: PoolPath,
    strategy: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="best_of_n, weighted_vote, best (of the two), or all of these side by side; or any"
            " other strategy, with settings such as adaptive_vote:most=64.",
        ),
    ] = "best_of_n",
    against: Annotated[
        str,
        typer.Option(metavar="NAME", help="The strategy to compare with."),
    ] = "self_consistency",
    solutions: Solutions = None,
    verifications: Verifications = None,
    *,
    choice: "CostChoice",
    verifier: Verifier = None,
    resamples: Resamples = RESAMPLES,
    options: "Options",
    intervals: "IntervalChoice",
    on: On = None,
    by: By = None,
    bins: Bins = None,
    as_json: Json = False,
) -> None:
    """Find the budget at which verification, or any strategy, takes the lead over another."""
    every = strategy == "all"
    challengers = "best_of_n,weighted_vote" if strategy == "best" else strategy
    study = open_study(
        *(pool, None if every else f"{against},{challengers}", solutions, verifications),
        *(choice, verifier, options),
        needs_verified=every,
        by=by,
        cuts=bins,
        on=on,
        intervals=intervals,
        figures="budget",
    )
    from svlaw.analysis.compare.crossover import crossover as compute
    from svlaw.report.crossover_words import crossover_sentences

    names = _challengers(study) if every else [strategy]
    found = [
        [
            compute(t, study.cost, name, against, resamples=resamples, seed=options.seed)
            for name in names
        ]
        for t in study.tables
    ]
    if as_json:
        documents = [[_document(one) for one in each] for each in found]
        contents = [{"crossovers": each} if every else each[0] for each in documents]
        print_json(describe(study, contents))
        return
    for heading, each in zip(headings(study), found, strict=True):
        console.print(heading, markup=False, highlight=False, soft_wrap=True)
        for one in each:
            if intervals.has_problems:
                print_sentences(crossover_sentences(one, study.cost.unit_name, against))
            if intervals.has_samples:
                header = ("these problems, sampled again", "estimate", "95%")
                print_rows(one.strategy, header, _sampled_again(one))
    _warn_of_unsaturated(study, [each[0] for each in found], against)
    suggest(f"svlaw report {pool}{as_options(choice)}")


def _warn_of_censored(frame: "pl.DataFrame") -> None:
    """Say which policies wanted more than a problem has, in a share of replays that matters."""
    for row in frame.iter_rows(named=True):
        if (row["censored"] or 0) >= MANY_CENSORED:
            warn(
                f"{labelled(row)}: {percent(row['censored'])}% of replays wanted more than the"
                " problem has and were cut there; generate more, or give a smaller most"
            )


def _challengers(study: Study) -> list[str]:
    """Each strategy with a verifier, and the better of them where there are two."""
    from svlaw.data.schema import VERIFIED

    present: list[str] = [name for name in VERIFIED if name in study.table.strategies]
    return [*present, "best"] if len(present) > 1 else present


def _document(found: "Crossover") -> dict[str, Any]:
    from svlaw.analysis.compare.comparison_tables import BUDGETS

    figures = {name: _figure(getattr(found, name)) for name in BUDGETS}
    return {
        "strategy": found.strategy,
        "status": found.status,
        "saturation_probability": found.saturation_probability,
        **figures,
    }


def _figure(value: "Interval") -> dict[str, float | None]:
    return {
        "estimate": value.estimate,
        "conf_low": value.conf_low,
        "conf_high": value.conf_high,
        "never": value.never,
        "samples_low": value.samples_low,
        "samples_high": value.samples_high,
    }


def _sampled_again(found: "Crossover") -> list[tuple[str, str, str]]:
    """Figures with their intervals for these problems, sampled again."""
    from svlaw.analysis.compare.comparison_tables import BUDGETS, named

    rows = []
    for name in BUDGETS:
        value = getattr(found, name)
        form = percent if name == "gain" else number
        estimate = "never within the data" if value.estimate is None else form(value.estimate)
        rows.append((named(name), estimate, span(value.samples_low, value.samples_high, form)))
    return rows


def _warn_of_unsaturated(study: Study, found: "Sequence[Crossover]", against: str) -> None:
    """Say where what is compared with may rise further."""
    name = "self-consistency" if against == "self_consistency" else against
    largest = "S" if name == "self-consistency" else "cost"
    words = f"{name} is best at its largest {largest} and may rise further; so may its budget"
    rising = [one.status == "unsaturated" for one in found]
    if study.bins is None:
        if rising[0]:
            warn(words)
    elif any(rising):
        names = [part.name for part, rises in zip(study.bins, rising, strict=True) if rises]
        warn(f"{quoted(names)}: {words}")

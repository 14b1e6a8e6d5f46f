"""`svlaw curves`, `frontier` and `crossover`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from svlaw.cli.cost_options import read_cost
from svlaw.cli.interval_options import IntervalChoice, read_intervals
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
    explain_few,
    number,
    percent,
    print_json,
    print_rows,
    print_sentences,
    span,
    warn,
    write_rows,
)
from svlaw.cli.shared_options import reads
from svlaw.cli.study import Study, describe, headings, open_study, quoted, stack

if TYPE_CHECKING:
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
            metavar="F",
            help="Also show what coverage would read if a share F of the wrong solutions were"
            " graded right.",
        ),
    ] = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Success at every (S, V), with 95% intervals and cost."""
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
    from svlaw.analysis.compare.curves import curves as compute

    rate = false_positive_rate
    frames = [compute(t, study.cost, false_positive_rate=rate) for t in study.tables]
    if output is not None:
        write_rows(output, stack(study, frames))
    if as_json:
        print_json(describe(study, [{"curves": frame.to_dicts()} for frame in frames]))
    elif output is None:
        header = ("strategy", "S", "V", "cost", "success", *intervals.headings, "MC error")
        header += () if rate is None else (f"F = {rate:g}",)
        for heading, frame in zip(headings(study), frames, strict=True):
            rows = [
                (
                    row["strategy"],
                    str(row["solutions"]),
                    str(row["verifications"]),
                    number(row["cost"]),
                    percent(row["success"]),
                    *intervals.spans(row),
                    "–" if row["mc_error"] is None else f"{100 * row['mc_error']:.2f}",
                    *(() if rate is None else [percent(row["with_false_positives"])]),
                )
                for row in frame.to_dicts()
            ]
            print_rows(heading, header, rows)


@reads(choice=read_cost, options=read_options, intervals=read_intervals)
def frontier(
    pool: PoolPath,
    strategies: Strategies = None,
    solutions: Solutions = None,
    verifications: Verifications = None,
    *,
    choice: "CostChoice",
    verifier: Verifier = None,
    resamples: Resamples = 2000,
    options: "Options",
    intervals: "IntervalChoice",
    on: On = None,
    by: By = None,
    bins: Bins = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """The best (S, V) of each strategy within each budget, and which strategy wins."""
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
    from svlaw.analysis.compare.frontier import frontier as compute

    frames = [compute(t, study.cost, resamples=resamples, seed=options.seed) for t in study.tables]
    if output is not None:
        write_rows(output, stack(study, frames))
    if as_json:
        print_json(describe(study, [{"frontier": frame.to_dicts()} for frame in frames]))
    elif output is None:
        ends = intervals.headings
        header = ("strategy", "budget", "S", "V", "success", *ends, "crossfit", "gain", *ends)
        for heading, frame in zip(headings(study), frames, strict=True):
            rows = [
                (
                    f"{'*' if row['best'] else ' '} {row['strategy']}",
                    number(row["budget"]),
                    str(row["solutions"]),
                    str(row["verifications"]),
                    percent(row["success"]),
                    *intervals.spans(row),
                    percent(row["crossfit"]),
                    percent(row["gain"]),
                    *intervals.spans(row, "gain"),
                )
                for row in frame.to_dicts()
            ]
            print_rows(heading, header, rows)
        console.print(
            "in %; * wins at its budget; crossfit: chosen on some problems, scored on others;"
        )
        console.print("gain: over self-consistency at the same budget; intervals: pointwise")
        if intervals.has_problems:
            explain_few(row["few_differ"] for frame in frames for row in frame.to_dicts())


@reads(choice=read_cost, options=read_options, intervals=read_intervals)
def crossover(
    pool: PoolPath,
    strategy: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="best_of_n, weighted_vote, best (of the two), or all of these side by side.",
        ),
    ] = "best_of_n",
    solutions: Solutions = None,
    verifications: Verifications = None,
    *,
    choice: "CostChoice",
    verifier: Verifier = None,
    resamples: Resamples = 2000,
    options: "Options",
    intervals: "IntervalChoice",
    on: On = None,
    by: By = None,
    bins: Bins = None,
    as_json: Json = False,
) -> None:
    """Find the budget from which on verification leads self-consistency."""
    every = strategy == "all"
    challengers = "best_of_n,weighted_vote" if strategy == "best" else strategy
    study = open_study(
        *(pool, None if every else f"self_consistency,{challengers}", solutions, verifications),
        *(choice, verifier, options),
        needs_verified=every,
        by=by,
        cuts=bins,
        on=on,
        intervals=intervals,
    )
    from svlaw.analysis.compare.crossover import crossover as compute
    from svlaw.report.crossover_words import crossover_sentences

    names = _challengers(study) if every else [strategy]
    found = [
        [compute(t, study.cost, name, resamples=resamples, seed=options.seed) for name in names]
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
                print_sentences(crossover_sentences(one, study.cost.unit_name))
            if intervals.has_samples:
                header = ("these problems, sampled again", "estimate", "95%")
                print_rows(one.strategy, header, _sampled_again(one))
    _warn_of_unsaturated(study, [each[0] for each in found])


_FIGURES: Final = (
    "saturation_budget",
    "crossover_budget",
    "match_budget",
    "match_ratio",
    "gain",
    "gain_ratio",
    "ahead_budget",
)


def _challengers(study: Study) -> list[str]:
    """Each strategy with a verifier, and the better of them where there are two."""
    from svlaw.data.schema import VERIFIED

    present: list[str] = [name for name in VERIFIED if name in study.table.strategies]
    return [*present, "best"] if len(present) > 1 else present


def _document(found: "Crossover") -> dict[str, Any]:
    figures = {name: _figure(getattr(found, name)) for name in _FIGURES}
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
    rows = []
    for name in _FIGURES:
        value = getattr(found, name)
        form = percent if name == "gain" else number
        label = f"{name.replace('_', ' ')}{' (points)' if name == 'gain' else ''}"
        estimate = "never within the data" if value.estimate is None else form(value.estimate)
        rows.append((label, estimate, span(value.samples_low, value.samples_high, form)))
    return rows


def _warn_of_unsaturated(study: Study, found: "Sequence[Crossover]") -> None:
    """Say where self-consistency may rise further; whatever it is compared with."""
    words = "self-consistency is best at its largest S and may rise further; so may its budget"
    rising = [one.status == "unsaturated" for one in found]
    if study.bins is None:
        if rising[0]:
            warn(words)
    elif any(rising):
        names = [part.name for part, rises in zip(study.bins, rising, strict=True) if rises]
        warn(f"{quoted(names)}: {words}")

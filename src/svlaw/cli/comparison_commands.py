"""`svlaw curves`, `frontier` and `crossover`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from svlaw.cli.cost_options import read_cost
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
    number,
    percent,
    print_json,
    print_rows,
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


@reads(choice=read_cost, options=read_options)
def curves(
    pool: PoolPath,
    strategies: Strategies = None,
    solutions: Solutions = None,
    verifications: Verifications = None,
    *,
    choice: "CostChoice",
    verifier: Verifier = None,
    options: "Options",
    on: On = None,
    by: By = None,
    bins: Bins = None,
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
    )
    from svlaw.analysis.compare.curves import curves as compute

    frames = [compute(t, study.cost) for t in study.tables]
    if output is not None:
        write_rows(output, stack(study, frames))
    if as_json:
        print_json(describe(study, [{"curves": frame.to_dicts()} for frame in frames]))
    elif output is None:
        header = ("strategy", "S", "V", "cost", "success", "95%", "MC error")
        for heading, frame in zip(headings(study), frames, strict=True):
            rows = [
                (
                    row["strategy"],
                    str(row["solutions"]),
                    str(row["verifications"]),
                    number(row["cost"]),
                    percent(row["success"]),
                    span(row["conf_low"], row["conf_high"]),
                    "–" if row["mc_error"] is None else f"{100 * row['mc_error']:.2f}",
                )
                for row in frame.to_dicts()
            ]
            print_rows(heading, header, rows)


@reads(choice=read_cost, options=read_options)
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
    )
    from svlaw.analysis.compare.frontier import frontier as compute

    frames = [compute(t, study.cost, resamples=resamples, seed=options.seed) for t in study.tables]
    if output is not None:
        write_rows(output, stack(study, frames))
    if as_json:
        print_json(describe(study, [{"frontier": frame.to_dicts()} for frame in frames]))
    elif output is None:
        header = ("strategy", "budget", "S", "V", "success", "95%", "crossfit", "gain", "95%")
        for heading, frame in zip(headings(study), frames, strict=True):
            rows = [
                (
                    f"{'*' if row['best'] else ' '} {row['strategy']}",
                    number(row["budget"]),
                    str(row["solutions"]),
                    str(row["verifications"]),
                    percent(row["success"]),
                    span(row["conf_low"], row["conf_high"]),
                    percent(row["crossfit"]),
                    percent(row["gain"]),
                    span(row["gain_low"], row["gain_high"]),
                )
                for row in frame.to_dicts()
            ]
            print_rows(heading, header, rows)
        console.print(
            "in %; * wins at its budget; crossfit: chosen on some problems, scored on others;"
        )
        console.print("gain: over self-consistency at the same budget")


@reads(choice=read_cost, options=read_options)
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
    on: On = None,
    by: By = None,
    bins: Bins = None,
    as_json: Json = False,
) -> None:
    """The budget from which verification beats self-consistency."""
    every = strategy == "all"
    challengers = "best_of_n,weighted_vote" if strategy == "best" else strategy
    study = open_study(
        *(pool, None if every else f"self_consistency,{challengers}", solutions, verifications),
        *(choice, verifier, options),
        needs_verified=every,
        by=by,
        cuts=bins,
        on=on,
    )
    from svlaw.analysis.compare.crossover import crossover as compute

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
        rows = [_rows(one) for one in each]
        if every:
            rows = [_interleaved(names, rows)]
        header = ("figure" if every else strategy, "estimate", "95% interval", "never")
        print_rows(heading, header, rows[0])
    _warn_of_unsaturated(study, [each[0] for each in found])


_Row = tuple[str, str, str, str]
_FIGURES: Final = (
    "saturation_budget",
    "crossover_budget",
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
    return {"strategy": found.strategy, "status": found.status, **figures}


def _figure(value: "Interval") -> dict[str, float | None]:
    return {
        "estimate": value.estimate,
        "conf_low": value.conf_low,
        "conf_high": value.conf_high,
        "never": value.never,
    }


def _interleaved(names: Sequence[str], rows: Sequence[Sequence[_Row]]) -> list[_Row]:
    """Each figure of all strategies, then the next figure."""
    return [
        (f"{row[0]}: {name}", *row[1:])
        for figure in zip(*rows, strict=True)
        for name, row in zip(names, figure, strict=True)
    ]


def _rows(found: "Crossover") -> list[_Row]:
    rows = []
    for name in _FIGURES:
        value = getattr(found, name)
        form = percent if name == "gain" else number
        label = f"{name.replace('_', ' ')}{' (points)' if name == 'gain' else ''}"
        estimate = "never within the data" if value.estimate is None else form(value.estimate)
        never = "–" if value.never is None else f"{value.never:.0%}"
        rows.append((label, estimate, span(value.conf_low, value.conf_high, form), never))
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

"""What every analysis command starts from: the success table, the cost, and their description."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from svlaw.analysis.intervals.interval_choice import IntervalChoice
from svlaw.cli.cost_options import cost_in_words, describe_cost
from svlaw.cli.interval_options import noise_remarks
from svlaw.cli.options import read_bins, read_names, read_values
from svlaw.cli.output import progress_bar, warn
from svlaw.data.numerals import counted
from svlaw.data.table_texts import percent

if TYPE_CHECKING:
    import polars as pl

    from svlaw.analysis.compare.difficulty import Bin
    from svlaw.analysis.cost import CostModel
    from svlaw.analysis.cost_choice import CostChoice
    from svlaw.analysis.success.estimators import Options
    from svlaw.analysis.success.success_table import SuccessTable
    from svlaw.data.pool import Pool

_MOST_NAMES: Final = 6
"""Bins that a remark names."""


class Study(NamedTuple):
    """What every analysis starts from.

    Attributes:
        table: The success table of all problems.
        cost: The cost model.
        document: What JSON says of both.
        bins: The bins of the problems, where `--by` asks for them.
        intervals: The intervals asked for.
    """

    table: "SuccessTable"
    cost: "CostModel"
    document: dict[str, Any]
    bins: "tuple[Bin, ...] | None" = None
    intervals: IntervalChoice = IntervalChoice()

    @property
    def tables(self) -> "list[SuccessTable]":
        """The tables to analyse: that of each bin, or without bins the one of all problems."""
        return [self.table] if self.bins is None else [part.table for part in self.bins]


def open_study(
    path: Path,
    strategies: str | None,
    solutions: str | None,
    verifications: str | None,
    choice: "CostChoice",
    verifier: str | None,
    options: "Options",
    *,
    needs_verified: bool = False,
    has_contenders: bool = False,
    by: str | None = None,
    cuts: str | None = None,
    on: str | None = None,
    intervals: IntervalChoice | None = None,
    figures: str = "success",
) -> Study:
    """Open a pool and compute what an analysis rests on, with a bar while it runs.

    Args:
        path: Folder of the pool.
        strategies: Names separated by commas; all the pool has data for when None.
        solutions: Values of S as text.
        verifications: Values of V as text.
        choice: The cost model asked for.
        verifier: Verifier to use.
        options: Options of the estimators.
        needs_verified: Whether a strategy with a verifier must be among them.
        has_contenders: Whether the vote of a verifier whose own answers are known is one of them
            where none are named.
        by: Column to sort problems into bins by, or `pass_rate`; no bins when None.
        cuts: How to cut numbers into bins, as text.
        on: Where to compute; this machine when None.
        intervals: The intervals asked for; those of problems when None.
        figures: Kind of figure that takes the most problems: `success`, `exponent` or `budget`.
    """
    from svlaw.analysis.checks.selection_checks import selection_remarks
    from svlaw.analysis.compare.difficulty import PASS_RATE, bins, check_by
    from svlaw.analysis.compare.problem_families import family_labels, in_families
    from svlaw.analysis.intervals.problem_counts import few_problems_remarks
    from svlaw.analysis.success.pool_strategies import contenders, default_strategies
    from svlaw.analysis.success.solution_halves import with_sampling_noise
    from svlaw.analysis.success.success_table import success_table
    from svlaw.data.pool import open_pool
    from svlaw.data.schema import VERIFIED
    from svlaw.data.workers.ray_addresses import check_place
    from svlaw.data.workers.ray_connection import connect

    check_place(on)
    pool = open_pool(path)
    if verifier is not None:
        pool.resolve_verifier(verifier)  # also where no strategy asks for one
    read_cuts = read_bins(cuts, by)
    if by is not None:
        check_by(pool, by, read_cuts)
    intervals = intervals or IntervalChoice()
    if intervals.cluster is not None:
        family_labels(pool, intervals.cluster)  # a column that is not there costs no estimation
    if by == PASS_RATE:
        options = replace(options, half="analysis")
    names = read_names(strategies)
    if names is None and has_contenders:
        names = list(contenders(pool))
    if needs_verified:
        # The baselines stay, so that every command averages over the same problems.
        names = list(default_strategies(pool))
        names += [] if set(names) & set(VERIFIED) else VERIFIED
    cost = choice.model(pool, verifier)
    with connect(on) as cluster, progress_bar("problems") as progress:
        table = success_table(
            pool,
            names,
            read_values(solutions, "--solutions"),
            read_values(verifications, "--verifications"),
            verifier=verifier,
            options=options,
            cluster=cluster,
            progress=progress,
        )
        if intervals.has_samples:
            table = with_sampling_noise(pool, table, cluster=cluster)
    if intervals.cluster is not None:
        table = in_families(pool, table, intervals.cluster)
    notes = [
        *selection_remarks(pool, table),
        *noise_remarks(table),
        *few_problems_remarks(table.n_units, figures),
    ]
    for note in notes:
        warn(note)
    if table.n_set_aside:
        aside = counted(table.n_set_aside, "problem")
        warn(
            f"{aside} with too few solutions or verdicts for this grid set aside for all"
            f" strategies; {table.n_problems:,} left"
        )
    document = {
        "pool": str(path),
        "verifier": table.verifier,
        "cost": describe_cost(cost) | _lambda_ends(pool, cost, verifier),
        "n_problems": table.n_problems or None,
        "n_set_aside": table.n_set_aside,
        "seed": options.seed,
        "unparsed": options.unparsed,
        "unparsed_rate": _unparsed_share(pool, table),
        "missing_answer": options.missing_answer,
        "population": options.population,
        **intervals.described(table),
        "notes": notes,
    }
    if by is None:
        return Study(table, cost, document, None, intervals)
    document |= {"by": by, "half": options.half}
    found = bins(pool, table, by, read_cuts)
    _warn_of_few(found)
    return Study(table, cost, document, found, intervals)


def _lambda_ends(pool: "Pool", cost: "CostModel", verifier: str | None) -> dict[str, Any]:
    """The interval of a lambda that was measured."""
    from svlaw.analysis.cost import RelativeCost
    from svlaw.analysis.intervals.lambda_interval import lambda_interval
    from svlaw.data.lengths import measure_lambda

    if not isinstance(cost, RelativeCost) or not cost.origin.startswith("measured"):
        return {}
    found = lambda_interval(pool, measure_lambda(pool, verifier), verifier)
    return {"lambda_low": found.conf_low, "lambda_high": found.conf_high}


def _unparsed_share(pool: "Pool", table: "SuccessTable") -> float | None:
    """The share of unparsed verdicts, with a remark where it is large."""
    from svlaw.data.verdicts.unparsed import MANY_UNPARSED, unparsed_share, unparsed_words

    if table.verifier is None or not pool.has("verdicts", table.verifier):
        return None
    unparsed = unparsed_share(pool, table.verifier)
    if unparsed >= MANY_UNPARSED:
        warn(f"{unparsed_words(f'{percent(unparsed)}%')}: see 'svlaw parse'")
    return unparsed


def _warn_of_few(bins: "Sequence[Bin]") -> None:
    from svlaw.analysis.compare.difficulty import BIN_STATUS_WORDS

    for status, words in BIN_STATUS_WORDS.items():
        names = [part.name for part in bins if part.status == status]
        if names and words:
            warn(f"{quoted(names)}: {words}")


def quoted(names: Sequence[str]) -> str:
    """Names of bins in quotation marks; of many the first few."""
    shown = ", ".join(f"'{name}'" for name in names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown


def describe(study: Study, contents: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The JSON document of an analysis.

    Args:
        study: The study.
        contents: What the analysis says of each of `study.tables`.

    Returns:
        Without bins the study's document and the one content; with bins the document and a list
        `bins` of `bin`, `n_problems`, `bin_status` and the content.
    """
    contents = [study.intervals.document(content) for content in contents]
    if study.bins is None:
        return {**study.document, **contents[0]}
    documents = [
        {"bin": part.name, "n_problems": part.n_problems, "bin_status": part.status, **content}
        for part, content in zip(study.bins, contents, strict=True)
    ]
    return {**study.document, "bins": documents}


def stack(study: Study, frames: "Sequence[pl.DataFrame]") -> "pl.DataFrame":
    """The rows of an analysis, those of each bin led by `bin`, `n_problems` and `bin_status`.

    Args:
        study: The study.
        frames: The rows of each of `study.tables`.
    """
    import polars as pl

    frames = [study.intervals.frame(frame) for frame in frames]
    if study.bins is None:
        return frames[0]
    stacked = []
    for part, frame in zip(study.bins, frames, strict=True):
        count = pl.lit(part.n_problems, pl.Int32).alias("n_problems")
        held = "n_problems" if "n_problems" in frame.columns else count
        lead = (pl.lit(part.name).alias("bin"), held, pl.lit(part.status).alias("bin_status"))
        stacked.append(frame.select(*lead, pl.exclude("n_problems")))
    return pl.concat(stacked)


def headings(study: Study) -> list[str]:
    """What to print above the analysis of each of `study.tables`."""
    if study.bins is None:
        return [title(study)]
    names = [f"{part.by} {part.name}: {counted(part.n_problems, 'problem')}" for part in study.bins]
    return [f"{title(study)}\n\n{names[0]}", *names[1:]]


def title(study: Study) -> str:
    """The heading of an analysis: pool, problems, cost."""
    count = study.table.n_problems
    problems = counted(count, "problem") if count else "published table"
    if study.table.clusters is not None:
        problems += f" in {study.table.n_units:,} families"
    if study.document.get("half", "all") != "all":
        problems += ", one half of their solutions"
    return f"{Path(study.document['pool']).name}: {problems}, {cost_in_words(study.cost)}"

"""What every analysis command starts from: the success table, the cost, and their description."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from svlaw.cli.options import read_names, read_values
from svlaw.cli.output import progress_bar, warn

if TYPE_CHECKING:
    from svlaw.analysis.cost import RelativeCost
    from svlaw.analysis.estimators import Options
    from svlaw.analysis.success import SuccessTable


class Study(NamedTuple):
    """What every analysis starts from."""

    table: "SuccessTable"
    cost: "RelativeCost"
    document: dict[str, Any]


def read_options(
    unparsed: str, missing_answer: str, population: str, tolerance: float, seed: int
) -> "Options":
    """The options of the estimators, from their texts.

    Raises:
        ValueError: A text is no policy there is, or a number out of range.
    """
    from svlaw.analysis.estimators import Options

    return Options(
        unparsed=unparsed,  # type: ignore[arg-type]  # Options refuses any other text
        missing_answer=missing_answer,  # type: ignore[arg-type]
        population=population,  # type: ignore[arg-type]
        tolerance=tolerance,
        seed=seed,
    )


def open_study(
    path: Path,
    strategies: str | None,
    solutions: str | None,
    verifications: str | None,
    ratio: float | None,
    verifier: str | None,
    options: "Options",
    *,
    needs_verified: bool = False,
) -> Study:
    """Open a pool and compute what an analysis rests on, with a bar while it runs.

    Args:
        path: Folder of the pool.
        strategies: Names separated by commas; all the pool has data for when None.
        solutions: Values of S as text.
        verifications: Values of V as text.
        ratio: lambda; measured when None.
        verifier: Verifier to use.
        options: Options of the estimators.
        needs_verified: Whether a strategy with a verifier must be among them.
    """
    from svlaw.analysis.cost import relative_cost
    from svlaw.analysis.success import default_strategies, success_table
    from svlaw.data.pool import open_pool
    from svlaw.data.schema import VERIFIED

    pool = open_pool(path)
    names = read_names(strategies)
    if needs_verified:
        # The baselines stay, so that every command averages over the same problems.
        names = list(default_strategies(pool))
        names += [] if set(names) & set(VERIFIED) else VERIFIED
    cost = relative_cost(pool, ratio, verifier)
    with progress_bar("problems") as progress:
        table = success_table(
            pool,
            names,
            read_values(solutions, "--solutions"),
            read_values(verifications, "--verifications"),
            verifier=verifier,
            options=options,
            progress=progress,
        )
    if table.n_set_aside:
        warn(
            f"{table.n_set_aside} problems hold too few solutions or verdicts for this grid and are"
            f" set aside for all strategies; {table.n_problems} remain"
        )
    document = {
        "pool": str(path),
        "verifier": table.verifier,
        "cost": {"model": "relative", "lambda": cost.ratio, "origin": cost.origin},
        "n_problems": table.n_problems or None,
        "n_set_aside": table.n_set_aside,
        "seed": options.seed,
        "unparsed": options.unparsed,
        "missing_answer": options.missing_answer,
        "population": options.population,
    }
    return Study(table, cost, document)


def title(study: Study) -> str:
    """The heading of an analysis: pool, problems, cost."""
    problems = f"{study.table.n_problems} problems" if study.table.n_problems else "published table"
    ratio = f"lambda {study.cost.ratio:.3g} ({study.cost.origin})"
    return f"{Path(study.document['pool']).name}: {problems}, {ratio}, cost in solutions"

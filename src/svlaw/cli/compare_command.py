"""`svlaw compare`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from svlaw.cli.cost_options import cost_in_words, describe_cost, read_cost
from svlaw.cli.options import (
    INTERVALS,
    Json,
    On,
    Output,
    Solutions,
    Strategies,
    Verifications,
    Verifier,
    read_names,
    read_options,
    read_place,
    read_values,
)
from svlaw.cli.output import (
    check_suffix,
    console,
    print_json,
    print_table,
    progress_bar,
    suggest,
    warn,
    write_rows,
)
from svlaw.cli.shared_options import reads
from svlaw.data.errors import BadInputError
from svlaw.data.numerals import counted

if TYPE_CHECKING:
    from svlaw.analysis.cost import CostModel
    from svlaw.analysis.cost_choice import CostChoice
    from svlaw.analysis.success.estimators import Options
    from svlaw.analysis.success.success_table import SuccessTable
    from svlaw.data.pool import Pool
    from svlaw.data.workers.ray_cluster import Cluster


@reads(choice=read_cost, options=read_options)
def compare(
    pool_a: Annotated[
        Path, typer.Argument(metavar="A", parser=read_place, help="The pool to compare with.")
    ],
    pool_b: Annotated[
        Path,
        typer.Argument(
            metavar="B",
            parser=read_place,
            help="The pool over the same problems in which something changed.",
        ),
    ],
    strategies: Strategies = None,
    solutions: Solutions = None,
    verifications: Verifications = None,
    *,
    choice: "CostChoice",
    verifier: Verifier = None,
    options: "Options",
    cluster: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=INTERVALS,
            metavar="COLUMN",
            help="Column of A's problems that says which belong together: intervals then rest on"
            " families.",
        ),
    ] = None,
    on: On = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Show what changed between two pools over the same problems: another model or prompt."""
    check_suffix(output)
    from svlaw.analysis.compare.comparison_tables import differences_table
    from svlaw.analysis.compare.pool_differences import pool_differences
    from svlaw.analysis.compare.problem_families import family_labels, in_families
    from svlaw.analysis.intervals.problem_counts import few_problems_remarks
    from svlaw.data.pool import open_pool
    from svlaw.data.workers.ray_addresses import check_place
    from svlaw.data.workers.ray_connection import connect

    check_place(on)
    pools = open_pool(pool_a), open_pool(pool_b)
    _refuse_strangers(*pools)
    if cluster is not None:
        family_labels(pools[0], cluster)  # a column that is not there costs no estimation
    names = read_names(strategies) or _strategies_of_both(*pools)
    grid = (read_values(solutions, "--solutions"), read_values(verifications, "--verifications"))
    costs = [choice.model(pool, verifier) for pool in pools]
    with connect(on) as joined:
        a, b = (_table(pool, names, grid, verifier, options, joined) for pool in pools)
    if cluster is not None:
        a = in_families(pools[0], a, cluster)
    found = pool_differences(a, b, *costs)
    notes = [
        *(note for side in zip("AB", (a, b), strict=True) for note in _set_aside(*side)),
        *_other_references(*pools, set(a.problem_ids) & set(b.problem_ids)),
        *few_problems_remarks(found.n_units, "success"),
    ]
    for note in notes:
        warn(note)
    if output is not None:
        write_rows(output, found.rows)
    if as_json:
        document: dict[str, Any] = {
            "a": _described(pool_a, a, costs[0]),
            "b": _described(pool_b, b, costs[1]),
            "n_problems": found.n_problems,
            "n_only_a": found.n_only_a,
            "n_only_b": found.n_only_b,
            "seed": options.seed,
            "notes": notes,
        }
        if cluster is not None:
            document |= {"cluster": cluster, "n_clusters": found.n_units}
        print_json({**document, "differences": found.rows.to_dicts()})
    elif output is None:
        for letter, path, cost in zip("AB", (pool_a, pool_b), costs, strict=True):
            words = f"{letter}: {path.name}, {cost_in_words(cost)}"
            console.print(words, markup=False, highlight=False, soft_wrap=True)
        print_table(differences_table(found.rows, found.unit_name, found.in_words()))
        suggest(f"svlaw report {pool_a} {pool_b}")


def _refuse_strangers(a: "Pool", b: "Pool") -> None:
    """Raise before any work for a published table, and for pools without a common problem."""
    from svlaw.analysis.compare.pool_differences import common_problems

    for pool in (a, b):
        if pool.is_published_table:
            raise BadInputError(
                f"{pool.path}: a published table has no problems to pair; compare needs two pools"
            )
    ids = [
        pool.read("answers", ("problem_id",))["problem_id"].unique(maintain_order=True).to_list()
        for pool in (a, b)
    ]
    if all(ids):  # an empty pool is told of by its success table
        common_problems(*ids)


def _strategies_of_both(a: "Pool", b: "Pool") -> list[str]:
    """The strategies without settings that both pools have data for.

    Raises:
        BadInputError: There is none.
    """
    from svlaw.analysis.success.pool_strategies import default_strategies

    of_a, of_b = default_strategies(a), default_strategies(b)
    both = [name for name in of_a if name in of_b]
    if not both:
        raise BadInputError(
            f"no strategy has data in both pools: A has {', '.join(of_a)}, B has {', '.join(of_b)}"
        )
    return both


def _table(
    pool: "Pool",
    names: list[str],
    grid: tuple[Any, Any],
    verifier: str | None,
    options: "Options",
    cluster: "Cluster | None",
) -> "SuccessTable":
    from svlaw.analysis.success.success_table import success_table

    with progress_bar("problems") as progress:
        return success_table(
            *(pool, names, *grid),
            verifier=verifier,
            options=options,
            cluster=cluster,
            progress=progress,
        )


def _set_aside(letter: str, table: "SuccessTable") -> list[str]:
    """How many problems of a pool cannot support the grid."""
    if not table.n_set_aside:
        return []
    aside = counted(table.n_set_aside, "problem")
    return [
        f"{aside} of {letter} with too few solutions or verdicts for this grid set aside;"
        f" {table.n_problems:,} left"
    ]


def _other_references(a: "Pool", b: "Pool", common: set[str]) -> list[str]:
    """How many common problems have another reference answer in the other pool."""
    if not (a.has("problems") and b.has("problems")):
        return []
    held = [
        dict(pool.read("problems", ("problem_id", "reference_answer")).drop_nulls().iter_rows())
        for pool in (a, b)
    ]
    both = common & set(held[0]) & set(held[1])
    others = sum(held[0][name].strip() != held[1][name].strip() for name in both)
    if not others:
        return []
    return [
        f"{counted(others, 'problem')} of {len(both):,} with another reference answer in B:"
        " are these the same problems?"
    ]


def _described(path: Path, table: "SuccessTable", cost: "CostModel") -> dict[str, Any]:
    """What JSON says of a pool."""
    return {
        "pool": str(path),
        "verifier": table.verifier,
        "cost": describe_cost(cost),
        "n_problems": table.n_problems,
        "n_set_aside": table.n_set_aside,
    }

"""`svlaw import ...`: pools from what other tools have written."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from svlaw.cli.options import Json, Renames, read_renames
from svlaw.cli.output import console, print_json, progress_bar, warn

if TYPE_CHECKING:
    from svlaw.data.pool import Pool

app = typer.Typer(no_args_is_help=True, help="Make a pool from existing generations.")

Out = Annotated[Path, typer.Option(metavar="POOL", help="Folder of the new pool.")]
NewVerifier = Annotated[
    str, typer.Option(metavar="NAME", help="Name to give the verifier of these verdicts.")
]


@app.command()
def tables(
    out: Out,
    solutions: Annotated[
        Path,
        typer.Option(metavar="FILE", help="Graded solutions: .parquet, .csv or .jsonl."),
    ],
    problems: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Problems; further columns are kept.")
    ] = None,
    verifications: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Verdicts with a score or a verdict.")
    ] = None,
    verifier: NewVerifier = "verifier",
    rename: Renames = None,
    as_json: Json = False,
) -> None:
    """Make a pool from flat tables.

    Solutions need problem_id, solution_id and is_correct, and answer for voting; verifications need
    problem_id, solution_id, verification_id and score (in [0, 1]) or verdict (yes or no).
    """
    from svlaw.data.importers.tables import import_tables

    pool = import_tables(
        out,
        solutions,
        problems=problems,
        verifications=verifications,
        verifier=verifier,
        renames=read_renames(rename),
    )
    _report(pool, as_json)


@app.command()
def verdicts(
    pool: Annotated[Path, typer.Argument(metavar="POOL", help="An existing pool.")],
    verifications: Annotated[
        Path, typer.Option(metavar="FILE", help="Verdicts with a score or a verdict.")
    ],
    verifier: NewVerifier,
    rename: Renames = None,
    as_json: Json = False,
) -> None:
    """Add the verdicts of another verifier, or more of one, to a pool."""
    from svlaw.data.importers.tables import import_verdicts
    from svlaw.data.pool import open_pool

    grown = import_verdicts(
        open_pool(pool), verifications, verifier=verifier, renames=read_renames(rename)
    )
    _report(grown, as_json)


@app.command("sc-genrm")
def sc_genrm(
    out: Out,
    samples: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder with one <id>.yaml per problem.")
    ],
    verifications: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder with problem_<i>/solution_<j>.yaml."),
    ] = None,
    verifier: NewVerifier = "genrm",
    as_json: Json = False,
) -> None:
    """Make a pool from the YAML files of nishadsinghi/sc-genrm-scaling, graded by Math-Verify."""
    from svlaw.data.importers.sc_genrm import import_sc_genrm

    with progress_bar("reading YAML") as progress:
        pool = import_sc_genrm(out, samples, verifications, verifier=verifier, progress=progress)
    _report(pool, as_json)


@app.command()
def success(
    table: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Columns strategy, solutions, verifications, success."),
    ],
    out: Out,
    rename: Renames = None,
    as_json: Json = False,
) -> None:
    """Make a pool that holds only a published success table."""
    from svlaw.data.importers.success import import_success

    _report(import_success(out, table, renames=read_renames(rename)), as_json)


def _report(pool: "Pool", as_json: bool) -> None:
    import polars as pl

    from svlaw.data.schema import TABLES

    rows: dict[str, int] = {}
    for name, table in TABLES.items():
        for verifier in pool.verifiers if table.per_verifier else (None,):
            if pool.has(name, verifier):
                label = name if verifier is None else f"{name}/{verifier}"
                rows[label] = pool.scan(name, verifier).select(pl.len()).collect().item()
    ignored = list(pool.metadata.get("ignored_columns", []))
    if ignored:
        warn(f"ignored columns svlaw does not know: {', '.join(ignored)}")
    if as_json:
        print_json({"pool": str(pool.path), "rows": rows, "ignored_columns": ignored})
        return
    held = ", ".join(f"{count:,} {label}" for label, count in rows.items())
    console.print(f"{pool.path}: {held}", markup=False, highlight=False)

"""`svlaw export`: a pool as tidy tables with a data card."""

from pathlib import Path
from typing import Annotated

import typer

from svlaw.cli.options import Json, PoolPath
from svlaw.cli.output import console, print_json, progress_bar


def export(
    pool: PoolPath,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FOLDER", help="The new folder of the tables.")
    ],
    form: Annotated[
        str, typer.Option("--format", metavar="FORM", help="Form of the tables: parquet or csv.")
    ] = "parquet",
    text: Annotated[
        bool, typer.Option("--text", help="Export the texts too, with finish reasons and seeds.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Export a pool as tables (problems, answers, verdicts) with a data card."""
    from svlaw.analysis.exports.pool_export import export_pool

    with progress_bar("writing tables") as progress:
        folder = export_pool(
            pool,
            out,
            form=form,  # type: ignore[arg-type]  # checked there
            text=text,
            progress=progress,
        )
    files = sorted(path.name for path in folder.iterdir())
    if as_json:
        print_json({"folder": str(folder), "files": files})
        return
    console.print(f"{folder}: {', '.join(files)}", markup=False, highlight=False, soft_wrap=True)

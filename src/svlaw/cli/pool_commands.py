"""`svlaw check` and `svlaw examples`."""

from pathlib import Path
from typing import Annotated

import typer

from svlaw.cli.options import Json, read_place
from svlaw.cli.output import console, print_json, print_rows, progress_bar, suggest


def check(
    pools: Annotated[
        list[Path], typer.Argument(metavar="POOL...", parser=read_place, help="Pools to check.")
    ],
    as_json: Json = False,
) -> None:
    """Check pools for errors; report sizes, duplicates, truncation, verifier quality and lambda.

    Exits with 1 if a pool is unsound.
    """
    from dataclasses import asdict

    from svlaw.analysis.checks.pool_check import check_pool, is_sound
    from svlaw.data.pool import open_pools

    found = {}
    for name, pool in open_pools(pools).items():
        with progress_bar(f"checking {name}") as progress:
            found[name] = check_pool(pool, progress=progress)
    if as_json:
        documents = [
            {"pool": name, "checks": [asdict(check) for check in checks]}
            for name, checks in found.items()
        ]
        print_json({"pools": documents})
    else:
        for name, checks in found.items():
            rows = [(c.subject, c.level, c.message) for c in checks]
            print_rows(name, ("what", "status", "found"), rows)
    if not all(map(is_sound, found.values())):
        raise typer.Exit(1)
    if not as_json:
        suggest(f"svlaw frontier {pools[0]}")


def examples(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Example to copy out.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="POOL",
            parser=read_place,
            help="Folder or address for the copy.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the pools that come with svlaw, or copy one out."""
    from dataclasses import asdict

    from svlaw.data.errors import BadInputError
    from svlaw.data.examples import copy_example, list_examples

    if (name is None) != (out is None):
        raise BadInputError("to copy an example give both its NAME and --out POOL")
    if name is not None and out is not None:
        pool = copy_example(name, out)
        if as_json:
            print_json({"pool": str(pool.path)})
        else:
            console.print(f"{pool.path}: copied", markup=False, highlight=False)
            suggest(f"svlaw check {pool.path}")
        return
    held = list_examples()
    if as_json:
        print_json({"examples": [asdict(example) for example in held]})
        return
    for example in held:
        console.print(f"[bold]{example.name}[/bold]  {example.title}")
        console.print(f"  {example.source}; {example.licence}", markup=False, highlight=False)
    console.print("\nCopy one out: svlaw examples NAME --out POOL", markup=False, highlight=False)

"""`svlaw grade`."""

from typing import TYPE_CHECKING, Annotated

import typer

from svlaw.cli.options import Json, On, PoolPath, Wait
from svlaw.cli.output import print_json, print_rows, progress_bar, suggest, warn
from svlaw.data.table_texts import percent

if TYPE_CHECKING:
    from svlaw.data.grading.pool_grading import PoolGrading


def grade(
    pool: PoolPath,
    extractor: Annotated[
        str | None,
        typer.Option(
            metavar="MODULE:FUNCTION",
            help="Your own function from a solution's text to its final answer, or None; found in"
            " the current folder too. 'whole' where the texts are answers.",
        ),
    ] = None,
    tolerance: Annotated[
        float, typer.Option(metavar="X", help="Relative tolerance of numeric problems.")
    ] = 1e-6,
    time_limit: Annotated[
        float,
        typer.Option(metavar="SECONDS", help="Time for working out a sum, an integral or a limit."),
    ] = 5.0,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Worker processes, not with --on. Default: one per core, four at most.",
        ),
    ] = None,
    on: On = None,
    wait: Wait = 10.0,
    as_json: Json = False,
) -> None:
    """Extract, grade and group the answers of a pool again, from the text of its solutions.

    Judgements are kept in the pool, so that grading again is quick. Problems of kind code and
    external keep the correctness they have.
    """
    import sys
    from pathlib import Path

    from svlaw.data.grading.pool_grading import grade_pool
    from svlaw.data.pool import open_pool
    from svlaw.data.workers.ray_addresses import check_place
    from svlaw.data.workers.ray_connection import connect

    if extractor is not None:
        sys.path.append(str(Path.cwd()))  # last: its files shadow no installed module
    check_place(on)
    opened = open_pool(pool)
    with connect(on) as cluster, progress_bar("grading") as progress:
        grading = grade_pool(
            opened,
            extractor=extractor,
            time_limit=time_limit,
            workers=workers,
            tolerance=tolerance,
            cluster=cluster,
            wait=wait,
            progress=progress,
        )
    _report(grading, as_json)


def _report(grading: "PoolGrading", as_json: bool) -> None:
    names = ("graded", "no_answer", "truncated", "timeout", "kept", "correct")
    work = ("changed", "flipped", "rules", "pairs", "classes", "examined")
    counts = {name: getattr(grading, name) for name in names}
    effort = {name: getattr(grading, name) for name in work}
    if grading.rows and grading.no_answer == grading.rows:
        warn(
            "no text states an answer: where the texts are answers themselves, grade again with"
            " --extractor whole; else with your own extractor, see docs/grading.md"
        )
    if as_json:
        print_json({"pool": str(grading.pool.path), "rows": grading.rows, **counts, **effort})
        return
    share = {name: percent(count / max(grading.rows, 1)) for name, count in counts.items()}
    print_rows(
        f"{grading.pool.path}: {grading.rows:,} solutions, {grading.pairs:,} distinct answers in"
        f" {grading.classes:,} classes, {grading.examined:,} read anew; {grading.changed:,} answers"
        f" changed, {grading.flipped:,} of them in correctness (rules {grading.rules})",
        ("what", "rows", "%"),
        [(name.replace("_", " "), f"{counts[name]:,}", share[name]) for name in names],
    )
    suggest(f"svlaw check {grading.pool.path}")

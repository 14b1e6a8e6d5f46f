"""`svlaw generate`: the one step that needs a model."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from svlaw.cli.options import Json, On
from svlaw.cli.output import console, messages, print_json, warn

if TYPE_CHECKING:
    from svlaw.generate.assignments import Assignment
    from svlaw.generate.configuration import Configuration
    from svlaw.generate.parts import Part
    from svlaw.generate.run_estimate import Outlook
    from svlaw.generate.runs import Generation, Reporting

app = typer.Typer(no_args_is_help=True, help="Generate solutions and verifications with a model.")

Config = Annotated[
    Path, typer.Argument(metavar="CONFIG", help="Configuration, a .yaml or .toml file.")
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="FIELD=VALUE",
        help="Override a field of the configuration, such as solutions.samples=64.",
    ),
]
ShardText = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="i/n",
        help="Only part i of n of the problems, for machines that share the pool's folder.",
    ),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Print requests, tokens, FLOPs and time, and the first prompt; stop then."
    ),
]

_INCOMPLETE = 1


@app.command()
def solutions(
    config: Config,
    overrides: Set = None,
    shard: ShardText = None,
    on: On = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Sample solutions of problems into a pool, from where the last run stopped.

    Exit code 1 if requests failed; the same command tries them again.
    """
    from svlaw.generate.assignments import assign_solutions
    from svlaw.generate.configuration import read_configuration

    configuration = read_configuration(config, overrides or ())
    _carry_out(configuration, assign_solutions(configuration), shard, on, dry_run, as_json)


@app.command()
def verifications(
    config: Config,
    overrides: Set = None,
    shard: ShardText = None,
    on: On = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Sample verifications of a pool's solutions, from where the last run stopped.

    Exit code 1 if requests failed; the same command tries them again.
    """
    from svlaw.generate.assignments import assign_verifications
    from svlaw.generate.configuration import read_configuration

    configuration = read_configuration(config, overrides or ())
    _carry_out(configuration, assign_verifications(configuration), shard, on, dry_run, as_json)


def _carry_out(
    configuration: "Configuration",
    assignment: "Assignment",
    shard_text: str | None,
    on: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    from functools import partial

    from svlaw.data.workers.ray_addresses import check_place
    from svlaw.data.workers.ray_connection import connect
    from svlaw.generate.interrupts import stoppable
    from svlaw.generate.run_estimate import look_ahead
    from svlaw.generate.runs import open_engine, run_assignment
    from svlaw.generate.shards import read_shard

    check_place(on)
    shard = read_shard(shard_text)
    if dry_run:
        _print_outlook(look_ahead(configuration, assignment, shard), as_json)
        return
    with connect(on) as cluster, _reporting(assignment.table) as reporting, stoppable():
        generation = run_assignment(
            *(configuration, assignment),
            shard=shard,
            engine=open_engine if cluster is None else partial(open_engine, cluster=cluster),
            reporting=reporting,
        )
    _print_generation(generation, as_json)
    if generation.failures:
        raise typer.Exit(_INCOMPLETE)


@contextmanager
def _reporting(label: str) -> Iterator["Reporting"]:
    """A bar with tokens per second and the time left, and a line for every part."""
    import time

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    from svlaw.generate.runs import Reporting
    from svlaw.generate.sampler import Tally

    speed = TextColumn("{task.fields[speed]}")
    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), speed, TimeLeft())
    shown = messages.is_terminal
    began: list[tuple[float, int]] = []
    # Batches may be minutes apart, so the time left is told by the last ten.
    with Progress(
        *columns,
        console=messages,
        transient=True,
        disable=not shown,
        speed_estimate_period=600,
    ) as bar:
        task = bar.add_task(label, total=None, speed="loading")

        def advance(tally: Tally) -> None:
            if not began:
                began.append((time.monotonic(), tally.output_tokens))
            elapsed = time.monotonic() - began[0][0]
            tokens = tally.output_tokens - began[0][1]
            speed = f"{tokens / elapsed:,.0f} tokens/s" if elapsed > 1 else ""
            bar.update(task, completed=tally.done, total=tally.total, speed=speed)

        def on_part(part: "Part") -> None:
            rate = part.output_tokens / part.seconds if part.seconds else 0.0
            messages.print(
                f"part of {part.table}: {part.rows:,} rows, {part.output_tokens:,} tokens in"
                f" {part.seconds:,.1f} s ({rate:,.0f} tokens/s)",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )

        yield Reporting(advance, on_part)


def _print_generation(generation: "Generation", as_json: bool) -> None:
    for remark in generation.remarks:
        warn(remark)
    failed = sum(generation.failures.values())
    if failed:
        reasons = ", ".join(f"{reason}: {n:,}" for reason, n in generation.failures.items())
        warn(f"{failed:,} samples failed ({reasons}); run the same command to try them again")
    if as_json:
        document: dict[str, Any] = {
            "pool": str(generation.pool.path),
            "table": generation.table,
            "verifier": generation.verifier,
            "total": generation.total,
            "generated": generation.generated,
            "failed": dict(generation.failures),
            "output_tokens": generation.output_tokens,
            "seconds": generation.seconds,
        }
        print_json(document)
        return
    of = f" of verifier {generation.verifier}" if generation.verifier else ""
    rate = generation.output_tokens / generation.seconds if generation.seconds else 0.0
    speed = f" ({generation.output_tokens:,} tokens, {rate:,.0f} tokens/s)" if rate else ""
    held = generation.total - failed
    console.print(
        f"{generation.pool.path}: {held:,} {generation.table}{of}, {generation.generated:,}"
        f" of them new{speed}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    path = generation.pool.path
    after = f"svlaw parse {path} --verifier {generation.verifier}" if generation.verifier else ""
    console.print(
        f"next: {after or f'svlaw grade {path}'}", markup=False, highlight=False, soft_wrap=True
    )


def _print_outlook(outlook: "Outlook", as_json: bool) -> None:
    from dataclasses import asdict

    if as_json:
        print_json({"outlook": asdict(outlook)})
        return
    parents = "problems" if outlook.table == "solutions" else "solutions"
    guess = "" if outlook.counted else " (four characters a token)"
    most = "" if outlook.measured else " at most"
    lines = [
        f"{outlook.missing:,} {outlook.table} to generate, of {outlook.total:,} for"
        f" {outlook.parents:,} {parents}; {outlook.held:,} are there",
        f"{outlook.prompts:,} prompts of about {outlook.prompt_tokens:,} tokens together{guess}",
        f"{outlook.output_tokens:,} tokens to generate{most}",
    ]
    if outlook.flops is not None and outlook.parameters is not None:
        size = f"{outlook.parameters:.3g} parameters"
        lines.append(f"{outlook.flops:.3g} FLOPs{most} (2 x {size} x tokens)")
    else:
        lines.append("FLOPs unknown; give the model's size in the field 'parameters'")
    if outlook.seconds is not None:
        lines.append(f"about {_duration(outlook.seconds)} at the speed of the last parts")
    else:
        lines.append("time unknown before a first part; try a run of a few samples")
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if outlook.first_prompt is not None:
        console.print("\nThe first prompt:\n", markup=False, highlight=False)
        console.print(outlook.first_prompt, markup=False, highlight=False, soft_wrap=True)


def _duration(seconds: float) -> str:
    for size, name in ((86400.0, "days"), (3600.0, "hours"), (60.0, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:,.1f} {name}"
    return f"{seconds:,.0f} seconds"

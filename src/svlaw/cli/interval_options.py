"""Options of intervals: which units they rest on, and which question they answer."""

from typing import TYPE_CHECKING, Annotated

import typer

from svlaw.analysis.intervals.interval_choice import QUESTIONS, IntervalChoice
from svlaw.cli.options import INTERVALS
from svlaw.data.errors import BadInputError

if TYPE_CHECKING:
    from svlaw.analysis.success.success_table import SuccessTable


def read_intervals(
    cluster: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=INTERVALS,
            metavar="COLUMN",
            help="Column of the pool's problems that says which belong together (variants,"
            " translations, parts of a question): intervals then rest on families.",
        ),
    ] = None,
    interval: Annotated[
        str,
        typer.Option(
            rich_help_panel=INTERVALS,
            metavar="problems|samples|both",
            help="What intervals answer for: 'problems' (other problems of this kind), 'samples'"
            " (these problems, sampled again), or 'both'.",
        ),
    ] = "problems",
) -> IntervalChoice:
    """Read the options of intervals.

    Raises:
        BadInputError: There is no such question.
    """
    if interval not in QUESTIONS:
        raise BadInputError(f"--interval {interval}: use {', '.join(QUESTIONS)}")
    return IntervalChoice(cluster, interval)


def noise_remarks(table: "SuccessTable") -> list[str]:
    """Which points have no interval for 'samples', since half of the solutions are too few."""
    if table.noise is None or table.noise.known.all():
        return []
    missing = int((~table.noise.known).sum())
    most = table.points["solutions"].to_numpy()[table.noise.known].max()
    return [
        f"{missing:,} of {table.points.height:,} points need more than half of a problem's"
        " solutions and have no interval for 'samples'; nor has a figure that rests on them:"
        f" --solutions up to {most} have one"
    ]

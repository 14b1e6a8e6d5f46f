"""Options that several commands share, and how their texts are read."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from svlaw.data.errors import BadInputError
from svlaw.data.storage.object_stores import locate

COST: Final = "Cost"
BINS: Final = "Bins of problems"
INTERVALS: Final = "Intervals"
OUTPUT: Final = "Output"
RARE: Final = "Rarely needed"
OPTION_PANELS: Final = (COST, BINS, INTERVALS, OUTPUT, RARE)
"""Panels of options below those of the question itself, in order."""

if TYPE_CHECKING:
    from svlaw.analysis.compare.difficulty import Cuts
    from svlaw.analysis.success.estimators import Options
    from svlaw.analysis.success.grid import Values
SkipBad = Annotated[
    bool,
    typer.Option(
        "--skip-bad",
        help="Leave out, and count, a few rows that cannot be read or have no reference answer.",
    ),
]
Explode = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN,...",
        help="Columns whose cells hold lists, one entry for each row to be. Recognised without it"
        " where there is no doubt.",
    ),
]


def read_place(text: str) -> Path:
    """A pool's folder or address, from an argument.

    Raises:
        typer.BadParameter: It cannot be one.
    """
    try:
        return locate(text)
    except BadInputError as error:
        raise typer.BadParameter(str(error)) from None


PoolPath = Annotated[
    Path,
    typer.Argument(
        metavar="POOL", parser=read_place, help="Folder of the pool, or its s3:// or gs:// address."
    ),
]
NewPool = Annotated[
    Path,
    typer.Option(
        "--out", metavar="POOL", parser=read_place, help="Folder or address of the new pool."
    ),
]
Json = Annotated[
    bool,
    typer.Option(
        "--json", rich_help_panel=OUTPUT, help="Print one JSON document instead of tables."
    ),
]
Verifier = Annotated[
    str | None, typer.Option(help="Verifier to use, when the pool has several.", metavar="NAME")
]
Renames = Annotated[
    list[str] | None,
    typer.Option("--rename", metavar="OLD=NEW", help="Rename a column wherever it occurs."),
]
Strategies = Annotated[
    str | None,
    typer.Option(
        metavar="NAME,...",
        help="Strategies, with settings such as adaptive_vote:lead=3:most=64, or 'all';"
        " 'svlaw strategies' lists them. Default: coverage, self_consistency, best_of_n and"
        " weighted_vote, as far as the pool has data for them.",
    ),
]
Solutions = Annotated[
    str | None,
    typer.Option(
        metavar="S,...",
        help="Values of S: a list such as 1,2,4, 'all', or 'fine' (up to eight per doubling)."
        " Default: powers of two.",
    ),
]
Verifications = Annotated[
    str | None,
    typer.Option(
        metavar="V,...",
        help="Values of V: a list such as 1,2,4, 'all', or 'fine' (up to eight per doubling)."
        " Default: powers of two.",
    ),
]
FineSolutions = Annotated[
    str,
    typer.Option(
        "--solutions",
        metavar="S,...",
        help="Values of S: a list, 'all', or 'fine' (up to eight per doubling).",
    ),
]
FineVerifications = Annotated[
    str,
    typer.Option(
        "--verifications",
        metavar="V,...",
        help="Values of V: a list, 'all', or 'fine' (up to eight per doubling).",
    ),
]
Seed = Annotated[
    int, typer.Option(rich_help_panel=RARE, metavar="N", help="Seed of every random draw.")
]
Resamples = Annotated[
    int,
    typer.Option(
        rich_help_panel=INTERVALS,
        metavar="COUNT",
        help="Resamples of problems for 95% intervals; 0 for none.",
    ),
]
Unparsed = Annotated[
    str,
    typer.Option(
        rich_help_panel=RARE,
        metavar="ignore|no",
        help="Unparsed verdicts: 'ignore' leaves them out of the mean, 'no' counts them as no.",
    ),
]
MissingAnswer = Annotated[
    str,
    typer.Option(
        rich_help_panel=RARE,
        metavar="zero|keep",
        help="Solutions without an answer: 'zero' scores them 0, 'keep' takes their verdicts.",
    ),
]
Population = Annotated[
    str,
    typer.Option(
        rich_help_panel=RARE,
        metavar="all|verified",
        help="Solutions used by coverage and self-consistency: 'all', or only 'verified' ones, so"
        " that all strategies use the same solutions.",
    ),
]
Tolerance = Annotated[
    float,
    typer.Option(
        rich_help_panel=RARE,
        metavar="ERROR",
        help="Target Monte-Carlo standard error of success.",
    ),
]
By = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=BINS,
        metavar="COLUMN",
        help="One analysis for each bin of the problems: by a column of the pool's problems"
        " (subject, level, ...), or by 'pass_rate' on one half of the solutions, success then"
        " coming from the other half.",
    ),
]
Bins = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=BINS,
        metavar="COUNT|EDGE,...",
        help="With --by: number of bins of numbers or pass rates (default 4), or the inner bin"
        " edges, such as 0.1,0.5.",
    ),
]
On = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=RARE,
        metavar="ray",
        help="Compute on a Ray cluster: 'ray' joins the cluster at RAY_ADDRESS or on this machine,"
        " or starts one here; ray://HOST:PORT connects to another. Needs the extra 'ray'."
        " Default: this machine, without Ray.",
    ),
]
Wait = Annotated[
    float,
    typer.Option(
        rich_help_panel=RARE,
        metavar="SECONDS",
        min=0,
        help="How long to wait while another command writes to the pool.",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        rich_help_panel=OUTPUT,
        help="Write the rows to .parquet, .csv, .json.",
    ),
]


def read_options(
    seed: Seed = 0,
    unparsed: Unparsed = "ignore",
    missing_answer: MissingAnswer = "zero",
    population: Population = "all",
    tolerance: Tolerance = 0.001,
) -> "Options":
    """Read the options of the estimators; intervals take their seed too.

    Raises:
        ValueError: A text is no policy there is, or a number out of range.
    """
    from svlaw.analysis.success.estimators import Options

    return Options(
        unparsed=unparsed,  # type: ignore[arg-type]  # Options refuses any other text
        missing_answer=missing_answer,  # type: ignore[arg-type]
        population=population,  # type: ignore[arg-type]
        tolerance=tolerance,
        seed=seed,
    )


def read_names(text: str | None) -> list[str] | None:
    """Read a list of names separated by commas."""
    if text is None:
        return None
    return [name.strip() for name in text.split(",") if name.strip()]


def read_values(text: str | None, option: str) -> "Values":
    """Read whole numbers separated by commas, or the word `all` or `fine`.

    Raises:
        BadInputError: A part is not a whole number.
    """
    if text is None:
        return None
    if text.strip() == "all":
        return "all"
    if text.strip() == "fine":
        return "fine"
    numbers = []
    for part in text.split(","):
        if not part.strip().isdecimal():
            raise BadInputError(f"{option} {text}: '{part.strip()}' is not a whole number")
        numbers.append(int(part))
    return numbers


def read_bins(text: str | None, by: str | None) -> "Cuts":
    """Read a number of bins, or values separated by commas at which further bins begin.

    Raises:
        BadInputError: A part is not a number, or nothing is to be sorted into bins.
    """
    if text is None:
        return None
    if by is None:
        raise BadInputError(f"--bins {text}: say by what with --by COLUMN")
    if text.strip().isdecimal():
        return int(text)
    edges = []
    for part in text.split(","):
        try:
            edges.append(float(part))
        except ValueError:
            raise BadInputError(f"--bins {text}: '{part.strip()}' is not a number") from None
    return edges


def read_renames(texts: Sequence[str] | None) -> dict[str, str]:
    """Read renamings of the form OLD=NEW.

    Raises:
        BadInputError: One has another form, or an old name is given twice.
    """
    renames: dict[str, str] = {}
    for text in texts or ():
        old, equals, new = (part.strip() for part in text.partition("="))
        if not (old and equals and new):
            raise BadInputError(f"--rename {text}: write OLD=NEW")
        if old in renames:
            raise BadInputError(f"--rename {text}: '{old}' is renamed twice")
        renames[old] = new
    return renames

"""`svlaw reliability`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from svlaw.cli.options import Json, Output, PoolPath, Solutions, read_options, read_values
from svlaw.cli.output import (
    check_suffix,
    console,
    print_json,
    print_rows,
    progress_bar,
    warn,
    write_rows,
)
from svlaw.cli.shared_options import reads
from svlaw.data.errors import BadInputError
from svlaw.data.numerals import counted
from svlaw.data.table_texts import percent, span

if TYPE_CHECKING:
    from svlaw.analysis.compare.reliability import Reliability
    from svlaw.analysis.success.estimators import Options


@reads(options=read_options)
def reliability(
    pool: PoolPath,
    solutions: Solutions = None,
    tau: Annotated[
        str, typer.Option(metavar="0.5,0.75", help="Shares of k right that G-Pass@k asks for.")
    ] = "0.5,0.75",
    *,
    options: "Options",
    output: Output = None,
    as_json: Json = False,
) -> None:
    """How good and how reliable: pass@k, maj@k and its limit, G-Pass@k and pass^k."""
    check_suffix(output)
    thresholds = _read_thresholds(tau)
    if options.population != "all":
        raise BadInputError(
            f"--population {options.population}: reliability counts all solutions; leave it out"
        )
    from svlaw.analysis.compare.reliability import reliability as compute
    from svlaw.data.pool import open_pool

    values = read_values(solutions, "--solutions")
    opened = open_pool(pool)
    with progress_bar("problems") as progress:
        found = compute(opened, values, thresholds, options=options, progress=progress)
    if found.n_set_aside:
        aside = counted(found.n_set_aside, "problem")
        warn(f"{aside} with too few solutions set aside; {found.limits.height:,} left")
    if output is not None:
        write_rows(output, found.rows)
    if as_json:
        right, wrong, open_ = found.decided
        print_json(
            {
                "pool": str(pool),
                "n_problems": found.limits.height,
                "n_set_aside": found.n_set_aside,
                "rows": found.rows.to_dicts(),
                "most_likely_answer": {"right": right, "wrong": wrong, "open": open_},
                "problems": found.limits.to_dicts(),
            }
        )
    elif output is None:
        _show(found, pool)


def _read_thresholds(text: str) -> list[float]:
    """Read shares separated by commas.

    Raises:
        BadInputError: A part is not a number.
    """
    shares = []
    for part in text.split(","):
        try:
            shares.append(float(part))
        except ValueError:
            raise BadInputError(f"--tau {text}: '{part.strip()}' is not a number") from None
    return shares


def _show(found: "Reliability", pool: Path) -> None:
    *measured, limit = found.rows.to_dicts()
    names = dict.fromkeys((row["measure"], row["tau"]) for row in measured)
    cells = {
        (row["k"], row["measure"], row["tau"]): f"{percent(row['estimate'])}"
        f" {span(row['conf_low'], row['conf_high'])}"
        for row in measured
    }
    header = ("k", *(name if tau is None else f"g_pass@k {tau:g}" for name, tau in names))
    print_rows(
        f"{pool.name}: {counted(found.limits.height, 'problem')}",
        header,
        [
            (str(k), *(cells[k, name, tau] for name, tau in names))
            for k in dict.fromkeys(row["k"] for row in measured)
        ],
    )
    right, wrong, open_ = found.decided
    console.print(
        f"the vote's limit for ever more solutions: {percent(limit['estimate'])}"
        f" {span(limit['conf_low'], limit['conf_high'])}; the most likely answer is right on"
        f" {right:,}, wrong on {wrong:,} and open on {counted(open_, 'problem')}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    console.print("in %, with 95% intervals over problems")

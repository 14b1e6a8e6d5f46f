"""`svlaw simulate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from svlaw.cli.options import Json, NewPool, Seed
from svlaw.cli.output import (
    check_suffix,
    console,
    print_json,
    print_rows,
    progress_bar,
    suggest,
    warn,
    write_rows,
)
from svlaw.data.table_texts import number, percent

if TYPE_CHECKING:
    import polars as pl

    from svlaw.analysis.cost import RelativeCost
    from svlaw.fit.simulation.population import Simulation
    from svlaw.fit.simulation.truth import TrueLaw

_BUDGETS_PER_DOUBLING: Final = 4

Rate = float | None


def _population(text: str, metavar: str = "X") -> Any:
    return typer.Option(metavar=metavar, help=text, rich_help_panel="Population")


def simulate(
    out: NewPool,
    problems: Annotated[int, typer.Option(metavar="P", help="Problems.")] = 128,
    solutions: Annotated[int, typer.Option(metavar="N", help="Solutions of each problem.")] = 128,
    verifications: Annotated[
        int, typer.Option(metavar="M", help="Verdicts on each solution.")
    ] = 16,
    setting: Annotated[
        str,
        _population("What the options below start from: typical, hard or correlated.", "NAME"),
    ] = "typical",
    pass_rate: Annotated[
        Rate,
        _population(
            "Mean chance that a solution is right, over the problems that are neither unsolvable"
            " nor always solved."
        ),
    ] = None,
    pass_rate_spread: Annotated[
        Rate,
        _population(
            "How far that chance varies: 0 all problems alike, 1 each all right or all wrong."
        ),
    ] = None,
    unsolvable: Annotated[Rate, _population("Share of the problems never solved.")] = None,
    always_solved: Annotated[Rate, _population("Share of the problems always solved.")] = None,
    wrong_answers: Annotated[
        int | None, _population("Different wrong answers of a problem.", "K")
    ] = None,
    concentration: Annotated[
        Rate,
        _population("How far wrong solutions agree: Zipf exponent of the wrong answers; 0 least."),
    ] = None,
    no_answer: Annotated[
        Rate, _population("Share of the wrong solutions that give no answer.")
    ] = None,
    true_positive_rate: Annotated[
        Rate,
        typer.Option(
            "--true-positive-rate",
            "--tpr",
            metavar="X",
            help="Mean chance of a yes on a right solution.",
            rich_help_panel="Population",
        ),
    ] = None,
    true_positive_spread: Annotated[
        Rate, _population("How far it varies over problems, from 0 to 1.")
    ] = None,
    false_positive_rate: Annotated[
        Rate,
        typer.Option(
            "--false-positive-rate",
            "--fpr",
            metavar="X",
            help="Mean chance of a yes on a wrong solution.",
            rich_help_panel="Population",
        ),
    ] = None,
    false_positive_spread: Annotated[
        Rate, _population("How far it varies over problems, from 0 to 1.")
    ] = None,
    correlation: Annotated[
        Rate, _population("Correlation of two verdicts on the same solution, from 0 to 1.")
    ] = None,
    solution_tokens: Annotated[Rate, _population("Mean tokens of a solution.")] = None,
    verification_tokens: Annotated[
        Rate, _population("Mean tokens of a verification; lambda is their ratio.")
    ] = None,
    token_spread: Annotated[Rate, _population("Standard deviation of the log of a length.")] = None,
    shared_calls: Annotated[
        bool,
        typer.Option(
            "--shared-calls",
            help="A call gives all solutions of the same answer the same verdict.",
            rich_help_panel="Population",
        ),
    ] = False,
    truth: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the true success on a fine grid, as 'svlaw import success' reads it, to"
            " .parquet or .csv.",
        ),
    ] = None,
    tolerance: Annotated[
        float,
        typer.Option(metavar="X", help="Standard error of weighted voting's truth (sampled)."),
    ] = 0.001,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Write a pool drawn from a population with known success, and print that truth."""
    from dataclasses import asdict, replace

    from svlaw.analysis.cost import RelativeCost
    from svlaw.data.errors import BadInputError
    from svlaw.data.storage.files import refuse_existing
    from svlaw.fit.simulation.simulator import SETTINGS, check_sizes, simulate_pool

    if setting not in SETTINGS:
        raise BadInputError(f"--setting {setting}: use {', '.join(SETTINGS)}")
    chosen = {
        "pass_rate": pass_rate,
        "pass_rate_spread": pass_rate_spread,
        "unsolvable": unsolvable,
        "always_solved": always_solved,
        "wrong_answers": wrong_answers,
        "concentration": concentration,
        "no_answer": no_answer,
        "true_positive_rate": true_positive_rate,
        "true_positive_spread": true_positive_spread,
        "false_positive_rate": false_positive_rate,
        "false_positive_spread": false_positive_spread,
        "correlation": correlation,
        "solution_tokens": solution_tokens,
        "verification_tokens": verification_tokens,
        "token_spread": token_spread,
    }
    given: dict[str, Any] = {name: value for name, value in chosen.items() if value is not None}
    simulation = replace(SETTINGS[setting], **given, shared_calls=shared_calls)
    check_sizes(problems, solutions, verifications, seed)
    if verifications == 0:
        raise BadInputError("verifications = 0: a pool to compare strategies on needs some")
    check_suffix(truth)
    if truth is not None and truth.suffix == ".json":
        raise BadInputError(f"{truth}: write the truth to .parquet or .csv, which imports read")
    refuse_existing(out)
    table = _truth(simulation, solutions, verifications, tolerance, seed, dense=truth is not None)
    cost = RelativeCost(simulation.ratio, "known", "shared" if shared_calls else "independent")
    laws = () if shared_calls else _laws(simulation, cost, solutions, verifications)
    sizes = {"problems": problems, "solutions": solutions, "verifications": verifications}
    with progress_bar("problems") as progress:
        pool = simulate_pool(out, simulation, **sizes, seed=seed, progress=progress)
    if truth is not None:
        write_rows(truth, table.drop("error"))
    shown = _shown(table, verifications)
    if as_json:
        print_json(
            {
                "pool": str(pool.path),
                "seed": seed,
                **sizes,
                "simulation": asdict(simulation),
                "lambda": simulation.ratio,
                "mean_pass_rate": simulation.mean_pass_rate,
                "success": shown.to_dicts(),
                "laws": [asdict(law) for law in laws],
            }
        )
        return
    console.print(
        f"{pool.path}: {problems} problems, {solutions} solutions of each, {verifications} verdicts"
        f" on each; lambda {simulation.ratio:.3g}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    _print_success(shown)
    _print_laws(laws)
    suggest(f"svlaw frontier {pool.path}")


def _truth(
    simulation: "Simulation",
    solutions: int,
    verifications: int,
    tolerance: float,
    seed: int,
    *,
    dense: bool,
) -> "pl.DataFrame":
    """True success at the points shown, or on a fine grid that holds them."""
    import numpy as np
    import polars as pl

    from svlaw.analysis.success.grid import choose_grid
    from svlaw.analysis.success.sample_reader import Holding
    from svlaw.data.schema import STRATEGIES
    from svlaw.fit.simulation.truth import MOST_SOLUTIONS, true_success

    most = min(solutions, MOST_SOLUTIONS)
    if most < solutions:
        warn(f"true success is given up to S = {most:,}")
    holding = Holding(most, np.full(most, verifications))
    axes = ("fine", "fine") if dense else (_ladder(most), _ladder(verifications))
    grid = choose_grid([holding], STRATEGIES, *axes)
    points = pl.DataFrame(grid.points, ("strategy", "solutions", "verifications"), orient="row")
    with progress_bar("truth") as progress:
        return true_success(simulation, points, tolerance=tolerance, seed=seed, progress=progress)


def _ladder(most: int) -> list[int]:
    """Powers of four, and the largest value."""
    return sorted({*(4**k for k in range(most.bit_length()) if 4**k <= most), most})


def _shown(table: "pl.DataFrame", verifications: int) -> "pl.DataFrame":
    import polars as pl

    most = max(table["solutions"].to_list())
    return table.filter(
        pl.col("solutions").is_in(_ladder(most)),
        pl.col("verifications").is_in([0, *_ladder(verifications)]),
    )


def _laws(
    simulation: "Simulation", cost: "RelativeCost", solutions: int, verifications: int
) -> tuple["TrueLaw", "TrueLaw"]:
    """The true laws over the budgets that the pool covers."""
    import numpy as np

    from svlaw.fit.simulation.truth import MOST_VERIFICATIONS, true_exponents

    low, high = cost([1, solutions], [1, verifications])
    steps = np.arange(np.floor(_BUDGETS_PER_DOUBLING * np.log2(high / low) + 1e-9) + 1)
    budgets = low * 2.0 ** (steps / _BUDGETS_PER_DOUBLING)
    most = max(verifications, MOST_VERIFICATIONS)
    return true_exponents(simulation, cost, budgets, most_verifications=most)


def _print_success(shown: "pl.DataFrame") -> None:
    columns = sorted(set(shown["solutions"]))
    rows = []
    for (strategy, v), part in shown.group_by("strategy", "verifications", maintain_order=True):
        held = dict(zip(part["solutions"], part["success"], strict=True))
        rows.append((str(strategy), str(v), *(percent(held.get(s)) for s in columns)))
    print_rows("true success, %", ("strategy", "V", *(f"S = {s}" for s in columns)), rows)


def _print_laws(laws: tuple["TrueLaw", ...]) -> None:
    if not laws:
        return
    rows = [
        (
            f"{law.strategy}: {'S' if law.quantity == 'solutions' else 'V'}_opt",
            "–" if law.exponent is None else f"{law.exponent:.3f}",
            number(law.coefficient),
            "–" if law.r_squared is None else f"{law.r_squared:.3f}",
            f"{number(law.low_budget)} to {number(law.high_budget)}",
        )
        for law in laws
    ]
    print_rows("true laws", ("law", "exponent", "at C = 1", "R2", "budgets"), rows)
    if laws[0].status != "ok":
        warn("too few budgets whose optimum lies inside: simulate more solutions and verdicts")

"""The map of the question: where verifying, voting or stopping early wins, and by how much."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import polars as pl

from svlaw.analysis.compare.crossover import LEAD
from svlaw.analysis.cost import RelativeCost
from svlaw.data.errors import BadInputError
from svlaw.data.progress import Progress, silent
from svlaw.data.shown import Shown
from svlaw.data.table_texts import TextTable, percent
from svlaw.data.workers.cores import usable_cores
from svlaw.fit.maps.approaches import Approach, Choice, best_verified, best_vote
from svlaw.fit.maps.early_stops import best_stopped_vote
from svlaw.fit.simulation.population import Simulation

Axis = Literal["balanced_accuracy", "true_positive_rate", "false_positive_rate"]

AXIS_NAMES: Final[dict[Axis, str]] = {
    "balanced_accuracy": "verifier's balanced accuracy",
    "true_positive_rate": "verifier's true positive rate",
    "false_positive_rate": "verifier's false positive rate",
}
"""What the axis of the verifier shows."""
APPROACHES: Final[tuple[Approach, ...]] = ("voting", "stopping", "verifying")
"""From the simplest on."""
MOST_BUDGET: Final = 1000
"""Largest budget: beyond it plain voting is not known exactly."""
MOST_CELLS: Final = 60
"""Most cells along an axis."""

_EXPONENTS: Final = (10, 13)
"""Log2 of the problems in a sample of weighted voting, and of those that stop early."""
_CLEAR: Final = 2.0
"""Standard errors by which a lead has to exceed 0."""


@dataclass(frozen=True, repr=False)
class VerificationMap(Shown):
    """Who wins at each accuracy of the solver and quality of the verifier.

    Attributes:
        rows: One row per cell: `accuracy` (mean chance that a solution is right, over all
            problems), `quality` (the verifier's, see `axis`), `true_positive_rate`,
            `false_positive_rate`; `voting`, `stopping` and `verifying` (success of the best that
            each does within the budget; verifying is null where the budget pays for no verified
            solution); `voting_solutions`; `stopping_setting`, `stopping_cost`, `stopping_error`;
            `verifying_strategy`, `verifying_solutions`, `verifying_verifications`,
            `verifying_error` (Monte-Carlo standard errors, 0 where exact); `winner`, `lead` (its
            success less that of the best other approach) and `gain` (success of verifying less that
            of the best without a verifier).
        places: One row per pool; see `place_pools`.
        axis: What `quality` is: `balanced_accuracy`, with TPR = 1 - FPR; `true_positive_rate` at a
            fixed FPR; or `false_positive_rate` at a fixed TPR.
        simulation: The population, apart from what the axes change.
        ratio: lambda.
        budget: Most to spend on a problem, in solutions.
        seed: Seed of the sampling.
    """

    rows: pl.DataFrame
    places: pl.DataFrame
    axis: Axis
    simulation: Simulation
    ratio: float
    budget: float
    seed: int

    def share(self, approach: Approach) -> float:
        """Share of the cells that an approach wins."""
        return float((self.rows["winner"] == approach).mean())  # type: ignore[arg-type]

    def frame(self) -> pl.DataFrame:
        """The cells, one row each."""
        return self.rows

    def _lines(self) -> list[str]:
        shares = ", ".join(f"{name} {self.share(name):.0%}" for name in APPROACHES)
        return [
            f"VerificationMap: {self.rows.height} cells, lambda {self.ratio:g}, budget"
            f" {self.budget:g}",
            f"  wins: {shares}",
        ]

    def _tables(self) -> list[TextTable]:
        rows = [
            (
                percent(row["accuracy"]),
                percent(row["voting"]),
                percent(row["stopping"]),
                percent(row["pays_from"]),
                percent(row["gain"]),
            )
            for row in self.pays_from().iter_rows(named=True)
        ]
        header = ("accuracy", "voting", "stopping early", "verifying wins from", "its gain")
        return [TextTable(f"map, lambda {self.ratio:g}, budget {self.budget:g}", header, rows)]

    def pays_from(self) -> pl.DataFrame:
        """For each accuracy the quality from which on verifying wins in every cell.

        Returns:
            `accuracy`, `voting`, `stopping`, `pays_from` (null where verifying does not win at the
            best quality) and `gain` (at the best quality), in the order of accuracy.
        """
        found = []
        for (accuracy,), part in self.rows.group_by("accuracy", maintain_order=True):
            better = part.sort("quality", descending=self.axis != "false_positive_rate")
            wins = (better["winner"] == "verifying").to_list()
            run = wins.index(False) if False in wins else len(wins)
            found.append(
                {
                    "accuracy": accuracy,
                    "voting": better["voting"][0],
                    "stopping": better["stopping"][0],
                    "pays_from": better["quality"][run - 1] if run else None,
                    "gain": better["gain"][0],
                }
            )
        schema = dict.fromkeys(("accuracy", "voting", "stopping", "pays_from", "gain"), pl.Float64)
        return pl.DataFrame(found, schema)


def verification_map(
    simulation: Simulation,
    ratio: float,
    budget: float,
    *,
    axis: Axis = "balanced_accuracy",
    cells: int = 20,
    places: pl.DataFrame | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = silent,
) -> VerificationMap:
    """Simulate who wins over a grid of solvers and verifiers.

    At each cell the population gets another mean pass rate and other mean rates of the verifier;
    its other parameters stay. Voting, and best-of-N by independent calls, are exact; what is
    sampled takes the same draws in every cell, so that neighbouring cells differ by what
    distinguishes them and not by chance.

    An approach wins where it leads every simpler one (voting, then stopping early, then verifying)
    by at least 0.25 points and by two standard errors.

    Args:
        simulation: The population, whose pass rate and mean rates of the verifier are replaced,
            except one that the axis leaves: the false positive rate along `true_positive_rate`, the
            true positive rate along `false_positive_rate`.
        ratio: lambda, cost of a verification over that of a solution.
        budget: Most to spend on a problem, in solutions; stopping early meets it on average.
        axis: Which quality of the verifier varies.
        cells: Cells along each axis.
        places: What `place_pools` returns for the pools to show; none when None.
        seed: Seed of every random draw.
        threads: Threads to use; all cores when None. The result does not depend on it.
        progress: Called with the number of cells done.

    Raises:
        BadInputError: A number is out of its range.
    """
    check_request(ratio, budget, cells, seed)
    if axis not in AXIS_NAMES:
        raise BadInputError(f"axis '{axis}': use {', '.join(AXIS_NAMES)}")
    accuracies = simulation.always_solved + simulation.varied * _centres(cells)
    qualities = _centres(cells) if axis != "balanced_accuracy" else 0.5 + _centres(cells) / 2
    solvers = [replace(simulation, pass_rate=float(rate)) for rate in _centres(cells)]
    plain = [without_verifier(solver, budget, seed) for solver in solvers]
    total = cells * cells

    def cell(place: int) -> Choice | None:
        solver, quality = solvers[place // cells], float(qualities[place % cells])
        return with_verifier(_verified_by(solver, axis, quality), ratio, budget, seed)

    verified = []
    executor = ThreadPoolExecutor(threads or usable_cores())
    try:
        for found in executor.map(cell, range(total)):
            verified.append(found)
            progress(len(verified), total)
    finally:
        executor.shutdown(cancel_futures=True)
    rows = [
        {
            "accuracy": float(accuracies[place // cells]),
            "quality": float(qualities[place % cells]),
            **_rates(solvers[0], axis, float(qualities[place % cells])),
            **compared(*plain[place // cells], choice),
        }
        for place, choice in enumerate(verified)
    ]
    return VerificationMap(
        pl.DataFrame(rows, infer_schema_length=None, schema_overrides=_TYPES),
        pl.DataFrame() if places is None else places,
        axis,
        simulation,
        ratio,
        budget,
        seed,
    )


def check_request(ratio: float, budget: float, cells: int, seed: int) -> None:
    """Raise for a map that cannot be made.

    Raises:
        BadInputError: A number is out of its range.
    """
    RelativeCost(ratio)
    if not 1 <= budget <= MOST_BUDGET:
        raise BadInputError(
            f"budget = {budget:g}: use a number of solutions from 1 to {MOST_BUDGET:,}"
        )
    if not 2 <= cells <= MOST_CELLS:
        raise BadInputError(f"cells = {cells}: use a whole number from 2 to {MOST_CELLS}")
    if seed < 0:
        raise BadInputError(f"seed = {seed}: use a whole number from 0")


def without_verifier(simulation: Simulation, budget: float, seed: int) -> tuple[Choice, Choice]:
    """The best of plain voting and of voting that stops early, within a budget."""
    return (
        best_vote(simulation, budget),
        best_stopped_vote(simulation, budget, exponent=_EXPONENTS[1], seed=seed),
    )


def with_verifier(simulation: Simulation, ratio: float, budget: float, seed: int) -> Choice | None:
    """The best of verifying within a budget; None where it pays for no verified solution."""
    cost = RelativeCost(ratio, calls="shared" if simulation.shared_calls else "independent")
    return best_verified(simulation, cost, budget, exponent=_EXPONENTS[0], seed=seed)


def compared(
    voting: Choice, stopping: Choice, verifying: Choice | None
) -> dict[str, float | int | str | None]:
    """The columns of a cell, from `voting` on; see `VerificationMap.rows`."""
    choices = {"voting": voting, "stopping": stopping}
    if verifying is not None:
        choices["verifying"] = verifying
    winner = _winner(choices)
    others = [one.success for name, one in choices.items() if name != winner]
    plain = max(voting.success, stopping.success)
    return {
        "voting": voting.success,
        "stopping": stopping.success,
        "verifying": None if verifying is None else verifying.success,
        "voting_solutions": voting.solutions,
        "stopping_setting": stopping.setting,
        "stopping_cost": stopping.cost,
        "stopping_error": stopping.error,
        "verifying_strategy": None if verifying is None else verifying.strategy,
        "verifying_solutions": None if verifying is None else verifying.solutions,
        "verifying_verifications": None if verifying is None else verifying.verifications,
        "verifying_error": None if verifying is None else verifying.error,
        "winner": winner,
        "lead": choices[winner].success - max(others),
        "gain": None if verifying is None else verifying.success - plain,
    }


def _winner(choices: dict[str, Choice]) -> str:
    """The approach that leads all simpler ones, and that no less simple one leads."""
    winner = APPROACHES[0]
    for name in APPROACHES[1:]:
        if name in choices:
            held, tried = choices[winner], choices[name]
            error = float(np.hypot(held.error, tried.error))
            if tried.success - held.success >= max(LEAD, _CLEAR * error):
                winner = name
    return winner


def _verified_by(solver: Simulation, axis: Axis, quality: float) -> Simulation:
    rates = _rates(solver, axis, quality)
    return replace(
        solver,
        true_positive_rate=rates["true_positive_rate"],
        false_positive_rate=rates["false_positive_rate"],
    )


def _rates(simulation: Simulation, axis: Axis, quality: float) -> dict[str, float]:
    """The verifier's mean rates at a quality."""
    rates = {
        "true_positive_rate": simulation.true_positive_rate,
        "false_positive_rate": simulation.false_positive_rate,
    }
    if axis == "balanced_accuracy":
        return {"true_positive_rate": quality, "false_positive_rate": 1 - quality}
    return {**rates, axis: quality}


def _centres(cells: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Centres of equal cells from 0 to 1."""
    return (np.arange(cells) + 0.5) / cells


_TYPES: Final[dict[str, pl.DataType]] = {
    "verifying": pl.Float64(),
    "verifying_strategy": pl.String(),
    "verifying_solutions": pl.Int64(),
    "verifying_verifications": pl.Int64(),
    "verifying_error": pl.Float64(),
    "gain": pl.Float64(),
}

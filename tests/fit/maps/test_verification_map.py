"""The map against simulated pools, and what it says of verifiers whose worth is known."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from svlaw.analysis.cost import RelativeCost
from svlaw.analysis.success.estimators import Options
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.data.errors import BadInputError
from svlaw.fit.maps.approaches import Choice, best_verified, best_vote, points_within
from svlaw.fit.maps.early_stops import best_stopped_vote
from svlaw.fit.maps.map_figure import plot_map
from svlaw.fit.maps.verification_map import (
    VerificationMap,
    compared,
    verification_map,
    with_verifier,
    without_verifier,
)
from svlaw.fit.simulation.population import Simulation
from svlaw.fit.simulation.simulator import simulate_table

PLAIN = Simulation(true_positive_spread=0.0, false_positive_spread=0.0)
BUDGET, RATIO = 12.0, 0.5


def measured(simulation: Simulation, choice: Choice, problems: int) -> SuccessTable:
    """What a simulated pool gives at the point that was chosen."""
    name = choice.strategy
    if choice.setting:
        name = f"{name}:{choice.setting}"
    return simulate_table(
        simulation,
        problems=problems,
        solutions=max(choice.solutions, 1),
        verifications=max(choice.verifications, 1),
        seed=11,
        strategies=[name],
        grid_solutions=None if choice.setting else [choice.solutions],
        grid_verifications=[max(choice.verifications, 1)],
        options=Options(tolerance=0.005),
        threads=1,
    )


PLACES = [
    replace(PLAIN, pass_rate=0.3, true_positive_rate=0.9, false_positive_rate=0.2),
    replace(PLAIN, pass_rate=0.6, true_positive_rate=0.65, false_positive_rate=0.35),
    replace(
        PLAIN,
        pass_rate=0.45,
        true_positive_rate=0.8,
        false_positive_rate=0.3,
        always_solved=0.1,
        shared_calls=True,
    ),
]


@pytest.mark.parametrize("simulation", PLACES, ids=["strong", "weak", "shared"])
def test_cells_are_what_simulated_pools_show(simulation: Simulation) -> None:
    voting, stopping = without_verifier(simulation, BUDGET, seed=0)
    verifying = with_verifier(simulation, RATIO, BUDGET, seed=0)
    assert verifying is not None
    for choice in (voting, stopping, verifying):
        table = measured(simulation, choice, 1500)
        found = table.success[0]
        error = np.hypot(found.std(ddof=1) / np.sqrt(found.size), choice.error)
        assert abs(choice.success - found.mean()) < 4 * error, choice
        cost = table.costs(RelativeCost(RATIO, calls=_calls(simulation)))[0]
        assert cost == pytest.approx(choice.cost, rel=0.05)
        assert choice.cost <= BUDGET * 1.03


def _calls(simulation: Simulation) -> str:
    return "shared" if simulation.shared_calls else "independent"


def test_the_best_vote_is_the_best_within_the_budget() -> None:
    # All wrong solutions give one answer, so that one solution is right more often than many are.
    misled = Simulation(
        pass_rate=0.3, pass_rate_spread=0.0, wrong_answers=1, unsolvable=0.0, no_answer=0.0
    )
    assert best_vote(misled, 64.0).solutions == 1
    assert best_vote(misled, 64.0).success == pytest.approx(0.3)
    assert best_vote(PLAIN, 16.5).solutions == 16


def test_points_spend_the_budget() -> None:
    solutions, verifications = points_within(RelativeCost(2.0), 21.0)
    assert list(zip(solutions, verifications, strict=True)) == [
        (7, 1), (4, 2), (3, 3), (2, 4), (1, 10)
    ]  # fmt: skip
    assert points_within(RelativeCost(2.0), 2.9)[0].size == 0
    shared = points_within(RelativeCost(2.0, calls="shared"), 9.0)
    assert list(zip(*shared, strict=True)) == [(7, 1), (5, 2), (3, 3), (1, 4)]


def test_without_a_paid_verification_there_is_no_verifying() -> None:
    assert best_verified(PLAIN, RelativeCost(2.0), 2.5, exponent=4) is None
    row = compared(*without_verifier(PLAIN, 2.5, 0), None)
    assert row["verifying"] is row["gain"] is None
    assert row["winner"] in {"voting", "stopping"}


def test_stopping_early_beats_voting_at_its_cost() -> None:
    stopping = best_stopped_vote(PLAIN, 8.0, exponent=12)
    assert stopping.success > best_vote(PLAIN, 8.0).success
    assert stopping.cost <= 8.3
    assert stopping.solutions > 8


@pytest.fixture(scope="module")
def small() -> VerificationMap:
    return verification_map(PLAIN, 1.0, 16.0, cells=4, threads=1)


def test_the_columns(small: VerificationMap) -> None:
    rows = small.rows
    assert rows.height == 16
    accuracies = rows["accuracy"].unique().sort().to_list()
    assert accuracies == pytest.approx([0.95 * share for share in (0.125, 0.375, 0.625, 0.875)])
    assert rows["quality"].unique().sort().to_list() == [0.5625, 0.6875, 0.8125, 0.9375]
    assert (rows["true_positive_rate"] + rows["false_positive_rate"]).to_list() == [1.0] * 16
    best = rows.select(pl.max_horizontal("voting", "stopping", "verifying")).to_series()
    won = [row[row["winner"]] for row in rows.to_dicts()]
    assert np.all(best.to_numpy() - won < 0.02)
    assert sum(small.share(name) for name in ("voting", "stopping", "verifying")) == 1.0


def test_a_coin_never_pays_and_a_seer_does(small: VerificationMap) -> None:
    for quality, pays in ((0.5, False), (1.0, True)):
        simulation = replace(
            PLAIN, pass_rate=0.4, true_positive_rate=quality, false_positive_rate=1 - quality
        )
        row = compared(
            *without_verifier(simulation, 16.0, 0), with_verifier(simulation, 1.0, 16.0, 0)
        )
        assert (row["winner"] == "verifying") is pays
    found = small.pays_from().to_dicts()
    assert [row["accuracy"] for row in found] == small.rows["accuracy"].unique().sort().to_list()
    for row in found:
        part = small.rows.filter(pl.col("accuracy") == row["accuracy"])
        wins = part.filter(pl.col("quality") >= (row["pays_from"] or 2))["winner"]
        assert set(wins) <= {"verifying"}


def test_threads_and_repetition_change_nothing(small: VerificationMap) -> None:
    again = verification_map(PLAIN, 1.0, 16.0, cells=4, threads=2)
    assert again.rows.equals(small.rows)
    assert plot_map(again).to_json() == plot_map(small).to_json()
    other = verification_map(PLAIN, 1.0, 16.0, cells=4, threads=1, seed=1)
    assert not other.rows.equals(small.rows)


@pytest.mark.parametrize("axis", ["true_positive_rate", "false_positive_rate"])
def test_other_axes_leave_the_other_rate(axis: str) -> None:
    found = verification_map(PLAIN, 1.0, 6.0, axis=axis, cells=2, threads=1)  # type: ignore[arg-type]
    fixed = ({"true_positive_rate", "false_positive_rate"} - {axis}).pop()
    assert found.rows[axis].equals(found.rows["quality"].alias(axis))
    assert set(found.rows[fixed]) == {getattr(PLAIN, fixed)}
    better = found.rows.sort("quality", descending=axis == "false_positive_rate")
    for _, part in better.group_by("accuracy"):
        assert part["verifying"].is_sorted()


def test_progress_and_errors() -> None:
    seen: list[tuple[int, int]] = []
    verification_map(
        PLAIN, 1.0, 4.0, cells=2, threads=1, progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    for arguments, words in (
        ({"ratio": 0.0}, "lambda = 0: use a number above 0"),
        ({"budget": 0.5}, "budget = 0.5: use a number of solutions from 1 to 1,000"),
        ({"cells": 1}, "cells = 1: use a whole number from 2 to 60"),
        ({"seed": -1}, "seed = -1"),
        ({"axis": "price"}, "axis 'price'"),
    ):
        with pytest.raises(BadInputError, match=words):
            verification_map(PLAIN, **{"ratio": 1.0, "budget": 8.0, **arguments})  # type: ignore[arg-type]


def test_the_figure(small: VerificationMap) -> None:
    places = pl.DataFrame(
        {
            "pool": ["<mine>"],
            "calls": ["shared"],
            "accuracy": [0.5],
            "quality": [0.9],
            "true_positive_rate": [0.9],
            "false_positive_rate": [0.1],
            "measured_gain": [None],
        },
        schema_overrides={"measured_gain": pl.Float64},
    )
    figure = plot_map(replace(small, places=places), title="A map")
    kinds = [trace.type for trace in figure.data]
    assert kinds == ["heatmap", "contour", "scatter", "scatter", "scatter", "scatter"]
    cells, lines, *keys, dots = figure.data
    assert np.shape(cells.z) == (4, 4)
    # The third of the scale says who wins.
    names = ("voting", "stopping", "verifying")
    winners = small.rows.sort("accuracy", "quality")["winner"].to_list()
    assert [names[int(3 * height)] for row in cells.z for height in row] == winners
    assert [key.name.split(" wins")[0] for key in keys] == [
        "Voting", "Voting that stops early", "Verifying"
    ]  # fmt: skip
    assert lines.name.startswith("verifying gains 1, 2, 5")
    assert dots.text == (" &lt;mine&gt; ",)
    assert dots.marker.symbol == ("circle-open",)

"""The status of a design: what is doubtful about it, in words."""

from typing import Final, Literal

from svlaw.fit.designs.pilot import Pilot
from svlaw.fit.designs.search import Candidate, Choice, Search
from svlaw.fit.simulation.population_fit import PopulationFit

_RATIO: Final = 2.0
"""Pilot's half-width over that of simulated pools, or the inverse, that is worth a warning."""

Status = Literal["ok", "reached", "unlike", "biased", "extrapolated", "too_many", "no_law"]


def doubts(
    width: float,
    choice: Choice | None,
    search: Search,
    population: PopulationFit,
    pilot: Pilot,
) -> tuple[Status, tuple[str, ...]]:
    """Status, the gravest first, and everything doubtful in words."""
    found: list[tuple[Status, str]] = []
    if reached := _reached(pilot, width):
        found.append(("reached", reached))
    if choice is None:
        found.append(search.trouble())
    elif choice.candidate.bias is not None and abs(choice.candidate.bias) > width:
        found.append(("biased", _bias_words(choice.candidate)))
    if population.status == "unlike":
        found.append(("unlike", population.words))
    if choice and choice.extrapolated:
        found.append(
            (
                "extrapolated",
                f"so many problems were not simulated: the half-width continues that of"
                f" {choice.simulated:,}",
            )
        )
    notes = [words for _, words in found]
    if words := _pilot_words(pilot):
        notes.append(words)
    return (found[0][0] if found else "ok"), tuple(notes)


def _reached(pilot: Pilot, width: float) -> str:
    if pilot.status != "ok" or pilot.half_width is None or pilot.half_width > width:
        return ""
    usual = pilot.expected_half_width
    return (
        f"the pilot is enough: its {pilot.method} exponent is {pilot.exponent:.3f} to within"
        f" {pilot.half_width:.3f}"
        + (f" ({usual:.3f} in simulated pools of its size)" if usual is not None else "")
    )


def _bias_words(candidate: Candidate) -> str:
    return (
        f"{candidate.method} converges to {candidate.grid_exponent:.2f} on this grid, while the"
        f" optimum itself grows with an exponent of {candidate.true_exponent:.2f}: more problems"
        " never remove the difference; another method, or more solutions and verifications, may"
    )


def _pilot_words(pilot: Pilot) -> str:
    own, expected = pilot.half_width, pilot.expected_half_width
    if pilot.status != "ok" or own is None or not expected:
        return ""
    if 1 / _RATIO < own / expected < _RATIO:
        return ""
    return (
        f"the pilot's own half-width is {own:.3f}, that of simulated pools of its size"
        f" {expected:.3f}: problems may have to be {(own / expected) ** 2:.2g} times as many"
    )

"""Votes that stop early in a simulated population, by replays of fresh solutions."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from svlaw.analysis.cost import ROUNDING
from svlaw.analysis.kernels.problem_sample import NO_CLASS
from svlaw.analysis.kernels.random_streams import new_stream
from svlaw.analysis.strategies.policies.stopped_votes import stopped_votes
from svlaw.analysis.strategies.policies.stopping_rules import UNREACHABLE, votes_for_lead
from svlaw.analysis.strategies.policies.usage import QUANTITIES, SOLUTIONS, SUCCESS
from svlaw.fit.maps.approaches import Choice
from svlaw.fit.simulation.plurality import self_consistency
from svlaw.fit.simulation.population import Simulation
from svlaw.fit.simulation.quadrature import rate_quantiles

F64 = npt.NDArray[np.float64]
I32 = npt.NDArray[np.int32]

_LEADS: Final = (1, 2, 3, 4, 5, 6, 8, 12, 16)
"""Leads at which a vote stops."""
_REACH: Final = 4
"""Largest limit of a problem's solutions, over the budget that is met on average."""
_MOST: Final = 512
"""Largest limit of a problem's solutions."""


def best_stopped_vote(
    simulation: Simulation, budget: float, *, exponent: int, seed: int = 0
) -> Choice:
    """Adaptive voting with the settings that succeed most at a mean cost of at most the budget.

    A vote stops when the leading answer is `lead` votes ahead, or at `most` solutions. The budget
    holds for the mean over problems, so `most` may exceed it. Settings are chosen on half of the
    problems and scored on the other half. Only the difference to plain voting over the same `most`
    solutions is sampled; plain voting is exact.

    Args:
        simulation: The population.
        budget: Most solutions for a problem, on average; from 1.
        exponent: Log2 of the number of problems, each with fresh solutions.
        seed: Seed of every random draw; the same draws for all populations.
    """
    limits = _limits(budget)
    rules = [(lead, most) for most in limits for lead in _LEADS if lead <= most]
    plain = [(None, most) for most in limits]
    outcomes = _replays(simulation, [*plain, *rules], 2**exponent, seed)
    place_of = {most: place for place, most in enumerate(limits)}
    votes = outcomes[:, [place_of[most] for _, most in rules], SUCCESS]
    costs = outcomes[:, len(plain) :, SOLUTIONS]
    differences = outcomes[:, len(plain) :, SUCCESS] - votes
    exact = self_consistency(simulation, np.array(limits))[[place_of[most] for _, most in rules]]
    within = costs[::2].mean(axis=0) <= budget * (1 + ROUNDING)
    success = simulation.always_solved + simulation.varied * exact
    place = int(np.where(within, success + differences[::2].mean(axis=0), -1.0).argmax())
    lead, most = rules[place]
    scored = differences[1::2, place]
    return Choice(
        "adaptive_vote",
        f"lead={lead}:most={most}",
        most,
        0,
        float(costs[1::2, place].mean()),
        float(success[place] + scored.mean()),
        float(scored.std(ddof=1) / np.sqrt(scored.size)),
    )


def _limits(budget: float) -> list[int]:
    """Powers of two up to a few times the budget, and the budget itself."""
    most = min(int(_REACH * budget), _MOST)
    powers = [2**k for k in range(most.bit_length())]
    return sorted({*powers, min(int(budget * (1 + ROUNDING)), _MOST)})


def _replays(
    simulation: Simulation, rules: Sequence[tuple[int | None, int]], problems: int, seed: int
) -> F64:
    """(problems, rules, Q) outcome and usage of each rule on each problem, see `usage`.

    A rule is a lead, None where it never stops early, and the most solutions.
    """
    longest = max(most for _, most in rules)
    needed = np.stack(
        [votes_for_lead(UNREACHABLE if lead is None else lead, longest) for lead, _ in rules]
    )
    limits = np.array([most for _, most in rules], np.int64)
    windows = np.zeros(len(rules), np.int64)
    shares = np.zeros(simulation.wrong_answers + 1)
    shares[0] = 1.0
    order, tokens = np.arange(longest), np.zeros(longest)
    outcomes = np.zeros((problems, len(rules), len(QUANTITIES)))
    unused, largest = np.zeros(outcomes.shape[1:]), np.zeros(outcomes.shape[1:])
    stream = new_stream(seed, "stopped vote")
    for answers, found in zip(_answers(simulation, problems, longest, seed), outcomes, strict=True):
        stopped_votes(
            *(answers, shares, tokens, needed, windows, limits, order, True),
            *(1, stream, found, unused, largest),
        )
    return outcomes


def _answers(simulation: Simulation, problems: int, length: int, seed: int) -> I32:
    """(problems, length) answers: 0 right, 1 .. K wrong, `NO_CLASS` for none."""
    kinds, right, wrong, missing = _uniforms(problems, length, seed)
    rates = rate_quantiles(
        simulation.pass_rate,
        simulation.pass_rate_spread,
        np.clip((kinds - simulation.unsolvable) / max(simulation.varied, 1e-12), 0.0, 1.0),
    )
    rates[kinds < simulation.unsolvable] = 0.0
    rates[kinds >= 1 - simulation.always_solved] = 1.0
    weights = np.cumsum(simulation.wrong_weights)[:-1]
    answers = 1 + np.searchsorted(weights, wrong, side="right")
    answers[missing < simulation.no_answer] = NO_CLASS
    answers[right < rates[:, None]] = 0
    return answers.astype(np.int32)


@lru_cache(maxsize=1)
def _uniforms(problems: int, length: int, seed: int) -> tuple[F64, F64, F64, F64]:
    """Uniform numbers: one for each problem, stratified, and three for each solution."""
    rng = np.random.default_rng(new_stream(seed, "solutions of a map"))
    strata = rng.permuted(np.arange(problems // 2)) + rng.random((2, problems // 2))
    kinds = (strata.T / (problems // 2)).ravel()  # both halves have a problem in each stratum
    right, wrong, missing = rng.random((3, problems, length), np.float32).astype(float)
    return kinds, right, wrong, missing

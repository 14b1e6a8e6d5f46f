"""The map of `svlaw map` against simulated pools, its speed, and the table in the docs.

    python benchmarks/maps.py places    # ten random cells against pools of 3,000 problems
    python benchmarks/maps.py speed     # 20 x 20 cells at budgets 16, 64 and 256
    python benchmarks/maps.py table     # from which verifier on verifying wins

`places` prints, for voting, stopping early and verifying, the cell's success, that of the pool at
the same setting, and their difference in standard errors.
"""

import sys
import time
from dataclasses import replace
from typing import Final

import numpy as np

from svlaw.analysis.success.estimators import Options
from svlaw.fit.maps.approaches import Choice
from svlaw.fit.maps.verification_map import (
    compared,
    verification_map,
    with_verifier,
    without_verifier,
)
from svlaw.fit.simulation.population import Simulation
from svlaw.fit.simulation.simulator import simulate_table

PLAIN: Final = Simulation(true_positive_spread=0.0, false_positive_spread=0.0)
PROBLEMS: Final = 3000


def places(seed: int = 1) -> None:
    """Ten random cells, lambdas and budgets against simulated pools."""
    rng = np.random.default_rng(seed)
    print("| accuracy | quality | correlation | lambda | budget | approach | cell | pool | z |")
    print("|---|---|---|---|---|---|---|---|---|")
    for number in range(10):
        quality = float(rng.uniform(0.5, 1.0))
        simulation = replace(
            PLAIN,
            pass_rate=float(rng.uniform(0.05, 0.95)),
            true_positive_rate=quality,
            false_positive_rate=1 - quality,
            correlation=float(rng.choice([0.0, 0.2, 0.5])),
        )
        ratio, budget = float(rng.choice([0.25, 1.0, 2.0])), float(rng.choice([4, 8, 16, 32]))
        plain = without_verifier(simulation, budget, 0)
        for choice in (*plain, with_verifier(simulation, ratio, budget, 0)):
            if choice is None:
                continue
            mean, error = _measured(simulation, choice, number)
            z = (choice.success - mean) / np.hypot(error, choice.error)
            name = f"{choice.strategy} {choice.setting}".strip()
            print(
                f"| {100 * simulation.mean_pass_rate:.0f}% | {quality:.2f}"
                f" | {simulation.correlation:g} | {ratio:g} | {budget:g} | {name}"
                f" | {100 * choice.success:.1f} | {100 * mean:.1f} | {z:+.1f} |",
                flush=True,
            )


def _measured(simulation: Simulation, choice: Choice, seed: int) -> tuple[float, float]:
    """Mean success of a simulated pool at a setting, and its standard error."""
    name = f"{choice.strategy}:{choice.setting}" if choice.setting else choice.strategy
    table = simulate_table(
        simulation,
        problems=PROBLEMS,
        solutions=choice.solutions,
        verifications=max(choice.verifications, 1),
        seed=1000 + seed,
        strategies=[name],
        grid_solutions=None if choice.setting else [choice.solutions],
        grid_verifications=[max(choice.verifications, 1)],
        options=Options(tolerance=0.002),
    )
    found = table.success[0]
    return float(found.mean()), float(found.std(ddof=1) / np.sqrt(found.size))


def speed() -> None:
    """Seconds of 20 x 20 cells."""
    for budget in (16.0, 64.0, 256.0):
        wall, work = time.perf_counter(), time.process_time()
        verification_map(PLAIN, 1.0, budget)
        wall, work = time.perf_counter() - wall, time.process_time() - work
        print(f"budget {budget:g}: {work:.0f} s of computing, {wall:.0f} s", flush=True)


def table() -> None:
    """The balanced accuracy from which on verifying wins, in steps of 0.02."""
    accuracies = (0.2, 0.5, 0.8)
    print("| lambda | budget | " + " | ".join(f"{a:.0%}" for a in accuracies) + " |")
    print("|---|---|---|---|---|")
    qualities = np.round(np.arange(0.5, 1.0001, 0.02), 2)
    for ratio in (0.25, 1.0, 2.0):
        for budget in (4.0, 16.0, 64.0, 256.0):
            cells = []
            for accuracy in accuracies:
                solver = replace(PLAIN, pass_rate=accuracy / PLAIN.varied)
                plain = without_verifier(solver, budget, 0)
                first = None
                for quality in qualities[::-1].tolist():
                    judged = replace(
                        solver, true_positive_rate=quality, false_positive_rate=1 - quality
                    )
                    row = compared(*plain, with_verifier(judged, ratio, budget, 0))
                    if row["winner"] != "verifying":
                        break
                    first = quality
                cells.append("never" if first is None else f"{first:.2f}")
            print(f"| {ratio:g} | {budget:g} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    {"places": places, "speed": speed, "table": table}[sys.argv[1]]()

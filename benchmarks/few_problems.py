"""How often intervals hold the truth with 10 to 200 problems: a table of docs/intervals.md.

    python benchmarks/few_problems.py                  200 pools a cell, printed
    python benchmarks/few_problems.py --pools 20       quicker

Pools are drawn, with replacement, from 1,500 simulated problems of a setting, whose figures are the
truth; so many pools cost no more simulation than one, and every interval meets the same truth.
"""

import argparse
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from svlaw.analysis.compare.crossover import crossover
from svlaw.analysis.cost import RelativeCost
from svlaw.analysis.intervals.difference_intervals import difference_intervals
from svlaw.analysis.intervals.success_intervals import success_intervals
from svlaw.analysis.success.estimators import Options
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.fit.laws.allocation import fit_allocation
from svlaw.fit.simulation.simulator import SETTINGS, simulate_table

COST = RelativeCost(1.0)
POPULATION, SOLUTIONS, VERIFICATIONS = 1500, 64, 16
SIZES = (10, 20, 30, 60, 100, 200)
STRATEGIES = ("self_consistency", "best_of_n", "weighted_vote")
BUDGETS = ("crossover_budget", "ahead_budget")


def population(setting: str, grid: str | None) -> SuccessTable:
    """The problems that pools are drawn from."""
    return simulate_table(
        SETTINGS[setting],
        problems=POPULATION,
        solutions=SOLUTIONS,
        verifications=VERIFICATIONS,
        strategies=STRATEGIES,
        grid_solutions=grid,  # type: ignore[arg-type]
        grid_verifications=grid,  # type: ignore[arg-type]
        options=Options(tolerance=0.005),
        threads=1,
    )


def drawn(table: SuccessTable, size: int, seed: int) -> SuccessTable:
    """A pool of some problems of the population."""
    chosen = np.random.default_rng([seed, size]).integers(0, table.n_problems, size)
    return replace(
        table,
        success=table.success[:, chosen],
        variance=table.variance[:, chosen],
        problem_ids=tuple(f"{place}" for place in range(size)),
    )


def held(low: float | None, high: float | None, truth: float | None) -> bool:
    """Whether an interval holds a truth; None is never, above every budget."""
    ends = [np.inf if end is None else end for end in (low, high)]
    return bool(ends[0] <= (np.inf if truth is None else truth) <= ends[1])


def one_setting(
    table: SuccessTable, pools: int, resamples: int, methods: Sequence[str]
) -> dict[tuple[str, int], list[bool]]:
    """Whether each interval of each pool holds the truth, by figure and number of problems."""
    found: dict[tuple[str, int], list[bool]] = defaultdict(list)
    mean = table.mean()
    true = {name: crossover(table, COST, name, resamples=0) for name in STRATEGIES[1:]}
    laws = fit_allocation(table, COST, methods, resamples=0).laws
    names = table.points["strategy"].to_numpy()
    plain = np.flatnonzero(names == "self_consistency")
    for size in SIZES:
        for pool in range(pools):
            part = drawn(table, size, pool)
            low, high = success_intervals(part.success)
            found["success", size] += ((low <= mean) & (mean <= high)).tolist()
            difference = part.success - part.success[plain[-1]]
            low, high = difference_intervals(difference[: plain[-1]])
            truth = (mean - mean[plain[-1]])[: plain[-1]]
            found["differences of two points", size] += (
                (low <= truth + 1e-12) & (truth - 1e-12 <= high)
            ).tolist()
            for name, wanted in true.items():
                result = crossover(part, COST, name, resamples=resamples, seed=pool)
                gain = result.gain
                label = name.replace("_", " ")
                found[f"gain, {label}", size].append(
                    held(gain.conf_low, gain.conf_high, wanted.gain.estimate)
                )
                for attribute in BUDGETS:
                    value, truth_of = getattr(result, attribute), getattr(wanted, attribute)
                    key = f"{attribute.replace('_', ' ')}, {label}"
                    found[key, size].append(
                        held(value.conf_low, value.conf_high, truth_of.estimate)
                    )
            fit = fit_allocation(part, COST, methods, resamples=resamples, seed=pool)
            for law, known in zip(fit.laws, laws, strict=True):
                if law.strategy == "best_of_n" and law.status in {"ok", "boundary"}:
                    inside = held(law.conf_low, law.conf_high, known.exponent)
                    found[f"exponent of {law.quantity}, {law.method}", size].append(inside)
    return found


def main() -> None:
    """Print a table for each setting and grid."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pools", type=int, default=200)
    parser.add_argument("--resamples", type=int, default=200)
    parser.add_argument("--settings", nargs="*", default=list(SETTINGS))
    parser.add_argument("--grids", nargs="*", default=["powers", "fine"])
    parser.add_argument("--methods", nargs="*", default=["envelope"])
    arguments = parser.parse_args()
    for setting in arguments.settings:
        for grid in arguments.grids:
            table = population(setting, None if grid == "powers" else grid)
            found = one_setting(table, arguments.pools, arguments.resamples, arguments.methods)
            print(f"\n{setting}, grid: {grid}, {arguments.pools} pools a cell\n")
            print(f"| figure | {' | '.join(map(str, SIZES))} |\n|---|{'---|' * len(SIZES)}")
            for name in dict.fromkeys(name for name, _ in found):
                cells = [
                    f"{np.mean(found[name, size]):.0%}" if found[name, size] else "–"
                    for size in SIZES
                ]
                print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()

"""How often `svlaw check` finds shared calls that a pool does not declare, and accuses others.

`python benchmarks/call_checks.py [--pools N]`. Simulated pools of 50 problems x 16 solutions x 8
verdicts from each setting of the simulator, with shared calls imported without saying so and with
independent calls. Exits with 1 below 95 in 100 found or above 2 in 100 accused.
"""

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from svlaw.analysis.checks.call_checks import check_calls, measure_calls
from svlaw.analysis.checks.solution_checks import read_answers
from svlaw.fit.simulation.population import SETTINGS, Simulation
from svlaw.fit.simulation.simulator import VERIFIER, simulate_pool

SIZES = {"problems": 50, "solutions": 16, "verifications": 8}


def main() -> int:
    """Print the shares; 1 when a limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pools", type=int, default=100, help="pools of each kind")
    pools = parser.parse_args().pools
    holds = True
    for name, setting in SETTINGS.items():
        for shared in (True, False):
            simulation = replace(setting, shared_calls=shared)
            noted = sum(_is_noted(simulation, seed) for seed in range(pools))
            holds &= noted >= 0.95 * pools if shared else noted <= 0.02 * pools
            kind = "shared, undeclared" if shared else "independent"
            print(f"{name:12} {kind:20} noted {noted} of {pools}", flush=True)
    return int(not holds)


def _is_noted(simulation: Simulation, seed: int) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        pool = simulate_pool(Path(folder) / "pool", simulation, **SIZES, seed=seed)
        pool = replace(pool, shared_calls=frozenset())
        effect, shares = measure_calls(pool, VERIFIER, read_answers(pool))
        return check_calls(VERIFIER, "independent", effect, shares).level == "note"


if __name__ == "__main__":
    sys.exit(main())

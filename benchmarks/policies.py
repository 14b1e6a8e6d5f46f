"""Time of the families of policies beside the fixed strategies on the dense grid.

`python benchmarks/policies.py [--problems P]`. Problems have 256 solutions and 32 verdicts of each;
precision is that of 128 of them. Fixed strategies are computed at every S and V, policies at their
default settings. Times are processor seconds, scaled to 128 problems, after the first problem has
compiled everything.
"""

import argparse
import importlib.util
import sys
import time
from pathlib import Path
from types import ModuleType

import numpy as np

from svlaw.analysis.kernels.problem_sample import ProblemSample
from svlaw.analysis.strategies.policies.evaluation import evaluate
from svlaw.analysis.strategies.policies.families import FAMILIES
from svlaw.analysis.success.estimators import Options, estimate
from svlaw.data.schema import STRATEGIES


def _rules() -> ModuleType:
    """The script beside this one, which makes the problems."""
    spec = importlib.util.spec_from_file_location("rules", Path(__file__).with_name("rules.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["rules"] = module
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", type=int, default=8)
    arguments = parser.parse_args()
    rules = _rules()
    samples = [rules._problem(i) for i in range(arguments.problems)]
    S, V = rules.GRIDS["dense"]
    print(f"| what | settings | seconds for {rules.PROBLEMS} problems | times the grid |")
    print("|---|---|---|---|")

    def fixed(sample: ProblemSample) -> None:
        for name in STRATEGIES:
            depths = V if name in ("best_of_n", "weighted_vote") else np.array([0])
            estimate(name, sample, S, depths, Options(), rules.PROBLEMS)

    def family(name: str, sample: ProblemSample) -> None:
        settings = FAMILIES[name].expand({}, rules.N, rules.M, rules.M)
        evaluate(
            *(name, sample, settings),
            count_unparsed=False,
            zero_missing=True,
            target=Options().target(rules.PROBLEMS),
            limit=Options().max_replicates,
            seed=0,
        )

    def seconds(work: str) -> float:
        for sample in samples[:1] * 2 + samples:
            if sample is samples[0]:
                begun = time.process_time()
            fixed(sample) if work == "grid" else family(work, sample)
        return (time.process_time() - begun) / len(samples) * rules.PROBLEMS

    grid = seconds("grid")
    print(f"| fixed strategies, dense grid | {4} strategies | {grid:.1f} | 1.0 |", flush=True)
    total = 0.0
    for name, one in FAMILIES.items():
        spent = seconds(name)
        total += spent
        count = len(one.expand({}, rules.N, rules.M, rules.M))
        print(f"| `{name}` | {count} | {spent:.1f} | {spent / grid:.1f} |", flush=True)
    print(f"| all families | | {total:.1f} | {total / grid:.1f} |")


if __name__ == "__main__":
    main()

"""How often intervals hold the truth in simulated pools: docs/intervals.md, reduced."""

import importlib.util
from collections import defaultdict
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

POOLS = 14
METHODS = ("envelope", "isobudget")


def _study() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / "intervals.py"
    spec = importlib.util.spec_from_file_location("intervals_study", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_intervals_hold_the_truth() -> None:
    """Of 42 pools about 40 should; the figures of one pool are correlated, so bounds are wide."""
    study = _study()
    held = defaultdict(list)
    for place, setting in enumerate(("typical", "hard", "correlated")):
        truth, _ = study.truth_of(setting, METHODS)
        for seed in range(POOLS):
            # Another seed for each setting: the same one would draw the same problems.
            for figure in study.one_pool(setting, 100 * place + seed, 200, METHODS):
                if figure.quoted:
                    held[figure.kind].append(figure.holds(truth[figure.name]))
    shares = {kind: float(np.mean(values)) for kind, values in held.items()}
    assert set(shares) == {"success", "difference", "crossover", "exponent"}
    assert min(shares.values()) >= 0.82, shares
    assert max(shares.values()) <= 0.995, shares

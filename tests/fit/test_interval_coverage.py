"""How often intervals hold the truth in simulated pools: docs/intervals.md, reduced."""

import importlib.util
from collections import defaultdict
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

POOLS = 25


def _study() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / "intervals.py"
    spec = importlib.util.spec_from_file_location("intervals_study", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize("setting", ["typical", "hard", "correlated"])
def test_intervals_hold_the_truth(setting: str) -> None:
    """Of 25 pools about 24 should; the figures of one pool are correlated, so bounds are wide."""
    study = _study()
    truth, _ = study.truth_of(setting, ("envelope", "isobudget"))
    held = defaultdict(list)
    for seed in range(POOLS):
        for figure in study.one_pool(setting, seed, 200, ("envelope", "isobudget")):
            if figure.quoted:
                held[figure.kind].append(figure.holds(truth[figure.name]))
    assert set(held) == {"success", "difference", "crossover", "exponent"}
    for kind, values in held.items():
        assert 0.84 <= np.mean(values) <= 0.995 or kind == "success", kind
    assert np.mean(held["success"]) >= 0.88

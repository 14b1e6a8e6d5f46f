"""How often intervals hold the truth in simulated pools: docs/intervals.md, reduced."""

import importlib.util
from collections import defaultdict
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from svlaw.analysis.success.estimators import Options

POOLS = 14
METHODS = ("envelope", "isobudget")


def _study() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / "intervals.py"
    spec = importlib.util.spec_from_file_location("intervals_study", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    # Small pools have wide intervals, beside which the error of the simulation is nothing.
    module.PROBLEMS, module.OPTIONS = 50, Options(tolerance=0.005)
    module.true_table = partial(module.true_table, tolerance=0.002)
    return module


@pytest.mark.slow
def test_intervals_hold_the_truth() -> None:
    """Of 42 pools about 40 should; the figures of one pool are correlated, so bounds are wide.

    Intervals of six tenths of the width fall below them, those of twice the width lie above.
    """
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

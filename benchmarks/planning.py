"""How far off frontiers and plans are where the truth is known: the tables of docs/planning.md.

Success is simulated for each problem directly, without solutions and verdicts.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.compare.crossfit import cross_fit
from svlaw.analysis.cost import RelativeCost
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.fit.plans.planner import PlannedPoint, plan

F64 = npt.NDArray[np.float64]

LEVEL_POOLS: Final = 1000
POOLS: Final = 150
BUDGET: Final = 2112.0
TARGET: Final = 0.6
COST: Final = RelativeCost(2.0)
STRATEGIES: Final = ("self_consistency", "best_of_n", "weighted_vote")
_S: Final = np.unique(np.rint(2 ** (np.arange(49) / 8))).astype(int)
_GRID: Final = [
    (name, int(s), v)
    for name in STRATEGIES
    for v in ((0,) if name == "self_consistency" else (1, 2, 3, 4, 6, 8, 11, 16))
    for s in _S
]
POINTS: Final = pl.DataFrame(
    _GRID,
    {"strategy": pl.String, "solutions": pl.Int32, "verifications": pl.Int32},
    orient="row",
)


def level_points(rng: np.random.Generator) -> None:
    """Many points of level truth, each with problems of its own that suit it."""
    print("| points | spread | problems | in-sample | cross-fitted | standard error |")
    print("|---|---|---|---|---|---|")
    nodes, weights = np.polynomial.hermite_e.hermegauss(101)
    for G in (20, 200):
        for spread in (0.0, 0.1):
            for P in (30, 100):
                errors = []
                for seed in range(LEVEL_POOLS):
                    level = rng.normal(0, spread, G)
                    spots = _sigmoid(0.5 + level[:, None] + np.hypot(2, 1) * nodes)
                    truth = spots @ weights / weights.sum()
                    logits = rng.normal(0.5, 2, P) + level[:, None] + rng.normal(0, 1, (G, P))
                    success = _sigmoid(logits)
                    means = success.mean(axis=1)
                    scored = cross_fit(success, np.array([G]), seed)
                    assert scored is not None
                    best = means.argmax()
                    errors.append((means[best] - truth[best], scored.mean() - truth[best]))
                bias, error = _bias(errors)
                row = f"| {G} | {spread} | {P} | {bias[0]:+.1f} | {bias[1]:+.1f} |"
                print(f"{row} {error[1]:.1f} |", flush=True)


def plans(rng: np.random.Generator) -> None:
    """Smooth surfaces of three strategies that differ from problem to problem."""
    print("| ahead | problems | in-sample | expected | interval | difference | matters | target |")
    print("|---|---|---|---|---|---|---|---|")
    for advantage in (-0.3, 0.0, 0.3):
        truth = np.mean([_surfaces(1500, rng, advantage).mean(axis=1) for _ in range(60)], axis=0)
        true = dict(zip(_GRID, truth, strict=True))
        for P in (30, 100):
            errors, held, reached = [], [], []
            for seed in range(POOLS):
                table = _table(_surfaces(P, rng, advantage))
                found = plan(table, COST, budget=BUDGET, resamples=400, seed=seed)
                best, second = found.recommended, found.runner_up
                assert best is not None
                assert second is not None
                at = true[_key(best)]
                lead = at - true[_key(second)]
                errors.append((best.in_sample - at, best.success - at))
                inside = (best.conf_low or 0) <= at <= (best.conf_high or 0)
                paired = (second.difference_low or 0) <= lead <= (second.difference_high or 0)
                held.append((inside, paired, bool(found.difference_matters)))
                cheapest = plan(table, COST, target=TARGET, resamples=0, seed=seed).recommended
                if cheapest is not None:
                    reached.append((cheapest.success - true[_key(cheapest)],))
            bias, _ = _bias(errors)
            shares = 100 * np.mean(held, axis=0)
            row = f"| {advantage:+.1f} | {P} | {bias[0]:+.1f} | {bias[1]:+.1f} |"
            figures = " | ".join(f"{share:.0f}%" for share in shares)
            print(f"{row} {figures} | {_bias(reached)[0][0]:+.1f} |", flush=True)


def _surfaces(P: int, rng: np.random.Generator, advantage: float) -> F64:
    """(points, P) success; `advantage` of verification is in logits."""
    s = np.log2(POINTS["solutions"].to_numpy().astype(float))[:, None]
    v = np.log2(np.maximum(POINTS["verifications"].to_numpy(), 1).astype(float))[:, None]
    strategy = POINTS["strategy"].to_numpy()
    difficulty = rng.normal(0.5, 2, P)
    logits = rng.normal(0, 0.2, (len(_GRID), P)) + difficulty
    for name in STRATEGIES:
        rows = strategy == name
        if name == "self_consistency":
            slope, bend = rng.normal(0.15, 0.4, P), rng.normal(-0.012, 0.05, P)
            logits[rows] += slope * s[rows] + bend * s[rows] ** 2
            continue
        slope, bend = rng.normal(0.18, 0.4, P), rng.normal(-0.02, 0.05, P)
        depth, joint = rng.normal(0.05, 0.3, P), rng.normal(0, 0.04, P)
        logits[rows] += rng.normal(advantage - 0.1, 0.5, P)
        logits[rows] += slope * s[rows] + bend * s[rows] ** 2
        logits[rows] += depth * v[rows] + joint * s[rows] * v[rows]
    return _sigmoid(logits)


def _table(success: F64) -> SuccessTable:
    ids = tuple(f"p{i:03d}" for i in range(success.shape[1]))
    return SuccessTable(POINTS, success, np.zeros_like(success), ids, 0, None)


def _key(point: PlannedPoint) -> tuple[str, int, int]:
    return point.strategy, point.solutions, point.verifications


def _sigmoid(logits: F64) -> F64:
    result: F64 = 1 / (1 + np.exp(-logits))
    return result


def _bias(errors: list[tuple[float, ...]]) -> tuple[F64, F64]:
    """Mean and its standard error, in points."""
    figures = 100 * np.array(errors)
    return figures.mean(axis=0), figures.std(axis=0) / np.sqrt(len(figures))


if __name__ == "__main__":
    level_points(np.random.default_rng(0))
    print()
    plans(np.random.default_rng(1))

"""How often intervals of mean success hold the truth, by method: the table of docs/intervals.md."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import stats

from svlaw.analysis.intervals.resampling import Resamples, percentile_interval
from svlaw.analysis.intervals.success_intervals import success_intervals

F64 = npt.NDArray[np.float64]
SAMPLES, RESAMPLES = 1500, 1000


def _few_hard(rng: np.random.Generator, n: int) -> F64:
    hard = rng.random(n) < 0.06
    return np.where(hard, rng.beta(1, 1, n) * 0.8, 1 - rng.beta(0.2, 20, n))


def _very_few_hard(rng: np.random.Generator, n: int) -> F64:
    return np.where(rng.random(n) < 0.02, rng.beta(1, 2, n), 1.0)


POPULATIONS: dict[str, Callable[[np.random.Generator, int], F64]] = {
    "few hard problems": _few_hard,
    "very few": _very_few_hard,
    "solved always or never, mostly": lambda rng, n: rng.beta(0.3, 0.2, n),
    "a bell": lambda rng, n: rng.beta(2, 3, n),
    "hardly ever solved": lambda rng, n: rng.beta(0.1, 3, n),
}


def main() -> None:
    """Print the table."""
    rng = np.random.default_rng(0)
    print("| samples of | problems | success | percentile | BCa | t | Wilson, effective number |")
    print("|---|---|---|---|---|---|---|")
    for name, draw in POPULATIONS.items():
        truth = float(draw(rng, 2_000_000).mean())
        for n in (30, 100):
            drawn = Resamples(rng.multinomial(n, np.full(n, 1 / n), size=RESAMPLES) / n)
            samples = np.stack([draw(rng, n) for _ in range(SAMPLES)])
            mean = samples.mean(axis=1)
            resampled = samples @ drawn.weights.T
            half = stats.t.ppf(0.975, n - 1) * samples.std(axis=1, ddof=1) / np.sqrt(n)
            ends = (
                percentile_interval(resampled),
                drawn.intervals(mean, resampled),
                (mean - half, mean + half),
                success_intervals(samples),
            )
            held = [f"{np.mean((low <= truth) & (truth <= high)):.0%}" for low, high in ends]
            print(f"| {name} | {n} | {truth:.3f} | {' | '.join(held)} |")


if __name__ == "__main__":
    main()

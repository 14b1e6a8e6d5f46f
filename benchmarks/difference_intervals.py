"""How often intervals of mean differences hold the truth: the table of docs/intervals.md.

python benchmarks/difference_intervals.py                  2,000 data sets a cell
python benchmarks/difference_intervals.py --real POOL...   differences of pools, resampled
"""

import argparse
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, stdtrit

import svlaw as sv
from svlaw.analysis.intervals.difference_intervals import difference_intervals
from svlaw.analysis.intervals.resampling import Resamples

F64 = npt.NDArray[np.float64]
Rng = np.random.Generator
Draw = Callable[[Rng, tuple[int, int]], F64]
SIZES: Final = (10, 20, 30, 60, 100, 200, 500)


def _sparse(size: float, plus: float, minus: float = 0.0) -> Draw:
    """A size on some share of the problems, and its negative on another."""

    def draw(rng: Rng, shape: tuple[int, int]) -> F64:
        u = rng.random(shape)
        return size * ((u < plus).astype(float) - (u > 1 - minus))

    return draw


def _normal(mean: float, sd: float) -> Draw:
    return lambda rng, shape: mean + sd * rng.standard_normal(shape)


def _beta(a: float, b: float, low: float, high: float) -> Draw:
    return lambda rng, shape: low + (high - low) * rng.beta(a, b, shape)


def _mixed(share: float, big: Draw, small: Draw) -> Draw:
    return lambda rng, shape: np.where(
        rng.random(shape) < share, big(rng, shape), small(rng, shape)
    )


_ZERO = _sparse(0.0, 0.0)


def _votes(a: float, b: float) -> Draw:
    """Majority of 64 against majority of 16, one solution right with p ~ Beta(a, b)."""

    def draw(rng: Rng, shape: tuple[int, int]) -> F64:
        p = rng.beta(a, b, shape)
        scale = (p - 0.5) / np.sqrt(p * (1 - p) + 1e-9)
        return ndtr(8 * scale) - ndtr(4 * scale)

    return draw


def _cover(a: float, b: float) -> Draw:
    """Best of 16 against best of 4 under a perfect verifier, p ~ Beta(a, b): near the ceiling."""

    def draw(rng: Rng, shape: tuple[int, int]) -> F64:
        p = rng.beta(a, b, shape)
        return (1 - p) ** 4 - (1 - p) ** 16

    return draw


POPULATIONS: Final[dict[str, Draw]] = {
    **{
        f"+{s} on {int(100 * p)}%": _sparse(s, p)
        for s in (0.5, 1.0)
        for p in (0.02, 0.05, 0.1, 0.2)
    },
    "+0.1 on 10%": _sparse(0.1, 0.1),
    "+-0.5 on 5% each": _sparse(0.5, 0.05, 0.05),
    "+-1 on 2% each": _sparse(1.0, 0.02, 0.02),
    "+0.5 on 15%, -0.5 on 3%": _sparse(0.5, 0.15, 0.03),
    "normal, sd 0.2": _normal(0.05, 0.2),
    "normal, sd 0.05": _normal(0.02, 0.05),
    "normal, sd 0.01": _normal(0.005, 0.01),
    "bell on [-1, 1]": _beta(5, 4, -1, 1),
    "two-humped": _beta(0.5, 0.5, -0.8, 1),
    "skewed bell, _beta(2, 8)": _beta(2, 8, -0.1, 0.9),
    "skewed, _beta(1, 9)": _beta(1, 9, 0, 1),
    "very skewed, _beta(0.3, 3)": _beta(0.3, 3, 0, 1),
    "90% tiny, 10% +0.5": _mixed(0.1, _sparse(0.5, 1), _normal(0, 0.01)),
    "90% tiny, 10% bell of 0.3": _mixed(0.1, _normal(0.3, 0.15), _normal(0, 0.02)),
    "80% tiny, 20% +-bell": _mixed(0.2, _normal(0, 0.3), _normal(0.01, 0.02)),
    "10% uniform on [0, 1]": _mixed(0.1, _beta(1, 1, 0, 1), _ZERO),
    "20% _beta(0.5, 2), rest 0": _mixed(0.2, _beta(0.5, 2, 0, 1), _ZERO),
    "30% +-uniform, more +": _mixed(0.3, _beta(1, 1, -0.4, 1), _ZERO),
    "votes 64 - 16, p _beta(4, 1)": _votes(4, 1),
    "votes 64 - 16, p _beta(1, 1.5)": _votes(1, 1.5),
    "best of 16 - 4, p _beta(2, 0.5)": _cover(2, 0.5),
    "best of 16 - 4, p _beta(0.5, 0.5)": _cover(0.5, 0.5),
    "+0.5 on 50%": _sparse(0.5, 0.5),
    "+0.5 on 80%": _sparse(0.5, 0.8),
    "+0.5 on 95%": _sparse(0.5, 0.95),
    "shift of 0.5, sd 0.05": _normal(0.5, 0.05),
    "shift of 0.3, sd 0.2": _normal(0.3, 0.2),
}


def student(differences: F64) -> tuple[F64, F64]:
    """Student's interval of a paired difference."""
    n = differences.shape[1]
    mean = differences.mean(axis=1)
    half = stdtrit(n - 1, 0.975) * differences.std(axis=1, ddof=1) / np.sqrt(n)
    return mean - half, mean + half


def bca(differences: F64) -> tuple[F64, F64]:
    """The bias-corrected and accelerated interval over resampled problems."""
    n = differences.shape[1]
    weights = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=1000) / n
    return Resamples(weights).intervals(differences.mean(axis=1), differences @ weights.T)


METHODS: Final[dict[str, Callable[[F64], tuple[F64, F64]]]] = {
    "BCa": bca,
    "t": student,
    "added pair": difference_intervals,
}


def _resampled(values: F64) -> Draw:
    """A pool's differences as the population."""
    return lambda rng, shape: values[rng.integers(0, values.size, shape)]


def _pool_differences(path: str) -> Iterator[tuple[str, F64]]:
    """Differences of neighbouring points of a pool, on every problem."""
    table = sv.success_table(sv.open_pool(path))
    rows = np.flatnonzero(np.isfinite(table.mean()))
    for number in np.random.default_rng(0).permutation(rows.size - 1)[:12]:
        first, second = rows[number], rows[number + 1]
        yield f"{path}: {first}, {second}", table.success[second] - table.success[first]


def main() -> None:
    """Print worst, mean and best coverage for each number of problems, and widths over t."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-sets", type=int, default=2000)
    parser.add_argument("--real", nargs="*", default=[], metavar="POOL")
    arguments = parser.parse_args()
    populations = dict(POPULATIONS)
    if arguments.real:
        found = (pair for path in arguments.real for pair in _pool_differences(path))
        populations = {name: _resampled(values) for name, values in found}
    print(f"| problems | {' | '.join(METHODS)} | worst for the added pair | width over t |")
    print("|---|---|---|---|---|---|")
    means = {
        name: float(np.clip(draw(np.random.default_rng(12345), (1, 1_000_000)), -1, 1).mean())
        for name, draw in populations.items()
    }
    for n in SIZES:
        cells: dict[str, list[tuple[float, str]]] = {method: [] for method in METHODS}
        widths = []
        for number, (name, draw) in enumerate(populations.items()):
            d = np.clip(draw(np.random.default_rng([number, n]), (arguments.data_sets, n)), -1, 1)
            for method, interval in METHODS.items():
                low, high = interval(d[:400] if method == "BCa" else d)
                inside = (low <= means[name] + 1e-9) & (means[name] - 1e-9 <= high)
                cells[method].append((float(inside.mean()), name))
            ends = [np.mean(np.subtract(*METHODS[m](d))) for m in ("added pair", "t")]
            widths.append(ends[0] / ends[1] if ends[1] else np.inf)
        texts = []
        for method in METHODS:
            held = [share for share, _ in cells[method]]
            texts.append(f"{min(held):.1%}, {np.mean(held):.1%}, {max(held):.1%}")
        worst = min(cells["added pair"])[1]
        print(f"| {n} | {' | '.join(texts)} | {worst} | {np.median(widths):.2f} |", flush=True)


if __name__ == "__main__":
    main()

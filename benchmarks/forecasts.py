"""How good forecasts of coverage are where the truth is known: the table of docs/forecasting.md."""

import argparse
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from svlaw.analysis.intervals.resampling import Resamples
from svlaw.fit.forecasts.backtest import judge
from svlaw.fit.forecasts.coverage_forecast import Counts, forecast_coverage

F64 = npt.NDArray[np.float64]
PROBLEMS, SOLUTIONS, RESAMPLES = 100, 100, 200
FACTORS = (4, 16, 100)


def _kumaraswamy(rng: np.random.Generator, a: float, b: float, n: int) -> F64:
    return (1 - (1 - rng.random(n)) ** (1 / b)) ** (1 / a)


def _two_groups(rng: np.random.Generator, n: int) -> F64:
    return np.where(rng.random(n) < 0.5, rng.beta(8, 4, n), rng.beta(1, 60, n))


POPULATIONS: dict[str, Callable[[np.random.Generator, int], F64]] = {
    "Beta(0.3, 1)": lambda rng, n: rng.beta(0.3, 1, n),
    "Beta(0.5, 0.35)": lambda rng, n: rng.beta(0.5, 0.35, n),
    "Kumaraswamy(0.4, 2)": lambda rng, n: _kumaraswamy(rng, 0.4, 2, n),
    "Beta(0.5, 1.5), a fifth unsolvable": lambda rng, n: (
        rng.beta(0.5, 1.5, n) * (rng.random(n) >= 0.2)
    ),
    "Kumaraswamy(0.6, 1.5), 15% unsolvable": lambda rng, n: (
        _kumaraswamy(rng, 0.6, 1.5, n) * (rng.random(n) >= 0.15)
    ),
    "logit-normal (no family here)": lambda rng, n: 1 / (1 + np.exp(-rng.normal(-3, 2.5, n))),
    "two groups (no family here)": _two_groups,
}


def study(draw: Callable[[np.random.Generator, int], F64], pools: int) -> str:
    """The cells of one population: truth, bias, coverage, width, backtests."""
    rng = np.random.default_rng(7)
    k = np.array([factor * SOLUTIONS for factor in FACTORS])
    many = np.minimum(draw(rng, 2_000_000), 1 - 1e-16)
    truth = np.array([1 - np.mean(np.exp(n * np.log1p(-many))) for n in k])
    bias, held, width, errors, doubtful = [], [], [], [], []
    for seed in range(pools):
        rates = draw(rng, PROBLEMS)
        counts = Counts(np.full(PROBLEMS, SOLUTIONS), rng.binomial(SOLUTIONS, rates))
        shares = np.full(PROBLEMS, 1 / PROBLEMS)
        resamples = Resamples(rng.multinomial(PROBLEMS, shares, size=RESAMPLES) / PROBLEMS)
        found = forecast_coverage(counts, k, resamples, seed=seed)
        bias.append(found.success - truth)
        held.append((found.conf_low <= truth) & (truth <= found.conf_high))
        width.append(found.conf_high - found.conf_low)
        halves = ((found.conf_high - found.conf_low) / 2).tolist()
        tests = list(zip(found.backtests, halves, strict=True))[:2]
        errors.append([test.error for test, _ in tests])
        doubtful.append([judge(test, half, PROBLEMS) == "doubtful" for test, half in tests])
    cells = (
        _percents(truth, 1),
        _percents(np.mean(bias, axis=0), 1),
        f"{_percents(np.mean(held, axis=0), 0)}%",
        _percents(np.mean(width, axis=0), 0),
        _percents(np.mean(errors, axis=0), 1),
        f"{_percents(np.mean(doubtful, axis=0), 0)}%",
    )
    return " | ".join(cells)


def _percents(values: F64, digits: int) -> str:
    return ", ".join(f"{100 * value:.{digits}f}" for value in values)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pools", type=int, default=60, help="pools of each population")
    pools = parser.parse_args().pools
    print(
        "| p follows | coverage at 4, 16, 100 N | bias, points | holds the truth | width, points |"
        " backtest at 4 and 16 times: mean error | doubtful |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, draw in POPULATIONS.items():
        print(f"| {name} | {study(draw, pools)} |", flush=True)


if __name__ == "__main__":
    main()

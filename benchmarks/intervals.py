"""How often 95% intervals hold the truth, in simulated pools whose true success is known.

    python benchmarks/intervals.py                    200 pools of each setting, printed
    python benchmarks/intervals.py --write-docs       the same, and the tables of docs/intervals.md
    python benchmarks/intervals.py --pools 20         quicker

The truth of a figure is what the same analysis makes of the true success table on the same grid.
Exponents are also compared with those of the continuous optimum, which no grid or method bends.
"""

import argparse
import json
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.compare.crossover import crossover
from svlaw.analysis.compare.curves import curves
from svlaw.analysis.cost import RelativeCost
from svlaw.analysis.success.estimators import Options
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.fit.laws.allocation import fit_allocation
from svlaw.fit.laws.methods import METHODS
from svlaw.fit.simulation.simulator import SETTINGS, simulate_table
from svlaw.fit.simulation.truth import true_exponents, true_table

COST = RelativeCost(1.0)
PROBLEMS, SOLUTIONS, VERIFICATIONS = 100, 64, 16
STRATEGIES = ("self_consistency", "best_of_n", "weighted_vote")
WITHIN = (0.90, 0.98)
OPTIONS = Options(tolerance=0.002)
DOCS = Path(__file__).parent.parent / "docs" / "intervals.md"
RESULTS = Path(__file__).parent / "out" / "intervals.json"


@dataclass(frozen=True)
class Figure:
    """A figure of one pool.

    Attributes:
        kind: `success`, `difference`, `crossover` or `exponent`.
        name: What it is.
        estimate: None for never, or no law.
        low: Lower end; None where open.
        high: Upper end.
        quoted: Whether its status lets one quote it: a law that is `ok` or `boundary`.
    """

    kind: str
    name: str
    estimate: float | None
    low: float | None = None
    high: float | None = None
    quoted: bool = True

    def holds(self, truth: float | None) -> bool:
        """Whether the interval holds a truth, None being never."""
        low = -np.inf if self.low is None and self.kind != "crossover" else self.low
        low = np.inf if low is None else low
        high = np.inf if self.high is None else self.high
        return bool(low <= (np.inf if truth is None else truth) <= high)


def figures(
    table: SuccessTable, resamples: int, seed: int, methods: Sequence[str] = METHODS
) -> list[Figure]:
    """Everything the study looks at."""
    found: list[Figure] = []
    wanted = [(1, 1), (4, 4), (16, 4), (64, 16)]
    rows = curves(table, COST)
    for name in STRATEGIES:
        for s, v in wanted:
            depth = 0 if name == "self_consistency" else v
            row = rows.filter(
                (pl.col("strategy") == name)
                & (pl.col("solutions") == s)
                & (pl.col("verifications") == depth)
            ).row(0, named=True)
            label = f"{name} ({s}, {depth})" if depth else f"{name} ({s})"
            ends = (row["conf_low"], row["conf_high"])
            found.append(Figure("success", label, row["success"], *ends))
    for name in ("best_of_n", "weighted_vote", "best"):
        result = crossover(table, COST, name, resamples=resamples, seed=seed)
        for kind, attribute in (
            ("difference", "gain"),
            ("crossover", "crossover_budget"),
            ("crossover", "ahead_budget"),
        ):
            value = getattr(result, attribute)
            found.append(
                Figure(
                    kind,
                    f"{name} {attribute}",
                    value.estimate,
                    value.conf_low,
                    value.conf_high,
                )
            )
    fit = fit_allocation(table, COST, methods, resamples=resamples, seed=seed)
    for law in fit.laws:
        symbol = "a" if law.quantity == "solutions" else "b"
        label = f"{law.method} {law.strategy} {symbol}"
        ends = (law.conf_low, law.conf_high)
        quoted = law.status in {"ok", "boundary"}
        found.append(Figure("exponent", label, law.exponent, *ends, quoted))
    return found


def one_pool(
    setting: str, seed: int, resamples: int, methods: Sequence[str] = METHODS
) -> list[Figure]:
    """The figures of one simulated pool."""
    table = simulate_table(
        SETTINGS[setting],
        problems=PROBLEMS,
        solutions=SOLUTIONS,
        verifications=VERIFICATIONS,
        seed=seed,
        strategies=STRATEGIES,
        grid_solutions="fine",
        grid_verifications="fine",
        options=OPTIONS,
        threads=1,
    )
    return figures(table, resamples, seed, methods)


def truth_of(
    setting: str, methods: Sequence[str] = METHODS
) -> tuple[dict[str, float | None], dict[str, float | None]]:
    """The truth of every figure, and the exponents of the continuous optimum."""
    simulation = SETTINGS[setting]
    grid = simulate_table(
        simulation,
        problems=2,
        solutions=SOLUTIONS,
        verifications=VERIFICATIONS,
        strategies=STRATEGIES,
        grid_solutions="fine",
        grid_verifications="fine",
        options=Options(tolerance=0.1),
    ).points
    table = true_table(
        simulation,
        sorted(set(grid["solutions"])),
        sorted(set(grid["verifications"]) - {0}),
        STRATEGIES,
    )
    truth = {figure.name: figure.estimate for figure in figures(table, 0, 0, methods)}
    costs = COST([1, SOLUTIONS], [1, VERIFICATIONS])
    budgets = np.geomspace(costs[0], costs[1], 73)
    laws = true_exponents(simulation, COST, budgets, most_verifications=VERIFICATIONS)
    continuous = dict(zip("ab", (law.exponent for law in laws), strict=True))
    return truth, continuous


def study(
    setting: str, pools: int, resamples: int, methods: Sequence[str], workers: int
) -> pl.DataFrame:
    """One row per figure: truth, mean and spread of the estimates, coverage."""
    truth, continuous = truth_of(setting, methods)
    # Polars and Numba hold threads that a forked process would wait for without end.
    with ProcessPoolExecutor(workers, get_context("spawn")) as executor:
        drawn = list(
            executor.map(
                one_pool,
                [setting] * pools,
                range(pools),
                [resamples] * pools,
                [methods] * pools,
            )
        )
    rows = []
    for place, first in enumerate(drawn[0]):
        same = [pool[place] for pool in drawn]
        known = [figure for figure in same if figure.quoted]
        estimates = np.array([f.estimate for f in known if f.estimate is not None], float)
        target = truth[first.name]
        rows.append(
            {
                "setting": setting,
                "kind": first.kind,
                "figure": first.name,
                "truth": target,
                "continuous": continuous.get(first.name[-1])
                if first.kind == "exponent" and "best_of_n" in first.name
                else None,
                "mean": float(estimates.mean()) if estimates.size else None,
                "sd": float(estimates.std(ddof=1)) if estimates.size > 1 else None,
                "width": _width(known),
                "coverage": float(np.mean([f.holds(target) for f in known])) if known else None,
                "quoted": len(known) / pools,
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None)


def _width(known: list[Figure]) -> float | None:
    widths: npt.NDArray[np.float64] = np.array(
        [f.high - f.low for f in known if f.low is not None and f.high is not None]
    )
    return float(np.median(widths)) if widths.size else None


def markdown(frame: pl.DataFrame, setting: str) -> str:
    """A table of one setting."""
    lines = [
        "| figure | truth | continuous | mean estimate | spread | width | quoted | coverage |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in frame.filter(pl.col("setting") == setting).iter_rows(named=True):
        digits = 1 if row["kind"] == "crossover" else 3
        values = [
            "never" if row[name] is None and name == "truth" else _text(row[name], digits)
            for name in ("truth", "continuous", "mean", "sd", "width")
        ]
        share = "–" if row["coverage"] is None else f"{row['coverage']:.1%}"
        values.append(f"{row['quoted']:.0%}" if row["kind"] == "exponent" else "")
        lines.append(f"| {row['figure'].replace('_', ' ')} | {' | '.join(values)} | {share} |")
    return "\n".join(lines)


def _text(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def write_docs(frame: pl.DataFrame) -> None:
    """Replace what lies between the markers of docs/intervals.md."""
    text = DOCS.read_text("utf-8")
    for setting in frame["setting"].unique(maintain_order=True):
        start, end = f"<!-- coverage {setting} -->", f"<!-- end {setting} -->"
        before, _, rest = text.partition(start)
        _, _, after = rest.partition(end)
        text = f"{before}{start}\n\n{markdown(frame, setting)}\n\n{end}{after}"
    DOCS.write_text(text, "utf-8")


def main() -> None:
    """Run the study."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pools", type=int, default=200)
    parser.add_argument("--resamples", type=int, default=300)
    parser.add_argument("--methods", nargs="*", default=list(METHODS))
    parser.add_argument("--settings", nargs="*", default=list(SETTINGS))
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--write-docs", action="store_true")
    arguments = parser.parse_args()
    frames = []
    for setting in arguments.settings:
        start = time.perf_counter()
        frame = study(
            setting, arguments.pools, arguments.resamples, arguments.methods, arguments.workers
        )
        frames.append(frame)
        print(f"\n{setting}: {arguments.pools} pools, {time.perf_counter() - start:.0f} s\n")
        print(markdown(frame, setting))
        low, high = WITHIN
        for row in frame.iter_rows(named=True):
            if row["coverage"] is not None and not low <= row["coverage"] <= high:
                print(f"  outside {low:.0%} to {high:.0%}: {row['figure']} {row['coverage']:.1%}")
    result = pl.concat(frames, how="vertical_relaxed")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result.to_dicts(), indent=1) + "\n", "utf-8")
    if arguments.write_docs:
        write_docs(result)


if __name__ == "__main__":
    main()

"""Vote, verify, or stop early? The tables of docs/vote-verify-or-stop-early.md.

python benchmarks/stop_early.py                        the bundled pools
python benchmarks/stop_early.py --reasoning FOLDER     pairs of reasoning models as well: FOLDER has
                                                       DATASET/MODEL.parquet and problems.parquet
"""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import polars as pl

import svlaw as sv
from svlaw.analysis.compare.crossover import Crossover
from svlaw.data.examples.build import resolved_pool

FAMILIES: Final = (
    "self_consistency",
    "adaptive_vote",
    "best_of_n",
    "weighted_vote",
    "verify_if_split",
    "accept_first",
    "verifier_vote",
    "verifier_vote:lead=1",
    "verifier_vote:lead=2",
    "verifier_vote:lead=3",
    "verifier_vote:lead=4",
)
VERIFIED: Final = ("best_of_n", "weighted_vote")
BASELINES: Final = ("self_consistency", "adaptive_vote", "verifier_vote")
PAIRS: Final = (
    ("gpqa_diamond", "NVIDIA-Nemotron-Nano-9B-v2", "Phi-4-reasoning"),
    ("aime2025", "gpt-oss-20b", "Qwen3-30B-A3B-Thinking-2507"),
    ("aime2025", "Datarus-R1-14B-preview", "Qwen3-14B"),
)
FACTORS: Final = (4, 8, 16, 32)
"""Budgets of the tables, in solutions of mean cost."""


def pools(reasoning: Path | None, scratch: Path) -> Iterator[tuple[str, sv.Pool, sv.CostModel]]:
    """The pools to compare on, with a cost each: tokens where the pool knows them."""
    for name in ("exams_gpt35_by_gpt4", "gpqa_diamond"):
        pool = sv.open_example(name)
        yield name, pool, sv.token_cost(pool)
    humaneval = sv.open_example("humaneval_codegen16b")
    yield (
        "humaneval_codegen16b, a test at a tenth of a program",
        humaneval,
        sv.relative_cost(humaneval, 0.1),
    )
    for dataset, solver, verifier in PAIRS if reasoning else ():
        out = scratch / f"{dataset}-{solver}"
        resolved_pool(reasoning / dataset, solver, verifier, out, scratch)  # type: ignore[operator]
        pool = sv.open_pool(out)
        yield f"{dataset}: {solver}, judged by {verifier}", pool, sv.token_cost(pool)


def compare(name: str, pool: sv.Pool, cost: sv.CostModel) -> None:
    """Print what each family reaches at equal budgets, and from where verification leads."""
    known = pool.has("verifier_answers", pool.verifiers[0])
    asked = [one for one in FAMILIES if known or not one.startswith("verifier_vote")]
    table = sv.success_table(pool, asked)
    curves = sv.curves(table, cost)
    one = curves.filter(strategy="self_consistency", solutions=1)["cost"].item()
    print(f"\n{name}: {table.n_problems} problems, a solution costs {one:,.4g}")
    budgets = [one * factor for factor in FACTORS]
    heads = " ".join(f"{budget:>12,.6g}" for budget in budgets)
    print(f"{'strategy':<18}{heads}")
    for strategy in dict.fromkeys(text.partition(":")[0] for text in asked):
        rows = curves.filter(strategy=strategy)
        cells = [_best(rows, budget) for budget in budgets]
        print(f"{strategy:<18}{' '.join(f'{cell:>12}' for cell in cells)}")
    for strategy in VERIFIED:
        for against in BASELINES if known else BASELINES[:2]:
            with suppress(sv.NotInPoolError):
                print(f"  {strategy} against {against}: {_words(table, cost, strategy, against)}")


def _best(rows: pl.DataFrame, budget: float) -> str:
    """The highest success within a budget, in %."""
    within = rows.filter(pl.col("cost") <= budget * 1.000001)["success"].max()
    return "" if within is None else f"{100 * within:.1f}"  # type: ignore[operator]


def _words(table: sv.SuccessTable, cost: sv.CostModel, strategy: str, against: str) -> str:
    found: Crossover = sv.crossover(table, cost, strategy, against)
    gain = found.gain
    ends = f"{_points(gain.estimate)} [{_points(gain.conf_low)}, {_points(gain.conf_high)}] points"
    start = found.crossover_budget
    if start.estimate is None:
        return f"no lasting lead; {ends} at the largest common budget"
    high = "never" if start.conf_high is None else f"{start.conf_high:,.4g}"
    low = "?" if start.conf_low is None else f"{start.conf_low:,.4g}"
    return f"leads from {start.estimate:,.4g} [{low}, {high}] on; {ends} at the largest"


def _points(share: float | None) -> str:
    return "?" if share is None else f"{100 * share:+.1f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reasoning", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for each in pools(arguments.reasoning, Path(folder)):
            compare(*each)

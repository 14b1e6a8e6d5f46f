"""Time, memory and growth of the estimators, beside the published procedure; table and plot.

`python benchmarks/estimators.py [--large] [--pools FOLDER] [--write-docs]`. Every case runs in a
process of its own, with compiled kernels (the first run, which compiles, is a case of its own) and
without stored results; times include reading Parquet and 2,000 resamples. `--large` adds 1,000 and
10,000 problems x 1,000 solutions x 64 verdicts (64 and 640 million verdicts; 0.3 GB on disk, some
ten minutes). `--write-docs` puts table and plot into docs/. Exits with 1 when a limit is exceeded.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots
from published import Problem, success_at
from synthetic import VERIFIER, Shape, write_pool

from svlaw.analysis.compare.curves import curves
from svlaw.analysis.cost import RelativeCost
from svlaw.analysis.success.estimators import Options
from svlaw.analysis.success.success_table import success_table
from svlaw.data.pool import open_pool
from svlaw.data.workers.cores import usable_cores

ROOT = Path(__file__).parent
OUT = ROOT / "out"
DOCS = ROOT.parent / "docs"
PAPER = Shape(128, 256, 32)
WIDE = Shape(128, 16_384)
BASE = Shape(128, 128, 16)
LARGE = Shape(10_000, 1_000, 64)
LARGE_S = tuple(np.unique(np.geomspace(1, 1000, 48).astype(int)).tolist())
LARGE_V = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 40, 48, 56, 64)


@dataclass(frozen=True)
class Case:
    """What is measured.

    Attributes:
        name: Its name in the table.
        shape: The pool.
        solutions: Values of S; `all`; powers of two when None.
        verifications: Values of V, likewise.
        seconds: Limit on the time, if one is promised.
        gib: Limit on the memory.
        tolerance: Monte-Carlo error to reach.
        fresh: Whether kernels are compiled anew.
    """

    name: str
    shape: Shape
    solutions: str | tuple[int, ...] | None = None
    verifications: str | tuple[int, ...] | None = None
    seconds: float | None = None
    gib: float | None = None
    tolerance: float = 0.001
    fresh: bool = False


CASES = (
    Case("paper size, first run", PAPER, "all", "all", 40, fresh=True),
    Case("paper size", PAPER, "all", "all", 10, 1),
    Case("paper size, 5% unparsed", replace(PAPER, scores="unparsed"), "all", "all", 10, 1),
    Case("paper size, continuous scores", replace(PAPER, scores="continuous"), "all", "all", 10, 1),
    Case("paper size, powers of two", PAPER),
    Case("16,384 solutions, no verdicts", WIDE, None, None, 10),
)
LARGE_CASES = (
    Case("64 million verdicts", replace(LARGE, problems=1_000), LARGE_S, LARGE_V),
    Case("640 million verdicts", LARGE, LARGE_S, LARGE_V, 480, 4),
    # The same work per problem as with 1,000 problems, to tell growth from the easier tolerance.
    Case(
        "640 million verdicts, 1,000's precision per problem",
        LARGE,
        LARGE_S,
        LARGE_V,
        tolerance=0.001 / 10**0.5,
    ),
)
GROWTH = {
    "problems": [replace(BASE, problems=n) for n in (128, 256, 512, 1024, 2048)],
    "solutions": [replace(BASE, solutions=n) for n in (128, 256, 512, 1024, 2048)],
    "verdicts": [replace(BASE, verdicts=n) for n in (16, 32, 64, 128, 256)],
}


def main() -> int:
    """Run the benchmark; 1 when a limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--large", action="store_true", help="add the pools of up to 10 GB")
    parser.add_argument("--pools", type=Path, help="folder for the pools, used again if it exists")
    parser.add_argument("--write-docs", action="store_true", help="write table and plot to docs/")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(_work(json.loads(arguments.child))))
        return 0
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        home = arguments.pools or Path(temporary)
        rows = [_measure(c, home) for c in CASES + (LARGE_CASES if arguments.large else ())]
        growth = {
            axis: [_measure(Case(f"{axis} {getattr(s, axis)}", s), home) for s in shapes]
            for axis, shapes in GROWTH.items()
        }
        plain = _published(home)
    text = "\n".join([*_table(rows), "", *_comparison(plain, rows), "", *_slopes(growth, rows)])
    print(text)
    figure = _plot(growth)
    figure.write_html(OUT / "estimators.html", include_plotlyjs=True)
    (OUT / "estimators.json").write_text(json.dumps({"cases": rows, "growth": growth}, indent=1))
    if arguments.write_docs:
        head = (
            "# Speed and memory of the estimators\n\n"
            "Written by `python benchmarks/estimators.py --large --write-docs`.\n\n"
        )
        (DOCS / "estimator-speed.md").write_text(
            f"{head}{text}\n\n![Growth](images/estimator-speed.png)\n"
        )
        figure.write_image(DOCS / "images" / "estimator-speed.png", width=1000, height=360, scale=2)
    return int(any(not row["holds"] for row in rows))


def _pool(shape: Shape, home: Path) -> Path:
    path = home / "-".join(str(value) for value in asdict(shape).values())
    if not path.exists():
        write_pool(path, shape)
    shutil.rmtree(path / "success_tables", ignore_errors=True)
    return path


def _measure(case: Case, home: Path) -> dict[str, object]:
    """Run a case in a process of its own."""
    task = {
        "pool": str(_pool(case.shape, home)),
        "solutions": case.solutions,
        "verifications": case.verifications,
        "tolerance": case.tolerance,
    }
    command = [sys.executable, __file__, "--child", json.dumps(task)]
    with tempfile.TemporaryDirectory() as empty:
        cache = {"NUMBA_CACHE_DIR": empty} if case.fresh else {}
        start = time.perf_counter()
        child = subprocess.run(
            command, check=True, capture_output=True, text=True, env={**os.environ, **cache}
        )
        seconds = time.perf_counter() - start
    found = json.loads(child.stdout)
    holds = seconds <= (case.seconds or np.inf) and found["gib"] <= (case.gib or np.inf)
    row = {"name": case.name, "wall": seconds, "holds": bool(holds), **found}
    row |= {"limit_seconds": case.seconds, "limit_gib": case.gib, **asdict(case.shape)}
    print(f"{case.name}: {seconds:.1f} s, {found['gib']:.2f} GiB", file=sys.stderr)
    return row


def _work(task: dict[str, object]) -> dict[str, object]:
    """In the child: what `svlaw curves` does, timed."""
    start = time.perf_counter()
    pool = open_pool(str(task["pool"]))
    table = success_table(
        pool,
        None,
        task["solutions"],
        task["verifications"],
        options=Options(tolerance=float(task["tolerance"])),
        reuse=False,
    )
    estimated = time.perf_counter()
    frame = curves(table, RelativeCost(1.0))
    done = time.perf_counter()
    return {
        "estimation": estimated - start,
        "curves": done - estimated,
        "points": frame.height,
        "mc_error": frame["mc_error"].max(),
        "mc_error_median": frame.filter(pl.col("mc_error") > 0)["mc_error"].median(),
        "gib": peak_gib(),
    }


def peak_gib() -> float:
    """Peak resident memory of this process; on Linux without what it inherited when it started."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM:"))
        return int(line.split()[1]) / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _published(home: Path) -> list[tuple[str, float, float]]:
    """Strategy, seconds per point and median error of the published procedure, paper size."""
    pool = open_pool(_pool(PAPER, home))
    shape = (PAPER.problems, PAPER.solutions, PAPER.verdicts)
    answers = pool.scan("answers").sort("problem_id", "solution_id").collect()
    key = ("problem_id", "solution_id", "verification_id")
    scores = pool.scan("verdicts", VERIFIER).sort(key).select("score").collect()
    classes = answers["answer_class"].fill_null(-1).to_numpy().reshape(shape[:2]).astype(int)
    correct = answers["is_correct"].to_numpy().reshape(shape[:2])
    by_verdict = scores.to_numpy().reshape(shape)
    problems = [Problem(*arrays) for arrays in zip(classes, correct, by_verdict, strict=True)]
    found = []
    for strategy in ("self_consistency", "best_of_n", "weighted_vote"):
        depths = (0,) if strategy == "self_consistency" else (1, 2, 4, 8, 16, 32)
        points = [(s, v) for v in depths for s in (1, 2, 4, 8, 16, 32, 64, 128, 256)]
        start = time.perf_counter()
        errors = [success_at(problems, strategy, s, v)[1] for s, v in points]
        seconds = (time.perf_counter() - start) / len(points)
        found.append((strategy, seconds, float(np.median(errors))))
    return found


def _table(rows: list[dict[str, object]]) -> list[str]:
    lines = [
        f"{usable_cores()} cores; wall time of the whole process, reading Parquet and 2,000"
        " resamples included; peak resident memory; largest Monte-Carlo error of a mean.",
        "",
        "| case | problems x solutions x verdicts | points | time | memory | error | promised |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        size = " x ".join(f"{row[k]:,}" for k in ("problems", "solutions", "verdicts"))
        promised = [f"{row['limit_seconds']:.0f} s"] if row["limit_seconds"] else []
        promised += [f"{row['limit_gib']:.0f} GiB"] if row["limit_gib"] else []
        lines.append(
            f"| {row['name']} | {size} | {row['points']:,} | {row['wall']:.1f} s |"
            f" {row['gib']:.2f} GiB | {row['mc_error']:.5f} | {', '.join(promised)} |"
        )
    return lines


def _comparison(plain: list[tuple[str, float, float]], rows: list[dict[str, object]]) -> list[str]:
    """Time per point beside the published procedure's, and at equal Monte-Carlo error."""
    ours = next(row for row in rows if row["name"] == "paper size")
    each, error = ours["wall"] / ours["points"], ours["mc_error_median"]
    lines = [
        "The published procedure (25 draws, first V verdicts, a loop per point; plain Python and"
        " NumPy, benchmarks/published.py) at the paper's size; the published code itself, which"
        " also judges answers anew at every point, took 6,640 s for 119 points, and about 155 s"
        f" with those judgements remembered. svlaw: {1e3 * each:.2f} ms a point at a median error"
        f" of {error:.5f}. Equal error: time grows with the inverse square of the error.",
        "",
        "| strategy | time a point | error | times svlaw | at equal error |",
        "|---|---|---|---|---|",
    ]
    for strategy, seconds, plain_error in plain:
        ratio = seconds / each
        lines.append(
            f"| {strategy} | {seconds:.3f} s | {plain_error:.5f} | {ratio:,.0f} |"
            f" {ratio * (plain_error / error) ** 2:,.0f} |"
        )
    return lines


def _slopes(growth: dict[str, list[dict[str, object]]], rows: list[dict[str, object]]) -> list[str]:
    """Growth of estimation time: the exponent of each axis, and large pools against linear."""
    lines = []
    for axis, found in growth.items():
        x, y = (np.log([float(row[k]) for row in found]) for k in (axis, "estimation"))
        ends = [found[0], found[-1]]
        lines.append(
            f"- {axis} {ends[0][axis]:,} to {ends[1][axis]:,}: {ends[0]['estimation']:.2f} to"
            f" {ends[1]['estimation']:.2f} s, exponent {np.polyfit(x, y, 1)[0]:.2f}"
        )
    large = [row for row in rows if row["solutions"] == LARGE.solutions]
    for row in large[1:]:
        times = row["estimation"] / large[0]["estimation"]
        lines.append(
            f"- {row['name']}: {times:.2f} times {large[0]['name']}, 10 times the problems"
        )
    return ["Growth of estimation time, powers of two of S and V:", "", *lines]


def _plot(growth: dict[str, list[dict[str, object]]]) -> go.Figure:
    figure = make_subplots(1, 3, shared_yaxes=True, horizontal_spacing=0.03)
    for column, (axis, found) in enumerate(growth.items(), 1):
        x, y = [row[axis] for row in found], [row["estimation"] for row in found]
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines+markers",
            showlegend=False,
            col=column,
            row=1,
            line_color="#0072B2",
        )
        figure.add_scatter(
            x=x,
            y=[y[-1] * value / x[-1] for value in x],
            mode="lines",
            showlegend=False,
            col=column,
            row=1,
            line={"color": "#999999", "dash": "dot"},
        )
        label = "verdicts per solution" if axis == "verdicts" else axis
        label = "solutions per problem" if axis == "solutions" else label
        ticks = {"type": "log", "tickvals": x, "ticktext": [f"{value:,}" for value in x]}
        figure.update_xaxes(title_text=label, col=column, row=1, **ticks)
    seconds = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20]
    figure.update_yaxes(type="log", tickvals=seconds, ticktext=[f"{s:g}" for s in seconds])
    figure.update_yaxes(title_text="estimation time (s)", col=1, row=1)
    figure.update_layout(template="simple_white", margin={"t": 20, "r": 20, "b": 60, "l": 70})
    return figure


if __name__ == "__main__":
    sys.exit(main())

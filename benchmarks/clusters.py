"""What a cluster costs: analysis here and on Ray, what one driver can serve, and a model of growth.

`python benchmarks/clusters.py [--pools FOLDER] [--write-docs]`. The cluster is real, of nodes with
one core each on this machine, so two nodes have as much as two threads here. Pools: the paper's
size, and 16 and 64 million verdicts (0.4 GB on disk). Every case runs in a process of its own, with
compiled kernels and without stored results. `--write-docs` puts the page into docs/. Exits with 1
when a limit is exceeded. Takes about eight minutes.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import psutil
from estimators import LARGE, LARGE_S, LARGE_V, PAPER, peak_gib
from growth_model import Measured, model_page
from ray.cluster_utils import Cluster
from synthetic import VERIFIER, Shape, write_pool

from svlaw.analysis.success.sample_reader import SampleReader
from svlaw.analysis.success.success_table import success_table
from svlaw.data.pool import open_pool
from svlaw.data.workers.cores import usable_cores
from svlaw.data.workers.ray_connection import connect

DOCS = Path(__file__).parent.parent / "docs"
MOST_OVERHEAD = 0.25
"""Of 64 million verdicts on two nodes, over two threads of this machine."""
MOST_GROWTH_GIB = 0.1
"""Of the driver's memory, from 16 to 64 million verdicts."""
TASKS = 4_000
SMALL = replace(LARGE, problems=250)
MIDDLE = replace(LARGE, problems=1_000)
POOLS = {"paper size": PAPER, "16 million verdicts": SMALL, "64 million verdicts": MIDDLE}


@dataclass(frozen=True)
class Place:
    """Where a pool is analysed.

    Attributes:
        name: Its name in the table.
        cores: Threads of this machine, or nodes of a cluster.
        cluster: Whether it is a cluster.
    """

    name: str
    cores: int
    cluster: bool


PLACES = (
    Place("one thread", 1, False),
    Place("Ray, one node", 1, True),
    Place("two threads", 2, False),
    Place("Ray, two nodes", 2, True),
)


def main() -> int:
    """Run the benchmark; 1 when a limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pools", type=Path, help="folder for the pools, used again if it exists")
    parser.add_argument("--write-docs", action="store_true", help="write docs/cluster-costs.md")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(_work(json.loads(arguments.child))))
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        home = arguments.pools or Path(temporary)
        paths = {name: _pool(shape, home) for name, shape in POOLS.items()}
        rows = [
            _measure(name, path, place)
            for name, path in paths.items()
            for place in PLACES
            if place.cores == 2 or name != "16 million verdicts"
        ]
        driver = _serve()
        bytes_per_verdict = _bytes(paths["64 million verdicts"]) / _verdicts(MIDDLE)
    limits = _limits(rows)
    measured = _coefficients(rows, driver, bytes_per_verdict)
    text = "\n".join([*_table(rows), "", *limits.values(), "", *model_page(measured)])
    print(text)
    if arguments.write_docs:
        head = (
            "# What a cluster costs\n\n"
            "Written by `python benchmarks/clusters.py --write-docs`. How to use one:"
            " [clusters](clusters.md).\n\n"
        )
        (DOCS / "cluster-costs.md").write_text(f"{head}{text}\n")
    return int(any("NOT HELD" in line for line in limits.values()))


def _pool(shape: Shape, home: Path) -> Path:
    path = home / "-".join(str(value) for value in asdict(shape).values())
    if not path.exists():
        write_pool(path, shape)
    return path


def _verdicts(shape: Shape) -> int:
    return shape.problems * shape.solutions * shape.verdicts


def _bytes(path: Path) -> int:
    return sum(file.stat().st_size for file in path.glob("verdicts/**/*.parquet"))


@contextmanager
def _nodes(count: int) -> Iterator[dict[str, str]]:
    """A cluster of so many nodes of one core beside a head without any; its environment."""
    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
    )
    try:
        for _ in range(count):
            cluster.add_node(num_cpus=1)
        cluster.wait_for_nodes()
        yield {"RAY_ADDRESS": cluster.address}
    finally:
        cluster.shutdown()


def _measure(name: str, path: Path, place: Place) -> dict[str, Any]:
    """Analyse a pool in a process of its own; on a cluster also the largest of its workers."""
    task = {"work": "analyse", "pool": str(path), "dense": name == "paper size", **asdict(place)}
    with _watched_workers() as workers:
        if place.cluster:
            with _nodes(place.cores) as environment:
                found = _child(task, environment)
        else:
            found = _child(task, {})
    row = {"pool": name, **asdict(place), **found, "worker_gib": workers["peak"] / 2**30}
    row["place"] = row.pop("name")
    print(f"{name}, {row['place']}: {row['seconds']:.1f} s", file=sys.stderr)
    return row


def _serve() -> dict[str, float]:
    """What one driver hands out, measured on a cluster of two nodes."""
    with _nodes(2) as environment:
        return _child({"work": "serve"}, environment)


def _child(task: dict[str, Any], environment: dict[str, str]) -> dict[str, Any]:
    command = [sys.executable, __file__, "--child", json.dumps(task)]
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@contextmanager
def _watched_workers() -> Iterator[dict[str, int]]:
    """The largest resident memory of any worker of a cluster of this process, in bytes."""
    found, ended = {"peak": 0}, threading.Event()

    def watch() -> None:
        while not ended.wait(0.5):
            for child in psutil.Process().children(recursive=True):
                try:
                    if " ".join(child.cmdline()).startswith("ray::"):
                        found["peak"] = max(found["peak"], child.memory_info().rss)
                except psutil.Error:
                    continue

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()


def _work(task: dict[str, Any]) -> dict[str, Any]:
    return _serve_tasks() if task["work"] == "serve" else _analyse(task)


def _analyse(task: dict[str, Any]) -> dict[str, Any]:
    """In the child: what `svlaw curves` does, timed from the beginning."""
    began = time.perf_counter()
    pool = open_pool(task["pool"])
    grid: tuple[Any, Any] = ("all", "all") if task["dense"] else (LARGE_S, LARGE_V)
    with connect("ray" if task["cluster"] else None) as cluster:
        connected = time.perf_counter()
        threads = None if task["cluster"] else task["cores"]
        table = success_table(pool, None, *grid, reuse=False, threads=threads, cluster=cluster)
        done = time.perf_counter()
    reading = time.perf_counter()
    SampleReader(pool, VERIFIER)
    return {
        "connecting": connected - began,
        "seconds": done - began,
        "serial": time.perf_counter() - reading,
        "gib": peak_gib(),
        "cells": int(table.success.size),
    }


def _serve_tasks() -> dict[str, Any]:
    """In the child: tasks that take no time, one after the other."""
    with connect("ray") as cluster:
        assert cluster is not None
        list(cluster.map_ordered(abs, range(100)))  # workers are there now
        began = time.perf_counter()
        list(cluster.map_ordered(abs, range(TASKS)))
        return {"tasks": TASKS / (time.perf_counter() - began)}


def _row(rows: list[dict[str, Any]], pool: str, place: str) -> dict[str, Any]:
    return next(row for row in rows if (row["pool"], row["place"]) == (pool, place))


def _table(rows: list[dict[str, Any]]) -> list[str]:
    lines = [
        "Every strategy at every (S, V) of the paper's size (16,896 points), or 1,200 points of"
        " larger pools; without intervals. Time from opening the pool to the success table,"
        " connecting to the cluster and the start of its workers included; peak resident memory of"
        " the process that was started and of the largest worker. Overhead: over as many threads of"
        " this machine.",
        "",
        "| pool | where | time | connecting | overhead | driver | worker |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        here = row["cluster"] and _overhead(rows, row["pool"], row["cores"])
        overhead = f"{here:+.0%}" if row["cluster"] else ""
        connecting = f"{row['connecting']:.1f} s" if row["cluster"] else ""
        worker = f"{row['worker_gib']:.2f} GiB" if row["cluster"] else ""
        lines.append(
            f"| {row['pool']} | {row['place']} | {row['seconds']:.1f} s | {connecting} |"
            f" {overhead} | {row['gib']:.2f} GiB | {worker} |"
        )
    return lines


def _overhead(rows: list[dict[str, Any]], pool: str, cores: int) -> float:
    here, there = (
        next(r for r in rows if (r["pool"], r["cores"], r["cluster"]) == (pool, cores, cluster))
        for cluster in (False, True)
    )
    return float(there["seconds"] / here["seconds"] - 1)


def _limits(rows: list[dict[str, Any]]) -> dict[str, str]:
    """What is promised, and what was found."""
    overhead = _overhead(rows, "64 million verdicts", 2)
    large, small = (
        _row(rows, f"{size} million verdicts", "Ray, two nodes")["gib"] for size in (64, 16)
    )
    one, two = (
        _row(rows, "64 million verdicts", f"Ray, {count}") for count in ("one node", "two nodes")
    )
    faster = one["seconds"] / two["seconds"]
    return {
        "overhead": _promise(
            f"64 million verdicts on two nodes: {overhead:+.0%} over two threads here",
            f"at most {MOST_OVERHEAD:.0%}",
            overhead <= MOST_OVERHEAD,
        ),
        "memory": _promise(
            f"Driver, 16 to 64 million verdicts: {small:.2f} to {large:.2f} GiB",
            f"at most {MOST_GROWTH_GIB} GiB more",
            large - small <= MOST_GROWTH_GIB,
        ),
        "scaling": f"- Two nodes instead of one: {faster:.2f} times as fast.",
    }


def _promise(found: str, promised: str, holds: bool) -> str:
    return f"- {found} ({promised}: {'held' if holds else 'NOT HELD'})."


def _coefficients(
    rows: list[dict[str, Any]], driver: dict[str, Any], bytes_per_verdict: float
) -> Measured:
    here = _row(rows, "64 million verdicts", "one thread")
    there = _row(rows, "64 million verdicts", "Ray, two nodes")
    verdicts = _verdicts(MIDDLE)
    return Measured(
        core_seconds_per_verdict=here["seconds"] / verdicts,
        driver_core_seconds_per_verdict=usable_cores() * there["serial"] / verdicts,
        bytes_per_verdict=bytes_per_verdict,
        points=there["cells"] // MIDDLE.problems,
        tasks_per_second=driver["tasks"],
        worker_gib=there["worker_gib"],
        starting_seconds=_row(rows, "paper size", "Ray, one node")["seconds"]
        - _row(rows, "paper size", "one thread")["seconds"],
    )


if __name__ == "__main__":
    sys.exit(main())

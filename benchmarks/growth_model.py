"""A model on paper of 1,000 GPUs and 10^10 verdicts, from what was measured on two cores.

Every figure is a product of the assumptions below and of measured coefficients; nothing here was
run at that size.
"""

from dataclasses import dataclass

GPUS = 1_000
NODES, NODE_CORES = 16, 64
"""Of the analysis; the driver runs on one more."""
VERDICTS = 10**10
PROBLEMS, SOLUTIONS, DEPTH = 100_000, 1_000, 100
"""10^10 verdicts: 100 on each of 1,000 solutions of 100,000 problems."""
TOKENS_PER_VERDICT = 1_000
TOKENS_PER_GPU_SECOND = 5_000
"""Assumed of a verifier of 8 billion parameters on a present GPU in large batches."""
BYTES_PER_TOKEN = 4.2
TEXT_COMPRESSION = 3.0
"""Of English text by zstd, about."""
ROWS_WRITTEN_PER_SECOND = 200_000
"""By one driver with an engine that takes no time; see docs/generating.md."""
BATCH_ROWS = 64
PART_ROWS, LARGE_PART_ROWS = 4_096, 100_000
BYTES_PER_PARENT = 200
"""Of the driver's memory for each solution, of which it keeps how many verdicts there are."""
LISTED_PER_SECOND = 10_000
"""Objects that a store lists, or a file system, about."""
NODE_BYTES_PER_SECOND = 1e9
"""What a node reads from a store, about."""


@dataclass(frozen=True)
class Measured:
    """Coefficients, measured on this machine.

    Attributes:
        core_seconds_per_verdict: Of one core, reading included.
        driver_core_seconds_per_verdict: Of the driver's cores, before any node works: rows of each
            problem are counted.
        bytes_per_verdict: Of the table `verdicts` on disk.
        points: (strategy, S, V) of a problem.
        tasks_per_second: That one driver hands out and takes back.
        worker_gib: Peak memory of a worker.
        starting_seconds: Until workers are there and have loaded their libraries.
    """

    core_seconds_per_verdict: float
    driver_core_seconds_per_verdict: float
    bytes_per_verdict: float
    points: int
    tasks_per_second: float
    worker_gib: float
    starting_seconds: float


def model_page(measured: Measured) -> list[str]:
    """The model as lines of Markdown."""
    return [
        f"## On paper: {GPUS:,} GPUs and 10^10 verdicts",
        "",
        f"{PROBLEMS:,} problems x {SOLUTIONS:,} solutions x {DEPTH} verdicts. Not run: products of"
        " the coefficients measured above and of assumptions that are named. Change these in"
        " `benchmarks/growth_model.py`.",
        "",
        *_generation(measured),
        "",
        *_analysis(measured),
        "",
        *_saturation(measured),
    ]


def _generation(measured: Measured) -> list[str]:
    rows = GPUS * TOKENS_PER_GPU_SECOND / TOKENS_PER_VERDICT
    seconds = VERDICTS / rows
    text = TOKENS_PER_VERDICT * BYTES_PER_TOKEN
    return [
        f"**Generating** ({TOKENS_PER_VERDICT:,} tokens a verdict, {TOKENS_PER_GPU_SECOND:,}"
        " tokens/s of a GPU, both assumed)",
        "",
        "| | |",
        "|---|---|",
        f"| time | {seconds / 86_400:.0f} days, {rows:,.0f} verdicts/s |",
        f"| text on disk | {VERDICTS * text / TEXT_COMPRESSION / 1e12:.0f} TB"
        f" ({BYTES_PER_TOKEN} bytes a token, compressed {TEXT_COMPRESSION:.0f} to 1) |",
        f"| into the driver | {rows * text / 1e6:.0f} MB/s of text |",
        f"| driver's writing | {rows / ROWS_WRITTEN_PER_SECOND:.1%} of the"
        f" {ROWS_WRITTEN_PER_SECOND:,} rows/s that one can write |",
        f"| driver's calls | {rows / BATCH_ROWS:,.0f} batches of {BATCH_ROWS} a second,"
        f" {rows / BATCH_ROWS / measured.tasks_per_second:.0%} of the"
        f" {measured.tasks_per_second:,.0f} calls/s that one can serve |",
        f"| driver's memory | {PROBLEMS * SOLUTIONS * BYTES_PER_PARENT / 1e9:.0f} GB: how many"
        f" verdicts each of {PROBLEMS * SOLUTIONS / 1e6:,.0f} million solutions has |",
        f"| parts | {VERDICTS / PART_ROWS / 1e6:.1f} million of {PART_ROWS:,} rows;"
        f" {VERDICTS / LARGE_PART_ROWS:,.0f} with `part_rows: {LARGE_PART_ROWS}` |",
    ]


def _analysis(measured: Measured) -> list[str]:
    work = VERDICTS * measured.core_seconds_per_verdict
    size = VERDICTS * measured.bytes_per_verdict
    return [
        f"**Analysing** on {NODES} nodes of {NODE_CORES} cores",
        "",
        "| | |",
        "|---|---|",
        f"| kernels | {work:,.0f} core-seconds, {work / (NODES * NODE_CORES):.0f} s |",
        f"| driver alone | {_counting(measured):.0f} s on {NODE_CORES} cores: rows of each problem"
        " are counted |",
        f"| start of the workers | {measured.starting_seconds:.0f} s |",
        f"| table `verdicts` | {size / 1e9:.0f} GB, {measured.bytes_per_verdict:.2f} bytes a"
        f" verdict; {size / NODE_BYTES_PER_SECOND / NODES:.1f} s at 1 GB/s into each node |",
        f"| memory of a node | {NODE_CORES * measured.worker_gib:.0f} GiB:"
        f" {measured.worker_gib:.2f} GiB for each of {NODE_CORES} cores |",
        f"| memory of the driver | {_table_gib(measured):.1f} GiB: success and variance of"
        f" {PROBLEMS:,} problems at {measured.points:,} points |",
    ]


def _saturation(measured: Measured) -> list[str]:
    parts = VERDICTS / PART_ROWS
    text = TOKENS_PER_VERDICT * BYTES_PER_TOKEN
    calls = GPUS * TOKENS_PER_GPU_SECOND / TOKENS_PER_VERDICT / BATCH_ROWS
    return [
        "**What saturates first**",
        "",
        f"1. Generating: the number of parts. With the usual {PART_ROWS:,} rows every command lists"
        f" {parts / 1e6:.1f} million files, {parts / LISTED_PER_SECOND / 60:.0f} minutes at"
        f" {LISTED_PER_SECOND:,} a second, and opens their footers: set `part_rows` to"
        f" {LARGE_PART_ROWS:,}, which takes the driver {LARGE_PART_ROWS * text / 1e9:.1f} GB."
        " Then the driver's memory, by solutions; then its calls, at"
        f" {measured.tasks_per_second / calls:.0f} times the GPUs.",
        "2. Analysing: the memory of the driver, which grows with problems times points: take"
        " powers of two of S and V before a fine grid.",
        "3. Then the count of rows, which nodes wait for: it takes as long as the kernels when the"
        f" nodes together have {_balance(measured):,.0f} times the driver's cores.",
    ]


def _counting(measured: Measured) -> float:
    return VERDICTS * measured.driver_core_seconds_per_verdict / NODE_CORES


def _balance(measured: Measured) -> float:
    return measured.core_seconds_per_verdict / measured.driver_core_seconds_per_verdict


def _table_gib(measured: Measured) -> float:
    return 2 * 8 * PROBLEMS * measured.points / 2**30

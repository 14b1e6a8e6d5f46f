"""Grade a pool of the paper's size from its stored text, then grade it again; report both times.

Writes 128 problems x 1,024 solutions of about 1.5 kB each, with 40 to 150 distinct answers a
problem: whole numbers, fractions, radicals, intervals, pairs, multiples of pi, polynomials, and
several spellings of most. Exits with 1 when grading took over 5 minutes, grading again over 10 s,
or memory over 1.5 GiB. `python benchmarks/grading.py [--problems 128] [--hanging 0]`.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
from sc_genrm_import import PeakMemory, text

from svlaw.data.grading.pool_grading import grade_pool
from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_writer import create_pool

SOLUTIONS = 1_024
FIRST_LIMIT, AGAIN_LIMIT, MEMORY_LIMIT = 300.0, 10.0, 3 << 29
HANGING = r"\cdot 1^{10^{10^{10}}}"

Spellings = Callable[[random.Random, int], list[str]]


def whole(rng: random.Random, n: int) -> list[str]:
    """A whole number."""
    return [str(7 * n), f"{7 * n}.0", f"x = {7 * n}", rf"\text{{{7 * n}}}"]


def fraction(rng: random.Random, n: int) -> list[str]:
    """A fraction."""
    return [rf"\frac{{{n}}}{{16}}", rf"\dfrac{{{n}}}{{16}}", f"{n}/16", str(n / 16)]


def radical(rng: random.Random, n: int) -> list[str]:
    """A whole number and a root."""
    return [rf"{n}\sqrt{{2}}", rf"\sqrt{{{2 * n * n}}}", rf"\frac{{{2 * n}}}{{\sqrt{{2}}}}"]


def interval(rng: random.Random, n: int) -> list[str]:
    """An interval."""
    return [rf"[{n}, \frac{{{n + 40}}}{{3}})", rf"\left[{n}, \frac{{{n + 40}}}{{3}}\right)"]


def pair(rng: random.Random, n: int) -> list[str]:
    """A pair of numbers."""
    return [rf"({n}, \frac{{{n}}}{{2}})", rf"\left({n}, {n / 2}\right)"]


def angle(rng: random.Random, n: int) -> list[str]:
    """A multiple of pi."""
    return [rf"\frac{{{n}\pi}}{{12}}", rf"{n}\pi/12", rf"\frac{{{n}}}{{12}}\pi"]


def polynomial(rng: random.Random, n: int) -> list[str]:
    """A square of a sum."""
    return [f"(x+{n})^2", f"x^2+{2 * n}x+{n * n}", f"x^2 + {2 * n}x + {n * n}"]


def equation(rng: random.Random, n: int) -> list[str]:
    """A line."""
    return [f"y = {n}x + 1", f"y={n}x+1", f"y - {n}x = 1"]


FORMS: tuple[Spellings, ...] = (
    whole, whole, whole, fraction, fraction, radical, interval, pair, angle, polynomial, equation
)  # fmt: skip


def problem(number: int, hanging: int) -> tuple[str, pl.DataFrame]:
    """The reference answer of a problem, and its solutions."""
    rng = random.Random(number)
    form = FORMS[number % len(FORMS)]
    first = 1 + 100 * number  # no two problems share an answer, so that none is known already
    values = list(range(first, first + rng.randint(20, 90)))
    weights = [1 / (place + 1) ** rng.uniform(0.5, 1.2) for place in range(len(values))]
    texts = []
    for solution in range(SOLUTIONS):
        value = rng.choices(values, weights)[0]
        hangs = solution < hanging
        answer = f"{first}{HANGING}" if hangs else rng.choice(form(rng, value))
        body = text(rng, rng.randint(800, 2_000))
        kind = rng.random()
        if kind < 0.45:
            body += rf"Therefore the answer is $\boxed{{{answer}}}$."
        elif kind < 0.95:
            body += f"\nThe final answer is ${answer}$. I hope it is correct."
        texts.append(body)
    frame = pl.DataFrame(
        {
            "problem_id": [f"p{number:04d}"] * SOLUTIONS,
            "solution_id": pl.Series(range(SOLUTIONS), dtype=pl.Int32),
            "text": texts,
            "output_tokens": pl.Series([len(body) // 4 for body in texts], dtype=pl.Int32),
            "finish_reason": ["stop" if rng.random() < 0.98 else "length" for _ in texts],
        }
    )
    return form(rng, first)[0], frame


def write_pool(path: Path, problems: int, hanging: int) -> Pool:
    """Write the pool; its answers are empty until it is graded."""
    references = []
    with create_pool(path, {"source": "synthetic"}) as writer:
        for number in range(problems):
            reference, frame = problem(number, hanging)
            references.append((f"p{number:04d}", reference, "math"))
            writer.add("solutions", frame)
            blank = frame.select("problem_id", "solution_id").with_columns(
                pl.lit(False).alias("is_correct"), pl.lit("no_answer").alias("status")
            )
            writer.add("answers", blank)
        names = ["problem_id", "reference_answer", "kind"]
        writer.add("problems", pl.DataFrame(references, schema=names, orient="row"))
    return open_pool(path)


def main() -> int:
    """Run the benchmark; 1 when a limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", type=int, default=128)
    parser.add_argument("--hanging", type=int, default=0, help="solutions a problem that hang")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        pool = write_pool(Path(temporary) / "pool", arguments.problems, arguments.hanging)
        size = sum(part.stat().st_size for part in pool.parts("solutions"))
        print(f"{arguments.problems} problems x {SOLUTIONS:,} solutions, {size / 1e6:.0f} MB")
        memory = PeakMemory()
        memory.start()
        seconds = []
        for turn in ("graded", "graded again"):
            start = time.perf_counter()
            grading = grade_pool(pool)
            seconds.append(time.perf_counter() - start)
            print(
                f"{turn} in {seconds[-1]:.1f} s ({os.cpu_count()} cores): {grading.pairs:,}"
                f" distinct answers in {grading.classes:,} classes, {grading.examined:,} questions"
                f" to Math-Verify, {grading.timeout:,} timeouts, {grading.uncompared:,} uncompared;"
                f" {grading.correct:,} of {grading.rows:,} correct"
            )
        memory.stop()
        print(f"peak over {memory.most_processes} processes: PSS {memory.shares / 2**20:.0f} MiB")
    within = seconds[0] < FIRST_LIMIT and seconds[1] < AGAIN_LIMIT
    return int(not within or memory.shares > MEMORY_LIMIT)


if __name__ == "__main__":
    sys.exit(main())

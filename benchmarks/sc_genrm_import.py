"""Import YAML of the paper's size and report time and peak memory over all processes.

Writes 128 problems x 1,024 solutions, 256 of them with 32 verifications each, in the layout of
sc-genrm-scaling and with its lengths (about 1.4 GB), imports them, and exits with 1 when memory
went over 1 GiB. `python benchmarks/sc_genrm_import.py [--problems 128] [--keep FOLDER]`.
"""

import argparse
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import psutil
import yaml

from svlaw.data.importers.sc_genrm import import_sc_genrm

SOLUTIONS, VERIFIED, VERIFICATIONS = 1_024, 256, 32
LIMIT = 1 << 30
SENTENCE = (
    r"Let the student compute value of $\frac{a}{b}$ then we have therefore so that x = 3y + 2 and"
    r" check: step by step, which gives the correct result because $\sqrt{x^2 + 1}$ is a sum"
)
WORDS = SENTENCE.split()
VERDICTS = (("Yes", 0.98, -1.0), ("No", -1.0, 0.9), ("", -1.0, -1.0))


class PeakMemory(threading.Thread):
    """Samples the memory of this process and all its children."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.shares, self.own, self.most_processes = 0, 0, 0
        self._stopped = threading.Event()

    def run(self) -> None:
        """Sample ten times a second until stopped."""
        while not self._stopped.wait(0.1):
            infos = []
            for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
                try:
                    infos.append(process.memory_full_info())
                except psutil.Error:
                    continue
            self.shares = max(self.shares, sum(info.pss for info in infos))
            self.own = max(self.own, sum(info.uss for info in infos))
            self.most_processes = max(self.most_processes, len(infos))

    def stop(self) -> None:
        """Stop sampling; the peaks are final then."""
        self._stopped.set()
        self.join()


def text(rng: random.Random, length: int) -> str:
    """Sentences and paragraphs of about a length."""
    parts: list[str] = []
    size = 0
    while size < length:
        parts.append(" ".join(rng.choices(WORDS, k=rng.randint(8, 25))))
        parts.append(rng.choice((". ", ".\n", ":\n\n", ".\n\n## Step\n")))
        size += len(parts[-2]) + len(parts[-1])
    return "".join(parts)


def write_problem(folder: Path, problem: int) -> None:
    """Write the files of one problem; verifications are drawn from a stock of 400 texts."""
    rng = random.Random(problem)
    answers = [
        str(rng.randint(0, 99)),
        rf"\frac{{{rng.randint(1, 9)}}}{{7}}",
        rf"{problem}\sqrt{{2}}",
    ]
    answers += [rf"\frac{{{rng.randint(1, 99)}}}{{{rng.randint(2, 99)}}}" for _ in range(40)]
    samples = []
    for _ in range(SOLUTIONS):
        answer = answers[min(int(rng.expovariate(0.25)), len(answers) - 1)]
        body = text(rng, rng.randint(400, 1_600))
        samples.append(f"{body}\nThe final answer is ${answer}$. I hope it is correct.")
    question = text(rng, 200)
    document = {
        "gt_answer": rf"So \boxed{{{answers[0]}}}.",
        "prompt": question * 5,
        "question": question,
        "samples": samples,
    }
    dump(folder / "samples" / f"{problem}.yaml", document)
    stock = []
    for _ in range(400):
        body = text(rng, rng.randint(400, 1_300))
        verdict, p_yes, p_no = rng.choice(
            (("Yes", 0.98, -1.0), ("No", -1.0, 0.9), ("", -1.0, -1.0))
        )
        entry = {
            "p(no)": p_no,
            "p(yes)": p_yes,
            "verification": f"{body}\nVerification: Is the answer correct (Yes/No)? {verdict}",
        }
        stock.append(yaml.dump([entry], Dumper=yaml.CSafeDumper))
    home = folder / "verifications" / f"problem_{problem}"
    home.mkdir(parents=True)
    for solution in range(VERIFIED):
        head = yaml.dump({"prompt": question + samples[solution]}, Dumper=yaml.CSafeDumper)
        chosen = "".join(rng.choices(stock, k=VERIFICATIONS))
        (home / f"solution_{solution}.yaml").write_text(f"{head}verifications:\n{chosen}", "utf-8")


def dump(path: Path, document: Mapping[str, object]) -> None:
    """Write a document as the published code does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.dump(document, Dumper=yaml.CSafeDumper), "utf-8")


def main() -> int:
    """Run the benchmark; 1 when the memory limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", type=int, default=128)
    parser.add_argument("--keep", type=Path, help="folder for the YAML, used again if it exists")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        if not (folder / "samples").exists():
            start = time.perf_counter()
            for problem in range(arguments.problems):
                write_problem(folder, problem)
            print(f"written in {time.perf_counter() - start:.0f} s")
        paths = list(folder.rglob("*.yaml"))
        size = sum(path.stat().st_size for path in paths)
        memory = PeakMemory()
        memory.start()
        start = time.perf_counter()
        out = Path(temporary) / "pool"
        pool = import_sc_genrm(out, folder / "samples", folder / "verifications")
        seconds = time.perf_counter() - start
        memory.stop()
        print(
            f"{len(paths):,} files, {size / 1e9:.2f} GB of YAML in {seconds:.0f} s"
            f" ({size / seconds / 1e6:.0f} MB/s, {os.cpu_count()} cores);"
            f" {pool.metadata['counts']}"
        )
        print(
            f"peak over {memory.most_processes} processes: PSS {memory.shares / 2**20:.0f} MiB,"
            f" USS {memory.own / 2**20:.0f} MiB (limit {LIMIT / 2**20:.0f})"
        )
    return int(memory.shares > LIMIT)


if __name__ == "__main__":
    sys.exit(main())

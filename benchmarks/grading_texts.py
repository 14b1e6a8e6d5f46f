"""Grade 3,873 texts of many kinds, and report the CPU time over all processes.

The texts are the answers and solutions of `tests/reference`, repeated with other digits until there
are enough. `python benchmarks/grading_texts.py [--texts 3873]`.
"""

import argparse
import json
import resource
import sys
import time
from pathlib import Path

import polars as pl

from svlaw.data.grading.answers import reference_answer
from svlaw.data.grading.extractors import built_in_extractor
from svlaw.data.grading.grader import grade_answers

REFERENCE = Path(__file__).parents[1] / "tests" / "reference"
NAMES = ("problem_id", "answer", "reference_answer", "kind")


def cases() -> list[tuple[str, str, str, str]]:
    """Texts, references, kinds and modes."""
    found = []
    for name in ("answers_passing", "answers_failing"):
        for line in (REFERENCE / f"{name}.jsonl").read_text("utf-8").splitlines():
            case = json.loads(line)
            found.append((case["text"], case["reference"], case["kind"], case["mode"]))
    pairs = json.loads((REFERENCE / "answer_pairs.json").read_text("utf-8"))
    short = [pair for pair in pairs if "times" not in pair]
    return found + [(p["answer"], p["reference"], p["kind"], "answer") for p in short]


def varied(text: str, turn: int) -> str:
    """A text with other digits; the same change for answer and reference."""
    digits = "123456789"
    return text.translate(str.maketrans(digits, digits[turn:] + digits[:turn]))


def rows(number: int) -> list[tuple[str, str | None, str, str]]:
    """Extracted answers with their references."""
    found: list[tuple[str, str | None, str, str]] = []
    turn = 0
    while True:
        for text, reference, kind, mode in cases():
            written = reference_answer(varied(reference, turn)) or "0"
            extract = built_in_extractor(kind, written)
            answer = varied(text, turn) if mode == "answer" else extract(varied(text, turn))
            found.append((f"p{len(found):05d}", answer, written, kind))
            if len(found) == number:
                return found
        turn += 1


def cpu() -> float:
    """Seconds of CPU of this process and those that ended."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=3_873)
    arguments = parser.parse_args()
    start, clock = cpu(), time.perf_counter()
    frame = pl.DataFrame(rows(arguments.texts), dict.fromkeys(NAMES, pl.String()), orient="row")
    extracted = cpu()
    graded = grade_answers(frame, workers=2)
    print(
        f"{arguments.texts:,} texts: {extracted - start:.1f} s of CPU for extraction,"
        f" {cpu() - extracted:.1f} s for grading ({time.perf_counter() - clock:.1f} s on the"
        f" clock);"
        f" {graded['is_correct'].sum():,} correct, {(graded['status'] == 'timeout').sum()} timeouts"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

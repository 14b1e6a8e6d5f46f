"""Write the demonstration problems: `python -m svlaw.generate.demo.demo_problems FILE`."""

import json
import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import typer

from svlaw.data.storage.files import atomic_path
from svlaw.generate.demo.chains import Chain, draw_chains

LEVELS = {4: 32, 5: 32, 6: 32}
"""Problems of each number of steps."""

LARGE = 0.1
"""Share of their terms that may have three digits."""


def demonstration_chains() -> Iterator[tuple[str, Chain]]:
    """The demonstration problems with their ids, none of which the model is trained on."""
    rng = random.Random(11)
    for length, count in LEVELS.items():
        drawn = islice(draw_chains(rng, [length], held_out=True, large=LARGE), count)
        for number, chain in enumerate(drawn, 1):
            yield f"chain-{length}-{number:02}", chain


def problem_rows() -> Iterator[dict[str, str]]:
    """The demonstration problems as rows of a problem set."""
    for name, chain in demonstration_chains():
        yield {
            "problem_id": name,
            "question": chain.question,
            "reference_answer": str(chain.values[-1]),
            "kind": "numeric",
            "level": str(len(chain.steps)),
        }


def main(path: Path) -> None:
    """Write the demonstration problems."""
    with atomic_path(path) as part:
        part.write_text("".join(json.dumps(row) + "\n" for row in problem_rows()), "utf-8")


if __name__ == "__main__":
    typer.run(main)

"""How fast rows are written, and in how much memory, when the engine takes no time at all."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROBLEMS, SAMPLES = 250, 256
MIB = 2**20

# A process of its own, so that its memory is that of the run.
RUN = """
import json, pathlib, psutil, sys, time
sys.path.insert(0, sys.argv[1])
from instant_engine import InstantEngine
from svlaw.generate.assignments import assign_solutions
from svlaw.generate.configuration import read_configuration
from svlaw.generate.engines.protocol import Sample
from svlaw.generate.runs import Reporting, run_assignment

TEXTS = [f"{n} and so on and on " * 10 for n in range(997)]

class Quick(InstantEngine):
    def _sample(self, prompt, seed):
        return Sample(TEXTS[seed % 997], 30, 60, "stop")

configuration = read_configuration(pathlib.Path(sys.argv[2]))
assignment = assign_solutions(configuration)
memory = []

began = time.process_time()
generation = run_assignment(
    configuration,
    assignment,
    engine=lambda a: Quick(a.section.speaker, a.sampling),
    reporting=Reporting(on_part=lambda part: memory.append(psutil.Process().memory_info().rss)),
)
seconds = time.process_time() - began
print(json.dumps({"rows": generation.generated, "seconds": seconds, "memory": memory}))
"""


def measure(study: Any) -> tuple[float, float, float]:
    """Rows per second of the process, MiB after half of them, and by how many it grew then."""
    command = [sys.executable, "-c", RUN, Path(__file__).parent, study.write()]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    result = json.loads(done.stdout)
    assert result["rows"] == PROBLEMS * SAMPLES
    memory = [rss / MIB for rss in result["memory"]]
    early, late = max(memory[: len(memory) // 2]), max(memory[len(memory) // 2 :])
    return result["rows"] / result["seconds"], early, late - early


@pytest.mark.slow
def test_64_thousand_rows(study: Any) -> None:
    study.set_problems(PROBLEMS)
    study.document |= {"batch_rows": 64, "part_rows": 4096}
    study.document["solutions"]["samples"] = SAMPLES
    speed, _, growth = measure(study)
    assert growth < 32
    assert speed >= 4_000  # five times that on an old machine
    assert study.rows().height == PROBLEMS * SAMPLES

"""The commands from problems to verdicts, with engines that compute here (`make test-vllm`)."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

MODEL = Path(__file__).parents[2] / "generate" / "demo" / "model"
OPTIONS: dict[str, dict[str, Any]] = {
    "transformers": {"threads": 1},
    "vllm": {
        "enforce_eager": True,  # nothing to compile
        "max_num_seqs": 16,
        "max_model_len": 512,
        "kv_cache_memory_bytes": 1 << 28,
    },
}


def section(engine: str) -> dict[str, Any]:
    """How an engine is told of the demonstration model."""
    pytest.importorskip(engine)
    return {"engine": engine, "model": str(MODEL), "engine_options": OPTIONS[engine]}


@pytest.mark.slow
@pytest.mark.parametrize("verifier", ["transformers", "vllm"])
def test_from_problems_to_a_frontier(
    verifier: str, demonstrate: Callable[[Mapping[str, Any], Mapping[str, Any]], None]
) -> None:
    demonstrate(section("transformers"), section(verifier))

"""Fixtures of the engines' tests."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def _load(path: Path) -> ModuleType:
    """A module of the tests; test folders are no packages, so it has no import path."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


vllm_server = _load(Path(__file__).parents[1] / "vllm_server.py").vllm_server

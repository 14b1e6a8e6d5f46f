"""Fixtures of the tests of grading."""

from contextlib import nullcontext

import pytest

from svlaw.data.grading import examiner
from svlaw.data.workers.processes import standing_worker


@pytest.fixture
def shared_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Questions of algebra go to one worker process of all tests: to start one takes seconds."""
    monkeypatch.setattr(
        examiner, "worker_pool", lambda workers, start: nullcontext(standing_worker(start))
    )

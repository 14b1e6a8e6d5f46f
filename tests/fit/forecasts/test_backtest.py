"""What makes a forecast doubtful."""

import numpy as np
import pytest

from svlaw.fit.forecasts.backtest import STATUS_WORDS, judge, summarise


def test_summary() -> None:
    errors = np.array([0.01, -0.03])
    test = summarise("a to b", errors, np.array([True, False]), reaches=True, random=False)
    assert test.error == pytest.approx(-0.01)
    assert test.rms == test.size == pytest.approx(np.sqrt(0.0005))
    assert test.held == 0.5
    noisy = summarise("a to b", errors, None, reaches=True, random=True)
    assert (noisy.size, noisy.held) == (pytest.approx(0.01), None)


def test_a_backtest_outside_its_intervals_is_doubtful() -> None:
    for error, inside, status in (
        (0.02, [True, False], "ok"),
        (0.02, [True, False, False], "doubtful"),
        (0.004, [False], "ok"),  # half a point is never doubtful
    ):
        errors = np.full(len(inside), error)
        test = summarise("", errors, np.array(inside), reaches=True, random=False)
        assert judge(test, 0.04, 100) == status


@pytest.mark.parametrize(
    ("error", "half", "problems", "reaches", "status"),
    [
        (0.03, 0.04, 100, True, "ok"),
        (-0.05, 0.04, 100, True, "doubtful"),
        (0.05, 0.04, 100, False, "doubtful"),
        (0.03, 0.04, 100, False, "untested"),
        (0.03, 0.04, 9, True, "doubtful"),
        (0.004, 0.001, 100, True, "ok"),
        (0.006, 0.001, 100, True, "doubtful"),
        (0.019, None, None, True, "ok"),
        (0.021, None, None, True, "doubtful"),
    ],
)
def test_status(error, half, problems, reaches, status: str) -> None:
    test = summarise("", np.array([error]), None, reaches=reaches, random=False)
    assert judge(test, half, problems) == status
    assert STATUS_WORDS[status] or status == "ok"

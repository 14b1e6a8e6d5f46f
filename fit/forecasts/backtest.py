"""Backtests: a forecast of what was held back beside what it turned out to be."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Status = Literal["ok", "doubtful", "untested"]

ACCEPTED: Final = 0.005
"""A backtest error of half a point is never doubtful."""
LARGE: Final = 0.02
"""Error from which a forecast without an interval is doubtful: two points."""
LEAST_PROBLEMS: Final = 10
"""Fewest problems a forecast is not doubtful with."""
MOST_MISSED: Final = 0.5
"""Share of a backtest's intervals that may miss what was measured."""

STATUS_WORDS: Final[dict[str, str]] = {
    "ok": "",
    "doubtful": "the backtest misses by more than half the interval's width (without an interval:"
    " by more than two points) or leaves most of its own intervals, the forecast would exceed"
    " coverage, the fit is poor, or there are fewer than ten problems; take the forecast as a"
    " guess, or generate more solutions or problems",
    "untested": "the forecast looks further beyond the data than its backtest could; ask for less,"
    " or generate more solutions",
}


@dataclass(frozen=True)
class Backtest:
    """A forecast, from part of the data, of what the rest says.

    Attributes:
        held_back: What was forecast from what, in words.
        reaches: Whether it looks as far beyond what it was fitted to as the forecast does.
        error: Mean of forecast less measured success.
        rms: Root of its mean square.
        size: What counts as the error: the size of the mean where the parts kept are random, since
            their noise is not in a forecast from all data; else the root mean square.
        held: Share of the forecasts whose 95% interval holds the measured success; None without
            intervals.
    """

    held_back: str
    reaches: bool
    error: float
    rms: float
    size: float
    held: float | None


def summarise(
    held_back: str, errors: F64, inside: Mask | None, *, reaches: bool, random: bool
) -> Backtest:
    """A backtest from its errors.

    Args:
        held_back: What was forecast from what, in words.
        errors: Forecast less measured success, of each forecast.
        inside: Which intervals hold the measured success; None without intervals.
        reaches: Whether it looks as far as the forecast.
        random: Whether the forecasts are from random parts of the data.
    """
    error, rms = float(errors.mean()), float(np.sqrt(np.mean(errors**2)))
    held = None if inside is None else float(inside.mean())
    return Backtest(held_back, reaches, error, rms, abs(error) if random else rms, held)


def judge(backtest: Backtest, half_width: float | None, n_problems: int | None) -> Status:
    """What to think of a forecast.

    Args:
        backtest: Its backtest.
        half_width: Half the width of its interval; None without.
        n_problems: Number of problems; None for a published table.
    """
    limit = LARGE if half_width is None else max(half_width, ACCEPTED)
    misses = backtest.held is not None and 1 - backtest.held > MOST_MISSED
    if backtest.size > limit or (misses and backtest.size > ACCEPTED):
        return "doubtful"
    if n_problems is not None and n_problems < LEAST_PROBLEMS:
        return "doubtful"
    return "ok" if backtest.reaches else "untested"

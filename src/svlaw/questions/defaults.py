"""Defaults that the public functions and the commands share, so that both answer alike."""

from typing import Final, Literal

Grid = Literal["fine"] | None
"""Eight values per doubling; powers of two when None."""

FINE: Final = "fine"

GRIDS: Final[dict[str, Grid]] = {
    "curves": None,
    "frontier": None,
    "crossover": None,
    "savings": FINE,
    "fit": FINE,
    "plan": FINE,
    "forecast": FINE,
}
"""Grid of S and of V by command. Optima would snap to powers of two, hence the fine grid of laws,
plans and forecasts."""

CONTESTS: Final = ("frontier", "plan")
"""Commands that compare the vote of a verifier whose own answers are known as well."""

RESAMPLES: Final = 2000
"""Resamples of problems behind an interval."""
LAW_RESAMPLES: Final = 1000
"""Those of a law, which is fitted again in each."""
FORECAST_RESAMPLES: Final = 400
"""Those of a forecast, whose models are fitted again in each."""

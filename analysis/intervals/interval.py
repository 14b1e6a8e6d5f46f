"""An estimate with its interval."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from svlaw.data.shown import Shown, text_of
from svlaw.data.table_texts import span

LEVEL: Final = 0.95
"""Coverage that every interval aims at."""


@dataclass(frozen=True, repr=False)
class Interval(Shown):
    """A figure with its interval.

    Attributes:
        estimate: From all problems; None when the event is never reached within the data.
        conf_low: Lower end; None when unknown or never reached.
        conf_high: Upper end; None when unknown or never reached.
        never: Share of the resamples in which the event is never reached; None when unknown.
        samples_low: Lower end if these problems were sampled again; None when not asked for,
            unknown or never reached.
        samples_high: Upper end.
    """

    estimate: float | None
    conf_low: float | None = None
    conf_high: float | None = None
    never: float | None = None
    samples_low: float | None = None
    samples_high: float | None = None

    def _lines(self) -> list[str]:
        if self.estimate is None:
            return ["Interval: never within the data"]
        ends = span(self.conf_low, self.conf_high, text_of)
        never = f", never in {self.never:.0%} of resamples" if self.never else ""
        return [f"Interval: {text_of(self.estimate)} {ends}{never}"]


def reached(estimate: float) -> Interval:
    """A figure without an interval; None for one that is infinite ("never") or undefined."""
    return Interval(float(estimate) if np.isfinite(estimate) else None)

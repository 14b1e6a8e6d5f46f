"""Findings of a check, and how counts, shares and spreads are put into words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from svlaw.analysis.intervals.interval import Interval
from svlaw.data.shown import Shown
from svlaw.data.table_texts import TextTable

Level = Literal["ok", "note", "error"]


@dataclass(frozen=True, repr=False)
class Check(Shown):
    """One finding.

    Attributes:
        level: `ok`; `note`, worth knowing; `error`, the analysis would be unsound.
        subject: What was looked at.
        message: What was found, in words.
    """

    level: Level
    subject: str
    message: str

    def _lines(self) -> list[str]:
        return [f"Check: {self.subject}: {self.level}", f"  {self.message}"]

    def _tables(self) -> list[TextTable]:
        row = (self.subject, self.level, self.message)
        return [TextTable("check", ("what", "status", "found"), [row])]


def subject_of(what: str, verifier: str | None) -> str:
    """Name what was looked at, with the verifier it belongs to."""
    return what if verifier is None else f"{what} ({verifier})"


def spread(subject: str, per: str, counts: npt.ArrayLike) -> Check:
    """Describe how many rows each unit holds; a note when that differs."""
    sizes = np.asarray(counts, np.int64)
    total = f"{sizes.sum():,} in all"
    if not sizes.size:
        return Check("note", subject, "none")
    if sizes.min() == sizes.max():
        return Check("ok", subject, f"{sizes.min():,} {per}, {total}")
    ends = f"{sizes.min():,} to {sizes.max():,} {per} (median {np.median(sizes):g})"
    return Check("note", subject, f"ragged, {ends}, {total}")


def count(subject: str, number: int, total: int, words: str = "", *, notable: bool = True) -> Check:
    """Describe how many of all are so; a note when any are, unless that is nothing notable."""
    share = f"{number:,} of {total:,} ({number / max(total, 1):.1%})"
    level: Level = "note" if notable and number else "ok"
    return Check(level, subject, f"{share} {words}".rstrip())


def figure(subject: str, rate: Interval) -> Check:
    """Describe a rate with its interval; a note when it cannot be measured."""
    return Check("note" if rate.estimate is None else "ok", subject, in_words(rate))


def in_words(rate: Interval) -> str:
    """An estimate with three decimals and its interval."""
    if rate.estimate is None:
        return "cannot be measured"
    if rate.conf_low is None or rate.conf_high is None:
        return f"{rate.estimate:.3f} (a single problem: no interval)"
    return f"{rate.estimate:.3f} [{rate.conf_low:.3f}, {rate.conf_high:.3f}]"


def is_sound(checks: Sequence[Check]) -> bool:
    """Tell whether no finding is an error."""
    return all(check.level != "error" for check in checks)

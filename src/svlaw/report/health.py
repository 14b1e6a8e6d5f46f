"""The health of a pool: what `svlaw check` finds, what is notable first."""

from collections.abc import Sequence
from typing import Final

import polars as pl
from markupsafe import Markup

from svlaw.analysis.checks.findings import Check
from svlaw.report.page_parts import Cell, Table

_WORDS: Final = {"error": "error", "note": "worth knowing", "ok": "fine"}


def health_table(checks: Sequence[Check], file: str) -> Table | None:
    """Errors, then what is worth knowing; None where all is fine."""
    held = [check for level in ("error", "note") for check in checks if check.level == level]
    return _table("Errors, and what is worth knowing", held, checks, file) if held else None


def soundness_table(checks: Sequence[Check], file: str) -> Table | None:
    """What is as it should be."""
    held = [check for check in checks if check.level == "ok"]
    return _table("As it should be", held, held, file) if held else None


def in_words(checks: Sequence[Check]) -> str:
    """How many findings there are of each kind."""
    count = {level: sum(check.level == level for check in checks) for level in _WORDS}
    sound = (
        "The analysis is unsound: see the errors."
        if count["error"]
        else "Nothing makes the analysis unsound."
    )
    many = f"{count['note']} of {len(checks)} findings are worth knowing"
    return f"{sound} {many if count['note'] else 'Every finding is as it should be'}."


def _table(caption: str, shown: Sequence[Check], saved: Sequence[Check], file: str) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (check.subject, _level(check.level), check.message) for check in shown
    ]
    frame = pl.DataFrame(
        [(check.subject, check.level, check.message) for check in saved],
        {"subject": pl.String, "level": pl.String, "finding": pl.String},
        orient="row",
    )
    return Table(caption, ("What", "Status", "Finding"), tuple(rows), file, frame)


def _level(level: str) -> Cell:
    return Markup('<span class="level is-{}">{}</span>').format(level, _WORDS[level])

"""Checks of generated text: repeats, seeds, and generations that were cut off.

Only a hash of each text is kept, and texts are read in a stream, so that memory does not grow with
their length.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

import polars as pl

from svlaw.analysis.checks.findings import Check, count, subject_of
from svlaw.data.pool import Pool

_NAMES: Final = {"solutions": "solution", "verifications": "verification"}
_OWNERS: Final = {"solutions": ("problem_id",), "verifications": ("problem_id", "solution_id")}


@dataclass(frozen=True)
class Generations:
    """What the generations of a table are like; owners are problems, or solutions verified.

    Attributes:
        rows: All generations.
        texts: Those with a text.
        blank: Those whose text is empty or white space.
        repeats: Texts that repeat an earlier one of their owner.
        seeds: Generations with a seed.
        repeated_seeds: Those whose seed repeats an earlier one of their owner.
        replays: Those whose seed and text both do.
        varied: Those whose seed does while their text differs.
        reasons: Generations with a finish reason.
        cut: Those that ended at the length limit.
        unwritten: Generations without a text that say why, by finish reason.
    """

    rows: int
    texts: int
    blank: int
    repeats: int
    seeds: int
    repeated_seeds: int
    replays: int
    varied: int
    reasons: int
    cut: int
    unwritten: Mapping[str, int]


def scan_generations(
    pool: Pool, table: Literal["solutions", "verifications"], verifier: str | None = None
) -> Generations:
    """Read a table of generations in a stream.

    Texts are compared by a hash of 64 bits: among a million texts of one owner a false repeat has a
    chance of 3 in 100 million.

    Raises:
        NotInPoolError: The pool does not hold the table.
        BadInputError: A part is damaged.
    """
    text, seed, reason = pl.col("text"), pl.col("seed"), pl.col("finish_reason")
    first, *rest = _OWNERS[table]
    owner = pl.col(first).hash(1)
    for place, name in enumerate(rest):
        owner = owner ^ pl.col(name).hash(2 + place)
    solid = text.str.contains(r"\S")
    query = pool.scan(table, verifier).select(
        owner.alias("owner"),
        pl.when(solid).then(text.hash(0)).alias("text"),
        (text.is_not_null() & ~solid).alias("blank"),
        seed,
        reason.is_not_null().alias("reason"),
        (reason == "length").fill_null(False).alias("cut"),
        pl.when(text.is_null()).then(reason).alias("unwritten"),
    )
    frame = pool.collect(query, table)
    reasons = frame["unwritten"].drop_nulls().value_counts().sort("unwritten")
    seeded = frame.drop_nulls("seed")
    told = seeded.drop_nulls("text")
    replays = _repeats(told, "owner", "seed", "text")
    return Generations(
        rows=frame.height,
        texts=frame["text"].count() + int(frame["blank"].sum()),
        blank=int(frame["blank"].sum()),
        repeats=_repeats(frame.drop_nulls("text"), "owner", "text"),
        seeds=seeded.height,
        repeated_seeds=_repeats(seeded, "owner", "seed"),
        replays=replays,
        varied=_repeats(told, "owner", "seed") - replays,
        reasons=int(frame["reason"].sum()),
        cut=int(frame["cut"].sum()),
        unwritten=dict(reasons.iter_rows()),
    )


def _repeats(frame: pl.DataFrame, *key: str) -> int:
    return frame.height - frame.select(key).n_unique() if frame.height else 0


def check_generations(
    pool: Pool, table: Literal["solutions", "verifications"], verifier: str | None = None
) -> tuple[list[Check], Generations | None]:
    """Report repeated texts and seeds of a table; nothing is wrong with a pool without text."""
    name = _NAMES[table]
    if not pool.has(table, verifier):
        words = "not stored: repeated texts and seeds cannot be seen"
        return [Check("note", subject_of(f"{name} texts", verifier), words)], None
    found = scan_generations(pool, table, verifier)
    owner = "problem" if table == "solutions" else "solution"
    subject = subject_of(f"duplicate {name} texts", verifier)
    checks = [count(subject, found.repeats, found.texts, f"repeat another of their {owner}")]
    if not found.texts:
        checks = [Check("note", subject_of(f"{name} texts", verifier), "all are missing")]
    if found.blank:
        checks.append(count(subject_of(f"blank {name} texts", verifier), found.blank, found.texts))
    if found.unwritten:
        subject = subject_of(f"{name}s without text", verifier)
        words = ", ".join(f"{reason}: {rows:,}" for reason, rows in found.unwritten.items())
        checks.append(count(subject, sum(found.unwritten.values()), found.rows, words))
    return [*checks, _check_seeds(found, owner, subject_of(f"{name} seeds", verifier))], found


def _check_seeds(found: Generations, owner: str, subject: str) -> Check:
    """Judge repeated seeds: a seed that always brings its text back is the same draw again."""
    if not found.seeds:
        return Check("note", subject, "not stored")
    if not found.repeated_seeds:
        return Check("ok", subject, f"{found.seeds:,}, none twice within a {owner}")
    words = f"repeat another of their {owner}, {found.replays:,} of them with its text"
    if found.replays and not found.varied:
        words = f"repeat another of their {owner}, always with its text: the same draws again;"
        words += " remove the copies"
        check = count(subject, found.repeated_seeds, found.seeds, words)
        return replace(check, level="error")
    return count(subject, found.repeated_seeds, found.seeds, words)


def check_truncation(
    subject: str, found: Generations | None, flagged: int, total: int, words: str
) -> Check:
    """Report the generations that were cut off, by their finish reason, else by their status.

    Args:
        subject: What to call them.
        found: What the stored generations are like, if they are stored.
        flagged: Rows of the derived table with status `truncated`.
        total: Rows of the derived table.
        words: What a flagged row means.
    """
    if found is None or not found.reasons:
        if not flagged:
            return Check("ok", subject, "none flagged (no finish reasons are stored)")
        return count(subject, flagged, total, words)
    return count(subject, found.cut, found.rows, f"reached the length limit, {flagged:,} {words}")

"""Checks of a pool's files: every byte as it was written, and nothing left by killed writers."""

from svlaw.analysis.checks.findings import Check
from svlaw.data.pool import Pool
from svlaw.data.pool_recovery import leftovers
from svlaw.data.schema import TABLES
from svlaw.data.storage.part_digests import refuse_damaged


def check_files(pool: Pool) -> list[Check]:
    """Hash every part anew, and look for what killed writers left.

    Raises:
        BadInputError: A part is damaged.
    """
    parts = [
        part
        for table in TABLES.values()
        for verifier in (pool.verifiers if table.per_verifier else (None,))
        for part in pool.parts(table.name, verifier)
    ]
    refuse_damaged(pool.path, parts, anew=True)
    found = leftovers(pool.path)
    checks = []
    if found.unfinished:
        words = "a command was killed while it changed the pool; the next one that writes undoes it"
        checks.append(Check("note", "unfinished change", words))
    if found.files:
        words = f"{len(found.files):,}, such as {found.files[0].name}; the next writer removes them"
        checks.append(Check("note", "files of killed commands", words))
    return checks

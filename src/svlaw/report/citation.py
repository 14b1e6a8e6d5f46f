"""What to cite: svlaw, the paper whose method it builds on, and the pool's own source."""

from dataclasses import dataclass
from typing import Final

from svlaw.data.pool import Pool

_LONGEST: Final = 20_000
"""Characters of a notice that are shown."""
_PAPER: Final = """@misc{singhi2025when,
  title = {When To Solve, When To Verify: Compute-Optimal Problem Solving and Generative
           Verification for {LLM} Reasoning},
  author = {Singhi, Nishad and Bansal, Hritik and Hosseini, Arian and Grover, Aditya and
            Chang, Kai-Wei and Rohrbach, Marcus and Rohrbach, Anna},
  year = {2025},
  eprint = {2504.01005},
  archivePrefix = {arXiv}
}"""
_SOFTWARE: Final = """@software{{svlaw,
  title = {{svlaw: inference scaling laws from cached generations}},
  author = {{{{The svlaw authors}}}},
  version = {{{version}}},
  year = {{2026}}
}}"""


@dataclass(frozen=True)
class Provenance:
    """Where a pool comes from, as its files say.

    Attributes:
        terms: Title, source and licence, those that `pool.json` names.
        notice: The text of its NOTICE.md; empty without one.
    """

    terms: tuple[tuple[str, str], ...]
    notice: str


def bibtex(version: str) -> str:
    """Entries for svlaw and for the paper."""
    return f"{_SOFTWARE.format(version=version)}\n\n{_PAPER}"


def provenance(pool: Pool) -> Provenance:
    """Where a pool comes from; a notice that cannot be read as text is left out."""
    names = {"title": "Title", "source": "Source", "licence": "Licence", "license": "Licence"}
    terms = tuple(
        (label, text)
        for key, label in names.items()
        if isinstance(text := pool.metadata.get(key), str) and text.strip()
    )
    try:
        notice = (pool.path / "NOTICE.md").read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        notice = ""
    if len(notice) > _LONGEST:
        notice = f"{notice[:_LONGEST]}\n…"
    return Provenance(terms, notice)

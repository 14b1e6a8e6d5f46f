"""Readings: all that an answer may mean, with what its question may have said left out.

`read` is what grading asks about an answer. A unit, a percent sign, a qualifier or an introduction
may stand on one side alone; each is left out in a reading of its own. What cannot be read whole is
text.
"""

import re
from collections.abc import Iterator
from typing import Final

from svlaw.data.grading.meanings import Alternative, Meaning, Reading
from svlaw.data.grading.notation import to_latex
from svlaw.data.grading.scalars import Work
from svlaw.data.grading.structure import FONT, Structure
from svlaw.data.grading.units import split_unit_of_formula
from svlaw.data.grading.values import FormulaError, HeavyFormulaError

LONGEST: Final = 4_000
"""Characters of an answer from which it is no mathematics."""

_DEEPEST: Final = 50

_QUALIFIER: Final = re.compile(
    r"[\s,]*(?:\(\s*)?(?:\\(?:text|mathrm|mbox)\s*\{\s*,?\s*)?,?\s*((?:for|where)\s+(?:all|any|every|each"
    r"|some|an?\s+arbitrary|arbitrary|[a-zA-Z]\s+is\s+an?)\b[^=<>\\]*(?:\}\s*\$?\s*\\?[a-zA-Z]?)?(?:\s*"
    r"\\in\s*\\mathbb\{?[A-Z]\}?)?)\s*\)?$",
    re.IGNORECASE,
)
_REMARK: Final = re.compile(
    rf"\s*(?:{FONT}\s*\{{\s*)?\((?:\s*(?:reject|discard|since|because|as|where|rejected|not)\b).*",
    re.DOTALL | re.IGNORECASE,
)
_LEAD: Final = re.compile(
    rf"{FONT}\s*\{{[^{{}}]*\b(?:is|are|equals?|be|answer|:)\s*:?\s*\}}\s*:?\s*(?=\S)"
    r"|(?:the|so|hence|thus|therefore|our|my)?\s*(?:final\s+)?(?:answer|result|value)\s+(?:is|equals)\s*:?\s*(?=\S)",
    re.IGNORECASE,
)
_ALL_TEXT: Final = re.compile(rf"{FONT}\s*\{{([^{{}}]*[=<>()\[\]][^{{}}]*)\}}")
_OF: Final = re.compile(rf"\s*(?:{FONT}\s*\{{\s*of\b([^{{}}]*)\}}|\bof\s+(the\s+\w+))$")
_DAYTIME: Final = re.compile(
    rf"(\d{{1,2}}:\d\d)\s*(?:{FONT}\s*\{{)?\s*([ap])\.?\s*m\b\.?\s*\}}?", re.IGNORECASE
)


def read(answer: str, work: Work | None = None) -> Reading:
    """Read an answer: all that it may mean, text where it is no mathematics.

    Args:
        answer: As written.
        work: What works out sums, integrals and limits.

    Raises:
        HeavyFormulaError: There is one of those, and `work` is None.
    """
    latex = to_latex(_closed(answer))
    found: dict[Alternative, None] = {}
    if len(latex) <= LONGEST and _depth(latex) <= _DEEPEST:
        for variant, remark in _variants(latex):
            for alternative in _readings(variant, remark, work):
                found.setdefault(alternative)
    return tuple(found) or (Alternative(Meaning("text", mark="".join(latex.split()))),)


def _readings(latex: str, remark: str, work: Work | None) -> Iterator[Alternative]:
    for options, note in _OPTIONS:
        reader = Structure(latex, options, work)
        try:
            meaning = reader.answer()
        except HeavyFormulaError:
            raise
        except (FormulaError, RecursionError, ArithmeticError, ValueError):
            continue
        if not options or reader.used & options:
            notes = (remark, note, *sorted(reader.derivatives))
            yield Alternative(meaning, " ".join(filter(None, notes)))


_OPTIONS: Final = (
    (frozenset[str](), ""),
    (frozenset({"bare percent"}), "%"),
    (frozenset({"radians"}), ""),
    (frozenset({"short derivatives"}), ""),
)


def _variants(latex: str) -> Iterator[tuple[str, str]]:
    """Ways to leave out what the question may have said."""
    whole = _ALL_TEXT.fullmatch(latex)
    if whole:
        latex = whole.group(1).strip()
    yield latex, ""
    daytime = _DAYTIME.fullmatch(latex)
    if daytime:
        yield daytime.group(1), daytime.group(2).lower()
    lead = _LEAD.match(latex)
    if lead:
        latex = latex[lead.end() :]
        yield latex, ""
    qualifier = _QUALIFIER.search(latex)
    if qualifier and qualifier.start():
        yield latex[: qualifier.start()], re.sub(r"\W|text", "", qualifier.group(1))
    share = _OF.search(latex)
    if share and share.start():
        yield latex[: share.start()], f"of {(share.group(1) or share.group(2)).strip()}"
    remark = _REMARK.search(latex)
    if remark and remark.start():
        yield latex[: remark.start()], ""
    parts = None if re.search(r"[,;]", latex) else split_unit_of_formula(latex)
    if parts:
        yield parts[0], parts[1].remark


def _depth(latex: str) -> int:
    """How deep brackets of all kinds are nested."""
    deepest = depth = 0
    for character in latex:
        if character in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in ")]}":
            depth -= 1
    return deepest


def _closed(answer: str) -> str:
    r"""Close what was left open at the end: braces, and the bracket of a `\right`."""
    right = _OPEN_RIGHT.fullmatch(answer)
    if right:
        before, left, inside = right.groups()
        answer = f"{before}{left}{inside}{_MIRRORED[left]}"
    bare = answer.replace(r"\{", "").replace(r"\}", "")
    missing = bare.count("{") - bare.count("}")
    if missing < 0 and answer.endswith("}" * -missing):
        return answer[:missing]
    if missing == 0 and answer.endswith(")") and "(" not in answer and "[" not in answer:
        return answer[:-1]
    return answer + "}" * max(0, missing)


_OPEN_RIGHT: Final = re.compile(r"(.*)\\left([(\[])(.*)\\right\s*", re.DOTALL)
_MIRRORED: Final = {"(": ")", "[": "]"}

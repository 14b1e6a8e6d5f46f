"""Verdicts by a pattern of the user's: other languages, other forms."""

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from svlaw.data.errors import BadInputError
from svlaw.data.verdicts.statements import Verdict
from svlaw.data.workers.processes import Workers

SEARCHED: Final = 2_000
"""Characters at the end of a text in which a pattern is searched."""

TEXTS_AT_ONCE: Final = 1_000
TIME_LIMIT: Final = 20.0
"""Seconds that a pattern may take for so many texts; a usual one takes milliseconds."""

_FLAGS: Final = re.IGNORECASE | re.MULTILINE


def compile_pattern(pattern: str) -> re.Pattern[str]:
    r"""Compile a pattern with the named groups `yes` and `no`, such as `=(?:(?P<yes>1)|(?P<no>0))`.

    Upper and lower case are the same, `^` and `$` match at line ends.

    Raises:
        BadInputError: The pattern is not valid, or lacks one of the groups.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks on future syntax are not the user's concern
            compiled = re.compile(pattern, _FLAGS)
    except (re.error, OverflowError, RecursionError) as error:
        raise BadInputError(
            f"pattern {pattern!r}: not a valid regular expression ({error}); correct it"
        ) from error
    for group in ("yes", "no"):
        if group not in compiled.groupindex:
            raise BadInputError(
                f"pattern {pattern!r}: has no group '{group}'; name the verdicts with (?P<yes>...)"
                " and (?P<no>...)"
            )
    return compiled


_LABELS: Final = (
    r"(?:final[ _]?|overall[ _]?)?(?:verdict|judge?ment|assessment|evaluation|decision|conclusion"
    r"|grade|status|result|rating|label|answer|choice|is_correct|correct(?:ness)?)"
)


def value_pattern(values: Mapping[str, str]) -> str:
    """Make a pattern for verdicts in words or letters of the user's, such as A for yes, B for no.

    A value is read in a field of JSON, behind a label, in a box, in square brackets, in tags, or
    alone on a line. Yes, no, correct and incorrect keep their meaning where none is given.

    Args:
        values: Value to `yes` or `no`, such as `{"A": "yes", "B": "no"}`.

    Raises:
        BadInputError: A value is blank, means neither yes nor no, or one of both is missing.
    """
    usual = {"yes": "yes", "correct": "yes", "no": "no", "incorrect": "no"}
    known = {**usual, **{value.strip().lower(): meaning for value, meaning in values.items()}}
    for value, meaning in values.items():
        if meaning not in ("yes", "no") or not value.strip():
            raise BadInputError(f"--map {value}={meaning}: write VALUE=yes or VALUE=no")
    longest = sorted(known, key=lambda value: (-len(value), value))
    yes, no = (
        "|".join(re.escape(value) for value in longest if known[value] == meaning)
        for meaning in ("yes", "no")
    )
    opening = (
        rf"(?:\b{_LABELS}\b[\"'\u201d*_ ]{{0,4}}(?::|=|\bis\b)|\[|\\boxed\{{(?:\\text[a-z]*\{{)?"
        r"|<[a-z_]{1,20}>|^)"
    )
    return (
        rf"{opening}[\s\"'\u201c*_(\[]{{0,6}}(?:(?P<yes>{yes})|(?P<no>{no}))"
        r"(?=[\"'\u201d*_.!)\]} ]{0,6}(?:[,}\]<(:]|$))"
    )


def read_by_pattern(texts: Sequence[str | None], pattern: str) -> list[Verdict | None]:
    """Read a verdict in each text: that of the last match in its last 2,000 characters.

    A match is a yes when the group `yes` took part in it, a no when `no` did, and neither when both
    did or none.

    Raises:
        BadInputError: As in `compile_pattern`.
    """
    compiled = compile_pattern(pattern)
    return [_read(text, compiled) if text else None for text in texts]


def _read(text: str, compiled: re.Pattern[str]) -> Verdict | None:
    last = None
    for last in compiled.finditer(text[-SEARCHED:]):  # noqa: B007  the last one is wanted
        pass
    if last is None or (last["yes"] is None) == (last["no"] is None):
        return None
    return "no" if last["yes"] is None else "yes"


def read_in_workers(
    texts: Sequence[str | None], pattern: str, workers: Workers
) -> Iterator[Verdict | None]:
    """As `read_by_pattern`, in worker processes that are killed when the pattern takes too long.

    Raises:
        BadInputError: It does.
    """
    tails = [text and text[-SEARCHED:] for text in texts]
    landings = [
        workers.submit(
            read_by_pattern, tails[i : i + TEXTS_AT_ONCE], pattern, time_limit=TIME_LIMIT
        )
        for i in range(0, len(tails), TEXTS_AT_ONCE)
    ]
    try:
        for landing in landings:
            yield from landing.result()
    except TimeoutError as error:
        raise BadInputError(
            f"pattern {pattern!r}: takes more than {TIME_LIMIT:g} s for {TEXTS_AT_ONCE:,} texts; it"
            " backtracks without end, as repeats within repeats such as (a+)+ do; write it without"
        ) from error

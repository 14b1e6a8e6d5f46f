"""Verdicts by a pattern of the user's: other languages, other forms."""

import re
import warnings
from collections.abc import Iterator, Sequence
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

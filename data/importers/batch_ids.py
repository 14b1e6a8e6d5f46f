"""The ids of batch requests: which problem, solution and verification one stands for."""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from svlaw.data.errors import BadInputError

_Reading = TypeVar("_Reading", bound=tuple[object, ...])

_NUMBERED: Final = re.compile(r"(.+)[-_:/#.](\d{1,9})", re.DOTALL)


@dataclass(frozen=True)
class SolutionIds:
    """Reads the ids of requests for solutions.

    Attributes:
        problems: The known problems.
        pattern: A regular expression with the named groups `problem` and, where a problem has
            several requests, `sample`; it must match the whole id. None: the id is a problem's
            name, or such a name, one of the signs `-_:/#.`, and the number of the sample.
    """

    problems: Container[str]
    pattern: re.Pattern[str] | None = None

    def read(self, custom_id: str, where: str) -> tuple[str, int]:
        """Problem and sample of a request.

        Raises:
            BadInputError: The id can be read in no way, or in two.
        """
        if self.pattern is not None:
            match = _match(self.pattern, custom_id, where)
            readings = [(match["problem"], _number(match, "sample", where))]
        else:
            readings = [(custom_id, 0), *_split(custom_id)]
        known = [reading for reading in readings if reading[0] in self.problems]
        return _only(known, custom_id, where, "problem", "--id-pattern")


@dataclass(frozen=True)
class VerificationIds:
    """Reads the ids of requests for verifications.

    Attributes:
        solutions: The known solutions: problem and number.
        pattern: A regular expression with the named groups `problem`, `solution` and, where a
            solution has several requests, `verification`; it must match the whole id. None: the
            problem's name, the number of the solution, and that of the verification where there is
            one, with one of the signs `-_:/#.` between them.
    """

    solutions: Container[tuple[str, int]]
    pattern: re.Pattern[str] | None = None

    def read(self, custom_id: str, where: str) -> tuple[str, int, int]:
        """Problem, solution and verification of a request.

        Raises:
            BadInputError: The id can be read in no way, or in two.
        """
        if self.pattern is not None:
            match = _match(self.pattern, custom_id, where)
            solution, verification = (
                _number(match, name, where) for name in ("solution", "verification")
            )
            readings = [(match["problem"], solution, verification)]
        else:
            readings = [(problem, solution, 0) for problem, solution in _split(custom_id)]
            readings += [
                (problem, solution, verification)
                for start, verification in _split(custom_id)
                for problem, solution in _split(start)
            ]
        known = [reading for reading in readings if reading[:2] in self.solutions]
        return _only(known, custom_id, where, "solution", "--verification-pattern")


def compile_pattern(
    text: str | None, groups: tuple[str, ...], option: str
) -> re.Pattern[str] | None:
    """Compile a user's pattern.

    Args:
        text: The pattern, if one was given.
        groups: Groups it must have.
        option: Its name, for an error.

    Raises:
        BadInputError: It is no regular expression or lacks a group.
    """
    if text is None:
        return None
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise BadInputError(f"{option} {text}: not a regular expression ({error})") from error
    for name in groups:
        if name not in pattern.groupindex:
            raise BadInputError(f"{option} {text}: has no group (?P<{name}>...)")
    return pattern


def _split(custom_id: str) -> list[tuple[str, int]]:
    match = _NUMBERED.fullmatch(custom_id)
    return [] if match is None else [(match.group(1), int(match.group(2)))]


def _match(pattern: re.Pattern[str], custom_id: str, where: str) -> re.Match[str]:
    match = pattern.fullmatch(custom_id)
    if match is None:
        raise BadInputError(f"{where}: custom_id {custom_id!r} does not match {pattern.pattern}")
    return match


def _number(match: re.Match[str], name: str, where: str) -> int:
    """The number in a group; 0 where the pattern has no such group."""
    if name not in match.re.groupindex:
        return 0
    text = match[name]
    if text is None or not text.isdecimal() or len(text) > 9:
        raise BadInputError(f"{where}: {name} {text!r} in custom_id is no whole number that fits")
    return int(text)


def _only(
    readings: Sequence[_Reading], custom_id: str, where: str, what: str, option: str
) -> _Reading:
    if not readings:
        raise BadInputError(
            f"{where}: custom_id {custom_id!r} names no known {what}; say how to read it with"
            f" {option}"
        )
    if len(readings) > 1:
        raise BadInputError(
            f"{where}: custom_id {custom_id!r} can be read in two ways, as {readings[0]} and"
            f" {readings[1]}; say which with {option}"
        )
    return readings[0]

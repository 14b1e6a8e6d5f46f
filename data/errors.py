"""The named errors of svlaw. Each message is one line: what is wrong, where, and what to do."""


class SvlawError(Exception):
    """Base of every error svlaw raises on purpose; the command line prints it and exits with 2."""


class BadInputError(SvlawError, ValueError):
    """A file, a row, a value or an argument cannot be used."""


class NotInPoolError(SvlawError):
    """The pool is sound but does not hold what the analysis needs."""


def first_line(error: Exception) -> str:
    """The first line of what another library said, for a message of one line."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__

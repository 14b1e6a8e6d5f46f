"""The named errors of svlaw. Each message is one line: what is wrong, where, and what to do."""


class SvlawError(Exception):
    """Base of every error svlaw raises on purpose; the command line prints it and exits with 2."""


class BadInputError(SvlawError, ValueError):
    """A file, a row, a value or an argument cannot be used."""


class NotInPoolError(SvlawError):
    """The pool is sound but does not hold what the analysis needs."""

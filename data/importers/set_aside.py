"""Rows set aside: those that cannot be used, counted instead of ending the import."""

from collections.abc import Iterator
from contextlib import contextmanager

from svlaw.data.errors import BadInputError
from svlaw.data.numerals import counted


class SetAside:
    """Counts rows that cannot be used.

    Args:
        skip: Whether they may be left out; otherwise the first ends the import.
    """

    def __init__(self, skip: bool) -> None:
        self._skip = skip
        self.count = 0
        self.first: BadInputError | None = None

    @contextmanager
    def row(self) -> Iterator[None]:
        """Use a row in this block.

        Raises:
            BadInputError: It cannot be used, and may not be left out.
        """
        try:
            yield
        except BadInputError as error:
            if not self._skip:
                raise
            self.count += 1
            self.first = self.first or error

    @property
    def remarks(self) -> list[str]:
        """What was left out, in words; nothing when all rows were used."""
        if not self.count:
            return []
        return [f"left out: {counted(self.count, 'row')} that cannot be used (first: {self.first})"]

    def refuse_many(self, used: int) -> None:
        """Raise where more rows were left out than used, which is not a few.

        Raises:
            BadInputError: So it is.
        """
        if self.first is not None and self.count > used:
            raise BadInputError(
                f"{self.first}; {counted(self.count, 'row')} are like that, more than can be used,"
                " so --skip-bad does not help"
            )

"""Settings of strategies: their names, the values they take, and how a value is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from svlaw.data.errors import BadInputError

Value = int | float | str
"""Value of a setting."""


@dataclass(frozen=True)
class Parameter:
    """One setting of a strategy.

    Attributes:
        name: Its name.
        kind: A whole number, a share (a number with a lowest and a highest value), or a word.
        meaning: What it is, in words.
        low: Lowest value of a number; a share must lie above it where `open_low` is set.
        high: Highest value of a share, None for a whole number.
        open_low: Whether the lowest value itself is excluded.
        open_high: Whether the highest value itself is excluded.
        words: The words.
    """

    name: str
    kind: Literal["whole", "share", "word"]
    meaning: str
    low: float = 1
    high: float | None = None
    open_low: bool = False
    open_high: bool = False
    words: Sequence[str] = ()

    def read(self, text: str, strategy: str) -> Value:
        """The value that a text states.

        Raises:
            BadInputError: It states none that the setting takes.
        """
        value: Value | None = None
        if self.kind == "word":
            value = text if text in self.words else None
        elif self.kind == "whole":
            value = int(text) if text.isascii() and text.isdecimal() else None
            value = value if value is not None and self.low <= value < 2**31 else None
        else:
            value = self._share(text)
        if value is None:
            raise BadInputError(f"{strategy}: {self.name} = {text!r}: use {self.allowed}")
        return value

    @property
    def allowed(self) -> str:
        """The values that it takes, in words."""
        if self.kind == "word":
            return " or ".join(self.words)
        if self.kind == "whole":
            return f"a whole number from {self.low:g}"
        low = f"above {self.low:g}" if self.open_low else f"from {self.low:g}"
        high = f"below {self.high:g}" if self.open_high else f"to {self.high:g}"
        return f"a number {low} {'and' if self.open_low else ''} {high}".replace("  ", " ")

    def _share(self, text: str) -> float | None:
        try:
            value = float(text)
        except ValueError:
            return None
        high = self.high if self.high is not None else float("inf")
        above = value > self.low if self.open_low else value >= self.low
        below = value < high if self.open_high else value <= high
        return value if above and below else None


def write_value(value: Value) -> str:
    """A value as canonical text: the shortest that reads as the same value."""
    return f"{value:.12g}" if isinstance(value, float) else str(value)

"""Settings of rules: names, types, ranges, and one text for each value."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from svlaw.data.errors import BadInputError

Value = int | float | str


@dataclass(frozen=True)
class Setting(ABC):
    """One setting of a rule.

    Attributes:
        name: Its name, as in `keep=0.5`.
        default: Its value where none is given.
        description: What it does, as a noun phrase.
    """

    name: str
    default: Value
    description: str

    @property
    @abstractmethod
    def range(self) -> str:
        """The values it takes, in words."""

    @abstractmethod
    def read(self, text: str) -> Value:
        """The value of a text; raises ValueError where it is none."""

    @abstractmethod
    def allows(self, value: Value) -> bool:
        """Whether a value lies in the range."""

    def write(self, value: Value) -> str:
        """The one text of a value."""
        return str(value)

    def parse(self, text: str, rule: str) -> Value:
        """The value that a text stands for.

        Args:
            text: What follows `name=`.
            rule: Name of the rule, for the message.

        Raises:
            BadInputError: The text is no such value.
        """
        try:
            value = self.read(text)
        except ValueError:
            value = math.nan
        return self.checked(value, rule, text)

    def checked(self, value: Value, rule: str, text: str | None = None) -> Value:
        """The value, where the setting allows it.

        Raises:
            BadInputError: The value is out of range or of another type.
        """
        if isinstance(value, bool) or not isinstance(value, Value) or not self.allows(value):
            shown = value if text is None else text
            raise BadInputError(f"{rule}: {self.name} is {shown}; use {self.range}")
        return value


@dataclass(frozen=True)
class NumberSetting(Setting):
    """Any number between two bounds.

    Attributes:
        bounds: Lower and upper bound.
        open_at: Bounds that are excluded themselves.
        words: The range in words.
    """

    bounds: tuple[float, float]
    words: str
    open_at: tuple[float, ...] = ()

    @property
    def range(self) -> str:
        """The values it takes, in words."""
        return self.words

    def read(self, text: str) -> Value:
        """The number of a text."""
        return float(text)

    def allows(self, value: Value) -> bool:
        """Whether a number lies between the bounds."""
        if isinstance(value, str):
            return False
        return self.bounds[0] <= value <= self.bounds[1] and value not in self.open_at

    def write(self, value: Value) -> str:
        """A number without a needless point: 1, 0.25, inf."""
        if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        return repr(value)


@dataclass(frozen=True)
class ChoiceSetting(Setting):
    """One of several words.

    Attributes:
        words: The words.
    """

    words: tuple[str, ...]

    @property
    def range(self) -> str:
        """The values it takes, in words."""
        return ", ".join(self.words[:-1]) + f" or {self.words[-1]}"

    def read(self, text: str) -> Value:
        """The word itself."""
        return text

    def allows(self, value: Value) -> bool:
        """Whether it is one of the words."""
        return value in self.words


@dataclass(frozen=True)
class CountSetting(Setting):
    """A whole number between two bounds, both included, or a word in its place.

    Attributes:
        least: Smallest number.
        most: Largest number; None where there is none.
        word: The word, if any.
    """

    least: int = 1
    most: int | None = None
    word: str | None = None

    @property
    def range(self) -> str:
        """The values it takes, in words."""
        numbers = f"a whole number from {self.least}"
        numbers += "" if self.most is None else f" to {self.most}"
        return numbers if self.word is None else f"{self.word} or {numbers}"

    def read(self, text: str) -> Value:
        """The number or the word of a text."""
        return text if text == self.word else int(text)

    def allows(self, value: Value) -> bool:
        """Whether it is the word or a number between the bounds."""
        if isinstance(value, str):
            return value == self.word
        most = math.inf if self.most is None else self.most
        return isinstance(value, int) and self.least <= value <= most


@dataclass(frozen=True)
class PortionSetting(Setting):
    """A share in (0, 1], which has a point, or a number of solutions, which has none."""

    @property
    def range(self) -> str:
        """The values it takes, in words."""
        return "a share above 0 and up to 1 with a point, such as 0.5, or a whole number from 1"

    def read(self, text: str) -> Value:
        """A share where the text has a point, else a number."""
        return float(text) if "." in text else int(text)

    def allows(self, value: Value) -> bool:
        """Whether it is a share in (0, 1] or a number from 1."""
        if isinstance(value, str):
            return False
        return value >= 1 if isinstance(value, int) else 1e-12 <= value <= 1

    def write(self, value: Value) -> str:
        """A share with a point, a number without."""
        return f"{value:.12f}".rstrip("0") if isinstance(value, float) and value < 1 else str(value)


def read_settings(
    settings: tuple[Setting, ...], given: Mapping[str, Value], rule: str
) -> dict[str, Value]:
    """All settings of a rule, those not given at their defaults.

    Raises:
        BadInputError: A name is unknown or a value out of range.
    """
    known = {setting.name: setting for setting in settings}
    for name in given:
        if name not in known:
            names = ", ".join(known) or "none"
            raise BadInputError(f"{rule} has no setting {name}; its settings: {names}")
    return {
        name: setting.checked(given[name], rule) if name in given else setting.default
        for name, setting in known.items()
    }

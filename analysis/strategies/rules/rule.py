"""What a rule is: a name, settings, a kernel, and what it needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from svlaw.analysis.strategies.rules.settings import Setting, Value, read_settings
from svlaw.data.errors import BadInputError

F64 = npt.NDArray[np.float64]
Numbers = tuple[float, float, float]


@dataclass(frozen=True)
class Rule:
    """A way to pick an answer from S solutions with scores.

    Attributes:
        name: Its name on the command line.
        description: What it picks, in one line.
        formula: The value of an answer; the largest wins.
        source: The paper.
        settings: Its settings, in the order they are written.
        kind: Its number in `ballots`.
        numbers: The settings as three numbers for the kernel.
        needs_scores: Whether it reads scores at all.
        needs_unit_scores: Whether scores must lie in [0, 1].
        needs_calibration: Whether it is learnt on other problems, see `calibration`.
        draws_ties: Whether equal scores are put in random order, so that an outcome can be random
            where nothing else is.
    """

    name: str
    description: str
    formula: str
    source: str
    settings: tuple[Setting, ...]
    kind: int
    numbers: Callable[[Mapping[str, Value]], Numbers]
    needs_scores: bool = True
    needs_unit_scores: bool = False
    needs_calibration: bool = False
    draws_ties: bool = False

    def at(self, **values: Value) -> "RuleSetting":
        """The rule at some settings; those not named keep their defaults.

        Raises:
            BadInputError: A name is unknown or a value out of range.
        """
        return RuleSetting(self, read_settings(self.settings, values, self.name))

    def parse(self, text: str) -> "RuleSetting":
        """The rule at the settings of a text, `keep=0.5:weighted=yes`, in any order.

        Raises:
            BadInputError: A part is no `name=value`, is given twice, or cannot be used.
        """
        known = {setting.name: setting for setting in self.settings}
        values: dict[str, Value] = {}
        for part in text.split(":") if text.strip() else []:
            name, equals, written = (piece.strip() for piece in part.partition("="))
            if not equals:
                raise BadInputError(f"{self.name}: '{part}' is no setting; write name=value")
            if name in values:
                raise BadInputError(f"{self.name}: {name} is given twice")
            values[name] = known[name].parse(written, self.name) if name in known else written
        return self.at(**values)


@dataclass(frozen=True)
class RuleSetting:
    """A rule at given settings.

    Attributes:
        rule: The rule.
        values: Value of each of its settings.
    """

    rule: Rule
    values: Mapping[str, Value]

    def __hash__(self) -> int:
        return hash(self.name)

    @property
    def text(self) -> str:
        """The settings in their one form: the first always, others where not at the default."""
        return ":".join(
            f"{s.name}={s.write(self.values[s.name])}"
            for i, s in enumerate(self.rule.settings)
            if i == 0 or self.values[s.name] != s.default
        )

    @property
    def name(self) -> str:
        """Rule and settings, as `--strategies` takes them."""
        return f"{self.rule.name}:{self.text}" if self.text else self.rule.name

    @property
    def numbers(self) -> Numbers:
        """The settings as the kernel reads them."""
        return self.rule.numbers(self.values)

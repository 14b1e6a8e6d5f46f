"""Strategies as asked for: `self_consistency`, `adaptive_vote:lead=3:most=64`, and so on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from svlaw.analysis.strategies.own_strategies import OwnStrategy, find_own, is_own, known_own
from svlaw.analysis.strategies.policies.families import FAMILIES
from svlaw.analysis.strategies.policies.parameters import Value
from svlaw.analysis.strategies.rules.rule_catalogue import RULES
from svlaw.data.errors import BadInputError
from svlaw.data.schema import STRATEGIES

ALL: Final = "all"
"""Stands for every strategy that a pool has data for, at its default settings."""


@dataclass(frozen=True)
class Spec:
    """A strategy and those of its settings that were given.

    Attributes:
        strategy: Its name.
        given: The settings.
        own: The user's own strategy; None for one of svlaw's.
    """

    strategy: str
    given: Mapping[str, Value] = field(default_factory=dict)
    own: OwnStrategy | None = field(default=None, compare=False)

    @property
    def text(self) -> str:
        """The canonical text."""
        if self.strategy in RULES:
            return RULES[self.strategy].at(**self.given).name
        if not self.given:
            return self.strategy
        return f"{self.strategy}:{FAMILIES[self.strategy].text(self.given)}"

    def covers(self, setting: str) -> bool:
        """Whether a canonical setting of the strategy has all settings that were given."""
        if not self.given:
            return True
        if self.strategy in RULES:
            return self.given.items() <= RULES[self.strategy].parse(setting).values.items()
        return self.given.items() <= FAMILIES[self.strategy].parse(setting).items()


def parse_spec(text: str | Any) -> Spec:
    """One strategy with its settings.

    Args:
        text: Name and settings, NAME:SETTING=VALUE:SETTING=VALUE; or MODULE:NAME of a strategy of
            the user's own, or that function or object itself.

    Raises:
        BadInputError: There is no such strategy or setting, or a value cannot be used.
    """
    if not isinstance(text, str):
        own = find_own(text)
        return Spec(own.name, own=own)
    name, _, settings = text.strip().partition(":")
    if name in FAMILIES:
        return Spec(name, FAMILIES[name].parse(settings))
    if name in RULES:
        values = RULES[name].parse(settings).values
        named = {part.partition("=")[0].strip() for part in settings.split(":")}
        return Spec(name, {key: value for key, value in values.items() if key in named})
    if name not in STRATEGIES and is_own(text.strip()):
        own = find_own(text.strip())
        return Spec(own.name, own=own)
    if name not in STRATEGIES:
        raise BadInputError(
            f"unknown strategy '{name}'; use {', '.join(strategy_names())},"
            " or MODULE:NAME of your own"
        )
    if settings:
        raise BadInputError(f"{text}: {name} has no settings; give S and V for all strategies")
    return Spec(name)


def parse_specs(texts: Sequence[str | Any]) -> dict[str, list[Spec]]:
    """Several strategies, by name in order of first appearance.

    Raises:
        BadInputError: As in `parse_spec`.
    """
    found: dict[str, list[Spec]] = {}
    for text in texts:
        spec = parse_spec(text)
        found.setdefault(spec.strategy, []).append(spec)
    return found


def strategy_names() -> tuple[str, ...]:
    """Names of all strategies."""
    return (*STRATEGIES, *RULES, *FAMILIES)


def is_policy(strategy: str) -> bool:
    """Whether a strategy decides S and V itself."""
    return strategy in FAMILIES or (is_own(strategy) and known_own(strategy).is_policy)


def needs_verifier(strategy: str) -> bool:
    """Whether a strategy uses verdicts."""
    if is_own(strategy):
        return known_own(strategy).needs_verifier
    if strategy in FAMILIES:
        return FAMILIES[strategy].is_verified
    return strategy in ("best_of_n", "weighted_vote") or strategy in RULES


def needs_votes(strategy: str) -> bool:
    """Whether a strategy counts equal answers of solutions."""
    if is_own(strategy):
        return False
    return strategy not in ("coverage", "best_of_n", "accept_first", "halving", "verifier_vote")


def needs_verifier_answers(strategy: str) -> bool:
    """Whether a strategy uses the verifier's own answers."""
    return strategy in FAMILIES and FAMILIES[strategy].is_own_vote

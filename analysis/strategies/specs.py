"""Strategies as asked for: `self_consistency`, `adaptive_vote:lead=3:most=64`, and so on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from svlaw.analysis.strategies.policies.families import FAMILIES
from svlaw.analysis.strategies.policies.parameters import Value
from svlaw.data.errors import BadInputError
from svlaw.data.schema import STRATEGIES

ALL: Final = "all"
"""Stands for every strategy that a pool has data for, policies at their default settings."""


@dataclass(frozen=True)
class Spec:
    """A strategy and those of its settings that were given.

    Attributes:
        strategy: Its name.
        given: The settings.
    """

    strategy: str
    given: Mapping[str, Value] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The canonical text."""
        if not self.given:
            return self.strategy
        return f"{self.strategy}:{FAMILIES[self.strategy].text(self.given)}"


def read_specs(text: str) -> list[str]:
    """The strategies of a list separated by commas, as their texts."""
    return [part.strip() for part in text.split(",") if part.strip()]


def parse_spec(text: str) -> Spec:
    """One strategy with its settings.

    Args:
        text: Name and settings, NAME:SETTING=VALUE:SETTING=VALUE.

    Raises:
        BadInputError: There is no such strategy or setting, or a value cannot be used.
    """
    name, _, settings = text.strip().partition(":")
    if name in FAMILIES:
        return Spec(name, FAMILIES[name].parse(settings))
    if name not in STRATEGIES:
        raise BadInputError(f"unknown strategy '{name}'; use {', '.join(strategy_names())}")
    if settings:
        raise BadInputError(f"{text}: {name} has no settings; give S and V for all strategies")
    return Spec(name)


def parse_specs(texts: Sequence[str]) -> dict[str, list[Spec]]:
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
    return (*STRATEGIES, *FAMILIES)


def needs_verifier(strategy: str) -> bool:
    """Whether a strategy uses verdicts."""
    if strategy in FAMILIES:
        return FAMILIES[strategy].is_verified
    return strategy in ("best_of_n", "weighted_vote")


def needs_votes(strategy: str) -> bool:
    """Whether a strategy counts equal answers of solutions."""
    return strategy not in ("coverage", "best_of_n", "accept_first", "halving", "verifier_vote")


def needs_verifier_answers(strategy: str) -> bool:
    """Whether a strategy uses the verifier's own answers."""
    return strategy in FAMILIES and FAMILIES[strategy].is_own_vote

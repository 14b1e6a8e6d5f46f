"""Which strategies a pool has data for."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from svlaw.analysis.strategies.own_strategies import is_own
from svlaw.analysis.strategies.specs import (
    ALL,
    needs_verifier,
    needs_verifier_answers,
    needs_votes,
    strategy_names,
)
from svlaw.data.errors import NotInPoolError
from svlaw.data.pool import Pool
from svlaw.data.schema import STRATEGIES


def default_strategies(pool: Pool) -> tuple[str, ...]:
    """The strategies without settings that a pool has data for.

    Voting needs answers, verification needs verdicts.
    """
    if pool.is_published_table:
        present = set(pool.read("success", ("strategy",))["strategy"])
        return tuple(name for name in STRATEGIES if name in present)
    return tuple(name for name in available_strategies(pool) if name in STRATEGIES)


def contenders(pool: Pool) -> tuple[str, ...]:
    """What frontier and plan compare unless strategies are named.

    These are the strategies without settings, and the vote of a verifier whose own answers are
    known: whoever pays for its calls could have let it solve the problem instead.
    """
    own = (name for name in available_strategies(pool) if needs_verifier_answers(name))
    return (*default_strategies(pool), *own)


def available_strategies(pool: Pool) -> tuple[str, ...]:
    """All strategies that a pool has data for."""
    if pool.is_published_table:
        return default_strategies(pool)
    votes = pool.scan("answers").select(pl.col("answer_class").is_not_null().any()).collect().item()
    solved = any(pool.has("verifier_answers", name) for name in pool.verifiers)
    return tuple(
        name
        for name in strategy_names()
        if (votes or not needs_votes(name))
        and (pool.verifiers or not needs_verifier(name))
        and (solved or not needs_verifier_answers(name))
    )


def named_strategies(pool: Pool, strategies: Sequence[str | Any] | None) -> list[str | Any]:
    """The strategies asked for, `all` written out."""
    names: list[str | Any] = []
    for text in strategies or default_strategies(pool):
        is_all = isinstance(text, str) and text.strip() == ALL
        names += available_strategies(pool) if is_all else [text]
    return names


def check_strategies(pool: Pool, strategies: Sequence[str]) -> None:
    """Raise for a strategy that a pool has no data for.

    Raises:
        NotInPoolError: There is one.
    """
    available = available_strategies(pool)
    for name in strategies:
        if is_own(name) and (pool.verifiers or not needs_verifier(name)):
            continue
        if name not in available:
            raise NotInPoolError(
                f"{pool.path}: holds nothing for {name}; it has data for {', '.join(available)}"
            )

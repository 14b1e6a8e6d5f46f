"""The blocks of a success table: what to estimate, and how the results become one table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.strategies.rules.rule_catalogue import RULES
from svlaw.analysis.strategies.specs import Spec, is_policy
from svlaw.analysis.success.estimators import Options
from svlaw.analysis.success.grid import Holder, Values, choose_grid
from svlaw.analysis.success.point_usage import PointUsage
from svlaw.analysis.success.policy_grid import choose_policies
from svlaw.analysis.success.stored_lengths import StoredLengths
from svlaw.analysis.success.table_store import Block, BlockEstimate
from svlaw.data.errors import BadInputError
from svlaw.data.schema import Calls

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Asked:
    """What was asked for; see `success_table`."""

    strategies: Mapping[str, Sequence[Spec]]
    solutions: Values
    verifications: Values
    options: Options
    verifier: str | None
    calls: Calls
    lengths: StoredLengths | None


def plan_blocks(
    problem_ids: Sequence[str], problems: Sequence[Holder], asked: Asked
) -> tuple[list[Block], Mask]:
    """A block for each strategy, and the problems that support all of them.

    Raises:
        BadInputError: A value cannot be used, or the pool does not hold that much.
        NotInPoolError: The pool lacks what a strategy needs.
    """
    plain = [name for name in asked.strategies if not is_policy(name)]
    policies = {name: specs for name, specs in asked.strategies.items() if is_policy(name)}
    kept = np.ones(len(problems), np.bool_)
    settings: dict[str, tuple[str, ...]] = {}
    if plain or not policies:
        grid = choose_grid(problems, plain, asked.solutions, asked.verifications)
        kept &= grid.problems
    if policies:
        settings, able = choose_policies(problems, policies)
        kept &= able
    if not kept.any():
        raise BadInputError(
            "no problem holds enough for all strategies; choose smaller values of S or V"
        )
    ids = tuple(compress(problem_ids, kept))
    none = np.zeros(0, np.int64)

    def block(name: str) -> Block:
        axes = (none, none) if name in policies else grid.axes(name)
        lengths = asked.lengths if name in policies else None
        made = Block(name, *axes, ids, asked.options, asked.verifier, asked.calls)
        texts = settings.get(name, ())
        if name in RULES:
            named = (RULES[name].at(**spec.given).text for spec in asked.strategies[name])
            texts = tuple(dict.fromkeys(named))
        own = asked.strategies[name][0].own
        return replace(made, settings=texts, lengths=lengths, own=own)

    return [block(name) for name in asked.strategies], kept


def points_of(block: Block) -> pl.DataFrame:
    """The points of a block, by setting, V and then S, or a policy's settings."""
    S, V, K = block.solutions, block.verifications, max(len(block.settings), 1)
    values = (np.tile(S, V.size * K), np.tile(np.repeat(V, S.size), K))
    sizes = [pl.Series(v, dtype=pl.Int32) for v in values]
    texts = np.repeat(block.settings or ("",), block.n_points // K).tolist()
    if block.is_policy:
        sizes = [pl.Series([None] * block.n_points, dtype=pl.Int32) for _ in range(2)]
    return pl.DataFrame(
        {
            "strategy": pl.Series([block.strategy] * block.n_points, dtype=pl.String),
            "solutions": sizes[0],
            "verifications": sizes[1],
            "setting": pl.Series(texts, dtype=pl.String),
        }
    )


def usage_of(blocks: Sequence[Block], found: Sequence[BlockEstimate]) -> PointUsage | None:
    """What the points of policies use; None where there are none."""
    rows: list[int] = []
    means, largest, tokens, first = [], [], None, 0
    for block, one in zip(blocks, found, strict=True):
        if one.usage is not None and one.largest is not None and one.tokens is not None:
            rows += range(first, first + block.n_points)
            means.append(one.usage)
            largest.append(one.largest)
            if tokens is None or block.reads is not None:
                tokens = one.tokens
        first += block.n_points
    if tokens is None:
        return None
    return PointUsage(
        np.array(rows),
        np.concatenate(means, axis=2).transpose(1, 2, 0),
        np.concatenate(largest, axis=2).transpose(1, 2, 0),
        tokens.T,
    )

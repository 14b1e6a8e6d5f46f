"""Success tables stored with the pool, found again by the content they were made from.

Layout: POOL/success_tables/<strategy>-<inputs>-<key>-<bytes>.parquet, in a folder of the verifier
where one was used. A table is one row per problem, S and V, or for policies one row per problem
and setting, with its usage. `inputs` is a digest of the bytes of
the Parquet parts read, `key` one of everything else that decides the result (grid, problems,
options and the code of the estimators), `bytes` one of the file itself. So a stale or damaged table
is never used; it is removed when a new one is stored. Tables can be deleted at any time.
"""

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.kernels.compilation import code_digest
from svlaw.analysis.strategies.policies.families import FAMILIES, Settings
from svlaw.analysis.strategies.specs import needs_verifier_answers
from svlaw.analysis.success.estimators import Options
from svlaw.analysis.success.point_usage import USED
from svlaw.analysis.success.stored_lengths import StoredLengths
from svlaw.data.pool import Pool
from svlaw.data.schema import BASELINES, Calls
from svlaw.data.storage.files import atomic_path
from svlaw.data.storage.object_stores import fingerprints, is_remote, storage_errors

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

FOLDER: Final = "success_tables"


@dataclass(frozen=True)
class Block:
    """One strategy's part of a success table.

    Attributes:
        strategy: The strategy.
        solutions: (G,) values of S; none for a policy.
        verifications: (W,) values of V; 0 alone for a strategy without a verifier, none for a
            policy.
        problem_ids: The problems.
        options: How success is estimated.
        verifier: The verifier of the analysis, if any.
        calls: Whether its calls are independent or shared.
        settings: Of a policy, its settings as canonical text, one for each point.
        lengths: Of a policy, how lengths are read; None where none are stored.
    """

    strategy: str
    solutions: I64
    verifications: I64
    problem_ids: tuple[str, ...]
    options: Options
    verifier: str | None
    calls: Calls = "independent"
    settings: tuple[str, ...] = ()
    lengths: StoredLengths | None = None

    @property
    def is_policy(self) -> bool:
        """Whether it is one of a family of policies."""
        return self.strategy in FAMILIES

    @property
    def n_points(self) -> int:
        """W x G, or the number of a policy's settings."""
        return (
            len(self.settings) if self.is_policy else self.solutions.size * self.verifications.size
        )

    @cached_property
    def policies(self) -> list[Settings]:
        """A policy's settings by name, one for each point."""
        return [FAMILIES[self.strategy].parse(text) for text in self.settings]

    @property
    def reads(self) -> str | None:
        """The verifier whose verdicts decide the result; None when none do."""
        family = FAMILIES.get(self.strategy)
        unverified = self.strategy in BASELINES if family is None else not family.is_verified
        plain = unverified and self.options.population == "all"
        return None if plain else self.verifier

    def key(self) -> str:
        """Digest of all that decides the result besides the pool's content."""
        document = {
            "code": code_digest(),
            "strategy": self.strategy,
            "solutions": self.solutions.tolist(),
            "verifications": self.verifications.tolist(),
            "problems": self.problem_ids,
            "options": asdict(self.options),
            "calls": "independent" if self.strategy in BASELINES else self.calls,
        }
        if self.is_policy:
            document["settings"] = self.settings
            document["lengths"] = None if self.lengths is None else asdict(self.lengths)
        return _digest(json.dumps(document).encode())


@dataclass(frozen=True)
class BlockEstimate:
    """Success of a block, and the usage of a policy.

    Attributes:
        success: (P, points) success; nan where no problem supports the point.
        variance: (P, points) Monte-Carlo variance of it.
        usage: (P, len(USED), points) mean usage of a policy; None of any other strategy.
        largest: (P, len(USED), points) its largest usage.
        tokens: (P, 3) mean tokens of a solution, a verifier's prompt and a verification; nan where
            unknown.
    """

    success: F64
    variance: F64
    usage: F64 | None = None
    largest: F64 | None = None
    tokens: F64 | None = None

    @staticmethod
    def empty(block: Block) -> "BlockEstimate":
        """Room for a block's results."""
        problems = len(block.problem_ids)
        shape, used = (problems, block.n_points), (problems, len(USED), block.n_points)
        if not block.is_policy:
            return BlockEstimate(np.empty(shape), np.empty(shape))
        return BlockEstimate(
            np.empty(shape),
            np.empty(shape),
            np.empty(used),
            np.empty(used),
            np.empty((problems, 3)),
        )

    @property
    def arrays(self) -> tuple[F64, ...]:
        """All that there is, a problem's part under its place in the first dimension."""
        found = (self.success, self.variance, self.usage, self.largest, self.tokens)
        return tuple(array for array in found if array is not None)


class Store:
    """The stored tables of one pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._inputs: dict[tuple[str | None, bool], str] = {}

    def load(self, block: Block) -> BlockEstimate | None:
        """The stored estimate of a block; None when there is none, or it cannot be read."""
        folder, name = self._place(block)
        with storage_errors(folder):
            paths = list(folder.glob(f"{name}-*.parquet"))
        for path in paths:
            try:
                with storage_errors(path):
                    content = path.read_bytes()
            except OSError:
                continue
            if path.stem.endswith(f"-{_digest(content)}"):
                return _read(block, content)
        return None

    def save(self, block: Block, estimate: BlockEstimate) -> None:
        """Store a block's estimate and remove those of earlier contents of the pool.

        A pool that cannot be written to is left as it is: storing only saves time.
        """
        folder, name = self._place(block)
        buffer = io.BytesIO()
        _frame(block, estimate).write_parquet(buffer, compression="zstd")
        content = buffer.getvalue()
        path = folder / f"{name}-{_digest(content)}.parquet"
        try:
            with atomic_path(path) as temporary:
                temporary.write_bytes(content)
            with storage_errors(folder):
                self._remove_stale(block, path)
        except OSError:
            return

    def _remove_stale(self, block: Block, fresh: Path) -> None:
        """Remove tables of a strategy that another content of the pool, or a damaged file, left."""
        folder, name = self._place(block)
        for other in folder.glob(f"{block.strategy}-*.parquet"):
            of_this_content = self._inputs_of(block) == other.stem.split("-")[1]
            if not of_this_content or (other.name.startswith(name) and other != fresh):
                other.unlink(missing_ok=True)

    def _place(self, block: Block) -> tuple[Path, str]:
        """Folder of a block's table, and its name but for the digest of its bytes."""
        folder = self._pool.path / FOLDER
        if block.reads is not None:
            folder /= block.reads
        return folder, f"{block.strategy}-{self._inputs_of(block)}-{block.key()}"

    def _inputs_of(self, block: Block) -> str:
        key = (block.reads, needs_verifier_answers(block.strategy))
        if key not in self._inputs:
            parts = self._pool.parts("answers")
            if block.reads is not None:
                parts += self._pool.parts("verdicts", block.reads)
            if needs_verifier_answers(block.strategy):
                parts += self._pool.parts("verifier_answers", block.reads)
            self._inputs[key] = _digest("".join(_contents(parts)).encode())
        return self._inputs[key]


_MEANS: Final = tuple(f"mean_{name}" for name in USED)
_LARGEST: Final = tuple(f"largest_{name}" for name in USED)
_TOKENS: Final = ("tokens_of_solution", "tokens_of_prompt", "tokens_of_verification")


def _read(block: Block, content: bytes) -> BlockEstimate:
    """The estimate that a stored table holds."""
    shape = (len(block.problem_ids), block.n_points)
    if not block.is_policy:
        frame = pl.read_parquet(content, columns=["success", "variance"])
        return BlockEstimate(*(frame[c].to_numpy().reshape(shape) for c in frame.columns))
    frame = pl.read_parquet(content)
    success, variance = (frame[name].to_numpy().reshape(shape) for name in ("success", "variance"))
    usage, largest = (
        np.stack([frame[name].to_numpy().reshape(shape) for name in names], axis=1)
        for names in (_MEANS, _LARGEST)
    )
    tokens = np.stack([frame[name].to_numpy().reshape(shape)[:, 0] for name in _TOKENS], axis=1)
    return BlockEstimate(success, variance, usage, largest, tokens)


def _frame(block: Block, estimate: BlockEstimate) -> pl.DataFrame:
    """The tidy table, in the order in which `BlockEstimate` is laid out."""
    n_problems, G, W = len(block.problem_ids), block.solutions.size, block.verifications.size
    ids = pl.Series("problem_id", block.problem_ids, pl.Categorical())
    places = np.repeat(np.arange(n_problems, dtype=np.uint32), block.n_points)
    keys = {
        "problem_id": ids.gather(places),
        "strategy": pl.repeat(block.strategy, places.size, dtype=pl.Categorical(), eager=True),
    }
    if estimate.usage is not None and estimate.largest is not None and estimate.tokens is not None:
        used = zip(
            (*_MEANS, *_LARGEST),
            np.concatenate([estimate.usage, estimate.largest], 1).swapaxes(0, 1),
            strict=True,
        )
        return pl.DataFrame(
            {
                **keys,
                "setting": list(block.settings) * n_problems,
                "success": estimate.success.ravel(),
                "variance": estimate.variance.ravel(),
                **{name: values.ravel() for name, values in used},
                **{
                    name: np.repeat(values, block.n_points)
                    for name, values in zip(_TOKENS, estimate.tokens.T, strict=True)
                },
            }
        )
    return pl.DataFrame(
        {
            **keys,
            "solutions": np.tile(block.solutions.astype(np.int32), W * n_problems),
            "verifications": np.tile(
                np.repeat(block.verifications.astype(np.int32), G), n_problems
            ),
            "success": estimate.success.ravel(),
            "variance": estimate.variance.ravel(),
        }
    )


def _contents(parts: Sequence[Path]) -> list[str]:
    """What tells the parts' contents from others; of an object store, which has its own digests."""
    if parts and is_remote(parts[0]):
        return fingerprints(parts)
    return [_file_digest(part) for part in parts]


def _file_digest(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]

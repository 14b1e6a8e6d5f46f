"""Shards: work shared out over machines that have nothing but a folder in common."""

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from svlaw.data.errors import BadInputError

_TEXT: Final = re.compile(r"(\d+)/(\d+)")


@dataclass(frozen=True)
class Shard:
    """Part i of n of the problems.

    Attributes:
        index: i, from 1.
        count: n.
    """

    index: int = 1
    count: int = 1

    def holds(self, problem_id: str) -> bool:
        """Whether a problem belongs to this shard; it depends on its id alone."""
        if self.count == 1:
            return True
        digest = hashlib.blake2b(problem_id.encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.count == self.index - 1


def read_shard(text: str | None) -> Shard:
    """Read `i/n`; nothing is the whole.

    Raises:
        BadInputError: It is not of that form, or i is not within 1 to n.
    """
    if text is None:
        return Shard()
    match = _TEXT.fullmatch(text.strip())
    if match is None:
        raise BadInputError(f"--shard {text}: write i/n, such as 1/4")
    shard = Shard(int(match[1]), int(match[2]))
    if not shard.count:
        raise BadInputError(f"--shard {text}: n is at least 1")
    if not 1 <= shard.index <= shard.count:
        raise BadInputError(f"--shard {text}: use 1/{shard.count} to {shard.count}/{shard.count}")
    return shard

"""Seeds of samples: one for each, a function of what it is a sample of and of nothing else."""

import hashlib
from typing import Final

_NUMBER_BITS: Final = 20
MOST_SAMPLES: Final = 1 << _NUMBER_BITS
"""Samples of one prompt whose seeds stay apart from those of every other prompt."""


def first_seed(seed: int, *parent: str | int) -> int:
    """The seed of sample 0 of a prompt; sample i has this plus i.

    62 bits: 42 of a BLAKE2b digest of the run's seed and the prompt's key, then 20 for the number
    of the sample. Servers give the i-th text of a request the request's seed plus i, so samples
    have the same seeds however they are spread over requests, and two prompts never share any
    but by a collision of digests (1 in 4 x 10^12 for a pair).

    Args:
        seed: The run's seed.
        parent: Key of what is sampled: a problem, or a problem and a solution.
    """
    text = "\x1f".join([str(seed), *map(str, parent)])
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> (64 - 42) << _NUMBER_BITS

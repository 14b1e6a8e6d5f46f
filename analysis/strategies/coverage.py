"""Coverage (pass@S): the chance that at least one of S solutions is right."""

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

"""How the chance of a right solution varies over problems: families of distributions and fits.

Problem i has a chance p_i that a solution is right; of N_i solutions c_i are. Over problems p
follows a Beta or a Kumaraswamy distribution, or a mixture of it with problems that are never
solved. E[(1 - p)^k], the share of problems that k solutions miss, falls as a power of k where the
density near p = 0 is a power of p (Schaeffer et al. 2025, arXiv 2502.17578).

Everything is computed for B parameters or B weightings of the problems at once, since intervals
and backtests take thousands of small fits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import betaln, digamma, gammaln

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

Family = Literal["beta", "kumaraswamy"]

_EDGE: Final = 32.0
"""Rates nearer to 0 or 1 than exp(-32), 1e-14, count as 0 or 1: no sample can tell."""
_PER_PANEL: Final = 12
_LEAST_MASS: Final = 1e-300


@dataclass(frozen=True)
class Model:
    """A family of distributions of p.

    Attributes:
        family: Beta, density p^(a-1) (1-p)^(b-1) / B(a, b); or Kumaraswamy, with distribution
            function 1 - (1 - p^a)^b.
        zero_inflated: Whether a share of the problems has p = 0.
    """

    family: Family
    zero_inflated: bool

    @property
    def name(self) -> str:
        """`beta`, `kumaraswamy`, `zero_inflated_beta` or `zero_inflated_kumaraswamy`."""
        return f"zero_inflated_{self.family}" if self.zero_inflated else self.family

    @property
    def n_parameters(self) -> int:
        """K."""
        return 2 + self.zero_inflated

    @property
    def low(self) -> F64:
        """(K,) smallest parameters: log a, log b and, where inflated, the share of zeros."""
        return np.array([-7.0, -7.0, 0.0])[: self.n_parameters]

    @property
    def high(self) -> F64:
        """(K,) largest parameters; a denser Kumaraswamy would fall between the nodes."""
        most = 9.0 if self.family == "beta" else 3.5
        return np.array([most, 9.0, 0.999])[: self.n_parameters]

    @property
    def starts(self) -> F64:
        """(n, K) where fits start."""
        logs = [(np.log(a), np.log(b)) for a in (0.1, 0.4, 1.5) for b in (0.3, 1.0, 4.0)]
        shares = [(0.05,), (0.5,)] if self.zero_inflated else [()]
        return np.array([(*pair, *share) for pair in logs for share in shares])

    def log_likelihoods(self, theta: F64, pairs: "Pairs") -> tuple[F64, F64]:
        """Log-likelihood of each count, and its gradient.

        Args:
            theta: (B, K) parameters.
            pairs: U pairs of N and c.

        Returns:
            (B, U) log P(c of N), binomial coefficient included, and (B, U, K) derivatives.
        """
        value, gradient = _LIKELIHOODS[self.family](theta, pairs)
        if not self.zero_inflated:
            return value, gradient
        zero, varied = theta[:, 2:], np.exp(value)
        mass = np.maximum(zero * pairs.none + (1 - zero) * varied, _LEAST_MASS)
        gradient = gradient * ((1 - zero) * varied / mass)[..., None]
        by_zero = (pairs.none - varied) / mass
        return np.log(mass), np.concatenate([gradient, by_zero[..., None]], axis=-1)

    def misses(self, theta: F64, solutions: npt.ArrayLike) -> F64:
        """E[(1 - p)^k], the share of problems that k solutions miss.

        Args:
            theta: (B, K) parameters.
            solutions: (J,) values of k, at least 1.

        Returns:
            (B, J): in closed form, B(a, b + k) / B(a, b), for Beta; by quadrature for Kumaraswamy.
        """
        k = np.atleast_1d(np.asarray(solutions, float))
        varied = _MISSES[self.family](theta, k)
        if not self.zero_inflated:
            return varied
        zero = theta[:, 2:]
        result: F64 = zero + (1 - zero) * varied
        return result


MODELS: Final = (
    Model("beta", False),
    Model("kumaraswamy", False),
    Model("beta", True),
    Model("kumaraswamy", True),
)


class Pairs:
    """The distinct (N, c) of a set of problems.

    Args:
        n_solutions: (P,) N, at least 1.
        n_correct: (P,) c.

    Attributes:
        n_solutions: (U,) N.
        n_correct: (U,) c.
        of_problem: (P,) the pair of each problem.
        none: (U,) whether no solution is right.
        every: (U,) whether all are.
    """

    def __init__(self, n_solutions: npt.ArrayLike, n_correct: npt.ArrayLike) -> None:
        N, c = np.asarray(n_solutions, np.int64), np.asarray(n_correct, np.int64)
        if not N.size or (N < 1).any() or (c < 0).any() or (c > N).any():
            raise ValueError("every problem needs N >= 1 solutions of which 0 to N are right")
        distinct, inverse = np.unique(np.column_stack([N, c]), axis=0, return_inverse=True)
        self.of_problem: I64 = inverse.ravel()
        self.n_solutions: F64 = distinct[:, 0].astype(float)
        self.n_correct: F64 = distinct[:, 1].astype(float)
        self.none: Mask = self.n_correct == 0
        self.every: Mask = self.n_correct == self.n_solutions

    def weigh(self, weights: F64) -> F64:
        """(B, U) number of problems of each pair, from (B, P) shares of the problems."""
        P = self.of_problem.size
        to_pair = np.zeros((P, self.none.size))
        to_pair[np.arange(P), self.of_problem] = P
        result: F64 = weights @ to_pair
        return result

    @cached_property
    def log_choose(self) -> F64:
        """(U,) log of C(N, c)."""
        N, c = self.n_solutions, self.n_correct
        result: F64 = gammaln(N + 1) - gammaln(c + 1) - gammaln(N - c + 1)
        return result

    @cached_property
    def nodes(self) -> "_Nodes":
        """Nodes that resolve the likelihood of every pair."""
        return _Nodes(float(self.n_solutions.max()))

    @cached_property
    def kernel(self) -> F64:
        """(U, G) chance of c right of N at each node's rate."""
        N, c, nodes = self.n_solutions[:, None], self.n_correct[:, None], self.nodes
        result: F64 = np.exp(self.log_choose[:, None] + c * nodes.log_p + (N - c) * nodes.log_q)
        return result


class _Nodes:
    """Gauss-Legendre panels in x = logit p, narrow where binomial likelihoods are.

    The likelihood of N solutions has a standard deviation of 2 cosh(x / 2) / sqrt(N) in x, and a
    panel is six of them wide, at most 1.5 up to |x| = 10 and 3 beyond. Rates beyond the ends count
    as 0 and 1, with the exact mass they have.
    """

    def __init__(self, most_solutions: float) -> None:
        ends = [0.0]
        while ends[-1] < _EDGE:
            x = ends[-1]
            width = min(12 * np.cosh(x / 2) / np.sqrt(most_solutions), 1.5 if x < 10 else 3.0)
            ends.append(min(x + width, _EDGE))
        edges = np.concatenate([-np.array(ends[:0:-1]), ends])
        places, shares = np.polynomial.legendre.leggauss(_PER_PANEL)
        half, middle = np.diff(edges) / 2, (edges[1:] + edges[:-1]) / 2
        x = (middle[:, None] + half[:, None] * places).ravel()
        self.log_p, self.log_q = -np.logaddexp(0, -x), -np.logaddexp(0, x)
        self.log_weight: F64 = np.log((half[:, None] * shares).ravel())
        self.log_first = -np.logaddexp(0, _EDGE)
        self.log_last = -np.logaddexp(0, -_EDGE)


_COARSE: Final = _Nodes(1.0)
"""Nodes for E[(1 - p)^k], which varies over a unit of x or more, whatever k."""


def _beta(theta: F64, pairs: Pairs) -> tuple[F64, F64]:
    """Beta-binomial: log P(c of N) and its derivatives by log a and log b."""
    N, c = pairs.n_solutions, pairs.n_correct
    a, b = np.exp(theta[:, :1]), np.exp(theta[:, 1:2])
    value = pairs.log_choose + betaln(c + a, N - c + b) - betaln(a, b)
    both = digamma(a + b) - digamma(N + a + b)
    by_a = a * (digamma(c + a) - digamma(a) + both)
    by_b = b * (digamma(N - c + b) - digamma(b) + both)
    return value, np.stack([by_a, by_b], axis=-1)


def _beta_misses(theta: F64, k: F64) -> F64:
    a, b = np.exp(theta[:, :1]), np.exp(theta[:, 1:2])
    result: F64 = np.exp(betaln(a, b + k) - betaln(a, b))
    return result


@dataclass(frozen=True)
class _Density:
    """Kumaraswamy over nodes: what each parameter set puts at each node and at both ends.

    Attributes:
        mass: (B, G) density times weight.
        zero: (B, 1) mass below the first edge, taken to be at p = 0.
        one: (B, 1) mass above the last, taken to be at p = 1.
        log_pa: (B, G) a log p, and (B, 1) at either edge.
        log_rest: (B, G) log(1 - p^a), and (B, 1) at either edge.
    """

    mass: F64
    zero: F64
    one: F64
    log_pa: tuple[F64, F64, F64]
    log_rest: tuple[F64, F64, F64]


def _density(theta: F64, nodes: _Nodes) -> _Density:
    a, b = np.exp(theta[:, :1]), np.exp(theta[:, 1:2])
    at = (nodes.log_p, np.array([nodes.log_first]), np.array([nodes.log_last]))
    inner, first, last = (a * log_p for log_p in at)
    below = np.expm1(inner)  # p^a - 1
    rest, rest_first, rest_last = (
        np.log(-each) for each in (below, np.expm1(first), np.expm1(last))
    )
    # In x the density is a b p^a (1 - p^a)^(b - 1) (1 - p).
    log_density = theta[:, :1] + theta[:, 1:2] + inner + (b - 1) * rest + nodes.log_q
    return _Density(
        np.exp(log_density + nodes.log_weight),
        -np.expm1(b * rest_first),
        np.exp(b * rest_last),
        (inner, first, last),
        (rest, rest_first, rest_last),
    )


def _kumaraswamy(theta: F64, pairs: Pairs) -> tuple[F64, F64]:
    """Kumaraswamy-binomial: log P(c of N) and its derivatives by log a and log b."""
    b = np.exp(theta[:, 1:2])
    density = _density(theta, pairs.nodes)
    (inner, first, last), (rest, rest_first, rest_last) = density.log_pa, density.log_rest

    def expect(inside: F64, zero: F64, one: F64) -> F64:
        result: F64 = inside @ pairs.kernel.T + zero * pairs.none + one * pairs.every
        return result

    mass = np.maximum(expect(density.mass, density.zero, density.one), _LEAST_MASS)
    by_a = expect(
        density.mass * (1 + inner * (1 - (b - 1) * np.exp(inner - rest))),
        (1 - density.zero) * b * first * np.exp(first - rest_first),
        -density.one * b * last * np.exp(last - rest_last),
    )
    by_b = expect(
        density.mass * (1 + b * rest),
        -(1 - density.zero) * b * rest_first,
        density.one * b * rest_last,
    )
    return np.log(mass), np.stack([by_a / mass, by_b / mass], axis=-1)


def _kumaraswamy_misses(theta: F64, k: F64) -> F64:
    density = _density(theta, _COARSE)
    result: F64 = density.mass @ np.exp(k * _COARSE.log_q[:, None]) + density.zero
    return result


_LIKELIHOODS: Final[dict[str, Callable[[F64, Pairs], tuple[F64, F64]]]] = {
    "beta": _beta,
    "kumaraswamy": _kumaraswamy,
}
_MISSES: Final[dict[str, Callable[[F64, F64], F64]]] = {
    "beta": _beta_misses,
    "kumaraswamy": _kumaraswamy_misses,
}

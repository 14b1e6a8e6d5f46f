"""Parametric success surfaces f(S, V): formulas, parameters and derivatives.

All are written on the logit scale, logit f(S, V) = start + gain(S, V) with gain(1, V) = 0 exactly,
so that S = 1 does not depend on V and success stays within 0 and 1 wherever it is extrapolated to.
With x = ln S and v = ln V the forms share three laws:

    growth(z; k) = (1 - exp(-k z)) / k      linear in z at first, level 1 / k at last
    share(V; h) = V / (V + h)               reliability of the mean of V verdicts (Spearman-Brown)
    soft(z; H) = (z^-3 + H^-3)^(-1/3)       z up to a ceiling H, with a smooth bend
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
Gain = Callable[[F64, F64, F64], F64]
Slopes = Callable[[F64, F64, F64], tuple[F64, ...]]

_BEND: Final = 3
"""Sharpness of the bend at a ceiling; of 2, 3, 4 and 6 the one that fits exact surfaces best."""
_LOG_LIMIT: Final = 12.0
"""Logs of positive parameters are held within this: beyond, nothing changes any more."""


@dataclass(frozen=True)
class Form:
    """One form of success surface.

    Attributes:
        name: Its name.
        formula: gain(S, V) in words of the module's laws.
        parameters: Names of the K parameters; those that must be positive are held as logs.
        starts: (starts, K - 1) where fits start, all but the first parameter.
        gain: (theta, x, v) to the logit gained over S = 1; `theta` (K - 1, ...) without the first
            parameter, all three broadcast.
        slopes: Derivatives of `gain` by each of these parameters.
    """

    name: str
    formula: str
    parameters: tuple[str, ...]
    starts: tuple[tuple[float, ...], ...]
    gain: Gain
    slopes: Slopes

    @property
    def n_parameters(self) -> int:
        """K, the number of parameters."""
        return len(self.parameters)

    def success(self, theta: F64, solutions: F64, verifications: F64) -> F64:
        """f(S, V) for real S and V of at least 1.

        Args:
            theta: (K, ...) parameters, broadcast against S and V.
            solutions: S.
            verifications: V.
        """
        gain = self.gain(theta[1:], np.log(solutions), np.log(verifications))
        return expit(theta[0] + gain)

    def jacobian(self, theta: F64, solutions: F64, verifications: F64) -> F64:
        """(n, K) derivatives of `success` by the parameters, at n points."""
        x, v = np.log(solutions), np.log(verifications)
        success = expit(theta[0] + self.gain(theta[1:], x, v))
        result = np.empty((x.size, theta.size))
        result[:, 0] = 1.0
        for column, slope in enumerate(self.slopes(theta[1:], x, v), start=1):
            result[:, column] = slope
        result *= (success * (1 - success))[:, None]
        return result


def expit(z: F64) -> F64:
    """1 / (1 + exp(-z)), without overflow."""
    result: F64 = 0.5 * (1 + np.tanh(0.5 * z))
    return result


def logit(p: F64) -> F64:
    """The inverse of `expit`."""
    result: F64 = np.log(p) - np.log1p(-p)
    return result


def _positive(log: F64) -> F64:
    result: F64 = np.exp(np.minimum(np.maximum(log, -_LOG_LIMIT), _LOG_LIMIT))
    return result


def _growth(z: F64, k: F64) -> F64:
    result: F64 = -np.expm1(-k * z) / k
    return result


def _growth_slopes(z: F64, k: F64) -> tuple[F64, F64, F64]:
    """The growth law and its derivatives by z and by ln k."""
    value, decay = _growth(z, k), np.exp(-k * z)
    return value, decay, z * decay - value


def _share(v: F64, log_h: F64) -> F64:
    return expit(v - log_h)


def _soft(z: F64, ceiling: F64) -> F64:
    result: F64 = z * (1 + (z / ceiling) ** _BEND) ** (-1 / _BEND)
    return result


# The forms follow: the gain, then its derivatives in the order of the parameters.


def _product(t: F64, x: F64, v: F64) -> F64:
    level, more, log_b, log_k = t
    result: F64 = (level + more * _growth(v, _positive(log_b))) * _growth(x, _positive(log_k))
    return result


def _product_slopes(t: F64, x: F64, v: F64) -> tuple[F64, ...]:
    level, more, log_b, log_k = t
    deep, _, by_b = _growth_slopes(v, _positive(log_b))
    wide, _, by_k = _growth_slopes(x, _positive(log_k))
    return wide, deep * wide, more * by_b * wide, (level + more * deep) * by_k


def _rate(t: F64, x: F64, v: F64) -> F64:
    level, more, log_b, log_k, power = t
    reach = level + more * _growth(v, _positive(log_b))
    result: F64 = -reach * np.expm1(-_positive(log_k - power * v) * x)
    return result


def _rate_slopes(t: F64, x: F64, v: F64) -> tuple[F64, ...]:
    level, more, log_b, log_k, power = t
    deep, _, by_b = _growth_slopes(v, _positive(log_b))
    z = _positive(log_k - power * v) * x
    wide = -np.expm1(-z)
    by_k = (level + more * deep) * z * np.exp(-z)
    return wide, deep * wide, more * by_b * wide, by_k, -v * by_k


def _slope(t: F64, x: F64, v: F64) -> F64:
    log_level, more, log_b, log_s, log_h = t
    reach = _positive(log_level + more * _growth(v, _positive(log_b)))
    first = _positive(log_s) * _share(v, log_h)
    result: F64 = -reach * np.expm1(-first * x / reach)
    return result


def _slope_slopes(t: F64, x: F64, v: F64) -> tuple[F64, ...]:
    log_level, more, log_b, log_s, log_h = t
    deep, _, by_b = _growth_slopes(v, _positive(log_b))
    reach = _positive(log_level + more * deep)
    share = _share(v, log_h)
    first = _positive(log_s) * share
    z = first * x / reach
    decay = np.exp(-z)
    by_reach = reach * (-np.expm1(-z) - z * decay)
    by_first = first * x * decay
    return (
        by_reach,
        by_reach * deep,
        by_reach * more * by_b,
        by_first,
        -by_first * (1 - share),
    )


def _distance(x: F64) -> F64:
    """Square root of the divergence of the best of S from one draw, ln S - 1 + 1 / S."""
    result: F64 = np.sqrt(np.maximum(x + np.expm1(-x), 0))
    return result


def _overoptimisation(t: F64, x: F64, v: F64) -> F64:
    rise, more_rise, log_b, fall, more_fall, log_c = t
    d = _distance(x)
    alpha = rise + more_rise * _growth(v, _positive(log_b))
    beta = fall + more_fall * _growth(v, _positive(log_c))
    result: F64 = d * (alpha - beta * d)
    return result


def _overoptimisation_slopes(t: F64, x: F64, v: F64) -> tuple[F64, ...]:
    _, more_rise, log_b, _, more_fall, log_c = t
    d = _distance(x)
    rising, _, by_b = _growth_slopes(v, _positive(log_b))
    falling, _, by_c = _growth_slopes(v, _positive(log_c))
    square = d * d
    return (
        d,
        d * rising,
        d * more_rise * by_b,
        -square,
        -square * falling,
        -square * more_fall * by_c,
    )


def _ceiling(t: F64, x: F64, v: F64) -> F64:
    slope, log_k, log_h, log_ceiling, power = t
    reach = _soft(_share(v, log_h) * x, _positive(log_ceiling + power * v))
    result: F64 = slope * _growth(reach, _positive(log_k))
    return result


def _reach_slopes(t: F64, x: F64, v: F64) -> tuple[F64, tuple[F64, F64, F64]]:
    """Effective ln S under a ceiling, and its derivatives by ln h, ln ceiling and power."""
    log_h, log_ceiling, power = t
    share = _share(v, log_h)
    z, ceiling = share * x, _positive(log_ceiling + power * v)
    bend = 1 + (z / ceiling) ** _BEND
    reach = z * bend ** (-1 / _BEND)
    by_ceiling = reach * (1 - 1 / bend)
    return reach, (-(1 - share) * reach / bend, by_ceiling, by_ceiling * v)


def _ceiling_slopes(t: F64, x: F64, v: F64) -> tuple[F64, ...]:
    slope, log_k = t[:2]
    reach, by = _reach_slopes(t[2:], x, v)
    wide, by_reach, by_k = _growth_slopes(reach, _positive(log_k))
    return wide, slope * by_k, *(slope * by_reach * each for each in by)


def _turning(t: F64, x: F64, v: F64) -> F64:
    result: F64 = _ceiling(t[:-1], x, v) + t[-1] * _lost(x, v)
    return result


def _turning_slopes(t: F64, x: F64, v: F64) -> tuple[F64, ...]:
    return *_ceiling_slopes(t[:-1], x, v), _lost(x, v)


def _lost(x: F64, v: F64) -> F64:
    result: F64 = np.expm1(-v / 2) * x
    return result


FORMS: Final[tuple[Form, ...]] = (
    Form(
        "product",
        "(level + more growth(v; b)) growth(x; k)",
        ("start", "level", "more", "log_b", "log_k"),
        (
            (0.3, 0.1, 0.0, -1.0),
            (0.2, 0.02, -1.0, 0.0),
            (0.1, 0.1, 0.5, -3.0),
            (0.5, 0.0, -1.0, 0.5),
        ),
        _product,
        _product_slopes,
    ),
    Form(
        "rate",
        "(level + more growth(v; b)) (1 - S^-(k V^-power))",
        ("start", "level", "more", "log_b", "log_k", "power"),
        (
            (0.8, 0.5, 0.0, -1.0, 0.2),
            (0.5, 0.1, -1.0, 0.0, 0.2),
            (1.0, 0.2, 0.5, -2.0, 0.0),
            (0.4, 0.3, -1.0, 0.0, 0.5),
        ),
        _rate,
        _rate_slopes,
    ),
    Form(
        "slope",
        "E (1 - exp(-s share(V; h) x / E)), E = level exp(more growth(v; b))",
        ("start", "log_level", "more", "log_b", "log_s", "log_h"),
        (
            (-0.7, 0.5, 0.0, -1.0, 0.0),
            (0.5, 0.1, -1.0, -1.0, -1.0),
            (0.0, 0.5, -1.0, -2.0, 1.0),
            (-1.0, 0.2, -1.0, -1.5, -1.0),
        ),
        _slope,
        _slope_slopes,
    ),
    Form(
        "overoptimisation",
        "d (alpha - beta d), d = (ln S - 1 + 1 / S)^(1/2), alpha = rise + more_rise growth(v; b),"
        " beta = fall + more_fall growth(v; c)",
        ("start", "rise", "more_rise", "log_b", "fall", "more_fall", "log_c"),
        (
            (0.3, 0.1, 0.0, 0.0, 0.0, 0.0),
            (0.4, 0.02, -1.0, 0.1, 0.01, -1.0),
            (0.2, 0.1, 0.5, 0.1, 0.0, -0.5),
            (0.5, 0.2, -0.5, 0.1, -0.02, 0.5),
        ),
        _overoptimisation,
        _overoptimisation_slopes,
    ),
    Form(
        "ceiling",
        "slope growth(z; k), z = soft(share(V; h) x; ceiling V^power)",
        ("start", "slope", "log_k", "log_h", "log_ceiling", "power"),
        (
            (0.5, -1.0, 0.0, 0.0, 0.3),
            (0.5, -2.0, 1.0, 0.0, 0.6),
            (0.5, 0.0, -1.0, 1.0, 0.9),
            (0.3, -2.0, -1.0, 0.7, 0.2),
        ),
        _ceiling,
        _ceiling_slopes,
    ),
    Form(
        "turning",
        "slope growth(z; k) - fall (1 - V^(-1/2)) x, z as in ceiling",
        ("start", "slope", "log_k", "log_h", "log_ceiling", "power", "fall"),
        (
            (0.5, -1.0, 0.0, 0.0, 0.3, 0.0),
            (0.5, -2.0, 1.0, 0.0, 0.6, 0.1),
            (0.5, 0.0, -1.0, 1.0, 0.9, 0.1),
            (0.3, -2.0, -1.0, 0.7, 0.2, 0.2),
        ),
        _turning,
        _turning_slopes,
    ),
)
"""All forms, the simplest first."""

"""Power laws y = k x^a by least squares in log space."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PowerLaw:
    """A fitted power law y = coefficient * x^exponent.

    Attributes:
        exponent: a.
        coefficient: k.
        r_squared: Share of the variance of log y explained; 1 where log y does not vary.
        residual: Root mean square of log y less its fit.
    """

    exponent: float
    coefficient: float
    r_squared: float
    residual: float


def fit_power_law(x: F64, y: F64) -> PowerLaw:
    """Fit log y = log k + a log x by ordinary least squares (statsmodels).

    Args:
        x: (n,) positive values, at least two distinct.
        y: (n,) positive values.

    Raises:
        ValueError: A value is not positive, or x does not vary.
    """
    # Imported here because statsmodels takes over a second, which no other command should wait for.
    from statsmodels.regression.linear_model import OLS  # noqa: PLC0415

    if not (np.all(x > 0) and np.all(y > 0)):
        raise ValueError("a power law needs positive values")
    if np.unique(x).size < 2:
        raise ValueError("a power law needs at least two distinct values of x")
    log_y = np.log(y)
    design = np.column_stack([np.ones_like(x), np.log(x)])
    result = OLS(log_y, design).fit()
    varies = bool(np.ptp(log_y) > 1e-12)
    return PowerLaw(
        exponent=float(result.params[1]) if varies else 0.0,
        coefficient=float(np.exp(result.params[0])),
        r_squared=float(result.rsquared) if varies else 1.0,
        residual=float(np.sqrt(np.mean(result.resid**2))) if varies else 0.0,
    )


def resampled_power_laws(x: F64, y: F64, used: npt.NDArray[np.bool_]) -> tuple[F64, F64]:
    """Exponents and coefficients of many power laws over the same x, each on its own points.

    Args:
        x: (n,) positive values.
        y: (n, B) positive values where used.
        used: (n, B) which points count in each fit.

    Returns:
        (B,) exponents and (B,) coefficients; nan with fewer than two points.
    """
    log_x = np.log(x)[:, None]
    log_y = np.log(np.where(used, y, 1.0))
    n = used.sum(axis=0)
    safe = np.maximum(n, 1)
    middle = (log_x * used).sum(axis=0) / safe
    centred = (log_x - middle) * used
    spread = (centred**2).sum(axis=0)
    exponents = (centred * log_y).sum(axis=0) / np.where(spread > 0, spread, 1.0)
    coefficients = np.exp((log_y * used).sum(axis=0) / safe - exponents * middle)
    known = (n >= 2) & (spread > 0)
    return np.where(known, exponents, np.nan), np.where(known, coefficients, np.nan)

"""Power-law fits against numpy.polyfit."""

import numpy as np
import pytest

from svlaw.fit.power_law import fit_power_law, resampled_power_laws


def test_recovers_an_exact_law() -> None:
    x = np.geomspace(1, 1e5, 40)
    law = fit_power_law(x, 0.7 * x**0.57)
    assert law.exponent == pytest.approx(0.57, abs=1e-12)
    assert law.coefficient == pytest.approx(0.7, rel=1e-12)
    assert law.r_squared == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_equals_polyfit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = np.exp(rng.normal(3, 2, 30))
    y = 2 * x ** rng.normal() * np.exp(rng.normal(0, 0.5, 30))
    law = fit_power_law(x, y)
    slope, intercept = np.polyfit(np.log(x), np.log(y), 1)
    assert law.exponent == pytest.approx(slope, abs=1e-10)
    assert law.coefficient == pytest.approx(np.exp(intercept), rel=1e-10)
    assert law.r_squared == pytest.approx(np.corrcoef(np.log(x), np.log(y))[0, 1] ** 2, abs=1e-10)


def test_a_constant_is_a_law_of_exponent_zero() -> None:
    law = fit_power_law(np.array([1.0, 2, 4]), np.array([3.0, 3, 3]))
    assert (law.exponent, law.r_squared) == (0.0, 1.0)
    assert law.coefficient == pytest.approx(3)


def test_two_points_are_enough() -> None:
    law = fit_power_law(np.array([1.0, 4]), np.array([3.0, 6]))
    assert law.exponent == pytest.approx(0.5)
    assert law.coefficient == pytest.approx(3)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([1, 2, 0], [1, 2, 3], "positive"),
        ([1, 2, 3], [1, -2, 3], "positive"),
        ([1, 2, np.nan], [1, 2, 3], "positive"),
        ([2, 2, 2], [1, 2, 3], "two distinct"),
        ([2], [1], "two distinct"),
    ],
)
def test_what_cannot_be_fitted(x, y, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit_power_law(np.array(x, float), np.array(y, float))


def test_resampled_power_laws_equal_a_loop_of_polyfit() -> None:
    rng = np.random.default_rng(0)
    x = np.geomspace(3, 1e4, 25)
    y = np.exp(rng.normal(0, 1, (25, 60))) * x[:, None] ** 0.5
    used = rng.random((25, 60)) < 0.4
    used[:, 0] = True
    used[:, 1] = False
    used[:, 2] = np.arange(25) < 1
    used[:, 3] = np.arange(25) < 2
    y[~used] = np.nan  # what is not used must not matter
    found, scales = resampled_power_laws(x, y, used)
    assert found.shape == scales.shape == (60,)
    assert (np.isnan(found) == np.isnan(scales)).all()
    assert np.isnan(found[[1, 2]]).all()
    for b in range(60):
        chosen = used[:, b]
        if chosen.sum() >= 2:
            slope, level = np.polyfit(np.log(x[chosen]), np.log(y[chosen, b]), 1)
            assert found[b] == pytest.approx(slope, abs=1e-9)
            assert np.log(scales[b]) == pytest.approx(level, abs=1e-8)
    assert np.isfinite(found[3:]).all()


def test_resampled_power_laws_of_one_budget_repeated() -> None:
    same = resampled_power_laws(np.full(4, 2.0), np.ones((4, 3)), np.ones((4, 3), np.bool_))
    assert np.isnan(same).all()

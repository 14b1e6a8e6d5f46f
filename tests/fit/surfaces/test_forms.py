"""The forms of success surface against their formulas, written out one number at a time."""

from math import exp, log, sqrt

import numpy as np
import pytest

from svlaw.fit.surfaces.forms import FORMS, Form, expit, logit

NAMES = [form.name for form in FORMS]
S = np.array([1.0, 1.0, 1.5, 2, 4, 10, 60, 256, 5000])
V = np.array([1.0, 7, 1.0, 3.3, 16, 1, 90, 32, 400])


def random_theta(form: Form, rng: np.random.Generator, spread: float = 0.3) -> np.ndarray:
    start = form.starts[rng.integers(len(form.starts))]
    return np.array([-0.5, *start]) + rng.normal(0, spread, form.n_parameters)


def growth(z: float, k: float) -> float:
    return (1 - exp(-k * z)) / k


def reach(p: dict[str, float], s: float, v: float) -> float:
    z = v / (v + exp(p["log_h"])) * log(s)
    ceiling = exp(p["log_ceiling"]) * v ** p["power"]
    return 0.0 if z == 0 else (z**-3 + ceiling**-3) ** (-1 / 3)


def gain(name: str, p: dict[str, float], s: float, v: float) -> float:
    """The gain of a form from its formula."""
    if name == "product":
        level = p["level"] + p["more"] * growth(log(v), exp(p["log_b"]))
        return level * growth(log(s), exp(p["log_k"]))
    if name == "rate":
        level = p["level"] + p["more"] * growth(log(v), exp(p["log_b"]))
        return level * (1 - s ** -(exp(p["log_k"]) * v ** -p["power"]))
    if name == "slope":
        level = exp(p["log_level"] + p["more"] * growth(log(v), exp(p["log_b"])))
        share = v / (v + exp(p["log_h"]))
        return level * (1 - exp(-exp(p["log_s"]) * share * log(s) / level))
    if name == "overoptimisation":
        d = sqrt(log(s) - 1 + 1 / s)
        rise = p["rise"] + p["more_rise"] * growth(log(v), exp(p["log_b"]))
        fall = p["fall"] + p["more_fall"] * growth(log(v), exp(p["log_c"]))
        return d * (rise - fall * d)
    risen = p["slope"] * growth(reach(p, s, v), exp(p["log_k"]))
    if name == "ceiling":
        return risen
    assert name == "turning"
    return risen - p["fall"] * (1 - v**-0.5) * log(s)


def test_forms_are_told_apart() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert [form.n_parameters for form in FORMS] == [5, 6, 6, 7, 6, 7]
    for form in FORMS:
        assert form.parameters[0] == "start"
        assert {len(start) for start in form.starts} == {form.n_parameters - 1}


@pytest.mark.parametrize("form", FORMS, ids=NAMES)
def test_follows_its_formula(form: Form) -> None:
    rng = np.random.default_rng(0)
    for _ in range(5):
        theta = random_theta(form, rng)
        named = dict(zip(form.parameters, theta, strict=True))
        for s, v, y in zip(S, V, form.success(theta, S, V), strict=True):
            odds = named["start"] + gain(form.name, named, s, v)
            assert y == pytest.approx(1 / (1 + exp(-odds)), abs=1e-12)


@pytest.mark.parametrize("form", FORMS, ids=NAMES)
def test_one_solution_does_not_depend_on_verifications(form: Form) -> None:
    rng = np.random.default_rng(1)
    depths = np.array([1.0, 1.7, 2, 8, 33, 1e3, 1e9])
    for _ in range(20):
        theta = random_theta(form, rng, 2.0)
        assert set(form.success(theta, np.ones(7), depths)) == {float(expit(theta[0]))}


@pytest.mark.parametrize("form", FORMS, ids=NAMES)
def test_jacobian_equals_finite_differences(form: Form) -> None:
    rng = np.random.default_rng(2)
    step = 1e-6
    for _ in range(10):
        theta = random_theta(form, rng)
        differences = np.column_stack(
            [
                (form.success(theta + h, S, V) - form.success(theta - h, S, V)) / (2 * step)
                for h in step * np.eye(theta.size)
            ]
        )
        np.testing.assert_allclose(form.jacobian(theta, S, V), differences, atol=1e-8)


@pytest.mark.parametrize("form", FORMS, ids=NAMES)
def test_stays_a_success_far_outside_the_data(form: Form) -> None:
    rng = np.random.default_rng(3)
    wide = np.geomspace(1, 1e12, 25)
    far, deep = (axis.ravel() for axis in np.meshgrid(wide, wide))
    for _ in range(30):
        theta = random_theta(form, rng, 5.0)
        success = form.success(theta, far, deep)
        assert np.isfinite(success).all()
        assert (success >= 0).all()
        assert (success <= 1).all()
        assert np.isfinite(form.jacobian(theta, far, deep)).all()


@pytest.mark.parametrize("form", FORMS, ids=NAMES)
def test_many_parameters_at_once(form: Form) -> None:
    rng = np.random.default_rng(4)
    thetas = np.column_stack([random_theta(form, rng) for _ in range(6)])
    together = form.success(thetas, S[:, None], V[:, None])
    assert together.shape == (S.size, 6)
    for b in range(6):
        np.testing.assert_allclose(together[:, b], form.success(thetas[:, b], S, V), rtol=1e-14)


def test_rising_and_falling() -> None:
    """Best-of-N that is over-optimised rises, turns and falls, at large V before small V."""
    turning = FORMS[NAMES.index("turning")]
    theta = np.array([-1.0, 0.7, 0.0, 0.5, 0.5, 0.3, 0.12])
    steps = np.geomspace(1, 1e4, 200)
    tops = [steps[turning.success(theta, steps, np.full(200, v)).argmax()] for v in (1.0, 4, 64)]
    assert tops[0] == steps[-1]
    assert 1 < tops[2] < tops[1] < 1000


def test_logits() -> None:
    p = np.array([1e-9, 0.2, 0.5, 0.999])
    np.testing.assert_allclose(expit(logit(p)), p, rtol=1e-6)
    np.testing.assert_array_equal(expit(np.array([-1e4, 0.0, 1e4])), [0, 0.5, 1])

"""Allocation laws: recovery of known exponents, statuses, and intervals."""

import json

import numpy as np
import polars as pl
import pytest

from svlaw.analysis.cost import RelativeCost
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.fit.laws import STATUS_WORDS, AllocationFit, AllocationLaw, fit_allocation

COST = RelativeCost(1000.0)  # so dear that C = 1000 S V but for a thousandth
NOISE = 0.03  # of a problem's success at a point


def surface(
    alpha: float, beta: float, S: np.ndarray, V: np.ndarray, wrong: float = 0.3
) -> dict[tuple[str, int, int], float]:
    """Success 1 - A S^-alpha - B V^-beta with alpha A = beta B, so that S^alpha = V^beta is best.

    With C ~ S V this makes S_opt ~ C^(beta / (alpha + beta)), V_opt ~ C^(alpha / (alpha + beta)).
    """
    return {
        ("best_of_n", int(s), int(v)): 1 - wrong * (s**-alpha / alpha + v**-beta / beta) * alpha
        for v in V
        for s in S
    }


def whole(low: float, high: float, count: int) -> np.ndarray:
    """Whole numbers, about evenly spaced in logs."""
    return np.unique(np.geomspace(low, high, count).round()).astype(int)


def laws(found: AllocationFit) -> tuple[AllocationLaw, AllocationLaw]:
    of_s, of_v = found.laws
    assert (of_s.quantity, of_v.quantity) == ("solutions", "verifications")
    return of_s, of_v


@pytest.mark.parametrize(
    ("alpha", "beta", "most_s"), [(0.5, 0.5, 100), (0.4, 0.8, 10_000), (0.6, 0.4, 30)]
)
def test_recovers_a_known_law(alpha: float, beta: float, most_s: int, tables) -> None:
    table = tables.of(surface(alpha, beta, whole(1, most_s, 60), whole(1, 100, 40)))
    found = fit_allocation(table, COST, interior=True, method="envelope")
    of_s, of_v = laws(found)
    a, b = beta / (alpha + beta), alpha / (alpha + beta)
    assert of_s.exponent == pytest.approx(a, abs=0.02)
    assert of_v.exponent == pytest.approx(b, abs=0.02)
    assert of_s.exponent + of_v.exponent == pytest.approx(1, abs=0.002)
    assert of_s.coefficient == pytest.approx(1000**-a, rel=0.15)
    assert of_s.r_squared > 0.98
    assert of_s.status == of_v.status == "ok"
    assert of_s.boundary_fraction == 0


def test_powers_of_two_recover_it_less_well(tables) -> None:
    powers = 2 ** np.arange(8)
    found = fit_allocation(
        tables.of(surface(0.5, 0.5, powers, powers)), COST, "envelope", interior=True
    )
    of_s, of_v = laws(found)
    assert of_s.exponent == pytest.approx(0.5, abs=0.05)
    assert of_v.exponent == pytest.approx(0.5, abs=0.05)


def test_the_published_figure(published, reference) -> None:
    known = json.loads((reference / "singhi2025_fig1.json").read_text())
    found = fit_allocation(published, RelativeCost(known["lambda"]), method="envelope")
    of_s, of_v = laws(found)
    assert of_s.exponent == pytest.approx(known["envelope"]["a"], abs=1e-4)
    assert of_v.exponent == pytest.approx(known["envelope"]["b"], abs=1e-4)
    for law in (of_s, of_v):
        assert law.boundary_fraction == pytest.approx(known["envelope"]["boundary_fraction"])
        assert law.n_budgets == known["envelope"]["n_budgets"]
        assert law.status == "boundary"
        assert (law.conf_low, law.conf_high) == (None, None)
    assert found.n_problems is None
    assert found.resamples == 0


def test_interior_leaves_boundary_budgets_out(published) -> None:
    everything = fit_allocation(published, RelativeCost(2.0), method="envelope")
    interior = fit_allocation(published, RelativeCost(2.0), interior=True, method="envelope")
    at_one = (pl.col("solutions") <= 1 + 1e-9) | (pl.col("verifications") == 1)
    optima = everything.optima.filter(~pl.col("at_boundary") & ~at_one)
    for of_all, law, name in zip(
        everything.laws, interior.laws, ("solutions", "verifications"), strict=True
    ):
        slope = np.polyfit(np.log(optima["budget"]), np.log(optima[name]), 1)[0]
        assert law.exponent == pytest.approx(slope, abs=1e-9)
        assert law.exponent != pytest.approx(of_all.exponent, abs=1e-3)
        assert law.n_budgets == optima.height == 55
        assert (law.boundary_fraction, law.status) == (0, "ok")


def test_optima_are_what_was_fitted(published) -> None:
    found = fit_allocation(published, RelativeCost(2.0), method="envelope")
    optima = found.optima
    assert optima.columns == [
        "method",
        "strategy",
        "budget",
        "solutions",
        "verifications",
        "success",
        "at_boundary",
        "used",
        "solutions_residual",
        "verifications_residual",
    ]
    assert optima.height == 100
    assert optima["success"].is_sorted()
    assert optima["success"].n_unique() == 100
    spent = optima["solutions"] * (1 + 2 * optima["verifications"])
    np.testing.assert_allclose(spent, optima["budget"])
    slope = np.polyfit(np.log(optima["budget"]), np.log(optima["solutions"]), 1)[0]
    assert found.laws[0].exponent == pytest.approx(slope, abs=1e-9)
    assert optima["at_boundary"].mean() == pytest.approx(found.laws[0].boundary_fraction)


def test_boundary(tables) -> None:
    """V matters so much that the largest one is best at nearly every budget."""
    powers = 2 ** np.arange(7)
    points = {("best_of_n", int(s), int(v)): 0.2 + 0.1 * np.log2(v) + 0.01 * np.log2(s)
              for s in powers for v in powers[:4]}  # fmt: skip
    of_s, of_v = laws(fit_allocation(tables.of(points), RelativeCost(2.0), method="envelope"))
    assert of_s.status == of_v.status == "boundary"
    assert of_s.boundary_fraction > 0.2


def test_constant(tables) -> None:
    """More verifications never help: V stays 1, S takes all of the budget."""
    powers = 2 ** np.arange(7)
    points = {
        ("best_of_n", int(s), int(v)): 0.2 + 0.1 * np.log2(s) for s in powers for v in powers[:4]
    }
    of_s, of_v = laws(fit_allocation(tables.of(points), RelativeCost(2.0), "envelope"))
    assert (of_v.status, of_v.exponent) == ("constant", 0.0)
    assert (of_s.status, of_s.exponent) == ("floor", pytest.approx(1.0))
    assert "one verification" in of_s.words
    interior = fit_allocation(tables.of(points), RelativeCost(2.0), "envelope", interior=True)
    assert [(law.status, law.exponent) for law in interior.laws] == [("floor", None)] * 2


@pytest.mark.parametrize("interior", [False, True])
def test_too_few_budgets(interior: bool, tables) -> None:
    falls = {("best_of_n", s, v): 0.9 - 0.1 * s - 0.01 * v for s in (1, 2, 4) for v in (1, 2)}
    table = tables.of({p: np.full(50, y) for p, y in falls.items()})
    for law in fit_allocation(table, RelativeCost(2.0), interior=interior, method="envelope").laws:
        assert law.status == "too_few_budgets"
        assert law.n_budgets == (0 if interior else 1)
        for name in ("exponent", "conf_low", "conf_high", "coefficient", "r_squared"):
            assert getattr(law, name) is None
        assert STATUS_WORDS[law.status]


def test_no_interior_budget_at_all(tables) -> None:
    rises = {("best_of_n", s, 1): 0.1 * s for s in (1, 2, 4)}
    for law in fit_allocation(
        tables.of(rises), RelativeCost(2.0), interior=True, method="envelope"
    ).laws:
        assert (law.status, law.n_budgets, law.boundary_fraction) == ("all_boundary", 0, None)


def test_every_verified_strategy_has_two_laws(tables) -> None:
    powers = 2 ** np.arange(6)
    points = surface(0.5, 0.5, powers, powers)
    points |= {
        ("weighted_vote", s, v): y for (_, s, v), y in surface(0.8, 0.4, powers, powers).items()
    }
    points[("self_consistency", 1, 0)] = 0.5
    found = fit_allocation(tables.of(points), RelativeCost(2.0), method="envelope")
    assert [(x.method, x.strategy, x.quantity) for x in found.laws] == [
        ("envelope", name, quantity)
        for name in ("best_of_n", "weighted_vote")
        for quantity in ("solutions", "verifications")
    ]
    assert found.optima["strategy"].unique(maintain_order=True).to_list() == [
        "best_of_n",
        "weighted_vote",
    ]


def test_what_cannot_be_fitted(published, tables) -> None:
    with pytest.raises(BadInputError, match="unknown method 'guess'; use envelope"):
        fit_allocation(published, RelativeCost(2.0), "guess")
    with pytest.raises(NotInPoolError, match="needs verification"):
        fit_allocation(tables.of({("self_consistency", 1, 0): 0.5}), RelativeCost(2.0))
    with pytest.raises(BadInputError, match="resamples = 5"):
        fit_allocation(published, RelativeCost(2.0), resamples=5, method="envelope")


def _simulated(
    rng: np.random.Generator, n: int, powers: np.ndarray
) -> dict[tuple[str, int, int], np.ndarray]:
    """Problems on which solutions and verifications pay more or less: exponents .3 or .7 each.

    Difficulty, independent of both, has mean 1; every figure carries its own small noise.
    """
    alpha, beta = rng.choice([0.3, 0.7], (2, n))
    difficulty = rng.gamma(4, 1 / 4, n)
    return {
        ("best_of_n", int(s), int(v)): 1
        - 0.3 * difficulty * (s**-alpha + v**-beta)
        + NOISE * rng.standard_normal(n)
        for v in powers
        for s in powers
    }


def _expected(powers: np.ndarray) -> dict[tuple[str, int, int], float]:
    """The mean of such surfaces over infinitely many problems."""

    def half(x: int) -> float:
        return (x**-0.3 + x**-0.7) / 2

    return {
        ("best_of_n", int(s), int(v)): 1 - 0.3 * (half(float(s)) + half(float(v)))
        for v in powers
        for s in powers
    }


def test_intervals_hold_the_estimate_and_follow_the_seed(tables) -> None:
    powers = 2 ** np.arange(6)
    table = tables.of(_simulated(np.random.default_rng(0), 80, powers))
    first, again, other = (
        fit_allocation(table, COST, resamples=200, seed=s, method="envelope") for s in (1, 1, 2)
    )
    assert first.laws == again.laws
    assert (first.n_problems, first.resamples, first.seed) == (80, 200, 1)
    for law, another in zip(first.laws, other.laws, strict=True):
        assert law.conf_low < law.exponent < law.conf_high
        assert law.exponent == another.exponent
        assert (law.conf_low, law.conf_high) != (another.conf_low, another.conf_high)
    assert fit_allocation(table, COST, resamples=0, method="envelope").laws[0].conf_low is None


@pytest.mark.slow
@pytest.mark.parametrize("interior", [False, True])
def test_interval_of_the_exponent_holds_the_truth(interior: bool, tables) -> None:
    """Truth is the exponent of the expected surface on the same grid, found the same way."""
    rng, powers = np.random.default_rng(1), 2 ** np.arange(7)
    expected = fit_allocation(tables.of(_expected(powers)), COST, "envelope", interior=interior)
    truth = [law.exponent for law in expected.laws]
    held = []
    for seed in range(200):
        table = tables.of(_simulated(rng, 80, powers))
        found = fit_allocation(
            table, COST, interior=interior, resamples=200, seed=seed, method="envelope"
        )
        held.append(
            [x.conf_low <= t <= x.conf_high for x, t in zip(found.laws, truth, strict=True)]
        )
    assert (np.mean(held, axis=0) >= 0.90).all()
    assert (np.mean(held, axis=0) <= 0.98).all()

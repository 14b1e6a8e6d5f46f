"""Allocation laws: recovery of known exponents, statuses, and intervals."""

import json

import numpy as np
import polars as pl
import pytest

from svlaw.analysis.cost import RelativeCost
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.fit.laws import allocation
from svlaw.fit.laws.allocation import AllocationFit, fit_allocation
from svlaw.fit.laws.allocation_law import STATUS_WORDS, AllocationLaw
from svlaw.fit.laws.frontier_gain import FrontierGain

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
    found = fit_allocation(
        table, RelativeCost(2.0), interior=interior, method="envelope", needs_gain=False
    )
    for law in found.laws:
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


def test_every_optimum_at_the_boundary_gives_no_exponent(tables) -> None:
    """Only the largest V was computed for S up to 32, and it is best wherever it is affordable."""
    points = {("best_of_n", s, 4): 0.1 + 0.02 * s**0.5 for s in 2 ** np.arange(6)}
    for law in fit_allocation(tables.of(points), RelativeCost(2.0), "envelope").laws:
        assert law.status == "all_boundary"
        assert law.boundary_fraction == 1
        assert (law.exponent, law.conf_low, law.coefficient) == (None, None, None)
        assert "generate more" in law.words


def test_parabolas_without_vertices_are_unclear_or_nothing(tables) -> None:
    """Success grows with log S alone along each budget, but for a bend at few of them."""
    powers = 2 ** np.arange(7)
    convex = {
        ("best_of_n", int(s), int(v)): 0.1 + 0.05 * np.log(s) + 0.01 * np.log(s) ** 2
        for s in powers
        for v in (1, 2, 4, 8, 16)
    }
    for law in fit_allocation(tables.of(convex), RelativeCost(1.0), "isobudget").laws:
        assert law.status == "too_few_budgets"
        assert law.exponent is None
        assert "not concave at" in law.words


@pytest.mark.parametrize(
    ("seed", "status"), [(4, "unstable"), (8, "unclear"), (0, "too_few_budgets")]
)
def test_noise_gives_no_law_to_quote(
    seed: int, status: str, tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six problems show no gain, so there is no law; nor would there be one if they did."""
    rng = np.random.default_rng(seed)
    points = {
        ("best_of_n", int(s), int(v)): 0.5 + 0.01 * np.log2(s * v) + 0.2 * rng.standard_normal(6)
        for s in 2 ** np.arange(6)
        for v in 2 ** np.arange(5)
    }
    table = tables.of(points)
    assert {law.status for law in fit_allocation(table, RelativeCost(1.0)).laws} == {"no_gain"}
    clear = FrontierGain(0.1, 0.05, 0.15, is_clear=True)
    monkeypatch.setattr(allocation, "frontier_gain", lambda *_: clear)
    found = fit_allocation(table, RelativeCost(1.0), "isobudget", resamples=100)
    for law in found.laws:
        assert law.status == status
        assert law.words
        assert (law.exponent is None) == (status == "too_few_budgets")
        assert (law.conf_low is None) == (status != "unclear")


def test_exponents_and_that_of_the_unit_cost_add_up(published) -> None:
    cost = RelativeCost(2.0)
    found = fit_allocation(published, cost)
    for total in found.sums:
        of_s, of_v = (law for law in found.laws if law.method == total.method)
        assert total.total == pytest.approx(of_s.exponent + of_v.exponent)
        assert of_s.exponent + total.unit_exponent == pytest.approx(1, abs=1e-9)
        rows = found.optima.filter((pl.col("method") == total.method) & pl.col("used"))
        unit = np.polyfit(np.log(rows["budget"]), np.log(1 + 2 * rows["verifications"]), 1)[0]
        assert total.unit_exponent == pytest.approx(unit, abs=1e-3)
        assert total.total > 1  # since 2 V is not yet far above 1


def test_residuals_are_logs_of_optimum_over_law(published) -> None:
    found = fit_allocation(published, RelativeCost(2.0), ["isobudget", "envelope"])
    assert found.laws[0].method == "isobudget"
    for law in found.laws:
        rows = found.optima.filter((pl.col("method") == law.method) & pl.col("used"))
        fitted = law.coefficient * rows["budget"] ** law.exponent
        residual = np.log(rows[law.quantity] / fitted)
        np.testing.assert_allclose(rows[f"{law.quantity}_residual"], residual, atol=1e-9)
        assert law.residual == pytest.approx(np.sqrt((residual**2).mean()))
        assert residual.mean() == pytest.approx(0, abs=1e-9)
    unused = found.optima.filter(~pl.col("used"))
    assert unused["solutions_residual"].null_count() == unused.height


def test_distributions_are_what_intervals_come_from(tables) -> None:
    table = tables.of(_simulated(np.random.default_rng(0), 60, 2 ** np.arange(6)))
    found = fit_allocation(table, COST, ["envelope", "surface"], resamples=200, seed=4)
    assert found.distributions.height == 2 * 2 * 200
    for law in found.laws:
        rows = found.distributions.filter(
            (pl.col("method") == law.method) & (pl.col("quantity") == law.quantity)
        ).sort("exponent")
        assert rows.height == 200
        assert (law.conf_low, law.conf_high) == (rows["exponent"][5], rows["exponent"][194])
        scales = rows["coefficient"].sort()
        assert (law.coefficient_low, law.coefficient_high) == (scales[5], scales[194])


def test_methods_agree_on_a_surface_that_all_can_follow(tables) -> None:
    """The optimum is S / sqrt(1 + V) = const, half of the budget's logarithm each."""
    S, V = whole(1, 128, 40), whole(1, 64, 30)
    points = {
        ("best_of_n", int(s), int(v)): 0.3
        + 0.05 * np.log(s * (1 + v))
        - 0.01 * (np.log(s) - np.log(1 + v)) ** 2
        for s in S
        for v in V
    }
    found = fit_allocation(tables.of(points), RelativeCost(1.0), ["envelope", "isobudget"])
    for law in found.laws:
        if law.quantity == "solutions":
            assert law.exponent == pytest.approx(0.5, abs=0.03)


def test_a_surface_that_wants_one_verification_has_no_law(tables) -> None:
    """V hardly helps; beyond the largest S the optimum is extrapolated, which must not hide it."""
    points = {
        ("best_of_n", int(s), int(v)): 0.3 + 0.1 * np.log2(s) - 0.004 * np.log2(s) ** 2
        for s in 2 ** np.arange(7)
        for v in 2 ** np.arange(5)
    }
    for law in fit_allocation(tables.of(points), RelativeCost(1.0), "surface").laws:
        assert law.boundary_fraction > 0.2
        assert law.status in {"floor", "constant"}

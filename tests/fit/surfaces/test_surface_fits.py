"""Success surfaces: recovery of known ones, choice, refits, optima, statuses."""

from dataclasses import replace
from math import comb

import numpy as np
import polars as pl
import pytest
from scipy.special import beta as beta_function

from svlaw.analysis.compare.cost_lines import lines_of
from svlaw.analysis.cost import RelativeCost
from svlaw.analysis.success.success_table import SuccessTable, success_table
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.examples import open_example
from svlaw.fit.laws.optima import spaced_budgets
from svlaw.fit.laws.surface_optima import surface_optima
from svlaw.fit.power_law import fit_power_law
from svlaw.fit.surfaces import folds
from svlaw.fit.surfaces.folds import (
    Points,
    cross_validate,
    fit_from_starts,
    precision_weights,
)
from svlaw.fit.surfaces.forms import FORMS, expit
from svlaw.fit.surfaces.surface_fits import (
    SURFACE_WORDS,
    SurfaceFit,
    fit_surface,
    form_named,
    predict_resampled,
    resampled_parameters,
)

COST = RelativeCost(2.0)
NAMES = [form.name for form in FORMS]
KNOWN = {
    "product": [-0.6, 0.3, 0.1, -0.7, -0.9],
    "rate": [-0.6, 0.5, 0.3, -0.7, -0.5, 0.3],
    "slope": [-0.6, -0.8, 0.5, -1.0, -0.9, 0.4],
    "overoptimisation": [-0.6, 0.4, 0.2, -0.7, 0.03, 0.05, -0.5],
    "ceiling": [-0.6, 0.6, -1.0, 0.2, 0.1, 0.4],
    "turning": [-0.6, 0.6, -0.8, 0.3, 0.2, 0.5, 0.08],
}


def grid(most_s: int = 256, most_v: int = 32) -> list[tuple[int, int]]:
    powers = [2**k for k in range(20)]
    return [(s, v) for s in powers if s <= most_s for v in powers if v <= most_v]


def known(name: str, points: list[tuple[int, int]]) -> dict[tuple[str, int, int], float]:
    S, V = np.array(points, float).T
    success = form_named(name).success(np.array(KNOWN[name]), S, V)
    return {("best_of_n", *p): float(y) for p, y in zip(points, success, strict=True)}


def with_problems(
    points: dict[tuple[str, int, int], float], n: int, seed: int = 0
) -> dict[tuple[str, int, int], np.ndarray]:
    """Problems that are easier or harder, and gain more or less, than the surface of `points`."""
    rng = np.random.default_rng(seed)
    shift, factor = rng.normal(0, 1, n), rng.gamma(9, 1 / 9, n)
    first = {v: points[p, 1, v] for p, _, v in points}
    return {
        (p, s, v): expit(shift + np.log(first[v] / (1 - first[v])))
        + factor * (y - first[v])
        + 0.01 * rng.standard_normal(n) * (s > 1)
        for (p, s, v), y in points.items()
    }


def resampled_means(table: SuccessTable, count: int, seed: int = 0) -> np.ndarray:
    n = table.n_problems
    weights = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), count) / n
    return table.success @ weights.T


@pytest.mark.parametrize("name", NAMES)
def test_recovers_a_known_surface(name: str, tables) -> None:
    found = fit_surface(tables.of(known(name, grid())), "best_of_n", form=name)
    assert (found.form, found.status, found.n_points) == (name, "ok", 54)
    assert tuple(found.parameters) == form_named(name).parameters
    assert found.residual < 1e-4
    beyond = np.array([(512, 32), (1024, 16), (256, 64), (64, 128), (3, 5)], float).T
    truth = form_named(name).success(np.array(KNOWN[name]), *beyond)
    np.testing.assert_allclose(found.predict(*beyond), truth, atol=2e-3)


@pytest.mark.parametrize("name", ["product", "ceiling", "turning"])
def test_recovers_parameters(name: str, tables) -> None:
    found = fit_surface(tables.of(known(name, grid(1024, 256))), "best_of_n", form=name)
    np.testing.assert_allclose(found.theta, KNOWN[name], atol=0.1)


def _binomial(V: int, a: float, b: float) -> np.ndarray:
    """(V + 1,) chances of k yes verdicts when the chance of one is Beta(a, b)."""
    scale = beta_function(a, b)
    return np.array([comb(V, k) * beta_function(k + a, V - k + b) / scale for k in range(V + 1)])


def exact_best_of_n(points: list[tuple[int, int]]) -> dict[tuple[str, int, int], float]:
    """Best-of-N over problems of chance Beta(0.35, 0.65) with a verifier of TPR 0.75, FPR 0.35.

    The highest count k of S solutions is right with chance sum_k (G(k)^S - G(k - 1)^S) p f1(k) /
    g(k), with g = p f1 + (1 - p) f0 the distribution of a solution's count, G its sum.
    """
    # Chances at equal shares of Beta(0.35, 0.65), which has no closed quantiles, by a fine sum.
    fine = (np.arange(200_000) + 0.5) / 200_000
    density = np.cumsum(fine**-0.65 * (1 - fine) ** -0.35)
    chances = np.interp((np.arange(400) + 0.5) / 400, density / density[-1], fine)[:, None]
    result = {}
    for S, V in points:
        right, wrong = _binomial(V, 4.5, 1.5), _binomial(V, 1.4, 2.6)
        either = chances * right + (1 - chances) * wrong
        below = np.cumsum(either, axis=1)
        top = below**S - (below - either) ** S
        result["best_of_n", S, V] = float((top * chances * right / either).sum(axis=1).mean())
    return result


def test_exact_surface_of_a_simple_verifier(tables) -> None:
    """None of the forms is the truth here: one comes close enough, and its optimum does."""
    exact = exact_best_of_n(grid())
    found = fit_surface(tables.of(exact), "best_of_n")
    assert found.form in {"ceiling", "turning"}
    assert found.residual < 0.004
    budgets = 12 * 2.0 ** np.arange(0, 9)
    optima = surface_optima(found, COST, budgets, None, 256, 32)
    for budget, depth in zip(budgets, optima.verifications[:, 0].round().astype(int), strict=True):
        depths = [d for d in range(1, 80) if budget / (1 + 2 * d) >= 1]
        true = exact_best_of_n([(budget / (1 + 2 * d), d) for d in depths])
        here = true["best_of_n", budget / (1 + 2 * depth), depth]
        assert max(true.values()) - here < 0.004


@pytest.mark.parametrize("name", ["product", "slope", "turning"])
def test_chosen_on_held_out_problems(name: str, tables) -> None:
    points = known(name, grid())
    table = tables.of(with_problems(points, 80))
    found = fit_surface(table, "best_of_n")
    assert (found.status, found.n_problems) == ("ok", 80)
    assert found.residual < 0.004
    cv = found.cv
    assert cv.columns == ["form", "n_parameters", "residual", "cv_error", "status"]
    assert cv["form"].to_list() == NAMES
    assert found.form == cv.sort("cv_error")["form"][0]
    if name != "product":
        assert cv.row(by_predicate=pl.col("form") == "product", named=True)["cv_error"] > 1.05 * (
            cv["cv_error"].min()
        )


def test_published_figure(published) -> None:
    found = fit_surface(published, "best_of_n")
    assert (found.form, found.status, found.n_points) == ("ceiling", "ok", 54)
    assert found.n_problems is None
    assert found.residual <= 0.004
    assert (found.weights == 1).all()
    errors = dict(found.cv.select("form", "cv_error").iter_rows())
    assert errors["ceiling"] < errors["slope"] < errors["product"]
    budgets = spaced_budgets(lines_of(published, COST, ["best_of_n"]))
    optima = surface_optima(found, COST, budgets, None, 256, 32)
    used = optima.used[:, 0]
    a, b = (
        fit_power_law(budgets[used], of[used, 0]).exponent
        for of in (optima.solutions, optima.verifications)
    )
    assert a == pytest.approx(0.574, abs=0.01)
    assert b == pytest.approx(0.474, abs=0.01)
    bad = fit_surface(published, "best_of_n", form="product")
    assert bad.residual == pytest.approx(0.0074, abs=2e-4)


@pytest.mark.parametrize("values", [None, "fine"])
def test_falling_best_of_n(values: str | None) -> None:
    table = success_table(
        open_example("humaneval_codegen16b"), ["best_of_n"], values, values, reuse=False
    )
    found = fit_surface(table, "best_of_n")
    assert (found.form, found.status) == ("overoptimisation", "ok")
    assert found.residual < 0.003
    S = np.arange(1.0, 101)
    deep = found.predict(S, 15)
    top = int(deep.argmax())
    assert 3 < S[top] < 15
    assert (np.diff(deep[top:]) < 0).all()
    assert deep[top] - deep[-1] > 0.05
    # One test that judges all programs misleads as well.
    assert 3 < S[found.predict(S, 1).argmax()] < 40
    optima = surface_optima(found, COST, np.geomspace(3, 3100, 60), None, 100, 15)
    turned = optima.solutions[optima.used] > S[found.predict(S, 15).argmax()]
    deepest = optima.verifications[optima.used]
    assert (deepest[turned] < 15).all()


def test_order_of_points_means_nothing(exams) -> None:
    found = fit_surface(exams, "best_of_n")
    order = np.random.default_rng(0).permutation(exams.points.height)
    shuffled = replace(
        exams,
        points=exams.points[order.tolist()],
        success=exams.success[order],
        variance=exams.variance[order],
    )
    again = fit_surface(shuffled, "best_of_n")
    assert again.parameters == found.parameters
    assert again.cv.equals(found.cv)


def test_same_seed_same_bytes(exams) -> None:
    first, again, other = (fit_surface(exams, "weighted_vote", seed=s) for s in (1, 1, 2))
    assert first.theta.tobytes() == again.theta.tobytes()
    assert first.cv.equals(again.cv)
    assert not first.cv["cv_error"].equals(other.cv["cv_error"])
    assert first.cv["residual"].equals(other.cv["residual"])


def test_dense_grids_are_thinned(tables) -> None:
    S = np.unique(np.geomspace(1, 300, 70).round()).astype(int)
    V = np.unique(np.geomspace(1, 50, 40).round()).astype(int)
    dense = [(int(s), int(v)) for s in S for v in V]
    found = fit_surface(tables.of(known("ceiling", dense)), "best_of_n", form="ceiling")
    assert 60 <= found.n_points <= 130
    held = set(zip(found.solutions, found.verifications, strict=True))
    assert {(1, 1), (300, 1), (1, 50), (300, 50)} <= held
    steps = np.diff(np.log(np.unique(found.solutions)))
    assert steps.max() < 2 * steps[-3:].mean()
    assert found.residual < 1e-4


def test_rows_hold_points_back(exams) -> None:
    points = exams.points
    small = ((points["solutions"] * (1 + 2 * points["verifications"])) <= 200).to_numpy()
    found = fit_surface(exams, "best_of_n", rows=small)
    assert small[found.rows].all()
    assert (points["strategy"].to_numpy()[found.rows] == "best_of_n").all()
    assert found.n_points < fit_surface(exams, "best_of_n").n_points
    held = ~small & (points["strategy"] == "best_of_n").to_numpy()
    S, V = (points[name].to_numpy()[held] for name in ("solutions", "verifications"))
    assert np.abs(found.predict(S, V) - exams.mean()[held]).max() < 0.015


def test_points_without_weight_do_not_count() -> None:
    form, theta = form_named("ceiling"), np.array(KNOWN["ceiling"])
    S, V = np.array(grid(), float).T
    weights = np.where(V == 32, 0.0, 1.0)
    success = np.where(V == 32, 0.9, form.success(theta, S, V))
    fit = fit_from_starts(form, Points(S, V, success, weights))
    np.testing.assert_allclose(form.success(fit.theta, S, V), form.success(theta, S, V), atol=3e-3)


def test_errors_on_held_out_problems_are_in_their_standard_errors() -> None:
    """Noise of one point says nothing of another, so a form that fits misses by a little over 1.

    With a fitted share q of the noise, held-out problems are missed by (1 + q / 4)^(1/2); the
    problems fitted to would be by less than 1.
    """
    S, V = np.array(grid(8, 8), float).T
    truth = form_named("turning").success(np.array(KNOWN["turning"]), S, V)
    success = truth[:, None] + 0.1 * np.random.default_rng(0).standard_normal((S.size, 400))
    points = Points(S, V, success.mean(axis=1), precision_weights(success))
    fits = [fit_from_starts(form_named(name), points) for name in ("ceiling", "turning")]
    errors = cross_validate(fits, points, success, seed=0)
    assert list(errors) == ["ceiling", "turning"]
    for error in errors.values():
        assert 1.02 < error < 1.1


def test_precise_points_weigh_more() -> None:
    rng = np.random.default_rng(0)
    spread = np.array([0.2, 0.2, 0.4, 0.001])
    weights = precision_weights(0.5 + spread[:, None] * rng.standard_normal((4, 4000)))
    assert np.mean(weights**2) == pytest.approx(1)
    assert weights[0] / weights[2] == pytest.approx(2, rel=0.05)
    assert weights[3] / weights[0] == pytest.approx(0.2 / np.sqrt(0.1 * 0.06), rel=0.05)
    assert (precision_weights(np.ones((3, 1))) == 1).all()
    assert (precision_weights(np.ones((3, 5))) == 1).all()


@pytest.fixture(scope="module")
def surface(exams) -> SurfaceFit:
    return fit_surface(exams, "best_of_n", form="ceiling")


class TestRefits:
    def test_the_mean_gives_the_surface_back(self, exams, surface) -> None:
        again = resampled_parameters(surface, exams.mean()[:, None])
        assert again.shape == (6, 1)
        S, V = surface.solutions, surface.verifications
        np.testing.assert_allclose(
            predict_resampled(surface, again, S, V)[:, 0], surface.predict(S, V), atol=1e-5
        )

    def test_each_column_is_fitted_as_if_alone(self, exams, surface) -> None:
        means = resampled_means(exams, 8)
        refits = resampled_parameters(surface, means)
        predicted = predict_resampled(surface, refits, surface.solutions, surface.verifications)
        for b in range(8):
            measured = means[surface.rows, b]
            assert np.sqrt(np.mean((predicted[:, b] - measured) ** 2)) < 0.005
            anew = fit_surface(
                replace(exams, success=means[:, [b]], problem_ids=("all",)),
                "best_of_n",
                form="ceiling",
            )
            there = anew.predict(surface.solutions, surface.verifications)
            np.testing.assert_allclose(predicted[:, b], there, atol=2e-3)

    def test_failed_refits_are_nan(self, exams, surface) -> None:
        means = resampled_means(exams, 3)
        means[surface.rows[0], 1] = np.nan
        refits = resampled_parameters(surface, means)
        assert np.isnan(refits[:, 1]).all()
        assert np.isfinite(refits[:, [0, 2]]).all()
        predicted = predict_resampled(surface, refits, [2.0, 8.0], 4.0)
        assert predicted.shape == (2, 3)
        assert np.isnan(predicted).any(axis=0).tolist() == [False, True, False]
        optima = surface_optima(surface, COST, np.array([3.0, 30.0]), refits, 90, 90)
        assert optima.used.tolist() == [[True, False, True]] * 2


class _SteepCost:
    """C = S (0.3 + V^1.5): linear in S alone."""

    label = "steep"

    def __call__(self, solutions, verifications) -> np.ndarray:
        return np.asarray(solutions, float) * (0.3 + np.asarray(verifications, float) ** 1.5)

    def solutions_at(self, budgets, verifications) -> np.ndarray:
        return np.asarray(budgets, float) / self(1.0, verifications)

    def verifications_at(self, budgets, solutions, most) -> np.ndarray:
        grid = np.arange(0.0, most + 1)
        return np.interp(budgets / solutions, self(1.0, grid), grid)


class TestOptima:
    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("cost", [RelativeCost(0.1), COST, _SteepCost()])
    def test_equals_a_fine_search(self, name: str, cost, tables) -> None:
        surface = fit_surface(tables.of(known(name, grid())), "best_of_n", form=name)
        rng = np.random.default_rng(0)
        parameters = surface.theta[:, None] + rng.normal(0, 0.1, (surface.theta.size, 5))
        budgets = float(cost(1, 1)) * 2.0 ** np.arange(0, 13.1, 1.3)
        found = surface_optima(surface, cost, budgets, parameters, 256, 32)
        np.testing.assert_allclose(
            cost(found.solutions, found.verifications),
            np.broadcast_to(budgets[:, None], found.success.shape),
            rtol=1e-9,
        )
        form = form_named(name)
        for i, budget in enumerate(budgets):
            V = np.geomspace(1, 1e6, 200_001)
            S = budget / cost(1.0, V)
            V, S = V[S >= 1 - 1e-9], np.maximum(S[S >= 1 - 1e-9], 1)
            for b in range(5):
                success = form.success(parameters[:, b], S, V)
                assert found.success[i, b] == pytest.approx(success.max(), abs=1e-8)
                if success.max() > success[0] + 1e-6:
                    best = V[success.argmax()]
                    assert found.verifications[i, b] == pytest.approx(best, rel=2e-3)

    def test_change_smoothly_with_the_budget(self, published) -> None:
        surface = fit_surface(published, "best_of_n")
        found = surface_optima(surface, COST, np.geomspace(20, 16000, 400), None, 256, 32)
        steps = np.diff(np.log(found.verifications[:, 0]))
        assert (steps > 0).all()
        assert np.abs(np.diff(steps)).max() < 1e-4

    def test_least_verification_is_one(self, published) -> None:
        surface = fit_surface(published, "best_of_n")
        found = surface_optima(surface, COST, np.array([3.0, 3.3, 4, 1000]), None, 256, 32)
        assert found.verifications[:3, 0].tolist() == [1, 1, 1]
        np.testing.assert_allclose(found.solutions[:3, 0], [1, 1.1, 4 / 3])
        assert found.verifications[3, 0] > 8

    def test_beyond_the_data_is_the_boundary(self, published) -> None:
        surface = fit_surface(published, "best_of_n")
        budgets = np.array([100.0, 3e3, 1e6])
        found = surface_optima(surface, COST, budgets, None, 256, 32)
        assert found.verifications[2, 0] > 32
        assert found.at_boundary[:, 0].tolist() == [False, False, True]
        shallow = surface_optima(surface, COST, budgets, None, 256, 4)
        assert shallow.at_boundary[:, 0].tolist() == [True] * 3
        few = surface_optima(surface, COST, budgets, None, 8, 32)
        assert few.at_boundary[:, 0].tolist() == [True] * 3
        assert (found.used == found.considered).all()
        assert found.flags == {}

    def test_budgets_that_buy_nothing_more_are_not_used(self, tables) -> None:
        falling = {
            ("best_of_n", s, v): 0.3 + 0.1 * np.log2(s) * (1 - np.log2(s * v) / 5)
            for s, v in grid(64, 8)
        }
        surface = fit_surface(tables.of(falling), "best_of_n", form="overoptimisation")
        found = surface_optima(surface, COST, 3 * 2.0 ** np.arange(7), None, 64, 32)
        used = found.used[:, 0]
        assert used.tolist() == (np.arange(7) < used.sum()).tolist()
        assert 2 <= used.sum() <= 4
        assert found.flags == {"no better than a smaller budget": 7 - used.sum()}


class TestStatus:
    def test_poor_fit(self, tables) -> None:
        rng = np.random.default_rng(0)
        table = tables.of({("best_of_n", *p): rng.random() for p in grid(8, 8)})
        found = fit_surface(table, "best_of_n")
        assert found.status == "poor_fit"
        assert found.residual > 0.2
        assert set(found.cv["status"]) == {"poor_fit"}
        assert SURFACE_WORDS["poor_fit"]

    @pytest.mark.parametrize(
        "points",
        [
            [(s, 4) for s in (1, 2, 4, 8, 16, 32, 64, 128, 256)],
            [(8, v) for v in (1, 2, 4, 8, 16, 32, 64, 128, 256)],
            [(s, v) for s in (1, 2, 4, 8, 16) for v in (1, 2)],
            [(1, 1), (2, 2), (4, 4), (1, 4), (4, 1)],
        ],
    )
    def test_too_few_points(self, points: list[tuple[int, int]], tables) -> None:
        table = tables.of(known("rate", points))
        found = fit_surface(table, "best_of_n")
        assert (found.status, found.form, found.parameters) == ("too_few_points", "", {})
        assert np.isnan(found.residual)
        assert found.cv["residual"].null_count() == len(FORMS)
        assert set(found.cv["status"]) == {"too_few_points"}
        assert SURFACE_WORDS["too_few_points"]
        assert np.isnan(found.predict([1, 2], [[3], [4]])).all()
        refits = resampled_parameters(found, table.success[:, [0, 0]])
        assert refits.shape == (0, 2)
        assert np.isnan(predict_resampled(found, refits, [2.0], [3.0])).tolist() == [[True, True]]
        for parameters in (None, refits):
            optima = surface_optima(found, COST, np.array([3.0, 6.0]), parameters, 8, 8)
            assert not optima.used.any()
            assert optima.flags == {"no surface": 2}

    def test_only_forms_with_enough_points_are_tried(self, tables) -> None:
        points = [(s, v) for s in (1, 2, 8, 32) for v in (1, 4, 16)][:8]
        found = fit_surface(tables.of(known("rate", points)), "best_of_n")
        assert found.n_points == 8
        tried = found.cv.filter(pl.col("residual").is_not_null())
        assert tried["n_parameters"].to_list() == [5, 6, 6, 6]
        left = found.cv.filter(pl.col("residual").is_null())
        assert left["status"].to_list() == ["too_few_points"] * 2

    def test_not_converged(self, tables, monkeypatch) -> None:
        monkeypatch.setattr(folds, "_EVALUATIONS", 2)
        found = fit_surface(tables.of(known("ceiling", grid())), "best_of_n")
        assert found.status == "not_converged"
        assert set(found.cv["status"]) == {"not_converged"}
        assert found.cv["cv_error"].null_count() == len(FORMS)
        assert SURFACE_WORDS["not_converged"]
        refits = resampled_parameters(found, np.full((54, 2), 0.5))
        assert np.isnan(refits).all()

    @pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
    @pytest.mark.parametrize("problems", [1, 20])
    def test_success_that_never_changes(self, level: float, problems: int, tables) -> None:
        constant = np.full(problems, level) if problems > 1 else level
        table = tables.of({("best_of_n", *p): constant for p in grid(16, 8)})
        found = fit_surface(table, "best_of_n")
        assert found.status == "ok"
        np.testing.assert_allclose(found.predict([1, 5, 16], 3), level, atol=1e-3)

    def test_few_problems_are_scored_on_points(self, tables) -> None:
        points = known("slope", grid())
        nine, ten = (fit_surface(tables.of(with_problems(points, n)), "best_of_n") for n in (9, 10))
        assert nine.cv["cv_error"].max() < 0.05 < ten.cv["cv_error"].min()

    def test_what_cannot_be_asked_for(self, published) -> None:
        with pytest.raises(BadInputError, match="unknown surface 'plane'; use product, rate"):
            fit_surface(published, "best_of_n", form="plane")
        with pytest.raises(BadInputError, match="no surface for self_consistency: use best_of_n"):
            fit_surface(published, "self_consistency")
        with pytest.raises(NotInPoolError, match="no figures for weighted_vote"):
            fit_surface(published, "weighted_vote")

    def test_no_point_left(self, published) -> None:
        none = np.zeros(published.points.height, bool)
        found = fit_surface(published, "best_of_n", rows=none)
        assert (found.status, found.n_points) == ("too_few_points", 0)

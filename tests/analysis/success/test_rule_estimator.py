"""Rules against enumeration of all solution and verdict subsets."""

import pickle
from typing import Any

import numpy as np
import pytest

from svlaw.analysis.strategies.rules.calibration import Calibration
from svlaw.analysis.strategies.rules.rule_catalogue import RULES, parse_rule
from svlaw.analysis.success.estimators import Estimate, Options, estimate
from svlaw.analysis.success.rule_estimator import estimate_rule

POLICIES = [(unparsed, missing) for unparsed in ("ignore", "no") for missing in ("zero", "keep")]
SETTINGS = {
    "filtered_vote": ("keep=0.5", "keep=1", "keep=2:weighted=yes", "keep=1.0"),
    "rank_vote": ("power=1", "power=0", "power=2.5"),
    "softmax_vote": ("temperature=1", "temperature=0.05", "temperature=inf"),
    "logit_vote": ("threshold=0.5", "threshold=0.3:clip=0.1"),
    "best_of_majority": ("alpha=0.25", "alpha=0.5", "alpha=0", "alpha=1"),
    "majority_of_the_bests": ("resample=sqrt", "resample=1", "resample=3"),
    "pessimistic": ("alpha=0.1", "alpha=0", "alpha=2"),
    "calibrated_vote": ("fit=monotone",),
}
KNOTS = np.array([[0.1, 0.4, 0.9], [-1.5, 0.2, 2.0], [0.2, 0.45, 0.8]])


def _ratio(score: float) -> float:
    return float(np.interp(score, KNOTS[0], KNOTS[1]))


def _chance(score: float) -> float:
    return float(np.interp(score, KNOTS[0], KNOTS[2]))


def _estimates(
    name: str, sample: Any, S: Any, V: Any, policy: tuple[str, str], **options: Any
) -> list[Estimate]:
    settings = [RULES[name].parse(text) for text in SETTINGS[name]]
    calibrations = [Calibration(np.tile(KNOTS, (len(V), 1, 1)))] * len(settings)
    return estimate_rule(
        settings,
        sample,
        np.asarray(S, np.int64),
        np.asarray(V, np.int64),
        Options(unparsed=policy[0], missing_answer=policy[1], **options),
        1,
        calibrations,
    )


def _exact(
    twin: Any,
    rule_twins: Any,
    name: str,
    text: str,
    problem: Any,
    S: Any,
    V: Any,
    policy: Any,
    *,
    calls: bool = False,
) -> np.ndarray:
    over = twin._over_calls if calls else twin._over_draws
    values = getattr(rule_twins, name)
    if name == "calibrated_vote":
        values = values(_ratio, _chance)
    settings = RULES[name].parse(text).values

    def success(s: int, v: int) -> float:
        def outcome(drawn: Any, scores: Any) -> Any:
            voters = [
                (x.answer, score)
                for x, score in zip(drawn, scores, strict=True)
                if x.answer is not None
            ]
            if not voters:
                return twin.ZERO
            tables = values(voters, v, settings)
            return rule_twins.elect(tables, lambda a: twin._share_right(problem, a))

        found = over(problem, s, v, twin.Policy(*policy), outcome)
        return np.nan if found is None else float(found)

    return np.array([[success(int(s), int(v)) for s in S] for v in V])


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("binary", [False, True])
def test_equals_enumeration(binary: bool, name: str, problems, brute_force, rule_twins) -> None:
    """All points of random ragged problems: to 1e-12 where exact, else within 4 errors."""
    z_scores, n_exact = [], 0
    sizes = {"most_solutions": 6, "most_verdicts": 3} if binary else {"most_verdicts": 3}
    for i, problem in enumerate(problems.many(30 + binary, 24, binary=binary, **sizes)):
        S, V, policy = np.arange(1, 7), np.arange(1, 4), POLICIES[i % 4]
        sample = problems.sample(problem)
        for text, found in zip(
            SETTINGS[name], _estimates(name, sample, S, V, policy, tolerance=0.005), strict=True
        ):
            exact = _exact(brute_force, rule_twins, name, text, problem, S, V, policy)
            np.testing.assert_array_equal(np.isnan(found.success), np.isnan(exact))
            np.testing.assert_array_equal(np.isnan(found.variance), np.isnan(exact))
            drawn, known = found.variance > 0, np.isfinite(exact)
            np.testing.assert_allclose(
                found.success[known & ~drawn], exact[known & ~drawn], rtol=0, atol=1e-12
            )
            n_exact += int((known & ~drawn)[:, 1:].sum())
            z = (found.success - exact)[drawn] / np.sqrt(found.variance[drawn])
            assert (np.abs(z) <= 4).all(), text
            if z.size:
                z_scores.append(z)
    assert n_exact > 10
    assert len(z_scores) > 10
    means = np.array([z.mean() for z in z_scores])
    assert abs(means.mean()) <= 4 * means.std() / np.sqrt(means.size)


@pytest.mark.parametrize("name", RULES)
def test_shared_calls_are_drawn_jointly(name: str, problems, brute_force, rule_twins) -> None:
    """Every subset of the calls judges all drawn solutions."""
    rng, n_drawn = np.random.default_rng(37), 0
    for i in range(16):
        problem = problems.random_calls(rng, most_calls=3, binary=i % 2 == 0)
        sample, policy = problems.sample_calls(problem), POLICIES[i % 4]
        S, V = np.arange(1, 7), np.arange(1, 4)
        for text, found in zip(
            SETTINGS[name], _estimates(name, sample, S, V, policy, tolerance=0.005), strict=True
        ):
            exact = _exact(brute_force, rule_twins, name, text, problem, S, V, policy, calls=True)
            np.testing.assert_array_equal(np.isnan(found.success), np.isnan(exact))
            drawn, known = found.variance > 0, np.isfinite(exact)
            np.testing.assert_allclose(
                found.success[known & ~drawn], exact[known & ~drawn], rtol=0, atol=1e-12
            )
            z = (found.success - exact)[drawn] / np.sqrt(found.variance[drawn])
            assert (np.abs(z) <= 4).all(), text
            n_drawn += z.size
    assert n_drawn > 20


@pytest.mark.parametrize("name", RULES)
def test_exact_where_no_verdict_is_drawn(name: str, problems, brute_force, rule_twins) -> None:
    """All verdicts in use and few subsets: enumerated, but for ties that a rule breaks by lot."""
    checked = 0
    for problem in problems.many(32, 12, most_solutions=6, most_verdicts=3, ragged=False):
        sample, S = problems.sample(problem), np.arange(1, len(problem) + 1)
        V = [len(problem[0].verdicts)]
        for text, found in zip(
            SETTINGS[name],
            _estimates(name, sample, S, V, ("ignore", "zero"), tolerance=0.05),
            strict=True,
        ):
            exact = _exact(brute_force, rule_twins, name, text, problem, S, V, ("ignore", "zero"))
            certain = found.variance == 0
            assert certain.all() or RULES[name].draws_ties
            np.testing.assert_allclose(found.success[certain], exact[certain], rtol=0, atol=1e-12)
            checked += int(certain.sum())
    assert checked > 20


def test_rules_that_are_other_strategies(problems) -> None:
    """Keep all, power 0 and T = inf vote by majority; alpha 0 with one answer each is best-of-N."""
    for problem in problems.many(33, 12, most_solutions=6, ragged=False):
        sample = problems.sample(problem)
        S, V = np.arange(1, len(problem) + 1), np.array([len(problem[0].verdicts)])
        vote = estimate("self_consistency", sample, S, V, Options(), 1).success
        for text in ("rank_vote:power=0", "softmax_vote:temperature=inf"):
            found = estimate_rule([parse_rule(text)], sample, S, V, Options(), 1)[0]
            np.testing.assert_allclose(found.success, vote, rtol=0, atol=1e-12)
        (found,) = estimate_rule(
            [parse_rule("filtered_vote:keep=1.0")], sample, S, V, Options(tolerance=0.01), 1
        )
        error = np.sqrt(found.variance)
        assert (np.abs(found.success - vote) <= 4 * error + 1e-12).all()


@pytest.mark.parametrize("name", RULES)
def test_same_seed_same_bytes(name: str, problems) -> None:
    problem = problems.many(34, 1, most_solutions=6)[0]
    runs = [
        _estimates(name, problems.sample(problem), [1, 2, 3], [1, 2], ("no", "keep"))[0]
        for _ in range(2)
    ]
    assert runs[0].success.tobytes() == runs[1].success.tobytes()
    assert runs[0].variance.tobytes() == runs[1].variance.tobytes()


@pytest.mark.parametrize("name", RULES)
def test_relabelled_classes_change_no_bit(name: str, problems, brute_force) -> None:
    names = dict(zip("ABCD", "DBAC", strict=True))
    for problem in problems.many(35, 6):
        renamed = [
            brute_force.Solution(names.get(s.answer), s.is_correct, s.gave_none, s.verdicts)
            for s in problem
        ]
        first, second = (
            _estimates(name, problems.sample(p), [1, 2, 3], [1, 2], ("ignore", "zero"))[0]
            for p in (problem, renamed)
        )
        np.testing.assert_allclose(first.success, second.success, rtol=0, atol=1e-12)


def test_errors_are_as_wide_as_they_say(problems, brute_force) -> None:
    """Over many seeds the spread of the estimate equals the reported error."""
    verdicts = {"A": (1, 1, 0, 1), "B": (0, 1, 0, 0), "C": (1, 0, 0, 1)}
    problem = [brute_force.Solution(a, a == "A", False, verdicts[a]) for a in "AABBBC"]
    sample, setting = problems.sample(problem), parse_rule("filtered_vote:keep=0.5")
    runs = [
        estimate_rule(
            [setting], sample, np.array([3]), np.array([1]), Options(tolerance=0.01, seed=s), 1
        )[0]
        for s in range(300)
    ]
    reported = np.sqrt(np.mean([run.variance[0, 0] for run in runs]))
    spread = np.std([run.success[0, 0] for run in runs])
    assert 0.8 < spread / reported < 1.25


def test_settings_of_one_rule_only(problems) -> None:
    sample = problems.sample(problems.many(36, 1)[0])
    settings = [parse_rule("rank_vote"), parse_rule("pessimistic")]
    with pytest.raises(ValueError, match="several rules"):
        estimate_rule(settings, sample, np.array([1]), np.array([1]), Options(), 1)
    with pytest.raises(ValueError, match="needs a calibration"):
        estimate_rule(
            [parse_rule("calibrated_vote")], sample, np.array([1]), np.array([1]), Options(), 1
        )


def test_settings_travel_to_other_processes() -> None:
    for name, texts in SETTINGS.items():
        for text in texts:
            setting = RULES[name].parse(text)
            assert pickle.loads(pickle.dumps(setting)) == setting

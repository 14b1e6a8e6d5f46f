"""Rules in success tables, built-in and of the user's own, against enumeration and each other."""

from typing import Any

import numpy as np
import pytest

from svlaw.analysis.strategies.rules.calibration import cross_fit, fold_of
from svlaw.analysis.strategies.rules.rule_catalogue import RULES
from svlaw.analysis.success.estimators import Options
from svlaw.analysis.success.rule_estimator import count_sample_scores, estimate_rule
from svlaw.analysis.success.sample_tables import table_of_samples
from svlaw.analysis.success.success_table import SuccessTable

UNITS = [name for name in RULES if name != "calibrated_vote"]
SETTINGS = {"filtered_vote": ("keep=0.5", "keep=2:weighted=yes"), "rank_vote": ("power=2.5",)}
QUICK = Options(tolerance=0.005)


def _specs(name: str) -> list[str]:
    return [f"{name}:{text}" for text in SETTINGS.get(name, ())] or [name]


def _own_vote(answers: Any, scores: Any) -> Any:
    return scores + 0.0


def _check(
    table: SuccessTable, problem: Any, twins: Any, *, calls: bool, twin: Any
) -> tuple[int, int]:
    """Every point against enumeration; how many points were drawn, and how many are exact."""
    over = twin._over_calls if calls else twin._over_draws
    drawn = exact = 0
    for row, point in enumerate(table.points.iter_rows(named=True)):
        name, S, V = point["strategy"], point["solutions"], point["verifications"]
        settings = RULES[name].parse(point["setting"]).values

        def outcome(
            chosen: Any, scores: Any, name: str = name, V: int = V, settings: Any = settings
        ) -> Any:
            pairs = zip(chosen, scores, strict=True)
            voters = [(x.answer, score) for x, score in pairs if x.answer is not None]
            if not voters:
                return twin.ZERO
            tables = getattr(twins, name)(voters, V, settings)
            return twins.elect(tables, lambda a: twin._share_right(problem, a))

        expected = float(over(problem, S, V, twin.Policy("ignore", "zero"), outcome))
        error = float(table.variance[row, 0]) ** 0.5
        assert abs(float(table.success[row, 0]) - expected) <= max(4 * error, 1e-12), point
        drawn, exact = drawn + (error > 0), exact + (error == 0)
    return drawn, exact


@pytest.mark.parametrize("calls", [False, True])
@pytest.mark.parametrize("name", UNITS)
def test_tables_equal_enumeration(
    name: str, calls: bool, problems, brute_force, rule_twins
) -> None:
    """Ties, missing answers, unparsed verdicts, shared calls: each point a problem supports."""
    rng, drawn, exact = np.random.default_rng(60 + calls), 0, 0
    for i in range(10):
        if calls:
            problem = problems.random_calls(rng, most_solutions=5, most_calls=3, binary=i % 2 == 0)
            sample = problems.sample_calls(problem)
        else:
            sizes = {"most_solutions": 5, "most_verdicts": 3, "binary": i % 2 == 0}
            problem = problems.random(rng, ragged=False, **sizes)
            sample = problems.sample(problem)
        deepest = int(sample.depths.max(initial=0))
        S = list(range(1, sample.n_verified(deepest) + 1)) if deepest else []
        if not S:
            continue
        V = list(range(1, deepest + 1))
        table = table_of_samples([sample], _specs(name), S, V, options=QUICK)
        assert table.points.height == len(_specs(name)) * len(S) * len(V)
        found = _check(table, problem, rule_twins, calls=calls, twin=brute_force)
        drawn, exact = drawn + found[0], exact + found[1]
    assert drawn > 5
    assert exact > 5


@pytest.fixture(scope="module")
def samples(problems):
    """Twelve problems that support S = 5 and V = 3."""
    found = []
    rng = np.random.default_rng(61)
    while len(found) < 12:
        sample = problems.sample(
            problems.random(rng, most_solutions=6, most_verdicts=3, ragged=False), f"p{len(found)}"
        )
        if sample.n_verified(3) >= 5:
            found.append(sample)
    return found


def test_a_learnt_rule_is_learnt_on_other_problems(samples) -> None:
    S, V = np.array([1, 3, 5]), np.array([1, 3])
    setting = RULES["calibrated_vote"].parse("folds=3")
    table = table_of_samples(samples, ["calibrated_vote:folds=3"], [1, 3, 5], [1, 3], options=QUICK)
    counts = [(one.problem_id, count_sample_scores(one, V, QUICK)) for one in samples]
    folds = cross_fit(counts, 3, "monotone", QUICK.seed)
    for column, sample in enumerate(samples):
        learnt = folds[fold_of(sample.problem_id, 3, QUICK.seed)]
        (found,) = estimate_rule([setting], sample, S, V, QUICK, len(samples), [learnt])
        np.testing.assert_array_equal(table.success[:, column], found.success.ravel())


def test_own_rules_stand_beside_built_in_ones(samples) -> None:
    """Weights equal to the scores are weighted voting."""
    table = table_of_samples(
        samples, [_own_vote, "weighted_vote"], [1, 3, 5], [1, 3], options=QUICK
    )
    own, built_in = table.strategies
    assert own == f"{__name__}:_own_vote"
    first, second = table.is_of(own), table.is_of(built_in)
    columns = ["solutions", "verifications"]
    points = [table.points.filter(rows).select(columns) for rows in (first, second)]
    assert points[0].equals(points[1])
    error = np.sqrt(table.variance[first] + table.variance[second])
    assert (np.abs(table.success[first] - table.success[second]) <= 4 * error + 1e-12).all()

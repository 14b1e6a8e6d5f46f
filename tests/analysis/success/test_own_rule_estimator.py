"""Rules of the user's own: plain, batched and compiled; checks, messages and digests."""

from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

from svlaw.analysis.strategies.own_code import digest_of, load_own
from svlaw.analysis.strategies.own_rule import OwnRule, batched
from svlaw.analysis.strategies.rules.rule_catalogue import parse_rule
from svlaw.analysis.success.estimators import Estimate, Options, estimate
from svlaw.analysis.success.own_rule_estimator import estimate_own_rule
from svlaw.analysis.success.rule_estimator import estimate_rule
from svlaw.data.errors import BadInputError

S, V = np.arange(1, 6), np.array([1, 2])


def _best(answers: Any, scores: Any) -> int:
    return int(np.argmax(scores))


@batched
def _best_batched(answers: Any, scores: Any) -> Any:
    return scores.argmax(axis=1)


@numba.njit
def _best_compiled(answers: Any, scores: Any) -> int:
    best = 0
    for i in range(scores.size):
        if scores[i] > scores[best]:
            best = i
    return best


def _weights(answers: Any, scores: Any) -> Any:
    return scores


@batched
def _weights_batched(answers: Any, scores: Any) -> Any:
    return scores


@numba.njit
def _weights_compiled(answers: Any, scores: Any) -> Any:
    return scores.copy()


def _estimate(function: Any, sample: Any, **options: Any) -> Estimate:
    return estimate_own_rule(OwnRule("my_rule", function), sample, S, V, Options(**options), 1)


@pytest.fixture(scope="module")
def sample(problems, brute_force):
    """A problem on which every draw matters."""
    verdicts = {"A": (1, 1, 0, 1), "B": (0, 1, 0, 0), "C": (1, 0, 0, 1), None: (1, 1, 0, 0)}
    answers = ["A", "A", "B", "B", "B", "C", None]
    return problems.sample(
        [brute_force.Solution(a, a == "A", a is None, verdicts[a]) for a in answers]
    )


@pytest.mark.parametrize("function", [_best, _best_batched, _best_compiled])
def test_positions_give_best_of_n(function, problems) -> None:
    for problem in problems.many(50, 6):
        drawn = problems.sample(problem)
        found, exact = _estimate(function, drawn, tolerance=0.01), _exact("best_of_n", drawn)
        _assert_close(found, exact)


@pytest.mark.parametrize("function", [_weights, _weights_batched, _weights_compiled])
def test_weights_give_weighted_voting(function, problems) -> None:
    for problem in problems.many(51, 6):
        drawn = problems.sample(problem)
        found, exact = _estimate(function, drawn, tolerance=0.01), _exact("weighted_vote", drawn)
        _assert_close(found, exact)


def _exact(strategy: str, sample: Any) -> Estimate:
    return estimate(strategy, sample, S, V, Options(tolerance=0.002), 1)


def _assert_close(found: Estimate, other: Estimate) -> None:
    np.testing.assert_array_equal(np.isnan(found.success), np.isnan(other.success))
    known = np.isfinite(found.success)
    error = np.sqrt(found.variance + other.variance)[known]
    assert (np.abs(found.success - other.success)[known] <= 4 * error + 1e-12).all()


def test_the_three_ways_read_the_same_draws(sample) -> None:
    for functions in (
        (_best, _best_batched, _best_compiled),
        (_weights, _weights_batched, _weights_compiled),
    ):
        first, *others = [_estimate(function, sample, tolerance=0.02) for function in functions]
        for other in others:
            np.testing.assert_allclose(first.success, other.success, rtol=0, atol=1e-12)


def test_a_rule_written_again_agrees_with_the_built_in(sample) -> None:
    def half(answers: Any, scores: Any) -> Any:
        voting = np.flatnonzero(answers >= 0)
        kept = voting[np.argsort(-scores[voting], kind="stable")]
        weights = np.full(answers.size, -1e9)
        weights[kept[: -(-voting.size // 2)]] = 1.0
        counts = np.zeros(answers.size)
        for i in kept[: -(-voting.size // 2)]:
            counts[i] = 1.0
        return counts

    (built_in,) = estimate_rule(
        [parse_rule("filtered_vote:keep=0.5")], sample, S, V, Options(tolerance=0.01), 1
    )
    _assert_close(_estimate(half, sample, tolerance=0.01), built_in)


def _raising(answers: Any, scores: Any) -> int:
    return 0 // (answers.size - 3)


@numba.njit
def _raising_compiled(answers: Any, scores: Any) -> int:
    if answers.size == 3:
        raise ValueError("no three")
    return 0


def test_an_error_names_problem_and_draw_and_keeps_the_traceback(sample) -> None:
    with pytest.raises(BadInputError) as caught:
        _estimate(_raising, sample)
    said = str(caught.value)
    assert "\n" not in said
    assert said.startswith("my_rule raised ZeroDivisionError: ")
    assert "problem p, S = 3, V = 1, answers [" in said
    (note,) = caught.value.__notes__
    assert note.startswith("Traceback (most recent call last):")
    assert "in _raising" in note
    assert "own_rule.py" not in note.replace("test_own_rule_estimator.py", "")
    assert note.endswith("ZeroDivisionError: integer division or modulo by zero")
    with pytest.raises(BadInputError, match=r"my_rule raised ValueError: no three on .*S = 3, V"):
        _estimate(_raising_compiled, sample)


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (lambda a, s: a.size, r"returned 2 for .*S = 2, V = 1.*0 to 1\) or 2 finite weights"),
        (lambda a, s: -1, "returned -1"),
        (lambda a, s: 0.0, r"returned 0\.0"),
        (lambda a, s: None, "returned None"),
        (lambda a, s: "A", "returned A"),
        (lambda a, s: True, "returned True"),
        (lambda a, s: s[1:], r"returned an array of shape \(1,\)"),
        (lambda a, s: s * np.nan, r"returned an array of shape \(2,\)"),
        (lambda a, s: [list(s), list(s)], r"returned an array of shape \(2, 2\)"),
        (lambda a, s: s if a.size < 3 else s[:2], r"returned an array of shape \(2,\).*S = 3"),
        (batched(lambda a, s: s[0]), r"returned an array of shape"),
    ],
)
def test_nonsense_gets_a_sentence(returned, message: str, sample) -> None:
    with pytest.raises(BadInputError, match=message) as caught:
        _estimate(returned, sample)
    assert "\n" not in str(caught.value)


def test_a_rule_of_chance_is_refused(sample) -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(BadInputError, match=r"gave two results for one draw \(problem p, S = \d"):
        _estimate(lambda a, s: int(rng.integers(a.size)), sample)
    calls = iter(range(10**9))
    with pytest.raises(BadInputError, match="gave two results"):
        _estimate(lambda a, s: s * 0 + next(calls), sample)


def test_the_arrays_cannot_be_changed(sample) -> None:
    def changing(answers: Any, scores: Any) -> int:
        scores[0] = 1.0
        return 0

    with pytest.raises(BadInputError, match="raised ValueError: assignment destination is read-on"):
        _estimate(changing, sample)
    with pytest.raises(BadInputError, match="Numba cannot compile it"):
        _estimate(numba.njit(changing), sample)


def test_what_numba_returns_is_checked(sample) -> None:
    with pytest.raises(BadInputError, match="my_rule returns float64; return the position"):
        _estimate(numba.njit(lambda a, s: s[0]), sample)
    with pytest.raises(BadInputError, match="returned 7 for"):
        _estimate(numba.njit(lambda a, s: 7), sample)
    with pytest.raises(BadInputError, match="returned an array of shape"):
        _estimate(numba.njit(lambda a, s: s[1:].copy()), sample)


def test_no_function(sample) -> None:
    with pytest.raises(BadInputError, match="my_rule is int, not a function"):
        _estimate(3, sample)


def test_same_seed_same_bytes(sample) -> None:
    first, second = (_estimate(_best, sample, seed=3, tolerance=0.02) for _ in range(2))
    assert first.success.tobytes() == second.success.tobytes()
    assert first.variance.tobytes() == second.variance.tobytes()


HELPER = "FACTOR = 2\n"
RULES = "import helper_of_mine\n\ndef best(answers, scores):\n    return int(scores.argmax())\n"


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch):
    """A folder with a rule and a module beside it; both are forgotten afterwards."""
    (tmp_path / "rules_of_mine.py").write_text(RULES)
    (tmp_path / "helper_of_mine.py").write_text(HELPER)
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    yield tmp_path
    _forget()


def _forget() -> None:
    import sys

    for name in ("rules_of_mine", "helper_of_mine", "broken_of_mine"):
        sys.modules.pop(name, None)


def _digest(folder: Path) -> str:
    _forget()
    return digest_of(load_own("rules_of_mine:best", folder))


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("rules_of_mine.py", RULES.replace("argmax", "argmin")),
        ("rules_of_mine.py", RULES + "# a word more\n"),
        ("helper_of_mine.py", "FACTOR = 3\n"),
    ],
)
def test_one_character_changes_the_digest(file: str, text: str, own_folder: Path) -> None:
    before = _digest(own_folder)
    assert _digest(own_folder) == before
    (own_folder / file).write_text(text)
    assert _digest(own_folder) != before


def test_digest_of_code_without_a_file() -> None:
    def made(text: str, factor: int = 1, **names: Any) -> Any:
        scope: dict[str, Any] = dict(names)
        exec(text, scope)
        return scope["rule"]

    text = "def rule(answers, scores):\n    return scores * factor + 1\n"
    same, other = made(text, factor=2), made(text.replace("+ 1", "+ 2"), factor=2)
    assert digest_of(same) == digest_of(made(text, factor=2))
    assert digest_of(same) != digest_of(other)


def test_digest_of_globals_closures_defaults_and_objects() -> None:
    def closing(value: Any) -> Any:
        return lambda a, s: s * value

    assert digest_of(closing(1)) == digest_of(closing(1))
    assert digest_of(closing(1)) != digest_of(closing(2))
    assert digest_of(closing(np.ones(2))) != digest_of(closing(np.zeros(2)))

    class Rule:
        def __init__(self, share: float) -> None:
            self.share = share

        def __call__(self, answers: Any, scores: Any) -> Any:
            return scores >= self.share

    assert digest_of(Rule(0.5)) == digest_of(Rule(0.5))
    assert digest_of(Rule(0.5)) != digest_of(Rule(0.6))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rules_of_mine", "'rules_of_mine' is no module:name"),
        ("nowhere_of_mine:best", "there is no module nowhere_of_mine in "),
        ("rules_of_mine:worst", "has no worst"),
        ("broken_of_mine:best", "importing broken_of_mine failed: ZeroDivisionError"),
    ],
)
def test_what_cannot_be_loaded(text: str, message: str, own_folder: Path) -> None:
    (own_folder / "broken_of_mine.py").write_text("1 / 0\n")
    with pytest.raises(BadInputError, match=message) as caught:
        load_own(text, own_folder)
    assert "\n" not in str(caught.value)

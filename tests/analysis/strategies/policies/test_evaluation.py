"""Policies against playing through every order of solutions and verdicts."""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from svlaw.analysis.kernels.sample_lengths import SampleLengths
from svlaw.analysis.strategies.policies.evaluation import evaluate
from svlaw.analysis.strategies.policies.replays import Replayed
from svlaw.analysis.strategies.policies.usage import QUANTITIES

OPTIONS = [(unparsed, missing) for unparsed in ("ignore", "no") for missing in ("zero", "keep")]


def _lengths(problem: list[Any]) -> list[int]:
    return [100 * (j + 1) + j * j for j in range(len(problem))]


def _sample(problem: list[Any], problems: Any, name: str = "p") -> Any:
    tokens = np.array(_lengths(problem), float)
    verdicts = np.arange(sum(len(s.verdicts) for s in problem)) + 10.0
    return replace(
        problems.sample(problem, name), lengths=SampleLengths(tokens, tokens / 2, verdicts)
    )


def _evaluate(
    family: str,
    sample: Any,
    settings: list[Mapping[str, Any]],
    options: tuple[str, str] = ("ignore", "zero"),
    target: float = 1e-5,
    seed: int = 0,
) -> Replayed:
    return evaluate(
        family,
        sample,
        settings,
        count_unparsed=options[0] == "no",
        zero_missing=options[1] == "zero",
        target=target,
        limit=2**18,
        seed=seed,
    )


def _play(family: str, one: Mapping[str, Any], twin: Any) -> tuple[Any, int]:
    """The twin's policy at a setting, and the verdicts that a solution must have."""
    if family == "adaptive_vote":
        return twin.adaptive_vote(_is_decided(one), one["most"]), 0
    if family == "early_stopping":
        return twin.early_stopping(one["window"], one["most"]), 0
    V = one["verifications"]
    if family == "verify_distinct":
        return twin.verify_distinct(one["solutions"], V, one.get("by", "votes")), V
    if family == "verify_if_split":
        return twin.verify_if_split(one["solutions"], V, Fraction(str(one["agreement"]))), V
    if family == "accept_first":
        return twin.accept_first(Fraction(str(one["threshold"])), V, one["most"]), V
    return twin.halving(one["solutions"], V), V


def _is_decided(one: Mapping[str, Any]) -> Any:
    if "lead" in one:
        return lambda first, second: first - second >= one["lead"]

    def beta(first: int, second: int) -> bool:
        """The chance by integrating the density p^a (1 - p)^b, in whole numbers."""
        if first == second:
            return False

        def integral(low: Fraction) -> Fraction:
            total = Fraction(0)
            for k in range(second + 1):
                binomial = Fraction(1)
                for i in range(k):
                    binomial = binomial * (second - i) / (i + 1)
                power = first + k + 1
                total += (-1) ** k * binomial * (1 - low**power) / power
            return total

        return integral(Fraction(1, 2)) / integral(Fraction(0)) >= Fraction(str(one["threshold"]))

    return beta


VOTES = {
    "adaptive_vote": [
        *({"lead": k, "most": 6} for k in (1, 2, 3)),
        {"lead": 2, "most": 4},
        {"lead": 6, "most": 3},
        *({"threshold": t, "most": 9} for t in (0.6, 0.8, 0.9, 0.95)),
    ],
    "early_stopping": [{"window": w, "most": m} for w in (1, 2, 3) for m in (3, 4, 6, 8)],
}
VERIFIED = {
    "verify_distinct": [
        {"solutions": s, "verifications": v, "by": by}
        for s in (3, 1, 2, 5)
        for v in (1, 2)
        for by in ("votes", "score")
    ],
    "verify_if_split": [
        {"agreement": a, "solutions": s, "verifications": v}
        for a in (0.5, 0.6, 1.0)
        for s in (1, 2, 3, 4)
        for v in (1, 2)
    ],
    "accept_first": [
        {"threshold": t, "verifications": v, "most": m}
        for t in (0.25, 0.5, 1.0)
        for v in (1, 2)
        for m in (1, 2, 5)
    ],
    "halving": [{"solutions": s, "verifications": v} for s in (1, 2, 3, 4) for v in (1, 2)],
}


@pytest.mark.parametrize("family", VOTES)
def test_votes_equal_all_orders(family: str, problems, slow_policies) -> None:
    """Exact, for every quantity."""
    for problem in problems.many(5, 12, most_solutions=6):
        found = _evaluate(family, _sample(problem, problems), VOTES[family])
        for k, one in enumerate(VOTES[family]):
            play, _ = _play(family, one, slow_policies)
            exact = slow_policies.expect(problem, play, lengths=_lengths(problem))
            for name, value in exact.items():
                column = QUANTITIES.index(name)
                assert found.mean[k, column] == pytest.approx(float(value), abs=1e-12, rel=1e-12)
        assert (found.variance == 0).all()


@pytest.mark.parametrize("family", VOTES)
def test_replayed_votes_equal_all_orders(family: str, problems, slow_policies, monkeypatch) -> None:
    """Random orders, as larger problems have them: within 4 errors."""
    monkeypatch.setattr("svlaw.analysis.strategies.policies.evaluation._EXHAUSTIVE", 0)
    z = []
    for i, problem in enumerate(problems.many(6, 12, most_solutions=6)):
        found = _evaluate(family, _sample(problem, problems, f"p{i}"), VOTES[family])
        for k, one in enumerate(VOTES[family]):
            play, _ = _play(family, one, slow_policies)
            exact = slow_policies.expect(problem, play, lengths=_lengths(problem))
            z += _deviations(found, k, exact)
    assert max(map(abs, z)) < 4
    assert abs(np.mean(z)) < 0.5


OWN_VOTES = [
    *({"most": m} for m in (1, 2, 3, 6)),
    *({"lead": k, "most": m} for k in (1, 2) for m in (2, 6)),
]


@pytest.mark.parametrize("is_exhaustive", [True, False])
def test_a_vote_of_the_verifier_equals_all_orders(
    is_exhaustive: bool, problems, slow_policies, monkeypatch
) -> None:
    """Its answers are calls of the verifier: no solutions, one prompt, asked at once or in turn."""
    if not is_exhaustive:
        monkeypatch.setattr("svlaw.analysis.strategies.policies.evaluation._EXHAUSTIVE", 0)
    z = []
    for i, problem in enumerate(problems.many(13, 12, most_solutions=6)):
        own = _sample(problem, problems, f"p{i}")
        other = problems.many(14, 1, most_solutions=3)[0]
        sample = replace(_sample(other, problems, f"p{i}"), verifier_answers=own)
        found = _evaluate("verifier_vote", sample, OWN_VOTES)
        for k, one in enumerate(OWN_VOTES):
            lead = one.get("lead", 99)
            play = slow_policies.adaptive_vote(lambda a, b, k=lead: a - b >= k, one["most"])
            exact = dict(slow_policies.expect(problem, play, lengths=_lengths(problem)))
            exact["verifications"] = exact.pop("solutions")
            exact["verification_tokens"] = exact.pop("solution_tokens")
            exact |= {"solutions": Fraction(0), "solution_tokens": Fraction(0)}
            exact["prompts"] = Fraction(1)
            exact["prompt_tokens"] = Fraction(_sample(other, problems).lengths.prompts.mean())
            if "lead" not in one:
                exact["rounds"] = Fraction(1)
            z += _deviations(found, k, exact)
        assert not is_exhaustive or (found.variance == 0).all()
    assert bool(z) is not is_exhaustive
    assert max(map(abs, z), default=0) < 4


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("family", VERIFIED)
def test_verified_policies_equal_all_orders(
    family: str, options: tuple[str, str], problems, slow_policies
) -> None:
    """Ragged problems with ties, missing answers and unparsed verdicts: within 4 errors."""
    z = []
    many = problems.many(7, 14, most_solutions=4, most_verdicts=2)
    many += problems.many(8, 4, most_solutions=3, most_verdicts=3, binary=True)
    for i, problem in enumerate(many):
        sample = _sample(problem, problems, f"p{i}")
        fitting = [s for s in VERIFIED[family] if sample.n_verified(s["verifications"])]
        if not fitting:
            continue
        found = _evaluate(family, sample, fitting, options)
        for k, one in enumerate(fitting):
            play, depth = _play(family, one, slow_policies)
            exact = slow_policies.expect(
                problem,
                play,
                verifications=depth,
                unparsed=options[0],
                missing_answer=options[1],
                lengths=_lengths(problem),
            )
            z += _deviations(found, k, exact)
    assert len(z) > 50
    assert max(map(abs, z)) < 4
    assert abs(np.mean(z)) < 0.5


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("family", VERIFIED)
def test_shared_calls_equal_all_orders(
    family: str, options: tuple[str, str], problems, slow_policies
) -> None:
    """Calls are drawn for all solutions together, and used once."""
    z: list[float] = []
    rng = np.random.default_rng(11)
    for i in range(24):
        problem = problems.random_calls(rng, binary=bool(i % 2))
        sample = problems.sample_calls(problem, f"p{i}")
        fitting = [s for s in VERIFIED[family] if sample.n_verified(s["verifications"])]
        if not fitting or len(problem) > 4:
            continue
        found = _evaluate(family, sample, fitting, options)
        for k, one in enumerate(fitting):
            play, depth = _play(family, one, slow_policies)
            exact = slow_policies.expect(
                problem,
                play,
                verifications=depth,
                unparsed=options[0],
                missing_answer=options[1],
                lengths=[0] * len(problem),
                is_shared=True,
            )
            z += _deviations(found, k, exact)
    assert len(z) > 15
    assert max(map(abs, z)) < 4
    assert abs(np.mean(z)) < 0.5


def test_tokens_of_verdicts_and_calls(problems) -> None:
    """Every verdict of one length: tokens are counts times length, prompts once a solution."""
    problem = problems.many(12, 1, most_solutions=40, most_verdicts=3, ragged=False)[0] * 3
    sample = problems.sample(problem)
    lengths = SampleLengths(
        np.full(sample.n_solutions, 10.0),
        np.full(sample.n_solutions, 7.0),
        np.full(sample.scores.size, 3.0),
    )
    for family, settings in VERIFIED.items():
        fitting = [s for s in settings if sample.n_verified(s["verifications"])]
        used = dict(
            zip(
                QUANTITIES,
                _evaluate(family, replace(sample, lengths=lengths), fitting).mean.T,
                strict=True,
            )
        )
        np.testing.assert_allclose(used["solution_tokens"], 10 * used["solutions"])
        np.testing.assert_allclose(used["prompt_tokens"], 7 * used["prompts"])
        np.testing.assert_allclose(used["verification_tokens"], 3 * used["verifications"])
        assert used["verifications"].max() > 0


def _deviations(found: Replayed, k: int, exact: Mapping[str, Fraction]) -> list[float]:
    """Differences in Monte-Carlo errors; what never varies must be equal."""
    z = []
    for name, value in exact.items():
        column = QUANTITIES.index(name)
        difference = found.mean[k, column] - float(value)
        variance = found.variance[k, column]
        if variance > 0:
            z.append(difference / np.sqrt(variance))
        else:
            assert difference == pytest.approx(0, abs=1e-9)
    return z


def test_same_seed_same_result(problems) -> None:
    problem = problems.many(9, 1, most_solutions=30, ragged=False)[0] * 5
    sample = _sample(problem, problems)
    for family, settings in (VOTES | VERIFIED).items():
        fitting = [s for s in settings if sample.n_verified(s.get("verifications", 0))]
        one, two = (_evaluate(family, sample, fitting, seed=3) for _ in range(2))
        np.testing.assert_array_equal(one.mean, two.mean)
        other = _evaluate(family, sample, fitting, seed=4)
        assert not np.array_equal(one.mean, other.mean)


def test_largest_usage_is_the_limit(problems) -> None:
    """A vote that is never decided draws the limit."""
    problem = problems.many(10, 1, most_solutions=30)[0] * 4
    found = _evaluate("adaptive_vote", _sample(problem, problems), [{"lead": 9, "most": 9}])
    assert found.largest[0, QUANTITIES.index("solutions")] == 9

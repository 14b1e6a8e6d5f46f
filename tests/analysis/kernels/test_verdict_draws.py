"""Verdict draws: uniform, nested, the same in law however they are held, and by the policies."""

from collections import Counter
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import chisquare

from svlaw.analysis.kernels.problem_sample import NO_CLASS, SCORE_UNIT, UNPARSED, ProblemSample
from svlaw.analysis.kernels.random_streams import new_stream
from svlaw.analysis.kernels.verdict_draws import MEAN_UNIT, NO_SCORE, draw_scores, prepare_draws

HALF, ONE = SCORE_UNIT // 2, SCORE_UNIT


def sample_of(*verdicts: list[int], missing: tuple[int, ...] = ()) -> ProblemSample:
    n = len(verdicts)
    absent = np.isin(np.arange(n), missing)
    return ProblemSample(
        "p",
        np.where(absent, NO_CLASS, 0).astype(np.int32),
        np.ones(n, np.bool_),
        absent,
        np.cumsum([0, *map(len, verdicts)]),
        np.concatenate(verdicts).astype(np.int32),
    )


def prepare(sample, V, *, count_unparsed=False, zero_missing=True, ranked=False):
    return prepare_draws(
        sample,
        np.array(V),
        count_unparsed=count_unparsed,
        zero_missing=zero_missing,
        ranked=ranked,
    )


def drawn(draws, stream, times=1):
    values = draws.empty_values()
    for _ in range(times):
        draw_scores(draws, values.shape[1], stream, values)
        yield values.copy()


def test_verdict_subsets_are_uniform_and_nested() -> None:
    units = [0, 1, 2, 4]
    sample = sample_of([u * (ONE // 10) for u in units])
    draws = prepare(sample, range(1, 5))
    assert not draws.is_binary
    counts = [Counter(), Counter(), Counter()]
    for values in drawn(draws, new_stream(1, "verdicts"), 6000):
        totals = [10 * int(v) // ONE for v in values[0]]
        assert totals[3] == 7
        assert all(step in units for step in np.diff([0, *totals]))
        for counter, total in zip(counts, totals, strict=False):
            counter[total] += 1
    for v, counter in enumerate(counts, 1):
        assert set(counter) == {sum(c) for c in combinations(units, v)}
        assert chisquare(list(counter.values())).pvalue > 0.001
    assert sorted(sample.scores) == sorted(draws.scores)


def test_binary_draws_are_hypergeometric_and_nested() -> None:
    verdicts = [ONE, ONE, 0, 0, 0, UNPARSED]
    draws = prepare(sample_of(verdicts), [1, 3, 6])
    assert draws.is_binary
    assert draws.is_averaged
    counts, steps = Counter(), 4000
    for values in drawn(draws, new_stream(2, "binary"), steps):
        counts[tuple(int(v) for v in values[0])] += 1
    expected = Counter()
    for first in range(6):
        for rest in combinations([k for k in range(6) if k != first], 2):
            key = tuple(
                mean_of([verdicts[k] for k in chosen])
                for chosen in ([first], [first, *rest], range(6))
            )
            expected[key] += 1
    assert set(counts) == set(expected)
    keys = sorted(expected)
    wanted = np.array([expected[k] for k in keys]) / expected.total() * steps
    assert chisquare([counts[k] for k in keys], wanted).pvalue > 0.001


def mean_of(verdicts: list[int]) -> int:
    parsed = [v for v in verdicts if v != UNPARSED]
    mean = Fraction(sum(parsed), ONE * len(parsed)) if parsed else Fraction(0)
    return int(mean * MEAN_UNIT + Fraction(1, 2))


def test_scores_follow_the_policies() -> None:
    verdicts = ([HALF, UNPARSED], [HALF, HALF], [], [UNPARSED, UNPARSED])
    ignoring, counting = (
        next(
            drawn(prepare(sample_of(*verdicts, missing=(1,)), [2], count_unparsed=c), new_stream(0))
        )
        for c in (False, True)
    )
    assert ignoring[:, 0].tolist() == [MEAN_UNIT // 2, 0, NO_SCORE, 0]
    assert counting[:, 0].tolist() == [HALF, 0, NO_SCORE, 0]  # sums, as all verdicts are parsed
    keeping = prepare(sample_of(*verdicts, missing=(1,)), [2], zero_missing=False)
    assert next(drawn(keeping, new_stream(0)))[1, 0] == MEAN_UNIT // 2


@pytest.mark.parametrize("count_unparsed", [False, True])
def test_binary_scores_follow_the_policies(count_unparsed: bool) -> None:
    verdicts = ([ONE, UNPARSED], [ONE, ONE], [], [UNPARSED, UNPARSED], [0, 0], [ONE, ONE])
    sample = sample_of(*verdicts, missing=(1,))
    values = next(drawn(prepare(sample, [2], count_unparsed=count_unparsed), new_stream(0)))
    unit = 1 if count_unparsed else MEAN_UNIT
    half = 1 if count_unparsed else MEAN_UNIT
    assert values[:, 0].tolist() == [half, 0, NO_SCORE, 0, 0, 2 if count_unparsed else unit]


def test_ranks_order_as_means_do() -> None:
    verdicts = [
        [ONE] * y + [0] * n + [UNPARSED] * u
        for y in range(4)
        for n in range(4)
        for u in (0, 2)
        if y + n + u >= 5
    ]
    sample = sample_of(*verdicts)
    means = next(drawn(prepare(sample, [1, 5]), new_stream(3)))
    ranks = next(drawn(prepare(sample, [1, 5], ranked=True), new_stream(3)))
    levels = prepare(sample, [1, 5], ranked=True).levels
    assert 0 <= ranks.min() <= ranks.max() < levels
    for w in range(2):
        np.testing.assert_array_equal(
            means[:, w, None] < means[:, w], ranks[:, w, None] < ranks[:, w]
        )
        np.testing.assert_array_equal(
            means[:, w, None] == means[:, w], ranks[:, w, None] == ranks[:, w]
        )


def test_the_sample_is_left_alone() -> None:
    sample = sample_of([HALF, 0, ONE], [UNPARSED, 0, ONE], missing=(1,))
    before = sample.scores.copy()
    list(drawn(prepare(sample, [2], count_unparsed=True), new_stream(0), 5))
    np.testing.assert_array_equal(sample.scores, before)

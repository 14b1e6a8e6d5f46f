"""Adaptive precision, on outcomes whose variance is known."""

from collections.abc import Callable

import numpy as np
import pytest

from svlaw.analysis.success.replication import LEAST_REPLICATES, replicate

ALL = np.ones((1, 1), np.bool_)
ONCE = np.ones((1, 1), np.int64)
ONE_GROUP = np.array([0, 1])


class Source:
    """Outcomes of given means and spreads, one group of rows at a time.

    Counts what was asked since the sums began anew: the last count is that of the estimate, without
    its pilot.
    """

    def __init__(self, draw: Callable[[int], np.ndarray], starts: np.ndarray) -> None:
        self.draw, self.starts = draw, starts
        self.done, self.pilot = np.zeros(starts.size - 1, int), np.zeros(starts.size - 1, int)
        self.sums = None

    def add(self, active, n, sums, squares) -> None:
        assert n >= 1
        if sums is not self.sums:
            self.pilot += self.done
            self.done[:], self.sums = 0, sums
        assert active.any()
        self.done[active] += n
        found = self.draw(n)
        for h in np.flatnonzero(active):
            rows = slice(self.starts[h], self.starts[h + 1])
            sums[rows] += found[:, rows].sum(axis=0)
            squares[rows] += (found[:, rows] ** 2).sum(axis=0)


def normal(means, spreads, seed: int = 0) -> Callable[[int], np.ndarray]:
    rng = np.random.default_rng(seed)
    means, spreads = np.broadcast_arrays(np.asarray(means, float), np.asarray(spreads, float))
    return lambda n: means + spreads * rng.standard_normal((n, *means.shape))


def coin(chance: float, seed: int) -> Callable[[int], np.ndarray]:
    rng = np.random.default_rng(seed)
    return lambda n: (rng.random((n, 1, 1)) < chance).astype(float)


@pytest.mark.parametrize("target", [1e-2, 1e-4])
def test_reaches_the_target_and_goes_little_further(target: float) -> None:
    source = Source(normal([[0.3]], [[0.5]]), ONE_GROUP)
    mean, variance = replicate(source.add, (1, 1), ONE_GROUP, ALL, ONCE, target, 10**6)
    needed = 0.25 / target
    assert 0.5 * target < variance[0, 0] <= 1.5 * target
    assert 0.8 * needed < source.done[0] < 2 * needed
    assert source.pilot[0] < max(40, 0.2 * needed)
    assert variance[0, 0] == pytest.approx(0.25 / source.done[0], rel=0.4)
    assert abs(mean[0, 0] - 0.3) < 4 * np.sqrt(target)


def test_variance_is_that_of_the_mean() -> None:
    starts, shape = np.array([0, 1, 2]), (2, 2)
    spreads = np.array([[0.1, 0.4], [0.2, 0.3]])
    drawn, tries = np.ones(shape, np.bool_), np.ones(shape, np.int64)
    source = Source(normal(np.zeros(shape), spreads), starts)
    _, variance = replicate(source.add, shape, starts, drawn, tries, 1e-4, 10**6)
    np.testing.assert_allclose(variance, spreads**2 / source.done[:, None], rtol=0.2)


def test_the_means_are_those_of_all_replicates_but_the_pilot() -> None:
    seen = []

    def draw(n: int) -> np.ndarray:
        found = normal([[0.5]], [[0.2]], seed=len(seen))(n)
        seen.append(found)
        return found

    source = Source(draw, ONE_GROUP)
    mean, variance = replicate(source.add, (1, 1), ONE_GROUP, ALL, ONCE, 1e-4, 10**6)
    everything = np.concatenate(seen)
    assert everything.size == source.done[0] + source.pilot[0]
    outcomes = everything[source.pilot[0] :]
    assert mean[0, 0] == pytest.approx(outcomes.mean(), abs=1e-12)
    assert variance[0, 0] == pytest.approx(outcomes.var(ddof=1) / outcomes.size, rel=1e-9)


def test_groups_stop_separately() -> None:
    """Rows 0 and 1 are one group, the hard row 2 another."""
    starts, shape = np.array([0, 2, 3]), (3, 1)
    drawn, tries = np.ones(shape, np.bool_), np.ones(shape, np.int64)
    source = Source(normal([[0.1], [0.2], [0.3]], [[0.01], [0.02], [0.5]]), starts)
    _, variance = replicate(source.add, shape, starts, drawn, tries, 1e-4, 10**6)
    assert (variance <= 1e-4).all()
    assert source.done[0] <= 150
    assert source.pilot[0] < 30
    assert source.done[1] > 10 * source.done[0]


def test_the_worst_point_of_a_group_decides() -> None:
    starts, shape = np.array([0, 2]), (2, 2)
    drawn, tries = np.ones(shape, np.bool_), np.ones(shape, np.int64)
    source = Source(normal(np.zeros(shape), [[0.0, 0.01], [0.5, 0.01]]), starts)
    _, variance = replicate(source.add, shape, starts, drawn, tries, 1e-3, 10**6)
    assert variance.max() <= 1e-3
    assert 250 <= source.done[0] <= 500


@pytest.mark.parametrize(
    ("target", "limit"), [(1e-8, 1), (1e-8, 2), (1e-8, 16), (1e-8, 100), (1e-4, 150), (1e-4, 900)]
)
def test_the_limit_holds(target: float, limit: int) -> None:
    """Whatever the pilot asks for."""
    source = Source(normal([[0.3]], [[0.5]]), ONE_GROUP)
    mean, variance = replicate(source.add, (1, 1), ONE_GROUP, ALL, ONCE, target, limit)
    assert source.done[0] == limit
    assert np.isfinite(mean).all()
    assert variance[0, 0] > target


@pytest.mark.parametrize(("tries", "limit"), [(1, 40), (3, 40), (50, 16)])
def test_what_never_varied_has_the_floor(tries: int, limit: int) -> None:
    """At the limit the tries are known: replicates times the tries within each."""
    source = Source(lambda n: np.full((n, 1, 1), 0.7), ONE_GROUP)
    held = np.full((1, 1), tries)
    mean, variance = replicate(source.add, (1, 1), ONE_GROUP, ALL, held, 1e-12, limit)
    assert source.done[0] == limit
    assert mean[0, 0] == pytest.approx(0.7, abs=1e-15)
    assert variance[0, 0] == pytest.approx(1 / (limit * tries) ** 2, rel=1e-12)


@pytest.mark.parametrize("tries", [1, 4])
def test_what_never_varied_is_tried_until_the_floor_is_low_enough(tries: int) -> None:
    source = Source(lambda n: np.zeros((n, 1, 1)), ONE_GROUP)
    held = np.full((1, 1), tries)
    _, variance = replicate(source.add, (1, 1), ONE_GROUP, ALL, held, 1e-5, 10**6)
    least = int(np.ceil(1.05 / np.sqrt(1e-5) / tries))
    assert source.done[0] == least
    assert variance[0, 0] == pytest.approx(1 / (least * tries) ** 2)
    assert variance[0, 0] <= 1e-5


def test_never_fewer_than_a_variance_needs() -> None:
    source = Source(normal([[0.0]], [[1e-6]]), ONE_GROUP)
    replicate(source.add, (1, 1), ONE_GROUP, ALL, np.full((1, 1), 10**6), 0.1, 10**6)
    assert source.done[0] == LEAST_REPLICATES


def test_the_floor_never_lowers_a_variance() -> None:
    """One outlier in a hundred: its variance is near the floor, whichever is larger counts."""
    outcomes = np.zeros((100, 1, 1))
    outcomes[17] = 0.05
    source = Source(lambda n: outcomes[:n], ONE_GROUP)
    _, variance = replicate(source.add, (1, 1), ONE_GROUP, ALL, ONCE, 1e-12, 100)
    assert variance[0, 0] == pytest.approx(max(outcomes.var(ddof=1) / 100, 1e-4))
    source = Source(lambda n: outcomes[:n], ONE_GROUP)
    many = np.full((1, 1), 1000)
    _, variance = replicate(source.add, (1, 1), ONE_GROUP, ALL, many, 1e-12, 100)
    assert variance[0, 0] == pytest.approx(outcomes.var(ddof=1) / 100)


def test_points_that_are_not_drawn_are_exact() -> None:
    """One replicate gives them, and they ask for no more; of those beside them neither."""
    starts, shape = np.array([0, 1, 3]), (3, 1)
    drawn = np.array([[False], [True], [False]])
    tries = np.ones(shape, np.int64)
    source = Source(normal([[0.25], [0.5], [0.75]], [[0.0], [0.3], [0.0]]), starts)
    mean, variance = replicate(source.add, shape, starts, drawn, tries, 1e-3, 10**6)
    assert variance[[0, 2], 0].tolist() == [0, 0]
    assert mean[[0, 2], 0] == pytest.approx([0.25, 0.75], abs=1e-15)
    assert source.done[0] == 1
    assert source.done[1] > 50
    source = Source(normal([[0.25]], [[0.0]]), ONE_GROUP)
    replicate(source.add, (1, 1), ONE_GROUP, ~ALL, ONCE, 1e-3, 10**6)
    assert source.done[0] == 1


def test_tries_of_points_that_are_not_drawn_do_not_count() -> None:
    drawn, tries = np.array([[True, False]]), np.array([[20, 1]])
    source = Source(lambda n: np.zeros((n, 1, 2)), ONE_GROUP)
    _, variance = replicate(source.add, (1, 2), ONE_GROUP, drawn, tries, 1e-4, 10**6)
    assert source.done[0] == LEAST_REPLICATES
    assert variance[0] == pytest.approx([1 / (LEAST_REPLICATES * 20) ** 2, 0])


def test_rounding_of_equal_outcomes_is_no_variance() -> None:
    source = Source(lambda n: np.full((n, 1, 1), 1 / 3), ONE_GROUP)
    _, variance = replicate(source.add, (1, 1), ONE_GROUP, ALL, np.full((1, 1), 10**9), 1e-6, 10**6)
    assert variance[0, 0] <= 1e-20


def estimates(draw, target: float, seeds: int) -> tuple[np.ndarray, np.ndarray]:
    found, variances = [], []
    for seed in range(seeds):
        source = Source(draw(seed), ONE_GROUP)
        mean, variance = replicate(source.add, (1, 1), ONE_GROUP, ALL, ONCE, target, 10**6)
        found.append(mean[0, 0])
        variances.append(variance[0, 0])
    return np.array(found), np.array(variances)


@pytest.mark.parametrize(
    ("draw", "truth"),
    [
        (lambda seed: normal([[0.3]], [[0.3]], seed), 0.3),
        (lambda seed: coin(0.5, seed), 0.5),
        (lambda seed: coin(0.2, seed), 0.2),
    ],
)
def test_unbiased_over_seeds(draw, truth: float) -> None:
    """Stopping where the variance happens to look small must not pull the mean."""
    found, variances = estimates(draw, 2e-4, 1500)
    assert abs(found.mean() - truth) <= 4 * found.std() / np.sqrt(found.size)
    assert 0.85 < found.std() / np.sqrt(variances.mean()) < 1.15


@pytest.mark.parametrize("chance", [0.003, 0.03, 0.97])
def test_rare_outcomes_do_not_pull(chance: float) -> None:
    """Those that the pilot has not seen cost precision, but no bias."""
    found, _ = estimates(lambda seed: coin(chance, seed), 2e-4, 1500)
    assert abs(found.mean() - chance) <= 4 * found.std() / np.sqrt(found.size)


def test_a_mean_over_problems_of_rare_outcomes_is_within_its_error() -> None:
    """The pull is the same in every problem, so it does not average out as noise does."""
    found, variances = estimates(lambda seed: coin(0.02, seed), 1e-4, 400)
    error = np.sqrt(variances.sum()) / found.size
    assert abs(found.mean() - 0.02) <= 4 * error

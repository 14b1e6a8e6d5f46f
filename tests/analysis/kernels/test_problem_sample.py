"""One problem's arrays: counts, shares, some of its solutions, and its two halves."""

import numpy as np

from svlaw.analysis.kernels.problem_sample import NO_CLASS, dense_classes, in_half, subset


def test_counts_and_shares(problems, brute_force) -> None:
    solution = brute_force.Solution
    sample = problems.sample(
        [
            solution("A", True, False, (1, None)),
            solution("A", False, False, (1,)),
            solution("B", False),
            solution(None, True, True, (0, 0, 0)),
        ]
    )
    assert sample.n_solutions == 4
    assert sample.n_verdicts.tolist() == [2, 1, 0, 3]
    assert [sample.n_verified(v) for v in (1, 2, 3, 4)] == [3, 2, 1, 0]
    assert sample.shares.tolist() == [0.5, 0.0]


def test_some_of_the_solutions(problems) -> None:
    rng = np.random.default_rng(6)
    for problem in problems.many(5, 30, most_solutions=8):
        kept = rng.random(len(problem)) < 0.6
        found = subset(problems.sample(problem, "q"), kept)
        wanted = problems.sample([s for s, keep in zip(problem, kept, strict=True) if keep], "q")
        for name in ("problem_id", "classes", "correct", "missing", "offsets", "scores"):
            np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))


def test_halves_are_halves() -> None:
    for n in range(12):
        ids = np.arange(n) * 3 + 1
        rating, analysis = (in_half(half, "p", ids, 0) for half in ("rating", "analysis"))
        assert (rating ^ analysis).all()
        assert rating.sum() == n // 2
        assert in_half("all", "p", ids, 0).all()


def test_a_solution_stays_in_its_half_whatever_the_order_of_the_rows() -> None:
    rng = np.random.default_rng(1)
    ids = rng.choice(10**6, 101, replace=False).astype(np.int32)
    kept = set(ids[in_half("analysis", "p", ids, 0)].tolist())
    shuffled = rng.permutation(ids)
    assert set(shuffled[in_half("analysis", "p", shuffled, 0)].tolist()) == kept
    # A further solution moves at most one of the others.
    more = np.append(ids, np.int32(10**6))
    assert len(kept ^ set(more[in_half("analysis", "p", more, 0)].tolist())) <= 2


def test_halves_of_problems_and_seeds_have_nothing_to_do_with_each_other() -> None:
    """Of 2000 solutions the agreement of two splits is 1000, give or take 22."""
    ids = np.arange(2000)
    splits = [
        in_half("rating", name, ids, seed)
        for name, seed in (("p", 0), ("q", 0), ("p", 1), ("p1", 0), ("", 10))
    ]
    for i, one in enumerate(splits):
        assert 900 < (one == (ids % 2 == 0)).sum() < 1100
        assert 400 < one[:1000].sum() < 600
        for other in splits[:i]:
            assert 900 < (one == other).sum() < 1100


def test_the_halves_of_a_seed_stay_what_they_are() -> None:
    """Another split would change every figure by pass rate that anyone has reported."""
    split = in_half("rating", "HumanEval/0", np.arange(10), 0)
    assert np.flatnonzero(split).tolist() == [1, 2, 3, 4, 8]


def test_classes_are_renumbered_in_order() -> None:
    found = dense_classes(np.array([7, -1, 3, 7, 100, -5], np.int32))
    assert found.dtype == np.int32
    assert found.tolist() == [1, NO_CLASS, 0, 1, 2, NO_CLASS]
    assert dense_classes(np.array([-1, -1], np.int32)).tolist() == [NO_CLASS, NO_CLASS]

"""One problem's arrays: counts, shares, and the sample without its unverified solutions."""

import numpy as np

from svlaw.analysis.samples import NO_CLASS, dense_classes, verified_only


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


def test_without_unverified_solutions(problems) -> None:
    for problem in problems.many(5, 30, most_solutions=8):
        found = verified_only(problems.sample(problem, "q"))
        wanted = problems.sample([s for s in problem if s.verdicts], "q")
        for name in ("problem_id", "classes", "correct", "missing", "offsets", "scores"):
            np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))


def test_classes_are_renumbered_in_order() -> None:
    found = dense_classes(np.array([7, -1, 3, 7, 100, -5], np.int32))
    assert found.dtype == np.int32
    assert found.tolist() == [1, NO_CLASS, 0, 1, 2, NO_CLASS]
    assert dense_classes(np.array([-1, -1], np.int32)).tolist() == [NO_CLASS, NO_CLASS]

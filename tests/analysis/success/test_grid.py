"""The default grid, explicit grids, and the one set of problems behind both."""

import numpy as np
import pytest

from svlaw.analysis.kernels.problem_sample import ProblemSample
from svlaw.analysis.success.grid import Grid, choose_grid
from svlaw.analysis.success.sample_reader import load_samples
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.examples import open_example

ALL = ("coverage", "self_consistency", "best_of_n", "weighted_vote")


def holding(*verdicts: int) -> ProblemSample:
    """A problem whose solutions hold so many verdicts each."""
    n = len(verdicts)
    return ProblemSample(
        "p",
        np.zeros(n, np.int32),
        np.ones(n, np.bool_),
        np.zeros(n, np.bool_),
        np.cumsum([0, *verdicts]),
        np.zeros(sum(verdicts), np.int32),
    )


def axes(grid: Grid, strategy: str) -> tuple[list[int], list[int]]:
    S, V = grid.axes(strategy)
    return S.tolist(), V.tolist()


def test_default_is_the_largest_that_four_fifths_support() -> None:
    samples = [holding(*[8] * 16)] * 8 + [holding(*[4] * 6)] * 2
    grid = choose_grid(samples, ALL)
    assert axes(grid, "self_consistency") == ([1, 2, 4, 8, 16], [0])
    assert axes(grid, "best_of_n") == ([1, 2, 4, 8, 16], [1, 2, 4, 8])
    assert grid.problems.tolist() == [True] * 8 + [False] * 2
    below = [holding(*[8] * 16)] * 7 + [holding(*[4] * 6)] * 3
    grid = choose_grid(below, ALL)
    assert axes(grid, "self_consistency") == ([1, 2, 4], [0])
    assert axes(grid, "weighted_vote") == ([1, 2, 4], [1, 2, 4])
    assert grid.problems.all()


def test_solutions_come_before_verifications() -> None:
    """16 solutions have one verdict and only 4 have 32: S = 16, V = 1 wins over S = 4, V = 32."""
    samples = [holding(*[32] * 4, *[1] * 12)] * 5
    assert axes(choose_grid(samples, ALL), "best_of_n") == ([1, 2, 4, 8, 16], [1])
    grid = choose_grid(samples, ALL, solutions=[1, 4])
    assert axes(grid, "best_of_n") == ([1, 4], [1, 2, 4, 8, 16, 32])


def test_problems_too_small_for_the_baseline_do_not_support_verifications() -> None:
    """Nine of ten hold four solutions with eight verdicts, but two of those have no 16 in all."""
    samples = [holding(*[8] * 4, *[0] * 12)] * 7 + [holding(*[1] * 4, *[0] * 12)]
    samples += [holding(*[8] * 4)] * 2
    grid = choose_grid(samples, ALL)
    assert axes(grid, "self_consistency") == ([1, 2, 4, 8, 16], [0])
    assert axes(grid, "best_of_n") == ([1, 2, 4], [1])
    assert grid.problems.tolist() == [True] * 8 + [False] * 2


@pytest.mark.parametrize("seed", range(40))
def test_default_equals_its_rule(seed: int) -> None:
    rng = np.random.default_rng(seed)
    samples = [
        holding(*rng.integers(rng.integers(0, 3), 10, rng.integers(5, 40)))
        for _ in range(rng.integers(3, 20))
    ]
    grid = choose_grid(samples, ALL)

    def supported(enough, size: int) -> bool:
        return sum(enough(s.n_verdicts, size) for s in samples) >= 0.8 * len(samples)

    def largest(enough) -> int:
        return max(2**k for k in range(8) if supported(enough, 2**k))

    S = largest(lambda held, s: held.size >= s)
    S_v = largest(lambda held, s: held.size >= S and (held >= 1).sum() >= s)
    V = largest(lambda held, v: held.size >= S and (held >= v).sum() >= S_v)
    assert max(grid.axes("coverage")[0]) == S
    assert max(grid.axes("best_of_n")[0]) == S_v
    assert max(grid.axes("best_of_n")[1]) == V
    wanted = [s.n_solutions >= S and s.n_verified(V) >= S_v for s in samples]
    assert grid.problems.tolist() == wanted
    assert sum(wanted) >= 0.8 * len(wanted)


def test_problems_without_verdicts_do_not_count_once_too_many() -> None:
    samples = [holding(*[4] * 8)] * 5 + [holding(*[0] * 8)] * 5
    grid = choose_grid(samples, ALL)
    assert axes(grid, "best_of_n") == ([1, 2, 4, 8], [1, 2, 4])
    assert grid.problems.tolist() == [True] * 5 + [False] * 5


def test_all_strategies_share_their_problems() -> None:
    samples = [holding(*[4] * 8)] * 9 + [holding(*[1] * 8)]
    assert not choose_grid(samples, ALL).problems[-1]
    assert choose_grid(samples, ALL[:2]).problems.all()


def test_humaneval() -> None:
    samples = _load("humaneval_codegen16b")
    grid = choose_grid(samples, ALL)
    assert axes(grid, "self_consistency") == ([1, 2, 4, 8, 16, 32, 64], [0])
    assert axes(grid, "best_of_n") == ([1, 2, 4, 8, 16, 32, 64], [1, 2, 4, 8])
    assert axes(grid, "weighted_vote") == axes(grid, "best_of_n")
    assert grid.problems.sum() == 143
    assert (~grid.problems).sum() == 21


def test_exams() -> None:
    samples = _load("exams_gpt35_by_gpt4")
    grid = choose_grid(samples, ALL)
    powers = [1, 2, 4, 8, 16, 32, 64]
    assert axes(grid, "best_of_n") == (powers, powers)
    assert grid.problems.all()


def test_explicit_values_are_sorted_and_without_repetition() -> None:
    grid = choose_grid([holding(*[4] * 8)] * 3, ["best_of_n"], [7, 3, 3], [2, 1, 2])
    assert grid.points == tuple(("best_of_n", s, v) for v in (1, 2) for s in (3, 7))


def test_explicit_values_set_problems_aside() -> None:
    samples = [holding(*[4] * 8), holding(*[4] * 3), holding(*[1] * 8), holding()]
    grid = choose_grid(samples, ["self_consistency", "best_of_n"], [4], [2])
    assert grid.problems.tolist() == [True, False, False, False]
    assert choose_grid(samples, ["self_consistency"], [4]).problems.tolist() == [1, 0, 1, 0]


def test_a_point_nobody_supports_stays_and_sets_nobody_aside() -> None:
    samples = [holding(*[4] * 4, *[0] * 4)] * 3
    grid = choose_grid(samples, ["self_consistency", "best_of_n"], [2, 8], [4])
    assert ("best_of_n", 8, 4) in grid.points
    assert grid.problems.all()


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"solutions": [9]}, "S = 9 is larger than the pool holds (at most 8"),
        ({"solutions": [0]}, "S = 0"),
        ({"solutions": [4, -1]}, "S = -1"),
        ({"verifications": [5]}, "V = 5 is larger than the pool holds (at most 4"),
        ({"verifications": [0]}, "V = 0"),
    ],
)
def test_values_that_cannot_be_used(kwargs, message: str) -> None:
    with pytest.raises(BadInputError) as error:
        choose_grid([holding(*[4] * 8), holding(*[2] * 5)], ALL, **kwargs)
    assert message in str(error.value)


def test_s_is_limited_by_the_verified_solutions() -> None:
    with pytest.raises(BadInputError, match="at most 3"):
        choose_grid([holding(4, 4, 4, 0, 0)], ["best_of_n"], [4])


def test_no_problem_supports_everything() -> None:
    samples = [holding(*[1] * 8), holding(4, 4)]
    with pytest.raises(BadInputError, match="no problem holds enough for the whole grid"):
        choose_grid(samples, ["best_of_n"], [1, 8], [1, 4])


def test_all_is_every_value_up_to_what_four_fifths_support() -> None:
    samples = [holding(*[7] * 13)] * 8 + [holding(*[3] * 6)] * 2
    grid = choose_grid(samples, ALL, "all", "all")
    assert axes(grid, "self_consistency") == ([*range(1, 14)], [0])
    assert axes(grid, "best_of_n") == ([*range(1, 14)], [*range(1, 8)])
    assert axes(grid, "weighted_vote") == axes(grid, "best_of_n")
    assert grid.problems.tolist() == [True] * 8 + [False] * 2
    grid = choose_grid(samples[1:], ALL, "all", "all")
    assert axes(grid, "coverage") == ([*range(1, 7)], [0])
    assert axes(grid, "best_of_n") == ([*range(1, 7)], [*range(1, 4)])
    assert grid.problems.all()


@pytest.mark.parametrize("most", [1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33])
def test_all_reaches_the_largest(most: int) -> None:
    grid = choose_grid([holding(*[most] * most)] * 2, ALL, "all", "all")
    assert axes(grid, "best_of_n") == ([*range(1, most + 1)], [*range(1, most + 1)])
    powers = [2**k for k in range(most.bit_length())]
    assert axes(choose_grid([holding(*[most] * most)] * 2, ALL), "best_of_n") == (powers, powers)


def test_all_of_one_axis_and_powers_of_the_other() -> None:
    samples = [holding(*[6] * 11)] * 3
    assert axes(choose_grid(samples, ALL, "all"), "best_of_n") == ([*range(1, 12)], [1, 2, 4])
    grid = choose_grid(samples, ALL, None, "all")
    assert axes(grid, "best_of_n") == ([1, 2, 4, 8], [*range(1, 7)])
    assert axes(grid, "coverage") == ([1, 2, 4, 8], [0])


def test_all_of_one_axis_and_given_values_of_the_other() -> None:
    """Two of the five solutions have six verdicts: with S = 2 given V goes up to six."""
    samples = [holding(6, 6, 3, 3, 1)] * 4
    grid = choose_grid(samples, ALL, [2], "all")
    assert axes(grid, "best_of_n") == ([2], [*range(1, 7)])
    assert axes(choose_grid(samples, ALL, [3, 4], "all"), "best_of_n") == ([3, 4], [1, 2, 3])
    grid = choose_grid(samples, ALL, "all", [2])
    assert axes(grid, "best_of_n") == ([1, 2, 3, 4], [2])
    assert axes(grid, "self_consistency") == ([1, 2, 3, 4, 5], [0])
    assert axes(choose_grid(samples, ALL, "all", [5, 1]), "best_of_n") == ([1, 2], [1, 5])


@pytest.mark.parametrize("seed", range(20))
def test_all_equals_its_rule(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    samples = [
        holding(*rng.integers(rng.integers(0, 3), 10, rng.integers(5, 40)))
        for _ in range(rng.integers(3, 20))
    ]
    grid = choose_grid(samples, ALL, "all", "all")

    def largest(enough) -> int:
        return max(
            size
            for size in range(1, 41)
            if sum(enough(s.n_verdicts, size) for s in samples) >= 0.8 * len(samples)
        )

    S = largest(lambda held, s: held.size >= s)
    S_v = largest(lambda held, s: held.size >= S and (held >= 1).sum() >= s)
    V = largest(lambda held, v: held.size >= S and (held >= v).sum() >= S_v)
    assert axes(grid, "coverage") == ([*range(1, S + 1)], [0])
    assert axes(grid, "best_of_n") == ([*range(1, S_v + 1)], [*range(1, V + 1)])


@pytest.mark.parametrize("word", ["ALL", "every", "", "1,2"])
@pytest.mark.parametrize("axis", ["solutions", "verifications"])
def test_other_words_are_refused(axis: str, word: str) -> None:
    with pytest.raises(BadInputError, match="use whole numbers, 'fine' or 'all'"):
        choose_grid([holding(2, 2)], ALL, **{axis: word})


@pytest.mark.parametrize("strategies", [["best_of_m"], ["coverage", "x"], []])
def test_unknown_strategies(strategies: list[str]) -> None:
    with pytest.raises(BadInputError, match="unknown strategy"):
        choose_grid([holding(1)], strategies)


def test_nothing_to_analyse() -> None:
    with pytest.raises(NotInPoolError, match="no problem has a solution"):
        choose_grid([holding(), holding()], ["coverage"])
    with pytest.raises(NotInPoolError, match="best_of_n needs verdicts"):
        choose_grid([holding(0, 0)], ["coverage", "best_of_n"])


def _load(name: str) -> list[ProblemSample]:
    pool = open_example(name)
    return load_samples(pool, pool.resolve_verifier())


def test_fine_grid_holds_eight_values_per_doubling_and_both_ends() -> None:
    holder = holding(*[100] * 300)
    grid = choose_grid([holder] * 3, ["best_of_n"], "fine", "fine")
    S, V = grid.axes("best_of_n")
    assert S[:9].tolist() == list(range(1, 10))
    assert (S[-1], V[-1]) == (300, 100)
    ratios = S[S > 16][1:] / S[S > 16][:-1]
    assert ratios.max() <= 2 ** (1 / 8) * 1.05
    assert 40 <= S.size <= 66

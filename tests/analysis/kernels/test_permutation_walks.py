"""Walks: which values of S share one, and how many disjoint subsets it gives each."""

from itertools import pairwise

import numpy as np
import pytest

from svlaw.analysis.kernels.permutation_walks import Walks, share_walks

GRIDS = [
    [1],
    [5],
    [1, 2, 4, 8, 16, 32, 64],
    list(range(1, 40)),
    [3, 4, 7, 8, 9, 100, 127, 128, 255],
]


def groups(walks: Walks) -> list[list[int]]:
    return [walks.solutions[a:b].tolist() for a, b in pairwise(walks.starts)]


@pytest.mark.parametrize("values", GRIDS)
def test_a_group_is_all_values_of_one_bit_length(values: list[int]) -> None:
    walks = share_walks(np.array(values))
    assert walks.starts.dtype == np.int64
    assert [s for group in groups(walks) for s in group] == values
    lengths = [{s.bit_length() for s in group} for group in groups(walks)]
    assert all(len(found) == 1 for found in lengths)
    assert len(set.union(*lengths)) == len(lengths)
    assert all(group[-1] < 2 * group[0] for group in groups(walks))


def test_one_solution_walks_alone() -> None:
    assert groups(share_walks(np.arange(1, 8))) == [[1], [2, 3], [4, 5, 6, 7]]


def test_no_values_no_groups() -> None:
    walks = share_walks(np.empty(0, np.int64))
    assert groups(walks) == []
    assert walks.subsets(3).tolist() == []


@pytest.mark.parametrize("values", GRIDS)
@pytest.mark.parametrize("held", [0, 1, 2, 3, 6, 7, 8, 39, 100, 254, 255, 1000])
def test_subsets_are_those_of_the_largest_of_the_group_that_fits(
    values: list[int], held: int
) -> None:
    walks = share_walks(np.array(values))
    wanted = []
    for group in groups(walks):
        fitting = [s for s in group if s <= held]
        wanted += [held // max(fitting) if s <= held else 0 for s in group]
    assert walks.subsets(held).tolist() == wanted


@pytest.mark.parametrize("held", [1, 2, 3, 10, 63, 64, 65, 100])
def test_every_value_uses_at_least_half_of_its_disjoint_subsets(held: int) -> None:
    """Half, rounded down: of 100 solutions 63 fits once, so of the three subsets of 32 one is."""
    S = np.arange(1, 101)
    subsets = share_walks(S).subsets(held)
    assert (subsets * S <= held).all()
    assert (subsets >= held // S // 2).all()
    assert ((subsets > 0) == (held >= S)).all()

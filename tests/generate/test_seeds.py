from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from svlaw.generate.seeds import MOST_SAMPLES, first_seed


def test_seeds_are_the_same_for_ever() -> None:
    assert first_seed(0, "p") == 314695158206562304
    assert first_seed(1, "p") == 3866222132399702016
    assert first_seed(0, "p", 0) == 1303012326264274944
    assert first_seed(0, "p", 10) == 2447289215081250816
    assert first_seed(2**40, "aime/2024 é", 3) == 108067091030999040


def test_every_prompt_has_seeds_of_its_own_far_apart() -> None:
    solutions = [first_seed(0, f"problem {p}") for p in range(500)]
    verifications = [first_seed(0, f"problem {p}", s) for p in range(500) for s in range(40)]
    other_run = [first_seed(1, f"problem {p}") for p in range(500)]
    starts = sorted([*solutions, *verifications, *other_run])
    assert min(b - a for a, b in pairwise(starts)) >= MOST_SAMPLES


def test_seeds_fill_their_range() -> None:
    starts = [first_seed(0, f"problem {p}") for p in range(2_000)]
    assert max(starts) + MOST_SAMPLES <= 2**62
    # every one of 64 parts of the range has some, as it does with probability 1 - 64 exp(-31)
    assert {start >> 56 for start in starts} == set(range(64))


@given(st.integers(0, 2**63), st.text(), st.integers(0, 2**31 - 1))
def test_a_seed_is_a_multiple_of_the_most_samples(seed: int, problem: str, number: int) -> None:
    for start in (first_seed(seed, problem), first_seed(seed, problem, number)):
        assert start % MOST_SAMPLES == 0
        assert 0 <= start < 2**62

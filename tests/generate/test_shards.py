import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from svlaw.data.errors import BadInputError
from svlaw.generate.shards import Shard, read_shard


@given(st.text(), st.integers(1, 12))
def test_a_problem_is_in_exactly_one_shard(problem: str, count: int) -> None:
    assert sum(Shard(i, count).holds(problem) for i in range(1, count + 1)) == 1


def test_shards_are_about_equal() -> None:
    sizes = [sum(Shard(i, 4).holds(f"p{n}") for n in range(4_000)) for i in range(1, 5)]
    # chi-square with 3 degrees of freedom is below 16.3 with probability 0.999
    assert sum((size - 1_000) ** 2 / 1_000 for size in sizes) < 16.3


def test_a_problem_stays_in_its_shard_for_ever() -> None:
    problems = [f"p{n}" for n in range(12)]
    assert [p for p in problems if Shard(1, 3).holds(p)] == ["p0", "p5", "p7", "p8", "p9"]


@pytest.mark.parametrize(
    ("text", "shard"),
    [(None, Shard(1, 1)), ("1/1", Shard(1, 1)), ("2/3", Shard(2, 3)), (" 3/3 ", Shard(3, 3))],
)
def test_a_shard_is_written_i_of_n(text: str | None, shard: Shard) -> None:
    assert read_shard(text) == shard


@pytest.mark.parametrize("text", ["", "1", "1/", "/2", "-1/2", "1/2/3", "a/b", "1.0/2", "1 / 2"])
def test_another_form_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match=f"--shard {text}: write i/n, such as 1/4"):
        read_shard(text)


@pytest.mark.parametrize("text", ["0/2", "3/2"])
def test_a_shard_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match=rf"--shard {text}: use 1/2 to 2/2"):
        read_shard(text)


def test_no_shards_at_all() -> None:
    with pytest.raises(BadInputError, match="--shard 1/0: n is at least 1"):
        read_shard("1/0")


def test_shards_together_are_the_whole(study, make_study) -> None:
    study.set_problems(11)
    study.solutions()
    study.verifications("verifications.solutions_per_problem=3")
    parts = make_study("parts")
    parts.set_problems(11)
    totals = []
    for i in (3, 1, 2):
        generation = parts.solutions(shard=f"{i}/3")
        totals.append(generation.total)
        assert generation.generated == generation.total
        mine = [p for p in study.rows("problems")["problem_id"] if Shard(i, 3).holds(p)]
        assert set(parts.rows()["problem_id"]) >= set(mine)
        parts.verifications("verifications.solutions_per_problem=3", shard=f"{i}/3")
    assert sum(totals) == 11 * 8
    assert parts.rows().equals(study.rows())
    wanted = study.rows("verifications", "verifier")
    assert parts.rows("verifications", "verifier").equals(wanted)
    assert parts.rows("problems").equals(study.rows("problems"))


def test_a_shard_leaves_the_problems_of_others(study) -> None:
    study.set_problems(11)
    study.solutions(shard="2/3")
    sampled = study.rows()["problem_id"].unique().sort()
    mine = [p for p in study.rows("problems")["problem_id"] if Shard(2, 3).holds(p)]
    assert 0 < len(mine) < 11
    assert sampled.equals(pl.Series("problem_id", mine))


def test_a_shard_without_problems_has_nothing_to_do(study) -> None:
    study.set_problems(1)
    empty = next(i for i in range(1, 5) if not Shard(i, 4).holds("p000"))
    generation = study.solutions(shard=f"{empty}/4")
    assert (generation.total, generation.generated) == (0, 0)
    assert study.engine is None

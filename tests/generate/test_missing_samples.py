"""What a pool lacks, against a twin that counts with sets."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_writer import append, create_pool
from svlaw.generate.missing_samples import Held, Parent, Span, held_samples, make_plan

Numbers = Mapping[Parent, set[int]]
Job = frozenset[tuple[Parent, int]]


def hold(numbers: Numbers) -> Held:
    """Holdings as `held_samples` tells them."""
    whole = {p: len(held) for p, held in numbers.items() if held == set(range(len(held)))}
    others = {p: np.array(sorted(held), np.int32) for p, held in numbers.items() if p not in whole}
    return Held(whole, others)


def content(spans: Sequence[Span]) -> Job:
    """Which samples a job brings."""
    return frozenset((s.parent, n) for s in spans for n in range(s.first, s.first + s.samples))


def twin(
    families: Sequence[Sequence[Parent]], samples: int, batch_rows: int, numbers: Numbers
) -> list[Job]:
    """Jobs by the rule: cut everything first, then take out what is held."""
    chunk = min(samples, batch_rows)
    together = max(1, batch_rows // chunk)
    jobs = []
    for start in range(0, samples, chunk):
        for family in families:
            for first in range(0, len(family), together):
                wanted = {
                    (parent, n)
                    for parent in family[first : first + together]
                    for n in range(start, min(start + chunk, samples))
                }
                held = {(parent, n) for parent, ns in numbers.items() for n in ns}
                if wanted - held:
                    jobs.append(frozenset(wanted - held))
    return jobs


sizes = st.lists(st.integers(0, 5), min_size=1, max_size=4)


@st.composite
def works(draw: st.DrawFn) -> tuple[list[list[Parent]], int, int, Numbers]:
    """Families of parents, samples, rows of a batch, and ragged holdings with gaps."""
    families: list[list[Parent]] = [
        [(f"p{problem}", solution) for solution in range(size)]
        for problem, size in enumerate(draw(sizes))
    ]
    samples, batch_rows = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    numbers = {
        parent: draw(st.sets(st.integers(0, 14), max_size=12))
        for family in families
        for parent in family
        if draw(st.booleans())
    }
    return families, samples, batch_rows, numbers


@given(works())
def test_jobs_bring_exactly_what_is_missing(work: tuple) -> None:
    families, samples, batch_rows, numbers = work
    plan = make_plan(families, samples, hold(numbers), batch_rows)
    jobs = [content(spans) for spans in plan.jobs()]
    assert jobs == twin(families, samples, batch_rows, numbers)
    wanted = {(p, n) for family in families for p in family for n in range(samples)}
    missing = {(p, n) for p, n in wanted if n not in numbers.get(p, ())}
    assert sum(map(len, jobs)) == plan.missing() == len(missing)
    assert set().union(*jobs) == missing
    assert plan.total == len(wanted)


@given(works())
def test_jobs_are_small_and_of_one_family(work: tuple) -> None:
    families, samples, batch_rows, numbers = work
    for spans in make_plan(families, samples, hold(numbers), batch_rows).jobs():
        assert 1 <= len(content(spans)) <= batch_rows
        assert len({span.parent[0] for span in spans}) == 1
        parents = [span.parent for span in spans]
        assert parents == sorted(parents)


@given(works(), st.randoms())
def test_what_is_in_a_job_does_not_depend_on_which_are_done(work: tuple, random) -> None:
    families, samples, batch_rows, _ = work
    jobs = list(make_plan(families, samples, Held({}, {}), batch_rows).jobs())
    done = [random.random() < 0.5 for _ in jobs]
    numbers: dict[Parent, set[int]] = {}
    for spans, is_done in zip(jobs, done, strict=True):
        for parent, number in content(spans) if is_done else ():
            numbers.setdefault(parent, set()).add(number)
    rest = list(make_plan(families, samples, hold(numbers), batch_rows).jobs())
    assert rest == [spans for spans, is_done in zip(jobs, done, strict=True) if not is_done]


def test_all_parents_get_their_first_samples_before_any_gets_more() -> None:
    plan = make_plan([[("a",), ("b",)]], 5, Held({}, {}), 2)
    assert list(plan.jobs()) == [
        [Span(("a",), 0, 2)],
        [Span(("b",), 0, 2)],
        [Span(("a",), 2, 2)],
        [Span(("b",), 2, 2)],
        [Span(("a",), 4, 1)],
        [Span(("b",), 4, 1)],
    ]


def test_few_samples_of_several_parents_are_drawn_together_but_not_across_families() -> None:
    families: list[list[Parent]] = [[("a", 0), ("a", 1), ("a", 2)], [("b", 0)]]
    plan = make_plan(families, 3, Held({("a", 0): 3}, {}), 7)
    assert list(plan.jobs()) == [
        [Span(("a", 1), 0, 3)],
        [Span(("a", 2), 0, 3)],
        [Span(("b", 0), 0, 3)],
    ]
    assert plan.groups == [[("a", 0), ("a", 1)], [("a", 2)], [("b", 0)]]


def test_more_samples_extend_what_is_there() -> None:
    plan = make_plan([[("a",), ("b",)]], 20, Held({("a",): 8, ("b",): 20}, {}), 64)
    assert list(plan.jobs()) == [[Span(("a",), 8, 12)]]
    assert plan.missing() == 12
    assert plan.total == 40


def test_fewer_samples_than_there_are_leave_them() -> None:
    assert list(make_plan([[("a",)]], 3, Held({("a",): 8}, {})).jobs()) == []


def test_no_parents_no_work() -> None:
    plan = make_plan([[], []], 3, Held({}, {}))
    assert (plan.total, plan.missing(), list(plan.jobs())) == (0, 0, [])


KEYS = {"problem_id": pl.String, "solution_id": pl.Int32, "verification_id": pl.Int32}


@pytest.fixture
def holding(tmp_path: Path) -> Pool:
    """A pool of solutions and verifications, with gaps, spread over parts."""
    with create_pool(tmp_path / "pool", {}) as writer:
        writer.add("problems", pl.DataFrame({"problem_id": list("abcd")}))
        writer.add("solutions", _frame({("a",): {0, 1, 2}, ("b",): {1, 2}, ("c",): {0, 5, 6}}))
        numbers = {("a", 0): {0, 1}, ("a", 1): {3}, ("b", 0): {0}}
        writer.add("verifications", _frame(numbers), verifier="v")
    pool = open_pool(tmp_path / "pool")
    append(pool, "solutions", _frame({("a",): {3}, ("c",): {2}}))
    append(pool, "verifications", _frame({("a", 1): {0, 1, 2}}), verifier="v")
    append(pool, "verifications", _frame({("a", 1): {9}}), verifier="w")
    return open_pool(tmp_path / "pool")


def _frame(numbers: Numbers) -> pl.DataFrame:
    rows = [(*parent, n) for parent, held in numbers.items() for n in sorted(held)]
    return pl.DataFrame(rows, dict(list(KEYS.items())[: len(rows[0])]), orient="row")


def test_holdings_of_a_pool(holding: Pool) -> None:
    held = held_samples(holding, "solutions")
    assert held.counts == {("a",): 4}
    assert {p: list(n) for p, n in held.others.items()} == {("b",): [1, 2], ("c",): [0, 2, 5, 6]}
    assert held.missing(("a",), 0, 6) == [(4, 2)]
    assert held.missing(("b",), 0, 4) == [(0, 1), (3, 1)]
    assert held.missing(("c",), 0, 8) == [(1, 1), (3, 2), (7, 1)]
    assert held.missing(("c",), 5, 7) == []
    assert held.missing(("d",), 2, 4) == [(2, 2)]


def test_holdings_of_a_verifier_are_its_own(holding: Pool) -> None:
    assert held_samples(holding, "verifications", "v") == Held(
        {("a", 0): 2, ("a", 1): 4, ("b", 0): 1}, {}
    )
    other = held_samples(holding, "verifications", "w")
    assert (other.counts, list(other.others[("a", 1)])) == ({}, [9])
    assert held_samples(holding, "verifications", "x") == Held({}, {})

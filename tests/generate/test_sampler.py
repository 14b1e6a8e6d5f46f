"""The sampler on an engine that answers at once: what is asked, what is stored, what ends it."""

import queue
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from svlaw.data.errors import SvlawError
from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_writer import create_pool
from svlaw.data.verdicts.readings import parse_verdict
from svlaw.generate.engines.protocol import Batch, Model, Outcome, Sampling
from svlaw.generate.missing_samples import Parent, Span
from svlaw.generate.parts import PartWriter
from svlaw.generate.sampler import NOTHING_TO_VERIFY, Job, Tally, sample_jobs
from svlaw.generate.seeds import first_seed

SEED = 3


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    """A pool that has just been begun."""
    with create_pool(tmp_path / "pool", {}) as writer:
        writer.add("problems", pl.DataFrame({"problem_id": ["a", "b"]}))
    return open_pool(tmp_path / "pool", unfinished=True)


class Sampler:
    """Samples jobs into a pool with an engine."""

    def __init__(self, pool: Pool, instant: ModuleType, logprobs: int = 5) -> None:
        self.pool = pool
        self.sampling = Sampling(logprobs=logprobs)
        self.instant = instant
        self.tallies: list[tuple[int, int, int]] = []

    def engine(self, **options: Any) -> Any:
        return self.instant.InstantEngine(Model("m"), self.sampling, **options)

    def run(
        self, engine: Any, jobs: Iterable[Job], table: str = "solutions", part_rows: int = 1000
    ) -> Tally:
        verifier = "v" if table == "verifications" else None
        writer = PartWriter(self.pool, table, verifier, "instant", part_rows, 60.0)
        tally = Tally(100)

        def note(tally: Tally) -> None:
            self.tallies.append((tally.done, tally.output_tokens, tally.failures.total()))

        sample_jobs(engine, jobs, writer, tally, seed=SEED, advance=note)
        return tally

    def rows(self, table: str = "solutions") -> list[dict[str, Any]]:
        verifier = "v" if table == "verifications" else None
        if not self.pool.has(table, verifier):
            return []
        frame = self.pool.scan(table, verifier).collect()
        return frame.sort(frame.columns[: len(_key(table))]).to_dicts()


def _key(table: str) -> tuple[str, ...]:
    return ("problem_id", "solution_id", "verification_id")[: 2 + (table == "verifications")]


@pytest.fixture
def sampler(pool: Pool, instant: ModuleType) -> Sampler:
    """A sampler on a pool that has just been begun."""
    return Sampler(pool, instant)


def job(*spans: tuple[Parent, int, int], prompts: Sequence[str | None] | None = None) -> Job:
    made = [Span(*span) for span in spans]
    return Job(made, [f"prompt of {span.parent}" for span in made] if prompts is None else prompts)


def test_a_row_has_all_there_is_to_know(sampler: Sampler, instant: ModuleType) -> None:
    tally = sampler.run(sampler.engine(), [job((("a",), 2, 3))])
    start = first_seed(SEED, "a")
    assert sampler.rows() == [
        {
            "problem_id": "a",
            "solution_id": n,
            "text": instant.text_of("prompt of ('a',)", start + n),
            "prompt_tokens": len("prompt of ('a',)"),
            "output_tokens": instant.text_of("prompt of ('a',)", start + n).count(" ") + 1,
            "finish_reason": instant.finish_of(start + n),
            "seed": start + n,
        }
        for n in (2, 3, 4)
    ]
    assert tally.done == 3
    assert tally.output_tokens == sum(row["output_tokens"] for row in sampler.rows())
    assert not tally.failures


def test_verdict_probabilities_are_read_at_the_verdict(
    sampler: Sampler, instant: ModuleType
) -> None:
    sampler.run(sampler.engine(), [job((("a", 4), 0, 40))], "verifications")
    rows = sampler.rows("verifications")
    assert [row["verification_id"] for row in rows] == list(range(40))
    verdicts = {parse_verdict(row["text"]) for row in rows}
    assert verdicts == {"yes", "no", None}
    for row in rows:
        share = (row["seed"] % 97 + 1) / 100
        verdict = parse_verdict(row["text"])
        if verdict is None:
            assert (row["p_yes"], row["p_no"]) == (None, None)
            continue
        # log-probabilities of " Yes" and " No", the token itself among them, as the engine says
        assert row["p_yes"] == pytest.approx(2.718281828459045**-share)
        assert row["p_no"] == pytest.approx(2.718281828459045 ** (-2 * share))


def test_without_log_probabilities_there_are_no_verdict_probabilities(
    pool: Pool, instant: ModuleType
) -> None:
    sampler = Sampler(pool, instant, logprobs=0)
    sampler.run(sampler.engine(), [job((("a", 4), 0, 40))], "verifications")
    assert {(row["p_yes"], row["p_no"]) for row in sampler.rows("verifications")} == {(None, None)}


@settings(max_examples=20)
@given(
    cuts=st.lists(st.lists(st.integers(1, 4), min_size=1, max_size=4), min_size=1, max_size=6),
    in_flight=st.integers(1, 5),
    part_rows=st.integers(1, 20),
)
def test_rows_are_the_same_however_jobs_are_cut_and_in_whatever_order_they_are_done(
    cuts: list[list[int]],
    in_flight: int,
    part_rows: int,
    instant: ModuleType,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("cut") / "pool"
    with create_pool(path, {}) as writer:
        writer.add("problems", pl.DataFrame({"problem_id": ["a"]}))
    sampler = Sampler(open_pool(path, unfinished=True), instant)
    jobs, first = [], 0
    for cut in cuts:
        spans = []
        for samples in cut:
            spans.append((("a",), first, samples))
            first += samples
        jobs.append(job(*spans))
    engine = sampler.engine(in_flight=in_flight)
    tally = sampler.run(engine, jobs, part_rows=part_rows)
    start = first_seed(SEED, "a")
    assert [(r["solution_id"], r["seed"], r["text"]) for r in sampler.rows()] == [
        (n, start + n, instant.text_of("prompt of ('a',)", start + n)) for n in range(first)
    ]
    assert tally.done == first
    assert sampler.tallies[-1][0] == first


def test_what_there_is_nothing_to_ask_about_gets_rows_of_its_own(sampler: Sampler) -> None:
    spans = [(("a", n), 0, 2) for n in range(3)]
    jobs = [
        job(*spans[:1], prompts=[None]),
        job(*spans[1:], prompts=["something", None]),
        job((("b", 0), 1, 1), prompts=[None]),
    ]
    tally = sampler.run(sampler.engine(), jobs, "verifications")
    rows = sampler.rows("verifications")
    keys = [("a", n, v) for n in range(3) for v in range(2)] + [("b", 0, 1)]
    assert [tuple(row[name] for name in _key("verifications")) for row in rows] == keys
    silent = [row["finish_reason"] == NOTHING_TO_VERIFY for row in rows]
    assert silent == [True, True, False, False, True, True, True]
    for row in rows:
        if row["finish_reason"] == NOTHING_TO_VERIFY:
            values = [row[k] for k in ("text", "seed", "output_tokens", "prompt_tokens", "p_yes")]
            assert values == [None] * 5
    assert tally.done == 7


def test_an_engine_is_never_asked_about_nothing(sampler: Sampler, tmp_path: Path) -> None:
    record = tmp_path / "record"
    jobs = [job((("a", 0), 0, 2), prompts=[None])] * 1
    tally = sampler.run(sampler.engine(record=str(record)), jobs, "verifications")
    assert not record.exists()
    assert (tally.done, len(sampler.rows("verifications"))) == (2, 2)


def test_failures_leave_no_row_and_are_counted_by_reason(sampler: Sampler) -> None:
    jobs = [
        job((("a",), 0, 3), (("b",), 0, 2)),
        job((("a",), 3, 3)),
        job((("b",), 2, 1)),
    ]
    tally = sampler.run(sampler.engine(failing=r"'a'"), jobs)
    assert [(row["problem_id"], row["solution_id"]) for row in sampler.rows()] == [
        ("b", 0),
        ("b", 1),
        ("b", 2),
    ]
    assert tally.failures == {"server busy": 6}
    assert tally.done == 3


def test_fewer_texts_than_asked_for_are_failures(sampler: Sampler) -> None:
    tally = sampler.run(sampler.engine(short=1), [job((("a",), 4, 3), (("b",), 0, 2))])
    keys = [(row["problem_id"], row["solution_id"]) for row in sampler.rows()]
    assert keys == [("a", 4), ("a", 5), ("b", 0)]
    assert (tally.done, dict(tally.failures)) == (3, {"fewer texts than asked for": 2})


def test_more_texts_than_asked_for_never_take_the_place_of_others(sampler: Sampler) -> None:
    tally = sampler.run(sampler.engine(short=-2), [job((("a",), 0, 2)), job((("a",), 2, 2))])
    assert [row["solution_id"] for row in sampler.rows()] == [0, 1, 2, 3]
    assert (tally.done, dict(tally.failures)) == (4, {})


def test_a_prompt_that_is_too_long_is_a_row(sampler: Sampler) -> None:
    sampler.run(sampler.engine(too_long=r"'a'"), [job((("a",), 0, 2), (("b",), 0, 1))])
    reasons = [(row["text"] is None, row["finish_reason"]) for row in sampler.rows()]
    assert reasons[:2] == [(True, "prompt_too_long")] * 2
    assert not reasons[2][0]


def test_jobs_are_read_only_as_far_as_the_engine_is_busy(sampler: Sampler) -> None:
    taken: list[int] = []
    most = 0

    def jobs() -> Iterator[Job]:
        nonlocal most
        for n in range(12):
            taken.append(n)
            most = max(most, len(taken) - len(sampler.tallies))
            yield job((("a",), n, 1))

    sampler.run(sampler.engine(in_flight=3), jobs())
    assert len(taken) == 12
    assert most <= 4


def test_what_is_done_is_written_when_the_engine_dies(sampler: Sampler) -> None:
    jobs = [job((("a",), n, 1)) for n in range(9)]
    with pytest.raises(SvlawError, match="the model is gone"):
        sampler.run(sampler.engine(dies_after=5), jobs)
    assert [row["solution_id"] for row in sampler.rows()] == [0, 1, 2, 3, 4]


def test_the_engine_is_told_when_a_part_cannot_be_written(sampler: Sampler) -> None:
    closed = []
    held = []

    def run(batches: Iterable[Batch]) -> Iterator[tuple[Batch, Sequence[Outcome]]]:
        try:
            yield from type(engine).run(engine, batches)
        finally:
            closed.append(True)

    def kept(batches: Iterable[Batch]) -> Iterator[tuple[Batch, Sequence[Outcome]]]:
        held.append(run(batches))  # so that it does not end for want of a reference
        return held[0]

    engine = sampler.engine()
    engine.run = kept
    (sampler.pool.path / "solutions").write_text("a file in the place of the folder")
    with pytest.raises(SvlawError, match="a part of 1 rows of solutions cannot be written"):
        sampler.run(engine, [job((("a",), n, 1)) for n in range(9)], part_rows=1)
    assert closed == [True]


@pytest.mark.parametrize("moment", [0, 3])
def test_what_is_done_is_written_when_the_run_is_interrupted(sampler: Sampler, moment: int) -> None:
    closed = []

    def run(batches: Iterable[Batch]) -> Iterator[tuple[Batch, Sequence[Outcome]]]:
        try:
            for number, done in enumerate(type(engine).run(engine, batches)):
                if number == moment:
                    raise KeyboardInterrupt
                yield done
        finally:
            closed.append(True)

    engine = sampler.engine(in_flight=2)
    engine.run = run
    with pytest.raises(KeyboardInterrupt):
        sampler.run(engine, [job((("a",), n, 1)) for n in range(9)])
    assert len(sampler.rows()) == moment
    assert closed == [True]


def test_the_engine_is_told_when_a_job_cannot_be_made(sampler: Sampler) -> None:
    closed = []

    def jobs() -> Iterator[Job]:
        yield job((("a",), 0, 1))
        yield job((("a",), 1, 1))
        raise SvlawError("no such text")

    engine = sampler.engine()
    begin = engine.run

    def run(batches: Iterable[Batch]) -> Iterator[tuple[Batch, Sequence[Outcome]]]:
        try:
            yield from begin(batches)
        finally:
            closed.append(True)

    engine.run = run
    with pytest.raises(SvlawError, match="no such text"):
        sampler.run(engine, jobs())
    assert len(sampler.rows()) == 2
    assert closed == [True]


def test_an_engine_may_read_batches_in_a_thread_of_its_own(
    sampler: Sampler, instant: ModuleType
) -> None:
    """As one does that keeps a server busy while rows are written."""

    class Threaded(instant.InstantEngine):  # type: ignore[misc, name-defined]
        def run(self, batches: Iterable[Batch]) -> Iterator[tuple[Batch, Sequence[Outcome]]]:
            results: queue.Queue[Any] = queue.Queue(maxsize=3)

            def work() -> None:
                for batch in batches:
                    results.put(self._answer(batch))
                results.put(None)

            worker = threading.Thread(target=work)
            worker.start()
            while (result := results.get()) is not None:
                yield result
            worker.join()

    jobs = [
        job((("a", n), 0, 2), prompts=[None if n % 3 == 0 else f"solution {n}"]) for n in range(60)
    ]
    tally = sampler.run(Threaded(Model("m"), Sampling()), jobs, "verifications", part_rows=10)
    rows = sampler.rows("verifications")
    assert (tally.done, len(rows)) == (120, 120)
    for row in rows:
        assert (row["text"] is None) == (row["solution_id"] % 3 == 0)


def test_the_tally_grows_with_every_job(sampler: Sampler) -> None:
    jobs = [job((("a",), 0, 2)), job((("b",), 0, 3)), job((("a",), 2, 1))]
    sampler.run(sampler.engine(failing=r"'b'"), jobs)
    assert [(done, failed) for done, _, failed in sampler.tallies] == [(2, 0), (2, 3), (3, 3)]

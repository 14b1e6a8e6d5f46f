"""Processes that meet on one pool."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from svlaw.data.errors import BadInputError
from svlaw.generate import generation_locks
from svlaw.generate.generation_locks import generation_lock, guard, is_alone
from svlaw.generate.shards import Shard

WHOLE = Shard()


@pytest.mark.slow
def test_a_second_process_is_refused_until_the_first_is_killed(study: Any) -> None:
    with study.running("solutions") as first:
        second = study.start("solutions", "--shard", "2/3")
        out, complaint = second.communicate()
        assert second.returncode == 2
        assert out == ""
        assert complaint == (
            f"svlaw: {study.pool}: another process is generating solutions here (lock .locks/"
            "solutions.1-of-1); wait for it, or give each process its own --shard i/n\n"
        )
        for shard in (None, "1/1", "1/2"):
            with pytest.raises(BadInputError, match="another process is generating solutions"):
                study.solutions(shard=shard)
        asked = study.count("asked")
        assert first.poll() is None
        first.kill()
        first.wait()
    assert study.solutions().generated == 6 * 8
    assert study.count("asked") == asked + 6 * 8
    assert study.rows().height == 6 * 8


@pytest.mark.slow
def test_shards_of_one_count_work_side_by_side(study: Any) -> None:
    study.set_problems(12)
    with study.running("solutions", "--shard", "2/3") as first:
        assert study.solutions(shard="1/3").generated > 0
        assert study.solutions(shard="3/3").generated > 0
        with pytest.raises(BadInputError, match=r"lock \.locks/solutions\.2-of-3"):
            study.solutions(shard="2/3")
        with pytest.raises(BadInputError, match=r"lock \.locks/solutions\.2-of-3"):
            study.solutions(shard="1/2")
        with pytest.raises(BadInputError, match=r"lock \.locks/solutions\.2-of-3"):
            study.solutions()
        # Verifications are other work: of what solutions there are, at the same time.
        assert study.verifications("verifications.solutions_per_problem=1").generated > 0
        assert first.poll() is None
    study.solutions()
    assert study.rows().height == 12 * 8


@pytest.mark.slow
def test_shards_may_begin_a_pool_at_the_same_moment(study: Any, make_study: Any) -> None:
    wanted = make_study("wanted")
    wanted.solutions()
    processes = [study.start("solutions", "--shard", f"{i}/3") for i in (1, 2, 3)]
    for process in processes:
        _, complaints = process.communicate()
        assert process.returncode == 0, complaints
    assert study.rows().equals(wanted.rows())
    assert study.rows("problems").equals(wanted.rows("problems"))
    assert list(study.folder.glob(".*.tmp")) == []


def test_verifiers_are_different_work(tmp_path: Path) -> None:
    with generation_lock(tmp_path, "verifications.gpt-4.1", WHOLE):
        with generation_lock(tmp_path, "verifications.gpt-4", WHOLE):
            pass
        with (
            pytest.raises(BadInputError, match=r"generating verifications of gpt-4\.1 here"),
            generation_lock(tmp_path, "verifications.gpt-4.1", WHOLE),
        ):
            pass


@pytest.mark.parametrize(
    ("held", "asked", "free"),
    [
        (Shard(1, 1), Shard(1, 1), False),
        (Shard(1, 2), Shard(1, 2), False),
        (Shard(1, 2), Shard(2, 2), True),
        (Shard(1, 2), Shard(1, 1), False),
        (Shard(1, 1), Shard(1, 2), False),
        (Shard(1, 2), Shard(2, 3), False),
        (Shard(1, 12), Shard(11, 12), True),
    ],
)
def test_which_shards_exclude_each_other(
    tmp_path: Path, held: Shard, asked: Shard, free: bool
) -> None:
    with generation_lock(tmp_path, "solutions", held):
        if free:
            with generation_lock(tmp_path, "solutions", asked):
                pass
        else:
            with (
                pytest.raises(BadInputError, match="another process"),
                generation_lock(tmp_path, "solutions", asked),
            ):
                pass
    with generation_lock(tmp_path, "solutions", asked):
        pass


def test_a_lock_is_released_when_its_block_fails(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), generation_lock(tmp_path, "solutions", WHOLE):
        1 / 0  # noqa: B018
    with generation_lock(tmp_path, "solutions", WHOLE):
        pass


def test_who_is_alone(tmp_path: Path) -> None:
    with generation_lock(tmp_path, "solutions", Shard(1, 2)):
        assert is_alone(tmp_path, "solutions", Shard(1, 2))
        with generation_lock(tmp_path, "verifications.v", WHOLE):
            assert is_alone(tmp_path, "solutions", Shard(1, 2))
        with generation_lock(tmp_path, "solutions", Shard(2, 2)):
            assert not is_alone(tmp_path, "solutions", Shard(1, 2))
        assert is_alone(tmp_path, "solutions", Shard(1, 2))


def test_a_pool_that_somebody_holds_for_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generation_locks, "_PATIENCE", 0.2)

    def hold() -> None:
        with guard(tmp_path):
            pass

    with guard(tmp_path), ThreadPoolExecutor(1) as another:
        refused = another.submit(hold).exception()
    assert isinstance(refused, BadInputError)
    assert f"(process {os.getpid()} on " in str(refused)
    assert "for more than 0.2 s; wait until" in str(refused)
    hold()


def test_a_folder_that_cannot_hold_locks(tmp_path: Path) -> None:
    (tmp_path / ".locks").write_text("a file")
    with (
        pytest.raises(BadInputError, match=r"cannot be written to \(File exists\); this command"),
        guard(tmp_path),
    ):
        pass


def leave_half_a_part(study: Any) -> Path:
    """What a process leaves that is killed while it writes a part."""
    leftover = study.pool / "solutions" / ".part-000009.0123abcd.tmp"
    leftover.write_bytes(b"PAR1 and no more")
    return leftover


def test_what_killed_runs_left_half_written_is_swept(study: Any) -> None:
    study.solutions()
    leftover = leave_half_a_part(study)
    study.rows()  # readers do not mind it
    study.solutions("solutions.samples=9")
    assert not leftover.exists()
    assert study.rows().height == 6 * 9


def test_but_not_while_another_shard_may_be_writing_it(study: Any) -> None:
    study.solutions()
    leftover = leave_half_a_part(study)
    with generation_lock(study.pool, "solutions", Shard(2, 2)):
        study.solutions("solutions.samples=9", shard="1/2")
    assert leftover.exists()
    study.solutions("solutions.samples=9", shard="2/2")
    assert not leftover.exists()

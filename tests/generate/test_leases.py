"""Generation into an object store: a real server that speaks S3."""

import json
import os
import random
import socket
import time
from typing import Any

import pytest

from svlaw.data.errors import BadInputError
from svlaw.data.storage import leases
from svlaw.data.storage.leases import Lease, is_free
from svlaw.data.storage.object_stores import locate, write_times
from svlaw.generate.parts import read_log

Study = Any


def move_to_store(study: Study) -> Study:
    """Have a study's pool in the object store."""
    study.pool = locate(f"s3://lab/{study.folder.name}")
    study.document["pool"] = str(study.pool)
    return study


def test_a_pool_in_a_store_grows_as_one_in_a_folder(s3: Any, study: Study, make_study: Any) -> None:
    here, there = make_study("here"), move_to_store(study)
    for each in (here, there):
        assert each.solutions("solutions.samples=4").generated == 24
        assert each.solutions().generated == 24
        assert each.solutions().generated == 0
        assert each.verifications().generated == 6 * 8 * 4
    for table, verifier in (("problems", None), ("solutions", None), ("verifications", "verifier")):
        assert there.rows(table, verifier).equals(here.rows(table, verifier))
    assert sum(part.rows for part in read_log(there.pool)) == 48 + 6 * 8 * 4
    assert [part.table for part in read_log(there.pool)] == [
        part.table for part in read_log(here.pool)
    ]
    with pytest.raises(BadInputError, match="temperature"):
        there.solutions("solutions.sampling.temperature=0.1", "solutions.samples=9")
    held = s3.list_objects_v2(Bucket="lab", Prefix=f"{study.folder.name}/.locks")
    assert "Contents" not in held


@pytest.mark.slow
def test_killed_runs_are_resumed(s3: Any, study: Study, make_study: Any) -> None:
    move_to_store(study)
    moments = random.Random(0)
    for _ in range(3):
        process = study.start("solutions", "--set", "part_rows=8", sleep=0.1, stalls_after=3)
        study.wait_for(process)
        time.sleep(moments.uniform(0, 0.4))
        process.kill()
        process.communicate()
    assert study.solutions().generated > 0
    wanted = make_study("wanted")
    wanted.solutions()
    assert study.rows().equals(wanted.rows())
    assert study.solutions().generated == 0


@pytest.mark.slow
def test_a_second_process_is_refused_until_the_first_is_killed(s3: Any, study: Study) -> None:
    move_to_store(study)
    with study.running("solutions") as first:
        with pytest.raises(BadInputError) as caught:
            study.solutions()
        assert str(caught.value) == (
            f"{study.pool}: another process is generating solutions here (lock .locks/"
            "solutions.1-of-1); wait for it, or give each process its own --shard i/n; a killed one"
            " holds it for 120 s"
        )
        first.kill()
        first.wait()
    assert study.solutions().generated == 6 * 8


def test_a_lease_is_kept_and_given_back(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "RENEWAL_SECONDS", 0.2)
    path = locate("s3://lab/pool/.locks/work")
    assert is_free(path)
    mine = Lease(path)
    mine.acquire(0)
    first = write_times(path.parent)[path.name]
    while write_times(path.parent)[path.name] == first:  # the store tells whole seconds
        time.sleep(0.05)
    assert not is_free(path)
    with pytest.raises(leases.Timeout):
        Lease(path).acquire(0.5)
    mine.release()
    assert is_free(path)
    assert not path.exists()


def test_a_lease_of_another_machine_ends_by_itself(
    s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = locate("s3://lab/pool/.locks/work")
    gone = {"token": "t", "host": "another", "process": os.getpid()}
    path.write_bytes(json.dumps(gone).encode())
    assert not is_free(path)
    with pytest.raises(leases.Timeout):
        Lease(path).acquire(0)
    monkeypatch.setattr(leases, "LIFE_SECONDS", 0.0)
    time.sleep(1)
    mine = Lease(path)
    mine.acquire(0)
    assert json.loads(path.read_bytes())["host"] == socket.gethostname()
    # One who has lost it, say because the machine slept, leaves it to the other.
    path.write_bytes(json.dumps(gone).encode())
    mine.release()
    assert json.loads(path.read_bytes()) == gone

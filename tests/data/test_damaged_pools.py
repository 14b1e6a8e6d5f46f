"""A flipped bit in any file of a pool is refused by name, or changes nothing."""

import random
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from svlaw.analysis.checks.pool_check import check_pool
from svlaw.analysis.success.success_table import success_table
from svlaw.data.errors import BadInputError
from svlaw.data.pool import open_pool
from svlaw.data.pool_file import POOL_FILE
from svlaw.data.storage import part_digests
from svlaw.fit.simulation.population import SETTINGS
from svlaw.fit.simulation.simulator import simulate_pool

FLIPS = 60


@pytest.fixture
def damaged(tmp_path: Path) -> Iterator[Path]:
    simulate_pool(tmp_path / "pool", SETTINGS["typical"], problems=6, solutions=8, verifications=3)
    success_table(open_pool(tmp_path / "pool"))
    return tmp_path / "pool"


def flip(file: Path, bit: int) -> None:
    content = bytearray(file.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    file.write_bytes(content)


def figures(pool: Path) -> list[object]:
    opened = open_pool(pool)
    found = success_table(opened)
    return [found.points.rows(), found.success.tolist(), opened.verifiers, opened.metadata]


def test_a_flipped_bit_is_never_silent(damaged: Path) -> None:
    draws = random.Random(3)
    expected = figures(damaged)
    files = [f for f in sorted(damaged.rglob("*")) if f.is_file() and f.suffix != ".lock"]
    for _ in range(FLIPS):
        file = draws.choice(files)
        content = file.read_bytes()
        flip(file, draws.randrange(8 * len(content)))
        if file.parts[-2] == "success_tables" or "success_tables" in file.parts:
            assert figures(damaged) == expected
        elif file.name == POOL_FILE:
            try:
                assert figures(damaged) == expected
            except BadInputError as error:
                assert POOL_FILE in str(error)  # noqa: PT017  harmless, or refused by name
        elif "problems" not in file.parts:  # which a success table does not read
            with pytest.raises(BadInputError, match=file.name):
                figures(damaged)
        if file.name.startswith("part-"):
            with pytest.raises(BadInputError, match=file.name):
                check_pool(open_pool(damaged))
        if file.exists():
            file.write_bytes(content)


def test_a_large_part_is_hashed_once_until_it_changes(
    damaged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part_digests, "SMALL_BYTES", 1)
    hashed: list[Path] = []
    digest_of = part_digests.digest_of

    def counted(path: Path) -> str:
        hashed.append(path)
        return digest_of(path)

    monkeypatch.setattr(part_digests, "digest_of", counted)
    (part,) = open_pool(damaged).parts("answers")

    def read() -> int:
        monkeypatch.setattr(part_digests, "_seen", {})  # as another process
        return open_pool(damaged).read("answers", ("problem_id",)).height

    assert [read(), read(), read()] == [48, 48, 48]
    assert hashed == [part]
    (damaged / part_digests.INDEX_FILE).write_text("{half")
    read()
    assert hashed == [part] * 2
    flip(part, 800)
    with pytest.raises(BadInputError, match=part.name):
        read()


def test_parts_of_other_software_are_taken_as_they_are(damaged: Path) -> None:
    (part,) = open_pool(damaged).parts("answers")
    frame = pl.read_parquet(part)
    part.unlink()
    frame.write_parquet(part.with_name("part-mine.parquet"))
    assert open_pool(damaged).read("answers", ("problem_id",)).height == 48


def test_a_pool_file_that_was_edited_is_refused_until_it_says_so(damaged: Path) -> None:
    file = damaged / POOL_FILE
    file.write_text(file.read_text().replace('"metadata": {', '"metadata": {"note": "mine",'))
    with pytest.raises(BadInputError, match=r"pool.json: damaged or edited.*take out 'digest'"):
        open_pool(damaged)
    lines = [line for line in file.read_text().splitlines() if '"digest"' not in line]
    file.write_text("\n".join(lines).replace("},\n}", "}\n}"))
    assert open_pool(damaged).metadata["note"] == "mine"

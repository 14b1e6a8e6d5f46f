"""YAML that would end the process, or make much of little."""

from pathlib import Path

import pytest

from svlaw.data.errors import BadInputError
from svlaw.data.importers.sc_genrm_files import find_verifications
from svlaw.data.storage.yaml_files import read_fields, read_text

ROWS = "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 30)}]\n"
    for before, name in zip("abcdefg", "bcdefgh", strict=True)
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: " + "[" * 100_000 + "]" * 100_000 + "\n", "line 1: more than 200 lists or mappings"),
        ("a: " + '["]",' * 50_000 + "]" * 50_000 + "\n", "line 1: more than 200 lists"),
        ("a:\n  " + "- " * 100_000 + "x\n", "line 2: more than 200 lists or mappings"),
        ("a: &a [" + "x, " * 50 + "]\n" + ROWS, "more than 10 times the file's own text"),
        ("a: &a [*a]\n", "stands for what holds it"),
        ("a: !!python/object:os.system x\n", "tag .* is not plain data"),
    ],
)
def test_hostile_files_are_one_line(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "a.yaml").write_text(content)
    with pytest.raises(BadInputError, match=message):
        read_fields(tmp_path / "a.yaml")


def test_plain_marks_and_aliases_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: &x 'so *it* is !true'\nb: *x\nc: !!str 07\n")
    fields = read_fields(tmp_path / "a.yaml")
    texts = [read_text(fields[name], name) for name in "abc"]
    assert texts == ["so *it* is !true", "so *it* is !true", "07"]


def test_a_solution_of_twenty_digits(tmp_path: Path) -> None:
    (tmp_path / "problem_0").mkdir()
    (tmp_path / "problem_0" / f"solution_{10**19}.yaml").write_text("verifications: []\n")
    with pytest.raises(BadInputError, match="is not the number of a solution that fits"):
        find_verifications(tmp_path)

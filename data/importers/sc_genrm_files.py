"""Files of the sc-genrm-scaling layout, found and read."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from svlaw.data.errors import BadInputError
from svlaw.data.storage.yaml_files import (
    find_field,
    read_fields,
    read_items,
    read_mapping,
    read_text,
    read_texts,
)

_SUBFOLDERS: Final = ("data", "data_cleaned")
_PROBLEM: Final = re.compile(r"problem_(.+)")
_SOLUTION: Final = re.compile(r"solution_(.*)\.yaml")
_MOST_DIGITS: Final = 9
_MISSING: Final = -1.0


@dataclass(frozen=True)
class SamplesFile:
    """A file with the solutions of one problem."""

    problem_id: str
    path: Path
    size: int


@dataclass(frozen=True)
class VerificationsFile:
    """A file with the verifications of one solution."""

    problem_id: str
    solution_id: int
    path: Path
    size: int


@dataclass(frozen=True)
class Samples:
    """A problem and its solutions; a null in the file is None."""

    question: str | None
    gt_answer: str
    texts: list[str | None]


@dataclass(frozen=True)
class Verifications:
    """The verifications of a solution; a probability of -1 is None."""

    texts: list[str | None]
    p_yes: list[float | None]
    p_no: list[float | None]


def find_samples(folder: Path) -> list[SamplesFile]:
    """Find `<id>.yaml` in a folder (or its `data` or `data_cleaned`), in order of the ids.

    Raises:
        BadInputError: The folder is missing or holds no such file.
    """
    holder = _holder(folder, "*.yaml", "<id>.yaml files")
    paths = [path for path in holder.glob("*.yaml") if not path.name.startswith(".")]
    paths.sort(key=lambda path: _natural(path.stem))
    return [SamplesFile(path.stem, path, path.stat().st_size) for path in paths]


def find_verifications(folder: Path) -> list[VerificationsFile]:
    """Find `problem_<i>/solution_<j>.yaml` likewise, in order of the ids.

    Raises:
        BadInputError: The folder is missing or holds no such file, or a solution has no number.
    """
    holder = _holder(folder, "problem_*/*.yaml", "problem_<i>/solution_<j>.yaml files")
    problems = [
        (match.group(1), path)
        for path in holder.iterdir()
        if (match := _PROBLEM.fullmatch(path.name)) and path.is_dir()
    ]
    problems.sort(key=lambda problem: _natural(problem[0]))
    found: list[VerificationsFile] = []
    for problem_id, path in problems:
        found += sorted(_solutions(problem_id, path), key=lambda file: file.solution_id)
    for one, other in itertools.pairwise(found):
        if (one.problem_id, one.solution_id) == (other.problem_id, other.solution_id):
            raise BadInputError(f"{other.path}: the same solution as {one.path.name}; remove one")
    return found


def read_samples(path: Path) -> Samples:
    """Read a samples file: `question`, `samples` and `gt_answer`; other fields are skipped.

    Raises:
        BadInputError: The file is no valid YAML, was cut off, lacks a field, or holds a tag.
    """
    fields = read_fields(path)
    answer = read_text(find_field(fields, "gt_answer", str(path)), f"{path}: gt_answer")
    if answer is None or not answer.strip():
        raise BadInputError(f"{path}: gt_answer is empty; solutions cannot be graded without it")
    texts = list(read_texts(fields, "samples", path))
    question = read_text(find_field(fields, "question", str(path)), f"{path}: question")
    return Samples(question, answer, texts)


def read_verifications(path: Path) -> Verifications:
    """Read a verifications file: a list of `verification`, `p(yes)` and `p(no)`.

    Raises:
        BadInputError: As in `read_samples`, or a probability is neither in [0, 1] nor -1.
    """
    fields = read_fields(path)
    texts, p_yes, p_no = [], [], []
    for row, item in enumerate(read_items(fields, "verifications", path), 1):
        where = f"{path}: verifications, row {row}"
        entry = read_mapping(item, where)
        texts.append(read_text(find_field(entry, "verification", where), f"{where}: verification"))
        p_yes.append(_probability(entry, "p(yes)", where))
        p_no.append(_probability(entry, "p(no)", where))
    return Verifications(texts, p_yes, p_no)


def _holder(folder: Path, pattern: str, wanted: str) -> Path:
    """Choose between a folder and the subfolder that published archives put files into."""
    if not folder.is_dir():
        reason = "is a file, not a folder" if folder.exists() else "no such folder"
        raise BadInputError(f"{folder}: {reason}; give the folder with {wanted}")
    if _holds(folder, pattern):
        return folder
    inner = [folder / name for name in _SUBFOLDERS if _holds(folder / name, pattern)]
    if not inner:
        raise BadInputError(f"{folder}: holds no {wanted}; give the folder that does")
    if len(inner) > 1:
        names = " and ".join(_SUBFOLDERS)
        raise BadInputError(f"{folder}: both {names} hold {wanted}; give one of the two folders")
    return inner[0]


def _holds(folder: Path, pattern: str) -> bool:
    return any(not path.name.startswith(".") for path in folder.glob(pattern))


def _natural(text: str) -> tuple[bool, int, str]:
    """Sort key: numbers by value, before everything else."""
    number = text.isdecimal()
    return not number, int(text) if number else 0, text


def _solutions(problem_id: str, folder: Path) -> Iterator[VerificationsFile]:
    for path in folder.iterdir():
        match = _SOLUTION.fullmatch(path.name)
        if match is None:
            continue
        if not match.group(1).isdecimal() or len(match.group(1)) > _MOST_DIGITS:
            raise BadInputError(
                f"{path}: {match.group(1)!r} is not the number of a solution that fits; rename the"
                " file"
            )
        yield VerificationsFile(problem_id, int(match.group(1)), path, path.stat().st_size)


def _probability(entry: dict[str, yaml.Node], name: str, where: str) -> float | None:
    text = read_text(find_field(entry, name, where), f"{where}: {name}")
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if value == _MISSING:
        return None
    if not 0 <= value <= 1:
        raise BadInputError(
            f"{where}: {name} {text!r} is not in [0, 1]; use a probability, or -1 where it is"
            " missing"
        )
    return value

"""Files of the sc-genrm-scaling layout: found, and read without believing them.

Every scalar is read as the text that stands in the file (`0777` stays `0777`), tags are never acted
on, and a file that was cut off is refused wherever that can be seen.
"""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from svlaw.data.errors import BadInputError
from svlaw.data.files import refuse_missing

_SUBFOLDERS: Final = ("data", "data_cleaned")
_PROBLEM: Final = re.compile(r"problem_(.+)")
_SOLUTION: Final = re.compile(r"solution_(.*)\.yaml")
_SAFE_TAGS: Final = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("str", "int", "float", "bool", "null", "timestamp", "seq", "map")
) | {"!"}
_NULLS: Final = frozenset(("", "~", "null", "Null", "NULL"))
_MISSING: Final = -1.0


class _TextLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Leaves plain scalars unresolved: `yes`, `1:30` and `0777` are text."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  how PyYAML is told


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
    fields = _read_fields(path)
    answer = _text(_field(fields, "gt_answer", str(path)), f"{path}: gt_answer")
    if answer is None or not answer.strip():
        raise BadInputError(f"{path}: gt_answer is empty; solutions cannot be graded without it")
    texts = [
        _text(item, f"{path}: samples, row {row}")
        for row, item in enumerate(_items(fields, "samples", path), 1)
    ]
    question = _text(_field(fields, "question", str(path)), f"{path}: question")
    return Samples(question, answer, texts)


def read_verifications(path: Path) -> Verifications:
    """Read a verifications file: a list of `verification`, `p(yes)` and `p(no)`.

    Raises:
        BadInputError: As in `read_samples`, or a probability is neither in [0, 1] nor -1.
    """
    fields = _read_fields(path)
    texts, p_yes, p_no = [], [], []
    for row, item in enumerate(_items(fields, "verifications", path), 1):
        where = f"{path}: verifications, row {row}"
        entry = _mapping(item, where)
        texts.append(_text(_field(entry, "verification", where), f"{where}: verification"))
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
        if not match.group(1).isdecimal():
            raise BadInputError(
                f"{path}: {match.group(1)!r} is not the number of a solution; rename the file"
            )
        yield VerificationsFile(problem_id, int(match.group(1)), path, path.stat().st_size)


def _read_fields(path: Path) -> dict[str, yaml.Node]:
    refuse_missing(path)
    try:
        content = path.read_bytes()
        root = yaml.compose(content, Loader=_TextLoader)
    except OSError as error:
        raise BadInputError(f"{path}: cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise BadInputError(_describe(path, error)) from error
    if root is None:
        raise BadInputError(f"{path}: the file holds nothing but white space; write it again")
    _refuse_tags(root, path)
    if not content.endswith(b"\n") and not _is_closed(root):
        raise BadInputError(
            f"{path}: the last line has no end; was the file cut off? write it again (or, if it is"
            " whole, end it with a line break)"
        )
    return _mapping(root, str(path))


def _describe(path: Path, error: Exception) -> str:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = f", line {mark.line + 1}" if mark is not None else ""
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
    reason = " ".join(str(problem).split())
    return f"{path}{line}: not valid YAML ({reason}); was the file cut off? write it again"


def _refuse_tags(root: yaml.Node, path: Path) -> None:
    """Refuse tags that ask for anything but text, numbers, lists and mappings."""
    waiting, seen = [root], {id(root)}
    while waiting:
        node = waiting.pop()
        if node.tag not in _SAFE_TAGS:
            line = node.start_mark.line + 1
            raise BadInputError(
                f"{path}, line {line}: tag {node.tag!r} is not plain data; remove it from the file"
            )
        for child in _children(node):
            if id(child) not in seen:
                seen.add(id(child))
                waiting.append(child)


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [child for pair in node.value for child in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _is_closed(root: yaml.Node) -> bool:
    """Tell whether the document ends on a closing quote or bracket, so that nothing is cut off."""
    node = root
    while children := _children(node):
        if isinstance(node, yaml.CollectionNode) and node.flow_style:
            return True
        node = children[-1]
    return not isinstance(node, yaml.ScalarNode) or node.style in ("'", '"')


def _mapping(node: yaml.Node, where: str) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        raise BadInputError(f"{where}: holds no fields (name: value); write it again")
    fields: dict[str, yaml.Node] = {}
    for key, value in node.value:
        name = str(key.value)
        if name in fields:
            raise BadInputError(f"{where}: field '{name}' occurs twice; keep one of them")
        fields[name] = value
    return fields


def _field(fields: dict[str, yaml.Node], name: str, where: str) -> yaml.Node:
    if name not in fields:
        raise BadInputError(f"{where}: field '{name}' is missing; was the file cut off?")
    return fields[name]


def _items(fields: dict[str, yaml.Node], name: str, path: Path) -> list[yaml.Node]:
    node = _field(fields, name, str(path))
    if not isinstance(node, yaml.SequenceNode):
        raise BadInputError(f"{path}: '{name}' is not a list; write one entry per line with '- '")
    return list(node.value)


def _text(node: yaml.Node, where: str) -> str | None:
    if not isinstance(node, yaml.ScalarNode):
        raise BadInputError(f"{where}: is a list or a mapping, not text")
    plain = node.style not in ("'", '"', "|", ">")
    return None if plain and node.value in _NULLS else str(node.value)


def _probability(entry: dict[str, yaml.Node], name: str, where: str) -> float | None:
    text = _text(_field(entry, name, where), f"{where}: {name}")
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

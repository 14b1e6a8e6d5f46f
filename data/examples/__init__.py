"""Small real pools shipped with svlaw, each with its source and licence."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from svlaw.data.errors import BadInputError
from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_file import POOL_FILE
from svlaw.data.storage.files import atomic_folder
from svlaw.data.storage.object_stores import locate

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Example:
    """A shipped pool.

    Attributes:
        name: Its name.
        title: What it is, in a line.
        source: Where the data come from.
        licence: Licence of the data.
    """

    name: str
    title: str
    source: str
    licence: str


def list_examples() -> list[Example]:
    """The shipped pools, by name.

    Examples:
        >>> import svlaw as sv
        >>> [example.name for example in sv.list_examples()]
        ['exams_gpt35_by_gpt4', 'gpqa_diamond', 'humaneval_codegen16b', 'singhi2025_fig1']
    """
    names = sorted(path.parent.name for path in _FOLDER.glob(f"*/{POOL_FILE}"))
    return [_describe(name) for name in names]


def open_example(name: str) -> Pool:
    """Open a shipped pool where it lies in the package; nothing is written to it.

    Raises:
        BadInputError: There is none of that name.

    Examples:
        >>> import svlaw as sv
        >>> sv.open_example("exams_gpt35_by_gpt4").name
        'exams_gpt35_by_gpt4'
    """
    return open_pool(_path(name))


def copy_example(name: str, out: str | Path) -> Pool:
    """Copy a shipped pool, with its licence notice, to a new folder.

    Raises:
        BadInputError: There is none of that name, or `out` exists.
    """
    source = _path(name)
    with atomic_folder(locate(out), seal=POOL_FILE) as folder:
        shutil.copytree(source, folder, dirs_exist_ok=True)
    return open_pool(out)


def _path(name: str) -> Path:
    names = [example.name for example in list_examples()]
    if name not in names:
        raise BadInputError(f"no example '{name}'; there are: {', '.join(names)}")
    return _FOLDER / name


def _describe(name: str) -> Example:
    metadata = open_pool(_FOLDER / name).metadata
    return Example(name, metadata["title"], metadata["source"], metadata["licence"])

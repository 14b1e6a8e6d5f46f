"""The order in which a worker process looks for modules."""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from typing import Any


class _Installed:
    """Finds modules where a process found them when it began, whatever folders came first later."""

    def __init__(self, folders: Sequence[str]) -> None:
        self._folders = folders

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: Any = None
    ) -> ModuleSpec | None:
        if path is not None:  # a module of a package, which has folders of its own
            return None
        found = PathFinder.find_spec(name, self._folders, target)
        return found if found is not None and found.loader is not None else None


def installed_first() -> None:
    """Let what is installed come before folders that are put first in `sys.path` from now on.

    Ray puts the folder there that the command was started in, where a file may be called
    `random.py`. Modules that are found nowhere else are still found there.
    """
    if not any(isinstance(finder, _Installed) for finder in sys.meta_path):
        sys.meta_path.insert(sys.meta_path.index(PathFinder), _Installed(sys.path.copy()))

"""Code of the user: found by `module:name`, and told apart by a digest of its text."""

import ast
import functools
import hashlib
import importlib
import inspect
import re
import sys
import traceback
import types
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from svlaw.data.errors import BadInputError, first_line

_ADDRESS: Final = re.compile(r" at 0x[0-9a-fA-F]+")
_PACKAGE: Final = Path(__file__).parents[2]
"""Where svlaw's own files are."""
_kept: list[str] = []
"""What `load_own` added to the places where Python looks for modules."""
_loaded: dict[str, tuple[str, str]] = {}
"""Of each module loaded by `load_own`, its folder and the digest of its files when it was."""


def load_own(text: str, folder: Path | None = None) -> Any:
    """The object that `module:name` names; a module of the folder goes before any other.

    Args:
        text: Module and name, such as `my_rules:best_two`.
        folder: Where to look first; the current folder when None.

    Raises:
        BadInputError: There is no such module or name, or importing the module fails.
    """
    module_name, _, name = (part.strip() for part in text.partition(":"))
    if not module_name or not name:
        raise BadInputError(f"'{text}' is no module:name, such as my_rules:best_two")
    place = str((folder or Path.cwd()).resolve())
    _forget_changed(module_name, place)
    sys.path.insert(0, place)
    try:
        importlib.invalidate_caches()
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name != module_name:
            raise BadInputError(f"{text}: importing {module_name} failed: {error}") from error
        raise BadInputError(f"{text}: there is no module {module_name} in {place}") from error
    except Exception as error:
        raise error_of_code(f"{text}: importing {module_name} failed:", error) from error
    finally:
        sys.path.remove(place)
        _keep_on_path(place)
    file = getattr(module, "__file__", None)
    if (Path(place) / f"{module_name}.py").exists() and file is not None:
        if not Path(file).resolve().is_relative_to(place):
            raise BadInputError(
                f"{text}: there is a module {module_name} already ({file}); rename your file"
            )
        _loaded[module_name] = place, _content_digest(Path(file))
    if not hasattr(module, name):
        raise BadInputError(f"{text}: {file or module_name} has no {name}")
    return getattr(module, name)


def _keep_on_path(place: str) -> None:
    """Let functions import from their folder when they are called; from the latest one only."""
    for earlier in [path for path in _kept if path != place]:
        _kept.remove(earlier)
        if earlier in sys.path:
            sys.path.remove(earlier)
    if place not in sys.path:
        sys.path.append(place)
        _kept.append(place)


def _forget_changed(module_name: str, place: str) -> None:
    """Let a module be imported anew whose files, or folder, are others than when it was loaded."""
    if module_name not in _loaded or module_name not in sys.modules:
        return
    folder, digest = _loaded[module_name]
    file = Path(folder) / f"{module_name}.py"
    if folder == place and file.exists() and _content_digest(file) == digest:
        return
    for name, module in list(sys.modules.items()):
        held = _own_file(module)
        if held is not None and held.is_relative_to(folder) and name != "__main__":
            del sys.modules[name]


def _content_digest(file: Path) -> str:
    hasher = hashlib.sha256()
    for each in files_of(file):
        hasher.update(each.read_bytes())
    return hasher.hexdigest()


def files_of(file: Path) -> list[Path]:
    """A file of Python and the files beside it that it imports anywhere, and so on; sorted."""
    found: set[Path] = set()
    waiting = [file]
    while waiting:
        path = waiting.pop()
        if path in found or not path.is_file():
            continue
        found.add(path)
        waiting += _imported_files(path, file.parent)
    return sorted(found)


def _imported_files(path: Path, folder: Path) -> list[Path]:
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return []
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            inner = [f"{module}.{alias.name}".strip(".") for alias in node.names]
            names += [module, *inner] if module else inner
    places = [root / name.replace(".", "/") for name in names for root in (folder, path.parent)]
    return [
        file
        for place in places
        for file in (place.with_name(f"{place.name}.py"), place / "__init__.py")
    ]


def modules_beside(own: Any) -> list[types.ModuleType]:
    """The loaded modules that an object's code consists of: its own, and those of its folder."""
    module = inspect.getmodule(getattr(own, "py_func", own)) or inspect.getmodule(type(own))
    file = None if module is None else _own_file(module)
    if module is None or file is None or module.__name__ == "__main__":
        return []
    files = set(files_of(file))
    return [other for other in list(sys.modules.values()) if _own_file(other) in files]


def error_of_code(before: str, error: Exception, after: str = "") -> BadInputError:
    """What the user's code raised, in one line; its note is the traceback in their files.

    Args:
        before: What was done, to stand before what the error says.
        error: The error.
        after: Where, to stand behind it.
    """
    said = f"{type(error).__name__}: {first_line(error)}" if str(error) else type(error).__name__
    found = BadInputError(f"{before} {said}{after}")
    steps = [step for step in traceback.extract_tb(error.__traceback__) if _is_theirs(step)]
    lines = traceback.format_list(steps) + traceback.format_exception_only(error)
    found.add_note("".join(["Traceback (most recent call last):\n", *lines]).rstrip())
    return found


def _is_theirs(step: traceback.FrameSummary) -> bool:
    path = Path(step.filename)
    if step.filename.startswith(("<frozen", "<__array")) or path.is_relative_to(_PACKAGE):
        return False
    return not _is_installed(path)


def digest_of(own: Any) -> str:
    """Digest of an object's code, so that a stored result of older code is never used.

    It covers the whole files of the object's module and of the modules beside it that it imports,
    and, for code of a notebook or prompt, the compiled code, constants, defaults, closed-over
    values and globals that the object reads.

    Args:
        own: A function, a class, or an object of the user's class.
    """
    found = _Reader()
    found.read(own)
    return found.digest()


class _Reader:
    """Goes through everything that an object's code consists of, each thing once."""

    def __init__(self) -> None:
        self._hasher = hashlib.sha256()
        self._seen: dict[int, Any] = {}
        """By id; the objects are kept, for the id of one that is gone may be given again."""
        self._modules: set[types.ModuleType] = set()

    def digest(self) -> str:
        """Digest of all that was read."""
        return self._hasher.hexdigest()[:16]

    def read(self, own: Any) -> None:
        """Read a value of any type."""
        own = getattr(own, "py_func", own)
        if id(own) in self._seen:
            return
        self._seen[id(own)] = own
        for types_, reader in self._readers():
            if isinstance(own, types_):
                reader(own)
                return
        if hasattr(own, "tobytes"):
            self._add(own.tobytes())
        elif hasattr(own, "__dict__") and not isinstance(own, types.BuiltinFunctionType):
            self.read(type(own))
            self._read_pairs(vars(own))
        else:
            self._add(_ADDRESS.sub("", repr(own)).encode())

    def _readers(self) -> tuple[tuple[Any, Callable[[Any], None]], ...]:
        return (
            (types.ModuleType, self._read_module),
            (types.MethodType, self._read_method),
            (types.FunctionType, self._read_function),
            (types.CodeType, self._read_code),
            (functools.partial, lambda p: self.read((p.func, p.args, p.keywords))),
            (type, self._read_class),
            (list | tuple, self._read_all),
            (set | frozenset, lambda values: self._read_all(sorted(values, key=repr))),
            (dict | types.MappingProxyType, self._read_pairs),
        )

    def _add(self, piece: bytes) -> None:
        self._hasher.update(len(piece).to_bytes(8, "little") + piece)

    def _read_all(self, values: Iterable[Any]) -> None:
        values = list(values)
        self._add(str(len(values)).encode())
        for value in values:
            # Equal small values may be one object: they count wherever they stand.
            if value is None or isinstance(value, str | bytes | int | float | complex):
                self._add(repr(value).encode())
            else:
                self.read(value)

    def _read_pairs(self, values: Mapping[Any, Any]) -> None:
        self._read_all([part for pair in values.items() for part in pair])

    def _read_method(self, method: types.MethodType) -> None:
        self._read_all([method.__func__, method.__self__])

    def _read_function(self, function: types.FunctionType) -> None:
        cells = [cell.cell_contents for cell in function.__closure__ or ()]
        self._read_all([function.__qualname__, function.__code__, *cells])
        self._read_all([function.__defaults__, function.__kwdefaults__])
        module = inspect.getmodule(function)
        if module is not None:
            self._read_module(module)
        for name in _names(function.__code__):
            if name in function.__globals__:
                self._read_all([name, function.__globals__[name]])

    def _read_code(self, code: types.CodeType) -> None:
        self._read_all([code.co_code, code.co_names, code.co_consts])

    def _read_class(self, own: type) -> None:
        self._add(f"{own.__module__}.{own.__qualname__}".encode())
        module = sys.modules.get(own.__module__)
        if module is None or _own_file(module) is not None or own.__module__ == "__main__":
            methods = {
                name: getattr(value, "__func__", value)
                for name, value in sorted(vars(own).items())
                if not name.startswith("__") or name in ("__init__", "__call__")
            }
            self._read_pairs(methods)
            if module is not None:
                self._read_module(module)

    def _read_module(self, module: types.ModuleType) -> None:
        """The user's module as a whole, and those beside it that it imports."""
        file = _own_file(module)
        if file is None:
            self._add(module.__name__.encode())
            return
        if module in self._modules:
            return
        self._modules.add(module)
        for path in files_of(file):
            self._add(path.read_bytes())
        # What was loaded too: the file may have been changed since.
        for name, value in sorted(vars(module).items()):
            if isinstance(value, types.FunctionType) and value.__module__ == module.__name__:
                self._read_all([name, value.__code__])
            elif isinstance(value, str | bytes | int | float) and not name.startswith("__"):
                self._add(f"{name} = {value!r}".encode())
        for value in list(vars(module).values()):
            other = value if isinstance(value, types.ModuleType) else inspect.getmodule(value)
            beside = None if other is None else _own_file(other)
            if other is not None and beside is not None and file.parent in beside.parents:
                self._read_module(other)


def _names(code: types.CodeType) -> list[str]:
    """Names that code and the functions within it look up."""
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return sorted({*code.co_names, *(name for c in inner for name in _names(c))})


def _own_file(module: types.ModuleType) -> Path | None:
    """The file of the user's module; None for one of an installed package or of Python itself."""
    file = getattr(module, "__file__", None)
    if file is None:
        return None
    path = Path(file)
    return None if _is_installed(path) or path.is_relative_to(_PACKAGE) else path


def _is_installed(path: Path) -> bool:
    """Whether a file belongs to an installed package or to Python itself."""
    installed = bool({"site-packages", "dist-packages"} & set(path.parts))
    return installed or path.is_relative_to(Path(types.__file__).parent)

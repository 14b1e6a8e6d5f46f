"""Print the folders of the package, the layers they make, and who imports whom.

    python benchmarks/import_graph.py

The graph comes from the import statements alone (`ast`); nothing is imported. A room is a folder of
modules. A module that lies directly in one of the top folders is a room of its own: such modules
range from the ground (`data/errors.py`) to the roof (`data/pool_writer.py`).
"""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "svlaw"
FOLDERS = ("data", "analysis", "fit", "generate")
ALLOWED = {
    "data": set[str](),
    "analysis": {"data"},
    "fit": {"data", "analysis"},
    "generate": {"data"},
    PACKAGE: {"data", "analysis", "fit", "generate"},
}
"""Which top folders each may import; the front door is called by the package's name."""

Graph = Mapping[str, set[str]]


def modules() -> dict[str, Path]:
    """Every module of the package by the name it is imported by; packages without `__init__`."""
    front = ROOT / "src" / PACKAGE
    files = [(path, ROOT) for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    files += [(path, front) for path in front.glob("*.py")]
    for room in front.iterdir():
        if not room.is_symlink():
            files += [(path, front) for path in room.rglob("*.py")]
    found = {}
    for path, base in files:
        parts = path.relative_to(base).with_suffix("").parts
        found[".".join((PACKAGE, *parts)).removesuffix(".__init__")] = path
    return found


def imports_of(path: Path, known: Iterable[str]) -> Iterator[str]:
    """Modules that a file names in its import statements, inside functions too."""
    known = set(known)
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in known else node.module


def module_graph() -> dict[str, set[str]]:
    """Module -> modules of the package that it imports."""
    known = modules()
    return {
        name: {other for other in imports_of(path, known) if other in known} - {name}
        for name, path in known.items()
    }


def is_package(path: Path) -> bool:
    """Whether a module is the `__init__` of a folder."""
    return path.name == "__init__.py"


def room_of(module: str, path: Path) -> str:
    """The room of a module: its folder, or itself where that is a top folder."""
    folder = module if is_package(path) else module.rpartition(".")[0]
    return module if folder in {PACKAGE, *(f"{PACKAGE}.{top}" for top in FOLDERS)} else folder


def top_of(module: str) -> str:
    """The top folder of a module or room; the front door is called by the package's name."""
    second = module.split(".")[1] if "." in module else PACKAGE
    return second if second in FOLDERS else PACKAGE


def grouped(graph: Graph, name_of: Mapping[str, str]) -> dict[str, set[str]]:
    """A graph of modules as one of what they belong to, without arrows to itself."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for module, others in graph.items():
        name = name_of[module]
        found[name] |= {name_of[other] for other in others} - {name}
    return dict(found)


def room_graph() -> dict[str, set[str]]:
    """Room -> rooms that it imports."""
    return grouped(module_graph(), {name: room_of(name, path) for name, path in modules().items()})


def layers(graph: Graph) -> list[list[str]]:
    """Rooms from the ground up: each imports none but rooms of layers below its own.

    Raises:
        graphlib.CycleError: There is a cycle; its second argument names the rooms.
    """
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    found = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        found.append(ready)
        sorter.done(*ready)
    return found


def arrows_up() -> list[tuple[str, str]]:
    """Imports against the order of the top folders: (module, module that it imports)."""
    return [
        (module, other)
        for module, others in sorted(module_graph().items())
        for other in sorted(others)
        if top_of(other) not in {*ALLOWED[top_of(module)], top_of(module)}
    ]


def main() -> None:
    """Print layers, arrows between rooms, cycles, and arrows that run up."""
    graph = room_graph()
    try:
        for number, rooms in enumerate(layers(graph)):
            print(f"layer {number}: {', '.join(rooms)}")
        print("\ncycles: none")
    except CycleError as error:
        print("cycle:", " <- ".join(error.args[1]))
    print("\narrows:")
    for room in sorted(graph):
        print(f"  {room} -> {', '.join(sorted(graph[room])) or 'nothing'}")
    up = [f"{module} -> {other}" for module, other in arrows_up()]
    print("\narrows that run up:", ", ".join(up) or "none")


if __name__ == "__main__":
    main()

"""The order of the house: who may import whom, and one noun for each module of modest size."""

import ast
import importlib.util
import tomllib
from collections import defaultdict
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
MOST_LINES = 400
SHARED_NAMES = {"__init__": "every folder of a package has one"}
"""Names that several modules may bear, and why."""


def load_graph() -> ModuleType:
    path = ROOT / "benchmarks" / "import_graph.py"
    spec = importlib.util.spec_from_file_location("import_graph", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


graph = load_graph()


def test_the_graph_is_that_of_the_whole_package() -> None:
    found = graph.modules()
    assert {graph.top_of(name) for name in found} == {"svlaw", *graph.FOLDERS}
    tracked = [
        path
        for folder in (
            *graph.FOLDERS,
            *(f"src/svlaw/{n}" for n in ("cli", "questions", "report", "viewer")),
        )
        for path in (ROOT / folder).rglob("*.py")
    ]
    assert set(found.values()) == {*tracked, ROOT / "src" / "svlaw" / "__init__.py"}
    assert "svlaw.data.errors" in graph.module_graph()["svlaw.data.pool"]


def test_rooms_import_each_other_in_no_circle() -> None:
    above = {
        room: number
        for number, rooms in enumerate(graph.layers(graph.room_graph()))
        for room in rooms
    }
    assert above["svlaw.data.errors"] == 0
    assert above["svlaw.data.storage"] < above["svlaw.analysis.success"] < above["svlaw.fit.laws"]


def test_no_module_imports_against_the_order_of_the_top_folders() -> None:
    assert graph.arrows_up() == []


def test_a_circle_and_an_arrow_up_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(graph.CycleError):
        graph.layers({"a": {"b"}, "b": {"c"}, "c": {"a"}})
    true = graph.module_graph()
    wrong = {**true, "svlaw.data.errors": {"svlaw.fit.power_law"}}
    monkeypatch.setattr(graph, "module_graph", lambda: wrong)
    assert graph.arrows_up() == [("svlaw.data.errors", "svlaw.fit.power_law")]


def test_every_folder_of_the_package_is_installed() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    folders = {
        name if graph.is_package(path) else name.rpartition(".")[0]
        for name, path in graph.modules().items()
    }
    assert set(settings["tool"]["setuptools"]["packages"]) == folders
    for folder in folders:
        assert graph.is_package(graph.modules()[folder]), f"{folder} has no __init__.py"


def test_the_design_notes_name_every_folder() -> None:
    notes = (ROOT / "docs" / "design-notes.md").read_text("utf-8")
    for path in graph.modules().values():
        if graph.is_package(path):
            folder = f"{path.parent.relative_to(ROOT)}/"
            assert f"`{folder}" in notes, folder


def test_no_folder_at_the_root_bears_the_name_of_the_package() -> None:
    """Python run in the root would find that folder in place of the installed package."""
    assert [path.name for path in ROOT.iterdir() if path.stem == graph.PACKAGE] == []


def test_no_private_part_of_ray_is_used() -> None:
    for name, path in graph.modules().items():
        text = path.read_text("utf-8")
        assert "ray._" not in text, f"{name} uses a private part of Ray"


def test_no_two_modules_share_a_name() -> None:
    places = defaultdict(list)
    for path in graph.modules().values():
        places[path.stem].append(str(path.relative_to(ROOT)))
    shared = {name: paths for name, paths in places.items() if len(paths) > 1}
    assert set(shared) == set(SHARED_NAMES), shared


def test_modules_are_of_modest_size() -> None:
    sizes = {name: path.read_text("utf-8").count("\n") for name, path in graph.modules().items()}
    assert {name: lines for name, lines in sizes.items() if lines > MOST_LINES} == {}


def test_every_import_is_whole() -> None:
    """Imports name modules in full, so that the graph sees them all."""
    for name, path in graph.modules().items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            assert not (isinstance(node, ast.ImportFrom) and node.level), name

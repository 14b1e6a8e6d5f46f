"""The notebooks run, give what is committed, and say nothing that they do not show."""

import base64
import importlib.util
import math
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
MOST_BYTES = 250_000
FIGURE = "application/vnd.plotly.v1+json"

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_ABSOLUTE = re.compile(r"(?<![\w.:/])/(?:home|mnt|opt|private|root|tmp|usr|var|work|Users)/")
_NAMES = re.compile(r"`[^`]*`|\]\([^)]*\)|arXiv \d+\.\d+|[A-Za-z]+-\d[\w.-]*|95% interval")
"""Numbers in these are not figures: code, links, papers, models (GPT-4), the level of intervals."""
_LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.mark.slow
@each_notebook
# The kernel's own plumbing warns (unencrypted loopback sockets, event loops); ours may not.
@pytest.mark.filterwarnings("default")
def test_a_run_gives_what_is_committed(path, tmp_path):
    """Text exactly, the numbers of figures within rounding; pictures are drawn from those."""
    before = held(FOLDER), held(ROOT / "data" / "examples")
    found = runner().execute(path, tmp_path)
    committed = nbformat.read(path, as_version=4)
    for here, there in zip(code(found), code(committed), strict=True):
        new, old = (
            [shown(out) for out in cell.outputs if out.get("name") != "stderr"]
            for cell in (here, there)
        )
        assert [text for text, _ in new] == [text for text, _ in old], stale(path, here)
        for (_, drawn), (_, kept) in zip(new, old, strict=True):
            assert alike(drawn, kept), stale(path, here)
    warned = [out.text for cell in code(found) for out in cell.outputs if "stderr" in str(out)]
    assert not warned
    assert (held(FOLDER), held(ROOT / "data" / "examples")) == before
    assert not list(tmp_path.iterdir())


@each_notebook
def test_committed_outputs_are_whole_and_small(path):
    notebook = nbformat.read(path, as_version=4)
    assert path.stat().st_size < MOST_BYTES
    assert [cell.execution_count for cell in code(notebook)] == [
        n for n, _ in enumerate(code(notebook), 1)
    ]
    outputs = [out for cell in code(notebook) for out in cell.outputs]
    assert {out.output_type for out in outputs} <= {"stream", "display_data", "execute_result"}
    assert all(out.get("name", "stdout") == "stdout" for out in outputs)
    for out in runner().figures(notebook):
        assert base64.b64decode(out.data["image/png"]).startswith(b"\x89PNG")
    for out in outputs:
        assert not _ABSOLUTE.search(written(out)), "a path of the machine it ran on"


@each_notebook
def test_a_question_comes_first_and_the_answer_last(path):
    cells = nbformat.read(path, as_version=4).cells
    assert re.match(r"# .+\n\n\*\*[^*]", cells[0].source)
    prose = [cell.source for cell in cells if cell.cell_type == "markdown"]
    headings = [line for text in prose for line in text.splitlines() if line.startswith("#")]
    assert headings[-1] == "## The answer"
    (answer,) = [out for out in code_outputs(cells)[-1] if "text/markdown" in out.get("data", {})]
    assert _NUMBER.search(answer.data["text/markdown"])


@each_notebook
def test_numbers_in_prose_stand_in_code_or_outputs(path):
    cells = nbformat.read(path, as_version=4).cells
    seen: set[str] = set()
    for cell in cells:
        if cell.cell_type == "code":
            seen |= numbers(cell.source)
            for out in cell.outputs:
                seen |= numbers(written(out))
    for cell in cells:
        if cell.cell_type == "markdown":
            prose = _NAMES.sub(" ", cell.source)
            assert numbers(prose) <= seen, f"not computed: {sorted(numbers(prose) - seen)}"


@each_notebook
def test_only_the_public_api_is_used(path):
    source = "\n".join(cell.source for cell in code(nbformat.read(path, as_version=4)))
    assert not re.search(r"from svlaw|import svlaw\.", source)
    import svlaw as sv

    used = set(re.findall(r"\bsv\.(\w+)", source))
    assert used
    assert used <= set(sv.__all__)


def test_every_notebook_is_listed_and_links_lead_somewhere():
    listed = (FOLDER / "README.md").read_text()
    assert NOTEBOOKS
    for path in NOTEBOOKS:
        assert f"]({path.name})" in listed
    texts = [cell.source for path in NOTEBOOKS for cell in nbformat.read(path, 4).cells]
    for text in [listed, *texts]:
        for link in _LINK.findall(text):
            assert link.startswith("https://") or (FOLDER / link).exists(), link


def runner() -> ModuleType:
    """notebooks/execute.py, which is no part of the package."""
    spec = importlib.util.spec_from_file_location("execute", FOLDER / "execute.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def held(folder: Path) -> list[tuple[Path, int]]:
    """Files below a folder, with their sizes."""
    paths = sorted(path for path in folder.rglob("*") if "__pycache__" not in path.parts)
    return [(path, path.stat().st_size) for path in paths if path.is_file()]


def code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def code_outputs(cells: list[Any]) -> list[list[Any]]:
    return [cell.outputs for cell in cells if cell.cell_type == "code"]


def shown(out: Any) -> tuple[str, Any]:
    """What an output says, and the figure it draws."""
    return written(out), out.get("data", {}).get(FIGURE)


def written(out: Any) -> str:
    """All text of an output, pictures and figures left out."""
    data = out.get("data", {})
    texts = [text for kind, text in sorted(data.items()) if kind.startswith("text/")]
    # The object's address is in the words for a Markdown object, which has text of its own.
    if "text/markdown" in data:
        texts = [data["text/markdown"]]
    return "\n".join([out.get("text", ""), *texts])


def numbers(text: str) -> set[str]:
    """Every number of a text, without thousands separators."""
    return {found.replace(",", "") for found in _NUMBER.findall(text)}


def alike(one: Any, other: Any) -> bool:
    """Whether two figures are equal but for the rounding of numbers."""
    one, other = decoded(one), decoded(other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    if {type(one), type(other)} <= {int, float}:
        return math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-9)
    return bool(one == other)


def decoded(value: Any) -> Any:
    """An array as Plotly writes it, in base64, as a list."""
    if isinstance(value, dict) and {"bdata", "dtype"} <= value.keys():
        return np.frombuffer(base64.b64decode(value["bdata"]), value["dtype"]).tolist()
    return value


def stale(path: Path, cell: Any) -> str:
    first = cell.source.splitlines()[0]
    return f"{path.name}, cell '{first}': run 'make notebooks', and see what has changed and why"

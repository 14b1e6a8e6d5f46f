"""Every notebook runs from top to bottom."""

from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
# The kernel's own plumbing warns (unencrypted loopback sockets, event loops); ours may not.
@pytest.mark.filterwarnings("default")
def test_notebook_runs(path, tmp_path):
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=300, resources=resources).execute()
    assert [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_notebooks_are_committed_with_small_outputs():
    assert NOTEBOOKS
    for path in NOTEBOOKS:
        assert path.stat().st_size < 200_000
        assert '"output_type": "error"' not in path.read_text()

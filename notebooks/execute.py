"""Runs the notebooks and writes their outputs back: `make notebooks`, or `execute.py NAME...`.

A figure is kept twice: as Plotly's JSON, which Jupyter draws and tests/test_notebooks.py compares,
and as a PNG drawn from that JSON (Kaleido and a Chromium), which GitHub and nbconvert show.
"""

import argparse
import base64
import io
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import nbformat
import plotly.io as pio
from nbclient import NotebookClient
from PIL import Image

FOLDER = Path(__file__).parent
FIGURE = "application/vnd.plotly.v1+json"
_WIDTH, _SCALE = 760, 2
_COLOURS = 256
"""A palette makes a picture four times smaller; figures have few colours."""


def execute(path: Path, folder: Path) -> Any:
    """Run a notebook from top to bottom in a folder; a cell that fails raises."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        timeout=600,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    ).execute(env={**os.environ, "PLOTLY_RENDERER": "plotly_mimetype"})
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def draw(notebook: Any) -> None:
    """Put a PNG beside the JSON of every figure."""
    for output in figures(notebook):
        parts = {name: output.data[FIGURE][name] for name in ("data", "layout")}
        figure = pio.from_json(json.dumps(parts))
        picture = Image.open(io.BytesIO(figure.to_image("png", width=_WIDTH, scale=_SCALE)))
        small = io.BytesIO()
        picture.quantize(_COLOURS).save(small, "PNG", optimize=True)
        output.data["image/png"] = base64.b64encode(small.getvalue()).decode()
        output.metadata["image/png"] = {"width": _WIDTH}


def figures(notebook: Any) -> list[Any]:
    """The outputs of a notebook that are figures."""
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    return [out for out in outputs if FIGURE in out.get("data", {})]


def main() -> None:
    """Run the notebooks named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="notebooks without .ipynb; all when none is given")
    names = parser.parse_args().names or sorted(path.stem for path in FOLDER.glob("*.ipynb"))
    for name in names:
        path = FOLDER / f"{name}.ipynb"
        with tempfile.TemporaryDirectory() as folder:
            notebook = execute(path, Path(folder))
        draw(notebook)
        nbformat.write(notebook, path)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")  # noqa: T201


if __name__ == "__main__":
    main()

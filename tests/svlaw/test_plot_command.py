"""`svlaw plot`: every figure of every kind of pool, and its one-line errors."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from svlaw.data.examples import open_example

Run = Callable[..., tuple[Any, str, str]]

KINDS = ("frontier", "solutions", "surface", "law", "crossover", "paper")
SMALL = ("--solutions", "1,4,16", "--verifications", "1,2", "--tolerance", "0.01")


@pytest.fixture
def exams() -> Path:
    return open_example("exams_gpt35_by_gpt4").path


@pytest.fixture
def voting(make_pool: Any) -> Path:
    """Ten problems with four solutions each, none verified."""
    rows = [
        (f"p{i}", j, str(j % 3), j % 3, (i + j) % 3 == 0, "graded")
        for i in range(10)
        for j in range(4)
    ]
    columns = ["problem_id", "solution_id", "answer", "answer_class", "is_correct", "status"]
    frame = pl.DataFrame(rows, columns, orient="row")
    path: Path = make_pool(frame.cast({"solution_id": pl.Int32, "answer_class": pl.Int32})).path
    return path


def options_of(kind: str) -> tuple[Any, ...]:
    cost = () if kind == "solutions" else ("--lambda", 2)
    resamples = ("--resamples", 40) if kind in {"law", "crossover"} else ()
    return (*SMALL, *cost, *resamples)


@pytest.mark.parametrize("kind", KINDS)
def test_every_figure(svlaw: Run, exams: Path, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "a.html"
    command = ("plot", kind, exams, "-o", file, *options_of(kind), "--title", "A <b>title</b>")
    code, out, err = svlaw(*command, "--columns", 1)
    assert (code, err) == (0, "")
    assert out == f"{file}: written\n"
    page = file.read_text("utf-8")
    assert "A &lt;b&gt;title" in page
    assert "A <b>" not in page
    assert '"width":386' in page
    code, out, _ = svlaw(*command, "--columns", 2, "--json")
    assert (code, json.loads(out)) == (0, {"figure": str(file), "bytes": file.stat().st_size})
    assert '"width":807' in file.read_text("utf-8")


def test_figures_of_a_pool_without_verifications(svlaw: Run, voting: Path, tmp_path: Path) -> None:
    for kind in KINDS:
        file = tmp_path / f"{kind}.html"
        code, out, err = svlaw("plot", kind, voting, "-o", file)
        if kind in {"frontier", "solutions"}:
            assert (code, err) == (0, "")
            assert file.exists()
        else:
            assert (code, out, err.count("\n")) == (2, "", 1)
            assert "holds nothing for best_of_n" in err
            assert not file.exists()


def test_the_paper_needs_no_pool(svlaw: Run, tmp_path: Path) -> None:
    file = tmp_path / "figure1.html"
    assert svlaw("plot", "paper", "-o", file)[0] == 0
    page = file.read_text("utf-8")
    for words in ("128× compute", "7.9× compute", "5.5× fewer solutions"):
        assert words in page or words.replace("×", r"\u00d7") in page


def test_flops_are_on_the_axis(svlaw: Run, tmp_path: Path, exams: Path) -> None:
    file = tmp_path / "a.html"
    code, _, err = svlaw(
        *("plot", "frontier", exams, "-o", file, *SMALL),
        *("--cost", "flops", "--solver-size", "8B", "--lambda", 2),
    )
    assert (code, err.count("\n")) == (2, 1)
    assert "--lambda 2" in err


@pytest.mark.slow
def test_a_file_by_the_browser(
    svlaw: Run,
    exams: Path,
    tmp_path: Path,
    chromium: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("kaleido")
    monkeypatch.setenv("BROWSER_PATH", chromium)
    file = tmp_path / "a.pdf"
    assert svlaw("plot", "surface", exams, "-o", file, *options_of("surface"))[0] == 0
    assert file.read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("frontier", "-o", "a.gif"), "svg, .pdf, .png or .html"),
        (("frontier", "-o", "a"), "svg, .pdf, .png or .html"),
        (("frontier", "-o", "none/a.html"), "there is no folder none"),
        (("frontier", "-o", "a.html", "--columns", 3), "columns = 3: a figure spans 1 or 2"),
        (("frontier", "-o", "a.html", "--height", 0.1), "height = 0.1: use 1.5 to 10 inches"),
        (("frontier", "-o", "a.html", "--cost", "price"), "--cost price"),
        (("surface", "-o", "a.html", "--strategy", "coverage", "--lambda", 2), "has no surface"),
        (("crossover", "-o", "a.html", "--strategy", "luck", "--lambda", 2), "luck"),
        (("law", "-o", "a.html", "--method", "luck", "--lambda", 2, *SMALL), "luck"),
    ],
)
def test_bad_input_is_one_line(
    svlaw: Run,
    exams: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[Any, ...],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = svlaw("plot", options[0], exams, *options[1:])
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("svlaw: ")
    assert words in err
    assert not list(tmp_path.iterdir())


def test_without_kaleido_or_chromium(
    svlaw: Run, exams: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chromium")
    for kaleido, words in ((False, "pip install 'svlaw[figures]'"), (True, "/nowhere/chromium")):
        if kaleido:
            pytest.importorskip("kaleido")
        with monkeypatch.context() as patch:
            if not kaleido:
                patch.setitem(sys.modules, "kaleido", None)
            code, out, err = svlaw("plot", "frontier", exams, "-o", "a.svg")
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert words in err
        assert "or write .html" in err
    assert not list(tmp_path.iterdir())

"""Figures as files: their kinds, sizes, sameness and errors, and that nothing in them overlaps."""

import json
import re
import subprocess
import sys
import zlib
from html import escape

import plotly.graph_objects as go
import pytest
from plotly.offline import get_plotlyjs

import svlaw as sv
from svlaw.analysis.cost import RelativeCost
from svlaw.data.errors import BadInputError, SvlawError

COST = RelativeCost(2.0)


@pytest.fixture(scope="module")
def figure(published):
    return sv.plot_frontier(sv.curves(published, COST), COST)


def test_typeset_is_white_sized_and_leaves_the_figure_alone(figure):
    before = figure.to_json()
    one, two = (sv.typeset(figure, columns=n) for n in (1, 2))
    assert figure.to_json() == before
    # 13 pixels of text become 8 points, so the page is 8 / (13 * 72 / 96) as wide.
    scale = 8 / (13 * 72 / 96)
    assert one.layout.width * scale / 96 == pytest.approx(3.3, abs=0.005)
    assert two.layout.width * scale / 96 == pytest.approx(6.9, abs=0.005)
    assert one.layout.height == figure.layout.height
    assert sv.typeset(figure, height=2.0).layout.height * scale / 96 == pytest.approx(2, abs=0.005)
    template = one.layout.template.layout
    assert template.paper_bgcolor == template.plot_bgcolor == "white"
    assert figure.layout.template.layout.paper_bgcolor == "rgba(0,0,0,0)"


@pytest.mark.parametrize("size", [{"columns": 3}, {"height": 0.2}, {"height": 40}])
def test_a_size_that_no_page_has(figure, tmp_path, size):
    with pytest.raises(BadInputError, match=f"{next(iter(size))} = "):
        sv.write_figure(figure, tmp_path / "a.html", **size)
    assert not list(tmp_path.iterdir())


def test_html_needs_nothing(figure, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "kaleido", None)
    path = sv.write_figure(figure, tmp_path / "a.html")
    page = path.read_text("utf-8")
    assert "plotly.js v" in page
    assert not re.search(r"<(?:script|link|img)[^>]+(?:src|href)=", page)
    assert sv.write_figure(figure, tmp_path / "b.html").read_bytes() == path.read_bytes()


def test_what_is_missing_is_named(figure, tmp_path, monkeypatch):
    with pytest.raises(BadInputError, match=r"svg, \.pdf, \.png or \.html"):
        sv.write_figure(figure, tmp_path / "a.gif")
    with pytest.raises(BadInputError, match="there is no folder"):
        sv.write_figure(figure, tmp_path / "none" / "a.html")
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "kaleido", None)
        with pytest.raises(SvlawError, match=r"needs Kaleido .*pip install 'svlaw\[figures\]'"):
            sv.write_figure(figure, tmp_path / "a.svg")
    pytest.importorskip("kaleido")
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "nowhere"))
    with pytest.raises(SvlawError, match=r"needs Chromium or Chrome.*nowhere.*or write \.html"):
        sv.write_figure(figure, tmp_path / "a.pdf")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_browser_that_fails_is_named(figure, tmp_path, monkeypatch):
    pytest.importorskip("kaleido")
    monkeypatch.setenv("BROWSER_PATH", "/bin/false")
    with pytest.raises(SvlawError, match="the browser /bin/false could not draw the figure: "):
        sv.write_figure(figure, tmp_path / "a.svg")
    assert not list(tmp_path.iterdir())


def corner_of(pdf: bytes) -> list[float]:
    """Where the drawing begins on its page."""
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        try:
            content = zlib.decompress(stream)
        except zlib.error:
            continue
        if drawing := re.search(rb"\n(\S+) (\S+) \S+ \S+ re\nW\* n", content):
            return [float(side) for side in drawing.groups()]
    raise AssertionError


@pytest.fixture(scope="module")
def written(figure, tmp_path_factory, chromium):
    """The figure as a file of each kind that the browser draws, and the same again."""
    pytest.importorskip("kaleido")
    folder = tmp_path_factory.mktemp("written")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BROWSER_PATH", chromium)
        for number in range(2):
            for kind in ("svg", "pdf", "png"):
                sv.write_figure(figure, folder / f"{number}.{kind}", height=3.0)
    assert len(list(folder.iterdir())) == 6
    return [
        {kind: (folder / f"{number}.{kind}").read_bytes() for kind in ("svg", "pdf", "png")}
        for number in range(2)
    ]


@pytest.mark.slow
def test_files_have_the_printed_size_and_repeat(written):
    written, again = written
    assert written == again
    svg = written["svg"].decode()
    sides = [re.search(rf'{name}="([\d.]+)"', svg)[1] for name in ("width", "height")]
    assert [float(side) / 96 for side in sides] == pytest.approx([3.3, 3.0], abs=0.005)
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", written["pdf"])
    assert [float(side) / 72 for side in box.groups()] == pytest.approx([3.3, 3.0], abs=0.01)
    assert written["pdf"].count(b"/Type /Page\n") == 1
    assert corner_of(written["pdf"]) == [0, 0]  # no margins, which would cut the lower edge off
    assert written["png"][:8] == b"\x89PNG\r\n\x1a\n"
    pixels = [int.from_bytes(written["png"][i : i + 4]) for i in (16, 20)]
    assert [n / 300 for n in pixels] == pytest.approx([3.3, 3.0], abs=0.01)


@pytest.mark.slow
def test_two_drawings_share_no_ids(written, exams, tmp_path, chromium, monkeypatch):
    monkeypatch.setenv("BROWSER_PATH", chromium)
    other = sv.write_figure(sv.plot_solutions(sv.curves(exams, COST)), tmp_path / "a.svg")
    ids = [
        set(re.findall(r' id="([^"]+)"', svg.decode()))
        for svg in (written[0]["svg"], other.read_bytes())
    ]
    assert min(map(len, ids)) > 5
    assert not ids[0] & ids[1]


FIND_OVERLAPS = """
const found = {};
for (const plot of document.querySelectorAll('.plotly-graph-div')) {
  const page = plot.getBoundingClientRect(), faults = [];
  const texts = [...plot.querySelectorAll('.main-svg text')]
    .filter(t => t.textContent.trim() && t.getBoundingClientRect().width)
    .map(t => [t.textContent, t.getBoundingClientRect()]);
  texts.forEach(([a, p], i) => {
    if (p.left < page.left - 0.5 || p.right > page.right + 0.5 || p.top < page.top - 0.5
        || p.bottom > page.bottom + 0.5) faults.push(['outside', a]);
    for (const [b, q] of texts.slice(i + 1)) {
      const across = Math.min(p.right, q.right) - Math.max(p.left, q.left);
      const down = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
      if (across > 1 && down > 2) faults.push([a, b]);
    }
  });
  found[plot.id] = {texts: texts.length, faults: faults};
}
const result = document.createElement('pre');
result.id = 'result';
result.textContent = JSON.stringify(found);
document.body.append(result);
"""


def overlaps(figures: dict[str, go.Figure], folder, browser):
    """Texts of each figure that overlap or stick out, as the browser lays them out."""
    parts = [
        figure.to_html(full_html=False, include_plotlyjs=False, div_id=name)
        for name, figure in figures.items()
    ]
    page = folder / "page.html"
    page.write_text(
        f"<!doctype html><meta charset=utf-8><script>{get_plotlyjs()}</script><body>"
        f"{''.join(parts)}<script>addEventListener('load', () => setTimeout(() => {{"
        f"{FIND_OVERLAPS}}}, 500))</script>",
        "utf-8",
    )
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1200,900"]
    command += ["--virtual-time-budget=8000", "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    text = re.search(r'<pre id="result">(.*?)</pre>', done.stdout, re.DOTALL)[1]
    for sign in "<>&":
        text = text.replace(escape(sign), sign)
    return json.loads(text)


def crowded(figure):
    """A figure in which words lie across each other and beyond the edge."""
    printed = sv.typeset(figure)
    for y in (0.5, 0.51):
        printed.add_annotation(
            text="words", x=0.5, y=y, xref="paper", yref="paper", showarrow=False
        )
    printed.add_annotation(text="outside", x=1.0, y=0, xref="paper", yref="paper", xanchor="left")
    return printed


@pytest.mark.slow
def test_no_words_overlap_in_print(figure, published, exams, humaneval, tmp_path, chromium):
    heights = {"frontier": {1: 2.8, 2: 3.4}, "crossover": {1: 3.2, 2: 3.6}}
    figures = {}
    for name, table in (("published", published), ("exams", exams), ("humaneval", humaneval)):
        frame = sv.curves(table, COST)
        found = sv.crossover(table, COST, resamples=40)
        fit = sv.fit_allocation(table, COST, resamples=0)
        for columns in (1, 2):
            beside = columns == 2
            drawn = {
                "frontier": sv.plot_frontier(frame, COST, crossover=found, title="A title"),
                "solutions": sv.plot_solutions(frame, beside=beside),
                "surface": sv.plot_surface(frame, COST, beside=beside, title="A title"),
                "law": sv.plot_laws(fit, beside=beside),
                "crossover": sv.plot_crossover(table, found, COST),
                "paper": sv.plot_paper_figure(table, COST, beside=beside),
            }
            for what, one in drawn.items():
                height = heights.get(what, {}).get(columns)
                printed = sv.typeset(one, columns=columns, height=height)
                figures[f"{what}-{name}-{columns}"] = printed
    result = overlaps({**figures, "crowded": crowded(figure)}, tmp_path, chromium)
    faults = result.pop("crowded")["faults"]
    assert ["words", "words"] in faults
    assert ["outside", "outside"] in faults
    assert set(result) == set(figures)
    assert min(one["texts"] for one in result.values()) > 10
    assert {name: one["faults"] for name, one in result.items() if one["faults"]} == {}

"""Figures as files for papers: SVG, PDF and PNG at the width of a column, or one HTML page.

SVG, PDF and PNG are drawn by Kaleido in a Chromium without a window and without the network; HTML
needs neither.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import plotly.graph_objects as go

from svlaw.analysis.figures.axes import FONT_SIZE, print_template
from svlaw.data.errors import BadInputError, SvlawError, first_line
from svlaw.data.storage.files import atomic_path

FILE_KINDS: Final = (".svg", ".pdf", ".png", ".html")
"""Endings of the files a figure can be written to."""
COLUMN_INCHES: Final = {1: 3.3, 2: 6.9}
"""Printed width of a figure that spans one or two columns."""
HEIGHT_INCHES: Final = (1.5, 10.0)
"""Least and greatest printed height."""
PRINT_POINTS: Final = 8
"""Size of all text in print."""
DOTS_PER_INCH: Final = 300
"""Resolution of PNG files."""

_CSS_INCH: Final = 96
_PRINT_SCALE: Final = PRINT_POINTS / 72 * _CSS_INCH / FONT_SIZE
"""Printed over laid-out size: figures are laid out with text of `FONT_SIZE` pixels."""
_SECONDS: Final = 90
_IDENTITY: Final = re.compile(r'id="defs-([0-9a-f]+)"')
_PDF_DATE: Final = re.compile(rb"\(D:\d{14}")
_EPOCH: Final = b"(D:19700101000000"


def typeset(figure: go.Figure, *, columns: int = 1, height: float | None = None) -> go.Figure:
    """The figure as a page of a journal wants it: black on white, as wide as its columns.

    It is laid out with text of 13 pixels and printed with text of 8 points, 3.3 inches wide over
    one column and 6.9 over two; `write_figure` scales it so.

    Args:
        figure: Any figure of svlaw; it stays as it is.
        columns: Number of columns that it spans, 1 or 2.
        height: Printed height in inches; as high as it is laid out when None.

    Raises:
        BadInputError: There is no such number of columns, or it would be too low or too high.
    """
    check_print_size(columns, height)
    printed = go.Figure(figure)
    printed.update_layout(template=print_template(), width=_laid_out(COLUMN_INCHES[columns]))
    if height is not None:
        printed.update_layout(height=_laid_out(height))
    for number, trace in enumerate(printed.data):
        trace.uid = str(number)  # in place of random ones, which stand in SVG files
    return printed


def check_print_size(columns: int, height: float | None = None) -> None:
    """Raise for a size that no figure is printed at.

    Raises:
        BadInputError: There is no such number of columns, or the height is out of range.
    """
    if columns not in COLUMN_INCHES:
        raise BadInputError(f"columns = {columns}: a figure spans 1 or 2 columns")
    low, high = HEIGHT_INCHES
    if height is not None and not low <= height <= high:
        raise BadInputError(f"height = {height:g}: use {low:g} to {high:g} inches")


def _laid_out(inches: float) -> int:
    """Pixels, before scaling, of a printed length."""
    return round(inches * _CSS_INCH / _PRINT_SCALE)


def write_figure(
    figure: go.Figure, path: str | Path, *, columns: int = 1, height: float | None = None
) -> Path:
    """Write a figure, typeset for print, as .svg, .pdf, .png (300 dpi) or .html.

    The file appears whole or not at all. The same figure gives the same bytes, with the same
    Chromium and fonts. HTML files hold Plotly and need no network.

    Args:
        figure: Any figure of svlaw.
        path: The file to write; replaced when it exists.
        columns: Number of columns that the figure spans, 1 or 2.
        height: Printed height in inches; as high as it is laid out when None.

    Raises:
        BadInputError: The ending is another, the folder does not exist, or the size is none.
        SvlawError: Kaleido or Chromium is missing, or Chromium fails.
    """
    path = Path(path)
    check_figure_path(path)
    printed = typeset(figure, columns=columns, height=height)
    content = _page(printed) if path.suffix.lower() == ".html" else _drawn(printed, path)
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
    return path


def check_figure_path(path: str | Path) -> None:
    """Raise before any work when a figure could not be written to a path.

    Raises:
        BadInputError: The ending is none of `FILE_KINDS` or the folder does not exist.
        SvlawError: The file needs Kaleido or Chromium, and that is missing.
    """
    path = Path(path)
    kind = path.suffix.lower()
    if kind not in FILE_KINDS:
        raise BadInputError(f"{path}: write a figure to a .svg, .pdf, .png or .html file")
    if not path.parent.is_dir():
        raise BadInputError(f"{path}: there is no folder {path.parent}")
    if kind != ".html":
        _find_browser(path)


def _find_browser(path: Path) -> str:
    """The browser that Kaleido draws with.

    Raises:
        SvlawError: Kaleido or a browser is missing.
    """
    kind = path.suffix.lower()
    try:
        import kaleido  # noqa: F401, PLC0415  optional, and slow to import
        from choreographer.browsers.chromium import Chromium  # noqa: PLC0415
    except ImportError as error:
        raise SvlawError(
            f"{path}: a {kind} file needs Kaleido ({first_line(error)}); pip install"
            " 'svlaw[figures]', or write .html"
        ) from error
    browser = Chromium.find_browser(skip_local=False)
    if browser is None or not Path(browser).is_file():
        where = f" at BROWSER_PATH={browser}" if browser else ""
        raise SvlawError(
            f"{path}: a {kind} file needs Chromium or Chrome, and there is none{where}; apt-get"
            " install chromium, or write .html"
        )
    return str(browser)


def _page(figure: go.Figure) -> bytes:
    page: str = figure.to_html(
        include_plotlyjs=True, div_id="figure", config={"displaylogo": False, "responsive": False}
    )
    return page.encode()


def _drawn(figure: go.Figure, path: Path) -> bytes:
    """The bytes of a file that Kaleido draws.

    Raises:
        SvlawError: The browser fails.
    """
    import kaleido  # noqa: PLC0415  optional, and slow to import
    from kaleido.errors import (  # noqa: PLC0415
        BrowserClosedError,
        BrowserFailedError,
        KaleidoError,
    )

    kind = path.suffix.lower().removeprefix(".")
    dense = DOTS_PER_INCH / _CSS_INCH if kind == "png" else 1.0
    size: dict[str, Any] = {"width": figure.layout.width, "height": figure.layout.height}
    try:
        with _without_logs("choreographer", "kaleido"):
            content: bytes = kaleido.calc_fig_sync(
                figure,
                opts={"format": kind, "scale": _PRINT_SCALE * dense, **size},
                kopts={"page_generator": _blank_page(), "timeout": _SECONDS},
            )
    except (BrowserClosedError, BrowserFailedError, KaleidoError, TimeoutError) as error:
        what = str(error.args[0]) if error.args else type(error).__name__
        raise SvlawError(
            f"{path}: the browser {_find_browser(path)} could not draw the figure: {what}"
        ) from error
    if kind == "svg":
        return _with_own_ids(content.decode()).encode()
    return _PDF_DATE.sub(_EPOCH, content) if kind == "pdf" else content


def _blank_page() -> Any:
    """The page that Kaleido draws in.

    Without MathJax, which would come from the network, and without the margins of printed pages,
    which would shrink a PDF and cut its lower edge off.
    """
    import kaleido  # noqa: PLC0415  optional, and slow to import

    page = kaleido.PageGenerator(mathjax=False)
    page.header += "<style>@page { margin: 0 } img { display: block }</style>"
    return page


@contextmanager
def _without_logs(*names: str) -> Iterator[None]:
    """Keep packages from logging, with tracebacks, what went wrong and did no harm."""
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL + 1)
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _with_own_ids(svg: str) -> str:
    """The drawing with ids made from its content in place of Plotly's random ones.

    So equal figures are equal files, and two figures in one page do not share ids.
    """
    found = _IDENTITY.search(svg)
    if found is None:
        return svg
    # Part of a name, never of a number.
    name = re.compile(rf"(?<=[a-zA-Z-]){found[1]}")
    digest = sha256(name.sub("", svg).encode()).hexdigest()[: len(found[1])]
    return name.sub(digest, svg)

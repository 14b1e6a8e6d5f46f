"""Fixtures shared by the tests of the front door."""

from contextlib import contextmanager

import pytest

_PATIENCE = 600_000
"""Milliseconds that a page may take on a busy machine."""


@pytest.fixture(scope="session")
def browser(chromium):
    """A headless browser."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        yield started
        started.close()


@pytest.fixture(scope="session")
def window(browser):
    """A window that is never closed, since another one would cost a second of work to open."""
    context = browser.new_context()
    context.new_page()
    yield context
    context.close()


@pytest.fixture(scope="session")
def open_page(browser, window):
    """Opens pages on which nothing may go wrong, nor go to the network."""

    @contextmanager
    def open_one(address="about:blank", width=1280, height=900, color_scheme="light", **settings):
        context = browser.new_context(**settings) if settings else window
        page = context.new_page()
        page.set_default_timeout(_PATIENCE)
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=color_scheme)
        troubles = []
        page.on("console", lambda m: m.type in ("error", "warning") and troubles.append(m.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        own = (address.partition("#")[0], "blob:", "data:")
        page.on("request", lambda r: r.url.startswith(own) or troubles.append(r.url))
        page.goto(address)
        yield page
        page.close()
        if context is not window:
            context.close()
        assert troubles == []

    return open_one


@pytest.fixture(scope="session")
def assert_same():
    """Asserts that figures by name equal those of the same names, numbers to a tolerance."""

    def compare(found, expected, tolerance=1e-9):
        numbers = {key: value for key, value in found.items() if isinstance(value, int | float)}
        others = {key: value for key, value in found.items() if key not in numbers}
        assert others == {key: expected[key] for key in others}
        assert None not in (expected[key] for key in numbers), (found, expected)
        near = {key: float(expected[key]) for key in numbers}
        assert numbers == pytest.approx(near, rel=tolerance, abs=tolerance)

    return compare

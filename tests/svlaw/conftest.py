"""Fixtures shared by the tests of the front door."""

from contextlib import contextmanager

import pytest


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
def open_page(browser):
    """Opens pages on which nothing may go wrong, nor go to the network."""

    @contextmanager
    def open_one(address="about:blank", **settings):
        settings = {"viewport": {"width": 1280, "height": 900}, **settings}
        context = browser.new_context(**settings)
        page = context.new_page()
        troubles = []
        page.on("console", lambda m: m.type in ("error", "warning") and troubles.append(m.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        own = (address.partition("#")[0], "blob:", "data:")
        page.on("request", lambda r: r.url.startswith(own) or troubles.append(r.url))
        page.goto(address)
        yield page
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

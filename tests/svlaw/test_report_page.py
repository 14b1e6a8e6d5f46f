"""The report in a real browser, from file://: figures, downloads, widths, and the way through."""

import csv
import io
import re

import numpy as np
import polars as pl
import pytest

import svlaw as sv
from svlaw.data.examples import open_example
from svlaw.data.pool import open_pool
from svlaw.data.pool_writer import create_pool

NASTY = "=1+1 <script>alert(1)</script> <b>%{x}"


def write_pool(path, subject):
    """Twelve problems whose subjects are text that may become markup, or a formula."""
    rng = np.random.default_rng(4)
    ids = np.repeat([f"p{i:02d} {NASTY}" for i in range(12)], 6)
    right = rng.random(72) < np.repeat(np.linspace(0.2, 0.9, 12), 6)
    answers = pl.DataFrame(
        {
            "problem_id": ids,
            "solution_id": pl.Series(np.tile(np.arange(6), 12), dtype=pl.Int32),
            "answer_class": pl.Series(np.where(right, 0, rng.integers(1, 4, 72)), dtype=pl.Int32),
            "is_correct": right,
            "status": "graded",
        }
    )
    depths = pl.DataFrame({"verification_id": pl.Series([0, 1], dtype=pl.Int32)})
    verdicts = answers.select("problem_id", "solution_id").join(depths, how="cross")
    says = (rng.random(144) < 0.8) == np.repeat(right, 2)
    verdicts = verdicts.with_columns(
        score=pl.Series(says).cast(pl.Float64), status=pl.lit("graded")
    )
    with create_pool(path, {"title": NASTY, "licence": NASTY}) as writer:
        writer.add("answers", answers)
        writer.add("verdicts", verdicts, verifier="judge")
        subjects = [subject, "others"] * 6
        problems = pl.DataFrame({"problem_id": np.unique(ids), "subject": subjects})
        writer.add("problems", problems)
    (path / "NOTICE.md").write_text(NASTY, "utf-8")
    return open_pool(path)


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    return write_pool(tmp_path_factory.mktemp("page") / "=it <b>%{y}", NASTY)


@pytest.fixture(scope="module")
def report(pool, tmp_path_factory):
    """A report of one pool."""
    out = tmp_path_factory.mktemp("page") / "report.html"
    return sv.write_report([pool], out, ratio=1.0, resamples=40).as_uri()


@pytest.fixture(scope="module")
def both(pool, tmp_path_factory):
    """A report of two pools, one of them a published table."""
    out = tmp_path_factory.mktemp("page") / "both.html"
    pools = [pool, open_example("singhi2025_fig1")]
    return sv.write_report(pools, out, ratio=1.0, resamples=40).as_uri()


@pytest.fixture(scope="module")
def opened(report, both, open_page):
    with open_page(report) as one, open_page(both) as two:
        yield {"report": one, "both": two}


@pytest.fixture
def page_of(opened):
    """Either report, opened before, for tests that leave the page as it is."""

    def show(which):
        opened[which].bring_to_front()  # behind another it would draw once a second
        return opened[which]

    return show


def save(page, button):
    """What a button saves: the name of the file and its bytes."""
    with page.expect_download() as waiting:
        button.click()
    return waiting.value.suggested_filename, waiting.value.path().read_bytes()


def draw_all(page):
    """Scroll to every figure, since they are drawn when they come near; how many there are."""
    figures = page.locator(".figure")
    for i in range(figures.count()):
        figures.nth(i).scroll_into_view_if_needed()
        figures.nth(i).locator(".main-svg").first.wait_for()
    return figures.count()


def overlaps(page):
    """Pairs of texts of the figures that lie across each other."""
    return page.evaluate(
        """() => [...document.querySelectorAll(".figure .main-svg")].flatMap((svg) => {
          const texts = [...svg.querySelectorAll("text")]
            .filter((text) => text.textContent.trim() && text.getBoundingClientRect().width)
            .map((text) => [text.textContent, text.getBoundingClientRect()]);
          const found = [];
          for (const [i, [a, p]] of texts.entries()) {
            for (const [b, q] of texts.slice(i + 1)) {
              const across = Math.min(p.right, q.right) - Math.max(p.left, q.left);
              const down = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
              if (across > 1 && down > 2) found.push([a, b]);
            }
          }
          return found;
        })"""
    )


@pytest.mark.parametrize("which", ["report", "both"])
def test_the_page_fits_and_nothing_overlaps(page_of, which):
    assert_fits(page_of(which), 1280)


@pytest.mark.parametrize("which", ["report", "both"])
def test_the_page_fits_a_telephone_in_the_dark(request, open_page, which):
    with open_page(request.getfixturevalue(which), 390, color_scheme="dark") as page:
        assert_fits(page, 390)


def assert_fits(page, width):
    """Everything lies within the width, and no texts of figures across each other."""
    assert draw_all(page) >= 10
    assert page.evaluate("document.documentElement.scrollWidth") == width
    wide = page.evaluate(
        "[...document.querySelectorAll('.figure .svg-container')].filter("
        "(x) => x.getBoundingClientRect().right > innerWidth).length"
    )
    assert wide == 0
    assert overlaps(page) == []


def test_every_figure_has_axis_titles(page_of):
    page = page_of("report")
    draw_all(page)
    titles = page.evaluate(
        """[...document.querySelectorAll(".figure")].map((place) => Object.fromEntries(
          Object.entries(place._fullLayout).filter(([name]) => /^[xy]axis\\d*$/.test(name))
            .map(([name, axis]) => [name, [axis.title.text, axis.showticklabels]])))"""
    )
    assert len(titles) >= 10
    for axes in titles:
        named = [text for name, (text, _) in axes.items() if name[0] == "x" and text]
        assert named, axes


def test_tables_are_saved_in_full(page_of, pool):
    table, cost = sv.success_table(pool), sv.relative_cost(pool, 1.0)
    page = page_of("report")
    buttons = page.locator("button[data-save]:visible")
    names = [save(page, buttons.nth(i))[0] for i in range(buttons.count())]
    assert len(set(names)) == len(names)
    assert {name.rpartition("-")[2] for name in names} >= {
        *("best.csv", "points.csv", "crossover.csv", "laws.csv", "verifier.csv", "health.csv")
    }
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+\.csv", name) for name in names)
    _, content = save(page, page.get_by_role("button", name="Every computed point as CSV"))
    frame = pl.read_csv(content)
    expected = sv.curves(table, cost)
    assert frame.columns == expected.columns
    for column in ("cost", "success", "conf_low", "conf_high", "mc_error"):
        assert frame[column].cast(pl.Float64).to_list() == expected[column].to_list(), column


def test_text_of_a_pool_is_no_formula_in_a_table(page_of):
    page = page_of("report")
    part = page.locator("#pool-1-part-difficulty .table").last
    _, content = save(page, part.locator("button[data-save]"))
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert {row["bin"] for row in rows} == {f"'{NASTY}", "others"}
    gains = [float(row["gain"]) for row in rows if row["gain"]]
    assert min(gains) < 0  # numbers below zero are numbers still
    written = page.evaluate(
        "report.csv({columns: ['a'], rows: [['+1'], ['-1'], ['@x'], ['\\t=1'], ['a=1'], [-1],"
        " [null], ['say \"no\", or\\n']]})"
    )
    assert written.split("\r\n") == [
        *("a", "'+1", "'-1", "'@x", "'\t=1", "a=1", "-1", "", '"say ""no"", or\n"', "")
    ]


def test_figures_are_saved_dark_on_white(open_page, report):
    with open_page(report, color_scheme="dark") as page:
        line = page.locator("#pool-1-frontier + .saves")
        name, content = save(page, line.get_by_role("button", name="SVG"))
        assert name == "it-b-y-frontier.svg"
        text = content.decode()
        assert text.startswith("<svg")
        assert "rgb(255, 255, 255)" in text
        assert "compute per problem (solutions)" in text
        assert "rgb(34, 34, 34)" in text  # the ink of print
        name, content = save(page, line.get_by_role("button", name="PNG"))
        assert name == "it-b-y-frontier.png"
        assert content.startswith(b"\x89PNG")


def test_nothing_in_a_pool_becomes_markup_or_a_template(page_of):
    page = page_of("both")
    assert page.locator("main script:not([type])").count() == 0
    assert page.locator("main b").count() == 0
    legend = page.locator("#pools .legendtext").first.text_content()
    assert legend == "=it <b>%{y}"
    draw_all(page)
    bins = page.locator("#pool-1-by-subject .legendtext").all_text_contents()
    assert any(text.startswith("=1+1 <script>alert(1)") for text in bins)
    assert NASTY in page.locator("#pool-1-part-methods dl").text_content()
    assert page.locator("#pool-1-part-methods pre").text_content() == NASTY


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_who_cannot_see_or_point_can_read_the_page(open_page, both, scheme):
    """No rule of axe (WCAG 2 and good practice) is broken: contrast, names, order of headings."""
    from axe_playwright_python.sync_playwright import Axe

    with open_page(both, color_scheme=scheme, bypass_csp=True) as page:
        draw_all(page)
        broken = Axe().run(page).response["violations"]
        assert [(rule["id"], rule["nodes"][0]["html"]) for rule in broken] == []


def test_the_way_through_the_page(open_page, both):
    with open_page(both, 390, 800) as page:
        bar = page.locator("body > nav")
        links = bar.locator("a")
        assert links.all_text_contents()[0] == "All pools"
        links.last.click()
        assert page.locator("#citation h2").bounding_box()["y"] < 800
        assert bar.bounding_box()["y"] == 0  # it stays at hand
        targets = page.eval_on_selector_all("nav a", "(x) => x.map((a) => a.hash.slice(1))")
        assert all(page.locator(f"[id='{target}']").count() == 1 for target in targets)


def test_a_finger_scrolls_over_figures_and_a_tap_asks_them(open_page, report):
    with open_page(report, 390, 800, has_touch=True, is_mobile=True) as page:
        draw_all(page)  # a page at work may miss a finger
        figure = page.locator("#pool-1-frontier")
        figure.evaluate("(place) => place.scrollIntoView({ block: 'center' })")
        ranges = "({ layout }) => [layout.xaxis.range, layout.yaxis.range]"
        before, height = figure.evaluate(ranges), page.evaluate("scrollY")
        for _ in range(20):  # so may a browser that has to wait for a core
            if page.evaluate("scrollY") > height + 150:
                break
            swipe(page, figure.bounding_box(), 240)
            settle(page)
        assert page.evaluate("scrollY") > height + 150
        assert figure.evaluate(ranges) == before
        hover = figure.locator(".hovertext")
        for _ in range(20):
            point = figure.locator(".scatterlayer .point").first.bounding_box()
            page.touchscreen.tap(point["x"] + point["width"] / 2, point["y"] + point["height"] / 2)
            settle(page)
            if hover.count():
                break
        assert hover.count()


def settle(page):
    """Waits until a page has nothing left to do and has come to rest."""
    page.evaluate(
        """() => new Promise((done) => {
          let last = -1;
          const look = () => {
            if (scrollY === last) return requestIdleCallback(done);
            last = scrollY;
            setTimeout(look, 200);
          };
          look();
        })"""
    )


def swipe(page, box, distance):
    """Moves a finger up from the middle of a box."""
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    session = page.context.new_cdp_session(page)
    for name, up in (("touchStart", 0), *(("touchMove", up) for up in range(0, distance, 12))):
        points = [{"x": x, "y": y - up}]
        session.send("Input.dispatchTouchEvent", {"type": name, "touchPoints": points})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_sections_that_make_no_sense_say_why(page_of):
    page = page_of("both")
    assert "no problems to sort" in page.locator("#pool-2-part-difficulty").text_content()
    assert "No verdicts are stored" in page.locator("#pool-2-part-verifier").text_content()
    assert page.locator("#pool-2-part-surface .figure").count() == 1

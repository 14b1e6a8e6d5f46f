"""The live panel in a real browser, from file://."""

import json
import shlex

import numpy as np
import polars as pl
import pytest

import svlaw as sv
from svlaw.analysis.cost_choice import CostChoice
from svlaw.analysis.success.estimators import Options
from svlaw.data.examples import copy_example
from svlaw.data.pool_writer import create_pool

NASTY = "<script>alert(1)</script>"
PLAN = ("strategy", "solutions", "verifications", "cost", "success", "conf_low", "conf_high")
PLAN = (*PLAN, "in_sample", "largest_cost", "method")
BESIDE = (*PLAN[:8], "difference")
FIGURES = ("ratio", "solver", "verifier", "solverprice", "inputprice", "outputprice")


def make_pool(path, problems=14, solutions=12, verifications=2):
    """Few verifications, so that no surface is fitted; token counts, so that FLOPs can be told."""
    rng = np.random.default_rng(problems)
    count = problems * solutions
    right = rng.random(count) < np.repeat(np.linspace(0.2, 0.9, problems), solutions)
    answers = pl.DataFrame(
        {
            "problem_id": [f"p{i} {NASTY}" for i in range(problems) for _ in range(solutions)],
            "solution_id": pl.Series(list(range(solutions)) * problems, dtype=pl.Int32),
            "answer_class": pl.Series(
                np.where(right, 0, rng.integers(1, 4, count)), dtype=pl.Int32
            ),
            "is_correct": right,
            "status": ["graded"] * count,
            "output_tokens": pl.Series(rng.integers(50, 150, count), dtype=pl.Int32),
        }
    )
    verdicts = answers.select("problem_id", "solution_id", "is_correct").join(
        pl.DataFrame({"verification_id": pl.Series(range(verifications), dtype=pl.Int32)}),
        how="cross",
    )
    agrees = rng.random(verdicts.height) < 0.8
    verdicts = verdicts.with_columns(
        score=pl.Series(agrees == verdicts["is_correct"].to_numpy()).cast(pl.Float64),
        status=pl.lit("graded"),
        output_tokens=pl.Series(rng.integers(20, 60, verdicts.height), dtype=pl.Int32),
    ).drop("is_correct")
    with create_pool(path, {"source": "test"}) as writer:
        writer.add("answers", answers)
        if verifications:
            writer.add("verdicts", verdicts, verifier="judge")
    return path


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    return make_pool(tmp_path_factory.mktemp("live") / "it's <b>mine")


@pytest.fixture(scope="module")
def address(pool):
    """A report on one small pool."""
    return sv.write_report([pool], pool.parent / "report.html", resamples=40).as_uri()


@pytest.fixture(scope="module")
def opened(address, open_page):
    with open_page(address) as page:
        yield page


@pytest.fixture
def page(opened):
    """That report opened before, as a reader finds it who resets what another has set."""
    opened.bring_to_front()  # behind another it would draw once a second
    opened.click("text=Reset")
    return opened


@pytest.fixture(scope="module")
def pools_address(tmp_path_factory):
    """A report on two small pools, one without verifications, with costs in FLOPs."""
    sizes = CostChoice("flops", solver_parameters=7e9, verifier_parameters=70e9)
    folder = tmp_path_factory.mktemp("pools")
    pools = [make_pool(folder / "one", 11, 9), make_pool(folder / NASTY.replace("/", "|"), 8, 9, 0)]
    settings = {"cost": sizes, "options": Options(seed=3), "seed": 3}
    return sv.write_report(pools, folder / "report.html", resamples=40, **settings).as_uri()


@pytest.fixture
def ask(svlaw):
    """The JSON of a command that the page shows, on a pool wherever it lies."""

    def run(command, pool):
        program, name, _, *rest = shlex.split(command)
        assert program == "svlaw"
        code, out, err = svlaw(name, pool, *rest, "--json")
        assert code == 0, err
        return json.loads(out)

    return run


@pytest.fixture
def check(ask, assert_same):
    """Compares everything in the panel with what the commands it shows say."""

    def compare(page, pool):
        page.evaluate("live.drawn")
        found = page.evaluate("live.computed")
        plan, *others = found["commands"]
        expected = ask(plan, pool)
        assert_same({key: found["plan"][key] for key in PLAN}, expected, 1e-6)
        beside = found["plan"]["runner_up"]
        assert (beside is None) == (expected["runner_up"] is None)
        if beside is not None:
            assert_same({key: beside[key] for key in BESIDE}, expected["runner_up"], 1e-6)
        rows = ask(others[0], pool)["frontier"]
        assert len(rows) == len(found["frontier"])
        for one, row in zip(found["frontier"], rows, strict=True):
            assert_same(one, row, 1e-6)
        documents = ask(others[1], pool)["crossovers"] if len(others) > 1 else []
        assert len(documents) == len(found["crossovers"])
        for one, document in zip(found["crossovers"], documents, strict=True):
            figures = {k: v["estimate"] if isinstance(v, dict) else v for k, v in document.items()}
            assert_same(one, figures, 1e-6)
        return found

    return compare


def slide(page, name, position):
    """Moves a slider as a reader does; the time in milliseconds until the figure is drawn."""
    return page.evaluate(
        """async ([name, position]) => {
          const slider = document.getElementById(`live-${name}`);
          slider.value = position;
          const start = performance.now();
          slider.dispatchEvent(new Event("input", { bubbles: true }));
          await live.drawn;
          return performance.now() - start;
        }""",
        [name, position],
    )


def drawn(page):
    """Costs and success of the lines in the figure."""
    return page.evaluate(
        """[...document.getElementById("live-figure").data]
          .filter((trace) => trace.showlegend !== false)
          .map(({ name, x, text }) => ({ name, x: [...x], text: [...(text ?? [])] }))"""
    )


def axis_title(page):
    return page.evaluate("document.getElementById('live-figure').layout.xaxis.title.text")


def lead_of(page):
    return page.inner_text("#live-lead").replace("\u00a0", " ")


def fill(page, name, value):
    page.fill(f"#live-{name}-number", value)


def test_what_the_page_opens_with(address, pool, open_page, check):
    with open_page(address) as page:
        found = check(page, pool)
        assert page.is_visible("#live")
        assert page.evaluate("live.state.ratio") == sv.relative_cost(sv.open_pool(pool), None).ratio
        assert "--lambda" not in found["commands"][0]  # measured, as the command does
        assert f"with S = {found['plan']['solutions']}" in lead_of(page)
        expected = page.inner_text("#live-expected")
        assert f"Expected success {100 * found['plan']['success']:.1f}% [" in expected


@pytest.mark.parametrize("ratio", ["0.07", "1.3", "25"])
def test_under_any_lambda_the_commands_say_the_same(ratio, pool, page, check):
    fill(page, "ratio", ratio)
    for budget in ("1", "7.25", "1000"):
        fill(page, "budget", budget)
        found = check(page, pool)
        assert f"--budget {budget} --lambda {ratio}" in found["commands"][0]


def test_under_any_sizes_the_commands_say_the_same(pool, page, check):
    page.select_option("#live-model", "flops")
    assert page.is_hidden("#live-ratio")
    for solver, verifier, budget in (("8", "8", "1e13"), ("1", "300", "3.3e13")):
        fill(page, "solver", solver)
        fill(page, "verifier", verifier)
        fill(page, "budget", budget)
        found = check(page, pool)
        sizes = f"--cost flops --solver-size {solver}B --verifier-size {verifier}B"
        assert f"--budget {budget} {sizes}" in found["commands"][0]
    assert axis_title(page) == "compute per problem (FLOPs)"


def test_under_any_prices_the_commands_say_the_same(pool, page, check):
    page.select_option("#live-model", "price")
    assert [page.is_visible(f"#live-{name}") for name in FIGURES] == [False] * 3 + [True] * 3
    starts = [page.input_value(f"#live-{name}-number") for name in FIGURES[3:]]
    assert starts == ["0.6", "0.15", "0.6"]
    budgets = ("0.0008", "0.0123", "0.000123")
    prices = (("0.6", "0.15", "0.6"), ("15", "0.01", "2.5"), ("0.07", "0", "40"))
    for figures, budget in zip(prices, budgets, strict=True):
        for name, price in zip(FIGURES[3:], figures, strict=True):
            fill(page, name, price)
        fill(page, "budget", budget)
        command = check(page, pool)["commands"][0]
        solver, *verifier = figures
        options = f"--cost price --solver-price {solver} --verifier-price {'/'.join(verifier)}"
        assert f"--budget {budget} {options}" in command
        assert "e-" not in page.inner_text("#live-expected")
        assert " US$ per problem" in page.inner_text("#live-expected")
    assert axis_title(page) == "cost per problem (US$)"
    fill(page, "solverprice", "0")  # only what is read may be free
    assert page.evaluate("live.state.solverprice") == 0.07
    slide(page, "inputprice", 500)
    assert page.evaluate("live.state.inputprice") == 1
    slide(page, "inputprice", 0)
    assert page.evaluate("live.state.inputprice") == 0


def test_in_tokens_the_commands_say_the_same(pool, page, check):
    page.select_option("#live-model", "tokens")
    assert not any(page.is_visible(f"#live-{name}") for name in FIGURES)
    for budget in ("150", "2500"):
        fill(page, "budget", budget)
        found = check(page, pool)
        assert found["commands"][0].endswith(f"--budget {budget} --cost tokens")
    assert axis_title(page) == "compute per problem (tokens)"
    assert "Lengths: mean tokens measured" in page.inner_text("#live-method")


def test_another_model_keeps_what_the_budget_buys_without_verification(page):
    fill(page, "budget", "6")
    units = {"tokens": 1, "flops": 2 * 8e9, "price": 0.6 / 1e6}
    tokens = page.evaluate("JSON.parse(document.getElementById('live-data').textContent)")
    solution = tokens["pools"][0]["tokens"]["solution"]
    for model, unit in units.items():
        page.select_option("#live-model", model)
        budget = page.evaluate("live.state.budget")
        assert budget == pytest.approx(6 * unit * solution, rel=0.01)


def test_a_report_in_dollars(pool, open_page, check, tmp_path):
    prices = {"solver_price": 1.1, "verifier_input_price": 0.0, "verifier_output_price": 4.4}
    cost = CostChoice("price", **prices)
    report = sv.write_report([pool], tmp_path / "report.html", cost=cost, resamples=40)
    with open_page(report.as_uri()) as page:
        options = "--cost price --solver-price 1.1 --verifier-price 0/4.4"
        assert (
            check(page, pool)["commands"][1] == f"svlaw frontier {shlex.quote(pool.name)} {options}"
        )
        assert page.evaluate("live.state.model") == "price"
        assert "Budgets are cost per problem, in US$" in page.inner_text("header")
        methods = page.inner_text("main")
        assert "1.1 US$ per million tokens of the solver's output, 0 of the verifier's" in methods
        page.select_option("#live-model", "relative")
        assert "--lambda" not in check(page, pool)["commands"][0]


def test_without_token_counts_there_are_estimates_and_without_lengths_lambda_only(
    tmp_path, open_page, check
):
    exams = copy_example("exams_gpt35_by_gpt4", tmp_path / "exams").path
    published = copy_example("singhi2025_fig1", tmp_path / "published").path
    address = f"{write(exams, tmp_path)}#live:cost=flops&solver=3&verifier=30&budget=1e14"
    with open_page(address) as page:
        check(page, exams)
        assert page.evaluate("live.state.model") == "flops"
        assert "tokens estimated at 4 characters each" in page.inner_text("#live-method")
    with open_page(f"{write(published, tmp_path)}#live:cost=flops&solver=3&budget=64") as page:
        assert page.is_hidden("#live-model")
        assert page.is_visible("#live-ratio")
        assert page.evaluate("live.state.model") == "relative"


def write(pool, folder):
    ratio = None if "exams" in str(pool) else 2.0
    return sv.write_report([pool], folder / "report.html", ratio=ratio, resamples=40).as_uri()


def test_a_report_in_flops_on_two_pools(pools_address, open_page, check):
    folder = pools_address.removeprefix("file://").rpartition("/")[0]
    with open_page(pools_address) as page:
        found = check(page, f"{folder}/one")
        assert found["commands"][0].endswith("--solver-size 7B --verifier-size 70B --seed 3")
        page.select_option("#live-pool", index=1)
        name = page.locator("#live-pool option").nth(1).inner_text()
        assert "<script>" in name
        found = check(page, f"{folder}/{name}")
        assert "verifier" not in found["commands"][0]
        assert found["plan"]["method"] == "in_sample"
        assert "Fewer than ten problems are too few" in page.inner_text("#live-method")
        assert page.is_hidden("#live-verifier")
        page.select_option("#live-model", "price")
        assert check(page, f"{folder}/{name}")["commands"][1].endswith(
            "--solver-price 0.6 --seed 3"
        )
        assert page.is_hidden("#live-inputprice")


def test_sliders_move_the_frontier(page):
    before = drawn(page)
    slide(page, "ratio", 900)
    after = drawn(page)
    moved = {a["name"] for a, b in zip(before, after, strict=True) if a["x"] != b["x"]}
    assert {"Best-of-N", "Weighted voting"} <= moved
    assert "Self-consistency" not in moved
    line = next(trace for trace in after if trace["name"] == "Best-of-N")
    ratio = page.evaluate("live.state.ratio")
    assert line["x"][0] == pytest.approx(1 + ratio)
    assert line["text"][0].startswith("S = 1, V = 1<br>success ")
    star = after[-1]
    plan = page.evaluate("live.computed.plan")
    assert (star["name"], star["x"]) == ("Recommended", [plan["cost"]])
    slide(page, "budget", 0)
    assert lead_of(page) == "Self-consistency with S = 1"
    slide(page, "budget", 1000)
    assert "exceeds the largest cost computed" in page.inner_text("#live-notes")


def test_a_budget_that_pays_for_nothing(page):
    fill(page, "budget", "0.5")
    assert page.inner_text("#live-lead") == "The budget pays for nothing computed"
    assert page.inner_text("#live-expected") == "The cheapest computed point costs 1 solution."
    fill(page, "budget", "-1")
    assert page.evaluate("live.state.budget") == 0.5


def test_the_keyboard_moves_sliders_and_labels_name_them(page):
    slider = page.get_by_role("slider", name="Budget per problem")
    before = page.evaluate("live.state.budget")
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("PageUp")
    assert page.evaluate("live.state.budget") > before
    assert slider.get_attribute("aria-valuetext").endswith(" solutions")
    answer = page.locator("#live-answer")
    assert answer.get_attribute("aria-live") == "polite"
    # In one step, since it is busy for a moment only.
    busy = slider.evaluate(
        "e => { e.dispatchEvent(new Event('input', { bubbles: true }));"
        " return document.getElementById('live-answer').getAttribute('aria-busy'); }"
    )
    assert busy == "true"
    page.wait_for_selector('#live-answer[aria-busy="false"]')
    for control in page.locator("#live-form :is(input, select)").all():
        assert control.evaluate("e => e.labels.length > 0 || e.hasAttribute('aria-label')")


def test_the_address_keeps_the_state_and_reset_forgets_it(address, open_page):
    with open_page(address) as page:
        start = page.evaluate("live.state")
        fill(page, "ratio", "1.3")
        fill(page, "budget", "11")
        page.wait_for_url(f"{address}#live:cost=relative&lambda=1.3&budget=11")
        with open_page(page.url) as again:
            assert again.evaluate("live.state") == page.evaluate("live.state")
        page.bring_to_front()
        page.click("text=Reset")
        assert page.evaluate("live.state") == start
        assert page.url == f"{address}#live"
    others = "cost=flops&solver=0.5&verifier=3&budget=1e12&pool=9&lambda=x"
    with open_page(f"{address}#live:{others}") as page:
        state = page.evaluate("live.state")
        assert (state["model"], state["solver"], state["verifier"]) == ("flops", 0.5, 3)
    for cost in ("toString", "x", ""):
        with open_page(f"{address}#live:cost={cost}&budget=11&lambda=Infinity") as page:
            assert page.evaluate("live.state") == {**start, "budget": 11}


def test_the_address_keeps_prices(address, open_page):
    prices = "solverprice=2&inputprice=0&outputprice=9"
    with open_page(f"{address}#live:cost=price&{prices}&budget=0.001") as page:
        state = page.evaluate("live.state")
        assert [state[name] for name in FIGURES[3:]] == [2, 0, 9]
        fill(page, "budget", "0.002")
        page.wait_for_url(f"{address}#live:cost=price&{prices}&budget=0.002")
        page.emulate_media(media="print")
        assert (
            "2 US$ per million tokens of the solver's output, 0 of the verifier's input and 9"
            in (page.inner_text("#live-state"))
        )


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_overflows(width, pools_address, open_page):
    with open_page(pools_address, width) as page:
        page.locator("#live details").evaluate("e => { e.open = true; }")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            for model in ("relative", "tokens", "flops", "price"):
                page.select_option("#live-model", model)
                page.evaluate("live.drawn")
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                for control in page.locator("#live :is(input, button, select):visible").all():
                    box = control.bounding_box()
                    assert box["x"] >= 0
                    assert box["x"] + box["width"] <= width


def test_text_of_a_pool_stays_text(pool, page):
    html = (pool.parent / "report.html").read_text("utf-8")
    assert "<b>mine" not in html
    fill(page, "budget", "9")
    command = page.locator("#live-commands code").first.inner_text()
    assert shlex.split(command)[2] == pool.name
    assert page.locator("#live b").count() == 0


def test_commands_are_copied(address, open_page):
    with open_page(address, permissions=["clipboard-read", "clipboard-write"]) as page:
        page.locator("#live-commands button").first.click()
        page.wait_for_selector("text=Copied")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == page.evaluate("live.computed.commands[0]")


def test_paper_shows_the_settings_instead_of_the_controls(address, open_page):
    with open_page(f"{address}#live:cost=relative&lambda=1.3&budget=11") as page:
        assert page.is_hidden("#live-state")
        page.emulate_media(media="print")
        assert page.is_hidden("#live-form")
        assert "λ = 1.3, budget 11 solutions per problem" in page.inner_text("#live-state")


def test_without_javascript_there_is_no_panel(address, open_page):
    with open_page(address, java_script_enabled=False) as page:
        assert page.is_hidden("#live")
        assert page.is_visible("#pool-1")


def test_without_a_strategy_to_run_there_is_no_panel(tmp_path):
    rows = [("coverage", s, 0, 0.5 + 0.01 * s) for s in (1, 2, 4)]
    names = ("strategy", "solutions", "verifications", "success")
    pl.DataFrame(rows, names, orient="row").write_csv(tmp_path / "t.csv")
    pool = sv.import_success(tmp_path / "p", tmp_path / "t.csv")
    html = sv.write_report([pool], tmp_path / "report.html", ratio=1.0).read_text("utf-8")
    assert 'id="live"' not in html


def test_beyond_the_largest_size_success_is_in_sample(pool, tmp_path, open_page, monkeypatch):
    monkeypatch.setattr("svlaw.report.live.LARGEST", 1000)
    page = sv.write_report([pool], tmp_path / "report.html", resamples=40)
    with open_page(page.as_uri()) as page:
        plan = page.evaluate("live.computed.plan")
        assert (plan["method"], plan["success"]) == ("in_sample", plan["in_sample"])
        assert "too high" in page.inner_text("#live-expected")
        assert "svlaw plan gives the cross-fitted one" in page.inner_text("#live-method")


EXAMPLES = {
    "exams_gpt35_by_gpt4": ({}, ("lambda=0.3&budget=50", "lambda=2&budget=256")),
    "humaneval_codegen16b": ({"ratio": 2.0}, ("lambda=0.2&budget=3", "lambda=5&budget=200")),
    "singhi2025_fig1": ({"ratio": 2.0}, ("lambda=2&budget=1024", "lambda=0.1&budget=100")),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", EXAMPLES)
def test_real_pools(name, tmp_path, open_page, check):
    settings, states = EXAMPLES[name]
    pool = copy_example(name, tmp_path / name)
    path = getattr(pool, "path", tmp_path / name)
    report = sv.write_report([path], tmp_path / "report.html", resamples=40, **settings)
    first, second = states
    with open_page(f"{report.as_uri()}#live:{first}") as page:
        check(page, path)
        for setting in second.split("&"):
            fill(page, *setting.replace("lambda", "ratio").split("="))
        check(page, path)


@pytest.mark.slow
def test_at_the_paper_s_size_a_slider_responds_at_once(tmp_path, open_page):
    """128 problems, 256 solutions, 32 verifications; one move of 20 is left alone."""
    pool = make_pool(tmp_path / "pool", 128, 256, 32)
    options = Options(tolerance=0.01)
    report = sv.write_report([pool], tmp_path / "report.html", resamples=40, options=options)
    assert report.stat().st_size < 10e6
    with open_page(report.as_uri()) as page:
        slide(page, "ratio", 500)
        for name in ("ratio", "budget"):
            times = [slide(page, name, position) for position in range(300, 700, 20)]
            assert min(times) < 200, times
        found = page.evaluate("live.computed.plan")
        assert found["method"] == "crossfit"

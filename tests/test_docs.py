"""The documentation keeps up with the code: commands, options, names, links, examples, figures."""

import importlib.util
import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest
import yaml

import svlaw as sv
from svlaw.analysis.success.pool_strategies import contenders
from svlaw.data.schema import SCHEMA_VERSION, TABLES


def _documents() -> ModuleType:
    path = Path(__file__).with_name("documents.py")
    spec = importlib.util.spec_from_file_location("documents", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["documents"] = module
    spec.loader.exec_module(module)
    return module


docs = _documents()
README = docs.ROOT / "README.md"
TEXTS = {page.relative_to(docs.ROOT).as_posix(): page.read_text("utf-8") for page in docs.PAGES}
ALL_TEXTS = {**TEXTS, "README.md": README.read_text("utf-8")}
COMMANDS = TEXTS["docs/commands.md"]
ROOT_OPTIONS = ("--version", "--install-completion", "--show-completion")
RENEW = "run: python tests/documents.py"


@pytest.fixture
def exams_pool(tmp_path: Path) -> Path:
    sv.copy_example("exams_gpt35_by_gpt4", tmp_path / "pool")
    return tmp_path / "pool"


# Commands and options


@pytest.mark.parametrize("name", docs.commands())
def test_every_command_is_explained(name: str) -> None:
    """A section of its own: words beside the generated table, and an example that calls it."""
    section = docs.sections(COMMANDS).get(f"svlaw {name}")
    assert section is not None, f"docs/commands.md has no section 'svlaw {name}'"
    words = re.sub(r"<!--.*?-->|^\|.*$", "", re.sub(r"```.*?```", "", section, flags=re.S))
    assert len(words.split()) > 10, f"svlaw {name}: say when to use it"
    called = [docs.command_of(words) for words in docs.invocations(section)]
    assert name in called, f"svlaw {name}: give an example"


@pytest.mark.parametrize("name", docs.commands())
def test_every_option_is_explained(name: str) -> None:
    section = docs.sections(COMMANDS)[f"svlaw {name}"]
    for option in docs.commands()[name]:
        for written in option.names[:1] if option in docs.shared_options() else option.names:
            assert f"`{written}`" in section, f"svlaw {name}: {written} is undocumented; {RENEW}"
        assert option.help, f"svlaw {name}: {option.name} has no help text"


def test_no_section_is_about_a_command_there_is_not() -> None:
    named = [t.removeprefix("svlaw ") for t in docs.sections(COMMANDS) if t.startswith("svlaw ")]
    assert named == list(dict.fromkeys(named))
    assert set(named) == set(docs.commands())


def test_the_tables_of_options_are_up_to_date() -> None:
    assert docs.with_option_tables(COMMANDS) == COMMANDS, f"docs/commands.md is old; {RENEW}"


@pytest.mark.parametrize("place", ALL_TEXTS)
def test_commands_and_options_that_are_mentioned_exist(place: str) -> None:
    groups = {name.split()[0] for name in docs.commands()}
    for words in docs.invocations(ALL_TEXTS[place]):
        called = f"{place}: svlaw {' '.join(words)}"
        name = docs.command_of(words)
        if name is None:
            options = [word for word in words if word.startswith("-")]
            rest = [word for word in words if word not in options]
            assert not rest or rest[0] in groups | {"COMMAND"}, f"{called}: no such command"
            assert set(options) <= {"--help", *ROOT_OPTIONS}, called
            continue
        known = {n for option in docs.commands()[name] for n in option.names} | {"--help"}
        for word in words:
            option = word.split("=")[0].strip("[]")
            if re.fullmatch(r"--?[a-z][a-z-]*", option):
                assert option in known, f"{called}: no such option"


@pytest.mark.parametrize("place", ALL_TEXTS)
def test_options_in_code_exist(place: str) -> None:
    """Code that is an option, as `--by level`; other programs' options stand behind their names."""
    known = {n for options in docs.commands().values() for o in options for n in o.names}
    known |= {"--help", *ROOT_OPTIONS}
    for code in docs.inline_code(ALL_TEXTS[place]):
        for option in re.findall(r"(?<!\S)--[a-z][\w-]*", code) if code.startswith("--") else ():
            assert option in known, f"{place}: `{code}`"


# Names, tables, pages, links


def test_every_public_name_is_documented_once() -> None:
    named = re.findall(r"^::: svlaw\.(\w+)$", "\n".join(TEXTS.values()), re.M)
    assert sorted(named) == sorted(set(sv.__all__) - {"__version__"})
    for name in named:
        assert (getattr(sv, name).__doc__ or "").strip(), f"{name} has no docstring"


def test_the_python_overview_names_what_its_pages_document() -> None:
    rows = re.findall(r"^\| \[[^]]+\]\((\w+\.md)\) \| (.*) \|$", TEXTS["docs/api/index.md"], re.M)
    assert len(rows) == len([place for place in TEXTS if place.startswith("docs/api/")]) - 1
    for page, names in rows:
        documented = re.findall(r"^::: svlaw\.(\w+)$", TEXTS[f"docs/api/{page}"], re.M)
        assert re.findall(r"`(\w+)`", names) == documented, page


def test_the_format_page_knows_every_column() -> None:
    text = TEXTS["docs/pool-format.md"]
    assert f"version {SCHEMA_VERSION}\n" in text
    assert f'"schema_version": {SCHEMA_VERSION}' in text
    rows = {row[1]: row[2] for row in re.finditer(r"^\| `(\w+)` \| (.*) \|$", text, re.M)}
    for name, table in TABLES.items():
        described = rows[name] + (rows["solutions"] if "as `solutions`" in rows[name] else "")
        for column in table.columns:
            assert re.search(rf"\b{column}\b", described), f"{name}.{column}"
        for column in table.key:
            assert f"**{column}**" in rows[name], f"{name}.{column} is part of the key"
        for values in table.allowed.values():
            for value in values:
                assert re.search(rf"\b{value}\b", text), f"{name}: {value}"


def test_the_navigation_holds_every_page_once() -> None:
    settings = yaml.safe_load((docs.ROOT / "mkdocs.yml").read_text("utf-8"))
    listed: list[str] = []

    def collect(entry: Any) -> None:
        if isinstance(entry, str):
            listed.append(entry)
        else:
            for inner in entry.values() if isinstance(entry, dict) else entry:
                collect(inner)

    collect(settings["nav"])
    there = sorted(page.relative_to(docs.DOCS).as_posix() for page in docs.PAGES)
    assert sorted(listed) == there


def test_the_site_fetches_nothing() -> None:
    settings = yaml.safe_load((docs.ROOT / "mkdocs.yml").read_text("utf-8"))
    assert settings["strict"] is True
    assert settings["theme"]["font"] is False
    wanted = [*settings["extra_css"], *settings["extra"]["polyfills"]]
    assert not [name for name in wanted if not (docs.DOCS / name).is_file()]
    # Without one of this name the plugin `offline` takes it from the network.
    assert "iframe-worker" in "".join(settings["extra"]["polyfills"])


@pytest.mark.parametrize("place", ALL_TEXTS)
def test_links_lead_somewhere(place: str) -> None:
    page = docs.ROOT / place
    for link in docs.links(ALL_TEXTS[place]):
        if re.match(r"[a-z]+://", link):
            continue
        target, _, anchor = link.partition("#")
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), f"{place}: {link}"
        if place != "README.md":
            assert file.is_relative_to(docs.DOCS), f"{place}: {link} leaves the site"
        if anchor and file.suffix == ".md":
            assert anchor in docs.anchors(file.read_text("utf-8")), f"{place}: {link}"


# Examples


@pytest.mark.slow
@pytest.mark.parametrize("page", docs.CONSOLE_PAGES, ids=lambda page: page.stem)
def test_outputs_are_what_commands_print(page: Path, tmp_path: Path) -> None:
    text = page.read_text("utf-8")
    assert docs.with_outputs(text, tmp_path) == text, RENEW


IMPORTING = docs.sections(TEXTS["docs/importing.md"])
WORKED = [title for title, text in IMPORTING.items() if docs.titled_blocks(text)]


def test_every_importer_has_a_worked_example() -> None:
    called = {docs.command_of(w) for title in WORKED for w in docs.invocations(IMPORTING[title])}
    importers = {name for name in docs.commands() if name.startswith("import ")}
    assert importers - called == {"import inspect"}, "whose logs are binary"
    assert "svlaw import inspect logs" in TEXTS["docs/importing.md"]


@pytest.mark.slow
@pytest.mark.parametrize("title", WORKED)
def test_worked_examples_of_importers(
    title: str, tmp_path: Path, svlaw: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = IMPORTING[title]
    for name, content in docs.titled_blocks(text).items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, "utf-8")
    commands = docs.blocks(text, "")[-1].replace("\\\n", " ")
    monkeypatch.chdir(tmp_path)
    for line in commands.splitlines():
        program, *words = shlex.split(line, comments=True)
        assert program == "svlaw"
        assert not set("*?|<>;&$") & set("".join(words)), "needs a shell"
        code, _, err = svlaw(*words)
        assert code == 0, err
    assert sv.open_pool(tmp_path / "pool").path.is_dir()


PYTHON = [
    (place, block)
    for place in ("README.md", "docs/tutorial.md", "docs/comparing.md", "docs/api/index.md")
    for block in docs.blocks(ALL_TEXTS[place], "python")
]


@pytest.mark.slow
@pytest.mark.parametrize(("place", "block"), PYTHON, ids=[place for place, _ in PYTHON])
def test_python_examples_run(
    place: str, block: str, exams_pool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(exams_pool.parent)
    names = {"sv": sv, "pool": sv.open_pool(exams_pool)}
    exec(compile(block, place, "exec"), names)


# Figures


def test_the_real_result_of_the_readme() -> None:
    """The table under "A real result" is what `svlaw frontier` says."""
    pool = sv.open_example("exams_gpt35_by_gpt4")
    table = sv.success_table(pool, contenders(pool))
    rows = sv.frontier(table, sv.RelativeCost(2.0, calls="shared"))
    names = {"best-of-N": "best_of_n", "weighted voting": "weighted_vote"}
    section = docs.sections(ALL_TEXTS["README.md"])["A real result"]
    quoted = re.findall(r"^\| (\d+) \| (.*) \|$", section, re.M)
    assert len(quoted) >= 4
    for budget, rest in quoted:
        vote, verified, *counts, gain, answers = (cell.strip() for cell in rest.split("|"))
        at = {
            row["strategy"]: row
            for row in rows.filter(pl.col("budget") == float(budget)).iter_rows(named=True)
        }
        assert vote == f"{100 * at['self_consistency']['success']:.1f}"
        row = at["verifier_vote"]
        assert answers == _percent(row, "success", "conf_low", "conf_high")
        if not verified:
            assert not {"best_of_n", "weighted_vote"} & set(at)
            continue
        name = next(name for name in names if verified.startswith(name))
        row = at[names[name]]
        assert row["success"] >= max(at[each]["success"] for each in names.values())
        assert verified == f"{name} {_percent(row, 'success', 'conf_low', 'conf_high')}"
        assert counts == [str(row["solutions"]), str(row["verifications"])]
        assert gain == _percent(row, "gain", "gain_low", "gain_high")


def test_the_other_figures_of_the_readme(exams: sv.SuccessTable) -> None:
    section = " ".join(docs.sections(ALL_TEXTS["README.md"])["A real result"].split())
    budget = sv.crossover(exams, sv.RelativeCost(2.0, calls="shared"), "best_of_n").crossover_budget
    said = f"{budget.estimate:.1f} [{budget.conf_low:.1f}, {budget.conf_high:.1f}]"
    assert f"by 0.25 points or more from a budget of {said} solutions on" in section
    # The fit itself is run by the test of the tutorial's outputs.
    fitted = re.search(
        r"^  envelope +(\S+) +(\[.*?\]) +(\S+) +(\[.*?\])", TEXTS["docs/tutorial.md"], re.M
    )
    assert fitted is not None
    assert f"S_opt ~ C^{fitted[1]} {fitted[2]} and V_opt ~ C^{fitted[3]} {fitted[4]}" in section
    replication = TEXTS["docs/replication.md"]
    for figure in re.findall(r"a = (\S+) by the envelope, (\S+) by iso.*? and (\S+) by", section)[
        0
    ]:
        assert re.search(rf"\| {float(figure):.2f}\d? \|", _rounded(replication)), figure


def _rounded(text: str) -> str:
    """A text with its figures of three decimals rounded to two."""
    return re.sub(r"0\.\d{3}", lambda m: f"{float(m[0]):.2f}", text)


def _percent(row: dict[str, float], *names: str) -> str:
    value, low, high = (f"{100 * row[name] + 0.0:.1f}" for name in names)
    return f"{value} [{low}, {high}]"


def test_the_figures_of_the_replication(published: sv.SuccessTable) -> None:
    """Everything in the column svlaw, and the remarks beside it."""
    text = TEXTS["docs/replication.md"]
    cost = sv.RelativeCost(2.0)
    found = sv.crossover(published, cost)
    cells = re.findall(r"^\|([^|\n]*)\|([^|\n]*)\|([^|\n]*)\|([^|\n]*)\|$", text, re.M)
    rows = [[cell.strip() for cell in row] for row in cells]

    def estimate(name: str) -> float:
        value = getattr(found, name).estimate
        assert value is not None
        return float(value)

    ratio, gain, at = (estimate(n) for n in ("match_ratio", "gain", "gain_ratio"))
    saturation, crossing = (estimate(n) for n in ("saturation_budget", "match_budget"))
    match = ["verification first matches the best self-consistency", "8x its compute"]
    assert [
        *match,
        f"{ratio:.1f}x",
        f"saturation at {saturation:.0f}, first match at {crossing:,.0f}",
    ] in rows
    lead = f"{100 * gain - 1e-9:.1f} points at {at:.0f}x"
    assert lead in [row[2] for row in rows]
    assert f"{100 * gain:.2f} before rounding" in [row[3] for row in rows]

    fitted = sv.fit_allocation(published, cost)
    laws = {(law.method, law.quantity): law for law in fitted.laws}
    for (method, quantity), law in laws.items():
        remarks = [row[3] for row in rows if row[2] == f"{law.exponent:.3f}"]
        assert len(remarks) == 1, f"{method}, {quantity}: {law.exponent:.3f}"
        assert method.removeprefix("iso") in remarks[0].replace("iso-budget", "budget")
        assert quantity == "verifications" or f"{law.n_budgets} budgets" in remarks[0]
    surface = fitted.surfaces.filter("chosen").row(0, named=True)
    assert f"`{surface['form']}`, residual {100 * surface['residual']:.2f} points" in text
    for method, quantity in (("envelope", "verifications"), ("surface", "verifications")):
        assert f"{laws[method, quantity].boundary_fraction:.0%} " in text
    interior = sv.fit_allocation(published, cost, interior=True).laws
    for quantity, letter in (("solutions", "a"), ("verifications", "b")):
        of = {law.method: f"{law.exponent:.2f}" for law in interior if law.quantity == quantity}
        said = ", ".join(of[name] for name in ("envelope", "isobudget", "surface"))
        assert f"{letter} = {said}" in text


def test_a_broken_example_would_be_noticed() -> None:
    """The parsers above see what they are meant to see."""
    block = "```\nsvlaw fit x --lamda 2  # --not-this\nsvlaw plan \\\n  p --budget 3\n```\n"
    text = f"# A `b`: c\n\n{block}`svlaw fly`"
    assert docs.invocations(text) == [
        ["fit", "x", "--lamda", "2"],
        ["plan", "p", "--budget", "3"],
        ["fly"],
    ]
    assert docs.command_of(["import", "tables", "x"]) == "import tables"
    assert docs.command_of(["fly"]) is None
    assert docs.anchors(text) == {"a-b-c"}
    assert docs.links("[a](b.md#c) `[d](e)` ![f](g.png)") == ["b.md#c", "g.png"]

"""The command line as a user meets it: contract, exit codes, one-line errors."""

import json
import subprocess
import sys

import polars as pl
import pytest

from svlaw.data.examples import open_example

CURVE_COLUMNS = [
    "strategy",
    "solutions",
    "verifications",
    "cost",
    "success",
    "conf_low",
    "conf_high",
    "mc_error",
    "n_problems",
    "setting",
    "mean_solutions",
    "mean_verifications",
    "cost_low",
    "cost_high",
    "censored",
]


@pytest.fixture
def bad(svlaw):
    """Runs a command that must fail with one line and exit code 2; returns the line."""

    def run(*arguments):
        code, out, err = svlaw(*arguments)
        assert code == 2, err
        assert out == ""
        assert err.count("\n") == 1
        assert err.startswith("svlaw: ")
        return err

    return run


@pytest.fixture
def exams():
    return open_example("exams_gpt35_by_gpt4").path


@pytest.fixture
def figure():
    return open_example("singhi2025_fig1").path


SMALL = ("--solutions", "1,4", "--verifications", "1,2", "--tolerance", "0.01")


def test_curves_write_every_contract_column(svlaw, exams, tmp_path):
    for suffix, read in ((".csv", pl.read_csv), (".parquet", pl.read_parquet)):
        file = tmp_path / f"curves{suffix}"
        code, out, _ = svlaw("curves", exams, *SMALL, "--lambda", 2, "--seed", 0, "-o", file)
        assert (code, out) == (0, "")
        frame = read(file)
        assert frame.columns == CURVE_COLUMNS
        assert frame.height == 2 + 2 + 4 + 4
    svlaw("curves", exams, *SMALL, "--lambda", 2, "-o", tmp_path / "curves.json")
    rows = json.loads((tmp_path / "curves.json").read_text())
    assert rows == pl.read_parquet(tmp_path / "curves.parquet").to_dicts()
    row = next(r for r in rows if r["strategy"] == "best_of_n" and r["verifications"] == 2)
    assert row["cost"] == 5
    assert [r["verifications"] for r in rows if r["strategy"] == "coverage"] == [0, 0]


def test_curves_of_some_strategies_as_json(svlaw, exams):
    code, out, _ = svlaw(
        "curves", exams, "--strategies", "self_consistency,best_of_n", *SMALL, "--json"
    )
    document = json.loads(out)
    assert code == 0
    assert {row["strategy"] for row in document["curves"]} == {"self_consistency", "best_of_n"}
    assert document["cost"]["origin"] == "measured in characters"
    assert document["n_problems"] == 99


def test_the_same_seed_gives_the_same_bytes(svlaw, exams, tmp_path):
    for name in ("a.csv", "b.csv"):
        svlaw("curves", exams, *SMALL, "--seed", 3, "-o", tmp_path / name)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_fit_compares_all_methods(svlaw, figure):
    code, out, _ = svlaw("fit", figure, "--lambda", 2, "--json")
    assert code == 0
    document = json.loads(out)
    assert [law["method"] for law in document["laws"]] == [
        method for method in ("envelope", "isobudget", "surface") for _ in range(2)
    ]
    assert document["advice"][0]["method"] == "isobudget"
    assert document["surfaces"][0]["residual"] > 0
    assert [row["residual"] <= 0.004 for row in document["surfaces"] if row["chosen"]] == [True]
    for total in document["sums"]:
        of_s = next(law for law in document["laws"] if law["method"] == total["method"])
        assert of_s["exponent"] + total["unit_exponent"] == pytest.approx(1)
    code, out, err = svlaw("fit", figure, "--lambda", 2, "--method", "surface,envelope")
    assert code == 0
    assert "isobudget" not in out
    assert "many optima lie at or beyond" in err


def test_fit_refuses_other_methods(bad, figure):
    assert "unknown method 'guess'; use envelope, isobudget, surface or all" in bad(
        "fit", figure, "--lambda", 2, "--method", "guess"
    )


def test_fit_of_the_published_figure(svlaw, figure):
    code, out, _ = svlaw("fit", figure, "--method", "envelope", "--lambda", 2, "--json")
    assert code == 0
    laws = json.loads(out)["laws"]
    assert [law["quantity"] for law in laws] == ["solutions", "verifications"]
    assert set(laws[0]) == {
        "method",
        "strategy",
        "quantity",
        "exponent",
        "conf_low",
        "conf_high",
        "coefficient",
        "r_squared",
        "n_budgets",
        "boundary_fraction",
        "status",
    } | {"coefficient_low", "coefficient_high", "residual", "words"}
    assert 0.54 <= laws[0]["exponent"] <= 0.60
    assert laws[0]["conf_low"] is None
    assert laws[0]["status"] == "boundary"


def test_crossover_of_the_published_figure(svlaw, figure):
    code, out, _ = svlaw("crossover", figure, "--lambda", 2, "--json")
    found = json.loads(out)
    assert code == 0
    assert 7 <= found["match_ratio"]["estimate"] <= 9
    assert 0.036 <= found["gain"]["estimate"] <= 0.039
    assert found["gain_ratio"]["estimate"] == pytest.approx(128)
    for name in (
        "saturation_budget",
        "crossover_budget",
        "match_budget",
        "match_ratio",
        "gain",
        "gain_ratio",
    ):
        assert found[name]["conf_low"] is None
        assert found[name]["conf_high"] is None


def test_crossover_that_never_happens_is_null(svlaw, tmp_path):
    (tmp_path / "t.csv").write_text(
        "strategy,solutions,verifications,success\nself_consistency,1,0,0.5\n"
        "self_consistency,8,0,0.6\nbest_of_n,1,1,0.4\nbest_of_n,2,1,0.45\n"
    )
    assert svlaw("import", "success", "--out", tmp_path / "pool", tmp_path / "t.csv")[0] == 0
    _, out, _ = svlaw("crossover", tmp_path / "pool", "--lambda", 1, "--json")
    assert json.loads(out)["crossover_budget"]["estimate"] is None
    _, out, _ = svlaw("crossover", tmp_path / "pool", "--lambda", 1)
    assert "Best-of-N has no lasting lead over self-consistency" in out


def test_frontier_names_a_winner_at_every_budget(svlaw, exams):
    code, out, _ = svlaw("frontier", exams, *SMALL, "--lambda", 2, "--json")
    rows = json.loads(out)["frontier"]
    assert code == 0
    for budget in {row["budget"] for row in rows}:
        assert sum(row["best"] for row in rows if row["budget"] == budget) == 1
    assert all(row["cost"] <= row["budget"] for row in rows)


@pytest.mark.parametrize("command", ["curves", "frontier", "crossover", "fit", "check"])
def test_tables_for_people(svlaw, exams, command):
    options = () if command == "check" else SMALL
    code, out, _ = svlaw(command, exams, *options)
    assert code == 0
    assert "…" not in out


def test_import_check_and_examples_speak_json(svlaw, tmp_path):
    _, out, _ = svlaw("examples", "--json")
    assert json.loads(out)["examples"][0]["name"] == "exams_gpt35_by_gpt4"
    _, out, _ = svlaw("examples", "singhi2025_fig1", "--out", tmp_path / "p", "--json")
    assert json.loads(out) == {"pool": str(tmp_path / "p")}
    _, out, _ = svlaw("check", tmp_path / "p", "--json")
    assert json.loads(out)["pools"][0]["checks"]
    (tmp_path / "s.csv").write_text("problem_id,solution_id,is_correct,mood\np,0,1,x\n")
    code, out, err = svlaw(
        "import", "tables", "--out", tmp_path / "q", "--solutions", tmp_path / "s.csv", "--json"
    )
    assert code == 0
    assert json.loads(out)["ignored_columns"] == ["mood"]
    assert err.count("mood") == 1


def test_check_of_an_unsound_pool_exits_with_1(svlaw, tmp_path):
    svlaw("examples", "singhi2025_fig1", "--out", tmp_path / "p")
    (part,) = (tmp_path / "p" / "success").iterdir()
    part.with_name("part-000001-copy.parquet").write_bytes(part.read_bytes())
    assert svlaw("check", tmp_path / "p")[0] == 1


def test_several_pools_are_checked_beside_each_other(svlaw, exams, figure):
    _, out, _ = svlaw("check", exams, figure, "--json")
    assert [p["pool"] for p in json.loads(out)["pools"]] == [exams.name, figure.name]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--solutions", "1,128"), "S = 128 is larger than the pool holds (at most 90"),
        (("--verifications", "91"), "V = 91 is larger than the pool holds (at most 90"),
        (("--solutions", "0"), "S = 0: use whole numbers from 1"),
        (("--solutions", "two"), "'two' is not a whole number"),
        (("--lambda", "0"), "lambda = 0: use a number above 0"),
        (("--lambda", "-1"), "lambda = -1: use a number above 0"),
        (("--lambda", "nan"), "lambda = nan"),
        (("--strategies", "magic"), "unknown strategy 'magic'"),
        (("--cost", "dollars"), "use 'relative'"),
        (("--unparsed", "maybe"), "use ignore or no"),
        (("--missing-answer", "maybe"), "use zero or keep"),
        (("--population", "maybe"), "use all or verified"),
        (("--population", "verified", "--strategies", "coverage"), "needs a strategy with"),
        (("--tolerance", "0"), "tolerance is 0.0"),
        (("--seed", "-1"), "seed is -1"),
        (("--verifier", "nobody"), "no verifier 'nobody'"),
        (("-o", "rows.xlsx"), "write rows to a .parquet, .csv or .json file"),
        (("--no-such-option",), "No such option"),
    ],
)
def test_bad_options_are_one_line(bad, exams, arguments, message):
    assert message in bad("curves", exams, *arguments)


def test_bad_pools_are_one_line(bad, svlaw, tmp_path, figure):
    assert "not a pool" in bad("curves", tmp_path / "nothing")
    assert "give --lambda" in bad("curves", figure)
    assert "no solutions = 3" in bad("curves", figure, "--lambda", 2, "--solutions", 3)
    assert "holds nothing for coverage" in bad(
        "curves", figure, "--lambda", 2, "--strategies", "coverage"
    )
    svlaw("examples", "singhi2025_fig1", "--out", tmp_path / "p")
    file = tmp_path / "p" / "pool.json"
    file.write_text(file.read_text().replace('"schema_version": 1', '"schema_version": 2'))
    assert "upgrade svlaw" in bad("fit", tmp_path / "p", "--lambda", 2)
    assert "exists already" in bad("examples", "singhi2025_fig1", "--out", tmp_path / "p")


def test_a_pool_without_verdicts_or_answers(svlaw, bad, tmp_path):
    rows = "".join(f"p,{i},{i % 2}\n" for i in range(4))
    (tmp_path / "s.csv").write_text("problem_id,solution_id,is_correct\n" + rows)
    svlaw("import", "tables", "--out", tmp_path / "p", "--solutions", tmp_path / "s.csv")
    _, out, _ = svlaw("curves", tmp_path / "p", "--json")
    curves = json.loads(out)["curves"]
    assert {row["strategy"] for row in curves} == {"coverage"}
    assert [row["solutions"] for row in curves] == [1, 2, 4]
    assert "holds nothing for self_consistency" in bad("crossover", tmp_path / "p")
    assert "holds nothing for best_of_n" in bad("fit", tmp_path / "p")


def test_results_are_not_half_written(bad, exams, tmp_path):
    assert "there is no folder" in bad("curves", exams, *SMALL, "-o", tmp_path / "no" / "c.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def small(svlaw, tmp_path):
    """A pool of six problems with seven solutions of five verdicts each."""
    rows = [(p, s) for p in range(6) for s in range(7)]
    solutions = "".join(f"p{p},{s},{(s * s + p) % 3},{(p + s) % 2}\n" for p, s in rows)
    verdicts = "".join(
        f"p{p},{s},{v},{(3 * p + s + v * v) % 7 / 6:.3f}\n" for p, s in rows for v in range(5)
    )
    (tmp_path / "s.csv").write_text("problem_id,solution_id,answer,is_correct\n" + solutions)
    (tmp_path / "v.csv").write_text("problem_id,solution_id,verification_id,score\n" + verdicts)
    code, _, err = svlaw(
        "import",
        "tables",
        *("--out", tmp_path / "small"),
        *("--solutions", tmp_path / "s.csv"),
        *("--verifications", tmp_path / "v.csv"),
    )
    assert code == 0, err
    return tmp_path / "small"


def test_all_values(svlaw, small):
    options = ("--lambda", 1, "--tolerance", "0.01", "--json")
    code, out, _ = svlaw("curves", small, "--solutions", "all", "--verifications", "all", *options)
    assert code == 0
    rows = json.loads(out)["curves"]
    points = [(row["strategy"], row["solutions"], row["verifications"]) for row in rows]
    assert points == [
        *((name, s, 0) for name in ("coverage", "self_consistency") for s in range(1, 8)),
        *(
            (name, s, v)
            for name in ("best_of_n", "weighted_vote")
            for v in range(1, 6)
            for s in range(1, 8)
        ),
    ]
    assert all(0 <= row["success"] <= 1 for row in rows)
    _, out, _ = svlaw("curves", small, "--solutions", " all", "--verifications", "2", *options)
    mixed = {(r["solutions"], r["verifications"]) for r in json.loads(out)["curves"]}
    assert mixed == {(s, v) for s in range(1, 8) for v in (0, 2)}


def test_other_words_than_all_are_one_line(bad, small):
    words = bad("curves", small, "--lambda", 1, "--solutions", "every")
    assert "'every' is not a whole number" in words
    words = bad("curves", small, "--lambda", 1, "--verifications", "1,all")
    assert "'all' is not a whole number" in words


def test_commands_share_stored_tables(svlaw, small):
    options = ("--lambda", 1, "--tolerance", "0.01")

    def stored():
        files = (small / "success_tables").rglob("*.parquet")
        return {path: path.stat().st_mtime_ns for path in files}

    assert svlaw("curves", small, *options)[0] == 0
    files = stored()
    assert len(files) == 4
    for command in ("frontier", "crossover"):
        assert svlaw(command, small, *options)[0] == 0
        assert stored() == files
    assert svlaw("fit", small, *options, "--resamples", 40)[0] == 0
    fine = stored()
    assert len(fine) == 8  # on a grid of their own
    assert files.items() <= fine.items()
    other = ("--lambda", 3, "--tolerance", "0.01")
    assert svlaw("fit", small, *other, "--resamples", 40)[0] == 0
    assert stored() == fine
    assert svlaw("curves", small, *options, "--seed", 1)[0] == 0
    assert len(stored()) == 12


@pytest.mark.slow
def test_help_imports_nothing_heavy():
    code = (
        "import sys; sys.argv = ['svlaw', '--help']\n"
        "from svlaw.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'polars', 'numpy', 'numba', 'scipy', 'plotly', 'statsmodels', 'torch', 'vllm'};"
        "sys.exit(bool(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, cwd="/", capture_output=True, text=True
    )
    assert "crossover" in done.stdout


def test_every_public_name_exists_and_is_documented():
    import svlaw

    for name in svlaw.__all__:
        value = getattr(svlaw, name)
        assert name == "__version__" or value.__doc__

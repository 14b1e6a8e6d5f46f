"""`--cluster` and `--interval`: what commands print and hold, and what they refuse."""

import json

import pytest

EXAMS = "exams_gpt35_by_gpt4"
GRID = ("--lambda", "1", "--solutions", "1,2,8", "--verifications", "1,4")


@pytest.fixture(scope="module")
def exams(tmp_path_factory):
    from svlaw.data.examples import copy_example

    path = tmp_path_factory.mktemp("pools") / "exams"
    copy_example(EXAMS, path)
    return path


def _json(svlaw, *arguments):
    code, out, err = svlaw(*arguments, "--json")
    assert code == 0, err
    return json.loads(out)


@pytest.mark.parametrize("interval", ["problems", "samples", "both"])
def test_rows_hold_the_intervals_asked_for(svlaw, exams, interval) -> None:
    document = _json(svlaw, "curves", exams, *GRID, "--interval", interval)
    keys = set(document["curves"][0])
    assert ({"conf_low", "conf_high"} <= keys) == (interval != "samples")
    assert ({"samples_low", "samples_high"} <= keys) == (interval != "problems")
    rows = _json(svlaw, "frontier", exams, *GRID, "--interval", interval)["frontier"]
    assert ("gain_low" in rows[0]) == (interval != "samples")
    assert ("gain_samples_low" in rows[0]) == (interval != "problems")
    found = _json(svlaw, "crossover", exams, *GRID, "--interval", interval, "--resamples", 100)
    assert ("conf_low" in found["gain"]) == (interval != "samples")
    assert ("samples_low" in found["gain"]) == (interval != "problems")
    plan = _json(svlaw, "plan", exams, *GRID, "--budget", 20, "--interval", interval)
    assert ("conf_low" in plan) == (interval != "samples")
    assert ("samples_low" in plan) == (interval != "problems")
    assert plan["notes"] == [*dict.fromkeys(plan["notes"])]


def test_tables_show_both(svlaw, exams) -> None:
    for command in (["curves"], ["frontier"], ["plan", "--budget", "20"], ["fit"]):
        name, *more = command
        code, out, err = svlaw(name, exams, *more, *GRID, "--interval", "both")
        assert code == 0, err
        assert "95% (samples)" in out
    code, out, err = svlaw("crossover", exams, *GRID, "--interval", "both", "--resamples", "100")
    assert code == 0, err
    assert "these problems, sampled again" in out


def test_points_beyond_half_of_the_solutions_are_noted(svlaw, exams) -> None:
    arguments = ("--lambda", "1", "--solutions", "1,64", "--verifications", "1")
    document = _json(svlaw, "curves", exams, *arguments, "--interval", "both")
    assert any("--solutions up to 1 have one" in note for note in document["notes"])
    assert {row["samples_low"] is None for row in document["curves"]} == {True, False}


def test_families_are_the_units(svlaw, exams) -> None:
    for name in ("curves", "frontier", "fit"):
        document = _json(svlaw, name, exams, *GRID, "--cluster", "reference_answer")
        assert document["cluster"] == "reference_answer"
        assert 1 < document["n_clusters"] < document["n_problems"]
    code, out, _ = svlaw("curves", exams, *GRID, "--cluster", "reference_answer")
    assert code == 0
    assert f"problems in {document['n_clusters']} families" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--interval", "all"), "--interval all: use problems, samples, both"),
        (("--cluster", "town"), "problems have no column 'town'"),
        (("--interval", "both", "--by", "pass_rate"), "both halves of the solutions"),
    ],
)
def test_what_cannot_be(svlaw, exams, arguments, words) -> None:
    code, out, err = svlaw("curves", exams, *GRID, *arguments)
    assert (code, out) == (2, "")
    assert words in err


def test_a_published_table_is_not_sampled_again(svlaw, tmp_path) -> None:
    from svlaw.data.examples import copy_example

    copy_example("singhi2025_fig1", tmp_path / "p")
    code, _, err = svlaw("curves", tmp_path / "p", "--lambda", "2", "--interval", "samples")
    assert code == 2
    assert "a published table has no solutions to sample again" in err


def test_a_measured_lambda_has_an_interval(svlaw, exams) -> None:
    cost = _json(svlaw, "curves", exams, *GRID[2:])["cost"]
    assert cost["lambda_low"] < cost["lambda"] < cost["lambda_high"]
    assert "lambda_low" not in _json(svlaw, "curves", exams, *GRID)["cost"]


def test_false_positives(svlaw, exams) -> None:
    rows = _json(svlaw, "curves", exams, *GRID, "--false-positive-rate", 0.01)["curves"]
    for row in rows:
        if row["strategy"] == "coverage":
            assert row["with_false_positives"] > row["success"]
        else:
            assert row["with_false_positives"] is None


def test_too_few_problems_for_budgets_are_noted(svlaw, exams, tmp_path) -> None:
    notes = _json(
        svlaw, "crossover", exams, *GRID, "--resamples", 100, "--cluster", "reference_answer"
    )["notes"]
    assert any("fewer than 100 problems (here" in note for note in notes)
    notes = _json(svlaw, "curves", exams, *GRID)["notes"]
    assert not any("few_problems" in note for note in notes)

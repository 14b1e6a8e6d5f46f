"""The examples in docstrings of the public functions run and print what they say."""

import doctest
import inspect
from pathlib import Path

import pytest

import svlaw as sv

MOST_USED = {
    *("list_examples", "open_example", "open_pool", "check_pool", "success_table", "curves"),
    *("frontier", "crossover", "savings", "advantage", "fit_allocation", "advise", "plan"),
    *("forecast", "relative_cost", "token_cost", "measure_lambda", "pass_rates"),
    "simulate_table",
}
"""Functions that have an example; others may have one."""

EXAMPLES = {
    name: found
    for name in sorted(set(sv.__all__) - {"__version__"})
    for found in doctest.DocTestFinder(recurse=False).find(getattr(sv, name), name, globs={})
    if found.examples
}


def test_the_most_used_functions_have_an_example() -> None:
    assert set(EXAMPLES) >= MOST_USED
    assert all(inspect.isfunction(getattr(sv, name)) for name in MOST_USED)


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_print_what_they_say(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told: list[str] = []
    doctest.DocTestRunner().run(EXAMPLES[name], out=told.append)
    assert "".join(told) == ""

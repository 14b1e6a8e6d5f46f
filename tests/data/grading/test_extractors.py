import sys
from pathlib import Path

import pytest

from svlaw.data.errors import BadInputError
from svlaw.data.grading.extractors import apply_extractor, built_in_extractor, load_extractor


@pytest.mark.parametrize(
    ("kind", "reference", "text", "answer"),
    [
        ("math", "7", "We get 7.", None),
        ("math", "7", r"We get \boxed{7}.", "7"),
        ("numeric", "7", "We get 7.", "7"),
        ("numeric", "7", "The answer is 7 km, or 4.3 miles.", "7 km, or 4.3 miles"),
        ("choice", "B", "It must be (B)", "B"),
        ("choice", "Paris", r"(A) or \boxed{Paris}", "Paris"),
    ],
)
def test_the_kind_of_problem_decides(
    kind: str, reference: str, text: str, answer: str | None
) -> None:
    assert built_in_extractor(kind, reference)(text) == answer


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's module in a folder that Python searches."""
    monkeypatch.syspath_prepend(str(tmp_path))
    path = tmp_path / "my_extractors_for_a_test.py"
    path.write_text("LIMIT = 3\ndef last_word(text):\n    return text.split()[-1]\n")
    yield path
    sys.modules.pop(path.stem, None)


def test_a_users_function_is_imported(module: Path) -> None:
    extract = load_extractor(f"{module.stem}:last_word")
    assert apply_extractor(extract, "it is 12 ", "row") == "12"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("last_word", "write module:function"),
        (":last_word", "write module:function"),
        ("all", "or 'whole' where texts are answers"),
        ("no_such_module_at_all:f", "module 'no_such_module_at_all' cannot be imported"),
        ("MODULE:first_word", "has no function 'first_word'"),
        ("MODULE:LIMIT", "has no function 'LIMIT'"),
    ],
)
def test_what_cannot_be_imported_is_named(module: Path, name: str, message: str) -> None:
    with pytest.raises(BadInputError, match=message) as caught:
        load_extractor(name.replace("MODULE", module.stem))
    assert "\n" not in str(caught.value)


def test_a_module_with_a_mistake_in_it_is_named(module: Path) -> None:
    module.write_text("import math\n1/0\n")
    with pytest.raises(BadInputError, match="ZeroDivisionError: division by zero"):
        load_extractor(f"{module.stem}:last_word")


def test_mistakes_of_an_extractor_are_named_with_the_row() -> None:
    with pytest.raises(
        BadInputError, match=r"problem 'p', solution 3: the extractor raised IndexErr"
    ):
        apply_extractor(lambda text: text.split()[5], "it", "problem 'p', solution 3")
    with pytest.raises(
        BadInputError, match="row: the extractor returned 3; return the answer as text"
    ):
        apply_extractor(lambda text: 3, "it", "row")  # type: ignore[arg-type,return-value]
    assert apply_extractor(lambda text: None, "it", "row") is None
    assert apply_extractor(lambda text: "  ", "it", "row") is None


def test_texts_that_are_answers() -> None:
    assert load_extractor("whole")("  \\frac{84}{2}") == "  \\frac{84}{2}"
    assert apply_extractor(load_extractor("whole"), " 42\n", "row 1") == "42"
    assert apply_extractor(load_extractor("whole"), "  ", "row 1") is None

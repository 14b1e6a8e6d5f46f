import pytest

from svlaw.data.errors import BadInputError
from svlaw.data.examples import copy_example, list_examples, open_example


def test_every_example_opens_and_has_its_notice():
    examples = list_examples()
    assert [e.name for e in examples] == [
        "exams_gpt35_by_gpt4",
        "gpqa_diamond",
        "humaneval_codegen16b",
        "singhi2025_fig1",
    ]
    for example in examples:
        pool = open_example(example.name)
        assert (pool.path / "NOTICE.md").is_file()
        assert example.licence
        assert example.source


def test_a_copy_is_a_pool_with_its_notice(tmp_path):
    pool = copy_example("singhi2025_fig1", tmp_path / "copy")
    assert pool.scan("success").collect().height == 69
    assert (tmp_path / "copy" / "NOTICE.md").is_file()
    with pytest.raises(BadInputError, match="exists already"):
        copy_example("singhi2025_fig1", tmp_path / "copy")


def test_an_unknown_example_names_those_there_are(tmp_path):
    with pytest.raises(BadInputError, match="there are: exams_gpt35_by_gpt4"):
        copy_example("nothing", tmp_path / "copy")


def test_rows_of_the_examples():
    exams = open_example("exams_gpt35_by_gpt4")
    assert exams.scan("answers").collect().height == 99 * 90
    assert exams.scan("verdicts", "gpt4_resolve").collect().height == 99 * 90 * 90
    assert open_example("humaneval_codegen16b").scan("answers").collect()["is_correct"].mean() == (
        pytest.approx(0.221, abs=5e-4)
    )

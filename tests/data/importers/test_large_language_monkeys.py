"""Files of the form that ScalingIntelligence/large_language_monkeys writes, at ed2bdb0."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from svlaw.data.errors import BadInputError
from svlaw.data.importers.large_language_monkeys import import_monkeys
from svlaw.data.pool import Pool

GSM8K = {
    "gt_answer": "Natalia sold 48/2 = <<48/2=24>>24 clips in May.\n#### 24",
    "prompt": "Question: ...\nAnswer: ...\n\nQuestion: How many clips?\nAnswer:",
    "question": "How many clips?",
    "samples": [
        " 48/2 = <<48/2=24>>24.\n#### 24",
        " 50.\n#### 50\n\nQuestion: another?\nAnswer: ...\n#### 24",
        " I do not know",
        " It is\n#### 24.",
    ],
}
MATH = {
    "gt_answer": "We get $\\boxed{\\frac{1}{2}}$.",
    "prompt": "Problem: ...",
    "question": "What is $1/2$?",
    "samples": ["Final Answer: The final answer is $0.5$. I hope it is correct.", "\\boxed{3}"],
}
CODE = {
    "prompt": "Q: Write python code ...",
    "question": "Read n, print n",
    "samples": ["```print(input())```", "```print(1)```"],
    "test_cases": {"input": ["1\n", "2\n"], "output": ["1\n", "2\n"]},
    "timeout": 2.0,
    "is_corrects": [True, False],
}
PROOF = {
    "prompt": "lean",
    "question": "theorem mathd_algebra_1 ...",
    "samples": ["norm_num", "linarith"],
    "theorem_name": "mathd_algebra_1",
    "is_corrects": [False, True],
}


def write(folder: Path, name: str, document: dict[str, Any]) -> Path:
    """As the published code does: sorted keys, PyYAML's own style."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.yaml"
    path.write_text(yaml.dump(document, sort_keys=True), "utf-8")
    return path


def rows(pool: Pool, table: str, *columns: str) -> list[tuple[Any, ...]]:
    return pool.read(table, columns).rows()


ANSWERS = ("problem_id", "solution_id", "answer", "answer_class", "is_correct", "status")


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    folder = tmp_path / "samples"
    write(folder, "0", GSM8K)
    write(folder, "10", MATH)
    return folder


def test_unevaluated_files_are_graded(samples: Path, tmp_path: Path) -> None:
    done: list[tuple[int, int]] = []
    pool = import_monkeys(
        tmp_path / "pool", samples, progress=lambda now, all_: done.append((now, all_))
    )
    assert done == [(2, 2)]
    assert rows(pool, "answers", *ANSWERS) == [
        ("0", 0, "24", 0, True, "graded"),
        ("0", 1, "50", 1, False, "graded"),
        ("0", 2, None, None, False, "no_answer"),
        ("0", 3, "24", 0, True, "graded"),
        ("10", 0, "0.5", 0, True, "graded"),
        ("10", 1, "3", 1, False, "graded"),
    ]
    assert rows(pool, "problems", "problem_id", "question", "reference_answer", "kind") == [
        ("0", "How many clips?", "24", "math"),
        ("10", "What is $1/2$?", "\\frac{1}{2}", "math"),
    ]
    assert [text for (text,) in rows(pool, "solutions", "text")] == [
        *GSM8K["samples"],
        *MATH["samples"],
    ]
    assert rows(pool, "answers", "output_chars")[2] == (len(" I do not know"),)
    assert pool.metadata == {
        "source": "large_language_monkeys",
        "samples": "samples",
        "correctness": "graded",
        "counts": {"problems": 2, "solutions": 6},
    }


def test_flags_are_taken_where_the_files_have_them(tmp_path: Path) -> None:
    # The flags say something else than a grader would, so that it shows which is used.
    folder = tmp_path / "samples"
    write(folder, "0", {**GSM8K, "is_corrects": [False, True, True, False]})
    pool = import_monkeys(tmp_path / "pool", folder)
    assert rows(pool, "answers", *ANSWERS) == [
        ("0", 0, "24", 0, False, "graded"),
        ("0", 1, "50", 1, True, "graded"),
        ("0", 2, None, None, True, "no_answer"),
        ("0", 3, "24", 0, False, "graded"),
    ]
    assert pool.metadata["correctness"] == "is_corrects"
    again = import_monkeys(tmp_path / "again", folder, regrade=True)
    assert rows(again, "answers", "is_correct") == [(True,), (False,), (False,), (True,)]
    assert again.metadata["correctness"] == "graded"


def test_the_name_of_the_readme_is_known_too(tmp_path: Path) -> None:
    write(tmp_path / "samples", "0", {**MATH, "is_correct": [False, True]})
    pool = import_monkeys(tmp_path / "pool", tmp_path / "samples")
    assert rows(pool, "answers", "is_correct") == [(False,), (True,)]


def test_programs_and_proofs_have_no_answers_to_vote_with(tmp_path: Path) -> None:
    write(tmp_path / "samples", "1575_A. Another Sorting Problem", CODE)
    write(tmp_path / "samples", "mathd_algebra_1", PROOF)
    pool = import_monkeys(tmp_path / "pool", tmp_path / "samples")
    assert rows(pool, "problems", "problem_id", "reference_answer", "kind") == [
        ("1575_A. Another Sorting Problem", None, "code"),
        ("mathd_algebra_1", None, "external"),
    ]
    assert rows(pool, "answers", "answer", "answer_class", "is_correct", "status") == [
        (None, None, True, "graded"),
        (None, None, False, "graded"),
        (None, None, False, "graded"),
        (None, None, True, "graded"),
    ]


def test_scalars_stay_text(tmp_path: Path) -> None:
    folder = tmp_path / "samples"
    folder.mkdir()
    (folder / "0.yaml").write_text("gt_answer: 0777\nquestion: 1:30\nsamples:\n- yes\n- '777'\n")
    pool = import_monkeys(tmp_path / "pool", folder)
    assert rows(pool, "problems", "question", "reference_answer") == [("1:30", "0777")]
    assert rows(pool, "solutions", "text") == [("yes",), ("777",)]


def test_contents_do_not_depend_on_workers(samples: Path, tmp_path: Path) -> None:
    here = import_monkeys(tmp_path / "a", samples)
    apart = import_monkeys(tmp_path / "b", samples, workers=2)
    for table in ("problems", "solutions", "answers"):
        assert here.scan(table).collect().equals(apart.scan(table).collect())


def published(*documents: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {**document, "orig_dset_split": "test", "orig_dset_idx": number}
        for number, document in enumerate(documents)
    ]


def test_the_published_json_gives_the_same_pool(samples: Path, tmp_path: Path) -> None:
    flagged = tmp_path / "flagged"
    documents = [
        {**GSM8K, "is_corrects": [True, False, False, True]},
        {**MATH, "is_corrects": [True, False]},
    ]
    for number, document in enumerate(documents):
        write(flagged, str(number), document)
    path = tmp_path / "GSM8K_Llama-3-8B-Instruct.json"
    path.write_text(json.dumps(published(*documents), indent=2))
    one = import_monkeys(tmp_path / "a", flagged)
    other = import_monkeys(tmp_path / "b", path)
    for table in ("problems", "solutions", "answers"):
        assert one.scan(table).collect().equals(other.scan(table).collect())


def test_texts_that_look_like_json_do_not_confuse_the_reader(tmp_path: Path) -> None:
    texts = ['{"a": [1, 2}', "}}}]]]", 'quote " and \\ and \\" end', "\\", "ü €", "half \ud83d"]
    document = {**MATH, "samples": texts, "is_corrects": [False] * len(texts)}
    path = tmp_path / "MATH.json"
    path.write_text(json.dumps(published(document, document)))
    pool = import_monkeys(tmp_path / "pool", path)
    assert [text for (text,) in rows(pool, "solutions", "text")] == [*texts[:-1], "half \ufffd"] * 2


def cut(path: Path, share: float = 0.6) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


def change(path: Path, **fields: Any) -> None:
    document = yaml.safe_load(path.read_text())
    document.update(fields)
    kept = {name: value for name, value in document.items() if value != "gone"}
    path.write_text(yaml.dump(kept))


BREAKS: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut file": (lambda s: cut(s / "10.yaml"), r"10\.yaml.*cut off"),
    "empty file": (lambda s: (s / "10.yaml").write_text(""), r"10\.yaml: the file is empty"),
    "not YAML": (lambda s: (s / "10.yaml").write_text("{["), r"10\.yaml, line \d: not valid YAML"),
    "no question": (
        lambda s: change(s / "10.yaml", question="gone"),
        r"10\.yaml: field 'question' is missing",
    ),
    "no samples": (
        lambda s: change(s / "10.yaml", samples="gone"),
        r"10\.yaml: field 'samples' is missing",
    ),
    "no answer": (
        lambda s: change(s / "10.yaml", gt_answer="gone"),
        r"10\.yaml: field 'gt_answer' is missing",
    ),
    "blank answer": (
        lambda s: change(s / "10.yaml", gt_answer=" "),
        r"10\.yaml: gt_answer ' ' holds no answer",
    ),
    "nested sample": (
        lambda s: change(s / "10.yaml", samples=["a", ["b"]]),
        r"10\.yaml: samples, row 2: is a list",
    ),
    "only some evaluated": (
        lambda s: change(s / "10.yaml", is_corrects=[True, False]),
        r"0\.yaml: field 'is_corrects' is missing, which .*10\.yaml has",
    ),
    "too few flags": (
        lambda s: change(s / "0.yaml", is_corrects=[True]),
        r"0\.yaml: 1 truth values for 4 samples",
    ),
    "flag of another kind": (
        lambda s: change(s / "0.yaml", is_corrects=[True, "perhaps", True, True]),
        r"0\.yaml: is_corrects, row 2: 'perhaps' is neither true nor false",
    ),
    "code in the file": (
        lambda s: (s / "0.yaml").write_text("question: !!python/object/apply:os.system [x]\n"),
        "is not plain data",
    ),
    "empty folder": (
        lambda s: [path.unlink() for path in list(s.iterdir())],
        "samples: holds no <id>.yaml",
    ),
    "no folder": (lambda s: s.rename(s.with_name("away")), "samples: no such folder"),
}


@pytest.mark.parametrize("case", BREAKS)
def test_bad_files_are_one_line_and_nothing_is_written(
    samples: Path, tmp_path: Path, case: str
) -> None:
    break_it, message = BREAKS[case]
    break_it(samples)
    before = set(tmp_path.iterdir())
    with pytest.raises(BadInputError, match=message) as caught:
        import_monkeys(tmp_path / "pool", samples)
    assert "\n" not in str(caught.value)
    assert set(tmp_path.iterdir()) == before


def broken_json(tmp_path: Path, *documents: Any) -> Path:
    path = tmp_path / "MATH.json"
    path.write_text(json.dumps(list(documents)))
    return path


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda good: [good, good], "record 2: problem '0' is repeated, already in .*record 1"),
        (lambda good: [{**good, "orig_dset_idx": None}], "record 1: orig_dset_idx is null"),
        (lambda good: [good, {}], "record 2: field 'samples' is missing"),
        (lambda good: [{**good, "samples": ["a", 5]}], "record 1: samples, row 2: 5 is not text"),
        (lambda good: [{**good, "is_corrects": [True, 2]}], "is_corrects, row 2: 2 is neither"),
        (lambda good: [[1]], "record 1: not a JSON object"),
        (lambda good: [], "the list holds no problems"),
    ],
)
def test_bad_records_of_the_published_json(
    tmp_path: Path, make: Callable[[dict[str, Any]], list[Any]], message: str
) -> None:
    good = {**published(MATH)[0], "is_corrects": [True, False]}
    path = broken_json(tmp_path, *make(good))
    with pytest.raises(BadInputError, match=message):
        import_monkeys(tmp_path / "pool", path)
    assert set(tmp_path.iterdir()) == {path}


@pytest.mark.parametrize("share", [0.1, 0.5, 0.7, 0.999])
def test_a_published_json_that_is_cut_off(tmp_path: Path, share: float) -> None:
    good = {**published(MATH)[0], "is_corrects": [True, False]}
    path = broken_json(tmp_path, good, {**good, "orig_dset_idx": 1})
    cut(path, share)
    with pytest.raises(BadInputError, match=r"the list has no end after record [012]; was the"):
        import_monkeys(tmp_path / "pool", path)
    assert set(tmp_path.iterdir()) == {path}


def test_other_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text('{"a": 1}')
    with pytest.raises(BadInputError, match=r"other\.json: not a JSON list"):
        import_monkeys(tmp_path / "pool", path)


def test_an_interrupt_leaves_nothing_behind(samples: Path, tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    before = set(tmp_path.iterdir())
    with pytest.raises(KeyboardInterrupt):
        import_monkeys(tmp_path / "pool", samples, progress=interrupt)
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("options", "message"), [({"workers": 0}, "workers 0"), ({"time_limit": 0.0}, "time_limit 0")]
)
def test_bad_arguments_are_refused(
    samples: Path, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadInputError, match=message):
        import_monkeys(tmp_path / "pool", samples, **options)

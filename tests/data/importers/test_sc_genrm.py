import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from svlaw.data.errors import BadInputError
from svlaw.data.importers import sc_genrm
from svlaw.data.importers.sc_genrm import import_sc_genrm
from svlaw.data.pool import Pool, open_pool

ASK = "Verification: Is the answer correct (Yes/No)?"


def write_yaml(path: Path, document: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(document), "utf-8")
    return path


def write_samples(folder: Path, problem: str, answers: list[str | None], gt_answer: str) -> Path:
    texts = ["no idea" if answer is None else rf"So \boxed{{{answer}}}." for answer in answers]
    document = {"prompt": "p", "question": f"q{problem}", "samples": texts, "gt_answer": gt_answer}
    return write_yaml(folder / f"{problem}.yaml", document)


def write_verifications(
    folder: Path, problem: str, solution: int, verdicts: list[tuple[str, float, float]]
) -> Path:
    entries = [
        {"verification": f"Fine.\n{ASK} {word}", "p(yes)": p_yes, "p(no)": p_no}
        for word, p_yes, p_no in verdicts
    ]
    path = folder / f"problem_{problem}" / f"solution_{solution}.yaml"
    return write_yaml(path, {"prompt": "p", "verifications": entries})


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Ragged: 3, 1 and 2 solutions; verifications of two of the first and one of the last."""
    samples, verifications = tmp_path / "samples", tmp_path / "verifications"
    write_samples(samples, "0", ["1/2", None, "0.5"], "0.5")
    write_samples(samples, "2", ["7"], r"It is \boxed{7.0}.")
    write_samples(samples, "10", ["B", "(C)"], "C")
    write_verifications(verifications, "0", 0, [("Yes", 0.9, -1), ("No", 0.0, 0.5), ("", -1, -1)])
    write_verifications(verifications, "0", 1, [("No", -1, 0.8)])
    write_verifications(verifications, "10", 0, [("Yes", 0.6, 0.2)])
    return samples, verifications


def rows(pool: Pool, table: str, *columns: str) -> list[tuple[Any, ...]]:
    verifier = "genrm" if table in {"verifications", "verdicts"} else None
    return pool.read(table, columns, verifier).rows()


def test_everything_arrives(folders: tuple[Path, Path], tmp_path: Path) -> None:
    samples, verifications = folders
    reported: list[tuple[int, int]] = []
    pool = import_sc_genrm(
        tmp_path / "pool",
        samples,
        verifications,
        progress=lambda done, total: reported.append((done, total)),
    )
    assert reported == [(3, 6), (6, 6)]
    assert rows(pool, "problems", "problem_id", "question", "reference_answer", "kind") == [
        ("0", "q0", "0.5", "math"),
        ("10", "q10", "C", "choice"),
        ("2", "q2", "7", "math"),
    ]
    assert rows(pool, "solutions", "problem_id", "solution_id", "text")[0] == (
        "0",
        0,
        r"So \boxed{1/2}.",
    )
    columns = ("problem_id", "solution_id", "answer", "answer_class", "is_correct", "status")
    assert rows(pool, "answers", *columns) == [
        ("0", 0, "1/2", 0, True, "graded"),
        ("0", 1, None, None, False, "no_answer"),
        ("0", 2, "0.5", 0, True, "graded"),
        ("10", 0, "B", 0, False, "graded"),
        ("10", 1, "(C)", 1, True, "graded"),
        ("2", 0, "7", 0, True, "graded"),
    ]
    assert rows(pool, "answers", "output_chars")[1] == (len("no idea"),)
    key = ("problem_id", "solution_id", "verification_id")
    assert rows(pool, "verifications", *key, "p_yes", "p_no") == [
        ("0", 0, 0, 0.9, None),
        ("0", 0, 1, 0.0, 0.5),
        ("0", 0, 2, None, None),
        ("0", 1, 0, None, 0.8),
        ("10", 0, 0, 0.6, 0.2),
    ]
    assert rows(pool, "verdicts", *key, "verdict", "score", "status") == [
        ("0", 0, 0, "yes", 1.0, "graded"),
        ("0", 0, 1, "no", 0.0, "graded"),
        ("0", 0, 2, None, None, "unparsed"),
        ("0", 1, 0, "no", 0.0, "graded"),
        ("10", 0, 0, "yes", 1.0, "graded"),
    ]
    assert rows(pool, "verdicts", "output_chars")[0] == (len(f"Fine.\n{ASK} Yes"),)
    assert pool.verifiers == ("genrm",)
    assert pool.metadata == {
        "source": "sc_genrm",
        "samples_folder": "samples",
        "verifications_folder": "verifications",
        "score": "text",
        "time_limit": 5.0,
        "counts": {
            "problems": 3,
            "solutions": 6,
            "verified_solutions": 3,
            "verifications": 5,
        },
    }


def test_scores_may_come_from_probabilities(folders: tuple[Path, Path], tmp_path: Path) -> None:
    pool = import_sc_genrm(tmp_path / "pool", *folders, verifier="v2", score="p_yes_or_text")
    scores = pool.read("verdicts", ["score"], "v2")["score"].to_list()
    assert scores == [0.9, 0.0, None, pytest.approx(0.2), pytest.approx(0.75)]


def test_samples_alone_make_a_pool(folders: tuple[Path, Path], tmp_path: Path) -> None:
    pool = import_sc_genrm(tmp_path / "pool", folders[0])
    assert pool.verifiers == ()
    assert pool.has("solutions")
    assert pool.has("answers")
    assert pool.metadata["verifications_folder"] is None


@pytest.mark.parametrize("inner", ["data", "data_cleaned"])
def test_published_archives_keep_files_in_a_subfolder(
    folders: tuple[Path, Path], tmp_path: Path, inner: str
) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    folders[1].rename(archive / inner)
    pool = import_sc_genrm(tmp_path / "pool", folders[0], archive)
    assert len(rows(pool, "verdicts", "verdict")) == 5
    assert pool.metadata["verifications_folder"] == "archive"


def test_bare_scalars_stay_text(tmp_path: Path) -> None:
    samples = tmp_path / "samples"
    samples.mkdir()
    for name, answer in (("0", "0777"), ("1", "1:30"), ("2", "yes"), ("3", "0x10")):
        (samples / f"{name}.yaml").write_text(
            f"question: 0777\nsamples:\n- 1:30\n- yes\n- null\n- '~'\ngt_answer: {answer}\n"
        )
    pool = import_sc_genrm(tmp_path / "pool", samples)
    assert rows(pool, "problems", "reference_answer") == [("0777",), ("1:30",), ("yes",), ("0x10",)]
    assert rows(pool, "problems", "question")[0] == ("0777",)
    assert rows(pool, "solutions", "text")[:4] == [("1:30",), ("yes",), (None,), ("~",)]


def test_a_problem_may_have_no_solutions(tmp_path: Path) -> None:
    write_samples(tmp_path / "samples", "0", [], "1")
    write_samples(tmp_path / "samples", "1", ["1"], "1")
    pool = import_sc_genrm(tmp_path / "pool", tmp_path / "samples")
    assert rows(pool, "answers", "problem_id") == [("1",)]
    assert len(rows(pool, "problems", "problem_id")) == 2


def test_slow_answers_time_out(tmp_path: Path) -> None:
    write_samples(tmp_path / "samples", "0", [r"\int_0^1 1^{10^{10^{10}}} dx", "5", "1/2"], "0.5")
    pool = import_sc_genrm(tmp_path / "pool", tmp_path / "samples", time_limit=1)
    assert rows(pool, "answers", "is_correct", "status") == [
        (False, "timeout"),
        (False, "graded"),
        (True, "graded"),
    ]


def contents(pool: Pool) -> list[tuple[str, str]]:
    """Folder and digest of every part, in order (the names of parts hold a random token)."""
    parts = sorted(pool.path.rglob("part-*.parquet"))
    return [(p.parent.name, hashlib.sha256(p.read_bytes()).hexdigest()) for p in parts]


def test_contents_do_not_depend_on_workers(
    folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sc_genrm, "_BATCH_BYTES", 100)  # one file per batch
    here = import_sc_genrm(tmp_path / "a", *folders)
    apart = import_sc_genrm(tmp_path / "b", *folders, workers=3)
    assert len(contents(here)) == 9
    assert contents(here) == contents(apart)
    assert (tmp_path / "a/pool.json").read_bytes() == (tmp_path / "b/pool.json").read_bytes()


Break = Callable[[Path, Path], object]


def cut(path: Path, share: float = 0.5) -> None:
    text = path.read_text()
    path.write_text(text[: int(len(text) * share)])


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def remove(paths: Iterable[Path]) -> None:
    for path in list(paths):
        path.unlink()


def add_archives(samples: Path) -> None:
    remove(samples.glob("*.yaml"))
    for name in ("data", "data_cleaned"):
        write_samples(samples / name, "0", ["1"], "1")


def drop(path: Path, *keys: str | int) -> None:
    document = yaml.safe_load(path.read_text())
    holder = document
    for key in keys[:-1]:
        holder = holder[key]
    del holder[keys[-1]]
    write_yaml(path, document)


SOLUTION = "problem_0/solution_0.yaml"

BREAKS: dict[str, tuple[Break, str]] = {
    "empty file": (lambda s, _: (s / "2.yaml").write_text(""), "2.yaml: the file is empty"),
    "blank file": (lambda s, _: (s / "2.yaml").write_text("\n\n"), "nothing but white space"),
    "cut samples": (lambda s, _: cut(s / "10.yaml"), r"10.yaml.*cut off"),
    "cut verification": (lambda _, v: cut(v / SOLUTION, 0.8), r"solution_0.yaml.*cut off"),
    "bad indent": (
        lambda s, _: (s / "2.yaml").write_text("a: 'b\nc: d\n"),
        r"2.yaml, line \d+: not valid YAML",
    ),
    "not UTF-8": (lambda s, _: (s / "2.yaml").write_bytes(b"a: \xff\xfe\n"), "not valid YAML"),
    "no mapping": (lambda s, _: (s / "2.yaml").write_text("- a\n"), "2.yaml: holds no fields"),
    "unsafe tag": (
        lambda s, _: (s / "2.yaml").write_text("a: !!python/object/apply:os.getcwd []\n"),
        r"2.yaml, line 1: tag 'tag:yaml.org,2002:python/object/apply:os.getcwd'",
    ),
    "no question": (lambda s, _: drop(s / "2.yaml", "question"), "field 'question' is missing"),
    "no samples": (lambda s, _: drop(s / "2.yaml", "samples"), "field 'samples' is missing"),
    "no gt_answer": (lambda s, _: drop(s / "2.yaml", "gt_answer"), "field 'gt_answer' is missing"),
    "two fields of a name": (
        lambda s, _: (s / "2.yaml").write_text("question: a\nquestion: b\n"),
        "'question' occurs twice",
    ),
    "empty gt_answer": (
        lambda s, _: (s / "2.yaml").write_text("question: a\nsamples: [a]\ngt_answer:\n"),
        "gt_answer is empty",
    ),
    "boxless gt_answer": (
        lambda s, _: (s / "2.yaml").write_text("question: a\nsamples: [a]\ngt_answer: $$\n"),
        "holds no answer",
    ),
    "samples no list": (
        lambda s, _: (s / "2.yaml").write_text("question: a\nsamples: a\ngt_answer: 1\n"),
        "2.yaml: 'samples' is not a list",
    ),
    "sample no text": (
        lambda s, _: (s / "2.yaml").write_text("question: a\nsamples: [a, [b]]\ngt_answer: 1\n"),
        "samples, row 2: is a list",
    ),
    "verifications no list": (
        lambda _, v: (v / SOLUTION).write_text("verifications: a\n"),
        "'verifications' is not a list",
    ),
    "no verification": (
        lambda _, v: drop(v / SOLUTION, "verifications", 1, "verification"),
        "row 2: field 'verification' is missing",
    ),
    "no p(yes)": (
        lambda _, v: drop(v / SOLUTION, "verifications", 2, "p(yes)"),
        r"row 3: field 'p\(yes\)' is missing",
    ),
    "p(yes) above 1": (
        lambda _, v: replace(v / SOLUTION, "p(yes): 0.9", "p(yes): 1.5"),
        r"row 1: p\(yes\) '1.5' is not in \[0, 1\]",
    ),
    "p(yes) negative": (
        lambda _, v: replace(v / SOLUTION, "p(yes): 0.9", "p(yes): -0.5"),
        r"p\(yes\) '-0.5'",
    ),
    "p(yes) NaN": (
        lambda _, v: replace(v / SOLUTION, "p(yes): 0.9", "p(yes): .nan"),
        r"p\(yes\) '.nan'",
    ),
    "strange problem": (
        lambda _, v: (v / "problem_0").rename(v / "problem_5"),
        "the samples hold no problem '5'",
    ),
    "strange solution": (
        lambda _, v: (v / SOLUTION).rename(v / "problem_0/solution_3.yaml"),
        "problem '0' has 3 samples, so no solution 3",
    ),
    "unnumbered solution": (
        lambda _, v: (v / SOLUTION).rename(v / "problem_0/solution_x.yaml"),
        "'x' is not the number of a solution",
    ),
    "solution twice": (
        lambda _, v: (v / SOLUTION).with_name("solution_01.yaml").write_text(""),
        "the same solution",
    ),
    "no samples folder": (lambda s, _: s.rename(s.with_name("away")), "samples: no such folder"),
    "no verifications folder": (
        lambda _, v: v.rename(v.with_name("away")),
        "verifications: no such folder",
    ),
    "folder without YAML": (
        lambda s, _: remove(s.iterdir()),
        "samples: holds no <id>.yaml files",
    ),
    "verifications without YAML": (
        lambda _, v: remove(v.rglob("*.yaml")),
        "verifications: holds no problem_<i>",
    ),
    "two archives": (lambda s, _: add_archives(s), "both data and data_cleaned"),
    "existing output": (lambda s, _: (s.parent / "pool").mkdir(), "pool: exists already"),
}


@pytest.mark.parametrize("case", BREAKS)
def test_bad_input_is_one_line_and_nothing_is_written(
    folders: tuple[Path, Path], tmp_path: Path, case: str
) -> None:
    break_it, message = BREAKS[case]
    break_it(*folders)
    before = set(tmp_path.iterdir())
    with pytest.raises(BadInputError, match=message) as caught:
        import_sc_genrm(tmp_path / "pool", *folders)
    assert "\n" not in str(caught.value)
    assert set(tmp_path.iterdir()) == before


def test_bad_input_in_a_worker_is_the_same_error(
    folders: tuple[Path, Path], tmp_path: Path, workers_alive: Callable[[], bool]
) -> None:
    cut(folders[1] / SOLUTION)
    before = set(tmp_path.iterdir())
    with pytest.raises(BadInputError, match=r"solution_0.yaml.*cut off"):
        import_sc_genrm(tmp_path / "pool", *folders, workers=1)
    assert set(tmp_path.iterdir()) == before
    assert not workers_alive()


@pytest.mark.parametrize("style", ["plain", "literal", "flow"])
def test_a_file_cut_inside_plain_text_is_refused(tmp_path: Path, style: str) -> None:
    """Such a file is still valid YAML; only its missing last line break tells."""
    head = "gt_answer: 1\nquestion: q\nsamples:"
    tail = {"plain": "\n- one two\n- three fo", "literal": "\n- |\n  one tw", "flow": " [one, two]"}
    samples = tmp_path / "samples"
    samples.mkdir()
    (samples / "0.yaml").write_text(head + tail[style])
    if style == "flow":
        assert len(rows(import_sc_genrm(tmp_path / "pool", samples), "answers", "status")) == 2
    else:
        with pytest.raises(BadInputError, match="the last line has no end"):
            import_sc_genrm(tmp_path / "pool", samples)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"score": "logprobs"}, "score 'logprobs'"),
        ({"workers": 0}, "workers 0"),
        ({"time_limit": 0.0}, "time_limit 0"),
        ({"verifier": "a/b"}, "verifier name 'a/b'"),
    ],
)
def test_bad_arguments_are_refused(
    folders: tuple[Path, Path], tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadInputError, match=message):
        import_sc_genrm(tmp_path / "pool", *folders, **options)
    assert not (tmp_path / "pool").exists()


# A test runner in the background may hand down an ignored interrupt.
SCRIPT = """
import signal
import sys
from svlaw.data.importers.sc_genrm import import_sc_genrm
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    import_sc_genrm(sys.argv[2], sys.argv[1], workers=2, time_limit=60)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_an_interrupt_leaves_nothing_behind(tmp_path: Path) -> None:
    write_samples(tmp_path / "samples", "0", [r"\int_0^1 1^{10^{10^{10}}} dx"], "0.5")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    before = set(tmp_path.iterdir())
    command = [sys.executable, str(script), str(tmp_path / "samples"), str(tmp_path / "pool")]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)
    try:
        parent = psutil.Process(running.pid)
        children: list[psutil.Process] = []
        while running.poll() is None:
            children = parent.children(recursive=True)
            if any(child.cpu_times().user > 3 for child in children):  # grading, not starting
                break
            time.sleep(0.1)
        assert children
        os.killpg(running.pid, signal.SIGINT)
        _, errors = running.communicate()
        assert b"KeyboardInterrupt" in errors
        _, alive = psutil.wait_procs(children, timeout=600)
        assert not alive
        assert set(tmp_path.iterdir()) == before
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
            running.communicate()


def test_the_pool_opens_again(folders: tuple[Path, Path], tmp_path: Path) -> None:
    pool = import_sc_genrm(tmp_path / "pool", *folders)
    assert open_pool(tmp_path / "pool") == pool

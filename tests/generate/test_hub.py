"""Datasets of the hub: files in a folder, and downloads from a small hub on loopback."""

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from svlaw.data.errors import BadInputError
from svlaw.generate.hub import DATASET_ID, find_files
from svlaw.generate.problems import ProblemSource, load_problems
from svlaw.generate.recipes import RECIPES

CARD = """---
configs:
- config_name: easy
  data_files:
  - split: train
    path: easy/train.jsonl
  - split: test
    path: ["./easy/test-*", /etc/passwd, ../secret.jsonl]
- config_name: hard
  data_files: hard.jsonl
- config_name: other
  data_files:
    test: hard.jsonl
---
# A dataset
"""


def make(folder: Path, *names: str, card: str | None = None) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'{{"problem_id": "{name}", "question": "Q"}}\n')
    if card is not None:
        (folder / "README.md").write_text(card)
    return folder


def names(folder: Path, **fields: Any) -> list[str]:
    return [str(path.relative_to(folder)) for path in find_files(folder, **fields)]


def refusal(folder: Path, **fields: Any) -> str:
    with pytest.raises(BadInputError) as error:
        find_files(folder, **fields)
    message = str(error.value)
    assert "\n" not in message
    return message


class TestFolders:
    def test_card(self, tmp_path: Path) -> None:
        files = ("easy/train.jsonl", "easy/test-0.jsonl", "easy/test-1.jsonl", "hard.jsonl")
        folder = make(tmp_path / "set", *files, card=CARD)
        make(tmp_path, "secret.jsonl")
        assert names(folder, subset="easy", split="test") == [
            "easy/test-0.jsonl",
            "easy/test-1.jsonl",
        ]
        assert names(folder, subset="hard") == ["hard.jsonl"]
        assert names(folder, subset="other", split="test") == ["hard.jsonl"]
        assert "several subsets; give one of easy, hard, other" in refusal(folder)
        assert "several splits; give one of train, test" in refusal(folder, subset="easy")
        assert "no split 'dev'; there are train, test" in refusal(
            folder, subset="easy", split="dev"
        )
        assert "no subset 'x'; there are easy" in refusal(folder, subset="x")
        (folder / "hard.jsonl").unlink()
        assert "its card names hard.jsonl, which are missing" in refusal(folder, subset="hard")

    @pytest.mark.parametrize(
        "card",
        ["# No head\n---\nconfigs:\n---\n", "---\n: [\n---\n", "---\nconfigs: 3\n---\n", "---\n"],
    )
    def test_a_card_that_says_nothing(self, tmp_path: Path, card: str) -> None:
        assert names(make(tmp_path, "train.jsonl", card=card)) == ["train.jsonl"]

    def test_names(self, tmp_path: Path) -> None:
        folder = make(
            tmp_path / "a",
            "data/train-00000-of-00002.jsonl",
            "data/train-00001-of-00002.jsonl",
            "data/test-00000-of-00001-0123456789abcdef.jsonl",
            "dataset_infos.json",
            ".cache/test.jsonl",
        )
        assert names(folder, split="train") == [
            "data/train-00000-of-00002.jsonl",
            "data/train-00001-of-00002.jsonl",
        ]
        assert names(folder, split="test") == ["data/test-00000-of-00001-0123456789abcdef.jsonl"]
        assert "several splits; give one of test, train" in refusal(folder)
        assert names(make(tmp_path / "b", "questions.csv")) == ["questions.csv"]
        assert names(make(tmp_path / "c", "eval.csv"), split="test") == ["eval.csv"]

    def test_subsets(self, tmp_path: Path) -> None:
        folder = make(tmp_path, "gpqa_main.csv", "gpqa_diamond.csv", "x/test.json", "y/test.json")
        assert names(folder, subset="gpqa_main") == ["gpqa_main.csv"]
        assert names(folder, subset="y") == ["y/test.json"]
        assert "several tables: gpqa_diamond.csv, gpqa_main.csv" in refusal(folder, split="train")
        assert "no file is of subset 'z'; there are gpqa_diamond.csv" in refusal(folder, subset="z")

    def test_nothing(self, tmp_path: Path) -> None:
        assert "holds no data files" in refusal(tmp_path)
        assert "holds no file test.jsonl" in refusal(tmp_path, pattern="test.jsonl")

    def test_revision_of_a_folder(self, tmp_path: Path) -> None:
        make(tmp_path, "test.jsonl")
        with pytest.raises(BadInputError, match="revision 'main' is for datasets, but"):
            load_problems(ProblemSource(source=str(tmp_path), revision="main"))


def test_ids() -> None:
    assert DATASET_ID.fullmatch("HuggingFaceH4/MATH-500")
    for text in ("MATH-500", "a/b/c", "../b", "a/", "a b/c", "/a/b"):
        assert not DATASET_ID.fullmatch(text)


def test_without_the_package(tmp_path: Path) -> None:
    """As on a machine that lacks it: one line that says what to install."""
    (tmp_path / "huggingface_hub.py").write_text("raise ImportError\n")
    done = run(tmp_path, {"PYTHONPATH": str(tmp_path)}, source="some/where")
    assert done == [
        "some/where: datasets of the hub need the package huggingface_hub; run pip install"
        " 'svlaw[hub]', or give a local file"
    ]


COMMIT = "0123456789abcdef0123456789abcdef01234567"
HUB_FILES = {
    "README.md": CARD.encode(),
    "easy/train.jsonl": b'{"problem_id": "train", "question": "Q"}\n',
    "easy/test-0.jsonl": b'{"problem_id": "t0", "question": "Q"}\n',
    "easy/test-1.jsonl": b'{"problem_id": "t1", "question": "Q"}\n',
    "hard.jsonl": b'{"problem_id": "h", "question": "Q"}\n',
}
MATH = b'{"unique_id": "test/1", "problem": "Q", "answer": "2", "subject": "Algebra", "level": 1}\n'
DATASETS = {
    "some/set": (COMMIT, HUB_FILES),
    "HuggingFaceH4/MATH-500": (
        RECIPES["math-500"].revision,
        {"README.md": b"# MATH-500\n", "test.jsonl": MATH},
    ),
    "nishadsinghi/MATH128": (
        COMMIT,
        {"test.csv": b"problem,solution\nQ,\\boxed{2}\n", "train.csv": b"problem,solution\nR,3\n"},
    ),
}


class Hub(BaseHTTPRequestHandler):
    """As much of the hub as a download asks for."""

    served: list[str]
    branches: list[str]

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def answer(self) -> None:  # noqa: PLR0911
        found = re.fullmatch(
            r"(?:/api)?/datasets/(\w+/[\w-]+)/(revision|tree|resolve)/(\w+)(?:/(.*))?",
            self.path.partition("?")[0],
        )
        dataset, what, revision, name = found.groups() if found else (None,) * 4
        if dataset == "some/gated":
            return self.reply(403, b"{}", {"X-Error-Code": "GatedRepo"})
        if dataset not in DATASETS:
            return self.reply(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        commit, files = DATASETS[dataset]
        if revision not in {"main", commit}:
            return self.reply(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        if what == "revision":
            self.branches += [revision] * (revision == "main")
            siblings = [{"rfilename": name} for name in files]
            return self.json({"id": dataset, "sha": commit, "siblings": siblings})
        if what == "tree":
            return self.json(
                [
                    {"type": "file", "path": name, "size": len(data), "oid": etag(data)}
                    for name, data in files.items()
                ]
            )
        if name not in files:
            return self.reply(404, b"{}", {"X-Error-Code": "EntryNotFound"})
        if self.command == "GET":
            self.served.append(name)
        headers = {"ETag": f'"{etag(files[name])}"', "X-Repo-Commit": commit}
        return self.reply(200, files[name], headers)

    def json(self, value: Any) -> None:
        self.reply(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def reply(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        pass


def etag(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()


@pytest.fixture
def hub() -> Iterator[ThreadingHTTPServer]:
    if importlib.util.find_spec("huggingface_hub") is None:
        pytest.skip("huggingface_hub is not installed")
    Hub.served, Hub.branches = [], []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


SCRIPT = """
import json, sys
from svlaw.data.errors import BadInputError
from svlaw.generate.problems import ProblemSource, load_problems
try:
    print(json.dumps(load_problems(ProblemSource(**json.loads(sys.argv[1])))["problem_id"].to_list()))
except BadInputError as error:
    print(json.dumps([str(error)]))
"""


def run(home: Path, environment: dict[str, str], **fields: str) -> list[str]:
    """Load problems in a process of its own, since the hub's address is read on import."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(fields)],
        env={**os.environ, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[str] = json.loads(done.stdout)
    return found


@pytest.mark.slow
def test_downloads_what_is_asked_for_and_no_more(hub: ThreadingHTTPServer, tmp_path: Path) -> None:
    online = {"HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}"}
    wanted = {"source": "some/set", "subset": "easy", "split": "test"}
    assert run(tmp_path, online, **wanted) == ["t0", "t1"]
    assert sorted(Hub.served) == ["README.md", "easy/test-0.jsonl", "easy/test-1.jsonl"]
    assert len(Hub.branches) == 1  # a branch may move between two downloads
    Hub.served.clear()
    assert run(tmp_path, online, **wanted, revision=COMMIT) == ["t0", "t1"]
    offline = {**online, "HF_HUB_OFFLINE": "1"}
    assert run(tmp_path, offline, **wanted) == ["t0", "t1"]
    assert Hub.served == []
    (said,) = run(tmp_path, offline, source="some/set", subset="hard")
    version = int(importlib.metadata.version("huggingface_hub").partition(".")[0])
    if version >= 2:  # earlier ones take an incomplete folder of the cache for the dataset
        assert said.startswith("dataset some/set at ")
        assert "the hub cannot be reached, and the files are not in its cache here" in said
    else:
        assert said == "some/set: its card names hard.jsonl, which are missing"


@pytest.mark.slow
def test_recipes_are_downloaded(hub: ThreadingHTTPServer, tmp_path: Path) -> None:
    online = {"HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}"}
    assert run(tmp_path, online, recipe="math-500") == ["test/1"]
    assert Hub.served == ["test.jsonl"]
    assert run(tmp_path, online, recipe="math-500", source="HuggingFaceH4/MATH-500") == ["test/1"]
    assert Hub.served == ["test.jsonl"]
    assert run(tmp_path, online, recipe="math-128") == ["0"]
    (said,) = run(tmp_path, online, recipe="math-500", revision="v9")
    assert said == "dataset HuggingFaceH4/MATH-500 at v9: there is no such revision"


@pytest.mark.slow
def test_what_cannot_be_downloaded(hub: ThreadingHTTPServer, tmp_path: Path) -> None:
    online = {"HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}"}
    for fields, message in (
        ({"source": "some/thing"}, "dataset some/thing at main: no such dataset, or a private one"),
        ({"source": "some/gated"}, "dataset some/gated at main: access has to be granted"),
        ({"source": "some/set", "revision": "v9"}, "some/set at v9: there is no such revision"),
        ({"source": "some/set", "subset": "x"}, "some/set: there is no subset 'x'; there are easy"),
    ):
        (said,) = run(tmp_path, online, **fields)
        assert message in said
        assert "\n" not in said
    nowhere = {"HF_ENDPOINT": "http://127.0.0.1:9"}
    (said,) = run(tmp_path / "empty", nowhere, source="some/set")
    assert "the hub cannot be reached" in said

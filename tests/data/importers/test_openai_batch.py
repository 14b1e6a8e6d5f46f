"""Files of the form that OpenAI's batch API writes (OpenAPI description 2.3.0)."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from svlaw.data.errors import BadInputError
from svlaw.data.importers.openai_batch import import_openai_batch
from svlaw.data.pool import Pool

ASK = "Is the answer correct (Yes/No)?"


def choice(text: str | None, index: int = 0, **fields: Any) -> dict[str, Any]:
    return {
        "index": index,
        "message": {"role": "assistant", "content": text, "refusal": None},
        "logprobs": None,
        "finish_reason": "stop",
        **fields,
    }


def request(custom_id: str, *choices: dict[str, Any], tokens: int = 10) -> dict[str, Any]:
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1724858089,
        "model": "gpt-4o-mini-2024-07-18",
        "choices": list(choices),
        "usage": {"prompt_tokens": 24, "completion_tokens": tokens, "total_tokens": 24 + tokens},
        "system_fingerprint": "fp_1",
    }
    response = {"status_code": 200, "request_id": "req_1", "body": body}
    return {"id": "batch_req_1", "custom_id": custom_id, "response": response, "error": None}


def expired(custom_id: str) -> dict[str, Any]:
    error = {"code": "batch_expired", "message": "not executed before the window closed"}
    return {"id": "batch_req_2", "custom_id": custom_id, "response": None, "error": error}


def refused(custom_id: str, status: int) -> dict[str, Any]:
    body = {"error": {"message": "rate limit", "type": "requests", "code": None}}
    response = {"status_code": status, "request_id": "req_3", "body": body}
    return {"id": "batch_req_3", "custom_id": custom_id, "response": response, "error": None}


def refused_by_vllm(custom_id: str, error: Any) -> dict[str, Any]:
    """As vLLM's run-batch writes it (vllm/entrypoints/openai/run_batch.py at 0056ae7)."""
    response = {"status_code": 400, "request_id": "vllm-batch-1", "body": None}
    return {"id": "vllm-1", "custom_id": custom_id, "response": response, "error": error}


def write(path: Path, lines: list[Any]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def rows(pool: Pool, table: str, *columns: str) -> list[tuple[Any, ...]]:
    verifier = "verifier" if table in {"verifications", "verdicts"} else None
    return pool.read(table, columns, verifier).rows()


ANSWERS = ("problem_id", "solution_id", "answer", "answer_class", "is_correct", "status")


@pytest.fixture
def problems(tmp_path: Path) -> Path:
    path = tmp_path / "problems.csv"
    frame = pl.DataFrame(
        {
            "problem_id": ["aime-1", "aime-2", "gsm"],
            "question": ["one?", "two?", "three?"],
            "reference_answer": ["0777", "\\boxed{1/2}", "so\n#### 18"],
            "year": [2024, 2025, None],
        }
    )
    frame.write_csv(path)
    return path


@pytest.fixture
def output(tmp_path: Path) -> Path:
    lines = [
        request("aime-2-1", choice("\\boxed{0.5}"), tokens=7),
        request("aime-1-0", choice("\\boxed{777}")),
        request("aime-1-1", choice("\\boxed{12", finish_reason="length")),
        request("gsm-0", choice("#### 18")),
        request("aime-2-0", choice(None)),
    ]
    return write(tmp_path / "output.jsonl", lines)


def test_everything_arrives(output: Path, problems: Path, tmp_path: Path) -> None:
    done: list[tuple[int, int]] = []
    pool = import_openai_batch(
        tmp_path / "pool", output, problems, progress=lambda now, all_: done.append((now, all_))
    )
    assert done == [(1, 1)]
    assert rows(pool, "answers", *ANSWERS) == [
        ("aime-1", 0, "777", 0, True, "graded"),
        ("aime-1", 1, None, None, False, "truncated"),
        ("aime-2", 0, None, None, False, "no_answer"),
        ("aime-2", 1, "0.5", 0, True, "graded"),
        ("gsm", 0, "18", 0, True, "graded"),
    ]
    assert rows(pool, "problems", "problem_id", "question", "reference_answer", "kind", "year") == [
        ("aime-1", "one?", "0777", "math", "2024"),
        ("aime-2", "two?", "1/2", "math", "2025"),
        ("gsm", "three?", "18", "math", None),
    ]
    columns = ("text", "prompt_tokens", "output_tokens", "finish_reason", "seed")
    assert rows(pool, "solutions", *columns)[1:4] == [
        ("\\boxed{12", 24, 10, "length", None),
        (None, 24, 10, "stop", None),
        ("\\boxed{0.5}", 24, 7, "stop", None),
    ]
    assert pool.metadata == {
        "source": "openai_batch",
        "files": ["output.jsonl"],
        "correctness": "graded",
        "counts": {"problems": 3, "solutions": 5},
        "remarks": [],
    }


def test_several_choices_are_several_solutions(problems: Path, tmp_path: Path) -> None:
    # Out of order, as servers may answer; 10 tokens over 3 choices are 4, 3 and 3.
    three = [choice(f"\\boxed{{{index}}}", index) for index in (2, 0, 1)]
    output = write(tmp_path / "o.jsonl", [request("gsm-1", *three), request("gsm", *three)])
    pool = import_openai_batch(tmp_path / "pool", output, problems)
    assert rows(pool, "answers", "solution_id", "answer", "output_tokens") == [
        (sample, str(sample % 3), 4 if sample % 3 == 0 else 3) for sample in range(6)
    ]
    uneven = write(tmp_path / "u.jsonl", [request("gsm-1", *three), request("gsm", *three[:2])])
    with pytest.raises(BadInputError, match="line 2: 2 choices, where requests before brought 3"):
        import_openai_batch(tmp_path / "uneven", uneven, problems)


def test_completions_and_missing_usage(problems: Path, tmp_path: Path) -> None:
    line = request("gsm", {"index": 0, "text": "#### 18", "finish_reason": "stop"})
    del line["response"]["body"]["usage"]
    pool = import_openai_batch(tmp_path / "pool", write(tmp_path / "o.jsonl", [line]), problems)
    assert rows(pool, "answers", "answer", "output_tokens") == [("18", None)]


def test_failed_requests_are_counted(output: Path, problems: Path, tmp_path: Path) -> None:
    errors = write(
        tmp_path / "errors.jsonl",
        [
            expired("aime-1-2"),
            expired("aime-2-2"),
            refused("gsm-1", 429),
            refused_by_vllm("gsm-2", {"object": "error", "message": "too long", "code": 400}),
            refused_by_vllm("gsm-3", "too long"),
        ],
    )
    pool = import_openai_batch(tmp_path / "pool", [output, errors], problems)
    assert len(rows(pool, "answers", "answer")) == 5
    assert pool.metadata["remarks"] == [
        "5 of 10 requests for solutions failed (batch_expired: 2, status 429: 1, 400: 1, error: 1)"
    ]
    with pytest.raises(BadInputError, match=r"5 of 5 requests .* failed .*; nothing is left"):
        import_openai_batch(tmp_path / "none", errors, problems)
    assert not (tmp_path / "none").exists()


def test_ids_are_read_by_a_pattern(problems: Path, tmp_path: Path) -> None:
    output = write(tmp_path / "o.jsonl", [request("run7|gsm|s003", choice("#### 18"))])
    pattern = r"run\d\|(?P<problem>.+)\|s(?P<sample>\d+)"
    pool = import_openai_batch(tmp_path / "pool", output, problems, id_pattern=pattern)
    assert rows(pool, "answers", "problem_id", "solution_id") == [("gsm", 3)]


@pytest.mark.parametrize("sign", list("-_:/#."))
def test_any_sign_may_stand_before_the_number(problems: Path, tmp_path: Path, sign: str) -> None:
    output = write(tmp_path / "o.jsonl", [request(f"aime-1{sign}12", choice("\\boxed{1}"))])
    pool = import_openai_batch(tmp_path / "pool", output, problems)
    assert rows(pool, "answers", "problem_id", "solution_id") == [("aime-1", 12)]


def test_an_id_that_can_be_read_in_two_ways_is_refused(tmp_path: Path) -> None:
    problems = tmp_path / "p.csv"
    problems.write_text("problem_id,reference_answer\naime,1\naime-1,2\n")
    output = write(tmp_path / "o.jsonl", [request("aime-1", choice("x"))])
    with pytest.raises(BadInputError, match=r"line 1: custom_id 'aime-1' can be read in two ways"):
        import_openai_batch(tmp_path / "pool", output, problems)


def token(text: str, logprob: float, **others: float) -> dict[str, Any]:
    tops = [{"token": t, "logprob": p, "bytes": None} for t, p in {text: logprob, **others}.items()]
    return {"token": text, "logprob": logprob, "bytes": None, "top_logprobs": tops}


def verification(custom_id: str, *tokens: dict[str, Any], **fields: Any) -> dict[str, Any]:
    text = "".join(entry["token"] for entry in tokens)
    return request(custom_id, choice(text, logprobs={"content": list(tokens)}, **fields))


def log(share: float) -> float:
    return math.log(share)


def test_verifications_arrive_with_their_probabilities(
    output: Path, problems: Path, tmp_path: Path
) -> None:
    lines = [
        # A yes in the argument does not count, and spellings count together.
        verification(
            "aime-1-0-0",
            token(" yes", log(0.99), no=log(0.01)),
            token(f", but.\n{ASK}", 0.0),
            token(" No", log(0.5), **{" Yes": log(0.2), "No": log(0.1), "Maybe": log(0.2)}),
        ),
        verification("aime-1-0-1", token(f"{ASK}", 0.0), token(" Yes", log(0.9))),
        verification("aime-1-1", token("no verdict at all", 0.0)),
        request("gsm-0-5", choice(f"{ASK} Yes")),
        verification("aime-2-1", token("Let me", -0.1), finish_reason="length"),
    ]
    path = write(tmp_path / "verifications.jsonl", lines)
    pool = import_openai_batch(tmp_path / "pool", output, problems, verifications=path)
    key = ("problem_id", "solution_id", "verification_id")
    assert rows(pool, "verdicts", *key, "verdict", "score", "status") == [
        ("aime-1", 0, 0, "no", 0.0, "graded"),
        ("aime-1", 0, 1, "yes", 1.0, "graded"),
        ("aime-1", 1, 0, None, None, "unparsed"),
        ("aime-2", 1, 0, None, None, "truncated"),
        ("gsm", 0, 5, "yes", 1.0, "graded"),
    ]
    held = rows(pool, "verifications", *key, "p_yes", "p_no")
    assert held[0][3:] == (pytest.approx(0.2), pytest.approx(0.6))
    assert held[1][3:] == (pytest.approx(0.9), None)
    assert [row[3:] for row in held[2:]] == [(None, None)] * 3
    assert rows(pool, "verifications", "prompt_tokens", "finish_reason")[3] == (24, "length")
    assert pool.metadata["counts"] == {"problems": 3, "solutions": 5, "verifications": 5}
    scored = import_openai_batch(
        tmp_path / "scored", output, problems, verifications=path, score="p_yes_or_text"
    )
    scores = [score for (score,) in rows(scored, "verdicts", "score")]
    assert scores == [pytest.approx(0.25), pytest.approx(0.9), None, None, 1.0]


def test_probabilities_of_completions(output: Path, problems: Path, tmp_path: Path) -> None:
    logprobs = {
        "tokens": [ASK, " Yes"],
        "token_logprobs": [-0.1, log(0.6)],
        "top_logprobs": [None, {" Yes": log(0.6), " No": log(0.3)}],
        "text_offset": [0, 30],
    }
    line = request("gsm-0", {"index": 0, "text": f"{ASK} Yes", "logprobs": logprobs})
    path = write(tmp_path / "v.jsonl", [line])
    pool = import_openai_batch(tmp_path / "pool", output, problems, verifications=path)
    (held,) = rows(pool, "verifications", "p_yes", "p_no")
    assert held == (pytest.approx(0.6), pytest.approx(0.3))


def test_verification_ids_by_a_pattern(output: Path, problems: Path, tmp_path: Path) -> None:
    path = write(
        tmp_path / "v.jsonl",
        [request("v2 of s1 of aime-2", choice("Yes"), choice("No", 1)), expired("v3 of s1 of gsm")],
    )
    message = "line 1: custom_id 'v2 of s1 of aime-2' names no known solution; say how to read it"
    with pytest.raises(BadInputError, match=message):
        import_openai_batch(tmp_path / "pool", output, problems, verifications=path)
    pattern = r"v(?P<verification>\d+) of s(?P<solution>\d+) of (?P<problem>.+)"
    with pytest.raises(BadInputError, match="custom_id 'v3 of s1 of gsm' names no known solution"):
        import_openai_batch(
            tmp_path / "pool",
            output,
            problems,
            verifications=path,
            verification_pattern=pattern,
        )
    write(path, [json.loads(path.read_text().split("\n")[0]), expired("v3 of s1 of aime-2")])
    pool = import_openai_batch(
        tmp_path / "pool",
        output,
        problems,
        verifications=path,
        verification_pattern=pattern,
    )
    assert rows(pool, "verdicts", "problem_id", "solution_id", "verification_id", "verdict") == [
        ("aime-2", 1, 4, "yes"),
        ("aime-2", 1, 5, "no"),
    ]
    assert pool.metadata["remarks"] == [
        "1 of 2 requests for verifications failed (batch_expired: 1)"
    ]


def edit(path: Path, number: int, change: Callable[[dict[str, Any]], object]) -> None:
    lines = [json.loads(text) for text in path.read_text().splitlines()]
    change(lines[number - 1])
    write(path, lines)


def body(line: dict[str, Any]) -> dict[str, Any]:
    held: dict[str, Any] = line["response"]["body"]
    return held


def cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def repeat(path: Path) -> None:
    path.write_text(path.read_text() + path.read_text().split("\n")[1] + "\n")


BREAKS: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut file": (cut, r"output\.jsonl, line 3: not valid JSON .*cut off"),
    "empty file": (lambda p: p.write_text(""), r"output\.jsonl: the file is empty"),
    "no file": (lambda p: p.unlink(), r"output\.jsonl: no such file"),
    "not an object": (lambda p: p.write_text('"x"\n'), "line 1: not a JSON object"),
    "no custom_id": (
        lambda p: edit(p, 2, lambda line: line.pop("custom_id")),
        r"output\.jsonl, line 2: field 'custom_id' is missing",
    ),
    "no response": (
        lambda p: edit(p, 2, lambda line: line.pop("response")),
        "line 2: field 'response' is missing",
    ),
    "no status": (
        lambda p: edit(p, 2, lambda line: line["response"].pop("status_code")),
        "line 2: field 'response.status_code' is missing",
    ),
    "no choices": (
        lambda p: edit(p, 2, lambda line: body(line).pop("choices")),
        "line 2: field 'response.body.choices' is missing",
    ),
    "no content": (
        lambda p: edit(p, 2, lambda line: body(line)["choices"][0]["message"].pop("content")),
        r"line 2: field 'response.body.choices\[0\].message.content' is missing",
    ),
    "content of another kind": (
        lambda p: edit(p, 2, lambda line: body(line)["choices"][0]["message"].update(content=[1])),
        r"line 2: response.body.choices\[0\].message.content is a list, not text",
    ),
    "unreadable number": (
        lambda p: edit(p, 4, lambda line: body(line)["usage"].update(completion_tokens="ten")),
        "line 4: response.body.usage.completion_tokens 'ten' is not a whole number",
    ),
    "unknown problem": (
        lambda p: edit(p, 4, lambda line: line.update(custom_id="request-1")),
        "line 4: custom_id 'request-1' names no known problem; say how to read it with --id-pat",
    ),
    "repeated sample": (
        repeat,
        r"output\.jsonl, line 6: repeated sample \(problem_id 'aime-1', solution_id 0\), already in"
        r" .*output\.jsonl, line 2; keep one of them",
    ),
}


@pytest.mark.parametrize("case", BREAKS)
def test_bad_files_are_one_line_and_nothing_is_written(
    output: Path, problems: Path, tmp_path: Path, case: str
) -> None:
    break_it, message = BREAKS[case]
    break_it(output)
    before = set(tmp_path.iterdir())
    with pytest.raises(BadInputError, match=message) as caught:
        import_openai_batch(tmp_path / "pool", output, problems)
    assert "\n" not in str(caught.value)
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([request("gsm-0-0", choice("Yes"))] * 2, r"v\.jsonl, line 2: repeated sample .*line 1"),
        ([request("gsm-1-0", choice("Yes"))], "line 1: custom_id 'gsm-1-0' names no known solut"),
        (
            [verification("gsm-0", token("Yes", "high"))],  # type: ignore[arg-type]
            "line 1: log-probability 'high' is not a number",
        ),
        ([expired("gsm-0")], "1 of 1 requests for verifications failed"),
    ],
)
def test_bad_verifications(
    output: Path, problems: Path, tmp_path: Path, lines: list[Any], message: str
) -> None:
    path = write(tmp_path / "v.jsonl", lines)
    before = set(tmp_path.iterdir())
    with pytest.raises(BadInputError, match=message):
        import_openai_batch(tmp_path / "pool", output, problems, verifications=path)
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"score": "logprobs"}, "score 'logprobs'"),
        ({"workers": 0}, "workers 0"),
        ({"id_pattern": "("}, r"--id-pattern \(: not a regular expression"),
        ({"id_pattern": "x"}, r"--id-pattern x: has no group \(\?P<problem>...\)"),
        ({"id_pattern": "(?P<problem>x)"}, "custom_id 'aime-2-1' does not match"),
        ({"verification_pattern": "(?P<problem>x)"}, r"has no group \(\?P<solution>...\)"),
        (
            {"id_pattern": r"(?P<problem>.+)-(?P<sample>.+)", "fixed": "gsm-x"},
            "sample 'x' in custom_id is no whole number",
        ),
        ({"verifier": "a/b", "verify": True}, "verifier name 'a/b'"),
    ],
)
def test_bad_arguments_are_refused(
    output: Path, problems: Path, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    options = dict(options)
    if "fixed" in options:
        write(output, [request(options.pop("fixed"), choice("x"))])
    if options.pop("verify", False):
        path = write(tmp_path / "v.jsonl", [request("gsm-0", choice("Yes"))])
        options["verifications"] = path
    with pytest.raises(BadInputError, match=message):
        import_openai_batch(tmp_path / "pool", output, problems, **options)
    assert not (tmp_path / "pool").exists()


def test_problems_need_answers(output: Path, problems: Path, tmp_path: Path) -> None:
    problems.write_text("problem_id,question\naime-1,x\n")
    with pytest.raises(BadInputError, match="column 'reference_answer' is missing or"):
        import_openai_batch(tmp_path / "pool", output, problems)
    problems.write_text("problem_id,reference_answer\naime-1,1\naime-2,\n")
    with pytest.raises(BadInputError, match=r"problems\.csv, row 2: reference_answer None holds"):
        import_openai_batch(tmp_path / "pool", output, problems)
    problems.write_text("problem_id,reference_answer,kind\naime-1,1,math\naime-2,x,code\n")
    with pytest.raises(BadInputError, match=r"problems\.csv, row 2: kind 'code' cannot be graded"):
        import_openai_batch(tmp_path / "pool", output, problems)


def test_an_interrupt_leaves_nothing_behind(output: Path, problems: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "v.jsonl", [request("gsm-0", choice("Yes"))])
    calls = 0

    def interrupt(done: int, total: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:  # solutions and answers are written by then
            raise KeyboardInterrupt

    before = set(tmp_path.iterdir())
    with pytest.raises(KeyboardInterrupt):
        import_openai_batch(
            tmp_path / "pool", output, problems, verifications=path, progress=interrupt
        )
    assert set(tmp_path.iterdir()) == before

"""The engine `openai` against a real HTTP server on loopback that fails in every way it is told."""

import importlib.util
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from svlaw.data.errors import BadInputError, SvlawError
from svlaw.generate.engines.openai import open_engine
from svlaw.generate.engines.protocol import Batch, Failure, Model, Request, Sample, Sampling
from svlaw.generate.engines.request_pieces import FAILURES_IN_A_ROW

pytest.importorskip("openai")

KEY = "sk-secret-of-mine"


def _faulty_server() -> ModuleType:
    name = "faulty_server"  # test folders are no packages, so it has no import path
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


faulty = _faulty_server()
Drop, Reply, answer, refuse = faulty.Drop, faulty.Reply, faulty.answer, faulty.refuse


@pytest.fixture
def server() -> Iterator[Any]:
    with faulty.serve() as running:
        yield running


@pytest.fixture
def engine(server, monkeypatch):
    """Opens an engine on the server: `chat`, fields of Sampling, and options by their names."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    def start(*, chat=True, system=None, model=faulty.MODEL, options=None, **sampling):
        defaults = {"base_url": server.url, "timeout": 300, "retries": 0, "samples_per_request": 4}
        return open_engine(
            Model(model, chat=chat, system=system),
            Sampling(**({"max_tokens": 50} | sampling)),
            defaults | (options or {}),
        )

    return start


def run(engine, *requests):
    """Outcomes of requests, sampled as one batch."""
    ((_, outcomes),) = engine.run([Batch(0, requests)])
    return outcomes


def texts(outcome):
    return [sample.text for sample in outcome]


def expected(prompt, seed, samples):
    return [f"{prompt} by {at}" + " more" * (at % 3) for at in range(seed, seed + samples)]


def one_line(caught):
    message = str(caught.value)
    assert "\n" not in message
    assert KEY not in message
    return message


# what is asked, and what is read


@pytest.mark.parametrize("chat", [True, False])
def test_every_sample_has_its_own_seed(server, engine, chat):
    outcomes = run(engine(chat=chat), Request("a", 100, 10), Request("b", 7, 1))
    assert texts(outcomes[0]) == expected("a", 100, 10)
    assert texts(outcomes[1]) == expected("b", 7, 1)
    chunks = sorted((at.body["seed"], at.body.get("n", 1)) for at in server.seen("a"))
    assert chunks == [(100, 4), (104, 4), (108, 2)]
    paths = {at.path for at in server.asked}
    assert paths == {"/v1/chat/completions" if chat else "/v1/completions"}


def test_chat_request(server, engine):
    sampling = {"temperature": 0.7, "top_p": 0.9, "top_k": 20, "stop": ("Q:",), "logprobs": 5}
    options = {"extra_body": {"chat_template_kwargs": {"enable_thinking": False}}}
    run(engine(system="Be brief.", options=options, **sampling), Request("a", 3, 2))
    (asked,) = server.seen("a")
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.body == {
        "model": "tiny",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "a"},
        ],
        "max_tokens": 50,
        "n": 2,
        "seed": 3,
        "temperature": 0.7,
        "top_p": 0.9,
        "top_k": 20,
        "min_p": 0.0,
        "repetition_penalty": 1.0,
        "return_token_ids": True,
        "stop": ["Q:"],
        "logprobs": True,
        "top_logprobs": 5,
        "chat_template_kwargs": {"enable_thinking": False},
    }


def test_completions_request(server, engine):
    run(engine(chat=False, logprobs=5, options={"send_seed": False}), Request("a", 3, 1))
    (asked,) = server.seen("a")
    neutral = {"temperature": 1.0, "top_p": 1.0, "top_k": -1, "min_p": 0.0}
    assert asked.body == neutral | {
        "model": "tiny",
        "prompt": "a",
        "max_tokens": 50,
        "logprobs": 5,
        "repetition_penalty": 1.0,
        "return_token_ids": True,
    }


@pytest.mark.parametrize("chat", [True, False])
def test_log_probabilities(engine, chat):
    ((sample,),) = run(engine(chat=chat, logprobs=2), Request("a", 3, 1))
    assert sample.tokens == [
        (word, {word: -2.0, "Yes": -0.25, "No": -1.5}) for word in ("a", "by", "3")
    ]


def test_the_likelier_of_two_tokens_with_one_text_counts(server, engine):
    def twins(asked):
        reply = answer(asked)
        for at in reply["choices"][0]["logprobs"]["content"]:
            at["top_logprobs"] = [{"token": "x", "logprob": -1.0}, {"token": "x", "logprob": -5.0}]
        return reply

    server.respond = twins
    ((sample,),) = run(engine(logprobs=2), Request("a", 3, 1))
    assert sample.tokens[0] == ("a", {"a": -2.0, "x": -1.0})


@pytest.mark.parametrize("chat", [True, False])
def test_a_response_without_log_probabilities(server, engine, chat):
    def forget(asked):
        reply = answer(asked)
        for choice in reply["choices"]:
            choice["logprobs"] = None
        return reply

    server.greet = server.respond = forget
    opened = engine(chat=chat, logprobs=2)
    ((sample, _),) = run(opened, Request("a", 3, 2))
    assert sample.text == "a by 3"
    assert sample.tokens is None
    assert opened.remarks == [f"{server.url} gives no log-probabilities"]


def test_tokens_are_counted(server, engine):
    opened = engine()
    ((first, second, third),) = run(opened, Request("a b", 3, 3))
    assert [first.output_tokens, second.output_tokens, third.output_tokens] == [4, 5, 6]
    assert {first.prompt_tokens, second.prompt_tokens, third.prompt_tokens} == {2}
    assert opened.remarks == []


@pytest.mark.parametrize(("logprobs", "counts"), [(2, [4, 5, 6]), (0, [5, 5, 5])])
def test_tokens_are_counted_without_their_numbers(server, engine, logprobs, counts):
    def forget(asked):
        reply = answer(asked)
        for choice in reply["choices"]:
            del choice["token_ids"]
        return reply

    server.greet = server.respond = forget
    opened = engine(logprobs=logprobs)
    (samples,) = run(opened, Request("a b", 3, 3))
    assert [sample.output_tokens for sample in samples] == counts
    assert len(opened.remarks) == (1 if logprobs == 0 else 0)


def test_sums_of_tokens_are_kept(server, engine):
    def forget(asked):
        return answer(asked) | {"usage": {"prompt_tokens": 5, "completion_tokens": 11}}

    server.greet = server.respond = forget
    server.greet = lambda asked: refuse(400, "no top_k") if "top_k" in asked.body else forget(asked)
    (samples,) = run(engine(), Request("a", 3, 4))
    assert [sample.output_tokens for sample in samples] == [3, 3, 3, 2]


def test_finish_reasons_are_the_servers(server, engine):
    def cut(asked):
        reply = answer(asked)
        reply["choices"][0]["finish_reason"] = "length"
        reply["choices"][1]["finish_reason"] = "content_filter"
        reply["choices"][1]["message"]["content"] = None
        reply["choices"][2]["message"] |= {"content": None, "refusal": "I cannot"}
        return reply

    server.respond = cut
    ((cut_off, filtered, refused),) = run(engine(), Request("a", 3, 3))
    assert (cut_off.finish_reason, cut_off.text) == ("length", "a by 3")
    assert (filtered.finish_reason, filtered.text) == ("content_filter", "")
    assert (refused.finish_reason, refused.text) == ("refused", None)


# servers that understand less


@pytest.mark.parametrize("chat", [True, False])
def test_a_server_that_gives_one_text_whatever_n_is(server, engine, chat):
    server.greet = server.respond = lambda asked: answer(asked, n=1)
    opened = engine(chat=chat)
    outcomes = run(opened, Request("a", 100, 6))
    assert texts(outcomes[0]) == expected("a", 100, 6)
    assert len(opened.remarks) == 1
    assert "one text per request" in opened.remarks[0]


def test_a_server_that_refuses_n(server, engine):
    def respond(asked):
        return refuse(400, "Only one choice") if asked.body.get("n", 1) > 1 else answer(asked)

    server.greet = server.respond = respond
    assert texts(run(engine(), Request("a", 100, 6))[0]) == expected("a", 100, 6)
    assert len(server.seen("a")) == 6


def test_fewer_texts_than_asked_for(server, engine):
    server.respond = lambda asked: answer(asked, n=min(3, asked.body.get("n", 1)))
    opened = engine(options={"concurrency": 1})
    assert texts(run(opened, Request("a", 100, 8))[0]) == expected("a", 100, 8)
    chunks = [(at.body["seed"], at.body.get("n", 1)) for at in server.seen("a")]
    assert chunks == [(100, 4), (103, 1), (104, 3), (107, 1)]
    assert len(opened.remarks) == 1


def test_texts_out_of_order(server, engine):
    server.respond = lambda asked: answer(asked) | {"choices": answer(asked)["choices"][::-1]}
    assert texts(run(engine(), Request("a", 100, 3))[0]) == expected("a", 100, 3)


def test_more_texts_than_asked_for(server, engine):
    server.respond = lambda asked: answer(asked, n=9)
    assert texts(run(engine(), Request("a", 100, 3))[0]) == expected("a", 100, 3)


def test_a_server_with_openais_parameters_only(server, engine):
    known = {"model", "messages", "max_tokens", "n", "seed", "temperature", "top_p"}

    def strict(asked):
        unknown = set(asked.body) - known
        return refuse(400, f"Unknown parameter: {unknown}") if unknown else answer(asked)

    server.greet = server.respond = strict
    assert texts(run(engine(), Request("a", 1, 2))[0]) == expected("a", 1, 2)
    assert set(server.seen("a")[0].body) == known
    with pytest.raises(BadInputError, match=r"refuses requests of these settings.*min_p"):
        engine(min_p=0.1)


def test_a_reasoning_model(server, engine):
    known = {"model", "messages", "max_completion_tokens", "n", "seed"}

    def strict(asked):
        unknown = set(asked.body) - known
        return refuse(400, f"Unsupported: {unknown}", param="x") if unknown else answer(asked)

    server.greet = server.respond = strict
    assert texts(run(engine(), Request("a", 1, 2))[0]) == expected("a", 1, 2)
    with pytest.raises(BadInputError, match="temperature"):
        engine(temperature=0.5)


def test_the_token_limits_name_can_be_said(server, engine):
    run(engine(options={"token_limit": "max_completion_tokens"}), Request("a", 1, 1))
    assert server.seen("a")[0].body["max_completion_tokens"] == 50
    assert "max_tokens" not in server.seen("a")[0].body


# trouble that passes


def test_waits_as_long_as_the_server_asks(server, engine):
    def busy(asked):
        if asked.number == 0:
            return Reply(429, {"error": {"message": "busy"}}, {"retry-after": "1.2"})
        return answer(asked)

    server.respond = busy
    assert texts(run(engine(options={"retries": 1}), Request("a", 5, 2))[0]) == expected("a", 5, 2)
    first, second = server.seen("a")
    assert second.time - first.time >= 1.2


@pytest.mark.parametrize(
    "trouble",
    [
        refuse(408, "slow"),
        refuse(409, "locked"),
        refuse(500, "oh"),
        refuse(503, "loading"),
        Drop(),
        Drop(half=True),
        Reply(delay=30),
    ],
    ids=["408", "409", "500", "503", "dropped", "dropped half-way", "hanging"],
)
def test_trouble_is_tried_again(server, engine, trouble):
    server.respond = lambda asked: trouble if asked.number == 0 else answer(asked)
    opened = engine(options={"retries": 1, "timeout": 3 if trouble == Reply(delay=30) else 300})
    assert texts(run(opened, Request("a", 5, 2))[0]) == expected("a", 5, 2)
    assert len(server.seen("a")) == 2


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (refuse(429, f"too many for\n key {KEY}"), "HTTP 429: too many for key ***"),
        (refuse(500, "oh"), "HTTP 500: oh"),
        (refuse(403, "no credit"), "HTTP 403: no credit"),
        (Drop(), "connection failed: Server disconnected without sending a response."),
        (Reply(delay=30), "no answer within 3 s"),
        (Reply(body=b"<html>gateway</html>"), "an answer that is not of OpenAI's form"),
        (
            Reply(body=b"<html></html>", headers={"content-type": "text/html"}),
            "an answer that is not of OpenAI's form",
        ),
        ({"choices": []}, "an answer that is not of OpenAI's form"),
        ({"usage": {}}, "an answer that is not of OpenAI's form"),
        ({"choices": [{"index": 0}]}, "an answer that is not of OpenAI's form"),
        ({"choices": [{"text": 5}]}, "an answer that is not of OpenAI's form"),
        ([1], "an answer that is not of OpenAI's form"),
    ],
)
def test_lasting_trouble_fails_one_request_and_no_other(server, engine, trouble, reason):
    server.respond = lambda asked: trouble if asked.prompt == "a" else answer(asked)
    opened = engine(options={"timeout": 3 if trouble == Reply(delay=30) else 300})
    outcomes = run(opened, Request("b", 1, 5), Request("a", 5, 1), Request("c", 9, 1))
    assert outcomes[1] == Failure(reason)
    assert texts(outcomes[0]) == expected("b", 1, 5)
    assert texts(outcomes[2]) == expected("c", 9, 1)


def test_a_request_fails_when_a_part_of_it_does(server, engine):
    server.respond = lambda asked: refuse(500, "oh") if asked.body["seed"] == 104 else answer(asked)
    assert run(engine(), Request("a", 100, 12)) == [Failure("HTTP 500: oh")]


def test_a_server_that_is_gone_ends_the_run(server, engine):
    server.respond = lambda asked: (
        answer(asked) if asked.prompt < "p05" else refuse(502, "bad gateway")
    )
    pulled = []

    def batches():
        for number in range(1000):
            pulled.append(number)
            yield Batch(number, (Request(f"p{number:02d}", 1, 1),))

    got = []
    with pytest.raises(SvlawError, match="requests failed in a row") as caught:
        got.extend(engine(options={"concurrency": 2}).run(batches()))
    message = one_line(caught)
    assert server.url in message
    assert "HTTP 502: bad gateway" in message
    assert "start again" in message
    done = sorted(batch.number for batch, outcomes in got if not isinstance(outcomes[0], Failure))
    assert done == [0, 1, 2, 3, 4]
    assert len(pulled) <= 5 + FAILURES_IN_A_ROW + 3


def test_a_success_starts_the_count_of_failures_again(server, engine):
    server.respond = lambda asked: refuse(500, "oh") if asked.body["seed"] % 8 else answer(asked)
    batches = [Batch(at, (Request("a", at, 1),)) for at in range(40)]
    outcomes = dict(engine(options={"concurrency": 1}).run(batches))
    assert sum(isinstance(of[0], Failure) for of in outcomes.values()) == 35


@pytest.mark.parametrize("status", [401, 404])
def test_a_key_or_model_that_is_taken_away_ends_the_run(server, engine, status):
    server.respond = lambda asked: refuse(status, f"gone {KEY}")
    with pytest.raises(SvlawError, match=f"HTTP {status}: gone") as caught:
        run(engine(), Request("a", 1, 1))
    one_line(caught)


# prompts that are not answered


@pytest.mark.parametrize(
    ("error", "tokens"),
    [
        (
            refuse(
                400,
                "This model's maximum context length is 512 tokens. However, your prompt contains"
                " 600 input tokens, which exceeds this limit even without any output tokens.",
            ),
            600,
        ),
        (
            refuse(
                400,
                "This model's maximum context length is 512 tokens. However, your prompt contains"
                " at least 513 input tokens, which exceeds this limit",
            ),
            None,
        ),
        (refuse(400, "max_tokens must be at least 1, got 0. (parameter=max_tokens)"), None),
        (
            refuse(
                400,
                "This model's maximum context length is 4097 tokens. However, your messages"
                " resulted in 7575 tokens.",
                code="context_length_exceeded",
            ),
            7575,
        ),
        (refuse(400, "no", code="context_length_exceeded"), None),
        (refuse(400, "the request exceeds the available context size (256 tokens)"), None),
        (
            refuse(
                400,
                "The input (61709 tokens) is longer than the model's context length (40960 tokens)",
            ),
            61709,
        ),
    ],
)
@pytest.mark.parametrize("chat", [True, False])
def test_a_prompt_that_is_too_long(server, engine, error, tokens, chat):
    server.respond = lambda asked: error if asked.prompt == "a" else answer(asked)
    outcomes = run(engine(chat=chat), Request("a", 1, 5), Request("b", 1, 1))
    assert outcomes[0] == [Sample(None, tokens, 0, "prompt_too_long")] * 5
    assert texts(outcomes[1]) == expected("b", 1, 1)
    assert len(server.seen("a")) == 2


@pytest.mark.parametrize(
    "said",
    [
        "This model's maximum context length is 60 tokens. However, you requested 70 tokens (20 in"
        " the messages, 50 in the completion).",
        "'max_tokens' or 'max_completion_tokens' is too large: 50. This model's maximum context"
        " length is 60 tokens and your request has 20 input tokens (50 > 60 - 20).",
        "Requested token count exceeds the model's maximum context length of 60 tokens. You"
        " requested a total of 70 tokens: 20 tokens from the input messages and 50 tokens for the"
        " completion.",
    ],
)
def test_a_prompt_that_leaves_less_room_than_was_asked_for(server, engine, said):
    server.respond = lambda asked: (
        refuse(400, said) if asked.body["max_tokens"] > 40 else answer(asked)
    )
    assert texts(run(engine(), Request("a", 1, 2))[0]) == expected("a", 1, 2)
    assert [at.body["max_tokens"] for at in server.seen("a")] == [50, 40]


def test_more_tokens_than_the_context(server, engine):
    said = "max_tokens=50 cannot be greater than max_model_len=40. Please request fewer tokens."
    server.respond = lambda asked: (
        refuse(400, said, param="max_tokens") if asked.body["max_tokens"] > 40 else answer(asked)
    )
    opened = engine()
    assert texts(run(opened, Request("a", 1, 2))[0]) == expected("a", 1, 2)
    assert texts(run(opened, Request("b", 1, 2))[0]) == expected("b", 1, 2)
    assert [at.body["max_tokens"] for at in server.seen("a")] == [50, 40]
    assert [at.body["max_tokens"] for at in server.seen("b")] == [40]


def test_settings_that_are_refused_later_flag_no_prompt(server, engine):
    server.greet = server.respond = lambda asked: (
        refuse(400, "too many tokens") if asked.body["max_tokens"] > 40 else answer(asked)
    )
    got = []
    with pytest.raises(BadInputError, match="refuses requests of these settings: too many tokens"):
        got.extend(engine().run([Batch(0, (Request("a", 1, 2),))]))
    assert got == []


def test_a_refusal_counts_only_with_an_answer_to_another_prompt(server, engine):
    opened = engine()
    server.greet = lambda asked: refuse(500, "oh")
    server.respond = lambda asked: refuse(400, "no")
    assert run(opened, Request("a", 1, 2)) == [Failure("refused: no")]
    server.greet = answer
    assert run(opened, Request("a", 1, 1)) == [[Sample(None, None, 0, "refused")]]


@pytest.mark.parametrize("status", [400, 422])
def test_a_prompt_that_is_refused(server, engine, status):
    server.respond = lambda asked: (
        refuse(status, f"content policy {KEY}", code="content_filter")
        if asked.prompt == "a"
        else answer(asked)
    )
    opened = engine()
    outcomes = run(opened, Request("a", 1, 6), Request("b", 1, 1))
    assert outcomes[0] == [Sample(None, None, 0, "refused")] * 6
    assert texts(outcomes[1]) == expected("b", 1, 1)
    assert opened.remarks == [
        f"{server.url} refuses some prompts, for one because: content policy ***"
    ]


# a start that fails


def test_settings_that_are_refused(server, engine):
    server.greet = lambda asked: refuse(400, f"Requested logprobs of 50\nis too many {KEY}")
    with pytest.raises(BadInputError, match="refuses requests of these settings") as caught:
        engine(logprobs=50)
    assert "Requested logprobs of 50 is too many ***" in one_line(caught)


def test_a_wrong_key(server, engine):
    server.greet = lambda asked: refuse(401, f"Incorrect key {asked.headers['authorization']}")
    with pytest.raises(BadInputError, match="OPENAI_API_KEY") as caught:
        engine()
    one_line(caught)


def test_a_wrong_model(server, engine):
    server.greet = lambda asked: refuse(404, "The model `x` does not exist.")
    with pytest.raises(BadInputError, match=r"knows no model 'x'.*it serves tiny, other") as caught:
        engine(model="x")
    one_line(caught)


def test_a_server_that_is_busy(server, engine):
    server.greet = lambda asked: refuse(503, "loading")
    with pytest.raises(SvlawError, match=r"cannot serve now \(HTTP 503: loading\)") as caught:
        engine()
    one_line(caught)


@pytest.mark.parametrize("raw", [b"<html>hello</html>", b"{}", b"[]", b""])
def test_something_else_on_the_port(server, engine, raw):
    server.greet = lambda asked: Reply(body=raw, headers={"content-type": "text/html"})
    with pytest.raises(BadInputError, match="does not answer as OpenAI's interface") as caught:
        engine()
    one_line(caught)


def test_no_server(engine):
    url = "http://me:password@127.0.0.1:9/v1"
    with pytest.raises(SvlawError, match=r"http://127\.0\.0\.1:9/v1: cannot be reached") as caught:
        engine(options={"base_url": url})
    assert "password" not in one_line(caught)


def test_a_server_that_hangs_at_the_start(server, engine):
    server.greet = lambda asked: Reply(delay=30)
    with pytest.raises(SvlawError, match=r"cannot be reached \(no answer within 0.3 s\)"):
        engine(options={"timeout": 0.3})


def test_no_key(monkeypatch, server):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "MY_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(BadInputError, match="the environment variable MY_KEY is empty"):
        open_engine(Model("m"), Sampling(), {"api_key_env": "MY_KEY"})
    opened = open_engine(Model("m"), Sampling(), {"base_url": server.url})
    assert texts(run(opened, Request("a", 1, 1))[0]) == expected("a", 1, 1)
    assert server.seen("a")[0].headers["authorization"] == "Bearer none"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"speed": 1, "url": 2}, r"the openai engine knows no speed, url; it knows base_url, api"),
        ({"concurrency": 0}, r"engine_options\.concurrency: .*greater than or equal to 1, not 0"),
        ({"timeout": "soon"}, r"engine_options\.timeout: .*number.*, not 'soon'"),
        ({"base_url": "localhost:8000"}, r"engine_options\.base_url: .*not 'localhost:8000'"),
    ],
)  # fmt: skip
def test_wrong_options(options, message):
    with pytest.raises(BadInputError, match=message) as caught:
        open_engine(Model("m"), Sampling(), options)
    one_line(caught)


def test_without_the_package(monkeypatch, server):
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(SvlawError, match=re.escape("pip install 'svlaw[openai]'")) as caught:
        open_engine(Model("m"), Sampling(), {"base_url": server.url})
    one_line(caught)


# many at once


def test_the_server_is_kept_busy_and_not_overrun(server, engine):
    meeting = threading.Barrier(6, timeout=600)

    def meet(asked):
        """Six are under way at every moment, or nothing is ever answered."""
        meeting.wait()
        return answer(asked)

    server.respond = meet
    pulled = 0

    def batches():
        nonlocal pulled
        for number in range(12):
            pulled += 1
            yield Batch(number, (Request("a", 8 * number, 8), Request("b", 8 * number, 8)))

    opened = engine(options={"concurrency": 6})
    seen = []
    for batch, outcomes in opened.run(batches()):
        seen.append(batch.number)
        assert pulled <= len(seen) + 4  # 6 requests under way are parts of 3 batches at most
        assert texts(outcomes[1]) == expected("b", 8 * batch.number, 8)
    assert sorted(seen) == list(range(12))
    assert server.most == 6


def test_a_batch_that_is_done_does_not_wait_for_others(server, engine):
    given = threading.Event()

    def respond(asked):
        if asked.prompt == "slow":
            given.wait(600)
        return answer(asked)

    server.respond = respond
    batches = [Batch(0, (Request("slow", 1, 1),)), Batch(1, (Request("a", 1, 1),))]
    results = engine().run(batches)
    assert next(results)[0].number == 1
    given.set()
    assert [batch.number for batch, _ in results] == [0]


def test_closing_drops_what_is_under_way(server, engine):
    closed = threading.Event()

    def respond(asked):
        if asked.prompt == "slow":
            closed.wait(600)  # whoever waits for this answer, waits long
        return answer(asked)

    server.respond = respond
    opened = engine(options={"retries": 5})
    batches = [Batch(0, (Request("slow", 1, 1),)), Batch(1, (Request("a", 1, 1),))]
    results = opened.run(batches)
    next(results)
    results.close()
    opened.close()
    closed.set()
    assert len(server.seen("slow")) == 1


def test_an_interrupt_ends_the_run_at_once(server):
    server.respond = lambda asked: Reply(delay=3600)
    program = f"""
        import polars  # takes Ctrl-C for itself
        from svlaw.generate.engines.openai import open_engine
        from svlaw.generate.engines.protocol import Batch, Model, Request, Sampling
        engine = open_engine(Model("tiny"), Sampling(), {{"base_url": "{server.url}"}})
        batches = [Batch(0, (Request("a", 1, 1),))]
        try:
            list(engine.run(batches))
        except KeyboardInterrupt:
            print("interrupted")
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True
    )
    while not server.seen("a"):
        assert process.poll() is None
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGINT)
    assert process.communicate()[0] == "interrupted\n"

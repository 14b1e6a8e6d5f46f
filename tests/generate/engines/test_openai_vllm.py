"""The engine `openai` against a real vLLM server (`make test-vllm`)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from svlaw.generate.engines.openai import open_engine
from svlaw.generate.engines.protocol import Batch, Model, Request, Sample, Sampling

pytest.importorskip("openai")

SOLVE = "What is 47*8-129+88-57+64?"
OTHER = "What is 50-8+4*3-11?"


@pytest.fixture(params=["chat", "completions"])
def sample(request: pytest.FixtureRequest, vllm_server: Any) -> Any:
    """Samples requests in one batch, in both forms of the interface: samples, and the engine.

    The model knows questions in the form of a chat only, so for completions they are put into it.
    """
    chat = request.param == "chat"
    form = "{}" if chat else "<|user|>{}<|assistant|>"

    def run(
        *requests: Request, options: dict[str, object] | None = None, **sampling: Any
    ) -> tuple[Sequence[Sequence[Sample]], Any]:
        engine = open_engine(
            Model(vllm_server.model, chat=chat),
            Sampling(**({"max_tokens": 24} | sampling)),
            {"base_url": vllm_server.url} | (options or {}),
        )
        asked = tuple(replace(each, prompt=form.format(each.prompt)) for each in requests)
        ((_, outcomes),) = engine.run([Batch(0, asked)])
        return outcomes, engine

    return run


def texts(samples: Sequence[Sample]) -> list[str | None]:
    return [sample.text for sample in samples]


def test_a_seed_is_a_text(sample):
    """Chunks of eight, chunks of three, and single requests bring the same samples."""
    requests = (Request(SOLVE, 1000, 16), Request(OTHER, 5000, 16))
    alone = {"concurrency": 1}  # what is computed together may round differently
    eights, engine = sample(*requests, options={"samples_per_request": 8} | alone)
    threes, _ = sample(*requests, options={"samples_per_request": 3} | alone)
    ones, _ = sample(*requests, options={"samples_per_request": 1} | alone)
    again, _ = sample(*requests, options={"samples_per_request": 8} | alone)
    for place in range(2):
        assert texts(eights[place]) == texts(again[place])
        assert texts(eights[place]) == texts(threes[place]) == texts(ones[place])
        assert len(set(texts(ones[place]))) > 3
        counts = [one.output_tokens for one in ones[place]]
        assert [one.output_tokens for one in eights[place]] == counts
        assert [one.prompt_tokens for one in eights[place]] == [ones[place][0].prompt_tokens] * 16
    assert engine.remarks == []


def test_a_part_of_a_request_has_the_same_samples(sample):
    (whole,), _ = sample(Request(SOLVE, 1000, 8), options={"concurrency": 1})
    (rest,), _ = sample(Request(SOLVE, 1003, 5), options={"concurrency": 1})
    assert texts(rest) == texts(whole)[3:]


def test_log_probabilities(sample):
    (samples,), _ = sample(Request(SOLVE, 1000, 4), logprobs=5)
    for one in samples:
        assert len(one.tokens) == one.output_tokens
        for text, table in one.tokens:
            assert text in table
            assert 1 <= len(table) <= 6
            assert all(value <= 0 for value in table.values())
    whole = ["".join(text for text, _ in one.tokens) for one in samples]
    assert any(one.text and one.text in text for one, text in zip(samples, whole, strict=True))


def test_temperature_zero_takes_the_likeliest(sample):
    (samples,), _ = sample(Request(SOLVE, 1000, 3), temperature=0.0, logprobs=5)
    assert len(set(texts(samples))) == 1
    for text, table in samples[0].tokens:
        assert table[text] == max(table.values())


def test_top_k_draws_from_the_likeliest(sample):
    (samples,), _ = sample(Request(SOLVE, 1000, 8), top_k=2, temperature=2.0, logprobs=5)
    for one in samples:
        for text, table in one.tokens:
            assert table[text] >= sorted(table.values())[-2:][0]


def test_too_long_a_prompt_and_one_beside_it(sample):
    (long, short), _ = sample(Request("1+" * 20_000, 1, 10), Request(SOLVE, 1, 2))
    assert [one.finish_reason for one in long] == ["prompt_too_long"] * 10
    assert texts(long) == [None] * 10
    assert None not in texts(short)


def test_more_tokens_than_the_context_has_room_for(sample):
    (samples,), _ = sample(Request(SOLVE, 1, 4), max_tokens=1_000_000)
    assert {one.finish_reason for one in samples} <= {"stop", "length"}
    assert None not in texts(samples)


def test_stop_texts_end_a_sample(sample):
    (free,), _ = sample(Request(SOLVE, 1000, 8), options={"concurrency": 1})
    stop = max((text for text in texts(free) if text), key=len)[2]
    (ended,), _ = sample(Request(SOLVE, 1000, 8), options={"concurrency": 1}, stop=(stop,))
    assert texts(ended) == [text.split(stop)[0] for text in texts(free)]

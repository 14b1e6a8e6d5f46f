"""The engine `openai` against a real vLLM server (`make test-vllm`)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from svlaw.generate.engines.openai import open_engine
from svlaw.generate.engines.protocol import Batch, Model, Request, Sample, Sampling

pytest.importorskip("openai")

SOLVE = "What is 47*8-129+88-57+64?"
OTHER = "What is 50-8+4*3-11?"
ALONE = {"concurrency": 1}  # what is computed together may round differently
VARIED = 2.0  # a temperature at which samples differ, of whatever model


@pytest.fixture(params=["chat", "completions"])
def sample(request: pytest.FixtureRequest, vllm_server: Any, as_chat: Callable[[str], str]) -> Any:
    """Samples requests in one batch, in both forms of the interface: samples, and the engine."""
    chat = request.param == "chat"

    def run(
        *requests: Request, options: dict[str, object] | None = None, **sampling: Any
    ) -> tuple[Sequence[Sequence[Sample]], Any]:
        engine = open_engine(
            Model(vllm_server.model, chat=chat),
            Sampling(**({"max_tokens": 24} | sampling)),
            {"base_url": vllm_server.url} | (options or {}),
        )
        if not chat:
            requests = tuple(replace(each, prompt=as_chat(each.prompt)) for each in requests)
        ((_, outcomes),) = engine.run([Batch(0, requests)])
        return outcomes, engine

    return run


def texts(samples: Sequence[Sample]) -> list[str | None]:
    return [sample.text for sample in samples]


def test_a_seed_is_a_text(sample):
    """Chunks of four, chunks of three, and single requests bring the same samples."""
    requests = (Request(SOLVE, 1000, 8), Request(OTHER, 5000, 8))

    def in_chunks(size: int) -> tuple[Sequence[Sequence[Sample]], Any]:
        options = {"samples_per_request": size} | ALONE
        return sample(*requests, options=options, temperature=VARIED)

    (fours, engine), (threes, _), (ones, _), (again, _) = map(in_chunks, (4, 3, 1, 4))
    for place in range(2):
        assert texts(fours[place]) == texts(again[place])
        assert texts(fours[place]) == texts(threes[place]) == texts(ones[place])
        assert len(set(texts(ones[place]))) > 4
        counts = [one.output_tokens for one in ones[place]]
        assert [one.output_tokens for one in fours[place]] == counts
        assert [one.prompt_tokens for one in fours[place]] == [ones[place][0].prompt_tokens] * 8
    assert engine.remarks == []


def test_a_part_of_a_request_has_the_same_samples(sample):
    (whole,), _ = sample(Request(SOLVE, 1000, 8), options=ALONE, temperature=VARIED)
    (rest,), _ = sample(Request(SOLVE, 1003, 5), options=ALONE, temperature=VARIED)
    assert len(set(texts(whole))) > 4
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
    (free,), _ = sample(Request(SOLVE, 1000, 8), options=ALONE)
    stop = max((text for text in texts(free) if text), key=len)[2]
    (ended,), _ = sample(Request(SOLVE, 1000, 8), options=ALONE, stop=(stop,))
    assert texts(ended) == [text.split(stop)[0] for text in texts(free)]


@pytest.mark.slow
def test_from_problems_to_a_frontier(vllm_server, demonstrate):
    options = {"base_url": vllm_server.url}
    section = {"engine": "openai", "model": vllm_server.model, "engine_options": options}
    demonstrate(section, section)

"""The engine `vllm` with vLLM itself on the CPU (`make test-vllm`)."""

import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import psutil
import pytest

from svlaw.data.errors import BadInputError, SvlawError
from svlaw.generate.engines.protocol import Batch, Model, Outcome, Request, Sample, Sampling
from svlaw.generate.engines.vllm import VllmEngine, open_engine

DEMO_MODEL = Path(__file__).parents[3] / "generate" / "demo" / "model"
CONTEXT = 192
SEQUENCES = 16
OPTIONS = {
    "enforce_eager": True,  # nothing to compile
    "max_num_seqs": SEQUENCES,
    "max_model_len": CONTEXT,
    "kv_cache_memory_bytes": 1 << 28,
}
SAMPLING = Sampling(temperature=1.5, max_tokens=96, stop=("\\boxed",), logprobs=5)
PROMPT = "What is 47*8-129+88-57+64?"

if importlib.util.find_spec("vllm") is None:
    pytest.skip("vLLM is not installed", allow_module_level=True)


@pytest.fixture(scope="module")
def engine() -> Iterator[VllmEngine]:
    opened = open_engine(Model(str(DEMO_MODEL)), SAMPLING, OPTIONS)
    yield opened
    opened.close()
    opened.close()  # does nothing


def sample(engine: VllmEngine, *requests: Request) -> list[list[Sample]]:
    """Samples of requests, as one batch."""
    ((batch, outcomes),) = engine.run([Batch(0, requests)])
    assert batch.requests == requests
    return [list(samples(outcome)) for outcome in outcomes]


def samples(outcome: Outcome) -> Sequence[Sample]:
    assert isinstance(outcome, Sequence)
    return outcome


def texts(drawn: Sequence[Sample]) -> list[str | None]:
    return [one.text for one in drawn]


def test_sample_i_has_seed_plus_i(engine):
    (eight,) = sample(engine, Request(PROMPT, 1 << 60, 8))
    ones = sample(engine, *(Request(PROMPT, (1 << 60) + i, 1) for i in range(8)))
    assert texts(eight) == [one.text for (one,) in ones]
    assert len(set(texts(eight))) > 2
    (other,) = sample(engine, Request(PROMPT, (1 << 60) + 3, 5))
    assert texts(other) == texts(eight)[3:]


def test_in_other_company_nearly_all_texts_are_the_same(engine):
    alone = [sample(engine, Request(PROMPT, 1000 * i, 2))[0] for i in range(8)]
    others = [Request(f"What is {i}*3+4-5+6?", 7 * i, 3) for i in range(12, 24)]
    together = sample(engine, *(Request(PROMPT, 1000 * i, 2) for i in range(8)), *others)[:8]
    pairs = [*zip(chain(*alone), chain(*together), strict=True)]
    assert sum(one.text == other.text for one, other in pairs) >= 14


def test_batches_are_read_as_far_as_the_engine_keeps_busy_with(engine):
    read = 0

    def batches() -> Iterator[Batch]:
        nonlocal read
        for number in range(24):
            read += 1
            yield Batch(number, (Request(PROMPT, number << 20, 4),))

    running = engine.run(batches())
    first, _ = next(running)
    assert SEQUENCES / 4 < read <= 12  # one and a half times what fits, and what is done by then
    rest = [batch.number for batch, _ in running]
    assert sorted([first.number, *rest]) == list(range(24))
    assert read == 24


def test_a_long_sample_keeps_nobody_waiting(engine):
    """A batch of short samples overtakes an earlier one with a long one."""
    long, short = "What is 12*7+31-55+87-13?", "1+" * 94
    batches = [
        Batch(0, (Request(long, 0, 1),)),
        *(Batch(n, (Request(short, n, 1),)) for n in range(1, 9)),
    ]
    order = [batch.number for batch, _ in engine.run(batches)]
    assert order[0] != 0


def test_closing_the_iterator_drops_what_is_under_way(engine):
    running = engine.run(Batch(n, (Request(PROMPT, n << 20, 8),)) for n in range(1000))
    next(running)
    running.close()
    assert engine._started.llm.get_num_unfinished_requests() == 0
    assert len(sample(engine, Request(PROMPT, 0, 2))[0]) == 2


def test_an_error_of_the_batches_is_passed_on(engine):
    def batches() -> Iterator[Batch]:
        yield Batch(0, (Request(PROMPT, 0, 1),))
        raise BadInputError("a damaged pool")

    with pytest.raises(BadInputError, match="a damaged pool"):
        list(engine.run(batches()))
    assert engine._started.llm.get_num_unfinished_requests() == 0


def test_log_probabilities_are_the_models_own(engine):
    """Those of transformers at the first token, whatever the temperature."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(DEMO_MODEL)
    model = AutoModelForCausalLM.from_pretrained(DEMO_MODEL, dtype=torch.float32)
    ids = tokenizer.apply_chat_template(
        [{"role": "user", "content": PROMPT}],
        add_generation_prompt=True,
        return_tensors="pt",
        return_dict=True,
    )["input_ids"]
    with torch.inference_mode():
        expected = model(ids).logits[0, -1].log_softmax(-1)
    likeliest = {tokenizer.decode([i]): float(expected[i]) for i in expected.topk(3).indices}
    (drawn,) = sample(engine, Request(PROMPT, 5, 4))
    for one in drawn:
        assert one.prompt_tokens == ids.shape[1]
        assert len(one.tokens) == one.output_tokens
        _, first = one.tokens[0]
        assert {text: first[text] for text in likeliest} == pytest.approx(likeliest, abs=0.1)
        for text, table in one.tokens:
            assert text in table
            assert 5 <= len(table) <= 6
            assert max(table.values()) <= 0
        assert one.text in "".join(text for text, _ in one.tokens)
        assert one.tokens[-1] == one.tokens[len(one.tokens) - 1] == one.tokens[-1:][0]


def test_a_stop_text_ends_a_sample_and_is_no_part_of_it(engine):
    (drawn,) = sample(engine, Request(PROMPT, 0, 8))
    stopped = [one for one in drawn if one.finish_reason == "stop"]
    assert stopped
    assert all("=" in one.text and "\\boxed" not in one.text for one in stopped)
    assert any("\\boxed" in "".join(text for text, _ in one.tokens) for one in stopped)


def test_a_prompt_that_fills_the_context_is_flagged_and_the_run_goes_on(engine):
    too_long, tight, usual = sample(
        engine,
        Request("7" * CONTEXT, 0, 3),
        Request("7" * (CONTEXT - 8), 0, 2),
        Request(PROMPT, 0, 1),
    )
    for one in too_long:
        assert one.prompt_tokens > CONTEXT
        assert (one.text, one.output_tokens) == (None, 0)
        assert (one.finish_reason, one.tokens) == ("prompt_too_long", None)
    assert len(too_long) == 3
    for one in tight:
        assert one.prompt_tokens + one.output_tokens <= CONTEXT
        assert one.finish_reason in {"length", "stop"}
    assert any(one.finish_reason == "length" for one in tight)
    assert usual[0].text


PROGRAM = """
import sys
from svlaw.generate.engines.protocol import Batch, Model, Request, Sampling
from svlaw.generate.engines.vllm import open_engine

def main():
    model, sampling = Model(sys.argv[1], chat=False), Sampling(max_tokens=64)
    engine = open_engine(model, sampling, {options!r})
    try:
        batches = (Batch(n, (Request("39*3=", n << 20, 8),)) for n in range(10**6))
        for batch, _ in engine.run(batches):
            print("batch", flush=True)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    finally:
        engine.close()

if __name__ == "__main__":
    main()
"""


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[list["subprocess.Popen[str]"]]:
    """Two programs that sample, each with its engine, and a hub that must not be asked."""
    script = tmp_path / "program.py"
    script.write_text(PROGRAM.format(options=OPTIONS))
    # Nothing listens at this port: whoever asks the hub waits, and fails.
    environment = os.environ | {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "0"}
    started = [
        subprocess.Popen(
            [sys.executable, str(script), str(DEMO_MODEL)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            start_new_session=True,
        )
        for _ in range(2)
    ]
    yield started
    for program in started:
        program.kill()
        program.communicate()


def test_no_process_outlives_an_interrupt_or_a_kill(programs):
    """Ctrl-C goes to all processes, SIGKILL to the program alone; nothing else is printed."""
    for program in programs:
        assert program.stdout.readline() == "batch\n", program.stderr.read()
    children = [psutil.Process(program.pid).children(recursive=True) for program in programs]
    assert all(any("vllm" in child.name().lower() for child in found) for found in children)
    os.killpg(programs[0].pid, signal.SIGINT)
    programs[1].kill()
    _, left = psutil.wait_procs([*chain(*children)], timeout=600)
    assert [child for child in left if child.status() != psutil.STATUS_ZOMBIE] == []
    output, errors = programs[0].communicate(timeout=600)
    assert set(output.split()) <= {"batch", "interrupted"}
    assert output.endswith("interrupted\n")
    assert errors == ""
    assert programs[0].returncode == 0


def copy_model(folder: Path) -> Path:
    """The demonstration model without its chat template."""
    for file in DEMO_MODEL.iterdir():
        if file.name != "chat_template.jinja":
            folder.joinpath(file.name).write_bytes(file.read_bytes())
    return folder


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        ("/no/such/model", {}, "model /no/such/model: there is no such folder"),
        (DEMO_MODEL, {"max_modle_len": 9}, "knows no max_modle_len; did you mean max_model_len"),
        (DEMO_MODEL, {"model": "other"}, "cannot set model: it is the configuration's model"),
        (DEMO_MODEL, {"dtype": "float7"}, "dtype"),
        (DEMO_MODEL, {"max_model_len": 10**9}, "max_model_len"),
    ],
)
def test_bad_input_is_one_clear_line(model, options, message):
    with pytest.raises(BadInputError, match=message) as caught:
        open_engine(Model(str(model)), SAMPLING, options)
    assert len(str(caught.value).splitlines()) == 1


def test_a_model_without_a_chat_template(tmp_path):
    with pytest.raises(BadInputError, match="Set chat to false"):
        open_engine(Model(str(copy_model(tmp_path))), SAMPLING, OPTIONS)


def test_a_folder_without_a_model(tmp_path):
    with pytest.raises(BadInputError, match=f"model {tmp_path} cannot be loaded") as caught:
        open_engine(Model(str(tmp_path)), SAMPLING, OPTIONS)
    assert len(str(caught.value).splitlines()) == 1


def test_memory_that_is_short_is_named_with_what_to_do(capfd):
    """The cause is told by another process; its log is kept."""
    with pytest.raises(SvlawError, match="memory") as caught:
        open_engine(Model(str(DEMO_MODEL)), SAMPLING, OPTIONS | {"kv_cache_memory_bytes": 1 << 50})
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert "ValueError: Available memory" in message
    assert "engine_options.max_model_len" in message
    log = Path(message.rpartition(" is ")[2].rstrip(")"))
    assert "Traceback" in log.read_text()
    log.unlink()
    assert capfd.readouterr() == ("", "")

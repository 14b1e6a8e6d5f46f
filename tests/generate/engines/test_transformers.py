"""The engine `transformers` with a random model and with the demonstration model, on the CPU."""

import re
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import chisquare

import svlaw.generate.demo
from svlaw.data.errors import BadInputError, SvlawError
from svlaw.generate.engines.protocol import Batch, Model, Request, Sample, Sampling
from svlaw.generate.engines.transformers import open_engine

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

DEMO = Path(svlaw.generate.demo.__file__).parent / "model"
CONTEXT = 64
PROBLEMS = ("What is 39*3+21?", "What is 57*8-31?", "What is 12*4+55-17+8?", "What is 85*2-6?")

pytestmark = pytest.mark.skipif(not DEMO.exists(), reason="there is no demonstration model")


@pytest.fixture(scope="session")
def random_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random model of 48 letters, one token each, and a context of 64 tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    folder = tmp_path_factory.mktemp("random") / "model"
    letters = ["<end>", *(chr(ord("A") + at) for at in range(47))]
    words = Tokenizer(models.BPE({letter: at for at, letter in enumerate(letters)}, merges=[]))
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    words.decoder = decoders.ByteLevel()
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=words, eos_token="<end>")
    torch.manual_seed(1)
    config = transformers.LlamaConfig(
        vocab_size=len(letters),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=CONTEXT,
        eos_token_id=0,
        bos_token_id=None,
        initializer_range=0.5,
    )
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def engine(random_model: Path) -> Iterator[Callable[..., Any]]:
    """Opens an engine with the random model, or another one; fields of Sampling by name."""
    opened: list[Any] = []

    def start(
        *, model: Path = random_model, options: dict[str, object] | None = None, **sampling: Any
    ) -> Any:
        chat = model == DEMO
        options = {"threads": 1} | (options or {})
        opened.append(open_engine(Model(str(model), chat=chat), Sampling(**sampling), options))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


def run(engine: Any, *requests: Request) -> list[list[Sample]]:
    ((_, outcomes),) = engine.run([Batch(0, requests)])
    return outcomes


def texts(samples: list[Sample]) -> list[str | None]:
    return [sample.text for sample in samples]


def forward(folder: Path, prompt: str, more: Sequence[int] = ()) -> NDArray[np.float64]:
    """Log-probabilities of all tokens at all places, shape (tokens, vocabulary).

    Args:
        folder: The model.
        prompt: A text.
        more: Tokens after it; their own places alone are given, if there are any.
    """
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    tokens = [*tokenizer(prompt)["input_ids"], *more]
    with torch.inference_mode():
        logits = model(torch.tensor([tokens])).logits[0].double()
    places = slice(-len(more) - 1, -1) if more else slice(None)
    return np.asarray(logits.log_softmax(-1))[places]


def warped(logprobs: NDArray[np.float64], **sampling: Any) -> NDArray[np.float64]:
    """What the probabilities should be, by the definitions."""
    p = np.exp(logprobs / sampling.get("temperature", 1.0))
    p /= p.sum()
    if "top_k" in sampling:
        p[p < np.sort(p)[-sampling["top_k"]]] = 0
    if "top_p" in sampling:
        order = np.argsort(-p)
        before = np.cumsum(p[order]) - p[order]
        p[order[before >= sampling["top_p"]]] = 0
    if "min_p" in sampling:
        p[p < sampling["min_p"] * p.max()] = 0
    return p / p.sum()


# what is drawn


@pytest.mark.parametrize(
    "sampling",
    [
        {},
        {"temperature": 0.6},
        {"temperature": 1.5, "top_k": 7},
        {"top_p": 0.6},
        {"min_p": 0.2, "temperature": 1.3},
    ],
)
def test_draws_follow_the_models_distribution(engine, random_model, sampling):
    draws = 6000
    expected = draws * warped(forward(random_model, "HELLO")[-1], **sampling)
    (samples,) = run(
        engine(max_tokens=1, options={"batch_size": 2000}, **sampling),
        Request("HELLO", 2**40, draws),
    )
    letters = Counter(sample.text for sample in samples)
    counts = np.array([letters[""], *(letters[chr(ord("A") + at)] for at in range(47))])
    assert counts.sum() == draws
    assert counts[expected == 0].sum() == 0
    rare = expected < 5
    counts = np.append(counts[~rare], counts[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    assert chisquare(counts[expected > 0], expected[expected > 0]).pvalue > 0.001


def test_draws_at_different_tokens_are_independent(engine, random_model):
    draws, sampling = 4000, {"top_k": 3, "temperature": 2.0}
    (samples,) = run(
        engine(max_tokens=2, options={"batch_size": 2000}, **sampling), Request("HI", 7, draws)
    )
    pairs = Counter(sample.text for sample in samples)
    expected = {}
    first = warped(forward(random_model, "HI")[-1], **sampling)
    for one in np.flatnonzero(first):
        assert one > 0
        letter = chr(ord("A") + one - 1)
        second = warped(forward(random_model, f"HI{letter}")[-1], **sampling)
        for two in np.flatnonzero(second):
            pair = letter + (chr(ord("A") + two - 1) if two else "")
            expected[pair] = draws * first[one] * second[two]
    assert set(pairs) <= set(expected)
    counts = [pairs[pair] for pair in expected]
    assert chisquare(counts, list(expected.values())).pvalue > 0.001


def test_temperature_zero_is_the_librarys_greedy_text(engine):
    tokenizer = transformers.AutoTokenizer.from_pretrained(DEMO)
    model = transformers.AutoModelForCausalLM.from_pretrained(DEMO, dtype=torch.float32)
    message = [{"role": "user", "content": PROBLEMS[0]}]
    ids = tokenizer.apply_chat_template(message, add_generation_prompt=True, return_tensors="pt")
    greedy = model.generate(**ids, do_sample=False, max_new_tokens=60)
    text = tokenizer.decode(greedy[0, ids["input_ids"].shape[1] :], skip_special_tokens=True)
    (samples,) = run(engine(model=DEMO, temperature=0, max_tokens=60), Request(PROBLEMS[0], 1, 2))
    assert texts(samples) == [text, text]
    assert "39*3=117" in text


# seeds


def test_a_sample_depends_on_its_own_seed_alone(engine):
    requests = [Request(prompt, 1000 * at, 4) for at, prompt in enumerate(PROBLEMS)]
    sampling = {"model": DEMO, "max_tokens": 60, "temperature": 3.0}
    whole = engine(logprobs=2, **sampling)
    together = run(whole, *requests)
    assert len({text for samples in together for text in texts(samples)}) > 10
    assert run(whole, *requests[::-1]) == together[::-1]
    assert run(whole, *requests) == together
    for options in ({"batch_size": 1}, {"batch_size": 7}):
        parts = run(engine(options=options, **sampling), *requests)
        assert [texts(samples) for samples in parts] == [texts(samples) for samples in together]
    rest = run(whole, Request(PROBLEMS[1], 1002, 2))
    assert texts(rest[0]) == texts(together[1])[2:]


def test_batches_come_one_by_one(engine):
    pulled = []

    def batches():
        for number in range(3):
            pulled.append(number)
            yield Batch(number, (Request("HELLO", number, 2),))

    results = engine(max_tokens=4).run(batches())
    assert next(results)[0].number == 0
    assert pulled == [0]
    assert [batch.number for batch, _ in results] == [1, 2]


# what is said of a sample


@pytest.mark.parametrize("name", ["random", "demo"])
def test_log_probabilities_are_the_models(engine, random_model, as_chat, name):
    """Before temperature, at every token, also when other samples ended in between."""
    model = DEMO if name == "demo" else random_model
    prompts = PROBLEMS if name == "demo" else ("HELLO", "HI", "A")
    opened = engine(model=model, temperature=1.4, max_tokens=40, logprobs=3)
    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    names = [tokenizer.decode([token]) for token in range(len(tokenizer))]
    requests = [Request(prompt, 50 * at, 16) for at, prompt in enumerate(prompts)]
    lengths = set()
    for request, samples in zip(requests, run(opened, *requests), strict=True):
        text = as_chat(request.prompt) if name == "demo" else request.prompt
        for sample in samples:
            assert len(sample.tokens) == sample.output_tokens
            if any(names.count(token) > 1 for token, _ in sample.tokens):
                continue  # half a character: which token it was is not told
            logprobs = forward(model, text, [names.index(token) for token, _ in sample.tokens])
            lengths.add(sample.output_tokens)
            for (token, table), here in zip(sample.tokens, logprobs, strict=True):
                likeliest = np.argsort(-here)
                assert {names[at] for at in likeliest[:3]} | {token} == set(table)
                for at in likeliest:  # of tokens with one text, the likeliest comes first
                    if names[at] in table:
                        assert table.pop(names[at]) == pytest.approx(here[at], 1e-3, 1e-3)
    assert len(lengths) > 4


def test_ends(engine):
    """The end token counts and is no text; the limit is told from an end of its own."""
    (samples,) = run(engine(max_tokens=10, logprobs=1), Request("HELLO", 1, 200))
    reasons = Counter(sample.finish_reason for sample in samples)
    assert set(reasons) == {"stop", "length"}
    for sample in samples:
        assert "<end>" not in sample.text
        if sample.finish_reason == "stop":
            assert sample.tokens[-1][0] == "<end>"
            assert sample.output_tokens == len(sample.text) + 1
        else:
            assert sample.output_tokens == len(sample.text) == 10


def test_stop_texts(engine):
    """They are looked for in what was generated, not in the prompt or across its end."""
    request = Request("HELLOB", 1, 150)
    (free,) = run(engine(max_tokens=12), request)
    ((first, _),) = Counter(sample.text[:1] for sample in free).most_common(1)
    stops = (free[0].text[4:6], free[1].text[2], f"B{first}")
    (ended,) = run(engine(max_tokens=12, stop=stops), request)
    found = re.compile("|".join(map(re.escape, stops)))
    for before, after in zip(free, ended, strict=True):
        cut = found.search(before.text)
        if cut is None:
            assert after == before
        else:
            assert after.text == before.text[: cut.start()]
            assert after.finish_reason == "stop"
            assert after.output_tokens == cut.end()
    assert any(sample.text.startswith(first) and len(sample.text) > 1 for sample in ended)


def test_room_in_the_context(engine):
    prompts = ["A" * length for length in (CONTEXT + 9, CONTEXT, CONTEXT - 1, CONTEXT - 5, 3)]
    outcomes = run(engine(max_tokens=7), *(Request(prompt, 5, 20) for prompt in prompts))
    for length, samples in zip((CONTEXT + 9, CONTEXT), outcomes[:2], strict=True):
        assert samples == [Sample(None, length, 0, "prompt_too_long")] * 20
    for room, samples in zip((1, 5, 7), outcomes[2:], strict=True):
        assert {sample.finish_reason for sample in samples} <= {"stop", "length"}
        for sample in samples:
            if sample.finish_reason == "length":
                assert sample.output_tokens == room
        assert max(sample.output_tokens for sample in samples) == room


def test_prompts_of_one_token(engine):
    outcomes = run(engine(max_tokens=3), Request("A", 1, 3), Request("B", 1, 3), Request("C", 4, 1))
    assert texts(outcomes[0]) != texts(outcomes[1])
    assert texts(run(engine(max_tokens=3), Request("A", 1, 3))[0]) == texts(outcomes[0])


def test_the_chat_template(engine, random_model, tmp_path):
    """Tokens that a tokenizer puts before a text are the template's business in a chat."""
    from tokenizers import processors

    folder = tmp_path / "chat"
    shutil.copytree(random_model, folder)
    (folder / "chat_template.jinja").write_text(
        "{% for m in messages %}{{ m['role'][0].upper() }}{{ m['content'] }}Z{% endfor %}"
        "{% if add_generation_prompt %}Y{% endif %}"
    )
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="X $A", special_tokens=[("X", tokenizer.convert_tokens_to_ids("X"))]
    )
    tokenizer.save_pretrained(folder)
    sampling = Sampling(max_tokens=9)
    chat = open_engine(Model(str(folder), system="BE"), sampling, {"threads": 1})
    plain = engine(model=folder, max_tokens=9)
    bare = engine(max_tokens=9)
    assert run(chat, Request("HI", 3, 5)) == run(bare, Request("SBEZUHIZY", 3, 5))
    assert run(plain, Request("HI", 3, 5)) == run(bare, Request("XHI", 3, 5))
    assert run(chat, Request("HI", 3, 1))[0][0].prompt_tokens == 9


def test_penalties_in_a_models_folder_do_not_apply(engine, random_model, tmp_path):
    folder = tmp_path / "penalties"
    shutil.copytree(random_model, folder)
    (folder / "generation_config.json").write_text(
        '{"eos_token_id": [0, 5], "do_sample": true, "top_k": 1, "repetition_penalty": 9.0}'
    )
    request = Request("HELLO", 1, 50)
    plain, other = (
        run(engine(model=at, max_tokens=9), request)[0] for at in (random_model, folder)
    )
    for one, two in zip(plain, other, strict=True):
        assert two.text.split("E")[0] == one.text.split("E")[0]
        if "E" in one.text:  # token 5 ends a text here
            assert two.output_tokens == one.text.index("E") + 1
            assert two.finish_reason == "stop"


def test_it_is_quiet(engine, capfd):
    run(engine(max_tokens=4), Request("HELLO", 1, 3))
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


# a start that fails


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("/no/such/folder", "no such folder"),
        ("./folder", "no such folder"),
        ("runs/first/model", "no such folder"),
        ("no-such-model", "cannot be loaded"),
        ("no/such-model", "cannot be loaded"),
    ],
)
def test_a_model_that_does_not_exist(name, said, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(BadInputError, match=f"^model {re.escape(name)}: {said}") as caught:
        open_engine(Model(name), Sampling(), {})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("broken", ["config.json", "model.safetensors", "tokenizer.json"])
@pytest.mark.parametrize("how", ["missing", "cut off"])
def test_a_folder_that_is_damaged(random_model, tmp_path, broken, how):
    folder = tmp_path / "damaged"
    shutil.copytree(random_model, folder)
    if how == "missing":
        (folder / broken).unlink()
    else:
        (folder / broken).write_bytes((folder / broken).read_bytes()[:100])
    with pytest.raises(BadInputError, match="cannot be loaded") as caught:
        open_engine(Model(str(folder), chat=False), Sampling(), {})
    assert "\n" not in str(caught.value)


def test_a_model_without_a_chat_template(random_model):
    with pytest.raises(BadInputError, match=r"chat template cannot be applied.*set chat to false"):
        open_engine(Model(str(random_model)), Sampling(), {})


def test_a_stop_text_of_letters_the_model_lacks(engine):
    with pytest.raises(BadInputError, match="stop: no token of model"):
        engine(stop=("\n",))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"speed": 1},
            "the transformers engine knows no speed; it knows device, dtype, batch_size",
        ),
        ({"batch_size": 0}, r"engine_options\.batch_size: .*, not 0"),
        ({"dtype": "int8"}, r"engine_options\.dtype: .*'bfloat16'.*, not 'int8'"),
        ({"device": "toaster"}, r"engine_options\.device: 'toaster' is no device"),
        ({"device": "meta"}, r"engine_options\.device: 'meta' is not supported"),
        ({"device": "cuda:77"}, r"engine_options\.device: 'cuda:77' is not there"),
    ],
)
def test_wrong_options(random_model, options, message):
    with pytest.raises(BadInputError, match=message) as caught:
        open_engine(Model(str(random_model), chat=False), Sampling(), options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("missing", ["torch", "transformers"])
def test_without_the_packages(monkeypatch, random_model, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(SvlawError, match=re.escape("pip install 'svlaw[transformers]'")) as caught:
        open_engine(Model(str(random_model)), Sampling(), {})
    assert "\n" not in str(caught.value)

"""What a run would take, without starting it."""

import importlib.util
import json
import struct
from pathlib import Path
from typing import Any

import pytest

from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.generate.assignments import assign_solutions, assign_verifications
from svlaw.generate.engines.checkpoints import count_parameters
from svlaw.generate.engines.protocol import Model
from svlaw.generate.parts import LOG_FILE, read_log
from svlaw.generate.run_estimate import Outlook, look_ahead
from svlaw.generate.shards import Shard


def solutions(study: Any, *overrides: str, shard: Shard | None = None) -> Outlook:
    configuration = study.configuration(*overrides)
    return look_ahead(configuration, assign_solutions(configuration), shard)


def verifications(study: Any, *overrides: str) -> Outlook:
    configuration = study.configuration(*overrides)
    return look_ahead(configuration, assign_verifications(configuration))


def test_a_first_run(study: Any) -> None:
    outlook = solutions(study, "solutions.sampling.max_tokens=100")
    prompts = [
        assign_solutions(study.configuration()).prompts(None)((f"p{n:03d}",)) for n in range(6)
    ]
    tokens = sum(map(len, prompts)) // 4
    assert outlook == Outlook(
        table="solutions",
        verifier=None,
        parents=6,
        total=48,
        held=0,
        missing=48,
        prompts=6,
        prompt_tokens=tokens,
        counted=False,
        output_tokens=4_800,
        measured=False,
        parameters=None,
        flops=None,
        seconds=None,
        first_prompt=prompts[0],
    )
    assert not study.pool.exists()


def test_a_run_that_goes_on_is_measured_by_what_is_there(study: Any) -> None:
    study.solutions()
    rows = study.rows()
    outlook = solutions(study, "solutions.samples=20", "solutions.parameters=1e6")
    assert (outlook.total, outlook.held, outlook.missing) == (120, 48, 72)
    assert outlook.prompts == 2 * 6  # in chunks of at most 8: two more of each problem
    mean = rows["output_tokens"].mean()
    assert outlook.measured
    assert outlook.output_tokens == round(mean * 72)
    assert outlook.parameters == 1e6
    assert outlook.flops == 2e6 * (outlook.prompt_tokens + outlook.output_tokens)
    log = read_log(study.pool)
    speed = sum(part.output_tokens for part in log) / sum(part.seconds for part in log)
    assert outlook.seconds == pytest.approx(outlook.output_tokens / speed)


def test_time_is_that_of_the_last_parts_of_the_same_table(study: Any) -> None:
    study.solutions()
    line = json.loads((study.pool / LOG_FILE).read_text().splitlines()[0])
    slow = [line | {"output_tokens": 1, "seconds": 100.0}] * 3
    other = [line | {"table": "verifications", "verifier": "v", "output_tokens": 10**9}] * 9
    last = [line | {"output_tokens": 50, "seconds": 2.0}] * 10
    text = "".join(json.dumps(entry) + "\n" for entry in [*slow, *last, *other])
    (study.pool / LOG_FILE).write_text(text)
    outlook = solutions(study, "solutions.samples=20")
    assert outlook.seconds == pytest.approx(outlook.output_tokens / 25)


def test_nothing_to_do(study: Any) -> None:
    study.solutions()
    outlook = solutions(study)
    assert (outlook.missing, outlook.prompts, outlook.prompt_tokens) == (0, 0, 0)
    assert (outlook.output_tokens, outlook.first_prompt, outlook.held) == (0, None, 48)


def test_a_shard(study: Any) -> None:
    outlook = solutions(study, shard=Shard(2, 3))
    mine = sum(Shard(2, 3).holds(f"p{n:03d}") for n in range(6))
    assert (outlook.parents, outlook.total) == (mine, 8 * mine)


def test_tokens_of_many_prompts_are_taken_from_some_of_them(study: Any) -> None:
    study.set_problems(1_000)
    outlook = solutions(study)
    assert outlook.prompts == 1_000
    template = outlook.first_prompt.replace("0", "100")
    assert outlook.prompt_tokens == pytest.approx(1_000 * len(template) / 4, rel=0.01)


def test_verifications(study: Any) -> None:
    study.solutions(too_long=r"3 \+ 3")
    outlook = verifications(study, "verifications.solutions_per_problem=5")
    assert (outlook.table, outlook.verifier) == ("verifications", "verifier")
    assert (outlook.parents, outlook.total, outlook.missing) == (30, 120, 120)
    assert study.rows()["text"][0] in outlook.first_prompt
    assert not study.opened().verifiers


def test_verifications_without_solutions(study: Any) -> None:
    with pytest.raises(NotInPoolError, match="holds no text of solutions to verify"):
        verifications(study)
    assert not study.pool.exists()


def test_changed_settings_are_refused_here_already(study: Any) -> None:
    study.solutions()
    with pytest.raises(BadInputError, match=r"seed was 0, now 1"):
        solutions(study, "seed=1")


def checkpoint(folder: Path, name: str, tensors: dict[str, list[int]]) -> None:
    header = {n: {"dtype": "BF16", "shape": s, "data_offsets": [0, 0]} for n, s in tensors.items()}
    text = json.dumps(header | {"__metadata__": {"format": "pt"}}).encode()
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(struct.pack("<Q", len(text)) + text + bytes(10))


def test_parameters_are_read_from_the_model(study: Any, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    checkpoint(folder, "model-00001-of-00002.safetensors", {"a": [3, 4], "b": [5]})
    checkpoint(folder, "model-00002-of-00002.safetensors", {"c": [2, 2, 2], "scalar": []})
    assert count_parameters(Model(str(folder))) == 26
    checkpoint(folder, "consolidated.safetensors", {"all": [26]})
    assert count_parameters(Model(str(folder))) == 26
    outlook = solutions(study, f"solutions.model={folder}")
    assert outlook.parameters == 26
    assert outlook.flops == 52 * (outlook.prompt_tokens + outlook.output_tokens)
    other = tmp_path / "other"
    checkpoint(other, "weights.safetensors", {"a": [7]})
    assert count_parameters(Model(str(other))) == 7


def test_a_model_whose_size_nobody_knows(tmp_path: Path) -> None:
    assert count_parameters(Model("org/model")) is None
    assert count_parameters(Model(str(tmp_path))) is None


@pytest.mark.skipif(
    importlib.util.find_spec("transformers") is None, reason="needs a tokenizer: transformers"
)
def test_tokens_are_counted_by_the_models_tokenizer(study: Any, tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(tokenizer_object=words).save_pretrained(tmp_path / "model")
    outlook = solutions(study, f"solutions.model={tmp_path / 'model'}")
    assert outlook.counted
    assert outlook.prompt_tokens == 6 * len(outlook.first_prompt.split())

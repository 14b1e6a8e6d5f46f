"""The configuration: both forms, overrides, and one line for everything that is wrong."""

import json
from pathlib import Path
from typing import Any, get_origin

import pytest
import yaml
from pydantic import BaseModel

from svlaw.data.errors import BadInputError
from svlaw.generate.configuration import Configuration, read_configuration
from svlaw.generate.engines.protocol import Model
from svlaw.generate.seeds import MOST_SAMPLES

YAML = """\
pool: math-pool
seed: 3
problems: {recipe: math-500}
solutions:
  model: org/Solver
  samples: 256
  sampling: {temperature: 0.7, max_tokens: 1024, stop: ["##", "\\n\\n"]}
verifications:
  model: org/Verifier-7B
  engine: openai
  engine_options: {base_url: "http://localhost:8000/v1"}
  samples: 32
  solutions_per_problem: 128
"""
TOML = """\
pool = "math-pool"
seed = 3
problems = {recipe = "math-500"}
[solutions]
model = "org/Solver"
samples = 256
[solutions.sampling]
temperature = 0.7
max_tokens = 1024
stop = ["##", "\\n\\n"]
[verifications]
model = "org/Verifier-7B"
engine = "openai"
engine_options = {base_url = "http://localhost:8000/v1"}
samples = 32
solutions_per_problem = 128
"""


def write(folder: Path, text: str, suffix: str = ".yaml") -> Path:
    file = folder / f"study{suffix}"
    file.write_text(text, "utf-8")
    return file


def test_yaml_and_toml_say_the_same(tmp_path: Path) -> None:
    one = read_configuration(write(tmp_path, YAML))
    assert one == read_configuration(write(tmp_path, TOML, ".toml"))
    assert one == read_configuration(write(tmp_path, YAML, ".yml"))
    assert one.pool == Path("math-pool")
    assert one.seed == 3
    assert one.problems is not None
    assert one.problems.recipe == "math-500"
    assert one.solutions is not None
    assert one.solutions.engine == "vllm"
    assert one.solutions.sampling.stop == ("##", "\n\n")
    assert one.solutions.speaker == Model("org/Solver", None, True, None)
    assert one.verifications is not None
    assert one.verifications.name == "Verifier-7B"
    assert one.verifications.logprobs == 10
    assert (one.batch_rows, one.part_rows, one.part_minutes) == (64, 4096, 5.0)


def test_a_configuration_may_be_all_on_the_command_line(tmp_path: Path) -> None:
    file = write(tmp_path, "pool: p")
    configuration = read_configuration(file, ["solutions.model=m", "solutions.samples=4"])
    assert configuration.solutions is not None
    assert configuration.solutions.samples == 4
    assert configuration.verifications is None


def fields_of(model: type[BaseModel], prefix: str = "") -> dict[str, Any]:
    """Every field of a configuration, by its name on the command line, with its type."""
    found: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        kinds = [field.annotation, *getattr(field.annotation, "__args__", ())]
        inner = next((k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)), None)
        if inner is None:
            found[f"{prefix}{name}"] = field.annotation
        else:
            found |= fields_of(inner, f"{prefix}{name}.")
    return found


VALUES = {
    "pool": "elsewhere",
    "seed": 11,
    "batch_rows": 5,
    "part_rows": 7,
    "part_minutes": 0.5,
    "problems.source": "file.csv",
    "problems.recipe": "math-500",
    "problems.revision": "main",
    "problems.subset": "easy",
    "problems.split": "test",
    "problems.columns": {"question": "q"},
    "problems.kind": "choice",
    "problems.limit": 3,
    "problems.ids": ["a", "b"],
    "problems.seed": 2,
}
SECTION = {
    "model": "org/Other",
    "revision": "abc",
    "engine": "transformers",
    "engine_options": {"threads": 1},
    "chat": False,
    "system": "Be brief: and true.",
    "prompt": "few-shot",
    "samples": 9,
    "sampling.temperature": 1.25,
    "sampling.top_p": 0.5,
    "sampling.top_k": 40,
    "sampling.min_p": 0.05,
    "sampling.max_tokens": 77,
    "sampling.stop": ["\n", "'"],
    "parameters": 7.5e9,
}
VALUES |= {f"solutions.{name}": value for name, value in SECTION.items()}
VALUES |= {f"verifications.{name}": value for name, value in SECTION.items()}
VALUES |= {
    "verifications.verifier": "v",
    "verifications.solutions_per_problem": 8,
    "verifications.cut_thinking": "</think>",
    "verifications.always_thinks": True,
    "verifications.logprobs": 3,
}


@pytest.mark.parametrize("name", fields_of(Configuration))
def test_every_field_can_be_overridden(tmp_path: Path, name: str) -> None:
    value = VALUES[name]  # a new field needs a value above
    file = write(tmp_path, YAML.replace("samples: 32", "samples: 32\n  cut_thinking: </t>"))
    changed = read_configuration(file, [f"{name}={json.dumps(value)}"])
    held: Any = changed
    for step in name.split("."):
        held = getattr(held, step)
    wanted = Path(str(value)) if name == "pool" else value
    assert held == (tuple(wanted) if isinstance(wanted, list) else wanted)
    before = read_configuration(file).model_dump(exclude={name.partition(".")[0]})
    assert changed.model_dump(exclude={name.partition(".")[0]}) == before
    assert get_origin(fields_of(Configuration)[name]) is not BaseModel


def test_the_last_override_counts_and_values_may_hold_equals_signs(tmp_path: Path) -> None:
    file = write(tmp_path, YAML)
    overrides = ["seed=1", "seed=2", "solutions.system=a=b", "verifications.chat=no"]
    configuration = read_configuration(file, overrides)
    assert configuration.seed == 2
    assert configuration.solutions is not None
    assert configuration.solutions.system == "a=b"
    assert configuration.verifications is not None
    assert configuration.verifications.chat is False


WRONG = [
    ("seed=x", "seed 'x': input should be a valid integer"),
    ("seed=-1", "seed -1: input should be greater than or equal to 0"),
    ("seed=1.5", "seed 1.5: input should be a valid integer"),
    ("pool=", "pool None: input is not a valid path"),
    ("batch_rows=0", "batch_rows 0: input should be greater than or equal to 1"),
    ("part_rows=0", "part_rows 0: input should be greater than or equal to 1"),
    ("part_minutes=0", "part_minutes 0: input should be greater than 0"),
    ("solutions=3", "solutions 3: is a value; write fields below it"),
    ("solutions.samples=0", "solutions.samples 0: input should be greater than or equal to 1"),
    (
        f"solutions.samples={MOST_SAMPLES + 1}",
        f"solutions.samples {MOST_SAMPLES + 1}: input should be less than or equal to",
    ),
    ("solutions.samples=", "solutions.samples None: input should be a valid integer"),
    ("solutions.model=1", "solutions.model 1: input should be a valid string"),
    ("solutions.engine=sglang", "solutions.engine 'sglang': input should be 'vllm', 'openai' or"),
    ("solutions.engine_options=3", "solutions.engine_options 3: input should be a valid dict"),
    ("solutions.chat=maybe", "solutions.chat 'maybe': input should be a valid boolean"),
    ("solutions.sampling=warm", "solutions.sampling 'warm': is a value; write fields below it"),
    ("solutions.sampling.temperature=-1", "solutions.sampling.temperature -1: input should be gr"),
    ("solutions.sampling.temperature=.nan", "solutions.sampling.temperature nan: input should be"),
    ("solutions.sampling.temperature=.inf", "solutions.sampling.temperature inf: input should be"),
    ("solutions.sampling.top_p=0", "solutions.sampling.top_p 0: input should be greater than 0"),
    ("solutions.sampling.top_p=1.1", "solutions.sampling.top_p 1.1: input should be less than or"),
    ("solutions.sampling.top_p=.nan", "solutions.sampling.top_p nan: input should be"),
    ("solutions.sampling.top_k=0", "solutions.sampling.top_k 0: input should be greater than or"),
    ("solutions.sampling.min_p=1", "solutions.sampling.min_p 1: input should be less than 1"),
    ("solutions.sampling.max_tokens=0", "solutions.sampling.max_tokens 0: input should be"),
    ("solutions.sampling.stop=['']", "solutions.sampling.stop.0 '': string should have at least 1"),
    ("solutions.model=''", "solutions.model '': string should have at least 1 character"),
    ("verifications.cut_thinking=''", "verifications.cut_thinking '': string should have at least"),
    (
        "solutions={model: m, samples: 1, chat: false, system: Be brief.}",
        "solutions: a system message needs the chat template: set chat to true",
    ),
    (
        "verifications.always_thinks=true",
        "verifications: always_thinks needs the end marker of thinking in cut_thinking",
    ),
    ("solutions.sampling.stop='##'", "solutions.sampling.stop '##': input should be a valid tuple"),
    ("solutions.parameters=-7", "solutions.parameters -7: input should be greater than 0"),
    ("solutions.parameters=.inf", "solutions.parameters inf: input should be a finite number"),
    ("verifications.logprobs=21", "verifications.logprobs 21: input should be less than or equal"),
    (
        "verifications.solutions_per_problem=0",
        "verifications.solutions_per_problem 0: input should be greater than or equal to 1",
    ),
    ("problems=file.csv", "problems 'file.csv': is a value; write fields below it"),
    ("problems.limit=x", "problems.limit 'x': input should be a valid integer"),
    ("sed=1", "there is no field 'sed'; see docs/generating.md for those there are"),
    ("solutions.temperature=1", "there is no field 'solutions.temperature'; see docs/generating"),
    ("solutions.sampling.n=1", "there is no field 'solutions.sampling.n'; see docs/generating.md"),
    ("solutions.verifier=v", "there is no field 'solutions.verifier'; see docs/generating.md"),
    ("problems.path=x", "there is no field 'problems.path'; see docs/generating.md for those"),
]


@pytest.mark.parametrize(("override", "complaint"), WRONG)
def test_a_wrong_value_is_named_with_its_field(
    tmp_path: Path, override: str, complaint: str
) -> None:
    file = write(tmp_path, YAML)
    with pytest.raises(BadInputError) as caught:
        read_configuration(file, [override])
    message = str(caught.value)
    assert message.startswith(f"{file}: {complaint}")
    assert "\n" not in message
    assert "pydantic" not in message


@pytest.mark.parametrize("name", ["pool", "solutions.model", "solutions.samples"])
def test_a_field_that_must_be_there(tmp_path: Path, name: str) -> None:
    document: Any = yaml.safe_load(YAML)
    *folders, last = name.split(".")
    section = document[folders[0]] if folders else document
    del section[last]
    file = write(tmp_path, yaml.safe_dump(document))
    with pytest.raises(BadInputError, match=f"study.yaml: '{name}' is missing$"):
        read_configuration(file)


@pytest.mark.parametrize(
    ("override", "complaint"),
    [
        ("seed", "--set seed: write FIELD=VALUE, such as solutions.samples=64"),
        ("=3", "--set =3: write FIELD=VALUE, such as solutions.samples=64"),
        ("seed.more=3", "--set seed.more=3: 'seed' holds a value, not fields"),
        ("seed=[1", r"--set seed=\[1: '\[1' is not a value as in YAML"),
        ("seed=a: b: c", "--set seed=a: b: c: 'a: b: c' is not a value as in YAML"),
    ],
)
def test_an_override_that_is_none(tmp_path: Path, override: str, complaint: str) -> None:
    with pytest.raises(BadInputError, match=f"^{complaint}$"):
        read_configuration(write(tmp_path, YAML), [override])


@pytest.mark.parametrize(
    ("text", "suffix", "complaint"),
    [
        ("", ".yaml", "study.yaml: the file is empty"),
        ("# nothing yet\n", ".yaml", "study.yaml: holds no fields; see docs/generating.md"),
        ("- 1\n- 2\n", ".yaml", "study.yaml: holds no fields; see docs/generating.md"),
        ("pool: p\n  seed: 3\n", ".yaml", "study.yaml, line 2: not valid YAML"),
        ("pool: p\nproblems: {a: 1\n", ".yaml", "study.yaml, line 3: not valid YAML"),
        ("pool: !!python/object:os.system x", ".yaml", "study.yaml, line 1: not valid YAML"),
        ("pool: \x01", ".yaml", "study.yaml: not valid YAML"),
        ("pool = \n", ".toml", r"study.toml: not valid \(Invalid value \(at line 1"),
        ("pool: p", ".json", "study.json: write the configuration as a .yaml or .toml file"),
    ],
)
def test_a_file_that_is_no_configuration(
    tmp_path: Path, text: str, suffix: str, complaint: str
) -> None:
    with pytest.raises(BadInputError, match=complaint) as caught:
        read_configuration(write(tmp_path, text, suffix))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"none\.yaml: no such file"):
        read_configuration(tmp_path / "none.yaml")
    with pytest.raises(BadInputError, match="is a folder, not a file"):
        read_configuration(tmp_path)
    file = tmp_path / "study.yaml"
    file.write_bytes("pool: café".encode("latin-1"))
    with pytest.raises(BadInputError, match=r"study\.yaml: not valid \('utf-8' codec"):
        read_configuration(file)


def test_how_many_more_values_are_wrong_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"seed -1: .* \(and 2 more\)$"):
        read_configuration(write(tmp_path, YAML), ["seed=-1", "part_rows=0", "batch_rows=0"])


def test_a_home_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    file = write(tmp_path, YAML)
    assert read_configuration(file, ["pool=~/p"]).pool == tmp_path / "p"
    assert read_configuration(file, ["pool=~nobody-at-all/p"]).pool == Path("~nobody-at-all/p")


@pytest.mark.parametrize(
    ("model", "name"),
    [("org/Model-1", "Model-1"), ("models/mine/", "mine"), ("/abs/x.y", "x.y"), ("plain", "plain")],
)
def test_a_verifier_is_called_after_its_model(tmp_path: Path, model: str, name: str) -> None:
    file = write(tmp_path, YAML)
    configuration = read_configuration(file, [f"verifications.model={model}"])
    assert configuration.verifications is not None
    assert configuration.verifications.name == name

"""The configuration of a generation: one YAML or TOML file, checked before anything is started."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SkipValidation,
    ValidationError,
    field_validator,
    model_validator,
)

from svlaw.data.errors import BadInputError, first_line
from svlaw.data.storage.files import refuse_missing
from svlaw.data.storage.object_stores import locate
from svlaw.generate.engines.protocol import Model
from svlaw.generate.missing_samples import BATCH_ROWS
from svlaw.generate.problems import ProblemSource
from svlaw.generate.seeds import MOST_SAMPLES

Count = Annotated[int, Field(ge=1, le=MOST_SAMPLES)]
Text = Annotated[str, Field(min_length=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SamplingSection(_Section):
    """How text is sampled.

    Attributes:
        temperature: 0 takes the likeliest token.
        top_p: The smallest set of tokens with at least this probability.
        top_k: The k likeliest tokens; none for all.
        min_p: Tokens at least this likely relative to the likeliest.
        max_tokens: Most tokens of a text.
        stop: Texts that end it.
    """

    temperature: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.7
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    top_k: Annotated[int, Field(ge=1)] | None = None
    min_p: Annotated[float, Field(ge=0, lt=1)] = 0.0
    max_tokens: Count = 2048
    stop: tuple[Text, ...] = ()


class GenerationSection(_Section):
    """What solutions and verifications have in common.

    Attributes:
        model: Path, hub id, or the name a server knows it by.
        revision: Revision on the hub.
        engine: vllm, openai or transformers.
        engine_options: Options of the engine; see docs/generating.md.
        chat: Whether the model's chat template is applied.
        system: System message; none by default.
        prompt: Name of a template that comes with svlaw, or path of one's own.
        samples: S, or V: how many of each.
        sampling: How they are sampled.
        parameters: Parameters of the model, for the FLOPs of a dry run; read from it by default.
    """

    model: Text
    revision: str | None = None
    engine: Literal["vllm", "openai", "transformers"] = "vllm"
    engine_options: dict[str, Any] = {}
    chat: bool = True
    system: str | None = None
    prompt: str | None = None
    samples: Count
    sampling: SamplingSection = SamplingSection()
    parameters: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _system_with_chat(self) -> Self:
        if self.system is not None and not self.chat:
            raise ValueError("a system message needs the chat template: set chat to true")
        return self

    @property
    def speaker(self) -> Model:
        """The model as an engine is told of it."""
        return Model(self.model, self.revision, self.chat, self.system)


class SolutionsSection(GenerationSection):
    """How solutions are generated."""


class VerificationsSection(GenerationSection):
    """How verifications are generated.

    Attributes:
        verifier: Name of the verifier in the pool; the last part of the model's by default.
        solutions_per_problem: Verify the first so many solutions of each problem; all by default.
        cut_thinking: End marker of the solver's thinking, which is cut off before a solution is
            verified (`</think>`); none leaves solutions as they are.
        always_thinks: The solver's thinking begins in its prompt, so that a solution without the
            end marker is nothing but thinking.
        logprobs: Log-probabilities asked for at each token, so that p_yes and p_no can be read at
            the verdict; 0 for none.
    """

    verifier: str | None = None
    solutions_per_problem: Count | None = None
    cut_thinking: Text | None = None
    always_thinks: bool = False
    logprobs: Annotated[int, Field(ge=0, le=20)] = 10

    @model_validator(mode="after")
    def _thinking_is_cut(self) -> Self:
        if self.always_thinks and self.cut_thinking is None:
            raise ValueError("always_thinks needs the end marker of thinking in cut_thinking")
        return self

    @property
    def name(self) -> str:
        """The verifier's name in the pool."""
        return self.verifier or Path(self.model).name or self.model


class Configuration(_Section):
    """A generation, from problems to verifications.

    Attributes:
        pool: Folder or address of the pool; made when it is not there.
        seed: Seed of every sample.
        problems: The problems; not needed for a pool that holds some.
        solutions: How solutions are generated.
        verifications: How verifications are generated.
        batch_rows: Samples an engine that works batch by batch draws together.
        part_rows: Rows of a part, the most that is lost when a run is killed,
        part_minutes: and minutes after which a smaller one is written.
    """

    pool: SkipValidation[Path]
    seed: Annotated[int, Field(ge=0)] = 0
    problems: ProblemSource | None = None
    solutions: SolutionsSection | None = None
    verifications: VerificationsSection | None = None
    batch_rows: Count = BATCH_ROWS
    part_rows: Count = 4096
    part_minutes: Annotated[float, Field(gt=0)] = 5.0

    @field_validator("pool", mode="before")
    @classmethod
    def _at_home(cls, pool: object) -> Path:
        if not isinstance(pool, str | Path):
            raise ValueError("input is not a valid path")  # noqa: TRY004  as Pydantic asks
        path = locate(pool)
        try:
            return path.expanduser()
        except RuntimeError:  # no such user
            return path


def read_configuration(path: Path, overrides: Sequence[str] = ()) -> Configuration:
    """Read a configuration file, with fields overridden as `solutions.samples=64`.

    Paths in it are relative to the current folder, as on the command line.

    Args:
        path: A .yaml, .yml or .toml file.
        overrides: FIELD=VALUE, the value written as in YAML.

    Raises:
        BadInputError: The file cannot be read, or a field is unknown, missing or wrong.
    """
    document = _read(path)
    for text in overrides:
        _override(document, text)
    try:
        return Configuration.model_validate(document)
    except ValidationError as error:
        raise BadInputError(f"{path}: {_explain(error)}") from None


def _read(path: Path) -> dict[str, Any]:
    refuse_missing(path)
    if path.suffix not in {".yaml", ".yml", ".toml"}:
        raise BadInputError(f"{path}: write the configuration as a .yaml or .toml file")
    try:
        text = path.read_text("utf-8")
        document = tomllib.loads(text) if path.suffix == ".toml" else yaml.safe_load(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInputError(f"{path}: not valid ({first_line(error)})") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or first_line(error)
        raise BadInputError(f"{path}{place}: not valid YAML ({problem})") from error
    if not isinstance(document, dict):
        raise BadInputError(f"{path}: holds no fields; see docs/generating.md for an example")
    return document


def _override(document: dict[str, Any], text: str) -> None:
    name, equals, value = text.partition("=")
    *folders, last = name.strip().split(".")
    if not equals or not last:
        raise BadInputError(f"--set {text}: write FIELD=VALUE, such as solutions.samples=64")
    section = document
    for folder in folders:
        inner = section.setdefault(folder, {})
        if not isinstance(inner, dict):
            raise BadInputError(f"--set {text}: '{folder}' holds a value, not fields")
        section = inner
    try:
        section[last] = yaml.safe_load(value)
    except yaml.YAMLError:
        raise BadInputError(f"--set {text}: '{value}' is not a value as in YAML") from None


def _explain(error: ValidationError) -> str:
    """The first thing that is wrong, in a line."""
    first = error.errors(include_url=False, include_context=False)[0]
    name = ".".join(map(str, first["loc"])) or "the configuration"
    if first["type"] == "missing":
        return f"'{name}' is missing"
    if first["type"] == "extra_forbidden":
        return f"there is no field '{name}'; see docs/generating.md for those there are"
    if first["type"] == "model_type":
        return f"{name} {first['input']!r}: is a value; write fields below it"
    message = first["msg"].removeprefix("Value error, ").rstrip(".")
    more = len(error.errors()) - 1
    rest = f" (and {more} more)" if more else ""
    value = f" {first['input']!r}" if not isinstance(first["input"], dict) else ""
    return f"{name}{value}: {message[:1].lower()}{message[1:]}{rest}"

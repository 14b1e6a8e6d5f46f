"""Engine `transformers`: a model computed in this process, on CPU or GPU, without a server.

Every batch is computed on its own and every sample draws from its own seed, so that the same
machine gives the same texts whatever was computed before. Of the model's `generation_config.json`
the end tokens alone are used: penalties and the like would change what is sampled unseen.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from jinja2 import TemplateError
from pydantic import Field

from svlaw.data.errors import BadInputError, SvlawError, first_line
from svlaw.generate.engines.decoding import Decoder, Drawn, Row
from svlaw.generate.engines.engine_options import EngineOptions, read_options
from svlaw.generate.engines.protocol import (
    PROMPT_TOO_LONG,
    Batch,
    Model,
    Outcome,
    Sample,
    Sampling,
    Token,
)

NAME: Final = "transformers"


class TransformersOptions(EngineOptions):
    """Options of the engine.

    Attributes:
        device: `cpu`, `cuda` or `cuda:1`; `auto` for the first GPU, or the CPU without one.
        dtype: Numbers computed with; `auto` for the model's own on a GPU and float32 on the CPU.
        batch_size: Most samples computed at once; fewer need less memory.
        threads: Threads on the CPU; all cores if not given. Tiny models are fastest with one.
    """

    device: str = "auto"
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    batch_size: int = Field(default=128, ge=1)
    threads: int | None = Field(default=None, ge=1)


class TransformersEngine:
    """A loaded model.

    Attributes:
        name: `transformers`.
        version: Version of transformers.
        remarks: What a user should know about the run.
    """

    name: str = NAME

    def __init__(
        self, model: Model, sampling: Sampling, tokenizer: Any, loaded: Any, batch_size: int
    ) -> None:
        import transformers

        self.version: str = transformers.__version__
        self.remarks: list[str] = []
        self._model = model
        self._sampling = sampling
        self._tokenizer = tokenizer
        self._batch_size = batch_size
        self._texts: dict[int, str] = {}
        self._context: int | None = getattr(
            loaded.config.get_text_config(), "max_position_embeddings", None
        )
        self._decoder = Decoder(loaded, sampling, _end_tokens(tokenizer, loaded), self._stops())
        if model.chat:
            self._chat_text("2 + 2 = ?")

    def run(self, batches: Iterable[Batch]) -> Iterator[tuple[Batch, Sequence[Outcome]]]:
        """Sample batches in their order; see the protocol.

        Raises:
            SvlawError: The GPU's memory is too small.
        """
        for batch in batches:
            yield batch, self._outcomes(batch)

    def close(self) -> None:
        """Give back memory."""
        import torch

        vars(self).pop("_decoder", None)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _outcomes(self, batch: Batch) -> list[Outcome]:
        prompts = [self._tokens(request.prompt) for request in batch.requests]
        rooms = [self._room(prompt) for prompt in prompts]
        rows = {
            (number, place): Row(prompts[number], request.seed + place, rooms[number])
            for number, request in enumerate(batch.requests)
            for place in range(request.samples)
            if rooms[number] > 0
        }
        order = sorted(rows, key=lambda at: (len(rows[at].prompt), rows[at].prompt, rows[at].seed))
        drawn: dict[tuple[int, int], Drawn] = {}
        for start in range(0, len(order), self._batch_size):
            group = order[start : start + self._batch_size]
            drawn.update(zip(group, self._draw([rows[at] for at in group]), strict=True))
        return [
            [
                self._sample(len(prompt), drawn.get((number, place)))
                for place in range(request.samples)
            ]
            for number, (request, prompt) in enumerate(zip(batch.requests, prompts, strict=True))
        ]

    def _draw(self, rows: list[Row]) -> list[Drawn]:
        import torch

        try:
            return self._decoder.draw(rows)
        except torch.OutOfMemoryError as error:
            raise SvlawError(
                f"engine {NAME}: the GPU's memory is too small for {len(rows)} samples at once; set"
                f" engine_options.batch_size below {self._batch_size}"
            ) from error

    def _tokens(self, prompt: str) -> tuple[int, ...]:
        text = self._chat_text(prompt) if self._model.chat else prompt
        encoded = self._tokenizer(text, add_special_tokens=not self._model.chat)
        return tuple(encoded["input_ids"])

    def _chat_text(self, prompt: str) -> str:
        try:
            return str(
                self._tokenizer.apply_chat_template(
                    self._model.messages(prompt), tokenize=False, add_generation_prompt=True
                )
            )
        except (ValueError, TemplateError) as error:
            raise BadInputError(
                f"model {self._model.name}: its chat template cannot be applied"
                f" ({first_line(error)}); set chat to false to send prompts as they are"
            ) from error

    def _room(self, prompt: tuple[int, ...]) -> int:
        """Tokens a sample may have; none where the prompt fills the context."""
        if self._context is None:
            return self._sampling.max_tokens
        return min(self._sampling.max_tokens, self._context - len(prompt))

    def _stops(self) -> Callable[[Any], Any] | None:
        from transformers import StopStringCriteria

        if not self._sampling.stop:
            return None
        try:
            criterion = StopStringCriteria(self._tokenizer, list(self._sampling.stop))
        except ValueError as error:
            raise BadInputError(
                f"stop: no token of model {self._model.name} holds a part of"
                f" {list(self._sampling.stop)}; leave it out"
            ) from error
        return lambda tokens: criterion(tokens, None)

    def _sample(self, prompt_tokens: int, drawn: Drawn | None) -> Sample:
        if drawn is None:
            return Sample(None, prompt_tokens, 0, PROMPT_TOO_LONG)
        text = self._tokenizer.decode(drawn.tokens, skip_special_tokens=True)
        cuts = [place for stop in self._sampling.stop if (place := text.find(stop)) >= 0]
        return Sample(
            text[: min(cuts, default=None)],
            prompt_tokens,
            len(drawn.tokens),
            "stop" if drawn.stopped else "length",
            self._considered(drawn) if self._sampling.logprobs else None,
        )

    def _considered(self, drawn: Drawn) -> list[Token]:
        """Tokens with log-probabilities; where two have one text, that of the likelier one."""
        tokens: list[Token] = []
        for place, token in enumerate(drawn.tokens):
            text = self._text(token)
            table: dict[str, float] = {}
            for other, value in zip(drawn.likeliest[place], drawn.logprobs[place], strict=True):
                table.setdefault(self._text(other), value)
            table.setdefault(text, drawn.chosen[place])
            tokens.append((text, table))
        return tokens

    def _text(self, token: int) -> str:
        if token not in self._texts:
            self._texts[token] = self._tokenizer.decode([token])
        return self._texts[token]


def _end_tokens(tokenizer: Any, loaded: Any) -> list[int]:
    """Tokens that end a text, by the model's generation_config.json or else its tokenizer."""
    ends = loaded.generation_config.eos_token_id
    if ends is None:
        ends = tokenizer.eos_token_id
    return [] if ends is None else [ends] if isinstance(ends, int) else list(ends)


def open_engine(
    model: Model, sampling: Sampling, options: Mapping[str, object]
) -> TransformersEngine:
    """Load a model.

    Args:
        model: A folder, or a model on the hub.
        sampling: How to sample.
        options: See `TransformersOptions`.

    Raises:
        BadInputError: An option is wrong, the model cannot be loaded, or it has no chat template.
        SvlawError: The packages are missing.
    """
    checked = read_options(TransformersOptions, options, NAME)
    try:
        import torch
        import transformers
    except ImportError as error:
        raise SvlawError(
            f"engine {NAME}: {first_line(error)}; pip install 'svlaw[transformers]'"
        ) from error
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    if checked.threads is not None:
        torch.set_num_threads(checked.threads)
    tokenizer, loaded = _load(model, checked)
    return TransformersEngine(model, sampling, tokenizer, loaded, checked.batch_size)


def _load(model: Model, options: TransformersOptions) -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    path_like = model.name.startswith((".", "/", "~")) or model.name.count("/") > 1
    if path_like and not Path(model.name).is_dir():
        raise BadInputError(f"model {model.name}: no such folder")
    device = _device(options.device)
    dtype = "float32" if options.dtype == "auto" and device.type == "cpu" else options.dtype
    try:
        tokenizer = AutoTokenizer.from_pretrained(model.name, revision=model.revision)
        loaded = AutoModelForCausalLM.from_pretrained(
            model.name, revision=model.revision, dtype=dtype
        )
        loaded = loaded.to(device).eval()
    except Exception as error:  # of any library below it
        raise BadInputError(
            f"model {model.name}: cannot be loaded ({first_line(error).strip(' .:')}); give the"
            " path of a folder with a whole model in it, or the name of a model on the hub"
        ) from error
    return tokenizer, loaded


def _device(name: str) -> Any:
    import torch

    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise BadInputError(
            f"engine_options.device: {name!r} is no device; try cpu or cuda"
        ) from error
    if device.type not in {"cpu", "cuda"}:
        raise BadInputError(f"engine_options.device: {name!r} is not supported; use cpu or cuda")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise BadInputError(
            f"engine_options.device: {name!r} is not there: torch sees"
            f" {torch.cuda.device_count()} GPUs; use cpu, or install torch for your GPU"
        )
    return device

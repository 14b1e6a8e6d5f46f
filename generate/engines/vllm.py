"""Engine `vllm`: a model computed by vLLM, started and fed by this process.

Every sample is a request of its own to vLLM, with its own seed and the tokens of its prompt, which
vLLM computes once for samples that share it (prefix caching). Somewhat more samples are kept under
way than vLLM computes at once, so that it never waits for the next batch. Several GPUs are used by
`tensor_parallel_size` (a model spread over them) and `data_parallel_size` (a copy on each, between
which vLLM shares out the samples).

A sample's seed fixes its random numbers. But vLLM computes together whatever is under way, and in
other company sums may round differently, so that now and then a text differs. Where that matters,
and the GPU is new enough, set the environment variable VLLM_BATCH_INVARIANT=1.
"""

import asyncio
import functools
import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, overload

from svlaw.data.errors import BadInputError, first_line
from svlaw.generate.engines.protocol import (
    PROMPT_TOO_LONG,
    Batch,
    Failure,
    Model,
    Outcome,
    Sample,
    Sampling,
    Token,
)
from svlaw.generate.engines.vllm_start import NAME, Started, start

_PROMPTS_KEPT: Final = 4096
_PATIENCE_SECONDS: Final = 10.0
"""How long closing waits for vLLM to drop what is under way, and to end."""

Result = tuple[Batch, Sequence[Outcome]]


class VllmEngine:
    """A running vLLM.

    Log-probabilities are those of the model itself, before temperature and truncation.

    Attributes:
        name: `vllm`.
        version: Version of vLLM.
        remarks: What a user should know about the run.
    """

    name: str = NAME

    def __init__(self, model: Model, sampling: Sampling, started: Started) -> None:
        self.version: str = started.version
        self.remarks: list[str] = []
        self._model = model
        self._sampling = sampling
        self._started = started
        self._wanted = started.capacity + started.capacity // 2
        self._numbers = itertools.count()
        self._tokens = functools.lru_cache(_PROMPTS_KEPT)(self._tokenize)
        self._under_way: set[asyncio.Task[Any]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name=NAME, daemon=True)
        self._thread.start()

    @property
    def capacity(self) -> int:
        """Samples that are kept under way at a time."""
        return self._wanted

    def run(self, batches: Iterable[Batch]) -> Iterator[Result]:
        """Sample batches, each given back when its last sample is done; see the protocol.

        Raises:
            SvlawError: vLLM's processes have died.
        """
        coming = iter(batches)
        flight = _Flight(self._wanted)
        more = True
        try:
            while more or flight.batches:
                result = flight.wait(more)
                if result is not None:
                    yield result
                    continue
                batch = next(coming, None)
                if batch is None:
                    more = False
                else:
                    self._launch(flight, batch)
        finally:
            self._drop()

    def close(self) -> None:
        """End vLLM's processes."""
        if not self._thread.is_alive():
            return
        self._drop()
        self._started.llm.shutdown(timeout=_PATIENCE_SECONDS)
        self._cancel(asyncio.all_tasks)  # vLLM's own, which it does not wait for
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE_SECONDS)
        self._started.log.close()

    def _launch(self, flight: "_Flight", batch: Batch) -> None:
        prompts = [self._tokens(request.prompt) for request in batch.requests]
        flight.launch(sum(request.samples for request in batch.requests))
        asyncio.run_coroutine_threadsafe(self._fly(flight, batch, prompts), self._loop)

    def _serve(self) -> None:
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()

    def _drop(self) -> None:
        """Take back what is under way, and wait until that is done."""
        self._cancel(lambda: self._under_way)

    def _cancel(self, chosen: Callable[[], Iterable[asyncio.Task[Any]]]) -> None:
        """Cancel tasks, and wait until they have ended.

        Args:
            chosen: Tells which, asked within the loop.
        """

        async def cancel() -> None:
            tasks = [task for task in chosen() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(cancel(), self._loop).result(_PATIENCE_SECONDS)

    async def _fly(
        self, flight: "_Flight", batch: Batch, prompts: Sequence[tuple[int, ...]]
    ) -> None:
        task = asyncio.current_task()
        assert task is not None  # a coroutine runs in a task
        self._under_way.add(task)
        try:
            async with asyncio.TaskGroup() as group:
                drawn = [
                    [
                        group.create_task(self._draw(flight, prompt, request.seed + place))
                        for place in range(request.samples)
                    ]
                    for request, prompt in zip(batch.requests, prompts, strict=True)
                ]
        except* Exception as errors:
            flight.fail(self._started.log.failure("has stopped", errors.exceptions[0]))
        else:
            flight.land(batch, [_outcome([one.result() for one in samples]) for samples in drawn])
        finally:
            self._under_way.discard(task)

    async def _draw(
        self, flight: "_Flight", prompt: tuple[int, ...], seed: int
    ) -> Sample | Failure:
        try:
            room = self._started.context - len(prompt)
            if room < 1:
                return Sample(None, len(prompt), 0, PROMPT_TOO_LONG)
            return await self._ask(prompt, seed, room)
        finally:
            flight.arrive()

    async def _ask(self, prompt: tuple[int, ...], seed: int, room: int) -> Sample | Failure:
        from vllm.exceptions import VLLMClientError
        from vllm.inputs import tokens_input
        from vllm.v1.engine.exceptions import EngineGenerateError

        drawing = self._started.llm.generate(
            tokens_input(list(prompt)),
            sampling_params(self._sampling, seed, room),
            str(next(self._numbers)),
        )
        try:
            (output,) = [one async for one in drawing]
        except VLLMClientError as error:
            return Failure(first_line(error))
        except EngineGenerateError as error:
            return Failure(first_line(error.__cause__ or error))
        return _sample(len(prompt), output.outputs[0])

    def _tokenize(self, prompt: str) -> tuple[int, ...]:
        tokenizer = self._started.tokenizer
        if not self._model.chat:
            return tuple(tokenizer(prompt)["input_ids"])
        ids = tokenizer.apply_chat_template(
            self._model.messages(prompt),
            add_generation_prompt=True,
            tokenize=True,
            return_dict=False,
        )
        return tuple(ids)


class _Flight:
    """Batches under way in a run, between the caller's thread and the loop's.

    Attributes:
        wanted: Samples to keep under way.
        batches: Batches that have not been given back.
    """

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.batches = 0
        self._samples = 0
        self._landed: deque[Result] = deque()
        self._error: Exception | None = None
        self._changed = threading.Condition()

    def launch(self, samples: int) -> None:
        """A batch starts."""
        with self._changed:
            self.batches += 1
            self._samples += samples

    def arrive(self) -> None:
        """A sample is done."""
        with self._changed:
            self._samples -= 1
            if self._samples < self.wanted:
                self._changed.notify()

    def land(self, batch: Batch, outcomes: Sequence[Outcome]) -> None:
        """A batch is done."""
        with self._changed:
            self._landed.append((batch, outcomes))
            self._changed.notify()

    def fail(self, error: Exception) -> None:
        """Nothing more will be done."""
        with self._changed:
            self._error = error
            self._changed.notify()

    def wait(self, more: bool) -> Result | None:
        """The next batch that is done; None as soon as another one is wanted.

        Args:
            more: Whether there may be another one.
        """

        def wanted() -> bool:
            return more and self._samples < self.wanted

        with self._changed:
            self._changed.wait_for(lambda: self._error or self._landed or wanted())
            if self._error is not None:
                raise self._error
            if wanted():
                return None
            self.batches -= 1
            return self._landed.popleft()


class _Considered(Sequence[Token]):
    """Generated tokens with log-probabilities, made of vLLM's as they are asked for."""

    def __init__(self, logprobs: Sequence[Mapping[int, Any]]) -> None:
        self._logprobs = logprobs

    def __len__(self) -> int:
        return len(self._logprobs)

    @overload
    def __getitem__(self, place: int) -> Token: ...
    @overload
    def __getitem__(self, place: slice) -> list[Token]: ...
    def __getitem__(self, place: int | slice) -> Token | list[Token]:
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(len(self)))]
        at = range(len(self))[place]
        considered = list(self._logprobs[at].values())  # the sampled token first
        table: dict[str, float] = {}
        for one in sorted(considered, key=lambda one: -one.logprob):
            table.setdefault(one.decoded_token, one.logprob)
        return considered[0].decoded_token, table


def sampling_params(sampling: Sampling, seed: int, room: int) -> Any:
    """Sampling parameters of one sample, as vLLM has them.

    Args:
        sampling: How to sample.
        seed: Seed of the sample.
        room: Tokens left in the context.
    """
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind

    return SamplingParams(
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        top_k=sampling.top_k or 0,
        min_p=sampling.min_p,
        seed=seed,
        max_tokens=min(sampling.max_tokens, room),
        stop=list(sampling.stop),
        logprobs=sampling.logprobs or None,
        flat_logprobs=True,
        output_kind=RequestOutputKind.FINAL_ONLY,
    )


def _sample(prompt_tokens: int, completion: Any) -> Sample | Failure:
    if completion.finish_reason in {"abort", "error"}:
        return Failure(f"vLLM ended it with {completion.finish_reason}")
    logprobs = completion.logprobs
    return Sample(
        completion.text,
        prompt_tokens,
        len(completion.token_ids),
        completion.finish_reason,
        None if logprobs is None else _Considered(logprobs),
    )


def _outcome(samples: Sequence[Sample | Failure]) -> Outcome:
    failures = [sample for sample in samples if isinstance(sample, Failure)]
    return failures[0] if failures else [s for s in samples if isinstance(s, Sample)]


def open_engine(model: Model, sampling: Sampling, options: Mapping[str, object]) -> VllmEngine:
    """Start vLLM with a model.

    Args:
        model: A folder, or a model on the hub.
        sampling: How to sample.
        options: vLLM's engine arguments by name, such as tensor_parallel_size,
            data_parallel_size, dtype, max_model_len, max_num_seqs or gpu_memory_utilization.

    Raises:
        BadInputError: An option is wrong, the model cannot be found, or it has no chat template.
        SvlawError: vLLM is missing, or does not start.
    """
    started = start(model, sampling, options)
    try:
        sampling_params(sampling, 0, started.context)
    except Exception as error:
        started.llm.shutdown(timeout=_PATIENCE_SECONDS)
        started.log.close()
        raise BadInputError(f"sampling: {first_line(error)}") from error
    return VllmEngine(model, sampling, started)

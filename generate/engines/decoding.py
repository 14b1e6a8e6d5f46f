"""Token by token with transformers: every sample draws from its own seed, whatever runs beside it.

The library's `generate` computes the model and knows its caches; here are the draw, as a logits
processor, and the ends of samples, as a stopping criterion. Samples of one prompt share its
prefill, and `generate` is left and entered again whenever a quarter of the rows are done, so that
few rows are computed in vain.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from inspect import signature
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from svlaw.generate.engines.protocol import Sampling

Tensor = Any
"""A torch tensor; torch is not there when types are checked."""

DONE_SHARE: Final = 0.25
"""Share of finished rows at which they are taken out."""


@dataclass(frozen=True)
class Row:
    """One sample to draw.

    Attributes:
        prompt: Tokens of the prompt.
        seed: Seed of the sample.
        room: Most tokens it may have, at least 1.
    """

    prompt: tuple[int, ...]
    seed: int
    room: int


@dataclass
class Drawn:
    """One sample drawn.

    Attributes:
        tokens: Its tokens, the one that ended it included.
        stopped: Whether it ended by itself, and not for lack of room.
        likeliest: Tokens considered at each, shape (tokens, k); empty where none were asked for.
        logprobs: Their log-probabilities, of the same shape.
        chosen: Log-probability of each token.
    """

    tokens: list[int]
    stopped: bool
    likeliest: list[list[int]] = field(default_factory=list)
    logprobs: list[list[float]] = field(default_factory=list)
    chosen: list[float] = field(default_factory=list)


class Decoder:
    """A loaded model that draws samples.

    Args:
        model: The model, on its device.
        sampling: How to draw.
        ends: Tokens that end a sample.
        stops: Given output tokens of shape (rows, tokens), which rows have come to a stop text.
    """

    def __init__(
        self,
        model: Any,
        sampling: Sampling,
        ends: Sequence[int],
        stops: Callable[[Tensor], Tensor] | None,
    ) -> None:
        from transformers import GenerationConfig

        self._model = model
        self._sampling = sampling
        self._warpers = _warpers(sampling)
        self._ends = ends
        self._stops = stops
        model.generation_config = GenerationConfig()
        names = signature(model.forward).parameters
        self._cache_name = "cache" if "cache" in names else "past_key_values"

    def draw(self, rows: Sequence[Row]) -> list[Drawn]:
        """Draw samples that are computed together, in the order of `rows`."""
        import torch

        prompts = list(dict.fromkeys(row.prompt for row in rows))
        places = {prompt: place for place, prompt in enumerate(prompts)}
        device = self._model.device
        with torch.inference_mode():
            tokens, mask = _padded(prompts, device)
            which = torch.tensor([places[row.prompt] for row in rows], device=device)
            cache = self._prefill(tokens, mask)
            if cache is not None:
                cache.batch_select_indices(which)
            return self._decode(rows, tokens[which], mask[which], cache)

    def _prefill(self, tokens: Tensor, mask: Tensor) -> Any:
        """Cache of all but the last token of each prompt; None where it cannot be shared."""
        from transformers import DynamicCache
        from transformers.cache_utils import DynamicLayer

        cache = DynamicCache(config=self._model.config)
        if tokens.shape[1] < 2 or not all(isinstance(at, DynamicLayer) for at in cache.layers):
            return None
        self._generate(tokens[:, :-1], mask[:, :-1], cache, 1, [], [])
        return cache

    def _decode(self, rows: Sequence[Row], tokens: Tensor, mask: Tensor, cache: Any) -> list[Drawn]:
        import torch

        width = tokens.shape[1]
        draw = _Draw(self._warpers, self._sampling, _uniforms(rows), width, tokens.device)
        rooms = torch.tensor([row.room for row in rows], device=tokens.device)
        ends = _Ends(rooms, self._ends, self._stops, width, 1.0 if cache is None else DONE_SHARE)
        drawn = [Drawn([], stopped=False) for _ in rows]
        active = torch.arange(len(rows), device=tokens.device)
        while len(active):
            before = tokens.shape[1]
            room = int(ends.rooms.max()) - (before - width)
            tokens = self._generate(tokens, mask, cache, room, [draw], [ends])
            mask = torch.nn.functional.pad(mask, (0, tokens.shape[1] - before), value=1)
            draw.hand_over([drawn[at] for at in active.tolist()])
            for at, length, stopped in ends.finished():
                sample = drawn[int(active[at])]
                sample.tokens = tokens[at, width : width + length].tolist()
                sample.stopped = stopped
            kept = (~ends.done).nonzero().squeeze(1)
            tokens, mask, active = tokens[kept], mask[kept], active[kept]
            draw.keep(kept)
            ends.keep(kept)
            if cache is not None and len(kept):
                cache.batch_select_indices(kept)
        return drawn

    def _generate(
        self, tokens: Tensor, mask: Tensor, cache: Any, room: int, draw: list[Any], ends: list[Any]
    ) -> Tensor:
        from transformers import GenerationConfig, LogitsProcessorList, StoppingCriteriaList

        return self._model.generate(
            input_ids=tokens,
            attention_mask=mask,
            generation_config=GenerationConfig(max_new_tokens=room, do_sample=False),
            logits_processor=LogitsProcessorList(draw),
            stopping_criteria=StoppingCriteriaList(ends),
            **({} if cache is None else {self._cache_name: cache}),
        )


class _Draw:
    """Logits processor that leaves one token, drawn by inverting the distribution function.

    The draw of a row at a token is a uniform number that depends on the row's seed and the token's
    place alone. In double precision, as single sums are not exact enough over large vocabularies.
    """

    def __init__(
        self,
        warpers: Sequence[Any],
        sampling: Sampling,
        uniforms: NDArray[np.float64],
        width: int,
        device: Any,
    ) -> None:
        import torch

        self._warpers = warpers
        self._greedy = sampling.temperature == 0
        self._count = sampling.logprobs
        self._uniforms = torch.from_numpy(uniforms).to(device)
        self._width = width
        self._considered: list[tuple[Tensor, Tensor, Tensor]] = []

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        raw = scores
        for warper in self._warpers:
            scores = warper(input_ids, scores)
        if self._greedy:
            chosen = scores.argmax(-1, keepdim=True)
        else:
            uniform = self._uniforms[:, input_ids.shape[1] - self._width, None]
            cumulated = scores.double().softmax(-1).cumsum(-1)
            chosen = (cumulated <= uniform * cumulated[:, -1:]).sum(-1, keepdim=True)
        if self._count:
            logprobs = raw.log_softmax(-1)
            top = logprobs.topk(min(self._count, raw.shape[-1]))
            self._considered.append((top.indices, top.values, logprobs.gather(1, chosen)))
        return raw.new_full(raw.shape, -float("inf")).scatter(1, chosen, 0.0)

    def hand_over(self, samples: Sequence[Drawn]) -> None:
        """Give what was considered since the last time to the samples, one for each row."""
        import torch

        if not self._considered:
            return
        parts = zip(*self._considered, strict=True)
        likeliest, logprobs, chosen = (torch.stack(part, 1).tolist() for part in parts)
        for place, sample in enumerate(samples):
            sample.likeliest += likeliest[place]
            sample.logprobs += logprobs[place]
            sample.chosen += [value for (value,) in chosen[place]]
        self._considered = []

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows."""
        self._uniforms = self._uniforms[rows]


class _Ends:
    """Stopping criterion that notes which rows are done, and ends `generate` when enough are.

    Attributes:
        rooms: Most tokens of each row.
        done: Which rows are done.
    """

    def __init__(
        self,
        rooms: Tensor,
        ends: Sequence[int],
        stops: Callable[[Tensor], Tensor] | None,
        width: int,
        share: float,
    ) -> None:
        self.rooms = rooms
        self._ends = rooms.new_tensor(ends)
        self._stops = stops
        self._width = width
        self._share = share
        self._forget()

    def __call__(self, input_ids: Tensor, scores: Tensor, **_: Any) -> Tensor:
        length = input_ids.shape[1] - self._width
        stopped = (input_ids[:, -1:] == self._ends).any(-1)
        if self._stops is not None:
            stopped |= self._stops(input_ids[:, self._width :])
        fresh = (stopped | (self.rooms <= length)) & ~self.done
        self._stopped |= stopped & fresh
        self._lengths[fresh] = length
        self.done |= fresh
        return self.done | (self.done.double().mean() >= self._share)

    def finished(self) -> list[tuple[int, int, bool]]:
        """Rows that are done, how many tokens each has, and whether it ended by itself."""
        rows = self.done.nonzero().squeeze(1)
        columns = (rows, self._lengths[rows], self._stopped[rows])
        return list(zip(*(column.tolist() for column in columns), strict=True))

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows, none of which is done."""
        self.rooms = self.rooms[rows]
        self._forget()

    def _forget(self) -> None:
        self.done = self.rooms < 0
        self._stopped = self.done.clone()
        self._lengths = self.rooms.clone()


def _uniforms(rows: Sequence[Row]) -> NDArray[np.float64]:
    """Uniform numbers in [0, 1), shape (rows, most tokens), each row from its own seed."""
    room = max(row.room for row in rows)
    return np.stack([np.random.default_rng(row.seed).random(room) for row in rows])


def _padded(prompts: Sequence[Sequence[int]], device: Any) -> tuple[Tensor, Tensor]:
    """Prompts padded on the left, and which tokens are theirs, both (prompts, longest)."""
    import torch

    width = max(map(len, prompts))
    tokens = np.zeros((len(prompts), width), dtype=np.int64)
    mask = np.zeros_like(tokens)
    for place, prompt in enumerate(prompts):
        tokens[place, width - len(prompt) :] = prompt
        mask[place, width - len(prompt) :] = 1
    return torch.from_numpy(tokens).to(device), torch.from_numpy(mask).to(device)


def _warpers(sampling: Sampling) -> list[Any]:
    """What the library does to logits before a draw."""
    from transformers import (
        MinPLogitsWarper,
        TemperatureLogitsWarper,
        TopKLogitsWarper,
        TopPLogitsWarper,
    )

    if sampling.temperature == 0:
        return []
    warpers: list[Any] = []
    if sampling.temperature != 1:
        warpers.append(TemperatureLogitsWarper(float(sampling.temperature)))
    if sampling.top_k is not None:
        warpers.append(TopKLogitsWarper(sampling.top_k))
    if sampling.top_p < 1:
        warpers.append(TopPLogitsWarper(sampling.top_p))
    if sampling.min_p > 0:
        warpers.append(MinPLogitsWarper(sampling.min_p))
    return warpers

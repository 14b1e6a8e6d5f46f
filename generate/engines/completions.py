"""Requests to and answers of an OpenAI-compatible server, in its chat and its completions form."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from svlaw.data.lengths import share_out
from svlaw.generate.engines.protocol import Model, Sample, Sampling, Token

REFUSED: Final = "refused"
"""Finish reason of a sample whose prompt the server does not answer (a content filter, say)."""

Body = dict[str, Any]
"""JSON of a request or an answer."""

_LIMIT: Final = re.compile(r"context length(?: is| of)? \(?(\d+)")
_ABOVE: Final = re.compile(r"max_tokens=\d+ cannot be greater than max_model_len=(\d+)")
_PROMPT: Final = re.compile(
    r"(\d+)(?: input tokens| in the messages| in your prompt| tokens from the input)"
    r"|resulted in (\d+) tokens|input \((\d+) tokens"
)
_TOO_LONG: Final = re.compile(
    r"context.?(length|size|window)|(prompt|input|messages?) (is|are) too long"
    r"|max_tokens must be at least 1, got",
    re.IGNORECASE,
)


class MalformedAnswerError(Exception):
    """An answer without what an OpenAI-compatible server gives."""


@dataclass(frozen=True)
class Dialect:
    """What a server understands of a request.

    Attributes:
        limit: Name of the most tokens of a text.
        extensions: Whether parameters that OpenAI does not have are known, as to vLLM and
            llama.cpp: without them, a server's own top-k or penalty may apply unseen.
        neutral: Whether temperature 1 and top-p 1 may be said; some reasoning models refuse.
        most: Most texts of one request.
    """

    limit: str
    extensions: bool
    neutral: bool
    most: int


@dataclass(frozen=True)
class Form:
    """How a request is written.

    Attributes:
        model: The model, and whether its chat template is applied.
        sampling: How to sample.
        send_seed: Whether seeds are sent.
        extra_body: More parameters, as they are.
    """

    model: Model
    sampling: Sampling
    send_seed: bool
    extra_body: Mapping[str, object]

    def request(
        self, dialect: Dialect, prompt: str, seed: int, samples: int, max_tokens: int
    ) -> Body:
        """Arguments of the client's `create`."""
        body = self._prompt(prompt) | {dialect.limit: max_tokens} | self._decoding(dialect)
        if samples > 1:
            body["n"] = samples
        if self.send_seed:
            body["seed"] = seed
        if self.sampling.stop:
            body["stop"] = list(self.sampling.stop)
        body["extra_body"] = self._extensions(dialect) | dict(self.extra_body)
        return body

    def _prompt(self, prompt: str) -> Body:
        count = self.sampling.logprobs
        if not self.model.chat:
            body: Body = {"model": self.model.name, "prompt": prompt}
            return body | ({"logprobs": count} if count else {})
        body = {"model": self.model.name, "messages": self.model.messages(prompt)}
        return body | ({"logprobs": True, "top_logprobs": count} if count else {})

    def _decoding(self, dialect: Dialect) -> Body:
        body = {"temperature": self.sampling.temperature, "top_p": self.sampling.top_p}
        return {name: value for name, value in body.items() if dialect.neutral or value != 1}

    def _extensions(self, dialect: Dialect) -> Body:
        if dialect.extensions:
            return {
                "top_k": -1 if self.sampling.top_k is None else self.sampling.top_k,
                "min_p": self.sampling.min_p,
                "repetition_penalty": 1.0,
                "return_token_ids": True,
            }
        body: Body = {} if self.sampling.top_k is None else {"top_k": self.sampling.top_k}
        return body | ({"min_p": self.sampling.min_p} if self.sampling.min_p > 0 else {})


def read_answer(answer: Any, samples: int) -> tuple[list[Sample], bool]:
    """Samples of an answer in the order of their seeds, and whether all their tokens were counted.

    With several texts in an answer, the server's count is their sum; where it gives neither token
    numbers nor log-probabilities, the sum is shared out evenly.

    Raises:
        MalformedAnswerError: It is not an answer, or has no texts.
    """
    counts: list[int | None]
    try:
        choices = sorted(answer["choices"], key=lambda choice: choice.get("index") or 0)[:samples]
        usage = answer.get("usage") or {}
        total = usage.get("completion_tokens")
        counts = [total] if len(choices) == 1 else list(map(_count, choices))
        counted = None not in counts
        if not counted:
            counts = share_out(total, len(choices))
        prompt = usage.get("prompt_tokens")
        read = [_sample(at, prompt, count) for at, count in zip(choices, counts, strict=True)]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise MalformedAnswerError from error
    if not read:
        raise MalformedAnswerError
    return read, counted


def _sample(choice: Body, prompt: int | None, count: int | None) -> Sample:
    reason = str(choice.get("finish_reason") or "unknown")
    text: str | None = choice.get("text")
    if "message" in choice:
        message = choice["message"]
        text = message.get("content") or ""
        if message.get("refusal") and not text:
            return Sample(None, prompt, count, REFUSED)
    if not isinstance(text, str):
        raise TypeError
    return Sample(text, prompt, count, reason, _tokens(choice.get("logprobs")))


def _tokens(logprobs: Body | None) -> list[Token] | None:
    """Tokens with log-probabilities, of either form; None where the server gives none."""
    if not logprobs:
        return None
    if logprobs.get("content") is not None:
        return [
            _token(at, ((other["token"], other["logprob"]) for other in at["top_logprobs"]))
            for at in logprobs["content"]
        ]
    if logprobs.get("tokens") is None or logprobs.get("top_logprobs") is None:
        return None
    columns = (logprobs["tokens"], logprobs["token_logprobs"], logprobs["top_logprobs"])
    return [
        _token({"token": token, "logprob": value}, (top or {}).items())
        for token, value, top in zip(*columns, strict=True)
    ]


def _token(at: Body, considered: Iterable[tuple[str, float]]) -> Token:
    """A token and what was considered; where two tokens have one text, the likelier counts."""
    table: dict[str, float] = {at["token"]: at["logprob"]}
    for text, value in considered:
        table[text] = max(value, table.get(text, value))
    return at["token"], table


def _count(choice: Body) -> int | None:
    tokens = choice.get("token_ids")
    if tokens is None:
        logprobs = choice.get("logprobs") or {}
        tokens = logprobs.get("content") or logprobs.get("tokens")
    return None if tokens is None else len(tokens)


@dataclass(frozen=True)
class Overflow:
    """A request that the context has no room for.

    Attributes:
        prompt_tokens: Tokens of the prompt, where the server says.
        room: Tokens to ask for instead; 0 when there is no room or it is not said.
    """

    prompt_tokens: int | None
    room: int


def read_overflow(code: str | None, message: str) -> Overflow | None:
    """What a refusal says of the context; None if it is about something else."""
    above = _ABOVE.search(message)
    if above is not None:
        return Overflow(None, int(above[1]))
    if code != "context_length_exceeded" and not _TOO_LONG.search(message):
        return None
    limit, prompt = _LIMIT.search(message), _PROMPT.search(message)
    if prompt is None or "at least" in message[: prompt.start()]:
        return Overflow(None, 0)
    tokens = next(int(group) for group in prompt.groups() if group)
    return Overflow(tokens, max(0, int(limit[1]) - tokens) if limit else 0)

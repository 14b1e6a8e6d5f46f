"""What the sampler asks of an engine, and what an engine gives back.

The sampler hands an engine an iterator of batches, lazily, and takes the batches back as they are
done, in any order. A batch is the smallest piece of work: its requests are sampled together and
stored together, and what is in it depends on the configuration alone, not on what was interrupted
when. An engine that draws each sample from its own seed, and computes a batch on its own, therefore
gives the same texts however often it was stopped.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from svlaw.data.verdicts.probabilities import Token

__all__ = [
    "PROMPT_TOO_LONG",
    "Batch",
    "Engine",
    "Failure",
    "Model",
    "Outcome",
    "Request",
    "Sample",
    "Sampling",
    "Token",
]

PROMPT_TOO_LONG = "prompt_too_long"
"""Finish reason of a sample whose prompt leaves no room in the model's context."""


@dataclass(frozen=True)
class Sampling:
    """How text is sampled; the same for all requests of a run.

    Attributes:
        temperature: 0 takes the likeliest token.
        top_p: Nucleus: the smallest set of tokens with at least this probability.
        top_k: The k likeliest tokens; None for all.
        min_p: Tokens at least this likely relative to the likeliest; 0 for all.
        max_tokens: Most tokens of a sample.
        stop: Texts that end a sample and are not part of it.
        logprobs: Log-probabilities kept at each token, of this many likeliest tokens; 0 for none.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int | None = None
    min_p: float = 0.0
    max_tokens: int = 1024
    stop: tuple[str, ...] = ()
    logprobs: int = 0


@dataclass(frozen=True)
class Model:
    """A model and how it is spoken to.

    Attributes:
        name: Path, hub id, or the name a server knows it by.
        revision: Revision on the hub; None for the newest.
        chat: Whether a prompt becomes a user's message in the model's chat template.
        system: System message before it; None for none. Needs `chat`.
    """

    name: str
    revision: str | None = None
    chat: bool = True
    system: str | None = None

    def messages(self, prompt: str) -> list[dict[str, str]]:
        """A prompt as the messages of a chat."""
        user = {"role": "user", "content": prompt}
        return [user] if self.system is None else [{"role": "system", "content": self.system}, user]


@dataclass(frozen=True)
class Request:
    """Samples to draw of one prompt.

    Attributes:
        prompt: The user's message, or the whole text where no chat template is applied.
        seed: Seed of the first sample; sample i has seed + i.
        samples: How many to draw.
    """

    prompt: str
    seed: int
    samples: int


@dataclass(frozen=True)
class Sample:
    """One generated text.

    Attributes:
        text: The text, without the stop text; None when nothing could be generated.
        prompt_tokens: Tokens of the prompt, chat template included.
        output_tokens: Generated tokens, the end token included.
        finish_reason: `stop`, `length`, `prompt_too_long` or what the server said.
        tokens: Generated tokens with log-probabilities; None where none were asked for or given.
    """

    text: str | None
    prompt_tokens: int | None
    output_tokens: int | None
    finish_reason: str
    tokens: Sequence[Token] | None = None


@dataclass(frozen=True)
class Failure:
    """A request that brought nothing now and may succeed later (a server that was busy or died).

    Attributes:
        reason: What went wrong, in a few words without line breaks.
    """

    reason: str


Outcome = Sequence[Sample] | Failure
"""A request's samples in the order of their seeds, or its failure."""


@dataclass(frozen=True)
class Batch:
    """Requests that are sampled together; see the module.

    Attributes:
        number: Which batch of the run it is.
        requests: Its requests.
    """

    number: int
    requests: tuple[Request, ...]


class Engine(Protocol):
    """A loaded model, or a server, ready to sample.

    Attributes:
        name: Its name, as in the configuration.
        version: Version of the library behind it.
        remarks: What the user should be told about the run so far, each once.
    """

    name: str
    version: str
    remarks: list[str]

    def run(self, batches: Iterable[Batch]) -> Iterator[tuple[Batch, Sequence[Outcome]]]:
        """Sample batches, in any order, each with one outcome per request.

        `batches` is read only as far as the engine can keep busy with, so it may be long. Closing
        the iterator drops what is under way.

        Raises:
            SvlawError: The engine cannot go on (a server that is gone, memory that is short).
        """
        ...

    def close(self) -> None:
        """Give back memory and processes."""
        ...

"""Engine `openai`: any server that speaks OpenAI's interface (vLLM, llama.cpp, SGLang, OpenAI).

A request's samples are asked for in chunks of n texts; chunk j has the request's seed plus n times
j, as vLLM gives the i-th text of a request the seed plus i. The client library repeats a request
that was too many (429), timed out (408), met a lock (409) or an error of the server (5xx), or whose
connection failed, waiting longer each time, or as long as the server asks (`Retry-After`).
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field

from svlaw.data.errors import BadInputError, SvlawError, first_line
from svlaw.generate.engines.completions import (
    REFUSED,
    Dialect,
    Form,
    MalformedAnswerError,
    read_answer,
    read_overflow,
)
from svlaw.generate.engines.engine_options import EngineOptions, read_options
from svlaw.generate.engines.protocol import (
    PROMPT_TOO_LONG,
    Batch,
    Model,
    Outcome,
    Request,
    Sample,
    Sampling,
)
from svlaw.generate.engines.request_pieces import FailedError, fly

NAME: Final = "openai"

REFUSALS: Final = frozenset({400, 413, 422, 451})
"""Statuses of a prompt that is refused for good, once the server has answered another."""

GREETING: Final = "2 + 2 = ?"
"""Prompt of the request that finds out what the server understands."""

GREETING_RETRIES: Final = 2
"""How often that is repeated at most, as someone waits for it."""

TRIES_FOR_ROOM: Final = 3
"""Requests with ever fewer tokens until they fit beside the prompt."""

LONGEST_CONNECT: Final = 10.0
"""Seconds to wait for a connection."""

LONGEST_QUOTE: Final = 200
"""Characters of what a server said that are quoted."""


class OpenAIOptions(EngineOptions):
    """Options of the engine.

    Attributes:
        base_url: Address of the server, as `http://localhost:8000/v1`; OpenAI's if not given.
        api_key_env: Environment variable with the key. Servers of one's own need none.
        concurrency: Most HTTP requests under way.
        timeout: Seconds to wait for an answer.
        retries: How often a request is repeated.
        samples_per_request: Texts asked for in one HTTP request.
        token_limit: Name of the most tokens of a text in a request; found out if not given.
        send_seed: Whether seeds are sent; some servers refuse them.
        extra_body: More parameters of every request, as they are.
    """

    base_url: str | None = Field(default=None, pattern="^https?://.")
    api_key_env: str = "OPENAI_API_KEY"
    concurrency: int = Field(default=64, ge=1)
    timeout: float = Field(default=600, gt=0)
    retries: int = Field(default=6, ge=0)
    samples_per_request: int = Field(default=8, ge=1)
    token_limit: Literal["max_tokens", "max_completion_tokens"] | None = None
    send_seed: bool = True
    extra_body: dict[str, object] = Field(default_factory=dict)


class OpenAIEngine:
    """A server.

    Attributes:
        name: `openai`.
        version: Version of the client library.
        remarks: What a user should know about the server.
    """

    name: str = NAME

    def __init__(self, model: Model, sampling: Sampling, options: OpenAIOptions) -> None:
        import openai

        self.version: str = openai.__version__
        self.remarks: list[str] = []
        self._model = model
        self._sampling = sampling
        self._options = options
        self._form = Form(model, sampling, options.send_seed, options.extra_body)
        self._base_url = options.base_url or os.environ.get("OPENAI_BASE_URL")
        self._key = os.environ.get(options.api_key_env) or None
        if self._key is None and self._base_url is None:
            raise BadInputError(
                f"engine {NAME}: the environment variable {options.api_key_env} is empty; put your"
                " key there, or give engine_options.base_url for a server of your own"
            )
        self._dialect = next(self._dialects())
        self._room = sampling.max_tokens
        self._controlled = False

    def run(self, batches: Iterable[Batch]) -> Iterator[tuple[Batch, Sequence[Outcome]]]:
        """Sample batches, as many at once as keep `concurrency` requests under way.

        Raises:
            SvlawError: The server is gone, or no longer takes the key or the model.
        """
        from anyio import Lock
        from anyio.from_thread import start_blocking_portal

        options = self._options
        self._control = Lock()
        with (
            start_blocking_portal() as portal,
            portal.wrap_async_context_manager(self._client(options.retries)) as client,
        ):
            start = partial(portal.start_task_soon, self._samples, client)
            yield from fly(
                batches, options.samples_per_request, start, options.concurrency, self._address
            )

    def close(self) -> None:
        """Nothing is held between runs."""

    async def greet(self) -> None:
        """Find out what the server understands, from the fullest way of asking to the plainest.

        Raises:
            BadInputError: It does not know the model, the key, or a parameter in any way.
            SvlawError: It cannot be reached, or is busy.
        """
        import openai

        refusals: list[str] = []
        async with self._client(min(self._options.retries, GREETING_RETRIES)) as client:
            for dialect in self._dialects():
                wanted = min(2, dialect.most)
                body = self._form.request(dialect, GREETING, 0, wanted, self._greeting_tokens)
                try:
                    samples = await self._send(client, body, wanted)
                except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                    refusals.append(self._quote(error))
                    continue
                except openai.APIStatusError as error:
                    raise await self._unwelcome(client, error) from error
                except openai.APIConnectionError as error:
                    raise SvlawError(
                        f"{self._address}: cannot be reached ({self._connection(error)}); is the"
                        " server running, and is engine_options.base_url right?"
                    ) from error
                except MalformedAnswerError as error:
                    raise BadInputError(
                        f"{self._address}: does not answer as OpenAI's interface does; check"
                        " engine_options.base_url, which mostly ends in /v1"
                    ) from error
                most = dialect.most if len(samples) == wanted else 1
                self._dialect = replace(dialect, most=most)
                if most < self._options.samples_per_request:
                    self._remark(f"{self._address} gives one text per request, whatever n is")
                return
        said = "; ".join(dict.fromkeys(refusals))
        raise BadInputError(f"{self._address}: refuses requests of these settings: {said}")

    async def _samples(self, client: Any, request: Request) -> list[Sample]:
        """All samples of a piece; those a server leaves out are asked for again."""
        done: list[Sample] = []
        while len(done) < request.samples:
            wanted = min(request.samples - len(done), self._dialect.most)
            answer = await self._answer(client, request.prompt, request.seed + len(done), wanted)
            if len(answer) < wanted:
                self._dialect = replace(self._dialect, most=len(answer))
                self._remark(
                    f"{self._address} gives {len(answer)} texts per request where {wanted} were"
                    " asked for; the others are asked for again"
                )
            done += answer
        return done

    async def _answer(self, client: Any, prompt: str, seed: int, wanted: int) -> list[Sample]:
        """Samples of one HTTP request.

        Raises:
            FailedError: It brought nothing now.
            SvlawError: No request will bring anything.
        """
        import openai

        room = self._room
        for _ in range(TRIES_FOR_ROOM):
            body = self._form.request(self._dialect, prompt, seed, wanted, room)
            try:
                return await self._send(client, body, wanted)
            except openai.APIStatusError as error:
                final = error.status_code in REFUSALS
                overflow = read_overflow(error.code, _said(error)) if final else None
                if overflow is None:
                    await self._refuse(client, error)
                    return [Sample(None, None, 0, REFUSED)] * wanted
                if not 0 < overflow.room < room:
                    sample = Sample(None, overflow.prompt_tokens, 0, PROMPT_TOO_LONG)
                    return [sample] * wanted
                room = overflow.room
                if overflow.prompt_tokens is None:
                    self._room = room
            except openai.APIConnectionError as error:
                raise FailedError(self._connection(error)) from error
            except MalformedAnswerError as error:
                raise FailedError("an answer that is not of OpenAI's form") from error
        raise FailedError(f"no room in the context for {room} tokens")

    async def _refuse(self, client: Any, error: Any) -> None:
        """Return when it is the prompt that is refused, and for good; raise for all else."""
        status, said = error.status_code, self._quote(error)
        if status in {401, 404}:
            raise SvlawError(f"{self._address}: refuses requests (HTTP {status}: {said})")
        if status not in REFUSALS:
            raise FailedError(f"HTTP {status}: {said}")
        async with self._control:
            if not self._controlled:
                await self._ask_control(client, said)
                self._controlled = True
        self._remark(f"{self._address} refuses some prompts, for one because: {said}")

    async def _ask_control(self, client: Any, said: str) -> None:
        """Ask for the greeting with all settings: if that is refused too, they are to blame."""
        import openai

        body = self._form.request(self._dialect, GREETING, 0, 1, self._room)
        try:
            await self._send(client, body, 1)
        except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
            raise BadInputError(
                f"{self._address}: refuses requests of these settings: {said}"
            ) from error
        except (openai.APIError, MalformedAnswerError) as error:
            raise FailedError(f"refused: {said}") from error

    async def _send(self, client: Any, body: dict[str, Any], wanted: int) -> list[Sample]:
        resource = client.chat.completions if self._model.chat else client.completions
        response = await resource.with_raw_response.create(**body)
        try:
            answer = response.http_response.json()
        except ValueError as error:
            raise MalformedAnswerError from error
        samples, counted = read_answer(answer, wanted)
        if not counted:
            self._remark(
                f"{self._address} does not say how many tokens each text has; the sum of a request"
                " is shared out evenly (engine_options.samples_per_request: 1 gives exact counts)"
            )
        if self._sampling.logprobs and any(at.tokens is None for at in samples):
            self._remark(f"{self._address} gives no log-probabilities")
        return samples

    def _client(self, retries: int) -> Any:
        import openai

        wait = self._options.timeout
        return openai.AsyncOpenAI(
            api_key=self._key or "none",
            base_url=self._base_url,
            timeout=openai.Timeout(wait, connect=min(wait, LONGEST_CONNECT)),
            max_retries=retries,
        )

    def _dialects(self) -> Iterator[Dialect]:
        """Ways of asking, the fullest first."""
        options = self._options
        limits = ["max_tokens"] + ["max_completion_tokens"] * self._model.chat
        if options.token_limit is not None:
            limits = [options.token_limit]
        for most in dict.fromkeys((options.samples_per_request, 1)):
            yield Dialect(limits[0], extensions=True, neutral=True, most=most)
            for limit in limits:
                yield Dialect(limit, extensions=False, neutral=True, most=most)
            yield Dialect(limits[-1], extensions=False, neutral=False, most=most)

    @property
    def _greeting_tokens(self) -> int:
        return min(self._sampling.max_tokens, 16)

    async def _unwelcome(self, client: Any, error: Any) -> SvlawError:
        """What to tell of a server that answers the greeting with an error."""
        said = f"HTTP {error.status_code}: {self._quote(error)}"
        if error.status_code in {401, 403}:
            return BadInputError(
                f"{self._address}: refuses the key in the environment variable"
                f" {self._options.api_key_env} ({said})"
            )
        if error.status_code == 404:
            return BadInputError(
                f"{self._address}: knows no model {self._model.name!r} ({said});"
                f"{await self._served(client)} check the model's name, and engine_options.base_url,"
                " which mostly ends in /v1"
            )
        return SvlawError(f"{self._address}: cannot serve now ({said}); start again later")

    async def _served(self, client: Any) -> str:
        import openai

        try:
            names = [model.id async for model in client.models.list()]
        except (openai.OpenAIError, AttributeError, TypeError):
            return ""
        return f" it serves {', '.join(names[:10])};"

    @property
    def _address(self) -> str:
        """The server's address, without name and password."""
        address = urlsplit(self._base_url or "https://api.openai.com/v1")
        port = f":{address.port}" if address.port else ""
        return f"{address.scheme}://{address.hostname}{port}{address.path}"

    def _quote(self, error: Any) -> str:
        """What a server said, in one short line without the key."""
        return self._clean(_said(error))

    def _connection(self, error: Exception) -> str:
        import openai

        if isinstance(error, openai.APITimeoutError):
            return f"no answer within {self._options.timeout:g} s"
        cause = error.__cause__
        said = first_line(cause if isinstance(cause, Exception) else error)
        return f"connection failed: {self._clean(said)}"

    def _clean(self, text: str) -> str:
        if self._key is not None:
            text = text.replace(self._key, "***")
        return " ".join(text.split())[:LONGEST_QUOTE]

    def _remark(self, text: str) -> None:
        if text not in self.remarks:
            self.remarks.append(text)


def _said(error: Any) -> str:
    """What a server said of an error."""
    body = error.body if isinstance(error.body, dict) else {}
    return str(body.get("message") or body.get("detail") or error.message)


def open_engine(model: Model, sampling: Sampling, options: Mapping[str, object]) -> OpenAIEngine:
    """Find a server, and find out what it understands by one or a few short requests.

    Args:
        model: Its name on the server; the revision is the server's business.
        sampling: How to sample.
        options: See `OpenAIOptions`.

    Raises:
        BadInputError: An option is wrong, or the server does not know the model, the key or a
            parameter.
        SvlawError: The package is missing, or the server cannot be reached or is busy.
    """
    checked = read_options(OpenAIOptions, options, NAME)
    try:
        import openai  # noqa: F401  here for the message
        from anyio.from_thread import start_blocking_portal
    except ImportError as error:
        raise SvlawError(
            f"engine {NAME}: {first_line(error)}; pip install 'svlaw[openai]'"
        ) from error
    engine = OpenAIEngine(model, sampling, checked)
    with start_blocking_portal() as portal:
        portal.call(engine.greet)
    return engine

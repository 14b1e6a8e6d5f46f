"""A server on loopback that speaks OpenAI's interface and fails as it is told to.

What it does with a request is a function of the request (`respond`); by default it answers as vLLM
would, with texts that name their prompt and seed, so that a test sees which seed gave what.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GREETING = "2 + 2 = ?"
MODEL = "tiny"


@dataclass(frozen=True)
class Asked:
    """A request.

    Attributes:
        path: Its path.
        headers: Its headers, names in lower case.
        body: Its JSON.
        number: How many requests with the same prompt and seed came before it.
        time: When it came, in seconds.
    """

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    number: int
    time: float

    @property
    def chat(self) -> bool:
        return self.path.endswith("/chat/completions")

    @property
    def prompt(self) -> str:
        if self.chat:
            return str(self.body["messages"][-1]["content"])
        return str(self.body.get("prompt"))


@dataclass(frozen=True)
class Reply:
    """An answer.

    Attributes:
        status: Its status.
        body: JSON, or bytes as they are.
        headers: More headers.
        delay: Seconds before it is sent.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0


@dataclass(frozen=True)
class Drop:
    """The connection is closed without an answer, or after half of one."""

    half: bool = False


def refuse(status: int, message: str, **more: object) -> Reply:
    """An error in OpenAI's form."""
    return Reply(status, {"error": {"message": message, "type": "error", **more}})


def answer(asked: Asked, n: int | None = None) -> dict[str, Any]:
    """What vLLM would say, with `n` texts whatever was asked; each word is a token."""
    count = n or asked.body.get("n", 1)
    choices = [_choice(asked, place, asked.body.get("seed", 0) + place) for place in range(count)]
    words = sum(len(at["token_ids"]) for at in choices)
    if not asked.body.get("return_token_ids"):
        for at in choices:
            del at["token_ids"]
    prompt = len(asked.prompt.split())
    return {
        "id": "1",
        "choices": choices,
        "usage": {"prompt_tokens": prompt, "completion_tokens": words, "total_tokens": 0},
    }


def _choice(asked: Asked, index: int, seed: int) -> dict[str, Any]:
    text = f"{asked.prompt} by {seed}" + " more" * (seed % 3)
    choice: dict[str, Any] = {
        "index": index,
        "finish_reason": "stop",
        "token_ids": list(range(len(text.split()))),
        "logprobs": None,
    }
    if asked.chat:
        choice["message"] = {"role": "assistant", "content": text, "refusal": None}
        if asked.body.get("logprobs"):
            top = [{"token": "Yes", "logprob": -0.25}, {"token": "No", "logprob": -1.5}]
            top = top[: asked.body["top_logprobs"]]
            choice["logprobs"] = {
                "content": [
                    {"token": word, "logprob": -2.0, "top_logprobs": top} for word in text.split()
                ]
            }
    else:
        choice["text"] = text
        if asked.body.get("logprobs"):
            words = text.split()
            choice["logprobs"] = {
                "tokens": words,
                "token_logprobs": [-2.0] * len(words),
                "top_logprobs": [{"Yes": -0.25, "No": -1.5}] * len(words),
            }
    return choice


Respond = Callable[[Asked], Reply | Drop | dict[str, Any]]


class FaultyServer:
    """A running server.

    Attributes:
        url: Its address, as an engine wants it.
        respond: What it does with a request that is not the greeting.
        greet: What it does with the greeting.
        asked: All requests, in the order they came.
        most: Most requests that were under way at once.
    """

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/v1"
        self.respond: Respond = answer
        self.greet: Respond = answer
        self.asked: list[Asked] = []
        self.most = 0
        self.stopping = threading.Event()
        self._under_way = 0
        self._lock = threading.Lock()

    def seen(self, prompt: str) -> list[Asked]:
        """Requests of a prompt."""
        return [asked for asked in self.asked if asked.prompt == prompt]

    def take(self, path: str, headers: dict[str, str], body: dict[str, Any]) -> Any:
        """The answer to a request."""
        with self._lock:
            asked = Asked(path, headers, body, 0, time.monotonic())
            same = [
                before
                for before in self.seen(asked.prompt)
                if before.body.get("seed") == body.get("seed")
            ]
            asked = Asked(path, headers, body, len(same), asked.time)
            self.asked.append(asked)
            self._under_way += 1
            self.most = max(self.most, self._under_way)
        try:
            reply = (self.greet if asked.prompt == GREETING else self.respond)(asked)
            self.stopping.wait(reply.delay if isinstance(reply, Reply) else 0)
            return reply
        finally:
            with self._lock:
                self._under_way -= 1


@contextmanager
def serve() -> Iterator[FaultyServer]:
    """A server, as long as the block runs."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    http.daemon_threads = True
    server = FaultyServer(http.server_port)
    http.faulty = server  # type: ignore[attr-defined]
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.stopping.set()
        http.shutdown()
        thread.join()
        http.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._write(Reply(body={"object": "list", "data": [{"id": MODEL}, {"id": "other"}]}))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.faulty.take(self.path, headers, body)  # type: ignore[attr-defined]
        if isinstance(reply, Drop):
            if reply.half:
                self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
            self.close_connection = True
            return
        self._write(reply if isinstance(reply, Reply) else Reply(body=reply))

    def _write(self, reply: Reply) -> None:
        raw = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        headers = {"content-type": "application/json", "content-length": str(len(raw))}
        try:
            self.send_response(reply.status)
            for name, value in (headers | reply.headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)
        except OSError:  # the client has gone
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

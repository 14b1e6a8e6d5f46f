"""What lets through only requests that a browser on this machine makes for this site."""

from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src data:; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Sent with every response."""

_DEFAULT_PORT: Final = 80
"""The port that browsers leave out of the Host header."""


class LoopbackGuard:
    """Refuses every request that is not a GET for this server by its own name.

    A page of another site can have its name resolve to 127.0.0.1 (DNS rebinding) and so reach any
    local server; its requests then bear that name in the Host header.

    Args:
        site: The application behind.
        port: The port that it is served at.
    """

    def __init__(self, site: ASGIApp, port: int) -> None:
        self._site = site
        names = ("127.0.0.1", "localhost")
        self._hosts = {f"{name}:{port}" for name in names}
        if port == _DEFAULT_PORT:
            self._hosts.update(names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
            await send(message)

        await self._choose(scope)(scope, receive, send_guarded)

    def _choose(self, scope: Scope) -> ASGIApp:
        """Who answers: the site, or a refusal."""
        if scope["type"] != "http":
            return self._site
        hosts = Headers(scope=scope).getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return PlainTextResponse("Forbidden: open the address that was printed\n", 403)
        if scope["method"] != "GET":
            return PlainTextResponse("Only GET is allowed\n", 405, {"Allow": "GET"})
        return self._site

"""The server of `svlaw view`: on 127.0.0.1 only, until it is interrupted."""

import socket
from collections.abc import Callable

import uvicorn

from svlaw.data.errors import BadInputError
from svlaw.viewer.site import PoolSite

LOOPBACK = "127.0.0.1"


def serve(site: PoolSite, port: int, announce: Callable[[str], None]) -> None:
    """Serve a site until an interrupt.

    Args:
        site: The site.
        port: Port to serve it at; 0 for any free one.
        announce: Called with the address once a browser can connect.

    Raises:
        BadInputError: The port is taken, or may not be used.
        KeyboardInterrupt: The server was interrupted, and has ended.
    """
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
            listener.listen()
        except OSError as error:
            raise BadInputError(
                f"--port {port}: {error.strerror or error}; choose another one, or 0 for any that"
                " is free"
            ) from None
        bound = listener.getsockname()[1]
        config = uvicorn.Config(
            site.application(bound),
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=2,
        )
        announce(f"http://{LOOPBACK}:{bound}/")
        uvicorn.Server(config).run(sockets=[listener])

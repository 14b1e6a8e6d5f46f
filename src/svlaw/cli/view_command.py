"""`svlaw view`."""

from typing import Annotated

import typer

from svlaw.cli.options import PoolPath, Verifier
from svlaw.cli.output import console

_MISSING = "svlaw view: needs what is not installed: pip install 'svlaw[view]'"


def view(
    pool: PoolPath,
    verifier: Verifier = None,
    port: Annotated[
        int,
        typer.Option(
            metavar="PORT", min=0, max=65535, help="Port on 127.0.0.1; 0 for any that is free."
        ),
    ] = 0,
    no_open: Annotated[
        bool, typer.Option("--no-open", help="Print the address and open no browser.")
    ] = False,
) -> None:
    """Look at the problems behind the figures, in a browser on this machine; writes nothing.

    Ends with Ctrl-C.
    """
    from svlaw.data.errors import BadInputError
    from svlaw.viewer.viewed_pool import open_viewed

    try:
        from svlaw.viewer.server import serve
        from svlaw.viewer.site import PoolSite
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"starlette", "uvicorn"}:
            raise
        raise BadInputError(_MISSING) from None

    def announce(address: str) -> None:
        line = f"{address} (Ctrl-C ends it)"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
        console.file.flush()
        if not no_open:
            _open(address)

    serve(PoolSite(open_viewed(pool), verifier), port, announce)


def _open(address: str) -> None:
    """Open a browser, beside the server: one in the terminal would hold it up."""
    import threading
    import webbrowser

    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

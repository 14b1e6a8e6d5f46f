"""Addresses of Ray clusters: which one is meant, and whether anything answers there."""

import os
import socket
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from svlaw.data.errors import BadInputError

_PROBE_SECONDS: Final = 5.0


def check_place(place: str | None) -> None:
    """Raise for a place that is not `ray` or an address of a cluster.

    Raises:
        BadInputError: It is neither.
    """
    if place is None or place == "ray":
        return
    if not place.startswith("ray://") or None in _host_and_port(place):
        raise BadInputError(
            f"--on {place}: use 'ray' (the cluster of RAY_ADDRESS or of this machine, else one made"
            " of it), or ray://HOST:PORT"
        )


def address_of(place: str) -> str | None:
    """Where Ray is going to look for a cluster; None where it will make one.

    Without RAY_ADDRESS, Ray joins the cluster whose address stands in /tmp/ray/ray_current_cluster,
    or in that file below RAY_TMPDIR or TMPDIR (documented at `ray.init`).
    """
    if place != "ray":
        return place
    if named := os.environ.get("RAY_ADDRESS"):
        return named
    folder = os.environ.get("RAY_TMPDIR") or os.environ.get("TMPDIR") or "/tmp"
    try:
        return Path(folder, "ray", "ray_current_cluster").read_text().strip() or None
    except OSError:
        return None


def trouble_at(address: str) -> str | None:
    """What keeps an address from answering; None where something listens, or it has no port."""
    host, port = _host_and_port(address)
    if host is None or port is None:  # a word such as 'auto'
        return None
    try:
        socket.create_connection((host, port), _PROBE_SECONDS).close()
    except OSError as error:
        return error.strerror or str(error)
    return None


def _host_and_port(address: str) -> tuple[str | None, int | None]:
    parts = urlsplit(address if "://" in address else f"//{address}")
    try:
        return parts.hostname, parts.port
    except ValueError:
        return parts.hostname, None

"""How compiled kernels are made: without the GIL, cached, and never stale.

Numba caches a kernel by the file it stands in, so it would not notice a change in another file
that the kernel calls. Here the cache of all kernels lies in a folder named by the code of them all.
"""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba

_HERE = Path(__file__).parent
_ESTIMATING = ("kernels", "strategies", "success")
"""Folders of `analysis` whose code, that of their subfolders included, decides what a success table
holds."""


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function on its first call for each combination of types."""
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(_cache_folder(before))
    try:
        return numba.njit(nogil=True, cache=True)(function)
    finally:
        numba.config.CACHE_DIR = before


def code_digest(marker: bytes = b"") -> str:
    """Digest of the code of kernels and estimators, or of the modules in it that hold a marker."""
    paths = (path for folder in _ESTIMATING for path in (_HERE.parent / folder).rglob("*.py"))
    sources = (path.read_bytes() for path in sorted((*paths, _HERE.parent / "dust.py")))
    return hashlib.sha256(b"".join(s for s in sources if marker in s)).hexdigest()[:16]


@cache
def _cache_folder(chosen: str) -> Path:
    base = Path(chosen) if chosen else _HERE / "__pycache__"
    return base / f"kernels-{code_digest(b'@kernel')}"

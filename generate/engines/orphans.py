"""An end for vLLM's processes whose svlaw was killed.

vLLM computes in processes of its own. They notice a parent that ends, but not one that is killed
(SIGKILL, out of memory): they would hold the GPU's memory for ever, and a resumed run would find no
room. vLLM calls `end_with_parent` in each of them, as a plugin of its group `vllm.general_plugins`.
"""

import multiprocessing
import os
import signal
import threading
import time
from multiprocessing.process import BaseProcess
from typing import Final

MARK: Final = "SVLAW_ENGINE"
"""Environment variable that tells processes started by svlaw from all others."""

_GRACE_SECONDS: Final = 10.0


def end_with_parent() -> None:
    """End this process soon after its parent, if svlaw started it; return at once."""
    parent = multiprocessing.parent_process()
    if parent is not None and MARK in os.environ:
        threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: BaseProcess) -> None:
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)

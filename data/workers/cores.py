"""How many cores this process may use."""

import os


def usable_cores() -> int:
    """Cores the process is allowed to run on; where the system does not say, those it has."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1

"""How many cores this process may use. Pools of threads that compute take their size from here."""

import os


def available_cores() -> int:
    """Return the number of cores that this process may use, at least 1.

    A container or `taskset` may give it fewer than the machine has.
    """
    # Windows and macOS lack the affinity of a process.
    has_affinity = hasattr(os, "sched_getaffinity")
    return len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1

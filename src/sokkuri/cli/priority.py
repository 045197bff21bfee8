"""Give way to the other programs of this machine."""

import sys
from contextlib import suppress


def lower_priority() -> None:
    """Give this process, and those that it starts, what the other programs leave of the cores and
    of the disk. A disk without priorities is used as before."""
    import psutil

    process = psutil.Process()
    if sys.platform == "win32":
        process.nice(psutil.IDLE_PRIORITY_CLASS)
    else:
        process.nice(19)  # the lowest priority that POSIX has
    if sys.platform == "linux":
        with suppress(OSError, psutil.Error):  # some containers forbid it
            process.ionice(psutil.IOPRIO_CLASS_IDLE)

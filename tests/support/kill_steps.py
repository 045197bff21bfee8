"""Kill this process before a step of its work on files."""

import os
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

STEPS = {
    "open", "os.rename", "os.link", "os.remove", "os.mkdir", "os.utime", "os.truncate", "os.chmod",
    "os.scandir", "shutil.copyfile", "shutil.copystat", "shutil.move",
}  # fmt: skip
"""What Python tells of before it does it. Between any two of these a process can be killed."""


def kill_before(step: int, folder: Path, act: Callable[[], object]) -> None:
    """Kill this process before a step that concerns `folder`, or before its syncing of a file."""
    taken = count(1)

    def take() -> None:
        if next(taken) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        named = arguments[0] if event in STEPS else None
        if isinstance(named, str | bytes | os.PathLike):
            take() if os.fsdecode(named).startswith(str(folder)) else None

    os.fsync = lambda fd: take()
    sys.addaudithook(hook)
    act()

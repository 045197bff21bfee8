"""Tell whether the process of a run is alive, where its number means something.

A process number means something on one host, since one start of the system, in one namespace of
process numbers: containers with one host name have a namespace each.
"""

import os
import socket
import sys
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import psutil

_PROC = Path("/proc")
_START_FIELD = 19  # in /proc/PID/stat, counted after the name of the program: starttime


class Process(NamedTuple):
    """A process: where its number means something, the number, and when it started.

    born : in clock ticks since the system started, which no step of the clock changes; elsewhere
    than on Linux in seconds since the epoch.
    """

    place: str
    pid: int
    born: float


@lru_cache(maxsize=1)
def this_place() -> str:
    """Return the host name, with the system's start and the namespace where they are known."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        namespace = (_PROC / "self/ns/pid").readlink().name
    except OSError:
        return socket.gethostname()
    return f"{socket.gethostname()} {boot} {namespace}"


def this_process() -> Process:
    """Return the process that this code runs in."""
    place = this_place()
    if sys.platform == "linux" and place != socket.gethostname():
        pid = int((_PROC / "self").readlink().name)
        state = _read_state(pid)
        if state is not None:
            return Process(place, pid, state[1])
    process = psutil.Process()
    return Process(socket.gethostname(), process.pid, process.create_time())


def is_here(place: str) -> bool:
    """Return whether this process can tell about processes of that place.

    An older sokkuri recorded the host name only.
    """
    return place in (this_place(), socket.gethostname())


def is_alive(process: Process) -> bool:
    """Return whether a process of this place is alive, or may be: the system can hide it.

    The system uses process numbers again, so the start must be the same. A process that has ended
    and that its parent has not noticed yet is not alive.
    """
    return _may_be_alive(process) is not False


def is_surely_alive(process: Process) -> bool:
    """Return whether a process of this place is alive. A process that is hidden does not count."""
    return _may_be_alive(process) is True


def _may_be_alive(process: Process) -> bool | None:
    """Return whether a process is alive; None if the system hides it from this user."""
    if process.place == socket.gethostname():
        return _is_alive_by_time(process.pid, process.born)
    state = _read_state(process.pid)
    if state is not None:
        letter, born = state
        return letter not in "ZX" and born == process.born
    try:
        os.kill(process.pid, 0)  # the system may hide processes of other users in /proc
    except ProcessLookupError:
        return False
    except PermissionError:
        return None
    return False


def _read_state(pid: int) -> tuple[str, float] | None:
    """Return the state's letter and the start of a process, or None if /proc does not show it."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return fields[0], float(fields[_START_FIELD])


def _is_alive_by_time(pid: int, born: float) -> bool | None:
    try:
        return abs(psutil.Process(pid).create_time() - born) < 1.0
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return None

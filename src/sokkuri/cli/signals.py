"""End the process in good order after an interrupt, and in any case within two seconds.

Ctrl-C, SIGTERM and (on Windows) Ctrl-Break raise KeyboardInterrupt, so that work in progress is
committed or undone. If that takes too long (the disk stalls, or a callback swallows the exception),
the process ends at once. A collection survives that like any crash.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130
_GRACE_SECONDS = 1.5


def install_handlers() -> None:
    """Install the handlers. Call it once, from the main thread."""
    wait, report = _socket_channel() if os.name == "nt" else _pipe_channel()

    def interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
        report()
        raise KeyboardInterrupt

    def watch() -> None:
        wait()
        time.sleep(_GRACE_SECONDS)
        exit_now(INTERRUPTED)

    threading.Thread(target=watch, name="sokkuri-interrupt", daemon=True).start()
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):  # Windows alone has SIGBREAK
            signal.signal(getattr(signal, name), interrupt)


_Channel = tuple[Callable[[], object], Callable[[], object]]
"""A function that waits for an interrupt, and one that reports it. The second takes no lock, so
that a signal handler may call it at any moment."""


def _pipe_channel() -> _Channel:
    reading, writing = os.pipe()
    return lambda: os.read(reading, 1), lambda: os.write(writing, b"!")


def _socket_channel() -> _Channel:
    """Return a channel that the interpreter itself notifies as soon as a signal arrives.

    On Windows no Python handler runs while the main thread waits for a lock. There the
    interpreter can write to a socket only.
    """
    import socket

    receiver, sender = socket.socketpair()
    sender.setblocking(False)  # set_wakeup_fd requires it
    signal.set_wakeup_fd(sender.fileno())
    return lambda: receiver.recv(1), lambda: sender.send(b"!")


def exit_now(code: int) -> NoReturn:
    """End the process at once, without waiting for a worker thread that is still decoding."""
    try:
        if code == INTERRUPTED:
            sys.stderr.write("sokkuri: interrupted; finished work is kept\n")
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = code or 1  # the reader of our output is gone
    os._exit(code)

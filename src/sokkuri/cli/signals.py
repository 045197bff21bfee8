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
from contextlib import suppress
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130
_GRACE_SECONDS = 1.5


def install_handlers() -> None:
    """Install the handlers. Call it once, from the main thread."""
    receive, report = _socket_channel() if os.name == "nt" else _pipe_channel()

    def interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
        report()
        raise KeyboardInterrupt

    def watch() -> None:
        while not _is_interrupt(receive(), interrupt):
            pass
        time.sleep(_GRACE_SECONDS)
        exit_now(INTERRUPTED)

    threading.Thread(target=watch, name="sokkuri-interrupt", daemon=True).start()
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):  # Windows alone has SIGBREAK
            signal.signal(getattr(signal, name), interrupt)


def _is_interrupt(received: bytes, handler: Callable[[int, FrameType | None], object]) -> bool:
    """Return whether a byte of the channel stands for an interrupt that `handler` handles.

    The server handles its signals itself.
    """
    return received == _REPORT or signal.getsignal(received[0]) is handler


_REPORT = b"\0"  # what a handler sends; the interpreter sends the number of the signal

_Channel = tuple[Callable[[], bytes], Callable[[], object]]
"""A function that waits for a byte, and one that reports an interrupt. The second takes no lock, so
that a signal handler may call it at any moment. The interpreter itself sends the number of each
signal as soon as it arrives: no Python handler runs while the main thread waits in a library, for
instance for a lock of SQLite, or on Windows for any lock."""


def _pipe_channel() -> _Channel:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)  # set_wakeup_fd requires it
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    return lambda: os.read(reading, 1), lambda: _send(lambda: os.write(writing, _REPORT))


def _socket_channel() -> _Channel:
    """Return the same for Windows, where the interpreter can write to a socket only."""
    import socket

    receiver, sender = socket.socketpair()
    sender.setblocking(False)
    signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
    return lambda: receiver.recv(1), lambda: _send(lambda: sender.send(_REPORT))


def _send(send: Callable[[], object]) -> None:
    with suppress(BlockingIOError):  # full of reports that nobody has read yet
        send()


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

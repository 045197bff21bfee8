"""An interrupt ends the process in good order, and within two seconds in any case.

Ctrl-C and SIGTERM raise KeyboardInterrupt, so that what is under way is committed or undone. If
that takes too long (a disk that stalls, an interrupt that got lost in a callback), the process ends
as it stands, which a collection survives like any crash.
"""

import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130
_GRACE_SECONDS = 1.5


def end_in_time() -> None:
    """Install the handlers; call once, from the main thread."""
    reading, writing = os.pipe()

    def interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
        os.write(writing, b"!")  # takes no lock, so that a handler may do it at any moment
        raise KeyboardInterrupt

    def watch() -> None:
        os.read(reading, 1)
        time.sleep(_GRACE_SECONDS)
        leave(INTERRUPTED)

    threading.Thread(target=watch, name="sokkuri-interrupt", daemon=True).start()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)


def leave(code: int) -> NoReturn:
    """End the process at once: a worker that is still decoding must not hold up the exit."""
    try:
        if code == INTERRUPTED:
            sys.stderr.write("sokkuri: interrupted; what was done is kept\n")
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = code or 1  # whoever read our output is gone
    os._exit(code)

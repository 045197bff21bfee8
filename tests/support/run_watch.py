"""A running `sokkuri watch`, and its events as they come, for the functional tests."""

import json
import os
import queue
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from run_cli import RunningCommand, start

TIMEOUT_SECONDS = 60.0
"""Seconds to wait for an event before the test fails."""


class Watch:
    """The events of a command that runs."""

    def __init__(self, process: RunningCommand, reading: int) -> None:
        self.process = process
        self.events: list[dict[str, Any]] = []
        """Those that `wait_for` has passed."""
        self._new: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._listener = threading.Thread(target=self._listen, args=[reading])
        self._listener.start()

    def _listen(self, reading: int) -> None:
        with os.fdopen(reading, encoding="utf-8") as lines:
            for line in lines:
                self._new.put(json.loads(line))
        self._new.put(None)

    def wait_for(self, kind: str, **values: object) -> dict[str, Any]:
        """Return the next event of that kind with these values, once it comes."""
        while (event := self._new.get(timeout=TIMEOUT_SECONDS)) is not None:
            self.events.append(event)
            if event["event"] == kind and values.items() <= event.items():
                return event
        raise AssertionError(f"the command has ended: {self.process.communicate()}, {self.events}")

    def end(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """Send a signal; return the exit code and what was written to stderr."""
        self.process.send_signal(number)
        code = self.process.wait(TIMEOUT_SECONDS)
        self._listener.join(TIMEOUT_SECONDS)
        return code, self.process.communicate()[1]

    def close(self) -> None:
        """End the process, also after a failed test."""
        self.process.kill()
        self.process.wait(TIMEOUT_SECONDS)
        self._listener.join(TIMEOUT_SECONDS)
        self.process.communicate()


@contextmanager
def watching(*arguments: object) -> Iterator[Watch]:
    """Run `sokkuri watch --json` with these arguments while the block runs."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as stdout:
        process = start("watch", *arguments, "--json", stdout=stdout)
    watch = Watch(process, reading)
    try:
        yield watch
    finally:
        watch.close()

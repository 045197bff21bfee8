"""Run one job at a time in a background thread, and tell how far it is.

Takes a generator of Progress. A run can be stopped after each step.
"""

import logging
import threading
from collections.abc import Callable, Generator
from contextlib import closing
from typing import Any

from sokkuri.core.errors import SokkuriError
from sokkuri.core.types import Progress

_CLOSE_SECONDS = 10.0  # most steps take less; the others end with the process
_MOST_NOTES = 20
_log = logging.getLogger("sokkuri.web")

Steps = Generator[Progress[Any]]


class BackgroundRun:
    """Runs jobs, one at a time. Thread-safe; call `close` at the end. what : the job, for the name
    of the thread and for the log."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._running: Progress[Any] | None = None
        self._failure: str | None = None
        self._notes: list[str] = []
        self._result: Any = None
        self._stopped = threading.Event()

    def state(self) -> dict[str, Any]:
        """Return the progress as a document.

        running : the stage, and the numbers done and in total; None between runs. failure : why the
        last run stopped early.
        """
        with self._lock:
            running = self._running and self._describe(self._running)
            return {"running": running, "failure": self._failure}

    def close(self) -> None:
        """Stop the run at its next step and wait for it."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(_CLOSE_SECONDS)

    def _describe(self, step: Progress[Any]) -> dict[str, Any]:
        """Return a step as a document."""
        return {"stage": step.stage, "done": step.done, "total": step.total}

    def _begin(self, make_steps: Callable[[], Steps]) -> bool:
        """Start a job. Return False if one is in progress or this is closed."""
        with self._lock:
            if self._running is not None or self._stopped.is_set():
                return False
            self._running, self._failure = Progress("starting", 0, 0), None
            self._notes, self._result = [], None
            self._thread = threading.Thread(
                target=self._run, args=[make_steps], name=f"sokkuri-{self._what}", daemon=True
            )
            self._thread.start()
        return True

    def _run(self, make_steps: Callable[[], Steps]) -> None:
        failure = None
        try:
            self._follow(make_steps())
        except SokkuriError as error:
            failure = str(error)
        except Exception:  # noqa: BLE001 - otherwise nobody sees the fault of a thread
            _log.exception("%s failed", self._what)
            failure = "the server has a fault: see its log"
        finally:
            with self._lock:
                self._running, self._failure = None, failure

    def _follow(self, steps: Steps) -> None:
        with closing(steps):
            for step in steps:
                with self._lock:
                    self._running, self._result = step, step.result
                    if step.note and len(self._notes) < _MOST_NOTES:
                        self._notes.append(step.note)
                if self._stopped.is_set():
                    return

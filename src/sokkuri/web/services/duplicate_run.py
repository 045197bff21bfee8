"""Finds near-duplicates behind the pages' back: one thread, one run at a time, with its progress.

What was compared is kept by the collection, so that a run which is stopped loses little.
"""

import logging
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

from sokkuri.api import Collection
from sokkuri.core.errors import SokkuriError
from sokkuri.core.types import Progress
from sokkuri.curation.duplicates.find import DuplicateOptions, find_duplicates
from sokkuri.curation.types import Grade

_GOODBYE_SECONDS = 10.0  # a step of a run is done by then
_log = logging.getLogger("sokkuri.web")
_STARTING: Progress[object] = Progress("starting", 0, 0)


class Comparer:
    """Compares the collection in `where`. Shared by threads; call `close` at the end. engine : see
    DuplicateOptions."""

    def __init__(self, where: Path, engine: str | None = None) -> None:
        self._where = where
        self._engine = engine
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._running: Progress[object] | None = None
        self._failure: str | None = None
        self._notes: list[str] = []
        self._stopped = threading.Event()

    def start(self, min_grade: Grade) -> bool:
        """Compare what is new; False where a run is under way already."""
        with self._lock:
            if self._running is not None or self._stopped.is_set():
                return False
            self._running, self._failure, self._notes = _STARTING, None, []
            self._thread = threading.Thread(
                target=self._run, args=[min_grade], name="sokkuri-comparing", daemon=True
            )
            self._thread.start()
        return True

    def state(self) -> dict[str, Any]:
        """`running` : how far, or None. `failure` : what ended the last run before its time.
        `notes` : what it could not do."""
        with self._lock:
            running = self._running
            return {
                "running": running and _document(running),
                "failure": self._failure,
                "notes": [*self._notes],
            }

    def close(self) -> None:
        """Let a run end at its next step, and wait for that."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(_GOODBYE_SECONDS)

    def _run(self, min_grade: Grade) -> None:
        failure = None
        try:
            self._compare(min_grade)
        except SokkuriError as error:
            failure = str(error)
        except Exception:  # noqa: BLE001 - a thread's fault would go unseen
            _log.exception("comparing failed")
            failure = "the server failed at this; its log says more"
        finally:
            with self._lock:
                self._running, self._failure = None, failure

    def _compare(self, min_grade: Grade) -> None:
        asked = DuplicateOptions(min_grade, engine=self._engine)
        with (
            Collection.open(self._where, "rw") as collection,
            closing(find_duplicates(collection, asked)) as steps,
        ):
            for step in steps:
                if self._stopped.is_set():
                    return
                with self._lock:
                    self._running = step
                    self._notes += [step.note] if step.note else []


def _document(running: Progress[object]) -> dict[str, Any]:
    return {"stage": running.stage, "done": running.done, "total": running.total}

"""Index the collection in a background thread, one run at a time.

A run does what `sokkuri index` does. A run that is stopped keeps all finished work, and the next
run completes it.
"""

import logging
import threading
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sokkuri.api import Collection
from sokkuri.core.errors import SokkuriError
from sokkuri.core.types import Progress
from sokkuri.indexing.options import SyncOptions, SyncReport

_CLOSE_SECONDS = 10.0  # an image takes less
_MAX_NOTES = 20
_log = logging.getLogger("sokkuri.web")
_STARTING: Progress[SyncReport] = Progress("starting", 0, 0)


class IndexRun:
    """Indexes the collection at `where`. Thread-safe; call `close` at the end."""

    def __init__(self, where: Path) -> None:
        self._where = where
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._running: Progress[SyncReport] | None = None
        self._failure: str | None = None
        self._notes: list[str] = []
        self._report: SyncReport | None = None
        self._stopped = threading.Event()

    def start(self, options: SyncOptions) -> bool:
        """Start a run. Return False if one is in progress or this is closed."""
        with self._lock:
            if self._running is not None or self._stopped.is_set():
                return False
            self._running, self._failure, self._notes, self._report = _STARTING, None, [], None
            self._thread = threading.Thread(
                target=self._run, args=[options], name="sokkuri-indexing", daemon=True
            )
            self._thread.start()
        return True

    def state(self) -> dict[str, Any]:
        """Return the fields that IndexRunDocument takes from the run.

        running : its progress, or None. failure : why the last run stopped early. notes : what the
        run has to say. report : what the last run did.
        """
        with self._lock:
            running, report = self._running, self._report
            return {
                "running": running and _progress_document(running),
                "failure": self._failure,
                "notes": [*self._notes],
                "report": None if report is None else asdict(report),
            }

    def close(self) -> None:
        """Stop the run at its next step and wait for it."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(_CLOSE_SECONDS)

    def _run(self, options: SyncOptions) -> None:
        failure = None
        try:
            self._index(options)
        except SokkuriError as error:
            failure = str(error)
        except Exception:  # noqa: BLE001 - otherwise nobody sees the fault of a thread
            _log.exception("indexing failed")
            failure = "the server has a fault: see its log"
        finally:
            with self._lock:
                self._running, self._failure = None, failure

    def _index(self, options: SyncOptions) -> None:
        with (
            Collection.open(self._where, "rw") as collection,
            closing(collection.sync(options)) as steps,
        ):
            for step in steps:
                with self._lock:
                    self._running, self._report = step, step.result
                    if step.note and len(self._notes) < _MAX_NOTES:
                        self._notes.append(step.note)
                if self._stopped.is_set():
                    return


def _progress_document(progress: Progress[SyncReport]) -> dict[str, Any]:
    """Return the progress as IndexProgressDocument."""
    return {
        "stage": progress.stage,
        "done": progress.done,
        "total": progress.total,
        "failed": progress.failed,
    }

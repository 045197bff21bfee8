"""Find near-duplicates in a background thread, one run at a time.

The collection stores compared pairs at each step, so a run that is stopped loses little work.
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
from sokkuri.curation.types import CopyGrade

_CLOSE_SECONDS = 10.0  # a step of a run takes less
_log = logging.getLogger("sokkuri.web")
_STARTING: Progress[object] = Progress("starting", 0, 0)


class DuplicateRun:
    """Compares the images of the collection at `where`. Thread-safe; call `close` at the end.
    engine : see DuplicateOptions."""

    def __init__(self, where: Path, engine: str | None = None) -> None:
        self._where = where
        self._engine = engine
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._running: Progress[object] | None = None
        self._failure: str | None = None
        self._notes: list[str] = []
        self._stopped = threading.Event()

    def start(self, min_grade: CopyGrade, *, bursts: bool = False) -> bool:
        """Start to compare new images. Return False if a run is in progress or this is closed.

        bursts : also read the pictures that may be in one.
        """
        with self._lock:
            if self._running is not None or self._stopped.is_set():
                return False
            self._running, self._failure, self._notes = _STARTING, None, []
            self._thread = threading.Thread(
                target=self._run, args=[min_grade, bursts], name="sokkuri-comparing", daemon=True
            )
            self._thread.start()
        return True

    def state(self) -> dict[str, Any]:
        """Return the fields that DuplicateRunDocument takes from the run.

        running : its progress, or None. failure : why the last run stopped early. notes : what the
        run could not do.
        """
        with self._lock:
            running = self._running
            return {
                "running": running and _progress_document(running),
                "failure": self._failure,
                "notes": [*self._notes],
            }

    def close(self) -> None:
        """Stop the run at its next step and wait for it."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(_CLOSE_SECONDS)

    def _run(self, min_grade: CopyGrade, bursts: bool) -> None:
        failure = None
        try:
            self._compare(min_grade, bursts=bursts)
        except SokkuriError as error:
            failure = str(error)
        except Exception:  # noqa: BLE001 - otherwise nobody sees the fault of a thread
            _log.exception("the search for near-duplicates failed")
            failure = "the server has a fault: see its log"
        finally:
            with self._lock:
                self._running, self._failure = None, failure

    def _compare(self, min_grade: CopyGrade, *, bursts: bool) -> None:
        options = DuplicateOptions(min_grade, bursts=bursts, engine=self._engine)
        with (
            Collection.open(self._where, "rw") as collection,
            closing(find_duplicates(collection, options)) as steps,
        ):
            for step in steps:
                if self._stopped.is_set():
                    return
                with self._lock:
                    self._running = step
                    self._notes += [step.note] if step.note else []


def _progress_document(progress: Progress[object]) -> dict[str, Any]:
    """Return the progress as RunProgressDocument."""
    return {"stage": progress.stage, "done": progress.done, "total": progress.total}

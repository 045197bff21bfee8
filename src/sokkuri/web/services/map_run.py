"""Make the map in a background thread, one run at a time.

A run that is stopped leaves the old map.
"""

import logging
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

from sokkuri.api import Collection
from sokkuri.core.errors import SokkuriError
from sokkuri.core.types import Progress
from sokkuri.curation.map.make_map import MapReport, make_map

_CLOSE_SECONDS = 10.0  # a projection takes longer, and ends with the process
_log = logging.getLogger("sokkuri.web")
_STARTING: Progress[MapReport] = Progress("starting", 0, 0)


class MapRun:
    """Makes the map of the collection at `where`. Thread-safe; call `close` at the end."""

    def __init__(self, where: Path) -> None:
        self._where = where
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._running: Progress[MapReport] | None = None
        self._failure: str | None = None
        self._stopped = threading.Event()

    def start(self, *, rebuild: bool) -> bool:
        """Start a run. Return False if one is in progress or this is closed."""
        with self._lock:
            if self._running is not None or self._stopped.is_set():
                return False
            self._running, self._failure = _STARTING, None
            self._thread = threading.Thread(
                target=self._run, args=[rebuild], name="sokkuri-mapping", daemon=True
            )
            self._thread.start()
        return True

    def state(self) -> dict[str, Any]:
        """Return the fields that MapDocument takes from the run.

        running : its progress, or None. failure : why the last run stopped early.
        """
        with self._lock:
            step = self._running
            running = step and {"stage": step.stage, "done": step.done, "total": step.total}
            return {"running": running, "failure": self._failure}

    def close(self) -> None:
        """Stop the run at its next step and wait for it."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(_CLOSE_SECONDS)

    def _run(self, rebuild: bool) -> None:
        failure = None
        try:
            self._make(rebuild=rebuild)
        except SokkuriError as error:
            failure = str(error)
        except Exception:  # noqa: BLE001 - otherwise nobody sees the fault of a thread
            _log.exception("the map failed")
            failure = "the server has a fault: see its log"
        finally:
            with self._lock:
                self._running, self._failure = None, failure

    def _make(self, *, rebuild: bool) -> None:
        with (
            Collection.open(self._where, "ro") as collection,
            closing(make_map(collection, rebuild=rebuild)) as steps,
        ):
            for step in steps:
                with self._lock:
                    self._running = step
                if self._stopped.is_set():
                    return

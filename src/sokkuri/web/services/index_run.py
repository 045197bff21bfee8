"""Index the collection in the background.

A run does what `sokkuri index` does. A run that is stopped keeps all finished work, and the next
run completes it.
"""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from sokkuri.api import Collection
from sokkuri.core.types import Progress
from sokkuri.indexing.options import SyncOptions, SyncReport
from sokkuri.web.services.background_run import BackgroundRun, Steps


class IndexRun(BackgroundRun):
    """Indexes the collection at `where`."""

    def __init__(self, where: Path) -> None:
        super().__init__("indexing")
        self._where = where

    def start(self, options: SyncOptions) -> bool:
        """Start a run. Return False if one is in progress or this is closed."""
        return self._begin(partial(self._steps, options))

    def state(self) -> dict[str, Any]:
        """Return the fields that IndexRunDocument takes from the run.

        running : its progress, with the number of failures. notes : what the run has to say. report
        : what the last run did.
        """
        report: SyncReport | None = self._result
        return {
            **super().state(),
            "notes": [*self._notes],
            "report": None if report is None else asdict(report),
        }

    def _describe(self, step: Progress[Any]) -> dict[str, Any]:
        return {**super()._describe(step), "failed": step.failed}

    def _steps(self, options: SyncOptions) -> Steps:
        with Collection.open(self._where, "rw") as collection:
            yield from collection.sync(options)

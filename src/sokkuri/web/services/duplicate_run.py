"""Find near-duplicates in the background.

The collection stores compared pairs at each step, so a run that is stopped loses little work.
"""

from functools import partial
from pathlib import Path
from typing import Any

from sokkuri.api import Collection
from sokkuri.curation.duplicates.find import DuplicateOptions, find_duplicates
from sokkuri.curation.types import CopyGrade
from sokkuri.web.services.background_run import BackgroundRun, Steps


class DuplicateRun(BackgroundRun):
    """Compares the images of the collection at `where`. engine : see DuplicateOptions."""

    def __init__(self, where: Path, engine: str | None = None) -> None:
        super().__init__("comparing")
        self._where = where
        self._engine = engine

    def start(self, min_grade: CopyGrade, *, bursts: bool = False) -> bool:
        """Start to compare new images. Return False if a run is in progress or this is closed.

        bursts : also read the pictures that may be in one.
        """
        options = DuplicateOptions(min_grade, bursts=bursts, engine=self._engine)
        return self._begin(partial(self._steps, options))

    def state(self) -> dict[str, Any]:
        """Return the fields that DuplicateRunDocument takes from the run. notes : what the run
        could not do."""
        return {**super().state(), "notes": [*self._notes]}

    def _steps(self, options: DuplicateOptions) -> Steps:
        with Collection.open(self._where, "rw") as collection:
            yield from find_duplicates(collection, options)

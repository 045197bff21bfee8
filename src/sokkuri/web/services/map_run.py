"""Make the map in the background. A run that is stopped leaves the old map."""

from functools import partial
from pathlib import Path

from sokkuri.api import Collection
from sokkuri.curation.map.make_map import make_map
from sokkuri.web.services.background_run import BackgroundRun, Steps


class MapRun(BackgroundRun):
    """Makes the map of the collection at `where`."""

    def __init__(self, where: Path) -> None:
        super().__init__("mapping")
        self._where = where

    def start(self, *, rebuild: bool) -> bool:
        """Start a run. Return False if one is in progress or this is closed."""
        return self._begin(partial(self._steps, rebuild=rebuild))

    def _steps(self, *, rebuild: bool) -> Steps:
        with Collection.open(self._where, "ro") as collection:
            yield from make_map(collection, rebuild=rebuild)

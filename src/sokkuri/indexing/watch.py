"""Keep a collection in step with its folder while this process runs.

Takes a function that opens the collection; yields WatchEvents. Each change of the folder leads to
one run, the same as `index`, with the same checks. A folder that is lost, and a run that would mark
most images as gone, are said once and waited for. The collection is opened anew for each run, so
that a store that was replaced, or another model, is followed.
"""

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from sokkuri.core.errors import (
    CollectionError,
    NoCollectionError,
    RemovalsError,
    StoreReplacedError,
    UsageError,
)
from sokkuri.core.locations import Address
from sokkuri.core.named_roots import Root, local_folders
from sokkuri.core.types import Progress
from sokkuri.core.values import check_number
from sokkuri.images.folder_changes import TICK_SECONDS, FolderChanges, WatchPlace, watch_folder
from sokkuri.images.mounts import mounts_below
from sokkuri.indexing.films import OFF
from sokkuri.indexing.options import SyncOptions, SyncReport
from sokkuri.indexing.settings import is_listed, with_saved_settings
from sokkuri.indexing.source import check_root
from sokkuri.models import Model
from sokkuri.store.catalog import Catalog, ModelRow

_CHANGES = ("added", "updated", "moved", "reused", "removed")
_RETRY_SECONDS = 30.0  # between two tries of a run that stopped
_FULL_LOOK_SECONDS = 3600.0  # after which a run looks at everything, in case an event was lost


class WatchedCollection(Protocol):
    """What `watch` needs of an open collection: `sokkuri.Collection` has it."""

    root: Root
    store: Path
    catalog: Catalog
    model: ModelRow

    def load_model(self) -> Model:
        """Return the collection's model."""

    def sync(
        self, options: SyncOptions | None = None, *, model: Model | None = None
    ) -> Generator[Progress[SyncReport]]:
        """Bring the collection up to date."""

    def close(self) -> None:
        """Close the collection."""


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """What happened. text : one line for a person.

    kind : `watching` when a folder is watched from now on; `synced` after a run; `note` for a line
    of a run that earlier runs did not have; `waiting` when nothing can be done until something else
    changes, such as a disk that is not mounted. report : of a run. seconds : between two looks at
    the folder, None if the system sends events.
    """

    kind: Literal["watching", "synced", "note", "waiting"]
    text: str
    root: Root
    report: SyncReport | None = None
    seconds: float | None = None

    @property
    def has_changes(self) -> bool:
        """Return whether a run changed the collection."""
        report = self.report
        return report is not None and any(getattr(report, name) for name in _CHANGES)


def watch(
    open_collection: Callable[[], WatchedCollection],
    options: SyncOptions | None = None,
    *,
    poll: float | None = None,
    stop: threading.Event | None = None,
) -> Generator[WatchEvent]:
    """Keep a collection in step with its folder until `stop` is set; yield what happens.

    options : of each run. poll : seconds between two looks at the folder, instead of events of the
    file system. If the iterator is closed or the process interrupted, all finished work is kept.
    Raises CollectionError if the collection cannot be opened at the start, UsageError if its images
    come from a list, and errors that no change of the folder mends, such as ModelError.
    """
    if poll is not None:
        check_number("poll", poll, 0.1)
    with closing(open_collection()) as collection:
        if is_listed(collection.catalog):
            raise UsageError(
                f"the images of {collection.store} come from a list, and not from a folder that "
                "could be watched: run `sokkuri index --list FILE` when the list has changed"
            )
        root = collection.root
    watcher = _Watcher(open_collection, options or SyncOptions(), poll, stop, root)
    while not watcher.stop.is_set():
        yield from watcher.follow()


class _Watcher:
    """Follows one collection. Its root may go, come back, and be another one."""

    def __init__(
        self,
        open_collection: Callable[[], WatchedCollection],
        options: SyncOptions,
        poll: float | None,
        stop: threading.Event | None,
        root: Root,
    ) -> None:
        self.stop = stop or threading.Event()
        self._open = open_collection
        self._options = options
        self._poll = poll
        self._root = root
        self._place: WatchPlace | None = None
        self._model: Model | None = None
        self._announced = ""  # how the folder is watched, as it was said last
        self._reason = ""  # why nothing can be done, as it was said last
        self._notes: frozenset[str] = frozenset()  # of the last run
        self._due = 0.0  # when a run is due without a change

    def follow(self) -> Iterator[WatchEvent]:
        """Watch the root until it goes or is another one."""
        try:
            with closing(self._open()) as collection:
                place = self._place = self._place_of(collection)
                self._root = place.root
            check_root(place.root)
            changes = watch_folder(place, self._poll, self.stop)
        except CollectionError as error:
            yield from self._wait_for(error)
            self.stop.wait(_RETRY_SECONDS if isinstance(self._root, Address) else TICK_SECONDS)
            return
        except FileNotFoundError:
            return  # the folder went at this moment: the next look says so
        with closing(changes):
            identity = _identity(place.root)
            yield from self._announce(changes)
            yield from self._run()
            while not self.stop.is_set():
                changed = changes.wait()
                if identity != _identity(place.root) or self._place != place:
                    return
                if not self.stop.is_set() and (changed or time.monotonic() >= self._due):
                    yield from self._run()

    def _announce(self, changes: FolderChanges) -> Iterator[WatchEvent]:
        how = (
            "by events of the file system"
            if changes.seconds is None
            else f"by looking every {changes.seconds:g} s: {changes.why}"
        )
        text = f"watching {self._root} {how}"
        if text != self._announced:
            yield WatchEvent("watching", text, self._root, seconds=changes.seconds)
        self._announced = text

    def _run(self) -> Iterator[WatchEvent]:
        """Bring the collection up to date, as `index` does."""
        notes: set[str] = set()
        report = None
        try:
            with closing(self._open()) as collection:
                place = self._place_of(collection)
                if place != self._place:  # another command gave another folder or other globs
                    self._place = place
                    return
                model = self._model_of(collection)
                with closing(collection.sync(self._options, model=model)) as steps:
                    for step in steps:
                        if self.stop.is_set():
                            return
                        if step.note and step.note not in self._notes | notes:
                            yield WatchEvent("note", step.note, self._root)
                        notes |= {step.note}
                        report = step.result or report
        except CollectionError as error:
            yield from self._wait_for(error)
            soon = isinstance(error, StoreReplacedError)
            self._due = time.monotonic() + (TICK_SECONDS if soon else _RETRY_SECONDS)
            return
        assert report is not None, "the last step holds the report"
        self._notes, self._reason = frozenset(notes), ""
        self._due = time.monotonic() + _FULL_LOOK_SECONDS
        yield WatchEvent("synced", _report_text(report), self._root, report)

    def _place_of(self, collection: WatchedCollection) -> WatchPlace:
        settings = with_saved_settings(collection.catalog, self._options)
        films = settings.video not in (None, OFF)
        return WatchPlace(collection.root, collection.store, settings.exclude or (), films)

    def _model_of(self, collection: WatchedCollection) -> Model:
        """Return the collection's model. Its file is hashed only when it is another one."""
        if self._model is None or self._model.fingerprint != collection.model.fingerprint:
            self._model = collection.load_model()
        return self._model

    def _wait_for(self, error: CollectionError) -> Iterator[WatchEvent]:
        reason = str(error)
        if isinstance(error, NoCollectionError):  # no advice to make one: its disk may be away
            reason = f"the collection of {self._root} is not there: perhaps a disk is not mounted"
        elif isinstance(error, RemovalsError):
            reason = f"{reason} (an option of `sokkuri index`)"
        if reason != self._reason:
            yield WatchEvent("waiting", f"waiting: {reason}", self._root)
        self._reason = reason


def _identity(root: Root) -> tuple[object, ...]:
    """Return what tells the folders of a root from others at their places; the same for each folder
    that is not there, and for an address. A disk that is mounted or unmounted there or below makes
    another folder of it."""
    places = [_identity_of(folder) for _, folder in local_folders(root)]
    return (*places, mounts_below(root) if any(places) else None)


def _identity_of(folder: Path) -> tuple[int, int] | None:
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _report_text(report: SyncReport) -> str:
    names = (*_CHANGES, "failed")
    counts = [f"{getattr(report, name):,} {name}" for name in names if getattr(report, name)]
    images = f"{report.total:,} image" + "s" * (report.total != 1)
    return f"{', '.join(counts) or 'nothing new'}; {images}"

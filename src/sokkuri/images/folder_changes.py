"""Tell when images below a folder change: by events of the file system, or by looking again.

Takes a folder or an address; returns an object whose `wait` says whether images or sidecars were
added, changed or deleted. Events come at once. Where there are none (a network drive, an object
store, or no package `watchfiles`), the names, sizes and time stamps are listed again and again. A
change is reported when nothing has changed for a moment, because files may still be being copied.
"""

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import xxhash

from sokkuri.core.errors import CollectionError
from sokkuri.core.locations import Address
from sokkuri.core.named_roots import Root, join_path, local_folders
from sokkuri.core.paths import CATALOG_NAME, STORE_FOLDERS
from sokkuri.core.types import FileRef
from sokkuri.images.globs import is_excluded
from sokkuri.images.mounts import network_type
from sokkuri.images.scan import (
    has_film_ending,
    is_folder,
    is_sidecar,
    list_images,
    may_be_image,
)

if TYPE_CHECKING:
    from watchfiles import Change

TICK_SECONDS = 1.0
"""The longest that `wait` takes while nothing changes."""

_QUIET_SECONDS = 0.5  # without another change, after which a change is reported
_LONGEST_SECONDS = 10.0  # after which it is reported even if files go on changing
_WITHOUT_EVENTS, _ON_NETWORK = 5.0, 30.0  # seconds between two looks
_PAUSE_PER_SECOND = 4.0  # seconds without looking, for each second that a look took


@dataclass(frozen=True)
class WatchPlace:
    """What to watch. store : of the collection, without links; its own files are no changes.
    exclude : globs. films : whether films matter, too."""

    root: Root
    store: Path
    exclude: Sequence[str] = ()
    films: bool = False

    def may_matter(self, path: str) -> bool:
        """Return whether a change at this absolute path may concern an image or a sidecar.

        A path that is not a file any more may have been a folder with images.
        """
        found = self._below_root(Path(path))
        if found is None:
            return True
        name, folder, relative = found
        if any(part.startswith(".") for part in relative.parts):
            return False
        if self._is_of_store(folder, relative):
            return False
        if is_excluded(join_path(name, relative.as_posix()), tuple(self.exclude)):
            return False
        if may_be_image(path) or is_sidecar(path) or (self.films and has_film_ending(path)):
            return True
        return not os.path.isfile(path)  # noqa: PTH113

    def _below_root(self, path: Path) -> tuple[str, Path, Path] | None:
        """Return the name of the root, its folder without links, and the path below it. Some
        systems name files by their paths without links."""
        for name, folder, real in self._folders:
            for root in (folder, real):
                if path.is_relative_to(root):
                    return name, real, path.relative_to(root)
        return None

    @cached_property
    def _folders(self) -> list[tuple[str, Path, Path]]:
        """The name and the folder of each root, and the folder without links."""
        named = local_folders(self.root)
        return [(name, folder, Path(os.path.realpath(folder))) for name, folder in named]

    def _is_of_store(self, folder: Path, relative: Path) -> bool:
        path = folder / relative
        if self.store != folder:
            return path.is_relative_to(self.store)
        first = relative.parts[0] if relative.parts else ""
        return first in STORE_FOLDERS or first.startswith(CATALOG_NAME)


class FolderChanges(Protocol):
    """Tells when images change. seconds : between two looks, None with events. why : the reason
    that there are no events, "" with events."""

    seconds: float | None
    why: str

    def wait(self) -> bool:
        """Wait for a change, at most about `TICK_SECONDS`; return whether there was one."""

    def close(self) -> None:
        """Stop watching."""


class FileEvents:
    """Waits for events of the file system. Raises OSError or RuntimeError if it sends none."""

    def __init__(self, place: WatchPlace, stop: threading.Event) -> None:
        from watchfiles import watch

        self.seconds: float | None = None
        self.why = ""
        self._place = place
        named = local_folders(place.root)
        folders = [folder for name, folder in named if not name or folder.is_dir()]
        self._batches = watch(
            *folders,
            watch_filter=self._is_wanted,
            debounce=int(1000 * _LONGEST_SECONDS),
            step=int(1000 * _QUIET_SECONDS),
            rust_timeout=int(1000 * TICK_SECONDS),
            yield_on_timeout=True,
            stop_event=stop,
            force_polling=False,
            ignore_permission_denied=True,
        )
        self._early = bool(next(self._batches, None))  # from now on no change is missed

    def _is_wanted(self, _change: "Change", path: str) -> bool:
        return self._place.may_matter(path)

    def wait(self) -> bool:
        """Wait for a change; return whether there was one."""
        early, self._early = self._early, False
        return early or bool(next(self._batches, None))

    def close(self) -> None:
        """Stop watching."""
        self._batches.close()


class Looks:
    """Looks at the folder every `seconds`, or less often if a look takes long."""

    def __init__(
        self, look: Callable[[], int], seconds: float, why: str, stop: threading.Event
    ) -> None:
        self.seconds: float | None = seconds
        self.why = why
        self._pause = seconds
        self._look = look
        self._stop = stop
        self._due = 0.0
        self._seen = self._take()

    def _take(self) -> int:
        start = time.monotonic()
        seen = self._look()
        end = time.monotonic()
        self._due = end + max(self._pause, _PAUSE_PER_SECOND * (end - start))
        return seen

    def wait(self) -> bool:
        """Wait for a change; return whether there was one."""
        left = self._due - time.monotonic()
        if self._stop.wait(max(0.0, min(left, TICK_SECONDS))) or time.monotonic() < self._due:
            return False
        before, self._seen = self._seen, self._take()
        if before == self._seen:
            return False
        end = time.monotonic() + _LONGEST_SECONDS
        while time.monotonic() < end and not self._stop.wait(_QUIET_SECONDS):
            last, self._seen = self._seen, self._take()
            if last == self._seen:
                break
        return True

    def close(self) -> None:
        """Do nothing: there is nothing to close."""


def watch_folder(place: WatchPlace, poll: float | None, stop: threading.Event) -> FolderChanges:
    """Return what tells changes below a folder or address: events where they come, else looks.

    poll : seconds between two looks, to look instead of waiting for events. stop : ends a `wait`.
    Raises FileNotFoundError if the folder is gone.
    """
    if poll is not None:
        return _looks(place, poll, "as asked", stop)
    if isinstance(place.root, Address):
        return _looks(place, _ON_NETWORK, "an object store sends no events", stop)
    kind = next(filter(None, map(network_type, dict(local_folders(place.root)).values())), "")
    if kind:
        why = f"a network drive ({kind}) sends no events for what other machines do"
        return _looks(place, _ON_NETWORK, why, stop)
    try:
        return FileEvents(place, stop)
    except ModuleNotFoundError as error:
        if error.name != "watchfiles":
            raise
        return _looks(place, _WITHOUT_EVENTS, "the extra watch is not installed", stop)
    except (OSError, RuntimeError) as error:  # too many folders for the limits of the system
        if not is_folder(place.root):
            raise FileNotFoundError(str(place.root)) from error
        return _looks(place, _WITHOUT_EVENTS, f"the system sends no events: {error}", stop)


def _looks(place: WatchPlace, seconds: float, why: str, stop: threading.Event) -> Looks:
    look = partial(folder_state, place.root, place.exclude, films=place.films)
    return Looks(look, seconds, why, stop)


def folder_state(root: Root, exclude: Sequence[str] = (), *, films: bool = False) -> int:
    """Return a number of 128 bits that changes when an image or sidecar is added, changes or goes.

    films : whether it changes with films, too. It needs bounded memory, and depends on no order. -1
    if an address cannot be listed.
    """
    total = 0

    def add(*values: object) -> None:
        nonlocal total
        text = "\0".join(map(str, values)).encode("utf-8", "surrogateescape")
        total = (total + xxhash.xxh3_128_intdigest(text)) % 2**128

    def add_ref(ref: FileRef) -> None:
        add(ref.path, ref.stat.size, ref.stat.mtime_ns, ref.ctime_ns)

    try:
        for ref in list_images(
            root,
            exclude=exclude,
            on_error=lambda path, error: add(path, error.errno),
            on_sidecar=add_ref,
            on_film=add_ref if films else None,
        ):
            add_ref(ref)
    except CollectionError:
        return -1
    return total

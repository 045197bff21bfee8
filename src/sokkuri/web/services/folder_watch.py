"""Keep the collection in step with its folder while the server runs (`serve --watch`).

One thread with a collection of its own. Its lines go to the terminal. Nothing that goes wrong here
ends the server: it is said once and tried again. The server finds new rows by itself.
"""

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sokkuri.api import Collection
from sokkuri.core.errors import SokkuriError, from_os_error
from sokkuri.indexing.watch import WatchEvent, watch
from sokkuri.store.places import has_store

_LOOK_SECONDS = 1.0
_RETRY_SECONDS = 60.0
_STOP_SECONDS = 1.0  # a run commits what it has done within this time, or is left to the next one


@dataclass(frozen=True, slots=True)
class WatchState:
    """Whether the folder is watched.

    state : `starting` before a collection is watched, `waiting` while nothing can be done. text :
    for a person, what is watched and how, or what the server waits for. poll : seconds between two
    looks at the folder, None if the system sends events.
    """

    state: Literal["starting", "watching", "waiting"] = "starting"
    text: str = ""
    poll: float | None = None


class FolderWatch:
    """A thread that indexes changes of the folder, as soon as there is a collection.

    `state` is the latest state.

    where : the folder of images, or the store. poll : as for `watch`. say : prints a line for the
    user.
    """

    def __init__(self, where: Path, poll: float | None, say: Callable[[str], None]) -> None:
        self._where = where
        self._poll = poll
        self._say = say
        self.state = WatchState()
        self._watching = WatchState("watching")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="sokkuri-watch", daemon=True)

    def start(self) -> None:
        """Start watching."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching. Finished work is kept."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    def _work(self) -> None:
        try:
            self._follow_until_stopped()
        finally:  # a fault of sokkuri ends the thread, and is printed with its traceback
            if not self._stop.is_set():
                text = "waiting: a fault ended the watching; start the server again"
                self.state = WatchState("waiting", text)

    def _follow_until_stopped(self) -> None:
        last = ""
        while not self._stop.is_set():
            try:
                self._follow()
            except (SokkuriError, OSError) as error:
                told = str(from_os_error(error) if isinstance(error, OSError) else error)
                self.state = WatchState("waiting", f"waiting: {told}")
                if told != last:
                    self._say(f"the folder is not watched: {told}")
                last = told
                self._stop.wait(_RETRY_SECONDS)

    def _follow(self) -> None:
        while not has_store(self._where):  # a page may set it up
            if self._stop.wait(_LOOK_SECONDS):
                return
        events = watch(lambda: Collection.open(self._where), poll=self._poll, stop=self._stop)
        with closing(events):
            for event in events:
                self._note(event)
                if event.kind != "synced" or event.has_changes:
                    self._say(event.text)

    def _note(self, event: WatchEvent) -> None:
        """Remember what the event says about the state."""
        if event.kind == "waiting":
            self.state = WatchState("waiting", event.text)
        elif event.kind == "watching":
            self.state = self._watching = WatchState("watching", event.text, event.seconds)
        elif event.kind == "synced":  # what was waited for is over
            self.state = self._watching

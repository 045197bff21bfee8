"""List the frames of films as images: `index --video`.

Takes films that a listing finds; yields a FileRef for each frame, with the stat of the film. A film
that did not change since it was last opened is not opened again.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sokkuri.core.errors import DecodeError, MissingExtraError, ReadError, UsageError
from sokkuri.core.locations import Address
from sokkuri.core.named_roots import Root, Roots
from sokkuri.core.types import FileRef, Limits
from sokkuri.images.film_process import FilmProcess
from sokkuri.images.formats import reads_films
from sokkuri.images.frame_names import MOST_FRAMES, Frame, seconds_text
from sokkuri.store.catalog import Catalog
from sokkuri.store.films import known_times, save_times

OFF, SCENES = "off", "scenes"
EXTRA = "video"
_EVERY = re.compile(r"every=([0-9]{1,6}(?:\.[0-9]{1,3})?)s?")
_LEAST = 100  # milliseconds between two frames


def video_setting(text: str) -> str:
    """Return the value of `--video` in its one spelling: `off`, `scenes` or `every=10s`.

    Raises UsageError.
    """
    if text in (OFF, SCENES):
        return text
    found = _EVERY.fullmatch(text)
    milliseconds = 0 if found is None else round(1000 * float(found[1]))
    if milliseconds < _LEAST:
        raise UsageError(
            f"video is {text!r}: it must be off, scenes, or every=10s with 0.1 seconds or more"
        )
    return f"every={seconds_text(milliseconds)}s"


def every_of(setting: str) -> int | None:
    """Return the milliseconds between two frames, None for scenes. setting : not `off`."""
    found = _EVERY.fullmatch(setting)
    return None if found is None else round(1000 * float(found[1]))


class FilmListing:
    """The films of one listing.

    take : to be called with each film. saves : whether the catalog may be written.
    notes : lines for the user, which the caller takes. unread : films that cannot be read now.
    """

    def __init__(
        self, catalog: Catalog, root: Path | Roots, setting: str, limits: Limits, *, saves: bool
    ) -> None:
        self.notes: list[str] = []
        self.unread: set[str] = set()
        self._catalog = catalog
        self._root = root
        self._setting = setting
        self._saves = saves
        self._process = FilmProcess(limits)
        self._found: list[FileRef] = []
        self._listed: set[str] = set()

    def take(self, film: FileRef) -> None:
        """Take a film that was found."""
        self._found.append(film)

    def frames(self) -> Iterator[FileRef]:
        """Yield the frames of the films that were found since the last call."""
        while self._found:
            film = self._found.pop(0)
            try:
                times = self._times(film)
            except DecodeError as error:
                self.notes.append(f"{film.path} is left out: {error}")
                continue
            except ReadError as error:
                self.notes.append(
                    f"{film.path} was skipped: {error}; its frames are left as they were"
                )
                self.unread.add(film.path)
                continue
            self._listed.add(film.path)
            if len(times) >= MOST_FRAMES:
                self.notes.append(f"{film.path}: only its first {MOST_FRAMES:,} frames are images")
            for time in times:
                path = Frame(film.path, time).path
                if not os.path.lexists(self._root / path):  # a file of this name is an image itself
                    yield replace(film, id=path, path=path)

    def is_listed(self, film: str) -> bool:
        """Return whether the frames of a film were listed."""
        return film in self._listed

    def close(self) -> None:
        """End the process that opens films."""
        self._process.close()

    def _times(self, film: FileRef) -> list[int]:
        times = known_times(self._catalog, film, self._setting)
        if times is None:
            times = self._process.times_of(self._root / film.path, every_of(self._setting))
            if self._saves:
                save_times(self._catalog, film, self._setting, times)
        return times


def check_video(
    setting: str | None, root: Root, *, has_list: bool, has_part: bool, on_ray: bool
) -> None:
    """Raise UsageError if frames of films cannot be listed together with these options.

    setting : None or `off` for no frames.
    """
    if setting in (None, OFF):
        return
    reasons: list[tuple[bool, str]] = [
        (isinstance(root, Address), "films at an address are not read"),
        (has_list, "a list names files, not frames: leave --list out"),
        (has_part, "a part has no frames: leave --part out"),
        (on_ray, "frames are read on this machine: leave --executor ray out"),
    ]
    for is_so, reason in reasons:
        if is_so:
            raise UsageError(f"--video {setting} does not work here: {reason}, or give --video off")


def open_films(
    catalog: Catalog, root: Root, setting: str | None, limits: Limits, *, saves: bool
) -> FilmListing | None:
    """Return the films of a listing; None if no frames are wanted or nothing reads them."""
    if setting in (None, OFF) or isinstance(root, Address) or not reads_films():
        return None
    return FilmListing(catalog, root, setting, limits, saves=saves)


def note_without_reader(setting: str | None) -> str:
    """Return a line if frames are wanted and the extra that reads them is missing, else ""."""
    if setting in (None, OFF) or reads_films():
        return ""
    reason = MissingExtraError("reading films", EXTRA)
    return f"films were skipped, and their frames are left as they were: {reason}"

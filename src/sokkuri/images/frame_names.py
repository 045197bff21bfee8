"""Names of the frames of films: `clip.mp4#t=12.5` is the film `clip.mp4` at 12.5 seconds.

The one place that turns the path of an image in a catalog into a film and a time. A name is that of
a frame if it ends with the ending of a film, `#t=` and a number. A file of this very name comes
first: it is an image like any other, see read.py. Names such as `a#t=5.jpg` are never frames.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from sokkuri.images.formats import FILM_ENDINGS

MOST_FRAMES = 100_000
"""Frames that one film has at most: one each second of 27 hours. A file of a few bytes may claim to
last for years."""

LATEST = 9_999_999_999
"""Milliseconds of the latest frame that has a name: 115 days."""

_NAME = re.compile(r"(.+)#t=((?:0|[1-9][0-9]{0,6})(?:\.[0-9]{0,2}[1-9])?)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of a film. film : its path. milliseconds : from the beginning of the film."""

    film: str
    milliseconds: int

    @property
    def path(self) -> str:
        """The path of the frame, as a catalog has it."""
        return f"{self.film}#t={seconds_text(self.milliseconds)}"


def parse_frame(path: str) -> Frame | None:
    """Return the frame that a path names, None if it is the path of a file."""
    if "#t=" not in path or (found := _NAME.fullmatch(path)) is None:
        return None
    film, seconds = found.groups()
    if os.path.splitext(film)[1].lower() not in FILM_ENDINGS:  # noqa: PTH122 - as in scan.py
        return None
    whole, _, part = seconds.partition(".")
    return Frame(film, int(whole) * 1000 + int(f"{part:0<3}"))


def file_of(path: str) -> str:
    """Return the path of the file that holds an image: of its film if the image is a frame."""
    frame = parse_frame(path)
    return path if frame is None else frame.film


def frame_at(location: Path) -> tuple[Path, int] | None:
    """Return the film at a location of a frame, and the milliseconds.

    None if the location is no frame's, or if a file has this very name.
    """
    frame = parse_frame(location.name)
    if frame is None or os.path.lexists(location):
        return None
    return location.with_name(frame.film), frame.milliseconds


def seconds_text(milliseconds: int) -> str:
    """Return milliseconds as seconds: `0`, `12.5`."""
    whole, part = divmod(milliseconds, 1000)
    return f"{whole}.{part:03}".rstrip("0") if part else str(whole)

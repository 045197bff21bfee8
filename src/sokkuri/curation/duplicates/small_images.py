"""Keep small images in a temporary file while memory has no room for them.

Takes SmallImages by content key (store/content.py) and returns them. To read one takes far less
time than to decode its photo and find its keypoints again. The file ends with the process.
"""

import pickle
import shutil
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from sokkuri.curation.duplicates.matching.keypoints import Keypoints

_MOST_BYTES = 8 * 2**30  # of the file, some 80,000 images
_MOST_OF_FREE = 4  # it takes a quarter of the free room at most


@dataclass(frozen=True, slots=True)
class ImageShape:
    """What is known of an image without its pixels, as in a Preview."""

    width: int
    height: int
    frames: int
    is_transparent: bool
    is_raw: bool


@dataclass(frozen=True, slots=True, eq=False)
class SmallImage:
    """What first looks need of an image.

    square : (64, 64, 3) uint8, of its preview. half : (H, W, 3) uint8, the preview at half its
    size, until its keypoints are known; None without OpenCV. faint, keypoints : those of the half
    and of the preview, as far as they are known. may_be_drawing : None if nobody asked yet.
    """

    shape: ImageShape
    square: NDArray[np.uint8]
    half: NDArray[np.uint8] | None = None
    faint: Keypoints | None = None
    keypoints: Keypoints | None = None
    may_be_drawing: bool | None = None

    @property
    def found(self) -> int:
        """How many kinds of keypoints are known."""
        return (self.faint is not None) + (self.keypoints is not None)


class SmallImageFile:
    """A temporary file of small images in a folder. Several threads may use it.

    Without a folder, or where the disk has no room, it keeps nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._room = 0
        self._size = 0
        self._places: dict[bytes, tuple[int, int, int]] = {}  # start, size, found
        self._lock = threading.Lock()

    def save(self, content: bytes, image: SmallImage) -> None:
        """Keep an image if there is room, and if more of it is known than is kept."""
        with self._lock:
            if content in self._places and self._places[content][2] >= image.found:
                return
            data = pickle.dumps(image, pickle.HIGHEST_PROTOCOL)
            if not self._has_room(len(data)):
                return
            assert self._file is not None
            try:
                self._file.seek(self._size)
                self._file.write(data)
                self._file.flush()
            except OSError:  # the disk is full
                self._give_up()
                return
            self._places[content] = self._size, len(data), image.found
            self._size += len(data)

    def load(self, content: bytes) -> SmallImage | None:
        """Return an image; None if it was not kept."""
        with self._lock:
            if self._file is None or content not in self._places:
                return None
            start, size, _ = self._places[content]
            try:
                self._file.seek(start)
                data = self._file.read(size)
            except OSError:
                self._give_up()
                return None
        image: SmallImage = pickle.loads(data)  # noqa: S301 - this process wrote it
        return image

    def close(self) -> None:
        """Delete the file."""
        with self._lock:
            self._give_up()

    def _has_room(self, size: int) -> bool:
        """Return whether so many bytes fit. Make the file when it is asked for the first time."""
        if self._folder is not None:
            folder, self._folder = self._folder, None
            with suppress(OSError):
                self._room = min(_MOST_BYTES, shutil.disk_usage(folder).free // _MOST_OF_FREE)
                self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - `close` ends it
        return self._file is not None and self._size + size <= self._room

    def _give_up(self) -> None:
        """Keep nothing from now on."""
        file, self._file, self._folder = self._file, None, None
        self._places.clear()
        if file is not None:
            with suppress(OSError):
                file.close()

"""Ask about one path whether a walk of the folder would list it now.

A catalog and a listing agree only if "is this file still there" follows the rules of scan.py: a
file behind a link to a folder, in the store of a collection, or under a name with other capitals on
a file system that ignores case is there for `stat`, but is never listed.
"""

import os
import stat
from functools import lru_cache
from pathlib import Path

from sokkuri.core.named_roots import Roots
from sokkuri.images.frame_names import parse_frame
from sokkuri.images.scan import is_of_live_photo, is_of_store, live_stems, may_be_image

_FOLDERS_KEPT = 64  # names of folders, for questions about neighbours


class FolderWalk:
    """What a walk of `root` would find. Use one for a single comparison: it keeps what it saw.

    links : links to folders, which are not followed, that were on the way of a path.
    """

    def __init__(self, root: Path | Roots) -> None:
        self.links: set[str] = set()
        self._root = root
        self._names = lru_cache(maxsize=_FOLDERS_KEPT)(self._read_names)
        self._live_stems = lru_cache(maxsize=_FOLDERS_KEPT)(self._read_live_stems)
        self._is_entered = lru_cache(maxsize=4096)(self._enters)

    def would_list(self, path: str) -> bool:
        """Return whether the walk would list this path, relative to the root. Frames of a film are
        listed with it, unless it is the video of a Live Photo.

        Raises OSError if the path is not there or nobody can tell.
        """
        frame = parse_frame(path)
        if frame is None:
            return may_be_image(path) and self.has_file(path)
        if not self.has_file(frame.film):
            return False
        folder, _, name = frame.film.rpartition("/")
        size = (self._root / frame.film).stat().st_size
        return not is_of_live_photo(name, size, self._live_stems(folder))

    def has_file(self, path: str) -> bool:
        """Return whether the walk would find a file at this path, an image or not. Raises as
        `would_list`."""
        found = (self._root / path).lstat()
        folder, _, name = path.rpartition("/")
        if name.startswith("."):
            return False
        if folder and not self._is_entered(folder):
            return False
        if name not in self._names(folder):  # it has other capitals, or another Unicode form
            return False
        if stat.S_ISLNK(found.st_mode):
            try:
                found = (self._root / path).stat()
            except OSError:
                return True  # a broken link is listed, so that it appears as a failure
        return stat.S_ISREG(found.st_mode)

    def _read_names(self, folder: str) -> frozenset[str]:
        return frozenset(os.listdir(self._root / folder))  # noqa: PTH208 - names only

    def _read_live_stems(self, folder: str) -> frozenset[str]:
        return live_stems(self._names(folder))

    def _enters(self, folder: str) -> bool:
        parent, _, name = folder.rpartition("/")
        if not parent and isinstance(self._root, Roots):
            return (self._root / folder).is_dir()
        if name.startswith(".") or (parent and not self._is_entered(parent)):
            return False
        found = (self._root / folder).lstat()
        if stat.S_ISLNK(found.st_mode):
            self.links.add(folder)
        if not stat.S_ISDIR(found.st_mode) or name not in self._names(parent):
            return False
        return not is_of_store(self._root, folder)

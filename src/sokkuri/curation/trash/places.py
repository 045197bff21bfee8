"""Find the file that a plan or a log names, without following links out of its root."""

import os
import stat
from pathlib import Path


class StaysError(Exception):
    """A file stays where it is; the message says why."""


def regular_file(root: str, path: str, name: str) -> Path:
    """Return where a regular file is, with links to folders resolved. Raises StaysError."""
    try:
        place = resolve_place(root, path)
        mode = place.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise StaysError(f"{name} is not there any more") from None
    if stat.S_ISLNK(mode):
        raise StaysError(f"{name} is a link")
    if not stat.S_ISREG(mode):
        raise StaysError(f"{name} is not a regular file")
    return place


def resolve_place(root: str, path: str) -> Path:
    """Return a file's place with links to folders resolved.

    Raises StaysError if its folder is not below the root, or there is no root.
    """
    file = Path(root, path)
    if not Path(root).is_dir():
        raise StaysError(f"there is no folder {root}")
    folder = Path(os.path.realpath(file.parent))  # Path.resolve raises at a link to itself
    if not folder.is_relative_to(os.path.realpath(root)):
        raise StaysError(f"a link leads from {path} out of {root}")
    return folder / file.name

"""Look at a folder before its first run: count its images by format. Writes nothing.

Takes the folder; returns a FolderPreview.
"""

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sokkuri.images.formats import unreadable_kind, unreadable_text
from sokkuri.images.scan import list_images


@dataclass(frozen=True, slots=True)
class FolderPreview:
    """What a folder holds.

    formats : number of files by ending, in lower case without the dot, the most frequent first.
    size : bytes of all images. not_read : a line about files that a run does not read, or "".
    unlisted : number of folders that could not be listed.
    """

    formats: dict[str, int]
    size: int
    not_read: str
    unlisted: int

    @property
    def images(self) -> int:
        """The number of images."""
        return sum(self.formats.values())


def preview_folder(root: Path, stopped: Callable[[], bool] = lambda: False) -> FolderPreview:
    """Count the images below `root`. stopped : whether to end early, with what was found so far."""
    formats: Counter[str] = Counter()
    not_read: Counter[str] = Counter()
    unlisted: list[str] = []
    size = 0
    for ref in list_images(root, on_error=lambda path, _: unlisted.append(path), aside=not_read):
        ending = os.path.splitext(ref.path)[1].lower()  # noqa: PTH122 - in the hot loop
        formats[ending.removeprefix(".")] += 1
        size += ref.stat.size
        if (kind := unreadable_kind(ending)) is not None:
            not_read[kind] += 1
        if stopped():
            break
    return FolderPreview(
        dict(formats.most_common()), size, unreadable_text(not_read), len(unlisted)
    )

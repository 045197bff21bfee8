"""Tell which pairs are of one asset, and so no copies of each other: see assets.py.

Takes contents and the catalog that knows when the photos were taken; tells about pairs. Also notes
what the files beside several equal files tell: which RAW file has the sidecar with most edits, and
which photo has the video of a Live Photo.
"""

import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath

from sokkuri.curation.assets import are_one_shot
from sokkuri.curation.duplicates.contents import UniqueImage
from sokkuri.curation.duplicates.pair_store import PairResult
from sokkuri.curation.types import DuplicateImage
from sokkuri.images.formats import LARGEST_LIVE_FILM, LIVE_ENDING, LIVE_IMAGES, RAW_ENDINGS
from sokkuri.store.catalog import Catalog
from sokkuri.store.photos import find_photo
from sokkuri.store.sidecars import sidecar_size


class Stacks:
    """The pairs of contents of which two images, in one folder, are one shot."""

    def __init__(self, catalog: Catalog, contents: Mapping[bytes, UniqueImage]) -> None:
        self._catalog = catalog
        self._contents = contents
        self._known: dict[tuple[bytes, bytes], bool] = {}

    def __contains__(self, pair: PairResult) -> bool:
        if pair.contents not in self._known:
            self._known[pair.contents] = pair.first != pair.second and any(
                self._are_one_shot(a, b)
                for a in self._contents[pair.first].images
                for b in self._contents[pair.second].images
            )
        return self._known[pair.contents]

    def _are_one_shot(self, a: DuplicateImage, b: DuplicateImage) -> bool:
        one, other = PurePosixPath(a.path), PurePosixPath(b.path)
        if a.root != b.root or one.parent != other.parent:
            return False
        if not are_one_shot(one.name, other.name):
            return False  # most pairs: the catalog need not be asked
        return are_one_shot(one.name, other.name, self._taken(a), self._taken(b))

    def _taken(self, image: DuplicateImage) -> int | None:
        photo = find_photo(self._catalog, image.path, image.digest)
        return None if photo is None else photo.taken


def note_companions(catalog: Catalog, contents: Iterable[UniqueImage]) -> None:
    """Note what is beside files of which there are several with the same bytes: how large the
    sidecars of a RAW file are, and whether a photo has the video of a Live Photo.

    A sidecar with edits is larger than one without. Other images are not asked for: their pixels
    tell what was edited.
    """
    for content in contents:
        if len(content.images) > 1:
            content.images = [_with_companions(catalog, image) for image in content.images]


def _with_companions(catalog: Catalog, image: DuplicateImage) -> DuplicateImage:
    ending = PurePosixPath(image.path).suffix.lower()
    if ending in RAW_ENDINGS:
        return replace(image, sidecar=sidecar_size(catalog, image.path))
    if ending in LIVE_IMAGES and isinstance(image.file, Path) and _has_live_film(image.file):
        return replace(image, has_live_film=True)
    return image


def _has_live_film(photo: Path) -> bool:
    for ending in (LIVE_ENDING, LIVE_ENDING.upper()):
        with suppress(OSError):
            found = photo.with_suffix(ending).lstat()
            if stat.S_ISREG(found.st_mode) and found.st_size <= LARGEST_LIVE_FILM:
                return True
    return False

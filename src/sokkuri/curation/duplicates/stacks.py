"""Tell which pairs are of one asset, and so no copies of each other: see assets.py.

Takes contents and the catalog that knows when the photos were taken; tells about pairs. Also notes
which of several equal RAW files has the sidecar with most edits.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from sokkuri.curation.assets import are_one_shot
from sokkuri.curation.duplicates.contents import UniqueImage
from sokkuri.curation.duplicates.pair_store import PairResult
from sokkuri.curation.types import DuplicateImage
from sokkuri.images.formats import RAW_ENDINGS
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


def measure_sidecars(catalog: Catalog, contents: Iterable[UniqueImage]) -> None:
    """Note how large the sidecars of RAW files are of which there are several with the same bytes.

    A sidecar with edits is larger than one without. Other images are not asked for: their pixels
    tell what was edited.
    """
    for content in contents:
        if len(content.images) > 1:
            content.images = [_measure(catalog, image) for image in content.images]


def _measure(catalog: Catalog, image: DuplicateImage) -> DuplicateImage:
    if PurePosixPath(image.path).suffix.lower() not in RAW_ENDINGS:
        return image
    return replace(image, sidecar=sidecar_size(catalog, image.path))

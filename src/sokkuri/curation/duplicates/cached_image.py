"""Keep images as the matcher sees them: each file is read and decoded once, while there is room.

Takes content keys (store/content.py) and a function that locates their files; returns CachedImages.
It uses a file only if it still holds the bytes of its content key.
"""

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import xxhash
from cachetools import LRUCache
from numpy.typing import NDArray

from sokkuri.core.errors import ReadError
from sokkuri.core.locations import Location
from sokkuri.core.types import Limits, PixelSpec
from sokkuri.curation.duplicates.matching import SurelyDiffer
from sokkuri.curation.duplicates.matching.content import may_be_drawing
from sokkuri.curation.duplicates.matching.enlarged import Enlarged
from sokkuri.curation.duplicates.matching.fingerprint import Preview, make_preview
from sokkuri.curation.duplicates.matching.glance import (
    Glance,
    find_faint_keypoints,
    halve,
    surely_differ,
)
from sokkuri.curation.duplicates.matching.keypoints import Keypoints, find_keypoints
from sokkuri.curation.duplicates.small_images import ImageShape, SmallImage, SmallImageFile
from sokkuri.images.decode import decode
from sokkuri.images.read import read_file

_IMAGES = 4_000  # squares and keypoints that are kept, 70 kB each
_PREVIEW_BYTES = 256 * 2**20  # of previews that are kept, some 1,700
_LARGE_BYTES = 64 * 2**20  # of larger pictures that are kept, some 25 photos

Locate = Callable[[bytes], Location]
"""Returns the location of a file that holds a content."""


class ImageCache:
    """Reads and decodes contents, and keeps them. Several threads may use it.

    with_halves : whether to keep previews at half their size too, which glances need. folder : for
    a temporary file of what memory has no room for; None for no such file. unreadable : contents
    whose bytes could not be read.
    """

    def __init__(
        self, locate: Locate, limits: Limits, *, with_halves: bool, folder: Path | None = None
    ) -> None:
        self.with_halves = with_halves
        self.unreadable: set[bytes] = set()
        self._locate = locate
        self._limits = limits
        self._file = SmallImageFile(folder)
        self._images = _Images(self._file)
        self._previews: LRUCache[bytes, NDArray[np.uint8]] = LRUCache(
            _PREVIEW_BYTES, getsizeof=lambda rgb: int(rgb.nbytes)
        )
        self._large: LRUCache[tuple[bytes, PixelSpec], NDArray[np.uint8]] = LRUCache(
            _LARGE_BYTES, getsizeof=lambda rgb: int(rgb.nbytes)
        )
        self._lock = threading.Lock()

    def image(self, content: bytes) -> "CachedImage":
        """Return a content as an image. Raises ReadError and DecodeError."""
        with self._lock:
            image = self._images.get(content)
        if image is None:
            image = CachedImage(content, self, self._file.load(content) or self._decode(content))
            with self._lock:
                self._images[content] = image
        return image

    def preview_rgb(self, content: bytes) -> NDArray[np.uint8]:
        """Return a preview's pixels, decoded again if they are not kept. Raises ReadError."""
        with self._lock:
            rgb = self._previews.get(content)
        return self.decode_preview(content).rgb if rgb is None else rgb

    def decode_large(self, content: bytes, spec: PixelSpec) -> NDArray[np.uint8]:
        """Return an image's pixels, which are kept for its other pairs.

        Raises ReadError and DecodeError.
        """
        with self._lock:
            rgb = self._large.get((content, spec))
        if rgb is None:
            rgb = decode(self.read(content), spec, self._limits).rgb
            if rgb.nbytes < _LARGE_BYTES // 4:
                with self._lock:
                    self._large[content, spec] = rgb
        return rgb

    def decode_preview(self, content: bytes) -> Preview:
        """Read and decode an image, and keep its pixels. Raises ReadError and DecodeError."""
        preview = make_preview(self.read(content), self._limits)
        with self._lock:
            self._previews[content] = preview.rgb
        return preview

    def _decode(self, content: bytes) -> SmallImage:
        preview = self.decode_preview(content)
        shape = ImageShape(
            preview.width, preview.height, preview.frames, preview.is_transparent, preview.is_raw
        )
        # Most images need this half for a glance, when the preview may be gone.
        return SmallImage(shape, preview.square, halve(preview.rgb) if self.with_halves else None)

    def close(self) -> None:
        """Delete the temporary file."""
        self._file.close()

    def read(self, content: bytes) -> bytes:
        """Return the bytes of a content. Raises ReadError if its file holds other bytes by now."""
        try:
            data, _ = read_file(self._locate(content), self._limits)
            if xxhash.xxh3_128_digest(data) == content:
                return data
        except (FileNotFoundError, ReadError):
            pass
        self.unreadable.add(content)
        raise ReadError("its file is gone or has changed")


class CachedImage:
    """One content as the matcher sees it: an ImageView. Keypoints are found when asked for."""

    def __init__(self, content: bytes, cache: ImageCache, small: SmallImage) -> None:
        self._content, self._cache = content, cache
        self._lock = threading.Lock()
        self._shape, self.square = small.shape, small.square
        self.width, self.height = small.shape.width, small.shape.height
        self.frames, self.is_transparent = small.shape.frames, small.shape.is_transparent
        self.is_raw = small.shape.is_raw
        self._half, self._faint, self._keypoints = small.half, small.faint, small.keypoints
        self._may_be_drawing = small.may_be_drawing
        self._more_keypoints: Keypoints | None = None

    def as_small(self) -> SmallImage:
        """Return what is known of it by now.

        It takes no lock: its caller has the lock of the cache, for which those who have this
        image's lock may wait. The half is read first, because `glance` drops it last.
        """
        half = self._half
        return SmallImage(
            self._shape, self.square, half, self._faint, self._keypoints, self._may_be_drawing
        )

    @property
    def may_be_drawing(self) -> bool:
        """Whether it has so few colours that it may be a drawing, a text or a screen."""
        if self._may_be_drawing is None:
            self._may_be_drawing = may_be_drawing(self.square)
        return self._may_be_drawing

    @property
    def rgb(self) -> NDArray[np.uint8]:
        return self._cache.preview_rgb(self._content)

    def decode(self, spec: PixelSpec) -> NDArray[np.uint8]:
        return self._cache.decode_large(self._content, spec)

    def keypoints(self) -> Keypoints:
        with self._lock:
            if self._keypoints is None:
                self._keypoints = find_keypoints(self.rgb)
            return self._keypoints

    def enlarged(self) -> Enlarged:
        image = Enlarged(self, self._more_keypoints)
        self._more_keypoints = image.keypoints()
        return image

    def glance(self) -> Glance:
        # Few comparisons need its pixels once more: the memory is better spent.
        again = partial(_half_of, self._cache, self._content)
        with self._lock:
            if self._faint is None:
                self._faint = find_faint_keypoints(again() if self._half is None else self._half)
                self._half = None
            return Glance(self._faint, again)

    def surely_differs_from(self, other: "CachedImage") -> SurelyDiffer:
        """Return a function that glances at both, and says whether they surely differ."""

        def glance(logit: float) -> bool:
            def are_drawings() -> bool:
                return self.may_be_drawing and other.may_be_drawing

            return surely_differ(self.glance(), other.glance(), logit, are_drawings)

        return glance


def _half_of(cache: ImageCache, content: bytes) -> NDArray[np.uint8]:
    return halve(cache.preview_rgb(content))


class _Images(LRUCache[bytes, CachedImage]):
    """The images that memory has room for. What drops out goes into a file."""

    def __init__(self, file: SmallImageFile) -> None:
        super().__init__(_IMAGES)
        self._file = file

    def popitem(self) -> tuple[bytes, CachedImage]:
        content, image = super().popitem()
        self._file.save(content, image.as_small())
        return content, image

"""Bound the memory that decoding takes, over all threads of this process.

Takes an image of which only the header is read; returns the bytes that decoding it will hold.
`hold_memory` lets a thread wait until that many bytes are free. Large images have a budget of their
own, so that they delay only each other.
"""

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from PIL import Image

from sokkuri.core.cores import available_cores

_MIB = 2**20
_SMALL_BYTES = 128 * _MIB  # an image of 32 megapixels with 4 bytes each

_MODE_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2, "I;16N": 2}
"""Bytes of a pixel in Pillow's memory. All other modes take 4."""
_UNCONVERTED_MODES = frozenset({"L", "RGB"})
_NUMBER_MODES = frozenset({"1", "I", "F", "I;16", "I;16L", "I;16B", "I;16N"})
"""Modes that become grey, one byte for each pixel."""

_CODEC_BYTES = {
    "WEBP": 14.0,  # two canvases, one copy, and the lossless decoder's own
    "AVIF": 12.0,  # planes of up to 16 bits, and a copy
    "HEIF": 8.0,
    "JPEG2000": 20.0,  # 32 bits for each channel, and a copy
    "JXL": 20.0,  # 32 bits for each channel, and two copies
    "TIFF": 4.0,  # a file may be one strip
    "FITS": 12.0,
    "BLP": 12.0,
    "ICNS": 20.0,  # may hold JPEG 2000
    "ICO": 8.0,
    "QOI": 4.0,
    "DDS": 8.0,
    "FTEX": 8.0,
    "PPM": 8.0,
    "SGI": 8.0,
    "XPM": 8.0,
    "MSP": 4.0,
    "PSD": 4.0,
}
"""Bytes that a format's decoder holds for each pixel, beside the image itself. The other formats
are decoded in place."""


class ByteBudget:
    """Bytes that several threads may hold together. They get them in the order of their requests.

    A request for more than the whole budget waits until nobody holds anything. `peak` is the most
    that was held at once.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self.peak = 0
        self._held = 0
        self._waiting: deque[object] = deque()
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, count: int) -> Iterator[None]:
        """Hold `count` bytes in the body. Wait until they are free."""
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
            try:
                self._changed.wait_for(lambda: self._waiting[0] is ticket and self._fits(count))
            finally:
                self._waiting.remove(ticket)
                self._changed.notify_all()
            self._held += count
            self.peak = max(self.peak, self._held)
        try:
            yield
        finally:
            with self._changed:
                self._held -= count
                self._changed.notify_all()

    def _fits(self, count: int) -> bool:
        return self._held == 0 or self._held + count <= self.total


_large_budget = ByteBudget(1024 * _MIB)
_small_budget = ByteBudget(max(512 * _MIB, _SMALL_BYTES * available_cores()))


@contextmanager
def hold_memory(count: int) -> Iterator[None]:
    """Hold `count` bytes for decoding in the body. Wait while other threads hold too many."""
    with (_small_budget if count <= _SMALL_BYTES else _large_budget).hold(count):
        yield


def peak_memory() -> int:
    """Return the most bytes that decoding held at once in this process, so far."""
    return _small_budget.peak + _large_budget.peak


def most_held(needs: Iterable[int], threads: int) -> int:
    """Return the most bytes that threads hold together for images that need so many each."""
    largest = sorted(needs, reverse=True)
    held = 0
    for budget, is_small in ((_large_budget, False), (_small_budget, True)):
        group = [need for need in largest if (need <= _SMALL_BYTES) == is_small][:threads]
        held += min(sum(group), max(budget.total, *group[:1], 0))
    return held


def decoding_bytes(image: Image.Image, size: tuple[int, int], *, cropped: bool = False) -> int:
    """Return the bytes that decoding and converting the image will hold.

    image : not loaded; its size is the one that it is decoded at. size : the width and height in
    the file, which are greater if a JPEG is decoded at a fraction. cropped : a part is copied out.
    """
    pixel = float(_MODE_BYTES.get(image.mode, 4))
    if image.mode in _NUMBER_MODES:
        pixel += 1
    elif image.mode not in _UNCONVERTED_MODES or "transparency" in image.info:
        pixel += 4
    if cropped:
        pixel += 8
    pixel += _CODEC_BYTES.get(image.format or "", 0.0)
    whole = size[0] * size[1]
    return int(image.width * image.height * pixel + whole * _coefficient_bytes(image))


def _coefficient_bytes(image: Image.Image) -> float:
    """Return the bytes for each pixel of the file that a progressive JPEG keeps until its end."""
    if image.format not in ("JPEG", "MPO") or not image.info.get("progressive"):
        return 0.0
    factors: list[tuple[int, int]] = [(layer[1], layer[2]) for layer in getattr(image, "layer", ())]
    if not factors:
        return 0.0
    densest = max(h for h, _ in factors) * max(v for _, v in factors)
    return 2.0 * sum(h * v for h, v in factors) / max(densest, 1)

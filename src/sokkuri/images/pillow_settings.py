"""Pillow's settings that differ from its own: limits, and warnings that go to nobody."""

import ctypes
import logging
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from PIL import Image, PngImagePlugin, TiffImagePlugin, _imaging

from sokkuri.core.types import Limits

_MAX_RATIOS = 4_096  # of a tag; cameras write up to six


def apply_settings() -> None:
    """Set Pillow up for this process.

    An image beyond the limit is refused, where Pillow warns. Warnings about broken metadata are not
    printed, because the failure row holds the reason. A colour profile or a text of more than 1 MiB
    does not make a PNG unreadable.
    """
    Image.MAX_IMAGE_PIXELS = Limits().max_pixels
    PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY
    warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
    warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
    logging.getLogger("PIL").addHandler(logging.NullHandler())
    _bound_ratios()
    _silence_libtiff()


def _bound_ratios() -> None:
    """Let Pillow read only the first ratios of a tag. Each takes 20 times its bytes in the file, so
    that a hostile file of 100 MB would take gigabytes, and minutes."""
    loaders = TiffImagePlugin.ImageFileDirectory_v2._load_dispatch  # noqa: SLF001 - no other way
    for kind in (5, 10):  # TIFF 6.0: RATIONAL and SRATIONAL
        size, load = loaders[kind]
        loaders[kind] = size, _with_bound(load, _MAX_RATIOS * size)


def _with_bound(load: Callable[..., Any], most: int) -> Callable[..., Any]:
    """Return the function that reads a tag's bytes, for no more than so many of them."""

    def load_bounded(directory: Any, data: bytes, legacy_api: bool = True) -> Any:
        return load(directory, data[:most], legacy_api)

    return load_bounded


def _silence_libtiff() -> None:
    """Stop libtiff from printing errors and warnings, which Pillow leaves switched on."""
    with suppress(
        OSError, AttributeError
    ):  # where libtiff is not reachable it prints, which does no harm
        library = ctypes.CDLL(_imaging.__file__)
        for name in ("TIFFSetErrorHandler", "TIFFSetWarningHandler"):
            setter = getattr(library, name)
            setter.argtypes, setter.restype = [ctypes.c_void_p], ctypes.c_void_p
            setter(None)

"""Pillow's settings that differ from its own: limits, and warnings that go to nobody."""

import ctypes
import logging
import warnings
from contextlib import suppress

from PIL import Image, PngImagePlugin, _imaging

from sokkuri.core.types import Limits


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
    _silence_libtiff()


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

"""Find the frames of an animation and the pages of a document in an opened image.

Takes Pillow's images. Small previews of a page, and masks of its transparent parts, are no pages.
"""

from typing import TYPE_CHECKING, cast

from PIL import Image

from sokkuri.images.jpeg_xl import FORMAT as JPEG_XL

if TYPE_CHECKING:  # Pillow loads its readers when a file needs them
    from PIL.TiffImagePlugin import TiffImageFile

_FRAME_FORMATS = ("GIF", "WEBP", "PNG", "TIFF", "AVIF")
"""Other formats hold several versions of one picture, such as a photo with its small preview."""

_KIND, _OLD_KIND = 254, 255  # TIFF 6.0: NewSubfileType and SubfileType
_PREVIEW_OR_MASK = 0b101  # bits of NewSubfileType
_OLD_PREVIEW = 2


def later_frames(image: Image.Image) -> list[int]:
    """Return the numbers of the frames or pages after the first one, which is always number 0."""
    if image.format == JPEG_XL:  # it does not tell how many frames it has
        return [1] if getattr(image, "is_animated", False) else []
    if image.format not in _FRAME_FORMATS:
        return []
    numbers = range(1, getattr(image, "n_frames", 1))
    if image.format != "TIFF":
        return [*numbers]
    here = image.tell()
    tiff = cast("TiffImageFile", image)
    pages = [number for number in numbers if _is_page(tiff, number)]
    image.seek(here)
    return pages


def _is_page(image: "TiffImageFile", number: int) -> bool:
    image.seek(number)
    kind, old_kind = (image.tag_v2.get(tag, 0) for tag in (_KIND, _OLD_KIND))
    is_extra = isinstance(kind, int) and kind & _PREVIEW_OR_MASK
    return not is_extra and old_kind != _OLD_PREVIEW

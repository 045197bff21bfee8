"""Turn the metadata of a photo into labelled texts for people.

Takes a file's bytes; returns texts by label. metadata.py reads the values.
"""

from collections.abc import Callable

from sokkuri.core.types import PhotoMetadata
from sokkuri.images import exif_tags as tags
from sokkuri.images.exif_tags import ExifTags, read_exif_tags
from sokkuri.images.metadata import clean, photo_of, read_blocks, time_of

_SHORTEST = 1e-9  # seconds: no camera exposes for less


def summarise_exif(data: bytes, known: PhotoMetadata | None = None) -> dict[str, str]:
    """Return the metadata of a photo as texts by label, such as "Camera". Empty without metadata.

    Pixels are not decoded. known : the metadata in the catalog, which may come from a sidecar; it
    counts instead of that in the file.
    """
    blocks = read_blocks(data)
    exif = read_exif_tags(blocks.exif)
    photo = photo_of(blocks) if known is None else known
    texts = {label: tell(photo, exif) for label, tell in _LABELS.items()}
    return {label: text for label, text in texts.items() if text}


def _taken(photo: PhotoMetadata, exif: ExifTags) -> str:
    """Return when the photo was taken or, if that is unknown, when it was last changed."""
    if photo.taken is None:
        photo = PhotoMetadata(taken=time_of(exif.text(tags.CHANGED)))
    return (photo.taken_text or "")[:19].replace("T", " ")


def _exposure(_photo: PhotoMetadata, exif: ExifTags) -> str:
    seconds = exif.number(tags.EXPOSURE_TIME)
    if seconds is None or seconds < _SHORTEST:
        return ""
    return f"1/{round(1 / seconds)} s" if seconds < 0.3 else f"{seconds:g} s"


def _aperture(_photo: PhotoMetadata, exif: ExifTags) -> str:
    number = exif.number(tags.F_NUMBER)
    return f"f/{number:.2g}" if number else ""


def _position(photo: PhotoMetadata, _exif: ExifTags) -> str:
    if photo.latitude is None or photo.longitude is None:
        return ""
    return f"{photo.latitude:.5f}, {photo.longitude:.5f}"


def _text(tag: int) -> Callable[[PhotoMetadata, ExifTags], str]:
    return lambda _, exif: clean(exif.text(tag))


_LABELS: dict[str, Callable[[PhotoMetadata, ExifTags], str]] = {
    "Camera": lambda photo, _: photo.camera,
    "Lens": lambda photo, _: photo.lens,
    "Taken": _taken,
    "Exposure": _exposure,
    "Aperture": _aperture,
    "Sensitivity": lambda photo, _: f"ISO {photo.iso}" if photo.iso else "",
    "Focal length": lambda photo, _: f"{photo.focal_length:g} mm" if photo.focal_length else "",
    "Rating": lambda photo, _: f"{photo.rating} of 5" if (photo.rating or 0) > 0 else "",
    "Keywords": lambda photo, _: ", ".join(photo.keywords),
    "Software": _text(tags.SOFTWARE),
    "Artist": _text(tags.ARTIST),
    "Copyright": _text(tags.COPYRIGHT),
    "Description": _text(tags.DESCRIPTION),
    "Position": _position,
}
"""The function that makes each text, in the order of display."""

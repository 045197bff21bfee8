"""Frames of one scene in which something moves on, with the times of a camera."""

from pathlib import Path

from PIL import ExifTags, Image, ImageFilter
from textured_images import picture


def write_frame(folder: Path, number: int, taken: str, blur: float) -> Path:
    """Write `frameN.jpg`. taken : as in EXIF, such as `2026:05:01 12:00:00`. blur : in pixels."""
    image = picture(3).copy()
    image.paste(picture(11).resize((150, 220)), (40 + 60 * number, 90))
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = taken
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"frame{number}.jpg"
    image.filter(ImageFilter.GaussianBlur(blur)).save(path, quality=92, exif=exif)
    return path

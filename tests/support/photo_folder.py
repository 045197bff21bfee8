"""A folder of drawn images with dates, camera data, odd names and broken files."""

import io
import os
from datetime import UTC, datetime
from pathlib import Path

from draw_images import draw, save_drawing
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

DRAWN = 18
ODD_NAMES = (
    "trip/summer 2024/größe #1?.png",
    "trip/summer 2024/100% of it.png",
    "trip/a&b=c+d;e,f.png",
    "trip/%2e%2e%2fhome.png",
    "trip/back\\slash.png",
    os.fsdecode(b"old/caf\xe9.png"),
    os.fsdecode(b"b\xe4der/1.png"),
)
"""Ids that an address or a decoder could misread. Two of them are not UTF-8."""
CAMERA = "camera.jpg"
BROKEN = ("trip/broken.jpg", "trip/cut.png", "trip/nothing.png")


def make_photo_folder(root: Path) -> Path:
    """Write the folder: 18 drawn images in `home` and `trip`. Every third image is wide. Each is
    a month younger than the image before it."""
    for seed in range(DRAWN):
        folder = "trip" if seed % 2 else "home"
        size = (160, 60) if seed % 3 == 0 else (96, 72)
        _set_date(save_drawing(root / folder / f"{seed:02d}.png", seed, *size), seed)
    for seed, name in enumerate(ODD_NAMES, 100):
        _set_date(save_drawing(root / name, seed, 60, 90), seed)
    (root / CAMERA).write_bytes(draw_camera_photo())
    _set_date(root / CAMERA, 3)
    whole = (root / "home" / "00.png").read_bytes()
    for name, data in zip(BROKEN, (b"no picture", whole[: len(whole) // 2], b""), strict=True):
        (root / name).write_bytes(data)
    return root


def _set_date(path: Path, months: int) -> None:
    moment = datetime(2014 + months // 12, 1 + months % 12, 5, 12, tzinfo=UTC).timestamp()
    os.utime(path, (moment, moment))


def draw_camera_photo(seed: int = 200, width: int = 120, height: int = 80) -> bytes:
    """Return a JPEG as a camera held sideways writes it: upright it is higher than wide."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Sokkuri", "Sokkuri One", 6
    exif.get_ifd(0x8769).update({
        0x829A: IFDRational(1, 250), 0x829D: IFDRational(28, 10), 0x8827: 400,
        0x9003: "2024:07:09 18:30:00", 0x920A: IFDRational(35), 0xA434: "A lens",
    })  # fmt: skip
    exif.get_ifd(0x8825).update({
        1: "S", 2: (IFDRational(12), IFDRational(30), IFDRational(0)),
        3: "E", 4: (IFDRational(8), IFDRational(15), IFDRational(36)),
    })  # fmt: skip
    out = io.BytesIO()
    Image.fromarray(draw(seed, width, height)).save(out, "JPEG", exif=exif, quality=90)
    return out.getvalue()


def list_readable_ids(root: Path) -> list[str]:
    """Return the ids of all readable images, in the order of their bytes."""
    ids = []
    for folder, _, names in os.walk(root):
        if ".sokkuri" not in Path(folder).parts:
            ids += [str((Path(folder) / name).relative_to(root)) for name in names]
    return sorted(set(ids) - set(BROKEN), key=os.fsencode)

"""A folder of drawn pictures with what real folders have: dates, camera data, odd names, faults."""

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
"""Ids that an address or a decoder could mistake, two of them not UTF-8."""
CAMERA = "camera.jpg"
BROKEN = ("trip/broken.jpg", "trip/cut.png", "trip/nothing.png")


def make_photo_folder(root: Path) -> Path:
    """The folder, with 18 drawn pictures in `home` and `trip`; one in three is wide, and each is a
    month younger than the one before."""
    for seed in range(DRAWN):
        folder = "trip" if seed % 2 else "home"
        size = (160, 60) if seed % 3 == 0 else (96, 72)
        _dated(save_drawing(root / folder / f"{seed:02d}.png", seed, *size), seed)
    for seed, name in enumerate(ODD_NAMES, 100):
        _dated(save_drawing(root / name, seed, 60, 90), seed)
    (root / CAMERA).write_bytes(draw_camera_photo())
    _dated(root / CAMERA, 3)
    whole = (root / "home" / "00.png").read_bytes()
    for name, data in zip(BROKEN, (b"no picture", whole[: len(whole) // 2], b""), strict=True):
        (root / name).write_bytes(data)
    return root


def _dated(path: Path, months: int) -> None:
    moment = datetime(2014 + months // 12, 1 + months % 12, 5, 12, tzinfo=UTC).timestamp()
    os.utime(path, (moment, moment))


def draw_camera_photo(seed: int = 200, width: int = 120, height: int = 80) -> bytes:
    """A JPEG that a camera held sideways would write: upright it is higher than wide."""
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
    """The ids of all pictures that can be read, in the order of their bytes."""
    found = []
    for folder, _, names in os.walk(root):
        if ".sokkuri" not in Path(folder).parts:
            found += [str((Path(folder) / name).relative_to(root)) for name in names]
    return sorted(set(found) - set(BROKEN), key=os.fsencode)

"""Make ICC profiles (version 2) of colour spaces with three primaries, or of grey, and pictures in
them."""

import io
import struct
from collections.abc import Sequence

from PIL import Image, ImageCms

WIDE = ((0.7976749, 0.2880402, 0.0), (0.1351917, 0.7118741, 0.0), (0.0313534, 0.0000857, 0.82521))
"""Red, green and blue of ROMM RGB as XYZ, over D50."""


def rgb_profile(
    primaries: Sequence[tuple[float, float, float]] = WIDE, gamma: float = 1.8
) -> bytes:
    """Return a profile. primaries : of the first, second and third channel."""
    tags = {f"{name}XYZ": _xyz(xyz) for name, xyz in zip("rgb", primaries, strict=True)}
    tags |= {f"{name}TRC": _gamma(gamma) for name in "rgb"}
    return _profile(b"RGB ", tags)


def grey_profile(gamma: float = 1.0) -> bytes:
    return _profile(b"GRAY", {"kTRC": _gamma(gamma)})


def cmyk_profile() -> bytes:
    """Return a profile of a press whose four inks are all grey."""
    straight = bytes(range(256))
    corners = [(255 if not inks else 0, 128, 128) for inks in range(16)]
    table = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0))
    table += b"".join(map(_fixed, (1, 0, 0, 0, 1, 0, 0, 0, 1)))
    table += straight * 4 + b"".join(map(bytes, corners)) + straight * 3
    return _profile(b"CMYK", {"A2B0": table})


def in_profile(picture: Image.Image, profile: bytes) -> Image.Image:
    """Return an sRGB picture with the same colours in numbers of the profile."""
    converted = ImageCms.profileToProfile(
        picture, ImageCms.createProfile("sRGB"), io.BytesIO(profile),
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )  # fmt: skip
    assert converted is not None
    converted.info["icc_profile"] = profile
    return converted


def png(picture: Image.Image, profile: bytes | None = None) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", icc_profile=profile, compress_level=1)
    return out.getvalue()


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def _xyz(values: Sequence[float]) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(map(_fixed, values))


def _gamma(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"


def _text(kind: bytes, text: bytes) -> bytes:
    if kind == b"text":
        return b"text\0\0\0\0" + text + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(text) + 1) + text + b"\0" + bytes(78)


def _profile(space: bytes, tags: dict[str, bytes]) -> bytes:
    tags = {
        "desc": _text(b"desc", b"drawn"),
        "cprt": _text(b"text", b"none"),
        "wtpt": _xyz((0.9642, 1.0, 0.8249)),
    } | tags
    table, data = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        table += name.encode() + struct.pack(">II", start + len(data), len(value))
        data += value + bytes(-len(value) % 4)
    kind, connection = (b"prtr", b"Lab ") if space == b"CMYK" else (b"mntr", b"XYZ ")
    size = start + len(data)
    head = struct.pack(">I4sI4s4s4s", size, b"none", 0x02400000, kind, space, connection)
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    head += b"".join(map(_fixed, (0.9642, 1.0, 0.8249)))
    return head + bytes(128 - len(head)) + table + data

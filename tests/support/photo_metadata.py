"""Make photos with metadata of every kind: EXIF, XMP, IPTC."""

import io
import struct
from collections.abc import Mapping, Sequence

from draw_images import draw
from PIL import ExifTags, Image, PngImagePlugin

NAMESPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
}
CAMERA = {
    "make": "Example", "model": "Example One", "lens": "35mm f/2", "iso": 400, "focal": 35.0,
    "taken": "2021:08:15 18:30:05", "fraction": "25", "offset": "+02:00",
    "position": (-12.5, 8.26), "rating": 4,
}  # fmt: skip
"""Metadata as a camera writes it, for `make_exif`."""


def make_exif(**values: object) -> Image.Exif:
    """Return EXIF data. values : with the keys of CAMERA."""
    exif = Image.Exif()
    photo = {
        ExifTags.Base.LensModel: values.get("lens"),
        ExifTags.Base.ISOSpeedRatings: values.get("iso"),
        ExifTags.Base.FocalLength: values.get("focal"),
        ExifTags.Base.DateTimeOriginal: values.get("taken"),
        ExifTags.Base.SubsecTimeOriginal: values.get("fraction"),
        ExifTags.Base.OffsetTimeOriginal: values.get("offset"),
    }
    image = {
        ExifTags.Base.Make: values.get("make"),
        ExifTags.Base.Model: values.get("model"),
        ExifTags.Base.Rating: values.get("rating"),
    }
    for directory, tags in ((exif, image), (exif.get_ifd(ExifTags.IFD.Exif), photo)):
        for tag, value in tags.items():
            if value is not None:
                directory[tag] = value
    position = values.get("position")
    if isinstance(position, tuple):
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(_gps(*position))
    whole = Image.Exif()
    whole.load(exif.tobytes())  # the writer of TIFF takes directories that were read
    return whole


def make_xmp(values: Mapping[str, str], keywords: Sequence[str] = (), *, lists: str = "") -> bytes:
    """Return a packet of XMP. values : of properties by name, as attributes. lists : more XML."""
    names = "".join(f' xmlns:{name}="{uri}"' for name, uri in NAMESPACES.items())
    attributes = "".join(f' {name}="{value}"' for name, value in values.items())
    items = "".join(f"<rdf:li>{word}</rdf:li>" for word in keywords)
    subject = f"<dc:subject><rdf:Bag>{items}</rdf:Bag></dc:subject>" if keywords else ""
    return (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF{names}><rdf:Description rdf:about=""'
        f"{attributes}>{subject}{lists}</rdf:Description></rdf:RDF></x:xmpmeta>"
        '<?xpacket end="w"?>'
    ).encode()


def make_iptc(keywords: Sequence[bytes], *, is_utf8: bool = True) -> bytes:
    """Return a segment of a JPEG with IPTC records."""
    records = [(1, 90, b"\x1b%G")] if is_utf8 else []
    records += [(2, 25, word) for word in keywords]
    data = b"".join(
        struct.pack(">BBBH", 0x1C, record, number, len(value)) + value
        for record, number, value in records
    )
    resource = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(data)) + data + b"\0" * (len(data) % 2)
    body = b"Photoshop 3.0\0" + resource
    return b"\xff\xed" + struct.pack(">H", 2 + len(body)) + body


def make_photo(
    seed: int = 0,
    kind: str = "JPEG",
    *,
    exif: Image.Exif | None = None,
    xmp: bytes = b"",
    iptc: bytes = b"",
    size: tuple[int, int] = (48, 32),
) -> bytes:
    """Return an image file with metadata. iptc : a segment for a JPEG."""
    out = io.BytesIO()
    options: dict[str, object] = {"exif": Image.Exif() if exif is None else exif}
    if xmp and kind == "PNG":
        options["pnginfo"] = info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", xmp.decode())
    elif xmp:
        options["xmp"] = xmp
    Image.fromarray(draw(seed, *size)).save(out, kind, **options)
    data = out.getvalue()
    return data[:2] + iptc + data[2:] if iptc else data


def _gps(latitude: float, longitude: float) -> dict[int, object]:
    def parts(degrees: float) -> tuple[float, float, float]:
        minutes = abs(degrees) % 1 * 60
        return float(int(abs(degrees))), float(int(minutes)), minutes % 1 * 60

    return {
        1: "S" if latitude < 0 else "N", 2: parts(latitude),
        3: "W" if longitude < 0 else "E", 4: parts(longitude),
    }  # fmt: skip

"""The image formats that sokkuri knows: the one file to change when a format is added.

Tables only, so that listing a folder needs no image library. `ENDINGS` decides which
files are listed, `FORMATS` which ones Pillow may read. HEIC and JPEG XL are read by optional
packages, see open_image.py.
"""

from collections.abc import Mapping
from functools import lru_cache
from importlib.util import find_spec

from sokkuri.core.errors import MissingExtraError

FORMATS = (
    "JPEG", "PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "AVIF", "JPEG2000", "ICO", "CUR",
    "TGA", "PPM", "PCX", "DCX", "DDS", "SGI", "SUN", "XBM", "XPM", "QOI", "PSD", "ICNS", "BLP",
    "FTEX", "GBR", "FLI", "MSP", "PIXAR", "PCD", "IM", "FITS",
)  # fmt: skip
"""Pillow's names of the formats that may be read, the common ones first. Formats that start another
program (EPS) and formats that are not images (MPEG, HDF5) are left out."""

_READABLE_ENDINGS = (
    ".apng .avif .avifs .blp .bmp .bw .cur .dcx .dds .dib .fit .fits .flc .fli .ftc .ftu .gbr "
    ".gif .heic .heics .heif .heifs .hif .icb .icns .ico .im .j2c .j2k .jfif .jp2 .jpc .jpe "
    ".jpeg .jpf .jpg .jpx .jxl .mpo .msp .pbm .pcd .pcx .pfm .pgm .png .pnm .ppm .psd .pxr .qoi "
    ".ras .rgb .rgba .sgi .tga .tif .tiff .vda .vst .webp .xbm .xpm "
)
_UNREADABLE_ENDINGS = ".exr .ff .hdr .jxr"  # listed, so that they appear as failures

ENDINGS = frozenset(f"{_READABLE_ENDINGS} {_UNREADABLE_ENDINGS}".split())
"""The file endings, in lower case, that mark a file as an image."""

_KINDS_LEFT_ASIDE = {
    "camera RAW file": ".3fr .arw .cr2 .cr3 .crw .dcr .dng .erf .fff .iiq .k25 .kdc .mef .mos "
    ".mrw .nef .nrw .orf .pef .raf .raw .rw2 .rwl .sr2 .srf .srw .x3f",
    "video": ".3gp .avi .flv .m2ts .m4v .mkv .mov .mp4 .mpeg .mpg .mts .vob .webm .wmv",
    "vector drawing": ".ai .eps .svg .svgz",
    "PDF": ".pdf",
}
RAW_ENDINGS = frozenset(_KINDS_LEFT_ASIDE["camera RAW file"].split())
"""The endings of RAW files. They are images where the extra `raw` is installed."""

FILM_ENDINGS = frozenset(_KINDS_LEFT_ASIDE["video"].split())
"""The endings of films. Their frames are images where `index --video` asks for them."""

LIVE_ENDING = ".mov"
"""The ending of the video of a Live Photo."""

LIVE_IMAGES = frozenset([".heic", ".heics", ".heif", ".heifs", ".hif", ".jpe", ".jpeg", ".jpg"])
"""The endings of the pictures of Live Photos."""

LARGEST_LIVE_FILM = 200 * 2**20
"""Bytes; the video of a Live Photo lasts three seconds."""

_LEFT_ASIDE = {
    ending: kind for kind, endings in _KINDS_LEFT_ASIDE.items() for ending in endings.split()
}


def kind_left_aside(ending: str) -> str | None:
    """Return the kind of pictures that files with this ending hold and sokkuri does not read.

    ending : in lower case. None for images that are listed, and for files that are no pictures.
    """
    return _LEFT_ASIDE.get(ending)


_KINDS_UNREADABLE = {
    "HEIC file": ".heic .heics .heif .heifs .hif",
    "JPEG XL file": ".jxl",
    "JPEG XR file": ".jxr",
    "farbfeld file": ".ff",
    "OpenEXR file": ".exr",
    "Radiance HDR file": ".hdr",
}
_UNREADABLE = {
    ending: kind for kind, endings in _KINDS_UNREADABLE.items() for ending in endings.split()
}
_EXTRAS = {
    "camera RAW file": ("raw", "rawpy"),
    "HEIC file": ("heic", "pillow_heif"),
    "JPEG XL file": ("jxl", "pylibjxl"),
}
"""The extra that reads files of a kind, and its package, which may be installed."""


def reads_raw() -> bool:
    """Return whether the extra `raw` is installed."""
    return _is_installed(_EXTRAS["camera RAW file"][1])


def reads_films() -> bool:
    """Return whether the extra `video` is installed."""
    return _is_installed("av")


def unreadable_kind(ending: str) -> str | None:
    """Return the kind of images with this ending if nothing that is installed reads them.

    ending : in lower case. Such files are listed, and are failures.
    """
    kind = _UNREADABLE.get(ending)
    return None if kind in _EXTRAS and _is_installed(_EXTRAS[kind][1]) else kind


@lru_cache
def _is_installed(package: str) -> bool:
    return find_spec(package) is not None


def unreadable_text(counts: Mapping[str, int]) -> str:
    """Return one line that counts the files that are not read, and names the extras that read them.

    counts : by kind, as `kind_left_aside` and `unreadable_kind` return it. "" without any.
    """
    plain = {kind: count for kind, count in counts.items() if kind not in _EXTRAS}
    aside = {kind: count for kind, count in plain.items() if kind in _KINDS_LEFT_ASIDE}
    without = {kind: count for kind, count in plain.items() if kind in _KINDS_UNREADABLE}
    texts = []
    if aside:
        texts.append(f"left aside, since sokkuri does not read them: {aside_text(aside)}")
    if without:
        texts.append(f"no extra reads {aside_text(without)}")
    texts += [
        f"{aside_text({kind: count})}: {MissingExtraError('reading them', _EXTRAS[kind][0])}"
        for kind, count in counts.items()
        if kind in _EXTRAS
    ]
    if "video" in aside:
        texts.append("`sokkuri index --video scenes` indexes frames of videos")
    return "; ".join(texts)


def aside_text(counts: Mapping[str, int]) -> str:
    """Return counts of files by kind as text: `2 camera RAW files, 1 video`."""
    kinds = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{count:,} {kind}{'s' if count != 1 else ''}" for kind, count in kinds)


HEIF_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
)  # fmt: skip
"""Bytes 8 to 12 of a HEIC or HEIF file (ISO/IEC 23008-12)."""

UNSUPPORTED_SIGNATURES = {
    b"v/1\x01": "OpenEXR",
    b"#?RADIANCE": "Radiance HDR",
    b"farbfeld": "farbfeld",
    b"\xff\x0a": "JPEG XL",
    b"\x00\x00\x00\x0cJXL ": "JPEG XL",
    b"II\xbc": "JPEG XR",
    b"MM\x00+": "big-endian BigTIFF",
    b"II*\x00\x10\x00\x00\x00CR": "Canon RAW (CR2)",
    b"FUJIFILMCCD-RAW": "Fujifilm RAW (RAF)",
    b"IIRO": "Olympus RAW (ORF)",
    b"IIRS": "Olympus RAW (ORF)",
    b"MMOR": "Olympus RAW (ORF)",
    b"IIU\x00": "Panasonic RAW (RW2)",
    b"FOVb": "Sigma RAW (X3F)",
    b"<svg": "SVG",
    b"\x1aE\xdf\xa3": "Matroska or WebM video",
    b"\x00\x00\x01\xba": "MPEG video",
    b"\x00\x00\x01\xb3": "MPEG video",
    b"%!PS": "PostScript",
    b"%PDF": "PDF",
}
"""First bytes of formats that sokkuri recognises but cannot read, for the error message. RAW files
are read with the extra `raw`, JPEG XL with `jxl`."""

UNSUPPORTED_BRANDS = {
    b"crx ": "Canon RAW (CR3)",
    b"qt  ": "QuickTime video",
    b"isom": "MP4 video",
    b"iso2": "MP4 video",
    b"iso4": "MP4 video",
    b"iso5": "MP4 video",
    b"iso6": "MP4 video",
    b"mp41": "MP4 video",
    b"mp42": "MP4 video",
    b"avc1": "MP4 video",
    b"M4V ": "MP4 video",
    b"3gp4": "3GP video",
    b"3gp5": "3GP video",
}
"""Bytes 8 to 12 of files of the same family as HEIC that hold no image sokkuri can read."""

SUPPORTED_SIGNATURES = {
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"II+\x00": "BigTIFF",
    b"BM": "BMP",
    b"GIF8": "GIF",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"RIFF": "WebP",
    b"8BPS": "PSD",
}
"""First bytes of formats that sokkuri reads, for the error message about a damaged file."""


def unsupported_text(data: bytes) -> str | None:
    """Return why these bytes are not read if their format is known and not among those that Pillow
    reads, else None."""
    name = _unsupported_name(data)
    if name is None:
        return None
    if " RAW (" in name and reads_raw():
        return damaged_text(name)
    if name == "JPEG XL" and unreadable_kind(".jxl") is None:
        return None
    return f"{name} is not supported"


def damaged_text(name: str) -> str:
    """Return why bytes cannot be read that begin like a format that is. name : of the format."""
    return f"it begins like {name}, but is damaged or of an unsupported kind"


def _unsupported_name(data: bytes) -> str | None:
    """Return the name of the format of these bytes if it is known and not read, else None."""
    for start, name in UNSUPPORTED_SIGNATURES.items():
        if data.startswith(start):
            return name
    if data[4:8] == b"ftyp":
        return UNSUPPORTED_BRANDS.get(data[8:12])
    if data.startswith(b"RIFF") and data[8:12] == b"AVI ":
        return "AVI video"
    is_svg = data.lstrip()[:5] == b"<?xml" and b"<svg" in data[:4096]
    return "SVG" if is_svg else None

"""The image formats that sokkuri knows: the one file to change when a format is added.

Tables only, no imports, so that listing a folder needs no image library. `ENDINGS` decides which
files are listed, `FORMATS` which ones Pillow may read. HEIC is read by an optional package, see
decode.py.
"""

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
    ".jpeg .jpf .jpg .jpx .mpo .msp .pbm .pcd .pcx .pfm .pgm .png .pnm .ppm .psd .pxr .qoi "
    ".ras .rgb .rgba .sgi .tga .tif .tiff .vda .vst .webp .xbm .xpm "
)
_UNREADABLE_ENDINGS = ".exr .ff .hdr .jxl .jxr"  # listed, so that they appear as failures

ENDINGS = frozenset(f"{_READABLE_ENDINGS} {_UNREADABLE_ENDINGS}".split())
"""The file endings, in lower case, that mark a file as an image."""

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
    b"%!PS": "PostScript",
    b"%PDF": "PDF",
}
"""First bytes of formats that sokkuri recognises but cannot read, for the error message."""

SUPPORTED_SIGNATURES = {
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"BM": "BMP",
    b"GIF8": "GIF",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"RIFF": "WebP",
    b"8BPS": "PSD",
}
"""First bytes of formats that sokkuri reads, for the error message about a damaged file."""

"""Find the chunks of a WebP file that hold metadata.

Takes a file's bytes; returns the bytes of EXIF and XMP. Pillow would first prepare the canvases of
an animation, which takes as long as the decode of a small image.
"""

import struct

_FIRST_CHUNKS = (b"VP8 ", b"VP8L", b"VP8X")
_EXIF_FLAG, _XMP_FLAG = 0x08, 0x04  # in the first byte of the chunk VP8X
_MAX_CHUNKS = 200_000  # of which an animation has one for each frame


def webp_metadata(data: bytes) -> tuple[bytes, bytes] | None:
    """Return EXIF and XMP, b"" where there is none. None if the bytes are no whole WebP file.

    As in libwebp, the first chunk of a kind counts, and only if the header announces it.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or data[12:16] not in _FIRST_CHUNKS:
        return None
    if data[12:16] != b"VP8X":
        return b"", b""
    flags = data[20] if len(data) > 20 else 0
    wanted = {b"EXIF": flags & _EXIF_FLAG, b"XMP ": flags & _XMP_FLAG}
    found: dict[bytes, bytes] = {}
    end = 8 + int.from_bytes(data[4:8], "little")
    at = 12
    for _ in range(_MAX_CHUNKS):
        if at + 8 > end or len(found) == 2:
            return found.get(b"EXIF", b""), found.get(b"XMP ", b"")
        if at + 8 > len(data):
            break
        kind, length = struct.unpack_from("<4sI", data, at)
        if at + 8 + length > len(data):
            break
        if wanted.get(kind):
            found.setdefault(kind, data[at + 8 : at + 8 + length])
        at += 8 + length + length % 2
    return None

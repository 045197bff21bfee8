"""Read keywords of IPTC data (IIM), which older programs write into JPEG and TIFF files.

Takes the bytes of the records; returns texts. The list ends where the records are damaged.
"""

import struct

from sokkuri.images.exif_tags import decoded

_MARKER, _EXTENDED = 0x1C, 0x8000
_CODED_CHARACTER_SET, _KEYWORD = (1, 90), (2, 25)
_UTF8 = b"\x1b%G"
_MAX_RECORDS = 10_000


def read_iptc_keywords(data: bytes) -> list[str]:
    """Return the keywords, in the order of their records."""
    keywords: list[bytes] = []
    at, is_utf8 = 0, False
    for _ in range(_MAX_RECORDS):
        if at + 5 > len(data) or data[at] != _MARKER:
            break
        record, number, length = struct.unpack_from(">BBH", data, at + 1)
        if length & _EXTENDED:
            break  # texts of more than 32 KiB are no keywords
        value = data[at + 5 : at + 5 + length]
        is_utf8 |= (record, number) == _CODED_CHARACTER_SET and value == _UTF8
        if (record, number) == _KEYWORD:
            keywords.append(value)
        at += 5 + length
    return [word.decode(errors="replace") if is_utf8 else decoded(word) for word in keywords]

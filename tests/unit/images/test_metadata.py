"""Photo metadata is read from EXIF, XMP and IPTC, and no bytes do harm."""

import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from photo_metadata import CAMERA, make_exif, make_iptc, make_photo, make_xmp
from PIL import Image

from sokkuri.core.types import PhotoMetadata
from sokkuri.images.exif import summarise_exif
from sokkuri.images.exif_tags import read_exif_tags
from sokkuri.images.metadata import local_time, read_photo, read_sidecar
from sokkuri.images.xmp import read_xmp

WHOLE = make_photo(
    exif=make_exif(**CAMERA),
    xmp=make_xmp({"xmp:Rating": "3"}, ["sea", "caf\u00e9"]),
    iptc=make_iptc([b"hills", "caf\u00e9".encode()]),
)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_a_camera_is_known_from_each_format(kind: str) -> None:
    photo = read_photo(make_photo(kind=kind, exif=make_exif(**CAMERA)))
    assert photo.taken_text == "2021-08-15T18:30:05.250000+02:00"
    assert (photo.format, photo.camera, photo.lens) == (kind.lower(), "Example One", "35mm f/2")
    assert (photo.iso, photo.focal_length, photo.rating) == (400, 35, 4)
    assert photo.latitude == pytest.approx(-12.5)
    assert photo.longitude == pytest.approx(8.26)


def test_a_rating_in_xmp_counts_before_exif_and_all_keywords_are_kept() -> None:
    photo = read_photo(WHOLE)
    assert photo.rating == 3
    assert photo.keywords == ("sea", "caf\u00e9", "hills")
    assert summarise_exif(WHOLE)["Keywords"] == "sea, caf\u00e9, hills"
    latin = read_photo(make_photo(iptc=make_iptc([b"caf\xe9"], is_utf8=False)))
    assert latin.keywords == ("caf\u00e9",)


def test_xmp_alone_has_the_same_metadata() -> None:
    values = {
        "exif:DateTimeOriginal": "2020-01-02T03:04:05.5Z", "tiff:Make": "Maker",
        "tiff:Model": "Seven", "exif:FocalLength": "50/1", "exif:GPSLatitude": "48,51.5N",
        "exif:GPSLongitude": "2,17,40.2W", "xmp:Rating": "-1",
    }  # fmt: skip
    iso = "<exif:ISOSpeedRatings><rdf:Seq><rdf:li>200</rdf:li></rdf:Seq></exif:ISOSpeedRatings>"
    photo = read_sidecar(make_xmp(values, lists=iso))
    assert photo.taken_text == "2020-01-02T03:04:05.500000+00:00"
    assert (photo.camera, photo.focal_length, photo.iso, photo.rating) == (
        "Maker Seven",
        50,
        200,
        -1,
    )
    assert photo.latitude == pytest.approx(48 + 51.5 / 60)
    assert photo.longitude == pytest.approx(-(2 + 17 / 60 + 40.2 / 3600))
    day = read_sidecar(make_xmp({"photoshop:DateCreated": "1987-05-04"}))
    assert day.taken_text == "1987-05-04T00:00:00"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"taken": "0000:00:00 00:00:00"}, None),
        ({"taken": "yesterday"}, None),
        ({"taken": "2021:02:30 10:00:00"}, None),
        ({"taken": "2021-02-03 10:00:07", "fraction": "x"}, "2021-02-03T10:00:07"),
        ({"taken": "2021:02:03 10:00:07", "offset": "+99:00"}, "2021-02-03T10:00:07"),
        ({"taken": "0001:01:01 00:00:00", "offset": "+14:00"}, "0001-01-01T00:00:00+14:00"),
        ({"taken": "9" * 400}, None),
    ],
)  # fmt: skip
def test_only_times_of_the_calendar_are_read(written: dict[str, str], read: str | None) -> None:
    photo = read_photo(make_photo(exif=make_exif(**written)))
    assert photo.taken_text == read
    if photo.taken is not None:
        assert local_time(photo.taken).replace(tzinfo=None).isoformat() == str(read)[:19]


@pytest.mark.parametrize(
    "values",
    [{"position": (95.0, 8.0)}, {"iso": 0}, {"focal": 0.0}, {"lens": "----"}, {"make": "\0\0 "}],
)
def test_impossible_values_are_unknown(values: dict[str, object]) -> None:
    assert read_photo(make_photo(exif=make_exif(**values))) == PhotoMetadata("jpeg")
    assert read_sidecar(make_xmp({"exif:ISOSpeedRatings": "1/4"})) == PhotoMetadata()


def test_a_name_that_is_not_utf8_is_read_as_latin_without_control_characters() -> None:
    data = make_photo(exif=make_exif(make="Make-r\u0007s"))
    assert read_photo(data).camera == "Make-rs"
    utf8 = data.replace(b"Make-r\x07s", "Mak\u00e9r\u0007s".encode())
    assert read_photo(utf8).camera == "Mak\u00e9rs"
    latin = data.replace(b"Make-r\x07s", b"Mak\xe9-r\x07s")
    assert read_photo(latin).camera == "Mak\u00e9-rs"


def test_directories_that_point_at_each_other_end() -> None:
    """A directory of EXIF that is its own photo directory, and its own next one."""
    entry = b"\x69\x87\x04\x00\x01\x00\x00\x00\x08\x00\x00\x00"
    loop = b"II*\0\x08\0\0\0\xff\xff" + entry * 200 + b"\x08\0\0\0"
    assert read_exif_tags(loop).image == {}


def test_a_huge_value_is_read_in_part_and_entities_are_refused() -> None:
    photo = read_photo(make_photo(kind="PNG", exif=make_exif(make="M" * 300_000)))
    assert photo.camera == "M" * 200
    bomb = make_xmp({"xmp:Rating": "3"}).replace(
        b"<x:xmpmeta", b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x:xmpmeta'
    )
    assert read_xmp(bomb) == {}
    deep = b"<a>" * 100_000
    assert read_xmp(deep) == {}
    cut = make_xmp({"xmp:Rating": "3"}, ["sea", "hills"])
    assert read_xmp(cut[: cut.index(b"hills")]) == {"xmp:Rating": ["3"], "dc:subject": ["sea"]}


@settings(max_examples=80, deadline=None)
@given(
    kind=st.sampled_from(["JPEG", "PNG", "TIFF"]),
    seed=st.integers(0, 2**32),
    flips=st.integers(1, 30),
    cut=st.floats(0.02, 1.0),
)
def test_no_bytes_make_metadata_fail(kind: str, seed: int, flips: int, cut: float) -> None:
    """Guarantee: damaged or hostile metadata never makes an image a failure."""
    chance = random.Random(seed)
    data = bytearray(PHOTOS[kind])
    head = min(len(data), 1_500)  # where the metadata is
    for _ in range(flips):
        data[chance.randrange(2, head)] = chance.choice([0, 255, 0x80, chance.randrange(256)])
    del data[max(8, int(cut * len(data))) :]
    photo = read_photo(bytes(data))
    assert photo.taken is None or photo.taken_text
    assert all(text.isprintable() for text in (photo.camera, photo.lens, *photo.keywords))
    assert photo.latitude is None or abs(photo.latitude) <= 90
    summarise_exif(bytes(data))


PHOTOS = {
    "JPEG": WHOLE,
    "PNG": make_photo(kind="PNG", exif=make_exif(**CAMERA)),
    "TIFF": make_photo(kind="TIFF", exif=make_exif(**CAMERA), xmp=make_xmp({"xmp:Rating": "3"})),
}


@given(st.binary(max_size=300))
def test_any_bytes_are_read_as_tags_and_as_xmp(data: bytes) -> None:
    for start in (b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"Exif\0\0II*\0\x08\0\0\0", b""):
        read_exif_tags(start + data)
    read_xmp(data)
    read_xmp(b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + data)


def test_padding_before_the_metadata_is_skipped() -> None:
    data = make_photo(exif=make_exif(make="Maker"))
    padded = data[:2] + b"\xff" * 10**6 + data[2:]
    assert read_photo(padded).camera == read_photo(data).camera == "Maker"


def test_few_ratios_of_a_tag_are_read() -> None:
    """A file of 100 MB with nothing else would take gigabytes."""
    count = 50_000
    head = struct.pack("<HHHII", 1, 0x0214, 5, count, 26) + bytes(4)
    exif = Image.Exif()
    exif.load(b"Exif\0\0II*\0\x08\0\0\0" + head + struct.pack("<II", 3, 1) * count)
    assert len(exif[0x0214]) == 4_096

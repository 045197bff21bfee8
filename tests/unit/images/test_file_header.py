"""The header of an image file: its format, the camera, the time, the losses of JPEG."""

import io

import pytest
from PIL import ExifTags, Image

from sokkuri.images.file_header import read_file_header


def save(format_: str = "JPEG", tags: dict[int, object] | None = None, **options: object) -> bytes:
    image, out = Image.new("RGB", (16, 16)), io.BytesIO()
    exif = image.getexif()
    for tag, value in (tags or {}).items():
        own = tag in (ExifTags.Base.Make, ExifTags.Base.Model, ExifTags.Base.Orientation)
        (exif if own else exif.get_ifd(ExifTags.IFD.Exif))[tag] = value
    image.save(out, format_, exif=exif, **options)
    return out.getvalue()


TAKEN: dict[int, object] = {ExifTags.Base.DateTimeOriginal: "2024:05:06 07:08:09"}


def test_a_photo_has_a_camera_and_a_time() -> None:
    header = read_file_header(save(tags={ExifTags.Base.Make: "Example", **TAKEN}))
    assert (header.format, header.camera, header.taken) == ("JPEG", True, 20240506070809)


@pytest.mark.parametrize("tags", [{}, TAKEN, {ExifTags.Base.Model: "Scanner"}])
def test_a_name_or_a_time_alone_is_no_camera(tags: dict[int, object]) -> None:
    assert not read_file_header(save(tags=tags)).camera


def test_a_lower_quality_has_larger_steps() -> None:
    fine, coarse = (read_file_header(save(quality=quality)).quantisation for quality in (95, 40))
    assert fine is not None
    assert coarse is not None
    assert fine.shape == (8, 8)
    assert (fine < coarse).all()
    assert coarse[0, 7] != coarse[7, 0], "rows and columns are told apart"


def test_other_files_have_no_steps_and_damaged_ones_no_format() -> None:
    assert read_file_header(save("PNG")).quantisation is None
    assert read_file_header(b"no picture").format == ""


@pytest.mark.parametrize(("stored", "read"), [(6, 6), (1, 1), (0, 1), (9, 1), (None, 1)])
def test_the_orientation_is_one_of_eight(stored: int | None, read: int) -> None:
    tags: dict[int, object] = {} if stored is None else {ExifTags.Base.Orientation: stored}
    assert read_file_header(save(tags=tags)).orientation == read


@pytest.mark.parametrize("taken", ["", "yesterday", "0000:00:00 00:00:00", "9" * 400])
def test_strange_times_do_no_harm(taken: str) -> None:
    header = read_file_header(save(tags={ExifTags.Base.DateTimeOriginal: taken}))
    assert 0 <= header.taken < 10**14

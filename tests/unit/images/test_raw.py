"""The picture of a RAW file is its preview, or a rendering; the file is no copy of another one."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from raw_photo import missing, write_dng
from textured_images import picture
from tiny_model import write_tiny_model

from sokkuri.api import Collection
from sokkuri.core.errors import DecodeError
from sokkuri.core.types import Limits, PixelSpec
from sokkuri.curation.duplicates.compare_files import compare_files
from sokkuri.images.decode import decode, read_size
from sokkuri.images.metadata import read_photo
from sokkuri.images.presence import FolderWalk
from sokkuri.images.raw import is_raw
from sokkuri.images.scan import list_images
from sokkuri.images.thumbnails import render_thumbnail
from sokkuri.indexing.options import SyncOptions
from sokkuri.store.filters import ANY
from sokkuri.store.live_rows import live_ids

LIMITS, SPEC = Limits(), PixelSpec(60, 80)
PICTURE = np.asarray(picture())  # 480 x 360


def jpeg(width: int, height: int) -> bytes:
    out = io.BytesIO()
    picture().resize((width, height)).save(out, "JPEG", quality=95)
    return out.getvalue()


@pytest.fixture
def without_rawpy() -> Iterator[None]:
    with missing("rawpy"):
        yield


@pytest.mark.parametrize("preview", [b"", jpeg(120, 90)])
def test_without_a_large_preview_the_sensor_is_rendered_at_half_the_size(preview: bytes) -> None:
    data = write_dng(PICTURE, preview, orientation=6)
    assert read_size(data, SPEC) == (180, 240)
    shown = decode(data, PixelSpec(240, 180), LIMITS)
    assert (shown.width, shown.height) == (180, 240)
    upright = picture().resize((240, 180)).transpose(Image.Transpose.ROTATE_270)
    alike = np.corrcoef(shown.rgb.ravel(), np.asarray(upright).ravel())[0, 1]
    assert alike > 0.9


@pytest.mark.parametrize(("orientation", "size"), [(1, (480, 360)), (6, (360, 480))])
def test_a_large_preview_stands_for_the_picture_upright(
    orientation: int, size: tuple[int, int]
) -> None:
    data = write_dng(PICTURE, jpeg(480, 360), orientation)
    assert read_size(data, SPEC) == size
    with Image.open(io.BytesIO(render_thumbnail(data, 120, LIMITS))) as thumbnail:
        assert thumbnail.size == tuple(side // 4 for side in size)
    turned = decode(jpeg(480, 360), PixelSpec(90, 120), LIMITS).rgb
    shown = decode(data, PixelSpec(90, 120, orientation=False), LIMITS).rgb
    assert np.abs(shown.astype(int) - turned).mean() < 1


def test_a_preview_that_is_upright_is_not_turned_again() -> None:
    data = write_dng(PICTURE, jpeg(360, 480), orientation=6)
    assert read_size(data, SPEC) == (360, 480)


def test_the_metadata_of_a_raw_file_is_read() -> None:
    photo = read_photo(write_dng(PICTURE, jpeg(480, 360)))
    assert (photo.format, photo.camera, photo.iso) == ("raw", "Example Raw", 800)
    assert photo.taken_text == "2022-03-04T05:06:07"


@pytest.mark.parametrize("kept", [20, 300, 2_500, 5_000])
def test_a_damaged_file_is_a_failure_and_no_more(kept: int) -> None:
    whole = write_dng(PICTURE)
    for data in (whole[:kept], b"FUJIFILMCCD-RAW" + whole[:kept], b"IIRO" + whole[4:kept]):
        with pytest.raises(DecodeError):
            decode(data, SPEC, LIMITS)
        read_photo(data)


def test_a_tiff_that_looks_like_a_raw_file_is_read_as_before() -> None:
    out = io.BytesIO()
    picture().save(out, "TIFF", tiffinfo={254: 1, 330: 8})
    assert is_raw(out.getvalue())
    assert decode(out.getvalue(), SPEC, LIMITS).width == 480


def test_without_the_extra_raw_files_are_left_aside_and_never_gone(
    without_rawpy: None, tmp_path: Path
) -> None:
    """Guarantee: a run without the extra takes no RAW file out of the collection."""
    (tmp_path / "a.dng").write_bytes(write_dng(PICTURE))
    assert list(list_images(tmp_path)) == []
    assert FolderWalk(tmp_path).would_list("a.dng")
    with pytest.raises(DecodeError, match="the extra raw"):
        decode(b"II*\0\x10\0\0\0CR\2\0" + bytes(100), SPEC, LIMITS)


def test_a_raw_file_is_no_copy_of_its_picture(tmp_path: Path) -> None:
    """Guarantee: no plan moves a RAW file in favour of a JPEG, or the other way round."""
    files = {"a.dng": write_dng(PICTURE, jpeg(480, 360)), "a.jpg": jpeg(480, 360)}
    files["b.dng"] = write_dng(PICTURE[:, ::-1], jpeg(480, 360))
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    assert {ref.path for ref in list_images(tmp_path)} == {*files}
    assert compare_files(tmp_path / "a.jpg", tmp_path / "a.dng").grade is None
    assert compare_files(tmp_path / "b.dng", tmp_path / "a.dng").grade is None


def test_a_collection_keeps_its_raw_files_without_the_extra(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a.dng").write_bytes(write_dng(PICTURE))
    (photos / "b.jpg").write_bytes(jpeg(96, 72))
    model = write_tiny_model(tmp_path / "tiny.onnx")
    with Collection.create(photos, model=str(model)) as collection:
        *_, last = collection.sync(SyncOptions(workers=1))
        assert last.result is not None
        assert (last.result.total, last.result.failed) == (2, 0)
        raw = collection.condition(None, "format = 'raw' and iso = 800")
        assert live_ids(collection.catalog, raw or ANY) == {"a.dng"}
        with missing("rawpy"):
            *steps, last = collection.sync(SyncOptions(workers=1))
        assert last.result is not None
        assert (last.result.total, last.result.removed) == (2, 0)
        assert any("1 camera RAW file: reading them needs" in step.note for step in steps)


@pytest.mark.parametrize("start", [b"II*\0", b"IIRO"])
def test_more_pixels_than_the_limit_are_not_rendered(
    start: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guarantee: a small file that claims a huge sensor takes no memory."""
    data = start + write_dng(PICTURE, orientation=3)[4:]
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1_000)
    with pytest.raises(DecodeError, match=r"more pixels than the limit of 1,000"):
        decode(data, SPEC, Limits(max_pixels=1_000))
    assert read_photo(data).format == "raw"

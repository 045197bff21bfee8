"""serve --mosaic: the server sends every picture only as a mosaic of at most 16 x 16 blocks."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from photo_folder import draw_camera_photo
from PIL import Image
from run_cli import sokkuri
from run_server import Server, assert_problem, serving
from tiny_model import write_tiny_model

SIZES = (64, 128, 256, 512, 1024, 2048)
WIDE, HIGH = 640, 400


def grainy() -> NDArray[np.uint8]:
    """Return a picture with fine detail : (400, 640, 3). 16 x 10 blocks differ in colour."""
    rng = np.random.default_rng(5)
    colours = rng.integers(75, 181, (10, 16, 1)) + rng.integers(-15, 16, (10, 16, 3))
    colours = colours.repeat(40, axis=0).repeat(40, axis=1)
    grain = rng.integers(-60, 61, (HIGH // 4, WIDE // 4, 1)).repeat(4, axis=0).repeat(4, axis=1)
    return (colours + grain).astype(np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("mosaic")
    photos = home / "photos"
    photos.mkdir()
    Image.fromarray(grainy()).save(photos / "grainy.png")
    (photos / "camera.jpg").write_bytes(draw_camera_photo(width=600, height=420))
    sokkuri("index", photos, "--model", write_tiny_model(home / "tiny.onnx"))
    return photos


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with serving(folder, "--mosaic") as started:
        yield started


def picture(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as opened:
        opened.load()
        return opened


def detail(image: Image.Image) -> NDArray[np.float64]:
    """What is left of a picture without the colours of 16 x 10 blocks, as one row of numbers.

    The edges of the blocks are left out, where JPEG rings.
    """
    pixels = np.asarray(image.convert("RGB").resize((WIDE, HIGH), Image.Resampling.BOX), float)
    blocks = pixels.reshape(10, 40, 16, 40, 3)[:, 8:32, :, 8:32]
    left: NDArray[np.float64] = (blocks - blocks.mean(axis=(1, 3), keepdims=True)).ravel()
    return left


def assert_blocks(data: bytes) -> None:
    """The picture is uniform inside its blocks, and nothing of the original's grain is in it."""
    shown = picture(data)
    assert shown.format == "JPEG"
    assert not shown.getexif()
    left, true = detail(shown), detail(Image.fromarray(grainy()))
    assert true.std() > 20, "the original is full of detail"
    assert left.std() < 7, "JPEG itself leaves some"
    most = float(np.linalg.norm(true) * np.linalg.norm(left))
    assert abs(float(left @ true)) < 0.05 * max(most, 1.0), "and none of it is left"
    blocks = np.asarray(shown.resize((16, 10), Image.Resampling.BOX), float)
    colours = np.asarray(Image.fromarray(grainy()).resize((16, 10), Image.Resampling.BOX), float)
    assert np.abs(blocks - colours).mean() < 12, "but its colours are"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("more", ["", "&mosaic=0", "&mosaic=false", "&mosaic=1&mosaic=0"])
def test_thumbnails_are_blocks_at_every_size(server: Server, size: int, more: str) -> None:
    answer = server.get(f"/api/v1/images/grainy.png/thumbnail?size={size}{more}")
    wide = min(size, WIDE)
    assert picture(answer.content).size == (wide, wide * HIGH // WIDE)
    assert_blocks(answer.content)


@pytest.mark.parametrize("query", ["", "?mosaic=0", "?mosaic=false&v=1", "?size=2048", "?raw=1"])
def test_the_original_is_not_served(server: Server, folder: Path, query: str) -> None:
    original = (folder / "grainy.png").read_bytes()
    for headers in ({}, {"Range": "bytes=0-99"}, {"Accept": "image/png"}, {"If-None-Match": '"x"'}):
        answer = server.get(f"/api/v1/images/grainy.png/file{query}", headers=headers)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/jpeg"
        assert original[:64] not in answer.content
        assert_blocks(answer.content)


def test_the_position_is_left_out(server: Server) -> None:
    exif = server.api("images/camera.jpg")["exif"]
    assert exif["Camera"] == "Sokkuri One"
    assert "Position" not in exif
    photo = server.api("images/camera.jpg")["photo"]
    assert (photo["camera"], photo["latitude"], photo["longitude"]) == ("Sokkuri One", None, None)
    assert "latitude" not in server.api("info")["columns"]
    for at in ("images?where=latitude>0", "images/camera.jpg/similar?where=has_gps"):
        assert "no places" in assert_problem(server.get(f"/api/v1/{at}"), 422, "invalid")
    for what in ("thumbnail?size=2048", "file"):
        shown = picture(server.get(f"/api/v1/images/camera.jpg/{what}").content)
        assert not shown.getexif()
        assert shown.size == (420, 600), "upright"


def test_a_cached_thumbnail_is_not_served_as_a_mosaic(folder: Path, server: Server) -> None:
    """Two servers share the cache on disk: one with --mosaic, one without."""
    at = "/api/v1/images/grainy.png/thumbnail?size=512"
    with serving(folder) as clear:
        assert detail(picture(clear.get(at).content)).std() > 15
        assert_blocks(clear.get(f"{at}&mosaic=1").content)
        assert_blocks(clear.get("/api/v1/images/grainy.png/file?mosaic=1").content)
        assert clear.get(at).headers["etag"] != server.get(at).headers["etag"]
        assert clear.api("images/camera.jpg")["exif"]["Position"]
        assert not clear.api("info")["mosaic"]
    assert_blocks(server.get(at).content)
    assert server.api("info")["mosaic"]


def test_searches_work_with_mosaics(server: Server, folder: Path) -> None:
    sent = server.post(
        "/api/v1/search", files={"image": ("a.png", (folder / "grainy.png").read_bytes())}
    ).json()
    assert sent["hits"][0]["id"] == "grainy.png"
    assert sent["hits"][0]["distance"] == pytest.approx(0, abs=1e-5)

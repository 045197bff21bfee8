"""Small images come back from their file as they were, or not at all."""

import tempfile
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from sokkuri.curation.duplicates import small_images
from sokkuri.curation.duplicates.matching.keypoints import Keypoints
from sokkuri.curation.duplicates.small_images import ImageShape, SmallImage, SmallImageFile

SHAPE = ImageShape(400, 300, 2, is_transparent=True, is_raw=False)


def drawn(seed: int, *, has_half: bool = True) -> SmallImage:
    rng = np.random.default_rng(seed)
    square = rng.integers(0, 256, (64, 64, 3)).astype(np.uint8)
    half = rng.integers(0, 256, (96, 128, 3)).astype(np.uint8)
    return SmallImage(SHAPE, square, half if has_half else None)


def some_keypoints(count: int) -> Keypoints:
    parts = np.arange(count * 64).reshape(count, 64)
    positions, lengths = np.ones((count, 2), np.float32), np.ones(count, np.float32)
    return Keypoints(positions, parts.astype(np.uint8), parts.astype(np.int8), lengths, 128)


def values(image: SmallImage | None) -> object:
    """Return what is in an image, as lists."""
    return None if image is None else jsonable(asdict(image))


def jsonable(value: object) -> object:
    if isinstance(value, dict):
        return {key: jsonable(part) for key, part in value.items()}
    return value.tolist() if isinstance(value, np.ndarray) else value


def test_images_come_back_as_they_were(tmp_path: Path) -> None:
    images = {b"a": drawn(1), b"b": drawn(2, has_half=False), b"c": drawn(3)}
    file = SmallImageFile(tmp_path)
    assert file.load(b"a") is None
    for content, image in images.items():
        file.save(content, image)
    assert all(values(file.load(content)) == values(image) for content, image in images.items())
    file.save(b"d", drawn(4))
    assert values(file.load(b"d")) == values(drawn(4)), "it can be written after it was read"
    file.close()
    assert file.load(b"a") is None
    assert not any(tmp_path.iterdir())


def test_the_most_that_is_known_is_kept(tmp_path: Path) -> None:
    plain = drawn(1)
    faint = replace(plain, half=None, faint=some_keypoints(5))
    both = replace(faint, keypoints=some_keypoints(0), may_be_drawing=False)
    file = SmallImageFile(tmp_path)
    for image, kept in ((plain, plain), (faint, faint), (plain, faint), (both, both)):
        file.save(b"a", image)
        assert values(file.load(b"a")) == values(kept)
    file.close()


def test_without_room_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small_images, "_MOST_BYTES", 60_000)  # one image
    for folder, kept in ((tmp_path, True), (tmp_path / "none", False), (None, False)):
        file = SmallImageFile(folder)
        file.save(b"a", drawn(1))
        file.save(b"b", drawn(2))
        assert [file.load(key) is not None for key in (b"a", b"b")] == [kept, False]
        file.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_costs_only_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("r+b", buffering=0) as full:
        monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: full)
        file = SmallImageFile(tmp_path)
        file.save(b"a", drawn(1))
        file.save(b"b", drawn(2))
    assert [file.load(key) for key in (b"a", b"b")] == [None, None]

"""Pixels get the losses of a JPEG file; files that Pillow cannot imitate have none."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from textured_images import picture

from sokkuri.images.jpeg_losses import read_jpeg_losses


def saved(image: Image.Image, format_: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format_, **options)
    return out.getvalue()


@pytest.mark.parametrize("options", [{"quality": 10}, {"quality": 60, "subsampling": 0}])
def test_the_same_losses_give_the_same_pixels(options: dict[str, Any]) -> None:
    file = saved(picture(), **options)
    losses = read_jpeg_losses(file)
    assert losses is not None
    pixels = np.asarray(Image.open(io.BytesIO(file)))
    assert np.array_equal(losses.apply(np.asarray(picture())), pixels)


def test_the_step_falls_with_the_quality() -> None:
    steps = [read_jpeg_losses(saved(picture(), quality=quality)) for quality in (3, 30, 75)]
    found = [0.0 if losses is None else losses.step for losses in steps]
    assert found == sorted(found, reverse=True)
    assert found[2] == pytest.approx(29, abs=1)


def with_steps_of_16_bits(file: bytes) -> bytes:
    """Return a JPEG whose first table is written with two bytes for each step, one of them 300."""
    place = file.index(b"\xff\xdb")
    length = int.from_bytes(file[place + 2 : place + 4], "big")
    steps = [300, *file[place + 6 : place + 69]]
    table = b"\x10" + b"".join(step.to_bytes(2, "big") for step in steps)
    rest = file[place + 69 : place + 2 + length]
    segment = (2 + len(table) + len(rest)).to_bytes(2, "big") + table + rest
    return file[: place + 2] + segment + file[place + 2 + length :]


def test_other_files_have_no_losses() -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    assert read_jpeg_losses(saved(picture(), "PNG")) is None
    assert read_jpeg_losses(saved(picture().convert("L"), quality=10)) is None
    assert read_jpeg_losses(saved(picture(), quality=10, exif=turned)) is None
    assert read_jpeg_losses(b"\xff\xd8 no picture") is None
    wide = with_steps_of_16_bits(saved(picture(), quality=10))
    assert 300 in Image.open(io.BytesIO(wide)).quantization[0]  # type: ignore[attr-defined]
    assert read_jpeg_losses(wide) is None

"""The evidence for the image to keep: the original wins against each kind of edit of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageDraw, ImageFilter, ImageOps
from pillow_heif import register_heif_opener
from textured_images import picture

from sokkuri.curation.duplicates.compare import PairComparer
from sokkuri.curation.duplicates.keep_evidence import (
    NO_EVIDENCE,
    ImageEvidence,
    conflict_between,
    weigh,
)
from sokkuri.curation.trash.safe_files import size_and_digest

Edit = Callable[[Image.Image], Image.Image]


def caption(image: Image.Image) -> Image.Image:
    sheet = Image.new("RGB", (image.width, image.height + 60), "white")
    sheet.paste(image, (0, 60))
    ImageDraw.Draw(sheet).text((20, 15), "a caption", "black", font_size=28)
    return sheet


def text(image: Image.Image) -> Image.Image:
    marked = image.copy()
    ImageDraw.Draw(marked).text((30, 150), "sample text", "white", font_size=48)
    return marked


def cover(image: Image.Image) -> Image.Image:
    covered = image.copy()
    covered.paste((120, 120, 120), (120, 90, 260, 200))
    return covered


def screenshot(image: Image.Image) -> Image.Image:
    screen = Image.new("RGB", (800, 600), (40, 42, 46))
    ImageDraw.Draw(screen).rectangle((0, 0, 800, 30), (70, 72, 78))
    screen.paste(image, (160, 120))
    return screen


def unchanged(image: Image.Image) -> Image.Image:
    return image


def turned(quarters: int) -> Edit:
    return lambda image: Image.fromarray(np.rot90(np.asarray(image), quarters))


def camera_tags() -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Example"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2024:05:06 07:08:09"
    return exif


EDITS: dict[str, tuple[Edit, str, dict[str, Any], str]] = {
    "caption": (caption, "jpg", {"quality": 95}, "foreign"),
    "text": (text, "jpg", {"quality": 95}, "foreign"),
    "cover": (cover, "jpg", {"quality": 95}, "derived"),
    "screenshot": (screenshot, "png", {}, "foreign"),
    "frame": (lambda one: ImageOps.expand(one, 40, "white"), "jpg", {"quality": 95}, "foreign"),
    "grey": (lambda one: one.convert("L").convert("RGB"), "jpg", {"quality": 95}, "monochrome"),
    "mirrored": (ImageOps.mirror, "jpg", {"quality": 95}, "mirrored"),
    "upside down": (turned(2), "jpg", {"quality": 95}, "turned"),
    "quarter turn": (turned(1), "jpg", {"quality": 95}, "turned"),
    "quarter turn back": (turned(3), "png", {}, "turned"),
    "transposed": (lambda one: ImageOps.mirror(turned(1)(one)), "jpg", {"quality": 95}, "mirrored"),
    "turned and larger": (
        lambda one: turned(1)(one).resize((540, 720)),
        "jpg",
        {"quality": 90},
        "turned",
    ),
    "turned and smaller": (
        lambda one: turned(1)(one).resize((270, 360)),
        "jpg",
        {"quality": 90},
        "turned",
    ),
    "crop": (lambda one: one.crop((60, 40, 460, 340)), "jpg", {"quality": 95}, "cropped"),
    "larger": (lambda one: one.resize((720, 540)), "jpg", {"quality": 90}, "derived"),
    "saved finer": (unchanged, "jpg", {"quality": 97}, "derived"),
    "saved as PNG": (unchanged, "png", {}, "derived"),
    "saved coarser": (unchanged, "jpg", {"quality": 50}, "coarse"),
    "softer": (lambda one: one.filter(ImageFilter.GaussianBlur(2)), "png", {}, "coarse"),
}
"""Each edit: what it does, how it is saved, and the mark against it."""


def evidence_of(*files: Path) -> list[ImageEvidence]:
    """Return the evidence for files that are all linked with the first one."""
    keys = [size_and_digest(file)[1] for file in files]
    paths = dict(zip(keys, files, strict=True))
    with PairComparer(paths.__getitem__, workers=1) as comparer:
        facts = dict(comparer.image_facts(keys))
        measured = comparer.pair_facts([(keys[0], key) for key in keys[1:]], facts)
        pairs = {(first, second): of for first, second, of in measured}
    found = weigh(facts, pairs)
    return [found[key] for key in keys]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("original") / "original.jpg"
    picture().save(file, quality=75)
    return file


@pytest.mark.parametrize("name", EDITS)
def test_the_original_wins(name: str, original: Path, tmp_path: Path) -> None:
    edit, ending, options, mark = EDITS[name]
    copy = tmp_path / f"copy.{ending}"
    with Image.open(original) as image:
        edit(image.convert("RGB")).save(copy, **options)
    of_original, of_copy = evidence_of(original, copy)
    assert mark in of_copy.marks
    assert of_original.key < of_copy.key
    assert conflict_between(of_original, of_copy) == ""


def test_a_lossless_original_wins_against_a_jpeg_of_it(tmp_path: Path) -> None:
    picture().save(tmp_path / "a.png")
    picture().save(tmp_path / "b.jpg", quality=95)
    lossless, lossy = evidence_of(tmp_path / "a.png", tmp_path / "b.jpg")
    assert lossless.marks == frozenset()
    assert lossy.marks == {"coarse"}


@pytest.mark.parametrize("ending", ["webp", "heic"])
def test_a_png_with_the_pixels_of_a_lossy_file_was_made_of_it(ending: str, tmp_path: Path) -> None:
    register_heif_opener()
    picture().save(tmp_path / f"a.{ending}", quality=90)
    with Image.open(tmp_path / f"a.{ending}") as image:
        image.save(tmp_path / "b.png")
    lossy, lossless = evidence_of(tmp_path / f"a.{ending}", tmp_path / "b.png")
    assert lossy.marks == frozenset()
    assert lossless.marks == {"derived"}


@pytest.mark.parametrize("colours", [32, 118])
def test_a_palette_made_of_a_photo_does_not_win_but_a_drawing_with_a_palette_does(
    colours: int, tmp_path: Path
) -> None:
    """A PNG loses no pixels, but its palette loses colours of the photo that it was made of."""
    few, again = tmp_path / "few.png", tmp_path / "again.jpg"
    for photo in (tmp_path / "photo.jpg", tmp_path / "photo.png"):
        picture().save(photo, quality=90)
        with Image.open(photo) as opened:
            opened.quantize(colours).save(few)
        of_photo, of_few = evidence_of(photo, few)
        assert [*of_photo.marks] == []
        assert [*of_few.marks] == ["coarse"]
    with Image.open(few) as drawing:
        drawing.convert("RGB").save(again, quality=90)
    of_few, of_again = evidence_of(few, again)
    assert [*of_few.marks] == []
    assert [*of_again.marks] == ["coarse"]


def test_a_png_by_way_of_a_lossier_file_does_not_win_against_a_jpeg(tmp_path: Path) -> None:
    picture().save(tmp_path / "a.jpg", quality=92)
    with Image.open(tmp_path / "a.jpg") as image:
        image.save(tmp_path / "between.jpg", quality=75)
    with Image.open(tmp_path / "between.jpg") as image:
        image.save(tmp_path / "b.png")
    jpeg, png = evidence_of(tmp_path / "a.jpg", tmp_path / "b.png")
    assert jpeg.key < png.key


def test_a_smaller_copy_has_no_mark_and_a_smaller_scale(original: Path, tmp_path: Path) -> None:
    with Image.open(original) as image:
        image.resize((240, 180)).save(tmp_path / "small.jpg", quality=95)
    large, small = evidence_of(original, tmp_path / "small.jpg")
    assert large.marks == small.marks == frozenset()
    assert large.scale == pytest.approx(2 * small.scale, rel=0.02)


@pytest.mark.parametrize("size", [(470, 352), (450, 360)])
def test_finer_steps_of_a_copy_that_was_shrunk_are_no_merit(
    size: tuple[int, int], original: Path, tmp_path: Path
) -> None:
    with Image.open(original) as image:
        image.resize(size).save(tmp_path / "shrunk.jpg", quality=95)
    of_original, of_copy = evidence_of(original, tmp_path / "shrunk.jpg")
    assert of_original.marks == frozenset()
    assert of_original.key <= of_copy.key


def test_metadata_of_a_camera_on_a_crop_is_a_conflict(original: Path, tmp_path: Path) -> None:
    with Image.open(original) as image:
        crop = image.crop((60, 40, 460, 340))
        crop.save(tmp_path / "crop.jpg", exif=camera_tags(), quality=95)
    whole, part = evidence_of(original, tmp_path / "crop.jpg")
    assert whole.key < part.key
    assert "camera" in conflict_between(whole, part)


def test_which_of_two_is_mirrored_may_stay_open(tmp_path: Path) -> None:
    picture().save(tmp_path / "a.png")
    ImageOps.mirror(picture()).save(tmp_path / "b.png")
    a, b = evidence_of(tmp_path / "a.png", tmp_path / "b.png")
    assert a.undecided
    assert b.undecided
    assert a.key == b.key


@pytest.mark.parametrize("value", [3, 5, 6, 8])
def test_a_copy_of_a_picture_that_its_metadata_turn_is_not_the_original(
    value: int, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = value
    picture().crop((0, 0, 475, 357)).save(tmp_path / "a.jpg", exif=exif, quality=75)
    with Image.open(tmp_path / "a.jpg") as image:
        upright = ImageOps.exif_transpose(image)
    upright.save(tmp_path / "b.jpg", quality=95)
    turned(1)(upright).save(tmp_path / "c.jpg", quality=95)
    original, copy, sideways = evidence_of(*(tmp_path / f"{name}.jpg" for name in "abc"))
    assert original.marks == frozenset()
    assert copy.marks == {"derived"}
    assert sideways.marks == {"derived", "turned"}


def test_a_camera_tells_which_is_turned(tmp_path: Path) -> None:
    picture().save(tmp_path / "a.png", exif=camera_tags())
    for name, size in {"b": (300, 400), "c": (330, 440)}.items():
        turned(1)(picture()).resize(size).save(tmp_path / f"{name}.png")
    of_camera, *others = evidence_of(*(tmp_path / f"{name}.png" for name in "abc"))
    assert "turned" not in of_camera.marks
    assert all("turned" in of.marks for of in others)


def test_a_jpeg_that_was_turned_without_losses_is_not_the_original(
    original: Path, tmp_path: Path
) -> None:
    with Image.open(original) as image:
        tables = {0: np.reshape(image.quantization[0], (8, 8)).T.reshape(-1).tolist()}  # type: ignore[attr-defined]
        turned(1)(image).save(tmp_path / "copy.jpg", qtables=tables, subsampling=0)
    of_original, of_copy = evidence_of(original, tmp_path / "copy.jpg")
    assert "turned" in of_copy.marks
    assert of_original.marks == frozenset()


@pytest.mark.parametrize("quarters", [1, 2])
def test_which_of_two_is_turned_may_stay_open(quarters: int, tmp_path: Path) -> None:
    picture().save(tmp_path / "a.png")
    turned(quarters)(picture()).save(tmp_path / "b.png")
    a, b = evidence_of(tmp_path / "a.png", tmp_path / "b.png")
    assert (a.undecided, b.undecided) == ("turned", "turned")
    assert a.key == b.key


def test_most_tell_which_is_turned(tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.png" for name in "abc"]
    for file, size in zip(files, [(480, 360), (400, 300), (440, 330)], strict=True):
        image = picture().resize(size)
        (turned(3)(image) if file is files[0] else image).save(file)
    assert ["turned" in of.marks for of in evidence_of(*files)] == [True, False, False]


def test_most_tell_which_is_mirrored(tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.png" for name in "abc"]
    for file, size in zip(files, [(480, 360), (400, 300), (440, 330)], strict=True):
        image = ImageOps.mirror(picture()) if file is files[0] else picture()
        image.resize(size).save(file)
    assert ["mirrored" in of.marks for of in evidence_of(*files)] == [True, False, False]


def test_different_pictures_cannot_be_aligned(original: Path, tmp_path: Path) -> None:
    picture(8).save(tmp_path / "other.png")
    assert [of.unaligned for of in evidence_of(original, tmp_path / "other.png")] == [True, True]


def test_without_evidence_nothing_conflicts() -> None:
    assert conflict_between(NO_EVIDENCE, NO_EVIDENCE) == ""
    larger, smaller = ImageEvidence(scale=3.0), ImageEvidence(scale=1.0)
    assert conflict_between(smaller, larger)
    assert conflict_between(larger, smaller) == ""

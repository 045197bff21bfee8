"""Colours of an embedded profile are shown, compared and indexed as sRGB."""

import io
from pathlib import Path

import numpy as np
import pytest
from colour_profile import WIDE, cmyk_profile, grey_profile, in_profile, png, rgb_profile
from numpy.typing import NDArray
from PIL import Image, ImageCms
from textured_images import picture

from sokkuri.core.types import Limits, PixelSpec
from sokkuri.curation.duplicates.compare_files import compare_files
from sokkuri.images.colour_profiles import to_srgb
from sokkuri.images.decode import decode
from sokkuri.images.thumbnails import render_thumbnail
from sokkuri.models import resolve_model
from sokkuri.models.extractor import Extractor

LIMITS = Limits()
ADOBE = ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446))
"""Red, green and blue of Adobe RGB as XYZ, over D50."""

SWAPPED = (WIDE[1], WIDE[2], WIDE[0])
SHOWN = PixelSpec(360, 480, srgb=True)
NUMBERS = PixelSpec(360, 480)


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Return the mean difference in levels."""
    return float(np.abs(one.astype(int) - other).mean())


@pytest.mark.parametrize("primaries", [WIDE, SWAPPED])
def test_a_picture_in_another_profile_shows_the_same_colours(
    primaries: tuple[tuple[float, float, float], ...],
) -> None:
    original, profile = picture(), rgb_profile(primaries)
    twin = in_profile(original, profile)
    data, plain = png(twin, profile), np.asarray(original)
    assert difference(decode(data, SHOWN, LIMITS).rgb, plain) < 1.5
    assert difference(decode(data, NUMBERS, LIMITS).rgb, plain) > 10
    with Image.open(io.BytesIO(render_thumbnail(data, 120, LIMITS))) as thumbnail:
        expected = Image.open(io.BytesIO(render_thumbnail(png(original), 120, LIMITS)))
        assert difference(np.asarray(thumbnail), np.asarray(expected)) < 2


def test_two_ways_of_decoding_ignore_profiles() -> None:
    """Guarantee: a profile changes no vector of a collection that does not decode `colour`."""
    twin = in_profile(picture(), rgb_profile())
    with_profile = decode(png(twin, rgb_profile()), NUMBERS, LIMITS).rgb
    assert np.array_equal(with_profile, decode(png(twin), NUMBERS, LIMITS).rgb)
    exact = decode(png(twin, rgb_profile()), PixelSpec(360, 480, exact=True, srgb=True), LIMITS).rgb
    assert np.array_equal(exact, decode(png(twin), PixelSpec(360, 480, exact=True), LIMITS).rgb)


def test_grey_pictures_have_profiles_too() -> None:
    grey = picture().convert("L")
    shown = decode(png(grey, grey_profile(1.0)), SHOWN, LIMITS).rgb
    assert shown.mean() > np.asarray(grey).mean() + 20, "linear light is brighter as sRGB"
    assert np.array_equal(shown[..., 0], shown[..., 2])


def test_the_inks_of_a_press_have_the_colours_of_its_profile() -> None:
    inks = Image.new("CMYK", (40, 30), (0, 0, 0, 0))
    inks.paste((128, 0, 0, 0), (20, 0, 40, 30))
    out = io.BytesIO()
    inks.save(out, "TIFF", icc_profile=cmyk_profile())
    shown = decode(out.getvalue(), PixelSpec(30, 40, srgb=True), LIMITS).rgb
    assert (shown[:, :18] >= 253).all()
    assert shown[:, 22:].min() >= shown[:, 22:].max() - 2, "this cyan is a grey"
    assert 60 < shown[15, 30, 0] < 160
    plain = decode(out.getvalue(), PixelSpec(30, 40), LIMITS).rgb
    assert plain[15, 30, 0] < plain[15, 30, 2] - 100


def test_transparent_parts_lie_on_a_white_ground_in_any_profile() -> None:
    twin = in_profile(picture(), rgb_profile())
    twin.putalpha(0)
    assert (decode(png(twin, rgb_profile()), SHOWN, LIMITS).rgb == 255).all()


@pytest.mark.parametrize("profile", [None, b"no profile", rgb_profile()[:200], grey_profile()])
def test_a_profile_that_cannot_be_used_changes_nothing(profile: bytes | None) -> None:
    image = picture()
    assert to_srgb(image, profile) is image
    assert np.array_equal(
        decode(png(image, profile), SHOWN, LIMITS).rgb, decode(png(image), NUMBERS, LIMITS).rgb
    )


def test_srgb_itself_needs_no_conversion() -> None:
    image = picture()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert to_srgb(image, profile) is image


def test_the_same_picture_in_two_profiles_is_the_same(tmp_path: Path) -> None:
    original, profile = picture(), rgb_profile(SWAPPED)
    (tmp_path / "a.png").write_bytes(png(original))
    (tmp_path / "b.png").write_bytes(png(in_profile(original, profile), profile))
    assert compare_files(tmp_path / "a.png", tmp_path / "b.png").grade == "same"
    (tmp_path / "b.png").write_bytes(png(in_profile(original, profile)))
    assert compare_files(tmp_path / "a.png", tmp_path / "b.png").grade != "same", "other colours"


def grey_twins() -> tuple[bytes, bytes]:
    """Return a grey picture in sRGB, and with the same light in numbers of another gamma."""
    light = np.linspace(0, 1, 256)
    light = np.where(light <= 0.04045, light / 12.92, ((light + 0.055) / 1.055) ** 2.4)
    numbers = np.round(255 * light ** (1 / 1.2)).astype(int).tolist()
    grey = picture().convert("L")
    return png(grey), png(grey.point(numbers), grey_profile(1.2))


def test_a_picture_in_two_profiles_has_nearly_one_vector() -> None:
    """Guarantee: a new collection uses the profile, and an existing one decodes as before."""
    model = resolve_model(None)
    extract = Extractor(model, device="cpu").extract
    spec, old = (model.decoding(how).card.pixels for how in ("colour", "fast"))
    twins = {"grey": grey_twins()}
    for name, primaries, gamma in (("wide", WIDE, 1.8), ("Adobe", ADOBE, 2.2)):
        profile = rgb_profile(primaries, gamma)
        twins[name] = png(picture()), png(in_profile(picture(), profile), profile)
    for name, (original, twin) in twins.items():
        pixels = [decode(data, spec, LIMITS).rgb for data in (original, twin)]
        one, other = extract(np.stack(pixels))
        cosine = one @ other / (np.linalg.norm(one) * np.linalg.norm(other))
        assert cosine >= 0.995, name
        assert np.array_equal(decode(original, old, LIMITS).rgb, pixels[0]), "no profile, no change"
        assert difference(decode(twin, old, LIMITS).rgb, pixels[0]) > 3

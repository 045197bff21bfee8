"""Frames and pages are counted; previews and masks beside a page are none."""

import io
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin
from textured_images import picture

from sokkuri.core.types import Limits, PixelSpec
from sokkuri.curation.duplicates.matching.full_size import Verdict, compare_full_size
from sokkuri.images.decode import decode_frames, read_layers

PAGE, PREVIEW, LATER_PAGE, MASK = 0, 1, 2, 4
"""Values of the TIFF tag NewSubfileType."""
SPEC = PixelSpec(60, 80)


def tiff(pages: Sequence[tuple[int, int]], tag: int = 254) -> bytes:
    """Return a file of pages, each given by the seed of its picture and by its kind."""
    out = io.BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(out, new=True) as writer:
        for seed, kind in pages:
            size = (80, 60) if kind in (PAGE, LATER_PAGE) else (40, 30)
            picture(seed).resize(size).save(writer, "TIFF", tiffinfo={tag: kind})
            writer.newFrame()
    return out.getvalue()


@pytest.mark.parametrize("kind", [PREVIEW, MASK, PREVIEW | MASK])
def test_previews_and_masks_are_no_pages(kind: int) -> None:
    data = tiff([(1, PAGE), (1, kind), (2, LATER_PAGE), (2, kind)])
    with Image.open(io.BytesIO(data)) as image:
        assert getattr(image, "n_frames", 1) == 4
    assert read_layers(data)[0] == 2
    first, second = decode_frames(data, SPEC, Limits())
    for pixels, seed in ((first, 1), (second, 2)):
        assert np.array_equal(pixels.rgb, np.asarray(picture(seed).resize((80, 60))))


def test_the_tag_of_older_files_counts_too() -> None:
    assert read_layers(tiff([(1, 1), (1, 2)], tag=255))[0] == 1
    assert read_layers(tiff([(1, 1), (1, 3)], tag=255))[0] == 2, "3 is one page of several"


def test_a_file_with_a_preview_is_the_same_as_one_without() -> None:
    out = io.BytesIO()
    picture(1).resize((80, 60)).save(out, "PNG")
    sizes = (80, 60), (80, 60)
    with_preview = tiff([(1, PAGE), (1, PREVIEW)])
    assert compare_full_size(with_preview, out.getvalue(), sizes, Limits()) is Verdict.SAME
    two_pages = tiff([(1, PAGE), (1, LATER_PAGE)])
    assert compare_full_size(two_pages, out.getvalue(), sizes, Limits()) is Verdict.DIFFERENT


def test_a_first_page_is_always_one() -> None:
    assert read_layers(tiff([(1, PREVIEW), (2, PAGE)]))[0] == 2

"""Animations are edited copies of each other only if all their frames are."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from PIL import Image, ImageOps
from textured_images import picture

from sokkuri.core.types import Limits
from sokkuri.curation.duplicates.compare_files import compare_files
from sokkuri.curation.duplicates.moving import are_edited_frames

Edit = Callable[[Image.Image], Image.Image]
SIZE = (240, 180)
BLANK = 0
"""Stands for an empty frame in the place of a seed."""


def crop(frame: Image.Image) -> Image.Image:
    return frame.crop((20, 15, 220, 165))


def animation(
    seeds: Sequence[int], edit: Edit = lambda frame: frame, format_: str = "PNG"
) -> tuple[bytes, tuple[int, int]]:
    """Return a file of edited frames, and their size."""
    frames = [
        edit(picture(seed).resize(SIZE) if seed != BLANK else Image.new("RGB", SIZE, "white"))
        for seed in seeds
    ]
    out = io.BytesIO()
    frames[0].save(out, format_, save_all=True, append_images=frames[1:])
    return out.getvalue(), frames[0].size


def are_edits(one: tuple[bytes, tuple[int, int]], other: tuple[bytes, tuple[int, int]]) -> bool:
    return are_edited_frames((one[0], other[0]), (one[1], other[1]), Limits())


@pytest.mark.parametrize("edit", [crop, ImageOps.mirror])
@pytest.mark.parametrize("format_", ["PNG", "TIFF"])
def test_an_edit_of_all_frames_is_found(edit: Edit, format_: str) -> None:
    assert are_edits(animation([1, 2]), animation([1, 2], edit, format_))


def test_one_frame_that_differs_decides() -> None:
    assert not are_edits(animation([1, 2]), animation([1, 3], crop))


def test_all_frames_must_have_the_same_edit() -> None:
    frames = [picture(seed).resize(SIZE) for seed in (1, 2)]
    out = io.BytesIO()
    frames[0].save(out, "PNG", save_all=True, append_images=[ImageOps.mirror(frames[1])])
    assert not are_edits(animation([1, 2]), (out.getvalue(), SIZE))


def test_empty_frames_tell_nothing_and_are_no_hindrance() -> None:
    assert are_edits(animation([1, BLANK]), animation([1, BLANK], crop))
    assert not are_edits(animation([1, BLANK]), animation([1, 2], crop))
    assert not are_edits(animation([BLANK, BLANK]), animation([BLANK, BLANK], crop))


def test_a_file_that_is_cut_short_is_no_edit_of_a_whole_animation() -> None:
    data, size = animation([1, 2], format_="GIF")
    one_frame, _ = animation([1], format_="GIF")
    cut = data[: int(len(one_frame) * 0.7)]
    assert not are_edits((data, size), (cut, size))
    assert not are_edits((cut, size), (data, size))


def test_the_comparison_of_two_files_finds_edited_animations(tmp_path: Path) -> None:
    files = {
        "whole": animation([1, 2]), "part": animation([1, 2], crop),
        "other": animation([1, 3], crop), "longer": animation([1, 2, 2], crop),
    }  # fmt: skip
    for name, (data, _) in files.items():
        (tmp_path / f"{name}.png").write_bytes(data)
    grades = {
        name: compare_files(tmp_path / "whole.png", tmp_path / f"{name}.png").grade
        for name in ("part", "other", "longer")
    }
    assert grades == {"part": "edited", "other": None, "longer": None}

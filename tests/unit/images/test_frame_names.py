"""A path of the catalog is that of a file, or names a film and a time."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokkuri.images.frame_names import Frame, file_of, frame_at, parse_frame


@given(st.integers(0, 9_999_999_999), st.sampled_from(["a.mp4", "x/ü#t=1.MOV", "b\n.mkv"]))
def test_a_frame_has_one_name(milliseconds: int, film: str) -> None:
    frame = Frame(film, milliseconds)
    assert parse_frame(frame.path) == frame
    assert file_of(frame.path) == film


@pytest.mark.parametrize(
    "path",
    [
        "a#t=5.jpg", "clip.mp4#t=5.jpg", "clip.mp4", "clip.jpg#t=5", "#t=5", "clip.mp4#t=",
        "clip.mp4#t=05", "clip.mp4#t=5.0", "clip.mp4#t=5.50", "clip.mp4#t=-5", "clip.mp4#t=5.1234",
        "clip.mp4#t=٣", "clip.mp4#t=12345678",
    ],
)  # fmt: skip
def test_other_names_are_those_of_files(path: str) -> None:
    assert parse_frame(path) is None
    assert file_of(path) == path


def test_a_file_of_the_very_name_of_a_frame_is_that_file(tmp_path: Path) -> None:
    place = tmp_path / "clip.mp4#t=12.5"
    assert frame_at(place) == (tmp_path / "clip.mp4", 12_500)
    place.write_bytes(b"")
    assert frame_at(place) is None

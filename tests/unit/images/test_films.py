"""Frames of films: the right picture at a time, and one clear reason for what cannot be read."""

import io
import os
import signal
from contextlib import closing
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from films import BLUE, CORNER, GREEN, GREY, RED, SIZE, draw_film, draw_sound
from PIL import Image

from sokkuri.core.errors import DecodeError, FrameError, ReadError
from sokkuri.core.types import FileStat, Limits, PixelSpec
from sokkuri.images import films
from sokkuri.images.decode import decode
from sokkuri.images.film_process import FilmProcess, FrameReader, try_frame
from sokkuri.images.films import times_of
from sokkuri.images.frame_names import LATEST, MOST_FRAMES, Frame, parse_frame
from sokkuri.images.frame_pictures import film_kind
from sokkuri.images.metadata import read_photo
from sokkuri.images.read import is_file, read_file, stat_file

LIMITS = Limits()
SECONDS = [0, 1000, 2000]
QUARTER_TURN = (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)  # as phones that are held upright write


def frame(film: Path, seconds: str) -> Image.Image:
    data, _ = read_file(film.with_name(f"{film.name}#t={seconds}"), LIMITS)
    return Image.open(io.BytesIO(data))


def is_near(pixel: object, colour: tuple[int, int, int]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(int(a) - b) < 40 for a, b in zip(pixel, colour, strict=True))


def reason(film: Path, milliseconds: int = 0) -> str:
    with pytest.raises(FrameError) as caught:
        read_file(film.with_name(f"{film.name}#t={milliseconds // 1000}"), LIMITS)
    assert caught.value.stage == "decode", "no later run tries it again by itself"
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", "mpeg4"), ("b.MOV", "libx264"), ("c.mkv", "libx264"), ("d.avi", "mpeg4"),
     ("e.webm", "libvpx"), ("f.wmv", "wmv2")],
)  # fmt: skip
def test_each_second_has_its_picture(tmp_path: Path, name: str, codec: str) -> None:
    """Also when it is asked for in any order, and between two frames."""
    film = draw_film(tmp_path / name, codec=codec)
    assert times_of(film, 1000, LIMITS) == SECONDS
    assert times_of(film, 10_000, LIMITS) == [0]
    for seconds, colour in (("2.9", BLUE), ("0", RED), ("1", GREEN), ("1.99", GREEN), ("2", BLUE)):
        picture = frame(film, seconds)
        assert picture.size == SIZE
        assert is_near(picture.getpixel((40, 30)), colour), seconds
        assert is_near(picture.getpixel((4, 4)), (255, 255, 255))


def test_a_frame_is_read_like_an_image_file(tmp_path: Path) -> None:
    film = draw_film(tmp_path / "a.mp4", made="2024-05-01T12:00:00Z")
    place = tmp_path / "a.mp4#t=1.25"
    data, stat = read_file(place, LIMITS)
    assert stat == stat_file(place) == FileStat.of(film.stat())
    assert is_file(place)
    assert read_file(place, LIMITS)[0] == data, "equal bytes each time"
    assert read_file(tmp_path / "a.mp4#t=1.5", LIMITS)[0] != data, "another time is another content"
    pixels = decode(data, PixelSpec(24, 32), LIMITS)
    assert (pixels.width, pixels.height, pixels.rgb.shape) == (*SIZE, (24, 32, 3))
    photo = read_photo(data)
    assert (photo.format, film_kind(data)) == ("mp4", "mp4")
    assert photo.taken_text is not None
    taken = datetime.fromisoformat(photo.taken_text)
    assert taken == datetime.fromisoformat("2024-05-01T12:00:01.25+00:00")
    film.unlink()
    assert not is_file(place)
    with pytest.raises(FileNotFoundError):
        read_file(place, LIMITS)


def test_a_turned_film_is_upright(tmp_path: Path) -> None:
    picture = frame(draw_film(tmp_path / "a.mp4", matrix=QUARTER_TURN), "0")
    assert picture.size == SIZE[::-1]
    width = picture.width
    corners = [picture.getpixel((x, 4)) for x in (4, width - 4)]
    assert is_near(corners[0], RED)
    assert is_near(corners[1], (255, 255, 255)), f"the square of {CORNER} pixels is at the right"


def test_frames_of_varying_length_are_shown_until_the_next_one(tmp_path: Path) -> None:
    film = draw_film(tmp_path / "a.mp4", [RED, GREEN, BLUE], rate=1, times=[0, 7, 20])
    for seconds, colour in (("6.9", RED), ("7", GREEN), ("19", GREEN), ("20", BLUE)):
        assert is_near(frame(film, seconds).getpixel((40, 30)), colour), seconds


def test_scenes_are_key_frames_that_look_different(tmp_path: Path) -> None:
    film = draw_film(tmp_path / "a.mp4", [RED, RED, GREY, GREY, (128, 128, 140), BLUE])
    assert times_of(film, None, LIMITS) == [0, 2000, 5000]


def test_a_film_that_is_cut_short_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    """Its rest is one failure, however long it was."""
    film = draw_film(tmp_path / "a.mp4", [RED, GREEN, BLUE] * 5, faststart=True)
    data = film.read_bytes()
    film.write_bytes(data[: len(data) // 2])
    times = times_of(film, 1000, LIMITS)
    *whole, last = times
    assert len(whole) in range(3, 13)
    assert whole == [1000 * number for number in range(len(whole))]
    for time in whole:
        frame(film, str(time // 1000))
    assert "the film is cut short: nothing after " in reason(film, last)


def test_a_film_that_claims_to_last_for_months_has_a_bounded_list(tmp_path: Path) -> None:
    film = draw_film(tmp_path / "a.mkv", [RED, GREEN], rate=1, times=[0, 20_000_000])
    assert times_of(film, 10_000, LIMITS) == [10_000 * number for number in range(MOST_FRAMES)]
    for every in (999_999_000, None):
        times = times_of(film, every, LIMITS)
        assert times[-1] <= LATEST, every
        latest = Frame("a.mkv", times[-1])
        assert parse_frame(latest.path) == latest


def test_a_film_without_an_index_is_sought_a_few_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its only key frame is far before the frame."""
    film = draw_film(tmp_path / "a.mts", [RED] * 299 + [BLUE], codec="libx264", key_frames=1500)
    sought: list[Fraction] = []
    seek = films._seek

    def noted(film: Any, seconds: Fraction) -> None:
        sought.append(seconds)
        seek(film, seconds)

    monkeypatch.setattr(films, "_seek", noted)
    assert is_near(frame(film, "299").getpixel((40, 30)), BLUE)
    assert 1 < len(sought) < 10


def test_pictures_that_become_too_large_are_not_decoded(tmp_path: Path) -> None:
    film = draw_film(tmp_path / "a.mts", codec="libx264")
    later = range(15, 30)
    large = draw_film(tmp_path / "b.mts", codec="libx264", size=(320, 240), times=later)
    film.write_bytes(film.read_bytes() + large.read_bytes())
    assert times_of(film, None, LIMITS)[-1] > 3000
    assert times_of(film, None, Limits(max_pixels=5000))[-1] < 3000


def test_what_is_no_film_has_one_reason(tmp_path: Path) -> None:
    """A playlist would make FFmpeg read other files: it is no film here."""
    other = draw_film(tmp_path / "other.avi")
    files = {
        "empty.mp4": (b"", "FFmpeg cannot read it: "),
        "junk.mkv": (b"junk" * 500, "FFmpeg cannot read it: "),
        "playlist.mp4": (f"#EXTM3U\n#EXTINF:3,\n{other}\n#EXT-X-ENDLIST\n".encode(), "FFmpeg"),
        "concat.mp4": (f"ffconcat version 1.0\nfile {other}\n".encode(), "FFmpeg"),
    }
    for name, (data, expected) in files.items():
        (tmp_path / name).write_bytes(data)
        assert times_of(tmp_path / name, 1000, LIMITS) == [0], name
        assert expected in reason(tmp_path / name), name
    sound = draw_sound(tmp_path / "sound.mp4")
    assert times_of(sound, 1000, LIMITS) == [0]
    assert reason(sound) == "it has no video"
    film = draw_film(tmp_path / "known.mp4", codec="libx264").read_bytes()
    unknown = tmp_path / "unknown.mp4"
    unknown.write_bytes(film.replace(b"avc1", b"zzz1"))
    assert times_of(unknown, 1000, LIMITS) == [0]
    assert reason(unknown) == "FFmpeg has no decoder for its video"
    large = draw_film(tmp_path / "large.avi")
    with pytest.raises(FrameError, match="64 x 48 pixels are more than the limit of 100"):
        read_file(tmp_path / "large.avi#t=0", Limits(max_pixels=100))
    assert times_of(large, 1000, Limits(max_pixels=100)) == [0]
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(ReadError, match="not a regular file"):
        read_file(tmp_path / "folder.mp4#t=0", LIMITS)


def test_a_child_process_survives_the_crash_of_the_one_before(tmp_path: Path) -> None:
    film = draw_film(tmp_path / os.fsdecode(b"caf\xe9 1:2.avi"))
    with closing(FilmProcess(LIMITS)) as process:
        assert process.times_of(film, 1000) == SECONDS
        assert process._child is not None
        os.kill(process._child.pid, signal.SIGSEGV)
        with pytest.raises(DecodeError, match="the video library crashes on it"):
            process.times_of(film, 1000)
        assert process.times_of(film, None) == SECONDS
        with pytest.raises(ReadError, match="no such file"):
            process.times_of(tmp_path / "gone.avi", 1000)
    with closing(FrameReader(LIMITS)) as reader:
        place = film.with_name(f"{film.name}#t=1")
        assert reader.read(place) == reader.read(place) == read_file(place, LIMITS)[0]
        draw_sound(tmp_path / "sound.mp4")
        with pytest.raises(FrameError, match="it has no video"):
            reader.read(tmp_path / "sound.mp4#t=0")
        with pytest.raises(ReadError, match="no such file"):
            reader.read(tmp_path / "gone.avi#t=1")
    hasty = FrameReader(LIMITS, 0.001)
    with closing(hasty), pytest.raises(DecodeError, match="takes more than 0 seconds"):
        hasty.read(place)
    try_frame(film.with_name(f"{film.name}#t=1"), LIMITS)
    try_frame(film.with_name(f"{film.name}#t=99"), LIMITS)  # merely broken: the worker says so
    try_frame(film, LIMITS)

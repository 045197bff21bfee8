"""Films that tests draw: small, and of one colour each second."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

RED, GREEN, BLUE, GREY = (220, 30, 20), (20, 200, 40), (30, 40, 210), (128, 128, 128)
SIZE = (64, 48)
CORNER = 12  # pixels of the white square at the upper left


def draw_film(
    path: Path,
    colours: Sequence[tuple[int, int, int]] = (RED, GREEN, BLUE),
    *,
    codec: str = "mpeg4",
    rate: int = 5,
    size: tuple[int, int] = SIZE,
    times: Sequence[int] = (),
    key_frames: int = 0,
    matrix: Sequence[int] = (),
    made: str = "",
    faststart: bool = False,
) -> Path:
    """Write a film with a second of each colour and a white square; return its path.

    rate : frames a second. size : width and height. times : of the frames, in units of a frame; by
    default one after the other. key_frames : from one to the next, by default a second. matrix : as
    MP4 files have it, to turn the picture. made : the creation time. faststart : put the index at
    the beginning of the file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    options = {"movflags": "faststart"} if faststart else {}
    with av.open(str(path), "w", options=options) as container:
        if made:
            container.metadata["creation_time"] = made
        stream = container.add_stream(codec, rate=rate)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = key_frames or rate
        if matrix:
            stream.set_display_matrix(matrix)
        for number in range(len(times) or rate * len(colours)):
            pixels = np.full((size[1], size[0], 3), colours[number // rate], np.uint8)
            pixels[:CORNER, :CORNER] = 255
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = (times or range(10**6))[number], Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def draw_sound(path: Path) -> Path:
    """Write a film without pictures; return its path."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44_100)
        assert isinstance(stream, AudioStream)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.rate = 44_100
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path

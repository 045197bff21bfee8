"""Read frames of films through PyAV (FFmpeg): the one module that does.

Takes the path of a film and a time; returns the picture of the frame that is shown at this time.
FFmpeg may open this one file and no other, so that a film cannot read other files or the network. A
frame is reached from the key frame before it. PyAV is an optional package.
"""

import math
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import FrameError, MissingExtraError, ReadError, ScarceMemoryError
from sokkuri.core.types import FileStat, Limits
from sokkuri.images.frame_names import LATEST, MOST_FRAMES, seconds_text
from sokkuri.images.frame_pictures import frame_picture
from sokkuri.images.memory import hold_memory

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_DEMUXERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpegtsraw,mpeg,mpegvideo,flv,live_flv,asf,"
    "asf_o,h264,hevc,m4v"
)
"""The readers of FFmpeg that may be used. Playlists, which name other files, are not among them."""

_BYTES = 40  # that decoding holds for each pixel: up to 17 pictures of the decoder, and ours
_SLACK = Fraction(1)  # seconds that the last frame of a film is shown beyond its own duration
_STEP_BACK = 10  # seconds, if a seek led behind the wanted time; doubled each time
_FRAME_SECONDS = 120.0  # of CPU time that the search for a frame may take
_HD_HEIGHT = 720  # pixels, from which a film without a named colour space has that of HD
_CHUNK = 2**20  # bytes that are read at a time
_SIDE = 32  # pixels of the pictures that scenes are told apart by
_NEW_SCENE = 20.0  # levels of 255 by which these pictures differ on average
_SCENE_SECONDS = Fraction(1)  # from a frame of a scene to the next one

_DURATION = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d{1,9})?)")


@dataclass(frozen=True, slots=True)
class _Film:
    """An open film. path : of its file. origin : the time stamp of its beginning, in units of
    `base` seconds. end : in seconds, None if the file does not tell it. until : when to give up, in
    seconds of this thread's CPU time."""

    path: Path
    container: "InputContainer"
    stream: "VideoStream"
    base: Fraction
    origin: int
    end: Fraction | None
    until: float

    def seconds(self, pts: int) -> Fraction:
        return (pts - self.origin) * self.base

    def pts(self, seconds: Fraction) -> int:
        return self.origin + int(seconds / self.base)


def check_installed() -> None:
    """Raise MissingExtraError without PyAV."""
    try:
        import av  # noqa: F401
    except ImportError:
        raise MissingExtraError("reading films", "video") from None


def read_frame(film: Path, milliseconds: int, limits: Limits) -> tuple[bytes, FileStat]:
    """Return the picture of a frame as the bytes of a file, and the stat of the film.

    Raises FileNotFoundError if the film is gone, ReadError if it cannot be read, FrameError if it
    has no readable frame there, or if it takes too long to find it.
    """
    status = os.stat(film)  # noqa: PTH116 - FileNotFoundError passes
    if not stat.S_ISREG(status.st_mode):
        raise ReadError("the film is not a regular file")
    with _errors(film), _opened(film, limits, _FRAME_SECONDS) as opened:
        frame = _frame_at(opened, Fraction(milliseconds, 1000))
        taken = _taken(opened)
        if taken is not None:
            taken += timedelta(milliseconds=milliseconds)
        rgb = _upright(frame, opened.stream, limits)
    kind = film.suffix.lower().removeprefix(".")
    return frame_picture(rgb, kind, milliseconds, taken), FileStat.of(status)


def times_of(film: Path, every: int | None, limits: Limits) -> list[int]:
    """Return the milliseconds of the frames that stand for a film, in order.

    every : milliseconds between two frames; None for a frame of each scene. A film that ends too
    early has one frame beyond its readable part, and a film that cannot be read has the first one:
    reading that frame tells why. There are MOST_FRAMES at most, the latest at LATEST. Decodes no
    picture unless scenes are wanted, and then key frames only. Raises ReadError if the file itself
    cannot be read now.
    """
    try:
        with _errors(film), _opened(film, limits) as opened:
            return _scenes(opened) if every is None else _grid(opened, every)
    except FrameError:
        return [0]


def _grid(film: _Film, every: int) -> list[int]:
    step = Fraction(every, 1000)
    readable = _readable_end(film)
    numbers = range(max(1, math.ceil(readable / step)))[:MOST_FRAMES]
    missing = max(len(numbers), math.floor((readable + _SLACK) / step) + 1)
    times = [number * every for number in numbers]
    if readable and film.end is not None and missing * step < film.end:
        times.append(missing * every)  # its failure says that the rest is missing
    return [time for time in times[:MOST_FRAMES] if time <= LATEST]


def _readable_end(film: _Film) -> Fraction:
    """Return the seconds until which packets can be read."""
    claimed = film.end or Fraction(film.container.duration or 0, 10**6)
    if claimed > _STEP_BACK:
        _seek(film, claimed - _STEP_BACK)
        end = _last_packet_end(film)
        if end is not None and (film.end is None or film.end - end <= _SLACK):
            return end
    _seek(film, Fraction(0))
    return _last_packet_end(film) or Fraction(0)


def _last_packet_end(film: _Film) -> Fraction | None:
    last = None
    for packet in _packets(film):
        shown = packet.dts if packet.pts is None else packet.pts
        if shown is not None and not packet.is_corrupt:
            end = film.seconds(shown + (packet.duration or 1))
            last = end if last is None else max(last, end)
    return last


def _packets(film: _Film) -> Iterator[Any]:
    """Yield the packets from here on. Damage ends them, as the end of the file does."""
    import av

    try:
        for packet in film.container.demux(film.stream):
            if time.thread_time() > film.until:
                raise FrameError(f"decoding it takes more than {_FRAME_SECONDS:.0f} seconds")
            yield packet
    except av.FFmpegError:
        _check_disk(film.path)


def _scenes(film: _Film) -> list[int]:
    """Return the times of the key frames that look different from the one before them."""
    film.stream.codec_context.skip_frame = "NONKEY"
    found: list[int] = []
    shown: NDArray[np.float32] | None = None
    last = Fraction(0)
    for frame in _frames(film):
        if frame.pts is None:
            continue
        seconds = film.seconds(frame.pts)
        if found and seconds - last < _SCENE_SECONDS:
            continue
        small = frame.reformat(_SIDE, _SIDE, "rgb24", interpolation="AREA").to_ndarray()
        picture = small.astype(np.float32)
        if shown is None or float(np.abs(picture - shown).mean()) >= _NEW_SCENE:
            milliseconds = 0 if shown is None else int(-(-seconds * 1000 // 1))
            if milliseconds > LATEST or len(found) == MOST_FRAMES:
                break
            found.append(milliseconds)
            shown, last = picture, max(Fraction(0), seconds)
    return found or [0]


def _frame_at(film: _Film, seconds: Fraction) -> "VideoFrame":
    """Return the frame that is shown at a time. Raises FrameError."""
    target = film.pts(seconds)
    start, step = seconds, _STEP_BACK
    while True:
        _seek(film, start)
        best = None
        for frame in _frames(film):
            if frame.pts is None:
                continue
            if frame.pts > target:
                if best is not None or start == 0:
                    return best or frame
                break
            best = frame
        if best is not None or start == 0:
            break
        start, step = max(Fraction(0), start - step), 2 * step  # some files have no exact index
    if best is None or best.pts is None:
        raise FrameError("no frame can be read there" if seconds else "no frame can be read")
    end = film.seconds(best.pts + (best.duration or 0))
    if seconds - end > _SLACK and film.end is not None and film.end > seconds:
        at = seconds_text(int(end * 1000))
        raise FrameError(f"the film is cut short: nothing after {at} seconds can be read")
    return best


def _frames(film: _Film) -> Iterator["VideoFrame"]:
    """Yield the frames from here on, in the order in which they are shown. Skips damaged ones."""
    import av

    for packet in _packets(film):
        try:
            decoded = packet.decode()
        except av.FFmpegError:
            continue
        yield from decoded


def _seek(film: _Film, seconds: Fraction) -> None:
    """Go to the last key frame at or before a time, or to the beginning. Some files have no index:
    then the time may be missed."""
    import av

    before = seconds or Fraction(-_STEP_BACK)
    try:
        film.container.seek(film.pts(before), stream=film.stream)
    except av.FFmpegError:
        film.container.seek(film.origin, stream=film.stream, any_frame=True)


def _check_disk(film: Path) -> None:
    """Raise ReadError if the disk does not give all bytes of a film.

    FFmpeg reports damaged files by the same errors as faults of a disk.
    """
    try:
        _read_whole(film, FileStat.of(film.stat()))
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        raise ReadError((error.strerror or str(error)).lower()) from None


@lru_cache(maxsize=64)
def _read_whole(film: Path, _stat: FileStat) -> None:
    """Read all bytes of a film, but not again for each frame. Raises OSError."""
    with film.open("rb", buffering=0) as file:
        while file.read(_CHUNK):
            pass


@contextmanager
def _errors(film: Path) -> Iterator[None]:
    """Raise what PyAV raises for a film as ReadErrors, but for FileNotFoundError."""
    try:
        import av
    except ImportError:
        raise ReadError(str(MissingExtraError("reading films", "video"))) from None
    try:
        yield
    except MemoryError:
        raise ScarceMemoryError("there is not enough memory to decode it") from None
    except (FileNotFoundError, NotADirectoryError):
        raise
    except (av.FFmpegError, OSError, ValueError, OverflowError) as error:
        _check_disk(film)
        text = getattr(error, "strerror", None) or str(error)
        raise FrameError(f"FFmpeg cannot read it: {text}") from None


@contextmanager
def _opened(path: Path, limits: Limits, seconds: float = math.inf) -> Iterator[_Film]:
    """Open a film. seconds : of CPU time that reading it may take.

    Raises FrameError if there is no video in it, or one that is too large.
    """
    import av

    options = {"protocol_whitelist": "file", "format_whitelist": _DEMUXERS}
    with av.open(
        str(path.absolute()), "r", options=options, metadata_errors="replace"
    ) as container:
        stream = _video_stream(container)
        context = stream.codec_context
        context.thread_count = 1  # the frames of several films are read at once
        _check_size(context.width, context.height, limits)
        most = min(limits.max_pixels, limits.max_memory // _BYTES)
        context.options = {"max_pixels": str(most)}  # later pictures may be larger
        base = Fraction(stream.time_base or Fraction(1, av.time_base))
        origin = stream.start_time or 0
        end = _end_of(container, stream, base)
        with hold_memory(context.width * context.height * _BYTES):
            until = time.thread_time() + seconds
            yield _Film(path, container, stream, base, origin, end, until)


def _end_of(container: "InputContainer", stream: "VideoStream", base: Fraction) -> Fraction | None:
    """Return the seconds at which the video should end, None if the file does not tell that."""
    if stream.duration is not None:
        return stream.duration * base
    if (found := _DURATION.match(stream.metadata.get("DURATION", ""))) is not None:  # Matroska
        return int(found[1]) * 3600 + int(found[2]) * 60 + Fraction(found[3])
    if len(container.streams) == 1 and container.duration:
        return Fraction(container.duration, 10**6)
    return None


def _video_stream(container: "InputContainer") -> "VideoStream":
    import av

    streams = [
        stream
        for stream in container.streams.video
        if not stream.disposition & av.stream.Disposition.attached_pic
    ]
    if not streams:
        raise FrameError("it has no video")
    # Without a decoder it is None, and the stream has no width, which PyAV's types do not say.
    known = [stream for stream in streams if getattr(stream, "codec_context", None) is not None]
    if not known:
        raise FrameError("FFmpeg has no decoder for its video")
    return max(known, key=lambda one: (bool(one.disposition & 1), one.width * one.height))


def _check_size(width: int, height: int, limits: Limits) -> None:
    if not (width > 0 and height > 0):
        raise FrameError("its video tells no size")
    if width * height > limits.max_pixels:
        raise FrameError(
            f"{width:,} x {height:,} pixels are more than the limit of {limits.max_pixels:,}"
        )
    if width * height * _BYTES > limits.max_memory:
        raise FrameError(f"decoding {width:,} x {height:,} pixels needs more memory than the limit")


def _upright(frame: "VideoFrame", stream: "VideoStream", limits: Limits) -> NDArray[np.uint8]:
    """Return a frame as RGB, (H, W, 3), with square pixels, turned as its metadata says.

    The conversion is exact, so that a frame has the same bytes on every machine.
    """
    from av.video.reformatter import Colorspace, Interpolation

    width, height = frame.width, frame.height
    shape = stream.sample_aspect_ratio or Fraction(1)
    if Fraction(1, 4) <= shape <= 4:
        width = max(1, round(width * shape))
    _check_size(width, height, limits)
    names_none = frame.colorspace in (0, 2)  # RGB, unspecified
    is_hd = names_none and frame.height >= _HD_HEIGHT
    exact = Interpolation.ACCURATE_RND | Interpolation.BITEXACT | Interpolation.FULL_CHR_H_INT
    rgb = frame.reformat(
        width, height, "rgb24",
        src_colorspace=Colorspace.ITU709 if is_hd else None,
        interpolation=Interpolation.BICUBIC | exact, threads=1,
    ).to_ndarray()  # fmt: skip
    quarters = round(frame.rotation / 90) % 4  # counter-clockwise
    turned: NDArray[np.uint8] = np.rot90(rgb, quarters)
    return turned


def _taken(film: _Film) -> datetime | None:
    """Return when the film was begun: in local time if the file tells that, else in UTC."""
    known = {**film.stream.metadata, **film.container.metadata}
    for name in ("com.apple.quicktime.creationdate", "creation_time"):
        try:
            taken = datetime.fromisoformat(known.get(name, ""))
        except ValueError:
            continue
        if taken.year >= 1980:  # a camera without a clock writes 1904 or 1970
            return taken if taken.tzinfo is not None else taken.replace(tzinfo=UTC)
    return None

"""Ask a child process about films, where a decoder that crashes does no harm.

Takes the path of a film; returns the times of its frames, or the picture of a frame. One child
answers for many films, and a new one is started after a crash. FFmpeg is C code: without this, one
damaged film would end every run, or the server.
"""

import json
import os
import subprocess
import sys
import threading
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NoReturn

from sokkuri.core.errors import DecodeError, FrameError, ReadError
from sokkuri.core.types import Limits
from sokkuri.images.frame_names import frame_at
from sokkuri.images.sandbox import crash_name

_SECONDS, _SCENE_SECONDS = 120.0, 3600.0  # that a film may take; for scenes it is decoded


class FilmProcess:
    """A child process that opens films. It is started by the first question."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._child: subprocess.Popen[bytes] | None = None

    def times_of(self, film: Path, every: int | None) -> list[int]:
        """Return the milliseconds of the frames of a film, see `films.times_of`.

        Raises ReadError if the file cannot be read now, DecodeError if the process crashes or
        hangs.
        """
        seconds = _SCENE_SECONDS if every is None else _SECONDS
        answer, _ = self._ask({"film": os.fsencode(film).hex(), "every": every}, seconds)
        return [int(time) for time in answer["times"]]

    def read_frame(self, film: Path, milliseconds: int, seconds: float = _SECONDS) -> bytes:
        """Return the picture of a frame, see `films.read_frame`. seconds : that it may take.

        Raises ReadError if the film is gone or cannot be read, FrameError if it has no readable
        frame there, DecodeError if the process crashes or hangs.
        """
        question = {"film": os.fsencode(film).hex(), "at": milliseconds}
        return self._ask(question, seconds)[1]

    def kill(self) -> None:
        """End the process at once. A question in another thread raises DecodeError."""
        if (child := self._child) is not None:
            child.kill()

    def close(self) -> None:
        """End the process."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.communicate()

    def _ask(self, question: dict[str, object], seconds: float) -> tuple[dict[str, Any], bytes]:
        """Return the answer, and the bytes that follow it."""
        if self._child is None:
            self._child = self._start()
        child = self._child
        assert child.stdin is not None, "it is a pipe"
        assert child.stdout is not None, "it is a pipe"
        timer = threading.Timer(seconds, child.kill)
        timer.start()
        answer: dict[str, Any] = {}
        data = b""
        try:
            child.stdin.write(json.dumps(question).encode() + b"\n")
            child.stdin.flush()
            answer = json.loads(child.stdout.readline() or b"{}")
            data = child.stdout.read(answer.get("bytes", 0))
        except (BrokenPipeError, ValueError):
            answer = {}
        finally:
            is_late = not timer.is_alive()
            timer.cancel()
        if not answer or len(data) < answer.get("bytes", 0):
            self._raise_end(child, f"{seconds:.0f} seconds" if is_late else "")
        if "error" in answer:
            raise (FrameError if answer["is_frame_error"] else ReadError)(answer["error"])
        return answer, data

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(  # noqa: S603 - our own module, no shell
            [
                sys.executable, "-m", "sokkuri.images.film_process",
                json.dumps([self._limits.max_pixels, self._limits.max_memory]),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def _raise_end(self, child: "subprocess.Popen[bytes]", late: str) -> NoReturn:
        """Raise DecodeError for a child that has ended. late : the time after which it was
        killed."""
        self._child = None
        assert child.stdin is not None, "it is a pipe"
        assert child.stdout is not None, "it is a pipe"
        code = child.wait()
        child.stdout.close()
        with suppress(BrokenPipeError):
            child.stdin.close()
        if late:
            raise DecodeError(f"decoding it takes more than {late}")
        raise DecodeError(f"the video library crashes on it ({crash_name(code) or code})")


class FrameReader:
    """Reads frames in child processes, for several threads: each read gets a child that is idle, or
    a new one."""

    def __init__(self, limits: Limits, seconds: float = _SECONDS) -> None:
        """seconds : that a frame may take."""
        self._limits = limits
        self._seconds = seconds
        self._lock = threading.Lock()
        self._idle: list[FilmProcess] = []
        self._busy: set[FilmProcess] = set()
        self._is_closed = False

    def read(self, location: Path) -> bytes:
        """Return the picture at the location of a frame.

        Raises ReadError, FrameError and DecodeError as FilmProcess.
        """
        frame = frame_at(location)
        if frame is None:
            raise ReadError("it is no frame of a film")
        with self._lock:
            process = self._idle.pop() if self._idle else FilmProcess(self._limits)
            self._busy.add(process)
        try:
            return process.read_frame(*frame, self._seconds)
        finally:
            with self._lock:
                self._busy.remove(process)
                if self._is_closed:
                    process.close()
                else:
                    self._idle.append(process)

    def close(self) -> None:
        """End all children. A read in another thread raises DecodeError."""
        with self._lock:
            self._is_closed = True
            for process in self._idle:
                process.close()
            for process in self._busy:
                process.kill()


def try_frame(location: Path, limits: Limits) -> None:
    """Read the frame of a film in a child process. Raises DecodeError if it crashes or hangs.

    A location that is no frame's passes, and so does a frame that is merely broken.
    """
    frame = frame_at(location)
    if frame is None:
        return
    with closing(FilmProcess(limits)) as process, suppress(FrameError, ReadError):
        process.read_frame(*frame)


def _main() -> None:
    max_pixels, max_memory = json.loads(sys.argv[1])
    limits = Limits(max_pixels=max_pixels, max_memory=max_memory)
    out = sys.stdout.buffer
    for line in sys.stdin.buffer:
        data = b""
        try:
            answer, data = _answer(json.loads(line), limits)
        except ReadError as error:
            answer = {"error": str(error), "is_frame_error": isinstance(error, FrameError)}
        except OSError as error:  # the film is gone
            text = (error.strerror or str(error)).lower()
            answer = {"error": text, "is_frame_error": False}
        out.write(json.dumps({**answer, "bytes": len(data)}).encode() + b"\n" + data)
        out.flush()


def _answer(question: dict[str, Any], limits: Limits) -> tuple[dict[str, Any], bytes]:
    from sokkuri.images.films import read_frame, times_of

    film = Path(os.fsdecode(bytes.fromhex(question["film"])))
    if "at" in question:
        return {}, read_frame(film, question["at"], limits)[0]
    return {"times": times_of(film, question["every"], limits)}, b""


if __name__ == "__main__":
    _main()
